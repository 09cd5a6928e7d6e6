"""The request headers that change what a write does, as options of the org model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..behaviours import behaviour
from ..errors import SalesforceError
from ..ids import to18
from ..rows_result import DmlOptions

if TYPE_CHECKING:
    from ..http import Headers


def write_options(headers: Headers) -> DmlOptions:
    """The options that the headers of a request ask for.

    Raises:
        SalesforceError: 400 for a value that the header cannot have.
    """
    pairs = _pairs(headers.get("Sforce-Duplicate-Rule-Header", ""))
    return DmlOptions(
        auto_assign=_auto_assign(headers.get("Sforce-Auto-Assign")),
        duplicates_allow_save=_flag(pairs, "allowsave"),
        duplicates_include_record_details=_flag(pairs, "includerecorddetails"),
    )


@behaviour("Sforce-Auto-Assign is on unless it says FALSE", source="REST Developer Guide")
def _auto_assign(given: str | None) -> bool | str | None:
    """TRUE (and no header) runs the active assignment rule, FALSE none, an id that rule."""
    if given is None:
        return None
    match given.strip().lower():
        case "true":
            return True
        case "false":
            return False
        case _:
            rule = to18(given.strip())
            if rule is None:
                raise SalesforceError("INVALID_HEADER", f"Sforce-Auto-Assign cannot be '{given}'")
            return rule


def _pairs(text: str) -> dict[str, str]:
    parts = (part.partition("=") for part in text.replace(",", ";").split(";") if part.strip())
    return {name.strip().lower(): value.strip().lower() for name, _, value in parts}


def _flag(pairs: dict[str, str], name: str) -> bool:
    given = pairs.get(name, "false")
    if given not in {"true", "false"}:
        raise SalesforceError("INVALID_HEADER", f"{name} cannot be '{given}' in Sforce-Duplicate-Rule-Header")
    return given == "true"
