from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import requests
import responses
from stubbed_web import DATA, URL

from sync.errors import LeadgateError, OrgFault, OrgUnavailable
from sync.salesforce.bulk_ingest import _refused, upload
from sync.salesforce.client import SalesforceClient
from sync.salesforce.org import Accepted, NotSent, RecordUpdate, Refused, Unknown

JOB = "750000000000001EAA"
QUERY = f"{DATA}/jobs/query"
INGEST = f"{DATA}/jobs/ingest"
IDS = [f"00Q00000000000{n}EAA" for n in range(1, 5)]


class Asked:
    """The pages that were asked for, and a way to wait until so many were."""

    def __init__(self) -> None:
        self.locators: list[str] = []
        self._changed = threading.Condition()

    def note(self, locator: str) -> None:
        with self._changed:
            self.locators.append(locator)
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.locators) >= count, timeout=20), self.locators


def job(state: str, **more: object) -> dict[str, object]:
    return {"id": JOB, "state": state, "apiVersion": 66.0, "object": "Lead", **more}


def page(text: str, *, locator: str = "null", records: int | None = None) -> dict[str, object]:
    count = text.count("\n") - 1 if records is None else records
    headers = {"Sforce-Locator": locator, "Sforce-NumberOfRecords": str(count)}
    return {"body": text, "content_type": "text/csv", "headers": headers}


@pytest.fixture
def three_rows(web: responses.RequestsMock) -> responses.RequestsMock:
    """A finished query job of three records."""
    web.post(QUERY, json=job("UploadComplete"))
    web.get(f"{QUERY}/{JOB}", json=job("JobComplete", numberRecordsProcessed=3))
    return web


def rows(org: SalesforceClient, folder: Path) -> str:
    return "".join(file.read_text() for file in org.bulk_query("SELECT Id FROM Lead", folder=folder).files)


@pytest.fixture
def twenty_five_pages(web: responses.RequestsMock) -> Asked:
    """A finished query job of as many pages, five to a list."""
    asked = Asked()

    def give(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        locator = str(request.url).rpartition("=")[2]
        asked.note(locator)
        return 200, {"Sforce-Locator": "null", "Sforce-NumberOfRecords": "1"}, f'"Id"\n"{locator}"\n'

    web.post(QUERY, json=job("UploadComplete"))
    web.get(f"{QUERY}/{JOB}", json=job("JobComplete", numberRecordsProcessed=25))
    web.add_callback(responses.GET, f"{QUERY}/{JOB}/results", give, content_type="text/csv")
    base = f"/services/data/v66.0/jobs/query/{JOB}"
    for first in range(0, 25, 5):
        links = [{"resultLink": f"{base}/results?locator={number}"} for number in range(first, first + 5)]
        following = {"nextRecordsUrl": f"{base}/resultPages/{first + 5}"} if first < 20 else {}
        place = f"{QUERY}/{JOB}/resultPages" + (f"/{first}" if first else "")
        web.get(place, json={"resultPages": links, "done": not following, **following})
    return asked


def test_pages_go_on_coming_in_while_others_are_worked_off_and_only_ten_are_ahead(
    twenty_five_pages: Asked, org: SalesforceClient, tmp_path: Path
) -> None:
    asked, given = twenty_five_pages, list[Path]()

    def work_off(files: Sequence[Path]) -> None:
        given.extend(files)
        asked.wait_for(min(25, len(given) + 10))  # none of them has to wait for this to be done
        assert len(asked.locators) <= len(given) + 10

    found = org.bulk_query("SELECT Id FROM Lead", folder=tmp_path, on_pages=work_off)
    assert found.records == 25
    assert sorted(given) == list(found.files)
    assert sorted(asked.locators, key=int) == [str(number) for number in range(25)]


@pytest.mark.parametrize(("link", "following"), [("resultLink", "nextRecordsUrl"), ("resultUrl", "nextRecordUrl")])
def test_both_spellings_of_the_page_list_are_read_to_the_end(
    three_rows: responses.RequestsMock, org: SalesforceClient, tmp_path: Path, link: str, following: str
) -> None:
    base = f"services/data/v66.0/jobs/query/{JOB}"
    three_rows.get(
        f"{QUERY}/{JOB}/resultPages",
        json={"resultPages": [{link: f"/{base}/results?locator=a"}], following: f"/{base}/more", "done": False},
    )
    rest = [{link: f"{URL}/{base}/results?locator=b"}, {link: f"{base}/results?locator=c"}]
    three_rows.get(f"{QUERY}/{JOB}/more", json={"resultPages": rest, "done": True})
    for name in "abc":
        match = [responses.matchers.query_param_matcher({"locator": name})]
        three_rows.get(f"{QUERY}/{JOB}/results", match=match, **page(f'"Id"\n"{name}"\n'))  # type: ignore[arg-type] # a stub
    assert rows(org, tmp_path) == '"Id"\n"a"\n"Id"\n"b"\n"Id"\n"c"\n'


def test_an_org_without_a_page_list_is_read_by_locator(
    three_rows: responses.RequestsMock, org: SalesforceClient, tmp_path: Path
) -> None:
    missing = [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]
    three_rows.get(f"{QUERY}/{JOB}/resultPages", status=404, json=missing)
    last = [responses.matchers.query_param_matcher({"locator": "MTAw"})]
    three_rows.get(f"{QUERY}/{JOB}/results", match=last, **page('"Id"\n"c"\n'))  # type: ignore[arg-type] # a stub
    three_rows.get(f"{QUERY}/{JOB}/results", **page('"Id"\n"a"\n"b"\n', locator="MTAw"))  # type: ignore[arg-type] # a stub
    assert rows(org, tmp_path) == '"Id"\n"a"\n"b"\n"Id"\n"c"\n'


def test_pages_that_do_not_add_up_to_the_job_are_no_result(
    three_rows: responses.RequestsMock, org: SalesforceClient, tmp_path: Path
) -> None:
    three_rows.get(f"{QUERY}/{JOB}/resultPages", json={"resultPages": [], "done": True})
    three_rows.get(f"{QUERY}/{JOB}/results", **page('"Id"\n"a"\n"b"\n'))  # type: ignore[arg-type] # a stub
    with pytest.raises(OrgFault, match="2 records and the job says 3") as short:
        rows(org, tmp_path)
    assert short.value.code == "INCOMPLETE_RESULT"


def test_a_page_without_its_count_is_no_result(
    three_rows: responses.RequestsMock, org: SalesforceClient, tmp_path: Path
) -> None:
    three_rows.get(f"{QUERY}/{JOB}/resultPages", json={"resultPages": [], "done": True})
    three_rows.get(f"{QUERY}/{JOB}/results", body='"Id"\n', content_type="text/csv")
    with pytest.raises(OrgFault, match="doesn't say how many"):
        rows(org, tmp_path)


@pytest.mark.parametrize("spoil", [lambda data: data[:-20], lambda data: data[:30] + b"\0\0\0" + data[33:]])
def test_a_gzip_page_that_ends_early_or_is_spoilt_leaves_no_file(
    three_rows: responses.RequestsMock,
    org: SalesforceClient,
    tmp_path: Path,
    spoil: Callable[[bytes], bytes],
) -> None:
    packed = gzip.compress(b'"Id"\n' + b"".join(b'"%018d"\n' % n for n in range(500)))
    headers = {"Content-Encoding": "gzip", "Sforce-Locator": "null", "Sforce-NumberOfRecords": "3"}
    three_rows.get(f"{QUERY}/{JOB}/resultPages", json={"resultPages": [], "done": True})
    three_rows.get(f"{QUERY}/{JOB}/results", body=spoil(packed), content_type="text/csv", headers=headers)
    with pytest.raises(OrgUnavailable, match="broke off"):
        rows(org, tmp_path)
    assert not list(tmp_path.glob("*.csv"))


def test_a_folder_that_cannot_be_written_is_said(
    three_rows: responses.RequestsMock, org: SalesforceClient, tmp_path: Path
) -> None:
    three_rows.get(f"{QUERY}/{JOB}/resultPages", json={"resultPages": [], "done": True})
    three_rows.get(f"{QUERY}/{JOB}/results", **page('"Id"\n"a"\n"b"\n"c"\n'))  # type: ignore[arg-type] # a stub
    (tmp_path / f"{JOB}-00000.csv.part").mkdir()
    with pytest.raises(LeadgateError, match="can't be written") as full:
        rows(org, tmp_path)
    assert "LEADGATE_STATE_DIR" in str(full.value.fix)


def test_a_job_is_read_at_the_version_that_made_it(
    web: responses.RequestsMock, org: SalesforceClient, tmp_path: Path
) -> None:
    older = {**job("JobComplete", numberRecordsProcessed=0), "apiVersion": 64.0}
    web.get(f"{QUERY}/{JOB}", json=older)
    at_64 = f"{URL}/services/data/v64.0/jobs/query/{JOB}"
    web.get(f"{at_64}/resultPages", json={"resultPages": [], "done": True})
    web.get(f"{at_64}/results", **page('"Id"\n'))  # type: ignore[arg-type] # a stub
    assert org.bulk_query("SELECT Id FROM Lead", folder=tmp_path, job_id=JOB).records == 0


def test_what_does_not_describe_a_job_is_refused(
    web: responses.RequestsMock, org: SalesforceClient, tmp_path: Path
) -> None:
    web.post(QUERY, json={"id": JOB, "state": "Dreaming", "apiVersion": 66.0})
    with pytest.raises(OrgFault, match="doesn't describe a bulk job"):
        rows(org, tmp_path)


# --- Ingest -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def ingest(web: responses.RequestsMock) -> responses.RequestsMock:
    """An ingest job that takes its upload and ends."""
    web.post(INGEST, json=job("Open"))
    web.put(f"{INGEST}/{JOB}/batches", status=201)
    web.patch(f"{INGEST}/{JOB}", json=job("UploadComplete"))
    web.get(f"{INGEST}/{JOB}", json=job("JobComplete", numberRecordsProcessed=4, numberRecordsFailed=1))
    return web


def results(web: responses.RequestsMock, *, successful: str = "", failed: str = "", unprocessed: str = "") -> None:
    heads = {
        "successfulResults": '"sf__Id","sf__Created","Id","Title"\n',
        "failedResults": '"sf__Id","sf__Error","Id","Title"\n',
        "unprocessedrecords": '"Id","Title"\n',
    }
    for (name, head), body in zip(heads.items(), (successful, failed, unprocessed), strict=True):
        web.get(f"{INGEST}/{JOB}/{name}/", body=head + body, content_type="text/csv")


def updates(count: int = 4) -> list[RecordUpdate]:
    return [RecordUpdate(object="Lead", id=id_, values={"Title": "x"}) for id_ in IDS[:count]]


def test_rows_are_joined_by_id_in_whatever_order_they_come(
    ingest: responses.RequestsMock, org: SalesforceClient
) -> None:
    results(
        ingest,
        successful=f'"{IDS[3]}","false","{IDS[3][:15]}","x"\n"{IDS[0]}","false","{IDS[0]}","x"\n',
        failed=f'"","REQUIRED_FIELD_MISSING:Required fields are missing: [Company]:Company --","{IDS[1]}","x"\n',
        unprocessed=f'"{IDS[2]}","x"\n',
    )
    first, second, third, last = org.bulk_update(updates())
    assert (first, last) == (Accepted(id=IDS[0]), Accepted(id=IDS[3]))
    assert second == Refused(
        code="REQUIRED_FIELD_MISSING", message="Required fields are missing: [Company]", fields=("Company",)
    )
    assert isinstance(third, NotSent)
    assert third.code == "UNPROCESSED"


def test_a_record_in_two_lists_or_in_none_is_unknown(ingest: responses.RequestsMock, org: SalesforceClient) -> None:
    results(
        ingest,
        successful=f'"{IDS[0]}","false","{IDS[0]}","x"\n"{IDS[1]}","false","{IDS[1]}","x"\n',
        failed=f'"","UNABLE_TO_LOCK_ROW:locked:--","{IDS[1]}","x"\n',
    )
    answers = org.bulk_update(updates())
    assert answers[0] == Accepted(id=IDS[0])
    assert all(isinstance(answer, Unknown) for answer in answers[1:])


def test_a_job_that_cannot_be_made_or_filled_ran_nothing(web: responses.RequestsMock, org: SalesforceClient) -> None:
    quota = [{"errorCode": "EXCEEDEDQUOTA", "message": "too many"}]
    web.post(INGEST, status=400, json=quota)
    assert [getattr(answer, "code", None) for answer in org.bulk_update(updates(2))] == ["EXCEEDEDQUOTA"] * 2
    web.replace(responses.POST, INGEST, json=job("Open"))
    web.put(f"{INGEST}/{JOB}/batches", status=400, json=[{"errorCode": "INVALIDBATCH", "message": "bad"}])
    aborted = web.patch(f"{INGEST}/{JOB}", json=job("Aborted"))
    assert all(isinstance(answer, NotSent) for answer in org.bulk_update(updates(2)))
    assert json.loads(aborted.calls[0].request.body or "") == {"state": "Aborted"}


def test_a_job_that_does_not_end_leaves_its_records_unknown_with_its_id(
    web: responses.RequestsMock, org: SalesforceClient
) -> None:
    web.post(INGEST, json=job("Open"))
    web.put(f"{INGEST}/{JOB}/batches", status=201)
    web.patch(f"{INGEST}/{JOB}", json=job("UploadComplete"))
    web.get(f"{INGEST}/{JOB}", status=503, body="<html/>")
    for answer in org.bulk_update(updates(2)):
        assert isinstance(answer, Unknown)
        assert JOB in answer.message


def test_records_of_two_objects_are_the_callers_mistake(org: SalesforceClient) -> None:
    with pytest.raises(ValueError, match="one object"):
        org.bulk_update([*updates(1), RecordUpdate(object="Contact", id="003", values={})])


def test_an_upload_quotes_everything_and_leaves_alone_what_is_not_named() -> None:
    text = upload(
        [
            RecordUpdate(object="Lead", id=IDS[0], values={"Title": 'a "b", c\nd', "Phone": None}),
            RecordUpdate(object="Lead", id=IDS[1], values={"Status": "Zoë", "Phone": ""}),
        ]
    )
    assert text.decode() == (
        f'"Id","Title","Phone","Status"\n"{IDS[0]}","a ""b"", c\nd","#N/A",""\n"{IDS[1]}","","#N/A","Zoë"\n'
    )


@pytest.mark.parametrize(
    ("error", "code", "message", "fields"),
    [
        ("INVALID_FIELD:No such column: a, b:A__c B__c --", "INVALID_FIELD", "No such column: a, b", ("A__c", "B__c")),
        ("ENTITY_IS_DELETED:entity is deleted:--", "ENTITY_IS_DELETED", "entity is deleted", ()),
        ("DUPLICATE_VALUE", "DUPLICATE_VALUE", "", ()),
        ("", "UNKNOWN_EXCEPTION", "", ()),
    ],
)
def test_a_failed_rows_error_is_taken_apart(error: str, code: str, message: str, fields: tuple[str, ...]) -> None:
    refused = _refused(error)
    assert (refused.code, refused.message, refused.fields) == (code, message, fields)
