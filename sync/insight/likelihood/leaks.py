"""Columns that give the answer away: found in the data, named, and left out.

A field whose past is known is wound back to the moment, so it can't tell of what came later. The others are taken as
they are today, and today's value of a converted lead was often written by the conversion or after it. Such columns
betray themselves: conversions are seen to write them, or they are filled on one side only, or a single one of them
tells the outcomes apart better than any honest column could. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sync.insight.likelihood.fit import LEAST_CASES, Examples
from sync.insight.likelihood.levels import Cell, levels_of

TOO_GOOD = 0.95
"""AUC of a single column from which on it is taken for a leak; honest columns of lead data seldom pass 0.8."""
WRITTEN_SHARE = 0.05
"""Share of the conversions that write a field from which on its present value is not believed for the past."""
ONE_SIDED = 20
"""How many times more often a column of unknown past is filled (or holds a value) on one side than on the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """A column that was left out, and why."""

    column: str
    why: str


def find_leaks(examples: Examples, *, unknown_past: Collection[str], written: Mapping[str, float]) -> tuple[Leak, ...]:
    """Columns that give the answer away, in the examples' order.

    Args:
        examples: The earlier leads, which are learnt from.
        unknown_past: Columns whose values at the moments had to be taken from later.
        written: Column → the share of conversions that wrote it, for those with known changes.
    """
    found = []
    for column in examples.kinds:
        cells = examples.cells[column]
        share = written.get(column, 0.0)
        reason = None
        if column in unknown_past:
            reason = _written(share) if share >= WRITTEN_SHARE else _one_sided(cells, examples.outcomes)
        auc = single_auc(column, examples)
        if reason is None and auc >= TOO_GOOD:
            reason = f"by itself it tells the outcomes apart almost perfectly (AUC {auc:.3f})"
        if reason is not None:
            found.append(Leak(column=column, why=reason))
    return tuple(found)


def single_auc(column: str, examples: Examples) -> float:
    """How well one column alone tells the outcomes apart.

    The levels are ranked by the share converted in one half of the leads and judged on the other, so that a column of
    many rare values doesn't look good by chance.
    """
    levels = levels_of(column, examples.kinds[column], examples.cells[column], least=LEAST_CASES)
    codes = [levels.level(value) for value in examples.cells[column]]
    halves: tuple[list[int], list[int]] = ([], [])
    names = {lead: number for number, lead in enumerate(dict.fromkeys(examples.leads))}
    for place, lead in enumerate(examples.leads):
        halves[names[lead] % 2].append(place)
    areas = []
    for learnt, judged in (halves, halves[::-1]):
        counts = [[0.0, 0.0] for _ in range(levels.count)]
        for place in learnt:
            counts[codes[place]][examples.outcomes[place]] += 1
        rate = (sum(yes for _, yes in counts) + 0.5) / (len(learnt) + 1)
        ranks = [(yes + rate) / (no + yes + 1) for no, yes in counts]
        areas.append(_auc(ranks, codes, examples.outcomes, judged))
    return sum(areas) / 2


def _auc(ranks: Sequence[float], codes: Sequence[int], outcomes: Sequence[bool], judged: Sequence[int]) -> float:
    tallies: dict[float, list[int]] = {}
    for place in judged:
        tallies.setdefault(ranks[codes[place]], [0, 0])[outcomes[place]] += 1
    negatives, positives = (sum(tally[side] for tally in tallies.values()) for side in (0, 1))
    if not negatives or not positives:
        return 0.5
    below, area = 0, 0.0
    for _, (no, yes) in sorted(tallies.items()):
        area += yes * (below + no / 2)
        below += no
    return area / (negatives * positives)


def _written(share: float) -> str:
    return f"{share:.0%} of the conversions wrote it, and what it was before isn't known"


def _one_sided(cells: Sequence[Cell], outcomes: Sequence[bool]) -> str | None:
    """Whether being filled, or holding one value, belongs to one outcome only."""
    totals = [len(outcomes) - sum(outcomes), sum(outcomes)]
    filled = [0, 0]
    for cell, outcome in zip(cells, outcomes, strict=True):
        filled[outcome] += _is_filled(cell)
    for side, said in ((1, "of the leads that became opportunities"), (0, "of those that did not")):
        share, other = filled[side] / max(totals[side], 1), filled[1 - side] / max(totals[1 - side], 1)
        if filled[side] >= LEAST_CASES and share > ONE_SIDED * other:
            return f"it is filled for {share:.0%} {said}, for {other:.1%} of the others, and its past isn't known"
    return None


def _is_filled(cell: Cell) -> bool:
    return cell is not None and cell != "no"
