"""Reading: what comes back is what the org holds, whole, in order, in our types."""

# ruff: noqa: S608 -- SOQL of ids that the test itself made
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from sync.errors import OrgFault
from sync.mockorg.faults import Fault, FaultKind
from sync.salesforce.org import AskDeleted, AskRows, AskUpdated, Changes, Rows
from sync.salesforce.soql import soql

if TYPE_CHECKING:
    from org_stage import Stage

    from sync.mockorg import MockOrg
    from sync.salesforce.client import SalesforceClient


def test_the_client_says_who_it_is_and_where(stage: Stage, org: SalesforceClient) -> None:
    me = org.identity
    assert me.org_id.startswith("00D")
    assert len(me.org_id) == 18
    assert me.user_id.startswith("005")
    assert "@" in me.username
    assert me.org_name
    assert me.instance_url == stage.url
    assert (me.api_version, me.token_kind) == ("66.0", "opaque")


def test_a_version_newer_than_the_org_is_clamped_to_its_newest(stage: Stage, mock: MockOrg) -> None:
    stage.settings = replace(stage.settings, api_version="999.0")
    newest = float(stage.client().identity.api_version)
    assert 66 <= newest < 999


def test_a_remembered_identity_is_not_asked_for_again(stage: Stage, mock: MockOrg) -> None:
    me = stage.client().identity
    mock.requests.reset()
    assert stage.client(known=me).identity == me
    assert mock.requests.last == ()


def test_a_describe_lists_fields_with_their_types_and_rights(org: SalesforceClient) -> None:
    lead = org.describe("Lead")
    assert lead is not None
    assert lead.key_prefix == "00Q"
    assert lead.updateable
    company, status, converted = lead.field("company"), lead.field("Status"), lead.field("IsConverted")
    assert company is not None
    assert (company.name, company.type, company.nillable, company.updateable) == ("Company", "string", False, True)
    assert status is not None
    assert status.type == "picklist"
    assert status.picklist
    assert converted is not None
    assert not converted.updateable
    assert any(record_type.master for record_type in lead.record_types)


def test_an_object_that_is_not_there_is_an_answer_and_not_an_error(org: SalesforceClient) -> None:
    found = org.describe_many(["Lead", "Nowhere__c", "Opportunity"])
    assert list(found) == ["Lead", "Nowhere__c", "Opportunity"]
    assert found["Nowhere__c"] is None


def test_describes_are_asked_once_and_together(mock: MockOrg, org: SalesforceClient) -> None:
    org.identity  # noqa: B018 -- so that only the describes are counted
    mock.requests.reset()
    org.describe_many(["Lead", "Account", "Contact", "Opportunity", "Nowhere__c"])
    org.describe("Account")
    assert [entry.operation for entry in mock.requests.last if entry.api_calls] == ["composite"]


def test_the_status_objects_say_what_converts_and_what_closes(org: SalesforceClient) -> None:
    statuses = org.lead_statuses()
    assert any(status.converted for status in statuses)
    assert [status.order for status in statuses] == sorted(status.order for status in statuses)
    assert sum(status.default for status in statuses) == 1
    stages = org.stages()
    assert any(entry.won and entry.closed for entry in stages)


def test_rows_come_flat_with_parents_and_exact_numbers(stage: Stage, org: SalesforceClient) -> None:
    (lead,) = stage.leads(1, AnnualRevenue=1234567.89, NumberOfEmployees=12)
    fields = "Id, Company, AnnualRevenue, NumberOfEmployees, IsConverted, Phone, Owner.Name"
    (row,) = org.query(f"SELECT {fields} FROM Lead WHERE Id = '{lead}'")
    assert row["Id"] == lead
    assert row["AnnualRevenue"] == Decimal("1234567.89")
    assert row["NumberOfEmployees"] == 12
    assert row["IsConverted"] is False
    assert row["Phone"] is None
    assert row["Owner.Name"]
    assert "attributes" not in row


def test_a_query_is_followed_to_its_last_page(stage: Stage, mock: MockOrg, org: SalesforceClient) -> None:
    made = stage.leads(450)
    mock.add_fault(Fault(kind=FaultKind.SMALL_PAGES, size=200, times=None))
    found = [row["Id"] for row in org.query("SELECT Id FROM Lead ORDER BY Id")]
    assert sorted(found) == sorted(made)


def test_a_query_too_long_for_a_url_is_answered_too(stage: Stage, org: SalesforceClient) -> None:
    made = stage.leads(3)
    padding = ",".join(f"'{number:018}'" for number in range(900))
    soql = f"SELECT Id FROM Lead WHERE Id IN ({','.join(repr(i) for i in made)}) AND Company NOT IN ({padding})"
    assert len(soql) > 16_384
    assert sorted(row["Id"] for row in org.query(soql)) == sorted(made)


def test_several_queries_take_one_call_for_five_and_answer_in_order(
    stage: Stage, mock: MockOrg, org: SalesforceClient
) -> None:
    made = stage.leads(7)
    org.identity  # noqa: B018 -- so that only the queries are counted
    mock.requests.reset()
    answers = org.query_many([f"SELECT Id FROM Lead WHERE Id = '{lead}'" for lead in made])
    assert [[row["Id"] for row in rows] for rows in answers] == [[lead] for lead in made]
    assert sum(entry.api_calls for entry in mock.requests.last) == 2


def test_each_query_of_several_is_followed_to_its_last_page(stage: Stage, mock: MockOrg, org: SalesforceClient) -> None:
    made = stage.leads(410)
    mock.add_fault(Fault(kind=FaultKind.SMALL_PAGES, size=200, times=None))
    forward, back = org.query_many(["SELECT Id FROM Lead ORDER BY Id", "SELECT Id FROM Lead ORDER BY Id DESC"])
    assert [row["Id"] for row in forward] == [row["Id"] for row in reversed(back)]
    assert len(forward) == len(made)


def test_counts_are_counts(stage: Stage, org: SalesforceClient) -> None:
    stage.leads(3)
    where = f"WHERE Company LIKE 'Co {stage.tag}%'"
    assert org.count(f"SELECT COUNT() FROM Lead {where}") == 3
    assert org.count_many(
        [f"SELECT COUNT() FROM Lead {where}", f"SELECT COUNT() FROM Contact WHERE Name = '{stage.tag}'"]
    ) == [
        3,
        0,
    ]


def test_a_refused_query_names_the_code_and_not_the_query(org: SalesforceClient) -> None:
    with pytest.raises(OrgFault) as refused:
        list(org.query("SELECT Id, Nonsense__c FROM Lead WHERE Email = 'ada@acme.example'"))
    assert refused.value.code == "INVALID_FIELD"
    assert "Nonsense__c" in refused.value.message
    assert "acme.example" not in refused.value.message


def test_a_refused_query_among_several_is_an_error(org: SalesforceClient) -> None:
    with pytest.raises(OrgFault) as refused:
        org.query_many(["SELECT Id FROM Lead LIMIT 1", "SELECT Id FROM Nowhere__c"])
    assert refused.value.code == "INVALID_TYPE"


def test_deleted_rows_come_only_when_asked_for(stage: Stage, org: SalesforceClient) -> None:
    (lead,) = stage.leads(1)
    stage.call("DELETE", f"/sobjects/Lead/{lead}")
    soql = f"SELECT Id, IsDeleted FROM Lead WHERE Id = '{lead}'"
    assert list(org.query(soql)) == []
    assert list(org.query(soql, all_rows=True)) == [{"Id": lead, "IsDeleted": True}]


def test_rows_by_id_keep_the_order_and_leave_holes(stage: Stage, org: SalesforceClient) -> None:
    first, gone, last = stage.leads(3)
    stage.call("DELETE", f"/sobjects/Lead/{gone}")
    found = org.retrieve("Lead", [last, gone, first], ["Company"])
    assert [row and row["Id"] for row in found] == [last, None, first]
    assert found[0] == {"Id": last, "Company": f"Co {stage.tag} 2"}


def test_more_than_two_thousand_records_are_read_in_one_call(
    stage: Stage, mock: MockOrg, org: SalesforceClient
) -> None:
    first, last = stage.leads(2)
    nobody = [f"00Q{number:012d}AAA" for number in range(4_000)]
    org.identity  # noqa: B018 -- so that only the reading is counted
    mock.requests.reset()
    found = org.retrieve("Lead", [first, *nobody, last], ["Company"])
    assert (found[0] or {})["Id"] == first
    assert (found[-1] or {})["Id"] == last
    assert found[1:-1] == [None] * 4_000
    assert sum(entry.api_calls for entry in mock.requests.last) == 1


def test_changes_in_a_window_come_with_the_safe_watermark(stage: Stage, org: SalesforceClient) -> None:
    (lead, gone) = stage.leads(2)
    stage.call("DELETE", f"/sobjects/Lead/{gone}")
    org.identity  # noqa: B018 -- the first reply sets the org's clock
    start, end = org.now() - timedelta(hours=1), org.now() + timedelta(minutes=1)
    changed = org.updated("Lead", start, end)
    assert lead in changed.ids
    assert changed.covered_until.tzinfo is not None
    deleted = org.deleted("Lead", start, end)
    assert gone in deleted.ids
    assert deleted.deleted_at[gone].tzinfo is not None


def test_limits_come_as_maximum_and_remaining(org: SalesforceClient) -> None:
    most, left = org.limits()["DailyApiRequests"]
    assert 0 <= left <= most


def test_the_quota_is_read_from_every_reply(stage: Stage, org: SalesforceClient) -> None:
    assert org.usage() is None
    list(org.query("SELECT Id FROM Lead LIMIT 1"))
    before = org.usage()
    list(org.query("SELECT Id FROM Lead LIMIT 1"))
    after = org.usage()
    assert before is not None
    assert after is not None
    assert after.used > before.used
    assert (before.sent_by_us, after.sent_by_us) == (1, 2)


def test_questions_of_different_kinds_share_a_call_and_answer_each_for_itself(
    stage: Stage, mock: MockOrg, org: SalesforceClient
) -> None:
    kept, gone = stage.leads(2)
    stage.call("DELETE", f"/sobjects/Lead/{gone}")
    org.identity  # noqa: B018 -- so that only the questions are counted
    start, end = org.now() - timedelta(hours=1), org.now() + timedelta(minutes=1)
    mock.requests.reset()
    updated, deleted, rows, counted, wrong = org.ask(
        [
            AskUpdated(object="Lead", start=start, end=end),
            AskDeleted(object="Lead", start=start, end=end),
            AskRows(soql="SELECT Id FROM Lead", all_rows=False),
            AskRows(soql="SELECT COUNT() FROM Lead"),
            AskRows(soql="SELECT Id FROM Nowhere__c"),
        ]
    )
    assert isinstance(updated, Changes)
    assert kept in updated.ids
    assert isinstance(deleted, Changes)
    assert deleted.ids == (gone,)
    assert rows == Rows(records=({"Id": kept},), total=1)
    assert counted == Rows(records=(), total=2)
    assert isinstance(wrong, OrgFault)
    assert wrong.code == "INVALID_TYPE"
    assert sum(entry.api_calls for entry in mock.requests.last) == 1


def test_a_sixth_query_needs_a_second_call(stage: Stage, mock: MockOrg, org: SalesforceClient) -> None:
    made = stage.leads(6)
    org.identity  # noqa: B018 -- so that only the questions are counted
    mock.requests.reset()
    told = org.ask([AskRows(soql=soql("SELECT Id FROM Lead WHERE Id = {lead}", lead=lead)) for lead in made])
    assert told == [Rows(records=({"Id": lead},), total=1) for lead in made]
    assert sum(entry.api_calls for entry in mock.requests.last) == 2


def test_a_value_cannot_leave_its_quotes(stage: Stage, org: SalesforceClient) -> None:
    odd = "O'Brien \\ \"Sons\"' OR Name != '"
    (wanted, _other) = stage.create("Lead", {"LastName": odd, "Company": "x"}, {"LastName": "Other", "Company": "x"})
    for query in (
        soql("SELECT Id FROM Lead WHERE LastName = {odd}", odd=odd),
        soql("SELECT Id FROM Lead WHERE LastName IN {odd}", odd=[odd]),
    ):
        assert [row["Id"] for row in org.query(query)] == [wanted]
