"""REGEX: whether a text as a whole fits a pattern, for patterns that every dialect reads alike. Pure.

Salesforce's are Java's. Look-arounds, back-references, named classes, flags and repeated groups are left alone: the
first four differ between dialects, the last can take a machine for ever.
"""

from __future__ import annotations

import re
from functools import lru_cache

LONGEST_TEXT = 500
"""Characters of a text that is tried."""
_MOST_REPEATS = 4
"""Unbounded repeats in one pattern; each multiplies the time that a text of that length may take."""

_PART = re.compile(
    r"""\\[dwsDWS.^$*+?()\[\]{}|/\\-]       # a class or an escaped sign
      | \[\^?(?:\\[dws.\-\]\[\\/]|[^\[\]\\&])+\]
      | \((?!\?) | \)(?![*+{]) | \|
      | [*+?](?![*+?]) | \{\d{1,3}(?:,\d{0,3})?\}(?![*+?])
      | [\^$.]
      | [^\\\[\](){}*+?|^$.]                # any other sign stands for itself""",
    re.VERBOSE,
)


def fits(text: str, pattern: str) -> bool | None:
    """Whether the whole text fits; `None` where pattern or text is beyond what is tried."""
    compiled = _compiled(pattern)
    if compiled is None or len(text) > LONGEST_TEXT or not (text.isascii() and text.isprintable()):
        return None
    return compiled.fullmatch(text) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    if not pattern.isascii() or len(pattern) > LONGEST_TEXT:
        return None
    parts = _PART.findall(pattern)
    if "".join(parts) != pattern or sum(part in {"*", "+"} or part.endswith(",}") for part in parts) > _MOST_REPEATS:
        return None
    try:
        return re.compile(pattern, re.ASCII)
    except (re.error, OverflowError):
        return None
