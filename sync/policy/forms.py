"""Typed values out of a policy's blocks, with a located problem for each one that can't be meant.

The loader's vocabulary: text, whole number, share (`20%`), time span (`90 days`), yes or no, one of several words.
Every reader returns a usable value or `None`, and has reported why.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass, field

from sync.errors import Problem
from sync.policy.document import Block, Entry, Items, Text, Tree
from sync.policy.schema import Expression, Place

_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,4})?)\s*%")
_SPAN = re.compile(r"(\d{1,5})\s*(hour|day|week)s?")
_HOURS = {"hour": 1, "day": 24, "week": 168}
MAX_DAYS = 3_650


@dataclass(slots=True)
class Form:
    """Where problems are collected while a file is read."""

    file: str
    problems: list[Problem] = field(default_factory=list)

    def problem(self, line: int, message: str, fix: str | None = None) -> None:
        """Note something wrong."""
        self.problems.append(Problem(self.file, line, message, fix))

    def block(self, tree: Tree, what: str, known: Collection[str]) -> Block | None:
        """A block whose keys are all known."""
        if not isinstance(tree, Block):
            self.problem(tree.line, f"{what}: write it as `key: value` lines", f"known keys: {', '.join(known)}")
            return None
        for entry in tree:
            if entry.key not in known:
                near = difflib.get_close_matches(entry.key, known, n=1, cutoff=0.6)
                fix = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
                self.problem(entry.line, f"{what}: unknown key {entry.key!r}", fix)
        return tree

    def named(self, tree: Tree, what: str) -> Block | None:
        """A block whose keys are names that the person chose."""
        if isinstance(tree, Block):
            return tree
        self.problem(tree.line, f"{what}: write it as `name: …` lines")
        return None

    def text(self, entry: Entry, what: str) -> str | None:
        """Text that says something; a number or yes/no is not taken for text."""
        value = entry.value
        if isinstance(value, Text) and isinstance(value.value, str) and value.value.strip():
            return value.value.strip()
        self.problem(entry.line, f"{what}: needs text", "put it in quotes")
        return None

    def expression(self, entry: Entry, what: str) -> Expression | None:
        """SQL as text, with the place of the text itself."""
        value = entry.value
        if isinstance(value, Text) and isinstance(value.value, str) and value.value.strip():
            return Expression(value.value.strip(), Place(self.file, value.line))
        self.problem(entry.line, f"{what}: needs a SQL condition", "put it in quotes")
        return None

    def yes_no(self, entry: Entry, what: str) -> bool | None:
        """`true` or `false`."""
        if isinstance(entry.value, Text) and isinstance(entry.value.value, bool):
            return entry.value.value
        self.problem(entry.line, f"{what}: is `true` or `false`")
        return None

    def whole(self, entry: Entry, what: str, *, low: int, high: int) -> int | None:
        """A whole number within bounds."""
        value = entry.value.value if isinstance(entry.value, Text) else None
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.problem(entry.line, f"{what}: needs a whole number from {low:,} to {high:,}")
        return None

    def share(self, entry: Entry, what: str) -> float | None:
        """`20%` as 0.2."""
        raw = entry.value.raw.strip() if isinstance(entry.value, Text) else ""
        found = _PERCENT.fullmatch(raw)
        if found is None:
            self.problem(entry.line, f"{what}: needs a share", "write it with a percent sign: 20%")
            return None
        share = float(found[1])
        if share > 100:
            self.problem(entry.line, f"{what}: {raw} is more than 100%")
            return None
        return share / 100

    def hours(self, entry: Entry, what: str, *, high: int = MAX_DAYS * 24) -> float | None:
        """`24 hours`, `3 days` or `2 weeks` in hours."""
        raw = entry.value.raw.strip() if isinstance(entry.value, Text) else ""
        found = _SPAN.fullmatch(raw)
        if found is None:
            self.problem(entry.line, f"{what}: needs a time span", "write it with its unit: 24 hours, 90 days, 2 weeks")
            return None
        hours = int(found[1]) * _HOURS[found[2]]
        if not 0 < hours <= high:
            self.problem(entry.line, f"{what}: {raw} is out of range", f"from 1 hour to {high // 24:,} days")
            return None
        return float(hours)

    def days(self, entry: Entry, what: str) -> int | None:
        """`90 days` or `2 weeks` in days."""
        hours = self.hours(entry, what)
        if hours is None:
            return None
        if hours % 24:
            self.problem(entry.line, f"{what}: needs whole days", "write 90 days or 2 weeks")
            return None
        return int(hours // 24)

    def word(self, entry: Entry, what: str, known: Collection[str]) -> str | None:
        """One of a few words."""
        value = entry.value.value if isinstance(entry.value, Text) else None
        if isinstance(value, str) and value in known:
            return value
        self.problem(entry.line, f"{what}: is one of {', '.join(known)}")
        return None

    def texts(self, entry: Entry, what: str) -> tuple[str, ...] | None:
        """A list of texts without repetition; a single text is a list of one."""
        value = entry.value
        items = value.items if isinstance(value, Items) else (value,)
        found: list[str] = []
        for item in items:
            if not isinstance(item, Text) or not isinstance(item.value, str) or not item.value.strip():
                self.problem(item.line, f"{what}: needs a list of texts", "put each in quotes")
                return None
            if item.value in found:
                self.problem(item.line, f"{what}: {item.value!r} is listed twice")
                return None
            found.append(item.value)
        if not found:
            self.problem(entry.line, f"{what}: the list is empty")
            return None
        return tuple(found)


def is_nothing(entry: Entry | None) -> bool:
    """Whether a value is absent or written as null."""
    return entry is None or (isinstance(entry.value, Text) and entry.value.value is None)
