"""The words of a record that a signal rests on, with a little around them: what a person reads to believe it."""

from __future__ import annotations

AROUND = 40
"""Characters kept on either side of the words found."""
_START = 80


def quote(text: str | None, found: str | None) -> str | None:
    """The words found in a text, with about 40 characters around them on one line; its start when none were searched.

    Args:
        text: The record's text.
        found: The words that matched, as they stand in the text; `None` when the condition searched for none.
    """
    if text is None or not text.strip():
        return None
    at = text.find(found) if found else -1
    if at < 0 or found is None:
        start, end = 0, min(len(text), _START)
    else:
        start, end = max(0, at - AROUND), min(len(text), at + len(found) + AROUND)
    start, end = _whole_words(text, start, end, at if found and at >= 0 else 0)
    shown = " ".join(text[start:end].split())
    return ("… " if text[:start].strip() else "") + shown + (" …" if text[end:].strip() else "")


def _whole_words(text: str, start: int, end: int, keep: int) -> tuple[int, int]:
    """The span without the words that it would cut in half at its ends, but never less than what was found."""
    if start > 0 and not text[start - 1].isspace():
        space = next((i for i in range(start, keep) if text[i].isspace()), start)
        start = space
    if end < len(text) and not text[end].isspace():
        space = next((i for i in range(end - 1, max(keep, end - AROUND), -1) if text[i].isspace()), end)
        end = space
    return start, end
