"""The few values that every room of leadgate shares: ids, field types, field values.

Everything here is plain data. Times are timezone-aware UTC, money is `Decimal`, blank text is `None` (Salesforce has
no empty string), and an id is always the 18-character, case-safe form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

Value = str | bool | int | float | Decimal | date | datetime | None
"""A field's value in our types; a datetime is aware and UTC."""

Record = Mapping[str, Value]
"""Field name to value. Whose names (ours or the API's) is said where a record is passed."""

_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Z0-5]{3})?")
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


class FieldType(StrEnum):
    """The types a mapping may give to a field."""

    TEXT = "text"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    CURRENCY = "currency"
    PERCENT = "percent"
    DATE = "date"
    DATETIME = "datetime"
    ID = "id"
    PICKLIST = "picklist"
    MULTIPICKLIST = "multipicklist"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"

    @property
    def is_text(self) -> bool:
        """Whether its values are text, so that `<` and `>` are forbidden on it."""
        return self not in _NOT_TEXT

    @property
    def is_numeric(self) -> bool:
        """Whether arithmetic makes sense on it."""
        return self in {FieldType.INTEGER, FieldType.NUMBER, FieldType.CURRENCY, FieldType.PERCENT}


_NOT_TEXT = {
    FieldType.BOOLEAN,
    FieldType.INTEGER,
    FieldType.NUMBER,
    FieldType.CURRENCY,
    FieldType.PERCENT,
    FieldType.DATE,
    FieldType.DATETIME,
}


def as_utc(moment: datetime) -> datetime:
    """A time as the mirror keeps it, UTC without a zone, with its zone.

    `replace` says the same and takes ten times as long, which a plan feels that takes in half a million of them.
    """
    return datetime.combine(moment, moment.time(), UTC)


def id_checksum(id15: str) -> str:
    """The three characters that make a 15-character id safe where case is lost.

    Each character encodes which of five letters are upper case, least significant bit first.
    """
    return _check(id15[:5]) + _check(id15[5:10]) + _check(id15[10:15])


@lru_cache(maxsize=1 << 16)
def _check(five: str) -> str:
    return _CHECK[sum(1 << bit for bit, char in enumerate(five) if "A" <= char <= "Z")]


def is_normal_id(text: str) -> bool:
    """Whether `text` is a Salesforce id in its 18-character form."""
    return len(text) == 18 and _ID.fullmatch(text) is not None and text[15:] == id_checksum(text)


def normal_id(text: str) -> str | None:
    """The 18-character form of a Salesforce id, or `None` when `text` is not one.

    A 15-character id gets its checksum; an 18-character id must carry the right one.
    """
    text = text.strip()
    if not _ID.fullmatch(text):
        return None
    checksum = id_checksum(text[:15])
    return text[:15] + checksum if len(text) == 15 or text[15:] == checksum else None
