"""Canonical JSON: one text for one value, so that what is hashed and compared is the value and not its layout.

Plans are saved and named by it (`sync.plan.document`), and so are compensation plans and what a ledger entry is about.
Pure.
"""

from __future__ import annotations

import json
from decimal import Decimal

Json = str | bool | int | Decimal | None | list["Json"] | dict[str, "Json"]


def canonical(value: Json) -> str:
    """JSON in the one form that is hashed: keys sorted, no blanks, numbers without exponent or trailing zeros."""
    try:
        return _ENCODER.encode(value)
    except _NoExactFloat:
        return _spelt_out(value)


class _NoExactFloat(Exception):
    """A decimal that no float prints digit by digit, so that the standard encoder can't write it."""


def _exact_number(value: object) -> int | float:
    """A decimal as the number whose JSON text is its own, so that the standard encoder can write whole plans."""
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} has no place in a plan")
    if value == value.to_integral_value():
        return int(value)
    nearest = float(value)
    if repr(nearest) != format(value.normalize(), "f"):
        raise _NoExactFloat
    return nearest


_ENCODER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_exact_number, check_circular=False
)
"""Made once for the many actions; plans are trees, so nobody need look for circles."""


def _spelt_out(value: Json) -> str:
    match value:
        case Decimal():
            return format(value.normalize(), "f") if value != value.to_integral_value() else str(int(value))
        case list():
            return "[" + ",".join(_spelt_out(element) for element in value) + "]"
        case dict():
            members = (f"{json.dumps(key, ensure_ascii=False)}:{_spelt_out(value[key])}" for key in sorted(value))
            return "{" + ",".join(members) + "}"
        case _:
            return json.dumps(value, ensure_ascii=False)
