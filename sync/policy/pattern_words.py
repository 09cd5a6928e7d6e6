"""The words that a regular expression looks for, spelled out: `pric(e|ing)|quote` is price, pricing or quote.

For pages that people read who don't read regular expressions (`sync.policy.prose`).
"""

from __future__ import annotations

import re

_GROUP = re.compile(r"\((?:\?(?::|P<\w+>))?")
_CLASS = re.compile(r"\[((?:\\[^A-Za-z0-9]|[^\\\]\-^])(?:\\[^A-Za-z0-9]|[^\\\]-])*-?|-[^\\\]\-^]*)\]")
_WORD_BREAK = ("\\b", "^", "$", "\\A", "\\z")


class _Endless(Exception):
    """The pattern stands for too many texts, or for any text."""


def pattern_words(pattern: str, *, most: int) -> tuple[str, ...] | None:
    """Every text that the pattern stands for, in the order written; `None` when there are more than `most`."""
    try:
        found, at = _alternatives(pattern, 0, most)
    except _Endless:
        return None
    return tuple(dict.fromkeys(found)) if at == len(pattern) else None


def _alternatives(pattern: str, at: int, most: int) -> tuple[list[str], int]:
    """Texts of everything up to the closing parenthesis or the end, and where that is."""
    found: list[str] = []
    texts = [""]
    while at < len(pattern) and pattern[at] != ")":
        if pattern[at] == "|":
            found, texts, at = found + texts, [""], at + 1
            continue
        part, at = _part(pattern, at, most)
        if at < len(pattern) and pattern[at] == "?":
            part, at = [*part, ""], at + 1
        if at < len(pattern) and pattern[at] in "*+?{":
            raise _Endless
        texts = [text + more for text in texts for more in part]
        if len(found) + len(texts) > most:
            raise _Endless
    return found + texts, at


def _part(pattern: str, at: int, most: int) -> tuple[list[str], int]:
    """Texts of one group, class or character."""
    group, among = _GROUP.match(pattern, at), _CLASS.match(pattern, at)
    if group is not None and not pattern.startswith("(?", at + len(group[0]) - 1):
        texts, end = _alternatives(pattern, group.end(), most)
        return texts, end + 1
    if among is not None:
        return [member[-1] for member in re.findall(r"\\.|.", among[1])], among.end()
    for mark in _WORD_BREAK:
        if pattern.startswith(mark, at):
            return [""], at + len(mark)
    if pattern[at] == "\\" and not pattern[at + 1].isalnum():
        return [pattern[at + 1]], at + 2
    if pattern[at] in ".[\\(":
        raise _Endless
    return [pattern[at]], at + 1
