"""Each exit code of the published table, brought about by a real situation; and after each, that running on works."""

from __future__ import annotations

from datetime import timedelta

import pytest
from scenario_desk import NO_CONVERTER, READER, Desk, Stage, at

from sync.ledger.store import Ledger
from sync.mockorg.faults import Fault, FaultKind

APPLY = ("apply", "plan.json", "--yes", "--max-failures", "100%")


@pytest.mark.slow
@at(Stage.PLANNED)
def test_nothing_left_to_do_is_done(quick_desk: Desk) -> None:
    desk = quick_desk
    desk.run("recover").expect(0)
    lead_id = min(desk.world.convertible)
    assert desk.json("convert", lead_id, "--yes")["outcomes"]["applied"] == 1
    assert desk.json("pull")["objects"]["Account"]["changed"] >= 0


@at(Stage.PLANNED)
def test_leads_that_the_org_refuses_end_with_4(desk: Desk) -> None:
    said = desk.run(*APPLY).expect(4)
    assert "FIELD_CUSTOM_VALIDATION_EXCEPTION" in said.out


@at(Stage.PULLED)
def test_leads_that_a_strict_plan_holds_end_with_4(quick_desk: Desk) -> None:
    quick_desk.run("plan", "-o", "strict.json").expect(0)
    quick_desk.run("plan", "-o", "strict.json", "--strict").expect(4)


@at(Stage.PLANNED)
def test_an_ended_session_ends_with_3_and_says_how_to_get_a_new_one(quick_desk: Desk) -> None:
    desk = quick_desk
    before = desk.contents()
    desk.mock.expire_sessions()
    lead_id = min(desk.world.convertible)
    for command in (
        "doctor",
        "pull",
        "plan",
        "apply plan.json --yes",
        "sync",
        "mapping lint",
        f"convert {lead_id} --yes",
    ):
        said = desk.run(*command.split()).expect(3)
        assert "access token has expired" in said.err
        assert "LEADGATE_ACCESS_TOKEN" in said.err
    assert desk.contents() == before


@pytest.mark.parametrize(("user", "right"), [(NO_CONVERTER, "Convert Leads"), (READER, "Edit on Lead")])
def test_a_missing_permission_is_named_by_the_doctor_who_ends_with_3(quick_desk: Desk, user: str, right: str) -> None:
    desk = quick_desk
    desk.login(user)
    said = desk.run("doctor").expect(3)
    assert right in " ".join(said.out.split())


def test_what_only_a_compensation_needs_is_a_note_and_no_fault(quick_desk: Desk) -> None:
    def noted(user: str | None) -> dict[str, str]:
        quick_desk.login(user)
        document = quick_desk.json("doctor")
        assert document["exit_code"] == 0
        (check,) = [check for check in document["checks"] if check["area"] == "compensation"]
        return dict(check)

    assert noted(None)["level"] == "ok"
    seller = noted("ruth.castellan@northgate-sales.example")
    assert seller["level"] == "note"
    assert "Delete on Opportunity, Delete on Contact, Delete on Account" in seller["found"]
    assert "Create on Lead" not in seller["found"]
    assert "leadgate compensate" in " ".join(quick_desk.run("doctor").expect(0).out.split())


@at(Stage.PLANNED)
def test_a_user_who_may_not_convert_changes_nothing_and_the_report_names_the_right(quick_desk: Desk) -> None:
    before = quick_desk.converted
    quick_desk.login(NO_CONVERTER)
    document = quick_desk.json(*APPLY, code=4)
    refused = {lead["lead_id"] for lead in document["leads"] if lead["code"] == "INSUFFICIENT_ACCESS_OR_READONLY"}
    assert refused >= quick_desk.world.convertible - waiting(quick_desk)
    assert quick_desk.converted == before
    causes = {cause["code"]: cause for cause in quick_desk.json("report")["causes"]}
    assert "access" in causes["INSUFFICIENT_ACCESS_OR_READONLY"]["fix"]


def waiting(desk: Desk) -> set[str]:
    """Leads whose company's account is made by another lead's conversion, so that they are not sent without it."""
    fates = desk.json("report")["leads"]
    return {fate["lead_id"] for fate in fates if fate["code"] == "account_not_made"}


@at(Stage.PLANNED)
def test_a_token_that_soap_refuses_ends_with_3_before_anything_is_converted(quick_desk: Desk) -> None:
    before = quick_desk.converted
    quick_desk.settle(LEADGATE_ACCESS_TOKEN=quick_desk.mock.login(jwt_token=True))
    assert "JWT" in quick_desk.run("doctor").expect(3).out
    quick_desk.run(*APPLY).expect(3)
    assert quick_desk.converted == before


@at(Stage.PLANNED)
def test_an_exhausted_quota_ends_with_6_and_what_was_not_reached_is_done_by_the_next_run(quick_desk: Desk) -> None:
    quick_desk.mock.add_fault(Fault(kind=FaultKind.LIMIT, route="soap.convertLead", times=None))
    document = quick_desk.json(*APPLY, code=6)
    assert document["code"] == "REQUEST_LIMIT_EXCEEDED"
    assert document["outcomes"]["not_reached"] > 0
    assert sum(document["outcomes"].values()) == document["planned"]
    quick_desk.mock.clear_faults()
    quick_desk.run(*APPLY).expect(4)
    assert quick_desk.world.convertible <= quick_desk.converted


@pytest.mark.slow
@at(Stage.PLANNED)
def test_an_answer_lost_for_good_ends_with_5_and_recover_closes_it(desk: Desk) -> None:
    before = desk.converted
    desk.mock.add_fault(
        Fault(kind=FaultKind.DROP, route="soap.convertLead", effect=True),
        # leads, tasks and events are read before; from then on nobody may read
        Fault(kind=FaultKind.UNAUTHORIZED, route="collections.retrieve", times=None, skip=3),
    )
    document = desk.json(*APPLY, code=5)
    in_doubt = document["outcomes"]["in_doubt"]
    assert in_doubt > 0
    assert sum(document["outcomes"].values()) == document["planned"]
    converted = desk.converted - before
    assert len(converted) == in_doubt

    desk.json("recover", code=5)
    desk.mock.clear_faults()
    found = desk.json("recover")
    assert {closed["lead_id"] for closed in found["closed"]} == converted
    assert {closed["state"] for closed in found["closed"]} == {"applied"}
    desk.run(*APPLY).expect(4)
    assert desk.converted - before == desk.world.convertible


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limit", "override"),
    [
        ("conversions: 3", "--max-conversions"),
        ("share_of_open: 1%", "--max-share"),
        ("per_owner: 1", "--max-per-owner"),
        ("api_reserve: 100%", "--api-reserve"),
    ],
)
@at(Stage.PULLED)
def test_a_guard_ends_with_6_and_names_the_option_that_lets_the_run_pass(
    quick_desk: Desk, limit: str, override: str
) -> None:
    name = limit.partition(":")[0]
    policy = quick_desk.folder / "config" / "readiness.yaml"
    lines = [line for line in policy.read_text("utf-8").splitlines() if not line.strip().startswith(f"{name}:")]
    where = lines.index("limits:") + 1
    policy.write_text("\n".join([*lines[:where], f"  {limit}", *lines[where:]]), "utf-8")
    before = quick_desk.contents()

    planned = quick_desk.json("plan", "-o", "plan.json", code=6)
    assert [guard["override"].split()[0] for guard in planned["guards"]] == [override]
    refused = quick_desk.json(*APPLY, code=6)
    assert override in refused["error"]["fix"]
    assert quick_desk.contents() == before

    quick_desk.run(*APPLY, *planned["guards"][0]["override"].split()).expect(4)
    assert quick_desk.world.convertible <= quick_desk.converted


@pytest.mark.slow
def test_a_mirror_of_the_day_before_yesterday_is_held_back_by_a_guard(quick_desk: Desk) -> None:
    quick_desk.mock.clock.advance(timedelta(days=-2))
    quick_desk.run("pull").expect(0)
    quick_desk.mock.clock.advance(timedelta(days=2))
    quick_desk.login()
    assert "48 hours old" in quick_desk.run("plan", "-o", "plan.json").expect(6).out
    assert "--allow-stale" in quick_desk.run(*APPLY).expect(6).err
    one = ("convert", min(quick_desk.world.convertible), "--no-pull", "--yes")
    assert "--allow-stale" in quick_desk.run(*one).expect(6).err
    quick_desk.run(*one, "--allow-stale").expect(0)
    quick_desk.run(*APPLY, "--allow-stale").expect(4)


@pytest.mark.slow
def test_a_pull_without_leads_is_held_back_by_a_guard(quick_desk: Desk) -> None:
    for lead_id in list(quick_desk.rows("Lead")):
        quick_desk.delete("Lead", lead_id)
    quick_desk.run("pull").expect(0)
    assert "empty_pull" in quick_desk.run("sync").expect(6).err


@pytest.mark.slow
@at(Stage.PLANNED)
def test_another_run_that_holds_the_org_ends_with_7(quick_desk: Desk) -> None:
    desk = quick_desk
    before = desk.contents()
    with Ledger.open(desk.state / "ledger.sqlite") as ledger, ledger.lease(desk.mock.org_id):
        for command in (APPLY, ("sync",), ("recover",), ("convert", min(desk.world.convertible), "--yes")):
            assert "another run" in desk.run(*command).expect(7).err
    assert desk.contents() == before
    desk.run(*APPLY).expect(4)


@at(Stage.PLANNED)
def test_nobody_to_ask_is_a_wrong_use_and_nothing_happens(quick_desk: Desk) -> None:
    before = quick_desk.contents()
    assert "--yes" in quick_desk.run("apply", "plan.json").expect(2).err
    assert "--yes" in quick_desk.run("convert", min(quick_desk.world.convertible)).expect(2).err
    assert quick_desk.contents() == before
