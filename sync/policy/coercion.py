"""Kinds that meet in a comparison: what goes together, and which quoted constants become dates or ids.

Part of the gate (`sync.policy.reading`). SQL engines disagree about implicit casts; here there are none: an ISO date
next to a date is a date, an id next to an id gets its 18-character form, and everything else must fit as written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sync.model import FieldType, normal_id
from sync.policy.syntax import Expr, Field, Kind, Literal


class Refusal(Exception):
    """One thing that can't stand in an expression."""

    def __init__(self, message: str, fix: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


@dataclass(frozen=True, slots=True)
class Typed:
    """An expression and the kind of its value; `None` for a bare NULL."""

    expr: Expr
    kind: Kind | None


def same_kind(parts: Sequence[Typed], *, where: str) -> list[Typed]:
    """The parts with quoted dates and ids made fit for their neighbours.

    Raises:
        Refusal: When they can't be compared, or one of them is NULL.
    """
    for part in parts:
        if part.kind is None:
            raise Refusal(f"compares with NULL in {where}, which is never true", "write `IS NULL` or `IS NOT NULL`")
    lead = next((part for part in parts if not isinstance(part.expr, Literal)), parts[0])
    fitted = [part if part is lead else _fit(part, lead) for part in parts]
    for part in fitted:
        if part.kind is not lead.kind and not (_is_time(part) and _is_time(lead)):
            raise Refusal(
                f"compares {_what(lead)} with {_what(part)} in {where}",
                _advice(lead, part),
            )
    return fitted


def no_blank(part: Typed) -> None:
    """Refuse `''`: Salesforce has no empty text, so comparing with it never does what it says."""
    if isinstance(part.expr, Literal) and part.expr.value == "":
        raise Refusal("compares with empty text; a blank field is null here", "write `IS NULL` or `IS NOT NULL`")


def parse_time(text: str) -> Literal | None:
    """An ISO date, or date and time (UTC unless it says otherwise), as a literal."""
    try:
        if len(text) == 10:
            return Literal(date.fromisoformat(text), Kind.DATE)
        if len(text) < 16 or not text[:4].isdecimal():
            return None
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    try:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        return None
    return Literal(moment, Kind.DATETIME)


def _fit(part: Typed, lead: Typed) -> Typed:
    literal = part.expr
    if not isinstance(literal, Literal) or not isinstance(literal.value, str):
        return part
    if _is_time(lead):
        time = parse_time(literal.value)
        if time is None:
            raise Refusal(
                f"{literal.value!r} is no date", "write dates as '2026-01-31', times as '2026-01-31T08:00:00Z'"
            )
        return Typed(time, time.kind)
    if isinstance(lead.expr, Field) and lead.expr.type is FieldType.ID:
        full = normal_id(literal.value)
        if full is None:
            raise Refusal(f"{literal.value!r} is no Salesforce id, and {lead.expr.name} holds ids")
        return Typed(Literal(full, Kind.TEXT), Kind.TEXT)
    return part


def _is_time(part: Typed) -> bool:
    return part.kind is not None and part.kind.is_time


def _what(part: Typed) -> str:
    if isinstance(part.expr, Field):
        return f"{part.expr.name} ({part.kind.value if part.kind else 'NULL'})"
    if isinstance(part.expr, Literal) and part.kind is Kind.TEXT:
        return f"the text {part.expr.value!r}"
    return part.kind.value if part.kind else "NULL"


def _advice(lead: Typed, part: Typed) -> str | None:
    kinds = {lead.kind, part.kind}
    if kinds == {Kind.NUMBER, Kind.TEXT}:
        return "write numbers without quotes, text with quotes"
    if kinds == {Kind.BOOLEAN, Kind.TEXT}:
        return "a true/false field stands alone: `priced` or `NOT priced`"
    return None
