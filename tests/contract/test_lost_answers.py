"""Lost answers: what is unknown says so, what never ran says so, and nothing is sent twice."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from sync.errors import AccessRefused, OrgFault, OrgUnavailable
from sync.mockorg.faults import Fault, FaultKind
from sync.salesforce.org import Accepted, Answer, LeadConvert, NotSent, RecordUpdate, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from org_stage import Stage

    from sync.mockorg import MockOrg
    from sync.salesforce.client import SalesforceClient

SOQL = "SELECT Id FROM Lead"
LOST = [
    Fault(kind=FaultKind.TIMEOUT),
    Fault(kind=FaultKind.TIMEOUT, effect=True),
    Fault(kind=FaultKind.DROP),
    Fault(kind=FaultKind.DROP, effect=True),
    Fault(kind=FaultKind.TRUNCATE, effect=True),
    Fault(kind=FaultKind.SERVER_ERROR),
    Fault(kind=FaultKind.SERVER_ERROR, effect=True),
    Fault(kind=FaultKind.BAD_GATEWAY),
    Fault(kind=FaultKind.UNAVAILABLE, effect=True),
]
NAMES = [f"{fault.kind}{'-after-effect' if fault.effect else ''}" for fault in LOST]
WRITES = {"guarded": "composite", "collection": "collections.update", "convert": "soap.convertLead"}


def write(org: SalesforceClient, route: str, lead: str) -> list[Answer]:
    update = RecordUpdate(object="Lead", id=lead, values={"Status": "Working - Contacted"})
    routes: dict[str, Callable[[], list[Answer]]] = {
        "guarded": lambda: org.update_guarded([update]),
        "collection": lambda: org.update([update]),
        "convert": lambda: org.convert([LeadConvert(lead_id=lead, converted_status="Closed - Converted")]),
    }
    return routes[route]()


def only(fault: Fault, route: str, *, times: int | None = 1) -> Fault:
    return Fault(kind=fault.kind, effect=fault.effect, route=route, times=times)


@pytest.mark.parametrize("route", WRITES)
@pytest.mark.parametrize("fault", LOST, ids=NAMES)
def test_a_write_whose_answer_is_lost_is_unknown_and_sent_once(
    stage: Stage, mock: MockOrg, org: SalesforceClient, route: str, fault: Fault
) -> None:
    (lead,) = stage.leads(1)
    org.identity  # noqa: B018 -- so that only the write is counted
    mock.requests.reset()
    mock.add_fault(only(fault, WRITES[route]))
    (answer,) = write(org, route, lead)
    assert isinstance(answer, Unknown)
    assert [entry.operation for entry in mock.requests.last] == [WRITES[route]]
    row = stage.row("Lead", lead)
    assert (row["Status"] != "Open - Not Contacted") is fault.effect


@pytest.mark.parametrize("fault", LOST, ids=NAMES)
def test_a_read_is_asked_again_until_it_is_answered(
    stage: Stage, mock: MockOrg, org: SalesforceClient, fault: Fault
) -> None:
    made = stage.leads(3)
    mock.add_fault(only(fault, "query", times=2))
    assert sorted(str(row["Id"]) for row in org.query(SOQL)) == sorted(made)
    assert len(stage.slept) == 2


def test_a_read_that_is_never_answered_ends(stage: Stage, mock: MockOrg, org: SalesforceClient) -> None:
    mock.add_fault(Fault(kind=FaultKind.UNAVAILABLE, route="query", times=None))
    with pytest.raises(OrgUnavailable) as ended:
        list(org.query(SOQL))
    assert "<" not in ended.value.message
    assert len(stage.slept) == 3


def test_a_used_up_quota_stops_at_once_and_nothing_ran(stage: Stage, mock: MockOrg, org: SalesforceClient) -> None:
    (lead,) = stage.leads(1)
    mock.add_fault(Fault(kind=FaultKind.LIMIT, times=None))
    for route in WRITES:
        (answer,) = write(org, route, lead)
        assert isinstance(answer, NotSent)
        assert answer.code == "REQUEST_LIMIT_EXCEEDED"
    with pytest.raises(OrgFault) as refused:
        list(org.query(SOQL))
    assert refused.value.code == "REQUEST_LIMIT_EXCEEDED"
    assert stage.slept == []


def test_after_a_refused_call_the_rest_stays_unsent(stage: Stage, mock: MockOrg, org: SalesforceClient) -> None:
    leads = stage.leads(60)
    mock.add_fault(Fault(kind=FaultKind.LIMIT, route="composite", skip=1, times=None))
    updates = [RecordUpdate(object="Lead", id=lead, values={"Title": "x"}) for lead in leads]
    answers = org.update_guarded(updates)
    assert answers[:25] == [Accepted(id=lead) for lead in leads[:25]]
    assert [getattr(answer, "code", None) for answer in answers[25:50]] == ["REQUEST_LIMIT_EXCEEDED"] * 25
    assert [getattr(answer, "code", None) for answer in answers[50:]] == ["STOPPED_EARLIER"] * 10


def test_one_lost_call_does_not_stop_the_rest_but_two_in_a_row_do(
    stage: Stage, mock: MockOrg, org: SalesforceClient
) -> None:
    leads = stage.leads(100)
    updates = [RecordUpdate(object="Lead", id=lead, values={"Title": "x"}) for lead in leads]
    mock.add_fault(Fault(kind=FaultKind.DROP, route="composite"))
    answers = org.update_guarded(updates)
    assert [type(answer) for answer in answers] == [Unknown] * 25 + [Accepted] * 75
    mock.add_fault(Fault(kind=FaultKind.DROP, route="composite", times=None))
    answers = org.update_guarded(updates)
    assert [type(answer) for answer in answers] == [Unknown] * 50 + [NotSent] * 50


def test_a_token_that_cannot_be_renewed_is_refused_access_and_nothing_ran(
    stage: Stage, mock: MockOrg, org: SalesforceClient
) -> None:
    (lead,) = stage.leads(1)
    org.identity  # noqa: B018 -- while the token still lives
    mock.expire_sessions()
    with pytest.raises(AccessRefused) as refused:
        list(org.query(SOQL))
    assert refused.value.place == "LEADGATE_ACCESS_TOKEN"
    for route in WRITES:
        (answer,) = write(org, route, lead)
        assert isinstance(answer, NotSent)
        assert answer.code == "INVALID_SESSION_ID"


def test_a_condition_outlives_a_renewed_session(stage: Stage, mock: MockOrg, tmp_path: object) -> None:
    """The condition and the other headers must be on the second sending too, or a human's edit is lost."""
    from test_login import settings_for  # noqa: PLC0415 -- the modes of logging in are that module's concern

    (lead,) = stage.leads(1)
    stage.settings = settings_for("client_credentials", stage, mock)
    org = stage.client()
    org.identity  # noqa: B018 -- logs in
    mock.expire_sessions()
    mock.requests.reset()
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)
    update = RecordUpdate(object="Lead", id=lead, values={"Title": "x"}, unmodified_since=long_ago)
    (answer,) = org.update_guarded([update])
    assert type(answer).__name__ == "Changed"
    assert [entry.operation for entry in mock.requests.last] == ["composite", "token", "composite"]
