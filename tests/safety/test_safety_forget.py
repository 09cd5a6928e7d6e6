from __future__ import annotations

import os
from pathlib import Path

import pytest
from safety_desk import Desk

pytestmark = pytest.mark.slow

FIRST, LAST, ADDRESS = "Wilhelmina", "Quixworthy", "wilhelmina@quixworthy.example"
TRACES = (b"quixworthy", b"wilhelmina")


@pytest.fixture
def person(desk: Desk) -> str:
    """A ready lead renamed to somebody whose name stands nowhere else, with a call, an old version and a plan."""
    lead = min(desk.world.convertible)
    desk.edit("Lead", lead, FirstName=FIRST, LastName=LAST, Email=ADDRESS, Phone="+49 30 5550199")
    desk.create("Task", WhoId=lead, Subject=f"Call {FIRST} {LAST}", Description=f"{ADDRESS} wants a quote")
    desk.run("pull")
    desk.edit("Lead", lead, Company=f"{FIRST} {LAST} Consulting")
    desk.run("pull")
    desk.run("check", "--csv", str(desk.state / "reports.csv"))
    desk.run("plan", codes=(0, 6))
    return lead


def traces(desk: Desk) -> list[Path]:
    return [file for file in desk.files() if any(trace in file.read_bytes().lower() for trace in TRACES)]


def test_no_byte_of_a_forgotten_persons_name_or_address_is_left(desk: Desk, person: str) -> None:
    assert {file.name for file in traces(desk)} >= {"mirror.duckdb"}
    (plan,) = (desk.state / "plans").iterdir()
    assert plan in traces(desk)

    told = desk.json("forget", person, "--yes")

    assert told["ids"] == [person]
    assert told["removed"]["lead"] == 1
    assert told["removed"]["task"] >= 1
    assert told["versions"] > told["removed"]["lead"]
    assert told["files"] == [str(plan)]
    assert told["mentions"] == []
    assert traces(desk) == []
    assert desk.json("check")["counts"]


def test_the_ledger_keeps_the_ids_of_a_forgotten_person_and_nothing_else(desk: Desk, person: str) -> None:
    plan = next((desk.state / "plans").iterdir())
    desk.json("apply", str(plan), "--yes", "--max-failures", "100%", codes=(0, 4))
    desk.run("pull")

    told = desk.json("forget", person, "--yes", codes=(0,))

    assert len(told["ids"]) == 2, "the lead, and the contact that it became"
    audited = desk.json("audit", person)
    assert audited["chain"] == "intact"
    assert [event["state"] for event in audited["events"]] == ["intended", "applied"]
    for file in desk.state.glob("ledger.sqlite*"):
        assert not any(trace in file.read_bytes().lower() for trace in TRACES)


def test_records_of_others_that_name_the_person_are_told_and_cleared_on_request(desk: Desk, person: str) -> None:
    other = max(desk.world.convertible)
    desk.create("Task", WhoId=other, Subject="Referral", Description=f"knows {FIRST} {LAST} ({ADDRESS})")
    desk.run("pull")

    told = desk.json("forget", person, "--yes", "--clear-mentions")

    assert [mention["object"] for mention in told["mentions"]] == ["task"]
    assert told["mentions_cleared"] is True
    assert traces(desk) == []


def test_a_person_is_found_by_address_and_with_their_contact_when_asked(desk: Desk, person: str) -> None:
    contact = desk.create("Contact", Phone="+49 30 5550100", LastName=LAST, FirstName=FIRST, Email=ADDRESS.upper())
    desk.run("pull")

    told = desk.json("forget", ADDRESS, "--contact", "--yes")

    assert sorted(told["ids"]) == sorted([person, contact])
    assert traces(desk) == []


def test_without_the_contact_its_record_stays_and_is_told(desk: Desk, person: str) -> None:
    contact = desk.create("Contact", Phone="+49 30 5550100", LastName=LAST, FirstName=FIRST, Email=ADDRESS)
    desk.run("pull")

    told = desk.json("forget", person, "--yes")

    assert told["mentions"] == [{"object": "contact", "id": contact}]


def test_a_name_alone_is_not_enough_to_forget_somebody(desk: Desk, person: str) -> None:
    told = desk.json("forget", f"{FIRST} {LAST}", "--yes", codes=(2,))
    assert "no id of a lead" in told["error"]["message"]
    assert traces(desk)


def test_nobody_is_forgotten_without_being_asked(desk: Desk, person: str) -> None:
    told = desk.json("forget", person, codes=(2,))
    assert told["error"]["place"] == "--yes"
    assert "org" not in told["error"]["message"]
    assert traces(desk)


def test_a_forgetting_that_was_killed_before_the_file_was_rewritten_is_finished_by_the_next_pull(
    desk: Desk, person: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_path: Path, *_more: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("sync.mirror.store.rewrite", killed)
        desk.run("forget", person, "--yes", codes=(8,))
    (desk.state / "mirror.duckdb.fresh").write_bytes(b"half a file, Quixworthy")
    assert any(file.name == "mirror.duckdb" for file in traces(desk))

    desk.run("pull")

    assert not any(file.name.startswith("mirror.duckdb") for file in traces(desk))


def test_pages_that_a_killed_pull_left_go_too(desk: Desk, person: str) -> None:
    left = desk.state / "pull-1-dead"
    left.mkdir()
    (left / "lead-00000.csv").write_text(f"{LAST},{ADDRESS}", "utf-8")
    os.utime(left, (0, 0))

    told = desk.json("forget", person, "--yes")

    assert str(left) in told["files"]
    assert traces(desk) == []


def test_plans_outside_the_state_folder_are_named_and_removed_when_given(desk: Desk, person: str) -> None:
    plan = desk.folder / "plan.json"
    desk.run("plan", "-o", str(plan), codes=(0, 6))

    assert desk.json("forget", person, "--yes")["elsewhere"] == [str(plan)]
    told = desk.json("forget", person, "--yes", "--file", str(plan))

    assert str(plan) in told["files"]
    assert told["elsewhere"] == []
    assert not plan.exists()


def test_no_later_pull_brings_the_person_back(desk: Desk, person: str) -> None:
    desk.run("forget", person, "--yes")
    desk.edit("Lead", person, Company="Changed since")

    desk.run("pull")
    desk.run("pull", "--full")

    assert traces(desk) == []
