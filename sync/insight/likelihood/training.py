"""From a mirror to a model: the past is looked back on, leaks are left out, the latest leads judge what was learnt.

The test is honest about time: the scorecard that is judged has learnt from the leads created earlier, and no lead
stands on both sides. The one that is kept has then learnt from all of them, by the same procedure, because the latest
leads are the ones most like today's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from duckdb import DuckDBPyConnection

from sync.errors import GuardRefused
from sync.insight.likelihood.columns import LeadColumn, lead_columns
from sync.insight.likelihood.fit import COPIES, Examples, fit, refuse_without_extra
from sync.insight.likelihood.history import LeftOut, Look, look_back
from sync.insight.likelihood.leaks import find_leaks
from sync.insight.likelihood.measures import Measures, measure
from sync.insight.likelihood.model import Model, identified
from sync.insight.likelihood.states import ages_today, lives, states, written_by_conversions
from sync.mapping import OrgMapping
from sync.mirror.past.opening import Past

LEAST_LEADS = 1_000
LEAST_CONVERTED = 200
"""The floor. With 200 of 1,000, the fifth that judges holds 40 converted leads of 200: the 95 % interval of its share
is 15 to 26 percent, a third of the share to either side. With less, nobody could tell a likelihood of 0.3 from one
of 0.2, and no test could tell whether what was learnt is true."""
TEST_SHARE = 0.2
"""The latest leads, by creation, which judge."""
_UNKNOWN_PAST = 0.1
"""Share of the moments from before a field's evidence, above which its past counts as unknown."""

Told = Callable[[str, int, int | None], None]
"""Told what is being done, how far, of how much."""


class NotEnoughData(GuardRefused):
    """The past holds too few leads to learn likelihoods from."""

    code = "not_enough_data"


class NothingLearnt(GuardRefused):
    """What was learnt from the earlier leads doesn't hold for the later ones."""

    code = "nothing_learnt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Positions of the examples of the earlier leads and of the latest ones."""

    earlier: Sequence[int]
    latest: Sequence[int]


def train(
    session: DuckDBPyConnection,
    mapping: OrgMapping,
    *,
    known_until: datetime,
    now: datetime,
    horizon_days: int,
    seed: int,
    copies: int = COPIES,
    tell: Told = lambda _what, _done, _total: None,
) -> Model:
    """A model learnt from a mirror.

    Args:
        session: From `Mirror.session`.
        mapping: The mirror's.
        known_until: The mirror's watermark; nothing is known from after it.
        now: The run's clock.
        horizon_days: How many days a lead is given to become an opportunity.
        seed: Of every draw; the same mirror, horizon and seed give the same model.
        copies: How often each scorecard is learnt.
        tell: Progress.

    Raises:
        LearningUnavailable: scikit-learn isn't installed.
        NotEnoughData: The past is below the floor.
        NothingLearnt: The test leads are told better by the average than by what was learnt.
    """
    refuse_without_extra()
    horizon = timedelta(days=horizon_days)
    tell("reading the past", 0, None)
    wanted = lead_columns(mapping)
    past = Past.trace(session, mapping, fields={"created_at", *(column.field for column in wanted)})
    ages = ages_today(session, now=known_until, touched_within=horizon)
    seen = look_back(lives(session), now=known_until, horizon=horizon, ages=ages, seed=seed)
    refuse_thin_past(seen.looks, seen.left_out, horizon_days)
    examples, looks = _examples(session, past, seen.looks, wanted)
    split = split_by_time(looks)
    unknown = _unknown_past(past, wanted, looks)
    leaks = find_leaks(
        examples.taken(split.earlier), unknown_past=unknown, written=_written(session, past, wanted, looks)
    )
    out = {leak.column for leak in leaks}
    kept = [name for name in examples.kinds if name not in out]
    examples = examples.taken(range(len(looks)), kept)
    measures, average = judge(examples, split, seed=seed, copies=copies, tell=lambda n, of: tell("judging", n, of))
    scorecard = fit(examples, seed=seed, copies=copies, tick=lambda n, of: tell("learning", n, of))
    used = {each.levels.column for each in scorecard.columns}
    return identified(
        Model(
            model_id="",
            learnt_at=now,
            known_until=known_until,
            horizon_days=horizon_days,
            seed=seed,
            leads=len({look.lead_id for look in looks}),
            looks=len(looks),
            converted=_converted(looks),
            tested_from=looks[split.latest[0]].created_at,
            measures=measures,
            average=average,
            left_out=seen.left_out,
            leaks=leaks,
            constant=tuple(name for name in kept if name in unknown and name in used),
            lead_columns=tuple(column for column in wanted if column.name in used),
            scorecard=scorecard,
        )
    )


def refuse_thin_past(looks: Sequence[Look], left_out: Mapping[LeftOut, int], horizon_days: int) -> None:
    """Says plainly when there is too little to learn from.

    Raises:
        NotEnoughData: See above.
    """
    leads, converted = len({look.lead_id for look in looks}), _converted(looks)
    if leads >= LEAST_LEADS and converted >= LEAST_CONVERTED:
        return
    young = left_out.get(LeftOut.TOO_YOUNG, 0)
    raise NotEnoughData(
        f"not enough data: {leads:,} leads have a past of {horizon_days} days that can be learnt from, and "
        f"{converted:,} of them became opportunities; at least {LEAST_LEADS:,} and {LEAST_CONVERTED:,} are needed "
        f"({young:,} leads are too young to tell)",
        fix="wait for more history, or ask with a shorter --horizon",
    )


def split_by_time(looks: Sequence[Look]) -> Split:
    """The leads in two by creation, the latest fifth to judge; all looks at one lead on the same side."""
    leads = list(dict.fromkeys(look.lead_id for look in looks))
    latest = set(leads[len(leads) - int(len(leads) * TEST_SHARE) :])
    return Split(
        earlier=[place for place, look in enumerate(looks) if look.lead_id not in latest],
        latest=[place for place, look in enumerate(looks) if look.lead_id in latest],
    )


def judge(
    examples: Examples,
    split: Split,
    *,
    seed: int,
    copies: int = COPIES,
    tell: Callable[[int, int], None] = lambda _done, _of: None,
) -> tuple[Measures, Measures]:
    """What the latest leads say of a scorecard learnt from the earlier ones, and of their average alone.

    Raises:
        NotEnoughData: The earlier or the latest leads are all alike.
        NothingLearnt: The average is as good.
    """
    before, after = examples.taken(split.earlier), examples.taken(split.latest)
    if len(set(before.outcomes)) < 2 or len(set(after.outcomes)) < 2:
        raise NotEnoughData("not enough data: all of the earlier leads, or all of the latest, had the same outcome")
    scorecard = fit(before, seed=seed, copies=copies, tick=tell)
    found = [
        scorecard.score({name: after.cells[name][place] for name in after.kinds}).likelihood
        for place in range(len(after.outcomes))
    ]
    measures = measure(after.outcomes, found)
    average = measure(after.outcomes, [sum(before.outcomes) / len(before.outcomes)] * len(after.outcomes))
    if measures.log_loss >= average.log_loss:
        raise NothingLearnt(
            f"nothing was learnt that holds for later leads: on the latest {measures.cases:,} the likelihoods are no "
            f"better (log loss {measures.log_loss:.4f}) than the average of the earlier leads ({average.log_loss:.4f})",
            fix="look at what is mapped in mappings/lead.yaml, or wait for more history",
        )
    return measures, average


def _converted(looks: Sequence[Look]) -> int:
    return len({look.lead_id for look in looks if look.became_opportunity})


def _examples(
    session: DuckDBPyConnection, past: Past, looks: Sequence[Look], wanted: Sequence[LeadColumn]
) -> tuple[Examples, Sequence[Look]]:
    found = states(session, past, ((look.lead_id, look.at) for look in looks), wanted)
    looks = [looks[place] for place in found.places]
    examples = Examples(
        kinds=found.kinds,
        cells=found.cells,
        outcomes=[look.became_opportunity for look in looks],
        leads=[look.lead_id for look in looks],
    )
    return examples, looks


def _unknown_past(past: Past, wanted: Sequence[LeadColumn], looks: Sequence[Look]) -> set[str]:
    """Columns whose values had to be taken from later at more than a tenth of the moments."""
    moments = sorted(look.at for look in looks)
    early = moments[int(len(moments) * _UNKNOWN_PAST)]
    return {
        column.name for column in wanted if (since := past.fields[column.field].since) is not None and since > early
    }


def _written(
    session: DuckDBPyConnection, past: Past, wanted: Sequence[LeadColumn], looks: Sequence[Look]
) -> dict[str, float]:
    """The share of conversions that are seen to write each column."""
    counts, converted = written_by_conversions(session, past), max(_converted(looks), 1)
    return {column.name: counts.get(column.field, 0) / converted for column in wanted}
