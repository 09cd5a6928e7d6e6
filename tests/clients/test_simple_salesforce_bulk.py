"""simple-salesforce's Bulk API 2.0: queries in pages and files, rows in, each accounted for, jobs that fail."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from simple_client import leads, rows_of
from simple_salesforce import Salesforce, SalesforceMalformedRequest
from simple_salesforce.exceptions import SalesforceOperationError

from sync.mockorg.bulk.jobs import Course, JobState, Polls

if TYPE_CHECKING:
    from served import Served

pytestmark = pytest.mark.slow


def test_a_bulk_query_comes_in_pages(sf: Salesforce) -> None:
    made = leads(sf, 25, Company='Say "hi",\nLtd')
    pages = [
        str(page) for page in sf.bulk2.Lead.query("SELECT Id, Company, Owner.Name FROM Lead", max_records=10, wait=0)
    ]
    assert [len(rows_of(page)) for page in pages] == [10, 10, 5]
    rows = [row for page in pages for row in rows_of(page)]
    assert sorted(row["Id"] for row in rows) == sorted(made)
    assert list(rows[0]) == ["Id", "Company", "Owner.Name"]
    assert rows[0]["Company"] == 'Say "hi",\nLtd'


def test_a_bulk_query_is_written_to_files(sf: Salesforce, tmp_path: Path) -> None:
    leads(sf, 5)
    files = sf.bulk2.Lead.download("SELECT Id FROM Lead", path=str(tmp_path), max_records=3, wait=0)
    assert [each["number_of_records"] for each in files] == [3, 2]
    assert [len(rows_of(Path(each["file"]).read_text())) for each in files] == [3, 2]


def test_a_job_is_waited_for(https_org: Served, sf: Salesforce) -> None:
    https_org.mock.transitions.query = Course(pace=Polls(3))
    assert "".join(map(str, sf.bulk2.Lead.query("SELECT Id FROM Lead", wait=0))).splitlines() in ([], ['"Id"'])
    assert https_org.mock.requests.count("bulk.query.look") == 4


def test_a_failed_job_says_why(https_org: Served, sf: Salesforce) -> None:
    https_org.mock.transitions.query = Course(outcome=JobState.FAILED, message="InternalServerError: try again")
    with pytest.raises(SalesforceOperationError, match="InternalServerError: try again"):
        list(sf.bulk2.Lead.query("SELECT Id FROM Lead", wait=0))


def test_a_query_that_bulk_cannot_do_is_refused(sf: Salesforce) -> None:
    with pytest.raises(SalesforceMalformedRequest):
        list(sf.bulk2.Lead.query("SELECT Rating, COUNT(Id) FROM Lead GROUP BY Rating", wait=0))


def test_bulk_rows_are_inserted_updated_and_deleted_and_each_is_accounted_for(sf: Salesforce) -> None:
    rows = [{"LastName": f"Bulk {n}", "Company": "Acme" if n else ""} for n in range(4)]
    (made,) = sf.bulk2.Lead.insert(records=rows, wait=0)
    assert (made["numberRecordsProcessed"], made["numberRecordsFailed"]) == (4, 1)
    results = sf.bulk2.Lead.get_all_ingest_records(made["job_id"])
    assert [row["sf__Created"] for row in results["successfulRecords"]] == ["true"] * 3
    (failed,) = results["failedRecords"]
    assert re.fullmatch(r"REQUIRED_FIELD_MISSING:.+:Company ?--", failed["sf__Error"])
    assert (failed["sf__Id"], failed["LastName"]) == ("", "Bulk 0")
    assert results["unprocessedRecords"] == []

    one, two, three = (row["sf__Id"] for row in results["successfulRecords"])
    sf.Lead.update(one, {"Phone": "1"})
    changes = [
        {"Id": one, "Rating": "Hot", "Phone": "#N/A"},
        {"Id": two, "Rating": "", "Phone": "2"},
        {"Id": "00Q000000000000AAA", "Rating": "Hot", "Phone": "3"},
    ]
    (changed,) = sf.bulk2.Lead.update(records=changes, wait=0)
    assert (changed["numberRecordsProcessed"], changed["numberRecordsFailed"]) == (3, 1)
    text = sf.bulk2.Lead.get_failed_records(changed["job_id"])
    assert text.splitlines()[0].startswith('"sf__Id","sf__Error",')
    assert [row["Id"] for row in rows_of(text)] == ["00Q000000000000AAA"]
    assert (sf.Lead.get(one)["Rating"], sf.Lead.get(one)["Phone"], sf.Lead.get(two)["Phone"]) == ("Hot", None, "2")

    (deleted,) = sf.bulk2.Lead.delete(records=[{"Id": three}], wait=0)
    assert deleted["numberRecordsFailed"] == 0
    assert sf.query("SELECT COUNT() FROM Lead")["totalSize"] == 2


def test_an_aborted_job_leaves_its_rows_unprocessed(https_org: Served, sf: Salesforce) -> None:
    https_org.mock.transitions.ingest = Course(outcome=JobState.FAILED, message="TooManyLockFailure : ", rows_done=1)
    job = sf.bulk2.Lead._client.create_job("insert")
    sf.bulk2.Lead._client.upload_job_data(job["id"], "LastName,Company\nA,A\nB,B\nC,C\n")
    # the client's own helper forgets the job's id when the job fails, so its steps are taken one by one
    sf.bulk2.Lead._client.close_job(job["id"])
    with pytest.raises(SalesforceOperationError, match="TooManyLockFailure"):
        sf.bulk2.Lead._client.wait_for_job(job["id"], is_query=False, wait=0)
    results = sf.bulk2.Lead.get_all_ingest_records(job["id"])
    assert [row["LastName"] for row in results["successfulRecords"]] == ["A"]
    assert [row["LastName"] for row in results["unprocessedRecords"]] == ["B", "C"]
