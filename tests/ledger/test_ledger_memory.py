from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from ledger_subjects import LEAD, ORG, start, subject

from sync.ledger.entries import Closing, Made, State
from sync.ledger.store import Ledger
from sync.plan.pace import FIRST_PACE, Pace


def test_the_pace_is_remembered_per_org(ledger: Ledger) -> None:
    assert ledger.pace(ORG) == FIRST_PACE
    with ledger.lease(ORG) as lease:
        ledger.remember_pace(lease, Pace(size=12, proven=12))
        ledger.remember_pace(lease, Pace(size=6, proven=6, failed_at=12, calm=3))
    assert ledger.pace(ORG) == Pace(size=6, proven=6, failed_at=12, calm=3)
    assert ledger.pace("00D000000000002EAA") == FIRST_PACE


def test_a_ledger_from_before_paces_gets_room_for_them(tmp_path: Path) -> None:
    file = tmp_path / "old.sqlite"
    with Ledger.open(file) as ledger, ledger._engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE ledger_paces")
    with Ledger.open(file) as ledger:
        assert ledger.pace(ORG) == FIRST_PACE


def test_refusals_are_remembered_with_the_version_of_the_lead_and_for_their_policy_only(ledger: Ledger, clock) -> None:
    with ledger.lease(ORG) as lease:
        run_id = ledger.begin_run(lease, start())
        ledger.intend(
            lease, run_id, "p1", [subject("k1")], evidence={"k1": {"lead_modstamp": "2026-05-01", "met": "x"}}
        )
        ledger.close(
            lease, [Closing(key="k1", state=State.REJECTED, code="DUPLICATES_DETECTED", evidence={"matches": "001"})]
        )
    now, policy = clock(), start().policy_digest
    (refused,) = ledger.refusals(ORG, now, policy_digest=policy)
    assert refused.evidence == {"lead_modstamp": "2026-05-01", "matches": "001"}
    assert ledger.refusals(ORG, now, policy_digest="another") == ()
    assert ledger.refusals(ORG, now + timedelta(seconds=1), policy_digest=policy) == ()


def test_own_status_writes_are_remembered(ledger: Ledger, clock) -> None:
    with ledger.lease(ORG) as lease:
        run_id = ledger.begin_run(lease, start())
        for key in ("k1", "k2"):
            about = subject(key, kind="update_status", target="Working - Contacted")
            ledger.intend(lease, run_id, "p1", [about])
            ledger.close(lease, [Closing(key=key, state=State.APPLIED if key == "k1" else State.REJECTED)])
    now = clock()
    assert ledger.status_writes(ORG, now) == {LEAD: (("Working - Contacted", now),)}
    assert ledger.status_writes(ORG, now + timedelta(seconds=1)) == {}


def test_a_conversion_waits_for_its_opportunity_fields_until_they_are_set(ledger: Ledger) -> None:
    with ledger.lease(ORG) as lease:
        run_id = ledger.begin_run(lease, start())
        ledger.intend(lease, run_id, "p1", [subject(follow_up={"StageName": '"Qualification"'})])
        assert ledger.open_follow_ups(ORG) == ()
        ledger.close(lease, [Closing(key="k1", state=State.APPLIED, made=Made(opportunity_id="006"))])
        (waiting,) = ledger.open_follow_ups(ORG)
        assert waiting.subject.follow_up == {"StageName": '"Qualification"'}
        after = subject("k1f", kind="set_opportunity_fields", target="006", parent_key="k1")
        ledger.intend(lease, run_id, "p1", [after])
        ledger.close(lease, [Closing(key="k1f", state=State.NOT_APPLIED)])
        assert ledger.open_follow_ups(ORG) == (waiting,)
        ledger.intend(lease, run_id, "p1", [after])
        ledger.close(lease, [Closing(key="k1f", state=State.APPLIED)])
        assert ledger.open_follow_ups(ORG) == ()
