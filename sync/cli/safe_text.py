"""Text of records made safe to show: a terminal must never obey what somebody typed into a Lead.

Stands between record contents and every table, CSV and page that a person opens.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

_OBEYED = r"\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff"
"""Beyond ASCII's controls: C1 controls, marks that turn the direction of text or break lines, halves of a pair."""

_CONTROL = re.compile(rf"[\x00-\x1f{_OBEYED}]+")
_CONTROL_BUT_NEWLINE = re.compile(rf"[\x00-\x09\x0b-\x1f{_OBEYED}]+")
_UNPRINTABLE_IN_JSON = re.compile(f"[{_OBEYED}]")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def one_line(value: Any, *, width: int | None = None) -> str:
    """A value on one line, without control or bidirectional characters, cut to `width` with an ellipsis."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    text = _CONTROL.sub(" ", str(value)).strip()
    return text if width is None or len(text) <= width else text[: width - 1] + "…"


def lines(value: Any) -> str:
    """A text of several lines, without any other control or bidirectional character."""
    return _CONTROL_BUT_NEWLINE.sub(" ", str(value))


def json_text(value: Any) -> str:
    """A JSON document that a terminal can show too: what it might obey is escaped, as JSON allows."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return _UNPRINTABLE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


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
