"""What leads were is kept before they are converted: whole, durably, privately; or they are not converted."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from apply_scene import ORG_YAML, Scene, fates, scene
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import LeadgateError, PreImageUnsaved
from sync.model import Value
from sync.plan.actions import Outcome
from sync.plan.pre_image import ActivityImage, MemberImage, PreImage, calls_for, decode, digest, encode
from sync.pre_image_store import PreImageStore

HOSTILE = 'O\'Brien \\ "q" \n\u202e<b> \u0661 %s {x} \U0001f600'


def kept(here: Scene, lead: str) -> PreImage:
    found = here.pre_images.get(here.org.identity.org_id, lead)
    assert found is not None
    return found


def test_every_field_that_the_org_would_take_back_is_kept_as_it_was(here: Scene) -> None:
    (lead,) = here.leads(1, Company="O'Brien & <Co>", Description=HOSTILE, Budget__c=12.5, Pricing_Discussed__c=True)
    before = here.row("Lead", lead)
    here.apply(here.plan([lead]))
    image = kept(here, lead)
    describe = here.org.describe("Lead")
    assert describe is not None
    assert {"IsConverted", "CreatedDate", "Id", "Name"}.isdisjoint(image.fields)
    assert {"LastName", "OwnerId", "Status", "Budget__c", "Description"} <= set(image.fields)
    assert image.fields == {name: before[name] for name in image.fields}
    assert set(image.fields) >= {n for n, f in describe.fields.items() if f.createable} - {"IsConverted"}
    assert image.facts["CreatedDate"] == before["CreatedDate"]
    assert image.taken_at <= here.mock.clock.now()


def test_what_hangs_on_the_lead_is_kept_by_its_ids(here: Scene) -> None:
    lead, other = here.leads(2)
    (task,) = here.create("Task", {"WhoId": lead, "Subject": "Call", "Status": "Completed"})
    (event,) = here.create("Event", {"WhoId": lead, "ActivityDateTime": "2026-05-04T08:00:00Z", "DurationInMinutes": 5})
    (campaign,) = here.create("Campaign", {"Name": "Fair"})
    (member,) = here.create("CampaignMember", {"CampaignId": campaign, "LeadId": lead, "Status": "Responded"})
    here.apply(here.plan([lead, other]))
    image = kept(here, lead)
    owner = here.row("Task", task)["OwnerId"]
    assert set(image.activities) == {
        ActivityImage(id=task, what_id=None, owner_id=owner),
        ActivityImage(id=event, what_id=None, owner_id=owner),
    }
    assert image.members == (MemberImage(id=member, campaign_id=campaign, status="Responded"),)
    assert image.unreadable == ("ContentDocumentLink",), "the mock org has no files"
    assert kept(here, other).activities == ()


NO_CAMPAIGNS = (
    ORG_YAML.replace("last_name: Admin}", "last_name: Admin, profile: Sales}").replace(
        "Person}", "Person, profile: All}"
    )
    + """
profiles:
  - name: Sales
    convert_leads: true
    view_setup: true
    objects:
      Lead: [create, read, edit, delete]
      Account: [create, read, edit, delete]
      Contact: [create, read, edit, delete]
      Opportunity: [create, read, edit, delete]
      Task: [create, read, edit, delete]
      Event: [create, read, edit, delete]
  - {name: All, convert_leads: true, modify_all_data: true, view_setup: true}
"""
)


@pytest.fixture
def without_campaigns(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path, NO_CAMPAIGNS) as opened:
        opened.token = opened.mock.login("admin@leadgate-mock.example")
        opened.org = opened.client()
        yield opened


def test_an_object_that_the_user_may_not_see_is_recorded_as_unreadable(without_campaigns: Scene) -> None:
    here = without_campaigns
    leads = here.leads(2)
    plan = here.plan(leads)
    assert fates(here.apply(plan)) == {Outcome.APPLIED: 2}
    assert kept(here, leads[0]).unreadable == ("CampaignMember", "ContentDocumentLink")


def test_nothing_is_converted_when_what_the_leads_are_cannot_be_saved(here: Scene) -> None:
    leads = here.leads(2)
    plan = here.plan(leads)
    full = PreImageStore(here.folder / "no such folder" / "preimages.sqlite")
    with pytest.raises(PreImageUnsaved) as refused:
        here.apply(plan, pre_images=full)
    assert refused.value.exit_code == 1
    assert "no such folder" in str(refused.value.place)
    assert here.count("Lead", "IsConverted = true") == 0
    (run,) = here.ledger.runs(plan.org_id)
    assert run.ended == "unsaved"
    assert {(e.state.value, e.code) for e in here.ledger.run_entries(run.run_id)} == {
        ("not_reached", "pre_image_unsaved")
    }
    assert fates(here.apply(plan)) == {Outcome.APPLIED: 2}, "once there is room"


def test_a_lead_that_was_edited_after_the_plan_is_kept_as_it_is_when_converted(here: Scene) -> None:
    (lead,) = here.leads(1)
    plan = here.plan([lead])
    here.edit("Lead", lead, Phone="+1 555 0100")
    here.apply(plan)
    assert kept(here, lead).fields["Phone"] == "+1 555 0100"


def test_status_updates_keep_nothing(here: Scene) -> None:
    (lead,) = here.leads(1, Status="Open - Not Contacted")
    here.apply(here.plan([lead], to="Working - Contacted"))
    assert not here.pre_images.path.exists()


def test_the_file_is_for_its_owner_alone_and_forgets_without_a_trace(here: Scene) -> None:
    leads = here.leads(2, Description="Zanzibar")
    here.apply(here.plan(leads))
    path = here.pre_images.path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"Zanzibar" in path.read_bytes()
    assert here.pre_images.forget([*leads, "003000000000000AAA"]) == 2
    assert b"Zanzibar" not in path.read_bytes()
    assert here.pre_images.get(here.org.identity.org_id, leads[0]) is None
    assert here.pre_images.forget(leads) == 0


def test_a_file_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "preimages.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(LeadgateError, match="format 99"):
        PreImageStore(path).get("00D", "00Q")
    path.write_bytes(b"no database at all, whatever its name" * 99)
    with pytest.raises(LeadgateError, match="can't be used"):
        PreImageStore(path).get("00D", "00Q")
    with pytest.raises(PreImageUnsaved):
        PreImageStore(path).save([IMAGE])


IMAGE = PreImage(
    org_id="00D000000000001EAA",
    lead_id="00Q000000000001EAA",
    taken_at=datetime(2026, 5, 4, 9, tzinfo=UTC),
    system_modstamp="2026-05-04T08:59:00.000+0000",
    fields={"LastName": "Miller"},
    facts={},
)

values = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.decimals(allow_nan=False) | st.text()


@given(fields=st.dictionaries(st.text(min_size=1), values), files=st.lists(st.text()))
def test_whatever_a_lead_holds_is_read_back_as_it_was_written(fields: dict[str, Value], files: list[str]) -> None:
    image = replace(IMAGE, fields=fields, files=tuple(files))
    again = decode(encode(image))
    assert again == image
    assert digest(again) == digest(image)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format":1}', "\x00"])
def test_a_damaged_row_is_told(text: str) -> None:
    with pytest.raises(LeadgateError, match="pre-image"):
        decode(text)


def test_the_calls_are_counted() -> None:
    assert [calls_for(n) for n in (0, 1, 560, 561, 1120, 2240)] == [0, 2, 2, 3, 3, 5]
