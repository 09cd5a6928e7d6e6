"""Levels, points, measures, leaks and the model's file, each by itself."""

from __future__ import annotations

import json
import math
import random
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from likelihood_world import NOW

from sync.insight.likelihood.columns import LeadColumn, Taken
from sync.insight.likelihood.fit import Examples
from sync.insight.likelihood.history import LeftOut, Look
from sync.insight.likelihood.leaks import Leak, find_leaks
from sync.insight.likelihood.levels import Kind, Levels, levels_of
from sync.insight.likelihood.measures import calibration_error, measure
from sync.insight.likelihood.model import Model, ModelUnusable, identified, read_model, write_model
from sync.insight.likelihood.scorecard import ColumnPoints, Scorecard, probability
from sync.insight.likelihood.training import NotEnoughData, refuse_thin_past, split_by_time

SOURCE = Levels(column="lead_source", kind=Kind.CATEGORY, categories=("Partner", "Web"))
AGE = Levels(column="age", kind=Kind.NUMBER, edges=(10.0, 30.0))
CARD = Scorecard(
    start=(-2.0, -1.8),
    columns=(
        ColumnPoints(levels=SOURCE, points=((1.0, 1.2), (0.0, 0.0), (-0.5, -0.4), (0.02, 0.0))),
        ColumnPoints(levels=AGE, points=((0.4, 0.5), (0.0, 0.0), (-1.0, -0.8), (0.0, 0.0))),
    ),
)
TEST = measure([True, False, False, True], [0.8, 0.1, 0.3, 0.6])


def a_model(**changes: object) -> Model:
    given = {
        "model_id": "",
        "learnt_at": NOW,
        "known_until": NOW,
        "horizon_days": 90,
        "seed": 0,
        "leads": 1500,
        "looks": 4000,
        "converted": 300,
        "tested_from": NOW - timedelta(days=200),
        "measures": TEST,
        "average": TEST,
        "left_out": dict.fromkeys(LeftOut, 1),
        "leaks": (Leak(column="budget", why="so"),),
        "constant": ("lead_source",),
        "lead_columns": (LeadColumn(field="lead_source", taken=Taken.AS_CATEGORY),),
        "scorecard": CARD,
    }
    return identified(Model(**(given | changes)))  # type: ignore[arg-type]  # a factory


@settings(deadline=None)
@given(values=st.lists(st.none() | st.floats(-1e6, 1e6), min_size=1, max_size=80), least=st.integers(1, 20))
def test_every_step_of_a_number_has_enough_cases_and_keeps_the_order(values: list[float | None], least: int) -> None:
    levels = levels_of("n", Kind.NUMBER, values, least=least)
    filled = sorted(value for value in values if value is not None)
    steps = [levels.level(value) for value in filled]
    assert steps == sorted(steps)
    assert list(levels.edges) == sorted(set(levels.edges))
    if levels.edges:
        assert all(steps.count(step) >= least for step in range(len(levels.edges) + 1))
    assert levels.level(None) == levels.blank == levels.count - 1


def test_a_rare_or_unseen_category_is_other_and_a_blank_is_blank() -> None:
    levels = levels_of("c", Kind.CATEGORY, ["Web"] * 30 + ["Fax"] * 3 + [None] * 30, least=20)
    assert levels.categories == ("Web",)
    assert [levels.words(levels.level(value)) for value in ("Web", "Fax", "never seen", None)] == [
        "Web",
        "other",
        "other",
        "blank",
    ]


def test_the_steps_of_a_number_say_where_they_begin_and_end() -> None:
    assert [AGE.words(AGE.level(value)) for value in (0, 10, 29.9, 30, None)] == [
        "below 10",
        "10 to below 30",
        "10 to below 30",
        "30 or more",
        "blank",
    ]


def test_a_likelihood_is_the_mean_of_its_copies_and_its_reasons_are_its_points() -> None:
    found = CARD.score({"lead_source": "Partner", "age": 50.0})
    assert found.likelihood == pytest.approx((probability(-2.0) + probability(-1.4)) / 2)
    assert found.low < found.likelihood < found.high
    assert [(reason.column, reason.level) for reason in found.reasons] == [
        ("lead_source", "Partner"),
        ("age", "30 or more"),
    ]
    assert found.reasons[0].odds == pytest.approx(math.exp(1.1))


def test_a_lead_with_nothing_filled_is_scored_as_blank_without_reasons_too_small_to_say() -> None:
    found = CARD.score({})
    assert found == CARD.score({"lead_source": None, "age": None})
    assert found.reasons == ()


def test_the_measures_of_a_few_cases_are_what_a_person_works_out() -> None:
    assert TEST.auc == 1.0
    assert measure([True, False, True], [0.5, 0.5, 0.9]).auc == 0.75
    assert TEST.brier == pytest.approx((0.04 + 0.01 + 0.09 + 0.16) / 4)
    assert TEST.log_loss == pytest.approx(-math.log(0.8 * 0.9 * 0.7 * 0.6) / 4)
    assert calibration_error([True, False], [0.61, 0.69]) == pytest.approx(0.15)
    with pytest.raises(ValueError, match="did not"):
        measure([True], [0.5])


def examples(**columns: tuple[Kind, list[object]]) -> Examples:
    count = len(next(iter(columns.values()))[1])
    return Examples(
        kinds={name: kind for name, (kind, _) in columns.items()},
        cells={name: cells for name, (_, cells) in columns.items()},  # type: ignore[misc]  # a factory
        outcomes=[place % 5 == 0 for place in range(count)],
        leads=[f"l{place}" for place in range(count)],
    )


def test_planted_columns_that_give_the_answer_away_are_named_and_honest_ones_are_not() -> None:
    draw, count = random.Random(3), 2000  # noqa: S311 -- an invented world
    won = [place % 5 == 0 for place in range(count)]
    planted = examples(
        honest=(Kind.CATEGORY, ["a" if (w and draw.random() < 0.6) or draw.random() < 0.3 else "b" for w in won]),
        many_values=(Kind.CATEGORY, [f"v{draw.randrange(400)}" for _ in won]),
        filled_when_won=(Kind.NUMBER, [draw.random() if w and draw.random() < 0.3 else None for w in won]),
        filled_when_lost=(Kind.CATEGORY, [None if w or draw.random() < 0.5 else "no budget" for w in won]),
        perfect=(Kind.NUMBER, [float(w) + draw.random() * 0.2 for w in won]),
        written=(Kind.CATEGORY, [draw.choice("ab") for _ in won]),
        half_known=(Kind.CATEGORY, [draw.choice("ab") for _ in won]),
    )
    unknown = {"honest", "filled_when_won", "filled_when_lost", "written"}
    leaks = find_leaks(planted, unknown_past=unknown, written={"written": 0.4, "half_known": 0.9})
    assert [leak.column for leak in leaks] == ["filled_when_won", "filled_when_lost", "perfect", "written"]
    why = {leak.column: leak.why for leak in leaks}
    assert "of the leads that became opportunities, for 0.0% of the others" in why["filled_when_won"]
    assert "almost perfectly (AUC" in why["perfect"]
    assert "40% of the conversions wrote it" in why["written"]


def looks(count: int, converted: int) -> list[Look]:
    return [
        Look(
            lead_id=f"l{n}",
            created_at=NOW - timedelta(days=count - n),
            at=NOW - timedelta(days=count - n) + timedelta(hours=hour),
            became_opportunity=n < converted,
        )
        for n in range(count)
        for hour in (0, 1)
    ]


def test_the_latest_fifth_of_the_leads_judges_and_no_lead_stands_on_both_sides() -> None:
    cases = looks(100, 30)
    split = split_by_time(cases)
    earlier, latest = ({cases[place].lead_id for place in side} for side in (split.earlier, split.latest))
    assert len(latest) == 20
    assert not earlier & latest
    assert max(cases[p].created_at for p in split.earlier) < min(cases[p].created_at for p in split.latest)


@pytest.mark.parametrize(("leads", "converted"), [(999, 500), (3000, 199), (0, 0)])
def test_below_the_floor_it_says_not_enough_data(leads: int, converted: int) -> None:
    with pytest.raises(NotEnoughData, match=rf"not enough data: {leads:,} leads .* {converted:,} of them"):
        refuse_thin_past(looks(leads, converted), {LeftOut.TOO_YOUNG: 7}, 90)


def test_at_the_floor_there_is_enough() -> None:
    refuse_thin_past(looks(1000, 200), {}, 90)


def test_a_model_comes_back_from_its_file_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path, model = tmp_path / "likelihood.json", a_model()
    assert read_model(path) is None
    write_model(path, model)
    assert read_model(path) == model
    assert path.stat().st_mode & 0o777 == 0o600
    assert a_model(seed=1).model_id != model.model_id


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-40],
        lambda text: text.replace("-2.0", "-1.0"),
        lambda text: json.dumps(json.loads(text) | {"format": 99}),
        lambda _text: "[]",
    ],
)
def test_a_model_that_was_cut_off_edited_or_made_by_a_newer_version_is_refused(tmp_path: Path, spoil: object) -> None:
    path = tmp_path / "likelihood.json"
    write_model(path, a_model())
    path.write_text(spoil(path.read_text()))  # type: ignore[operator]  # one of the lambdas above
    with pytest.raises(ModelUnusable) as refused:
        read_model(path)
    assert refused.value.fix == "run `leadgate score train` again"
