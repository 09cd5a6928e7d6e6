"""Scripted faults and the control path: what a test can make happen."""

from __future__ import annotations

import ast
import inspect
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from .. import control_bodies
from ..control import ROUTES
from ..faults import Fault, FaultKind
from .tables import first_paragraph, table

if TYPE_CHECKING:
    from pydantic import BaseModel


def faults() -> str:
    """The section on scripted faults."""
    attributes = _attributes(Fault)
    return "\n".join(
        [
            "## Faults\n",
            (
                "A fault strikes the requests that its fields describe, as often as it says, and is then spent. Which "
                "requests it strikes depends only on the order of requests and the seed. `row_lock` strikes single "
                "records of every kind of write (`bulk.ingest.rows` for rows of a job), `late_commit` creates and "
                "updates of records.\n"
            ),
            table(("kind", "what goes wrong"), _kinds()),
            table(
                ("field", "means", "default"),
                [(f"`{each.name}`", attributes.get(each.name, ""), _default(each.default)) for each in fields(Fault)],
            ),
        ]
    )


def control() -> str:
    """The section on the control path."""
    rows = []
    for (method, path), route in ROUTES.items():
        keys = ", ".join(f"`{name}`" for name in route.body.model_fields) if route.body is not None else ""
        rows.append((f"`{method} /__mock__/{path}`", route.means, keys, f"`{route.python}`"))
    bodies = [
        f"- {name}: {', '.join(f'`{key}`' for key in body.model_fields)}. {first_paragraph(body.__doc__)}"
        for name, body in _nested()
    ]
    return "\n".join(
        [
            "## Control path\n",
            (
                "JSON in and out, without a session, neither logged nor charged. Whoever reaches the loopback address "
                "may use it. The right column is the same in Python, on a `MockOrg`.\n"
            ),
            table(("request", "does", "keys of the body", "in Python"), rows),
            "Bodies inside bodies:\n",
            *bodies,
            "",
        ]
    )


def _nested() -> list[tuple[str, type[BaseModel]]]:
    return [
        ("A fault", control_bodies.FaultBody),
        ("`query` and `ingest` of transitions", control_bodies.CourseBody),
    ]


def _kinds() -> list[tuple[str, str]]:
    """Each kind with the comment that stands beside it in the source."""
    lines = inspect.getsource(FaultKind).splitlines()
    said = {}
    for line in lines:
        code, hash_sign, comment = line.partition("  # ")
        if hash_sign:
            said[ast.literal_eval(code.split(" = ", maxsplit=1)[1])] = comment
    return [(f"`{each.value}`", said[each.value]) for each in FaultKind]


def _attributes(owner: type[Any]) -> dict[str, str]:
    """The texts of a docstring's `Attributes:` section by name."""
    found: dict[str, str] = {}
    name = ""
    _, _, text = inspect.getdoc(owner).partition("Attributes:\n")  # type: ignore[union-attr]  # it has one
    for line in text.splitlines():
        if line.startswith("    ") and not line.startswith("     "):
            name, _, rest = line.strip().partition(": ")
            found[name] = rest
        elif name:
            found[name] += f" {line.strip()}"
    return found


def _default(value: object) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return f"`{str(value).lower()}`"
        case int() | float() | str() if value.__class__ is not FaultKind:
            return f"`{value}`"
        case _:
            return "needed"
