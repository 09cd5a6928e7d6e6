"""Field values between our types and the wire's: JSON, CSV and XML text, HTTP dates, and records without nesting.

Pure functions; the one place that knows how Salesforce writes a date, a null or a parent's field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from sync.model import Record, Value, normal_id

NULL_IN_CSV = "#N/A"
"""Bulk API: an empty cell is ignored; this one clears the field."""

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def iso_z(moment: datetime) -> str:
    """`2026-05-01T07:25:37Z` or with milliseconds, as request bodies, SOQL literals and URLs take it.

    Raises:
        ValueError: The moment has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment without time zone can't be sent to Salesforce")
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds" if utc.microsecond else "seconds") + "Z"


def http_date(moment: datetime) -> str:
    """`Fri, 01 May 2026 07:25:37 GMT`, in English whatever the locale (RFC 9110; REST guide, conditional requests)."""
    return format_datetime(moment.astimezone(UTC).replace(tzinfo=UTC), usegmt=True)


def moment_of(text: str) -> datetime:
    """An aware UTC datetime from `2026-05-01T07:25:37.000+0000`, `…Z` or `…+00:00`.

    Raises:
        ValueError: Not a datetime.
    """
    moment = datetime.fromisoformat(text.strip())
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def moment_of_http_date(text: str | None) -> datetime | None:
    """An aware UTC datetime from a `Date` header, `None` if it isn't one."""
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def json_value(value: Value) -> Value:
    """A value as JSON carries it: moments as text in UTC, decimals as numbers."""
    match value:
        case datetime():
            return iso_z(value)
        case date():
            return value.isoformat()
        case Decimal():
            return int(value) if value == value.to_integral_value() and abs(value) < 10**15 else float(value)
        case _:
            return value


def csv_value(value: Value) -> str:
    """A value as a Bulk API cell: what is empty must be said, an empty cell would be left as it was."""
    match value:
        case None | "":
            return NULL_IN_CSV
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case _:
            return str(json_value(value))


def xml_value(value: Value) -> str:
    """A value as element text."""
    return csv_value(value) if value not in (None, "") else ""


def fits_xml(text: str | None) -> bool:
    """Whether XML 1.0 can carry the text at all (it has no control characters)."""
    return text is None or _NOT_XML.search(text) is None


def same_id(one: str, other: str) -> bool:
    """Whether two ids mean one record, in 15 or 18 characters; what is no id is only like itself."""
    return one == other or (normal_id(one) or one) == (normal_id(other) or other)


def flat_record(row: Mapping[str, Any]) -> Record:
    """One JSON row as field name to value: `attributes` dropped, parents as `Owner.Name`."""
    flat: dict[str, Value] = {}
    _flatten(row, "", flat)
    return flat


def _flatten(row: Mapping[str, Any], prefix: str, flat: dict[str, Value]) -> None:
    for name, value in row.items():
        match value:
            case dict() if name == "attributes":
                continue
            case dict():
                _flatten(value, f"{prefix}{name}.", flat)
            case list():
                raise ValueError(f"{prefix}{name} holds rows of its own; leadgate asks for none")
            case _:
                flat[prefix + name] = value
