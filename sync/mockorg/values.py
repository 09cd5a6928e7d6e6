"""From what a client sends to what the store holds: one value of one field, checked for type, length and form.

REST sends JSON values, SOAP and Bulk send text; Salesforce takes either for most types, and so does this module. What
does not fit is refused in Salesforce's words, naming the field's label as Salesforce does.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from .clock import iso_z
from .errors import refuse
from .ids import to18
from .schema import INTEGER_TYPES, NUMBER_TYPES, FieldType

if TYPE_CHECKING:
    from .errors import RowRefused
    from .schema import Field, Value

_EMAIL = re.compile(r"[^\s@<>(),;:\\\"]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+\Z")
_OFFSET = re.compile(r"([+-]\d{2})(\d{2})\Z")
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T.*)?\Z")
_STORED_TIME = re.compile(r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.000Z\Z")
_LIMITS = {FieldType.INT: 2**31, FieldType.LONG: 2**63}


def stored_value(field: Field, given: Value, *, truncate: bool = False) -> Value:  # noqa: PLR0911 - one per type
    """The stored form of a value for `field`; blank text is None.

    `truncate` cuts text that is too long instead of refusing it (`AllowFieldTruncationHeader`).

    Raises:
        RowRefused: when the value cannot be one of this field.
    """
    if given is None or (isinstance(given, str) and not given.strip()):
        return 0 if field.type is FieldType.BOOLEAN and given == "" else _null(field)
    match field.type:
        case FieldType.BOOLEAN:
            return _boolean(field, given)
        case FieldType.ID | FieldType.REFERENCE:
            return _id(field, given)
        case FieldType.DATE:
            return _date(field, given)
        case FieldType.DATETIME:
            return _datetime(field, given)
        case type_ if type_ in NUMBER_TYPES or type_ in INTEGER_TYPES:
            return _number(field, given)
        case _:
            return _text(field, given, truncate=truncate)


def _null(field: Field) -> Value:
    if field.type is FieldType.BOOLEAN:
        raise refuse(
            "INVALID_TYPE_ON_FIELD_IN_RECORD", f"{field.label}: value not of required type: ", fields=[field.name]
        )
    return None


def _wrong_type(field: Field, given: Value) -> RowRefused:
    return refuse(
        "INVALID_TYPE_ON_FIELD_IN_RECORD", f"{field.label}: value not of required type: {given}", fields=[field.name]
    )


def _boolean(field: Field, given: Value) -> int:
    if isinstance(given, bool):
        return int(given)
    text = str(given).strip().lower()
    if text in {"true", "1"}:
        return 1
    if text in {"false", "0"}:
        return 0
    raise _wrong_type(field, given)


def _id(field: Field, given: Value) -> str:
    found = to18(given.strip()) if isinstance(given, str) else None
    if found is None:
        raise refuse("MALFORMED_ID", f"{field.label}: id value of incorrect type: {given}", fields=[field.name])
    return found


def _date(field: Field, given: Value) -> str:
    found = _DATE.match(str(given).strip())
    if found is None:
        raise _wrong_type(field, given)
    try:
        return date.fromisoformat(found[1]).isoformat()
    except ValueError as error:
        raise _wrong_type(field, given) from error


def _datetime(field: Field, given: Value) -> str:
    if isinstance(given, str) and _STORED_TIME.match(given) and _is_day(given[:10]):
        return given  # most times of an export are in the stored form already
    text = _OFFSET.sub(r"\1:\2", str(given).strip()) if "T" in str(given) else str(given).strip()
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise _wrong_type(field, given) from error
    return iso_z(found if found.tzinfo else found.replace(tzinfo=UTC))


@lru_cache(maxsize=1 << 14)
def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _number(field: Field, given: Value) -> int | float:
    if isinstance(given, bool):
        raise _wrong_type(field, given)
    try:
        number = float(str(given).strip())
    except ValueError as error:
        raise _wrong_type(field, given) from error
    if not math.isfinite(number):
        raise _wrong_type(field, given)
    whole_digits = field.precision - field.scale if field.precision else field.digits
    limit = min(10.0**whole_digits if whole_digits else math.inf, _LIMITS.get(field.type, math.inf))
    if abs(number) >= limit:
        raise refuse(
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"{field.label}: value outside of valid range on numeric field: {given}",
            fields=[field.name],
        )
    if field.type not in INTEGER_TYPES:
        return number
    if number != int(number):
        raise _wrong_type(field, given)
    return int(number)


def _text(field: Field, given: Value, *, truncate: bool) -> str:
    text = ("true" if given else "false") if isinstance(given, bool) else str(given).strip()
    if field.type is FieldType.EMAIL and not _EMAIL.match(text):
        raise refuse("INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {text}", fields=[field.name])
    if field.length and len(text) > field.length:
        if not truncate:
            raise refuse(
                "STRING_TOO_LONG",
                f"{field.label}: data value too large: {text} (max length={field.length})",
                fields=[field.name],
            )
        text = text[: field.length].rstrip()
    if field.restricted_picklist and field.picklist:
        check_restricted(field, text)
    return text


def check_restricted(field: Field, text: str) -> None:
    """Refuse what a restricted picklist doesn't have.

    Raises:
        RowRefused: INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST.
    """
    known = {each.value for each in field.picklist if each.active}
    parts = text.split(";") if field.type is FieldType.MULTIPICKLIST else [text]
    for part in parts:
        if part not in known:
            raise refuse(
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                f"{field.label}: bad value for restricted picklist field: {part}",
                fields=[field.name],
            )
