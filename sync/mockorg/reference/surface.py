"""What can be asked: REST resources, SOAP operations, the query language, objects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .. import soql as soql_package
from ..api.routes import ROUTES
from ..api.versions import NEWEST, OLDEST
from ..soap.partner import OPERATIONS
from ..soql.compile import SCOPES
from ..soql.functions import AGGREGATES, DATE_FUNCTIONS
from ..soql.literals import RELATIVE_DATES
from ..soql.terms import OTHER_FUNCTIONS
from ..standard import standard_objects
from .tables import first_paragraph, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..schema import ObjectType

_GRAMMAR = Path(soql_package.__file__).with_name("grammar.lark")
_EVERYWHERE = frozenset({"SessionHeader", "CallOptions", "PackageVersionHeader"})
_FLAGS = ("createable", "updateable", "deletable", "mergeable", "replicateable")


def rest() -> str:
    """The section on REST resources, with the operation names that faults and the request log use."""
    rows = [
        (
            f"`{each.method} {each.template}`",
            f"`{each.name}`",
            f"{each.since}.0" if each.since else "",
            "" if each.session else "no session",
        )
        for each in ROUTES
        if each.name != "soap"
    ]
    return "\n".join(
        [
            "## REST resources\n",
            (
                f"API versions {OLDEST}.0 to {NEWEST}.0. The operation's name is what faults strike and what the "
                "request log counts. HEAD is answered wherever GET is.\n"
            ),
            table(("request", "operation", "since", ""), rows),
        ]
    )


def soap() -> str:
    """The section on SOAP operations."""
    rows = [
        (f"`soap.{name}`", first_paragraph(each.answer.__doc__), ", ".join(sorted(each.headers - _EVERYWHERE)))
        for name, each in OPERATIONS.items()
    ]
    return "\n".join(
        [
            "## SOAP operations\n",
            (
                "Partner (`/services/Soap/u/66.0`) and enterprise (`/services/Soap/c/66.0`) namespaces; any prefix, "
                "and any order of elements unless `MockOrg(strict=True)`. All take CallOptions, those with a session "
                "SessionHeader; a header that an operation does not take is a fault.\n"
            ),
            table(("operation", "does", "headers taken beside"), rows),
        ]
    )


def soql() -> str:
    """The section on the query language: the grammar itself, and the names that it leaves open."""
    grammar = _GRAMMAR.read_text(encoding="utf-8").split("COMPARE:", maxsplit=1)[0].rstrip()
    return "\n".join(
        [
            "## SOQL\n",
            (
                "A query must be SOQL to its last character. This is the grammar that is used (names in capitals are "
                "keywords and literals, in any case):\n"
            ),
            "```",
            grammar,
            "```\n",
            f"- Aggregates: {_names(AGGREGATES)}.",
            f"- Date functions: {_names(DATE_FUNCTIONS)}.",
            f"- Other functions: {_names(OTHER_FUNCTIONS)}.",
            f"- Relative dates: {_names(RELATIVE_DATES)}.",
            f"- USING SCOPE: {_names(SCOPES)}. FOR VIEW and FOR REFERENCE.",
            "",
        ]
    )


def objects() -> str:
    """The section on standard objects."""
    rows = [
        (f"`{each.name}`", f"{each.key_prefix or ''}", str(len(each.fields)), _flags(each))
        for each in sorted(standard_objects(), key=lambda each: each.name)
    ]
    return "\n".join(
        [
            "## Objects\n",
            (
                "Standard objects with the fields, types, lengths and flags of real describes; custom objects and "
                "fields come from org.yaml.\n"
            ),
            table(("object", "key prefix", "fields", "may be"), rows),
        ]
    )


def _flags(type_: ObjectType) -> str:
    return ", ".join(flag for flag in _FLAGS if getattr(type_, flag))


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{each}`" for each in sorted(names))
