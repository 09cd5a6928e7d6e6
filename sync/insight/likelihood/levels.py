"""A column's values as a short list of levels: the categories that are common enough, or the steps of a number.

Everything that is learnt is learnt per level, so a scorecard is a finite table. A value that was never seen, or too
rarely, falls into the level "other"; a blank one is a level of its own and is never filled in.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

Cell = str | float | None
"""A value of a column: text of a category, a number, or nothing."""

BLANK = "blank"
OTHER = "other"
MOST_CATEGORIES = 200
"""Fewer than scikit-learn's limit of 255 categories of one column."""
MOST_STEPS = 32
"""Steps of a number: a finer grid would have too few leads in each."""


class Kind(StrEnum):
    """What a column holds."""

    CATEGORY = "category"
    NUMBER = "number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """One column's levels, in order; the last but one of a category is "other", the last of every column is blank."""

    column: str
    kind: Kind
    categories: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()
    """Where the next step of a number begins, ascending."""

    @property
    def count(self) -> int:
        """How many levels there are."""
        return len(self.categories) + 2 if self.kind is Kind.CATEGORY else len(self.edges) + 2

    @property
    def blank(self) -> int:
        """The level of a blank value."""
        return self.count - 1

    def level(self, value: Cell) -> int:
        """The level of a value; a category that is not in the list is "other"."""
        if value is None:
            return self.blank
        if self.kind is Kind.NUMBER:
            return bisect_right(self.edges, float(value))
        place = bisect_right(self.categories, str(value)) - 1
        return place if place >= 0 and self.categories[place] == value else len(self.categories)

    def words(self, level: int) -> str:
        """A level for a person."""
        if level == self.blank:
            return BLANK
        if self.kind is Kind.CATEGORY:
            return self.categories[level] if level < len(self.categories) else OTHER
        low = self.edges[level - 1] if level > 0 else None
        high = self.edges[level] if level < len(self.edges) else None
        if low is None and high is None:
            return "any number"
        if low is None:
            return f"below {high:g}"
        return f"{low:g} or more" if high is None else f"{low:g} to below {high:g}"


def levels_of(column: str, kind: Kind, values: Iterable[Cell], *, least: int) -> Levels:
    """The levels that a column's values fall into.

    Args:
        column: Its name.
        kind: What it holds.
        values: The values that are learnt from.
        least: Cases that a category, or a step of a number, must have to be a level of its own.
    """
    filled = [value for value in values if value is not None]
    if kind is Kind.CATEGORY:
        counted = Counter(str(value) for value in filled)
        common = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:MOST_CATEGORIES]
        return Levels(column=column, kind=kind, categories=tuple(sorted(k for k, n in common if n >= least)))
    return Levels(column=column, kind=kind, edges=_edges(sorted(float(value) for value in filled), least))


def _edges(ordered: Sequence[float], least: int) -> tuple[float, ...]:
    """Where steps begin: halfway between neighbouring numbers, with enough cases on each step.

    A column of a few different numbers has a step for each of them; one of many is cut into about equal shares.
    """
    counted = sorted(Counter(ordered).items())
    target = least if len(counted) <= MOST_STEPS else max(least, len(ordered) / MOST_STEPS)
    edges: list[float] = []
    inside, left = 0, len(ordered)
    for (number, cases), (following, _) in pairwise(counted):
        inside += cases
        left -= cases
        if inside >= target and left >= least:
            edges.append((number + following) / 2)
            inside = 0
    return tuple(edges)
