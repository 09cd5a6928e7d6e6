"""Lengths of time as a command line gives them: `90m`, `24h`, `30d`, `2w`."""

from __future__ import annotations

import re
from datetime import timedelta

from sync.errors import InputInvalid

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_SHAPE = re.compile(r"([1-9][0-9]{0,5}) ?([mhdw])")


def duration(text: str, *, place: str) -> timedelta:
    """The time that `text` says.

    Args:
        text: What was typed.
        place: The option, for the error.

    Raises:
        InputInvalid: It says none.
    """
    found = _SHAPE.fullmatch(text.strip())
    if found is None:
        raise InputInvalid(f"{text!r} is no length of time", place=place, fix="write it like 90m, 24h, 30d or 2w")
    return int(found[1]) * _UNITS[found[2]]
