"""What the org does, and on what ground: the register of behaviours, by part."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import sync.mockorg as package

from ..behaviours import Behaviour, behaviours
from .tables import table

_PARTS = (
    ("Logging in and sessions", ("oauth", "oauth_web", "sessions")),
    ("REST", ("api", "answering", "intake", "nowhere", "limits", "describe", "layouts", "replication", "transactions")),
    ("SOQL", ("soql",)),
    ("Bulk API 2.0", ("bulk",)),
    ("SOAP", ("soap",)),
    ("Lead conversion", ("conversion", "convert_checks", "lead_mapping", "reparenting", "record_types")),
    ("Records", ()),
)


def section() -> str:
    """The section on behaviour."""
    every = registered()
    marks = [each.mark for each in every]
    parts = [
        "## Behaviour\n",
        (
            "*Confirmed* means that official documentation, a WSDL or a recording of a real org shows it; *uncertain* "
            "that it rests on third parties, field practice or inference: check it in a sandbox before you rely on it. "
            f"{marks.count('confirmed')} are confirmed, {marks.count('uncertain')} uncertain.\n"
        ),
    ]
    for title, modules in _PARTS:
        rows = [(each.name, each.summary, f"**{each.mark}**: {each.source}") for each in every if _part(each) == title]
        if modules or rows:
            parts += [f"### {title}\n", table(("behaviour", "what happens", "ground"), rows)]
    return "\n".join(parts)


def registered() -> tuple[Behaviour, ...]:
    """Every behaviour of the package, after importing all of it."""
    for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not each.name.endswith(".__main__"):
            import_module(each.name)
    return behaviours()


def _part(each: Behaviour) -> str:
    module = each.module.removeprefix(f"{package.__name__}.").split(".", maxsplit=1)[0]
    return next((title for title, modules in _PARTS if module in modules), _PARTS[-1][0])
