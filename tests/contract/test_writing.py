"""Writing: each record gets one answer, in order; a human's edit wins; nothing else changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from sync.mockorg.faults import Fault, FaultKind
from sync.salesforce.org import Accepted, Changed, RecordCreate, RecordUpdate, Refused, Unknown
from sync.salesforce.values import moment_of

if TYPE_CHECKING:
    from org_stage import Stage

    from sync.mockorg import MockOrg
    from sync.salesforce.client import SalesforceClient

WORKING = "Working - Contacted"


def status(lead: str, to: str = WORKING, *, seen: datetime | None = None) -> RecordUpdate:
    return RecordUpdate(object="Lead", id=lead, values={"Status": to}, unmodified_since=seen)


def modified(stage: Stage, lead: str) -> datetime:
    return moment_of(stage.row("Lead", lead)["LastModifiedDate"])


def test_an_untouched_record_takes_the_guarded_update(stage: Stage, org: SalesforceClient) -> None:
    (lead,) = stage.leads(1)
    assert org.update_guarded([status(lead, seen=modified(stage, lead))]) == [Accepted(id=lead)]
    assert stage.row("Lead", lead)["Status"] == WORKING


def test_a_record_that_moved_keeps_the_other_edit(stage: Stage, mock: MockOrg, org: SalesforceClient) -> None:
    touched, untouched = stage.leads(2)
    seen = modified(stage, touched)
    mock.clock.advance(timedelta(seconds=2))
    stage.edit("Lead", touched, Company="Moved")
    assert org.update_guarded([status(touched, seen=seen), status(untouched, seen=seen)]) == [
        Changed(),
        Accepted(id=untouched),
    ]
    row = stage.row("Lead", touched)
    assert (row["Status"], row["Company"]) == ("Open - Not Contacted", "Moved")


def test_guarded_updates_go_by_twenty_fives_and_answer_in_order(
    stage: Stage, mock: MockOrg, org: SalesforceClient
) -> None:
    leads = stage.leads(60)
    seen = modified(stage, leads[0])
    org.identity  # noqa: B018 -- so that only the updates are counted
    mock.requests.reset()
    assert org.update_guarded([status(lead, seen=seen) for lead in leads]) == [Accepted(id=lead) for lead in leads]
    assert sum(entry.api_calls for entry in mock.requests.last) == 3


def test_a_refused_record_keeps_the_others_going(stage: Stage, org: SalesforceClient) -> None:
    first, wrong, gone, last = stage.leads(4)
    stage.call("DELETE", f"/sobjects/Lead/{gone}")
    updates = [
        status(first),
        RecordUpdate(object="Lead", id=wrong, values={"Nonsense__c": "x"}),
        status(gone),
        status(last),
    ]
    for answers in (org.update_guarded(updates), org.update(updates)):
        assert isinstance(answers[0], Accepted)
        assert isinstance(answers[1], Refused)
        assert isinstance(answers[2], Refused)
        assert isinstance(answers[3], Accepted)
        assert answers[2].code in {"ENTITY_IS_DELETED", "NOT_FOUND"}
        assert not answers[2].retryable


def test_five_collections_of_two_hundred_go_in_a_call_and_answer_in_order(
    stage: Stage, mock: MockOrg, org: SalesforceClient
) -> None:
    leads = stage.leads(401)
    org.identity  # noqa: B018 -- so that only the updates are counted
    mock.requests.reset()
    assert org.update([status(lead) for lead in leads]) == [Accepted(id=lead) for lead in leads]
    assert sum(entry.api_calls for entry in mock.requests.last) == 1


def test_what_the_org_refuses_in_one_collection_of_a_call_is_told_of_that_record_alone(
    stage: Stage, org: SalesforceClient
) -> None:
    leads = stage.leads(401)
    updates = [status(lead) for lead in leads]
    updates[300] = RecordUpdate(object="Lead", id=leads[300], values={"LastName": None})
    answers = org.update(updates)
    assert [number for number, answer in enumerate(answers) if answer != Accepted(id=leads[number])] == [300]


def test_the_same_record_twice_goes_in_two_calls(stage: Stage, org: SalesforceClient) -> None:
    (lead,) = stage.leads(1)
    assert org.update([status(lead), status(lead, "Closed - Not Converted")]) == [Accepted(id=lead)] * 2
    assert stage.row("Lead", lead)["Status"] == "Closed - Not Converted"


def test_every_type_of_value_arrives_and_none_clears(stage: Stage, org: SalesforceClient) -> None:
    (account,) = stage.create("Account", {"Name": stage.tag})
    (deal,) = stage.create(
        "Opportunity",
        {"Name": "x", "StageName": "Prospecting", "CloseDate": "2030-01-31", "NextStep": "y", "AccountId": account},
    )
    values = {
        "Amount": Decimal("1234.56"),
        "CloseDate": date(2031, 2, 28),
        "IsPrivate": False,
        "Probability": 45,
        "NextStep": None,
        "Name": "Ünïcode “deal” & <sons>\nsecond line",
    }
    assert org.update([RecordUpdate(object="Opportunity", id=deal, values=values)]) == [Accepted(id=deal)]
    row = stage.row("Opportunity", deal)
    assert row["Amount"] == 1234.56
    assert row["CloseDate"] == "2031-02-28"
    assert row["NextStep"] is None
    assert row["Name"].startswith("Ünïcode “deal” & <sons>")


def test_a_moment_arrives_in_utc(stage: Stage, org: SalesforceClient) -> None:
    (lead,) = stage.leads(1)
    start = datetime(2030, 5, 1, 9, 30, tzinfo=UTC)
    (event,) = stage.create(
        "Event", {"Subject": "x", "WhoId": lead, "ActivityDateTime": "2030-01-01T00:00:00Z", "DurationInMinutes": 30}
    )
    values = {"StartDateTime": start, "EndDateTime": start + timedelta(minutes=30)}
    assert org.update_guarded([RecordUpdate(object="Event", id=event, values=values)]) == [Accepted(id=event)]
    assert moment_of(stage.row("Event", event)["StartDateTime"]) == start


def test_a_status_update_never_runs_assignment_rules(stage: Stage, mock: MockOrg, org: SalesforceClient) -> None:
    guarded, plain = stage.leads(2)
    before = {lead: stage.row("Lead", lead)["OwnerId"] for lead in (guarded, plain)}
    org.update_guarded([status(guarded)])
    org.update([status(plain)])
    assert {lead: stage.row("Lead", lead)["OwnerId"] for lead in (guarded, plain)} == before


def test_a_locked_row_is_refused_as_retryable(stage: Stage, mock: MockOrg, org: SalesforceClient) -> None:
    free, locked = stage.leads(2)
    for update in (org.update, org.update_guarded):
        mock.add_fault(Fault(kind=FaultKind.ROW_LOCK, record=locked))
        accepted, refused = update([status(free), status(locked)])
        assert isinstance(accepted, Accepted)
        assert isinstance(refused, Refused)
        assert (refused.code, refused.retryable) == ("UNABLE_TO_LOCK_ROW", True)


def test_nothing_to_update_asks_nothing(mock: MockOrg, org: SalesforceClient) -> None:
    assert org.update([]) == org.update_guarded([]) == org.convert([]) == org.bulk_update([]) == []
    assert mock.requests.last == ()


def test_records_are_made_in_one_call_and_answer_in_order(stage: Stage, mock: MockOrg, org: SalesforceClient) -> None:
    org.identity  # noqa: B018 -- so that only the write is counted
    mock.requests.reset()
    good = {"LastName": "O'Brien <&>", "Company": "Acme", "Status": WORKING}
    made = org.create([RecordCreate(object="Lead", values=values) for values in (good, {"Company": "No name"}, good)])
    assert len(mock.requests.last) == 1
    match made:
        case [Accepted(id=first, created=True), Refused(code="REQUIRED_FIELD_MISSING"), Accepted(id=second)]:
            assert first != second
            assert stage.row("Lead", first)["LastName"] == "O'Brien <&>"
        case _:
            raise AssertionError(made)


def test_a_create_without_an_answer_is_unknown_and_not_sent_again(mock: MockOrg, org: SalesforceClient) -> None:
    values = {"LastName": "Once", "Company": "Acme"}
    org.identity  # noqa: B018 -- asked before the fault
    mock.add_fault(Fault(kind=FaultKind.DROP, route="collections.create", effect=True))
    assert [type(answer) for answer in org.create([RecordCreate(object="Lead", values=values)])] == [Unknown]
    assert org.count("SELECT COUNT() FROM Lead WHERE LastName = 'Once'") == 1


def test_records_are_deleted_in_one_call_and_answer_in_order(
    stage: Stage, mock: MockOrg, org: SalesforceClient
) -> None:
    leads = stage.leads(2)
    org.identity  # noqa: B018 -- so that only the write is counted
    mock.requests.reset()
    answers = org.delete([leads[0], leads[0][:15] + "AAA", leads[1]])
    assert len(mock.requests.last) == 1
    assert [type(answer) for answer in answers] == [Accepted, Refused, Accepted]
    assert org.retrieve("Lead", leads, ["Id"]) == [None, None]
