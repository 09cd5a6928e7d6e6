"""Text of records made safe to show: a terminal must never obey what somebody typed into a Lead.

Stands between record contents and every table, CSV and page that a person opens.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def one_line(value: Any, *, width: int | None = None) -> str:
    """A value on one line, without control or bidirectional characters, cut to `width` with an ellipsis."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    text = _CONTROL.sub(" ", str(value)).strip()
    return text if width is None or len(text) <= width else text[: width - 1] + "…"


def csv_cell(value: Any) -> str:
    """A value for a CSV that people open in a spreadsheet: a leading `=`, `+`, `-` or `@` is no formula."""
    text = "" if value is None else str(value)
    return "'" + text if text.startswith(_FORMULA) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
