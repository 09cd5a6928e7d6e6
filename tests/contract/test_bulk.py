"""Bulk jobs: all pages on disk, all rows accounted for, every ending heard."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sync.errors import OrgFault
from sync.mockorg.faults import Fault, FaultKind
from sync.salesforce.org import Accepted, NotSent, RecordUpdate, Refused, Unknown

if TYPE_CHECKING:
    from org_stage import Stage

    from sync.mockorg import MockOrg
    from sync.salesforce.client import SalesforceClient
    from sync.salesforce.org import CsvPages

SOQL = "SELECT Id, Company, Owner.Name FROM Lead"


def read(pages: CsvPages) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for file in pages.files:
        with file.open(encoding="utf-8", newline="") as lines:
            rows += csv.DictReader(lines)
    return rows


def test_a_bulk_query_brings_every_row_to_disk(stage: Stage, org: SalesforceClient, tmp_path: Path) -> None:
    made = stage.leads(250, Company=f'{stage.tag} "quoted",\nsecond line')
    jobs: list[str] = []
    where = f"Id IN ({','.join(repr(lead) for lead in made)})"
    pages = org.bulk_query(f"{SOQL} WHERE {where}", folder=tmp_path / "pages", on_job=jobs.append)
    rows = read(pages)
    assert sorted(row["Id"] for row in rows) == sorted(made)
    assert rows[0]["Company"] == f'{stage.tag} "quoted",\nsecond line'
    assert pages.columns == ("Id", "Company", "Owner.Name")
    assert pages.records == 250
    assert jobs == [pages.job_id]
    assert all(file.parent == tmp_path / "pages" for file in pages.files)
    assert not list((tmp_path / "pages").glob("*.part"))


def test_a_query_without_rows_is_no_error(org: SalesforceClient, tmp_path: Path) -> None:
    pages = org.bulk_query(f"{SOQL} WHERE Company = 'nobody at all'", folder=tmp_path)
    assert pages.records == 0
    assert read(pages) == []


def test_a_job_made_earlier_is_picked_up_by_its_id(stage: Stage, org: SalesforceClient, tmp_path: Path) -> None:
    stage.leads(3)
    first = org.bulk_query(SOQL, folder=tmp_path / "one")
    again = stage.client().bulk_query(SOQL, folder=tmp_path / "two", job_id=first.job_id)
    assert again.job_id == first.job_id
    assert read(again) == read(first)


def test_a_slow_job_is_waited_for_with_growing_pauses(
    stage: Stage, mock: MockOrg, org: SalesforceClient, tmp_path: Path
) -> None:
    stage.leads(2)
    mock.add_fault(Fault(kind=FaultKind.SLOW_JOB, polls=6))
    seen: list[int] = []
    assert org.bulk_query(SOQL, folder=tmp_path, on_progress=seen.append).records == 2
    assert stage.slept == sorted(stage.slept)
    assert len(stage.slept) >= 5
    assert seen[-1] == 2


def test_a_job_that_never_ends_keeps_its_id_for_the_next_run(
    stage: Stage, mock: MockOrg, org: SalesforceClient, tmp_path: Path
) -> None:
    stage.leads(1)
    mock.add_fault(Fault(kind=FaultKind.SLOW_JOB, polls=100_000))
    jobs: list[str] = []
    with pytest.raises(OrgFault) as unfinished:
        org.bulk_query(SOQL, folder=tmp_path, on_job=jobs.append)
    assert unfinished.value.code == "BULK_JOB_UNFINISHED"
    assert jobs[0] in unfinished.value.message


@pytest.mark.parametrize(
    ("kind", "code"), [(FaultKind.JOB_FAILED, "BULK_JOB_FAILED"), (FaultKind.JOB_ABORTED, "BULK_JOB_ABORTED")]
)
def test_a_query_job_that_ends_badly_says_so(
    mock: MockOrg, org: SalesforceClient, tmp_path: Path, kind: FaultKind, code: str
) -> None:
    mock.add_fault(Fault(kind=kind))
    with pytest.raises(OrgFault) as ended:
        org.bulk_query(SOQL, folder=tmp_path)
    assert ended.value.code == code


def test_a_page_that_breaks_off_is_fetched_again_and_never_half_there(
    stage: Stage, mock: MockOrg, org: SalesforceClient, tmp_path: Path
) -> None:
    stage.leads(200)
    mock.add_fault(Fault(kind=FaultKind.TRUNCATE, route="bulk.query.results", effect=True))
    assert len(read(org.bulk_query(SOQL, folder=tmp_path))) == 200


def test_a_bulk_update_answers_each_record_by_its_id(stage: Stage, org: SalesforceClient) -> None:
    leads = stage.leads(30)
    gone = leads[7]
    stage.call("DELETE", f"/sobjects/Lead/{gone}")
    jobs: list[str] = []
    updates = [RecordUpdate(object="Lead", id=lead, values={"Status": "Working - Contacted"}) for lead in leads]
    answers = org.bulk_update(updates, on_job=jobs.append)
    assert len(jobs) == 1
    for lead, answer in zip(leads, answers, strict=True):
        if lead == gone:
            assert isinstance(answer, Refused)
            assert answer.code in {"ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY"}
        else:
            assert answer == Accepted(id=lead)
    assert stage.row("Lead", leads[0])["Status"] == "Working - Contacted"


def test_a_bulk_update_clears_what_is_none_and_leaves_what_is_not_named(stage: Stage, org: SalesforceClient) -> None:
    cleared, kept = stage.leads(2, Phone="555-0100", Title="Boss")
    answers = org.bulk_update(
        [
            RecordUpdate(object="Lead", id=cleared, values={"Phone": None}),
            RecordUpdate(object="Lead", id=kept, values={"Title": 'a "quoted", title'}),
        ]
    )
    assert answers == [Accepted(id=cleared), Accepted(id=kept)]
    first, second = stage.row("Lead", cleared), stage.row("Lead", kept)
    assert (first["Phone"], first["Title"]) == (None, "Boss")
    assert (second["Phone"], second["Title"]) == ("555-0100", 'a "quoted", title')


def test_text_that_would_clear_a_field_is_not_sent(stage: Stage, org: SalesforceClient) -> None:
    odd, fine = stage.leads(2)
    answers = org.bulk_update(
        [
            RecordUpdate(object="Lead", id=odd, values={"Title": "#N/A"}),
            RecordUpdate(object="Lead", id=fine, values={"Title": "Chief"}),
        ]
    )
    assert isinstance(answers[0], NotSent)
    assert answers[1] == Accepted(id=fine)


@pytest.mark.parametrize("kind", [FaultKind.JOB_FAILED, FaultKind.JOB_ABORTED])
def test_a_bulk_update_that_ends_badly_accounts_for_each_record(
    stage: Stage, mock: MockOrg, org: SalesforceClient, kind: FaultKind
) -> None:
    leads = stage.leads(5)
    mock.add_fault(Fault(kind=kind))
    updates = [RecordUpdate(object="Lead", id=lead, values={"Title": "x"}) for lead in leads]
    for lead, answer in zip(leads, org.bulk_update(updates), strict=True):
        title = stage.row("Lead", lead)["Title"]
        match answer:
            case Accepted():
                assert title == "x"
            case NotSent():
                assert title is None
            case _:
                pytest.fail(f"neither done nor undone: {answer}")


@pytest.mark.parametrize(
    "fault", [Fault(kind=FaultKind.DROP, effect=effect, route="bulk.ingest.change") for effect in (False, True)]
)
def test_a_lost_answer_to_the_start_of_a_job_is_settled_by_the_job(
    stage: Stage, mock: MockOrg, org: SalesforceClient, fault: Fault
) -> None:
    leads = stage.leads(3)
    mock.add_fault(fault)
    updates = [RecordUpdate(object="Lead", id=lead, values={"Title": "x"}) for lead in leads]
    assert org.bulk_update(updates) == [Accepted(id=lead) for lead in leads]


def test_a_lost_upload_is_certainly_not_executed(stage: Stage, mock: MockOrg, org: SalesforceClient) -> None:
    leads = stage.leads(3)
    mock.add_fault(Fault(kind=FaultKind.DROP, route="bulk.ingest.upload", effect=True, times=None))
    updates = [RecordUpdate(object="Lead", id=lead, values={"Title": "x"}) for lead in leads]
    assert all(isinstance(answer, NotSent) for answer in org.bulk_update(updates))
    assert stage.row("Lead", leads[0])["Title"] is None


def test_results_that_cannot_be_read_leave_the_records_unknown(
    stage: Stage, mock: MockOrg, org: SalesforceClient
) -> None:
    leads = stage.leads(3)
    mock.add_fault(Fault(kind=FaultKind.SERVER_ERROR, route="bulk.ingest.successful", times=None))
    updates = [RecordUpdate(object="Lead", id=lead, values={"Title": "x"}) for lead in leads]
    answers = org.bulk_update(updates)
    assert all(isinstance(answer, Unknown) for answer in answers)
