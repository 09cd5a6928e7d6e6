"""Learning a scorecard: gradient boosting of trees that look at one column each, calibrated out of the bag.

scikit-learn's HistGradientBoostingClassifier takes categories and blanks as they are. With `no_interactions` each tree
reads one column (Lou, Caruana, Gehrke: Intelligible models for classification and regression, KDD 2012), so the sum of
the trees is a table of points, read off by the public `decision_function`. Each copy learns from a sample of leads
drawn with replacement and is calibrated (Platt) on the leads that the draw left out: no copy judges itself by leads
that it has learnt from, and none are held back from all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from sync.errors import WrongUse
from sync.insight.likelihood.levels import Cell, Kind, Levels, levels_of
from sync.insight.likelihood.scorecard import ColumnPoints, Scorecard

COPIES = 20
LEAST_CASES = 20
"""Cases that a category or a step must have to get points of its own; below, it counts as "other"."""
_ROUNDS = 80
_RATE = 0.05
_LEAVES = 6
_LEAF = 30
_SHRINK = 5.0
"""Few leaves, slow steps, shrunk leaves: a past of a few thousand leads is small, and defaults learn its noise."""


class LearningUnavailable(WrongUse):
    """Learning likelihoods needs scikit-learn."""

    code = "extra_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Leads as they were seen once, with what became of them; all sequences are of one length."""

    kinds: Mapping[str, Kind]
    """Every column, by name."""
    cells: Mapping[str, Sequence[Cell]]
    outcomes: Sequence[bool]
    leads: Sequence[str]
    """Whose state it is; a lead that was seen several times is drawn as a whole."""

    def taken(self, wanted: Sequence[int], columns: Sequence[str] | None = None) -> Examples:
        """Some of the examples, by position, with some of the columns."""
        names = list(self.kinds) if columns is None else columns
        return Examples(
            kinds={name: self.kinds[name] for name in names},
            cells={name: [self.cells[name][place] for place in wanted] for name in names},
            outcomes=[self.outcomes[place] for place in wanted],
            leads=[self.leads[place] for place in wanted],
        )


def refuse_without_extra() -> None:
    """Says what to install where scikit-learn is missing.

    Raises:
        LearningUnavailable: It is.
    """
    if find_spec("sklearn") is None:  # looked for and not imported, which takes a second
        raise LearningUnavailable(fix="pip install 'leadgate[score]'")


def fit(
    examples: Examples,
    *,
    seed: int,
    copies: int = COPIES,
    rounds: int = _ROUNDS,
    tick: Callable[[int, int], None] = lambda _done, _total: None,
) -> Scorecard:
    """A scorecard learnt from the examples; the same examples and seed give the same one.

    Args:
        examples: Both outcomes must occur.
        seed: Of the draws.
        copies: How often it is learnt.
        rounds: Trees of each copy.
        tick: Told after each copy.

    Raises:
        LearningUnavailable: scikit-learn isn't installed.
    """
    refuse_without_extra()
    import numpy as np  # noqa: PLC0415 -- comes with scikit-learn
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # noqa: PLC0415 -- ships no types

    levels = [levels_of(name, kind, examples.cells[name], least=LEAST_CASES) for name, kind in examples.kinds.items()]
    levels = [each for each in levels if _varies(each, examples.cells[each.column])]
    outcomes = np.asarray(examples.outcomes, dtype=bool)
    if not levels:
        rate = (outcomes.sum() + 0.5) / (len(outcomes) + 1)
        return Scorecard(start=(float(np.log(rate / (1 - rate))),) * copies, columns=())
    codes = np.array([[each.level(value) for value in examples.cells[each.column]] for each in levels]).T
    draws = _draws(examples.leads, outcomes, copies, seed)
    found = []
    # Trees of one column are small work: threads would only wait for one another, and for whatever else is running.
    with threadpool_limits(limits=1):
        for number, inside in enumerate(draws):
            found.append(_copy(codes, outcomes, inside, levels, seed=seed + number, rounds=rounds))
            tick(number + 1, copies)
    columns = tuple(
        ColumnPoints(
            levels=each,
            points=tuple(tuple(points[place][level] for _, points in found) for level in range(each.count)),
        )
        for place, each in enumerate(levels)
    )
    return Scorecard(start=tuple(start for start, _ in found), columns=columns)


def _varies(levels: Levels, values: Sequence[Cell]) -> bool:
    first = levels.level(values[0])
    return any(levels.level(value) != first for value in values)


def _draws(leads: Sequence[str], outcomes: Any, copies: int, seed: int) -> list[Any]:
    """Positions of the examples of leads drawn with replacement; both outcomes inside and outside of each draw."""
    import numpy as np  # noqa: PLC0415 -- see fit

    names, owner = np.unique(np.asarray(leads), return_inverse=True)
    by_lead = np.split(np.argsort(owner, kind="stable"), np.cumsum(np.bincount(owner))[:-1])
    random = np.random.default_rng(seed)
    draws: list[Any] = []
    for _ in range(copies * 20):
        inside = np.concatenate([by_lead[place] for place in random.integers(len(names), size=len(names))])
        outside = np.ones(len(outcomes), dtype=bool)
        outside[inside] = False
        if len(set(outcomes[inside])) == 2 and len(set(outcomes[outside])) == 2:
            draws.append(inside)
        if len(draws) == copies:
            return draws
    raise ValueError("too few leads to draw samples with both outcomes")


def _copy(
    codes: Any, outcomes: Any, inside: Any, levels: Sequence[Levels], *, seed: int, rounds: int
) -> tuple[float, list[list[float]]]:
    """One copy: where it starts from, and the points per column and level."""
    import numpy as np  # noqa: PLC0415 -- see fit
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 -- see fit

    model = HistGradientBoostingClassifier(
        learning_rate=_RATE,
        max_iter=rounds,
        max_leaf_nodes=_LEAVES,
        min_samples_leaf=_LEAF,
        l2_regularization=_SHRINK,
        categorical_features=[each.kind is Kind.CATEGORY for each in levels],
        interaction_cst="no_interactions",
        early_stopping=False,
        random_state=seed,
    )
    blanks = np.array([each.blank for each in levels])

    def seen(rows: Any) -> Any:
        return np.where(rows == blanks, np.nan, rows.astype(float))

    model.fit(seen(codes[inside]), outcomes[inside])
    outside = np.ones(len(outcomes), dtype=bool)
    outside[inside] = False
    judged = codes[outside]
    expected = model.decision_function(seen(judged))
    slope, shift = _calibration(expected, outcomes[outside])
    counts = [each.count for each in levels]
    probes = np.repeat(codes[:1], 1 + sum(counts), axis=0)  # one row for each level of each column, in one question
    edges = np.cumsum([1, *counts])
    for place, begin in enumerate(edges[:-1]):
        probes[begin : edges[place + 1], place] = np.arange(counts[place])
    told = model.decision_function(seen(probes))
    first = float(told[0])
    start = first
    total = np.full(len(judged), first)
    points = []
    for place, begin in enumerate(edges[:-1]):
        raw = told[begin : edges[place + 1]] - first
        total += raw[judged[:, place]]
        average = float(raw[codes[inside][:, place]].mean())
        points.append([float(value) for value in (raw - average) * slope])
        start += average
    if not np.allclose(total, expected, atol=1e-6):
        raise AssertionError("the points don't add up to what scikit-learn says: its trees read several columns")
    return start * slope + shift, points


def _calibration(raw: Any, outcomes: Any) -> tuple[float, float]:
    """Slope and shift that turn raw scores into log-odds (Platt, 1999); a score that says nothing gets slope 0."""
    import numpy as np  # noqa: PLC0415 -- see fit
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 -- see fit

    model = LogisticRegression(C=1e6, max_iter=1000).fit(np.asarray(raw).reshape(-1, 1), outcomes)
    slope, shift = float(model.coef_[0, 0]), float(model.intercept_[0])
    if slope > 0:
        return slope, shift
    rate = (outcomes.sum() + 0.5) / (len(outcomes) + 1)
    return 0.0, float(np.log(rate / (1 - rate)))
