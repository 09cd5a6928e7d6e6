"""What is known of leads at a moment, and the scores in the mirror: nothing from later, none of an earlier model."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from likelihood_world import MAPPING, NOW, World, add_call, add_lead, lead_id
from test_likelihood_parts import CARD, a_model

from sync.insight.likelihood.columns import LeadColumn, Taken, lead_columns
from sync.insight.likelihood.keeping import is_due, keep_scores
from sync.insight.likelihood.levels import Cell
from sync.insight.likelihood.model import ModelUnusable
from sync.insight.likelihood.scoring import score_leads
from sync.insight.likelihood.states import lives, open_leads, states, written_by_conversions
from sync.mapping import OrgMapping
from sync.mirror.past.opening import Past
from sync.mirror.store import Mirror

CREATED = NOW - timedelta(days=100)


def seen(world: World, *moments: tuple[str, datetime]) -> list[dict[str, Cell]]:
    with world.mirror().session() as session:
        columns = lead_columns(MAPPING)
        past = Past.trace(session, MAPPING)
        found = states(session, past, moments, columns)
        return [{name: cells[row] for name, cells in found.cells.items()} for row in range(len(found.places))]


def changed(world: World, number: int, field: str, old: str, new: str, *, at: datetime) -> None:
    world.add(
        "lead_history",
        id=f"017x{number:05d}{len(world.rows.get('lead_history', [])):06d}AAA",
        lead_id=lead_id(number),
        field=field,
        old_value=old,
        new_value=new,
        created_at=at,
        is_deleted=False,
    )


def test_a_field_is_what_it_was_and_an_activity_counts_from_when_it_was_known() -> None:
    world = World()
    lead = add_lead(world, 1, created_at=CREATED, rating="Hot", phone="+1", state="CA", number_of_employees=5)
    changed(world, 1, "Rating", "Cold", "Hot", at=CREATED + timedelta(days=10))
    add_call(world, 1, CREATED + timedelta(days=5))
    add_call(world, 1, CREATED + timedelta(days=20))
    early, late = seen(world, (lead, CREATED + timedelta(days=6)), (lead, CREATED + timedelta(days=30)))
    assert (early["rating"], late["rating"]) == ("Cold", "Hot")
    assert (early["calls so far"], late["calls so far"]) == (1.0, 2.0)
    assert (early["days since the last activity"], late["days since the last activity"]) == (1.0, 10.0)
    assert (early["days since creation"], late["days since creation"]) == (6.0, 30.0)
    assert (early["phone is filled"], early["state"], early["number_of_employees"]) == ("yes", "CA", 5.0)


def test_what_salesforce_writes_by_itself_and_personal_values_are_no_columns() -> None:
    by_field = {column.field: column.taken for column in lead_columns(MAPPING)}
    assert not by_field.keys() & {
        "id", "is_converted", "converted_at", "converted_opportunity_id", "last_activity_at", "system_modstamp",
        "last_modified_at", "master_record_id", "is_deleted", "created_at",
    }  # fmt: skip
    personal = ("first_name", "last_name", "email", "phone", "street", "description", "company")
    assert {by_field[name] for name in personal} == {Taken.AS_FILLED}


def test_a_day_is_counted_from_the_moment_and_a_time_in_another_zone_is_the_same_instant() -> None:
    world = World()
    lead = add_lead(world, 1, created_at=CREATED, purchase_timeline=(CREATED + timedelta(days=30)).date())
    zone = datetime.fromisoformat("2026-03-10T01:00:00+05:30")
    utc, elsewhere = seen(world, (lead, zone.astimezone(UTC)), (lead, zone))
    assert utc == elsewhere
    assert utc["days until purchase_timeline"] == float(((CREATED + timedelta(days=30)).date() - utc_day(zone)).days)


def utc_day(moment: datetime) -> object:
    return moment.astimezone(UTC).date()


def test_merged_and_deleted_leads_have_no_life_and_no_score() -> None:
    world = World()
    add_lead(world, 1, created_at=CREATED)
    add_lead(world, 2, created_at=CREATED, is_deleted=True, master_record_id=lead_id(1))
    add_lead(world, 3, created_at=CREATED, converted_at=CREATED + timedelta(days=9))
    with world.mirror().session() as session:
        Past.trace(session, MAPPING)
        found = {life.lead_id: life for life in lives(session)}
        assert found.keys() == {lead_id(1), lead_id(3)}
        assert found[lead_id(3)].converted_at == CREATED + timedelta(days=9)
        assert found[lead_id(3)].opportunity
        assert open_leads(session) == [lead_id(1)]


def test_fields_that_conversions_write_are_found_in_the_history() -> None:
    world = World()
    add_lead(world, 1, created_at=CREATED, converted_at=CREATED + timedelta(days=9), rating="Hot")
    changed(world, 1, "Rating", "Cold", "Hot", at=CREATED + timedelta(days=9))
    add_lead(world, 2, created_at=CREATED, converted_at=CREATED + timedelta(days=9), rating="Hot")
    changed(world, 2, "Rating", "Cold", "Hot", at=CREATED + timedelta(days=2))
    with world.mirror().session() as session:
        found = written_by_conversions(session, Past.trace(session, MAPPING))
    assert found["rating"] == 1


def three_leads() -> Mirror:
    world = World()
    add_lead(world, 1, created_at=CREATED, lead_source="Partner")
    add_lead(world, 2, created_at=CREATED, lead_source="Never Seen")
    add_lead(world, 3, created_at=CREATED, converted_at=CREATED + timedelta(days=9))
    return world.mirror()


def test_every_open_lead_is_scored_an_unseen_category_as_other() -> None:
    mirror = three_leads()
    with mirror.session() as session:
        found = dict(score_leads(session, MAPPING, a_model(), at=NOW))
    assert found.keys() == {lead_id(1), lead_id(2)}
    assert found[lead_id(2)] == CARD.score({"lead_source": "anything else"})


def test_scores_are_kept_as_a_whole_and_go_with_their_lead() -> None:
    mirror, model = three_leads(), a_model()
    assert is_due(mirror, model, changed=False, at=NOW)
    assert keep_scores(mirror, MAPPING, model, at=NOW) == 2
    first, second = mirror.scores()
    assert (first.lead_id, second.lead_id) == (lead_id(1), lead_id(2))
    assert first.low < first.likelihood < first.high
    assert first.reasons[0][:2] == ("lead_source", "Partner")
    assert (first.model_id, first.scored_at) == (model.model_id, NOW)
    assert not is_due(mirror, model, changed=False, at=NOW + timedelta(hours=23))
    assert is_due(mirror, model, changed=False, at=NOW + timedelta(hours=24))
    assert is_due(mirror, model, changed=True, at=NOW)
    assert is_due(mirror, a_model(seed=9), changed=False, at=NOW)
    mirror.forget([lead_id(1)], at=NOW)
    assert [score.lead_id for score in mirror.scores()] == [lead_id(2)]


def test_a_model_whose_field_is_no_longer_mapped_takes_the_old_scores_away() -> None:
    mirror = three_leads()
    keep_scores(mirror, MAPPING, a_model(), at=NOW)
    lost = a_model(lead_columns=(LeadColumn(field="gone", taken=Taken.AS_NUMBER),))
    with pytest.raises(ModelUnusable, match="reads gone, which is no longer mapped"):
        keep_scores(mirror, MAPPING, lost, at=NOW)
    assert mirror.scores() == []


def test_a_mirror_from_before_likelihoods_has_none(tmp_path: Path) -> None:
    mirror = three_leads()
    with mirror.session() as session:
        session.execute("DROP TABLE lead_likelihood")
    assert mirror.scores() == []
    with mirror.session() as session:
        assert session.execute("SELECT count(*) FROM lead_likelihood").fetchone() == (0,)


def test_the_words_of_a_score_are_plain_json(tmp_path: Path) -> None:
    mirror = three_leads()
    keep_scores(mirror, MAPPING, a_model(), at=NOW)
    with mirror.session() as session:
        (reasons,) = session.execute("SELECT reasons FROM lead_likelihood ORDER BY likelihood DESC LIMIT 1").fetchone()
    assert json.loads(reasons)[0][0] == "lead_source"


def test_the_mapping_of_a_small_org_is_enough() -> None:
    world = World()
    add_lead(world, 1, created_at=CREATED)
    small = OrgMapping(objects={"lead": MAPPING["lead"]})
    world = World(mapping=small, rows={"lead": world.rows["lead"]})
    with world.mirror().session() as session:
        past = Past.trace(session, small)
        found = states(session, past, [(lead_id(1), NOW)], lead_columns(small))
    assert "calls so far" not in found.kinds
    assert found.cells["days since creation"] == [100.0]
