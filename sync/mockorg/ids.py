"""Salesforce record ids: 15 case-sensitive characters, or 18 with a checksum that survives case-folding.

A seeded factory makes ids that look like an org's own: the object's key prefix, the instance, then a number in base
62 that grows with each record of that object.
"""

from __future__ import annotations

import random
import re
from functools import lru_cache

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_CAPITALS = str.maketrans({char: "1" if char.isupper() else "0" for char in BASE62})
_PAIRS = [first + second for first in BASE62 for second in BASE62]
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-5]{3})?\Z")
_COUNTER_WIDTH = 9
MASTER_RECORD_TYPE_ID = "012000000000000AAA"


def checksum(id15: str) -> str:
    """The three letters that make an id of 15 one of 18: each says which of five characters are capitals."""
    return _letter(id15[:5]) + _letter(id15[5:10]) + _letter(id15[10:])


@lru_cache(maxsize=1 << 16)
def _letter(five: str) -> str:
    """The checksum of five characters; kept, because an org's ids share most of theirs."""
    return _SUFFIX[int(five.translate(_CAPITALS)[::-1], 2)]


def is_id(text: str) -> bool:
    """Whether `text` is an id of 15, or one of 18 whose checksum fits (in any case, as a client may have folded it)."""
    return to18(text) is not None


def to18(text: str) -> str | None:
    """The id's 18-character form, or None when `text` is no id."""
    if not _ID.match(text):
        return None
    full = text[:15] + checksum(text[:15])
    return full if len(text) == 15 or full[15:] == text[15:].upper() else None


def key_prefix(record_id: str) -> str:
    """The three characters that name the record's object."""
    return record_id[:3]


def base62(number: int, width: int) -> str:
    """`number` in base 62, left-padded with 0."""
    pairs = []
    while number:
        number, pair = divmod(number, 3844)
        pairs.append(_PAIRS[pair])
    return "".join(reversed(pairs)).rjust(width, "0")[-width:]


def _from_base62(text: str) -> int:
    number = 0
    for char in text:
        number = number * 62 + BASE62.index(char)
    return number


class IdFactory:
    """Makes an org's ids: the same seed gives the same ids in the same order, per key prefix."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        rng = random.Random(f"instance:{seed}")  # noqa: S311 - reproducible ids, not secrets
        self.instance = "".join(rng.choices(BASE62[10:], k=2))
        self._counters: dict[str, int] = {}

    def _counter(self, prefix: str) -> int:
        if prefix not in self._counters:
            rng = random.Random(f"{self._seed}:{prefix}")  # noqa: S311 - reproducible ids, not secrets
            self._counters[prefix] = rng.randrange(62**4, 62**5)
        return self._counters[prefix]

    def next(self, prefix: str) -> str:
        """The next id of 18 characters with this key prefix."""
        number = self._counters[prefix] = self._counter(prefix) + 1
        id15 = f"{prefix}{self.instance}0{base62(number, _COUNTER_WIDTH)}"
        return id15 + checksum(id15)

    def next_many(self, prefix: str, count: int) -> list[str]:
        """`count` ids in growing order."""
        start = self._counter(prefix) + 1
        self._counters[prefix] = start + count - 1
        head = f"{prefix}{self.instance}0"
        ids = (head + base62(number, _COUNTER_WIDTH) for number in range(start, start + count))
        return [id15 + checksum(id15) for id15 in ids]

    def observe(self, record_id: str) -> None:
        """Take note of an id that came from outside, so that it is never made again."""
        prefix = key_prefix(record_id)
        if record_id[3:6] == f"{self.instance}0":
            self._counters[prefix] = max(self._counter(prefix), _from_base62(record_id[6:15]))

    def state(self) -> dict[str, int]:
        """The counters, for a snapshot."""
        return dict(self._counters)

    def restore(self, state: dict[str, int]) -> None:
        """Go back to a snapshot's counters."""
        self._counters = dict(state)
