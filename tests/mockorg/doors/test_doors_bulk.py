from __future__ import annotations

import csv
import io
import json

import pytest
from doors_client import Client


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def ingest(client: Client, operation: str, data: str, **job: object) -> str:
    created = client.post("/jobs/ingest", json={"object": "Lead", "operation": operation, "contentType": "CSV", **job})
    assert created.status_code == 200, created.text
    content_url = created.json()["contentUrl"]
    uploaded = client.put(f"{client.base}/{content_url}", data=data.encode(), headers={"Content-Type": "text/csv"})
    assert (uploaded.status_code, uploaded.content) == (201, b"")
    number = str(created.json()["id"])
    closed = client.patch(f"/jobs/ingest/{number}", json={"state": "UploadComplete"})
    assert closed.json()["state"] == "UploadComplete"
    return number


def test_an_ingest_job_accounts_for_every_row(either: Client) -> None:
    job = ingest(either, "insert", "LastName,Company\nA,Acme\nB,\nC,Acme\n")

    looked = either.get(f"/jobs/ingest/{job}").json()
    good = rows(either.get(f"/jobs/ingest/{job}/successfulResults/").text)
    bad = rows(either.get(f"/jobs/ingest/{job}/failedResults/").text)
    left = rows(either.get(f"/jobs/ingest/{job}/unprocessedRecords/").text)

    assert (looked["state"], looked["numberRecordsProcessed"], looked["numberRecordsFailed"]) == ("JobComplete", 3, 1)
    assert [each["LastName"] for each in good] == ["A", "C"]
    assert [each["sf__Created"] for each in good] == ["true", "true"]
    assert bad[0]["sf__Error"].startswith("REQUIRED_FIELD_MISSING:")
    assert left == []


def test_a_query_job_is_paged_by_its_headers(either: Client) -> None:
    ingest_job = ingest(either, "insert", "LastName,Company\n" + "".join(f"N{n},Acme\n" for n in range(25)))
    either.get(f"/jobs/ingest/{ingest_job}")
    created = either.post("/jobs/query", json={"operation": "query", "query": "SELECT Id, LastName FROM Lead"})
    job = created.json()["id"]
    assert created.json()["state"] == "UploadComplete"
    assert either.get(f"/jobs/query/{job}").json()["state"] == "JobComplete"

    seen: list[str] = []
    locator = ""
    while locator != "null":
        page = either.get(
            f"/jobs/query/{job}/results", params={"maxRecords": 10, **({"locator": locator} if locator else {})}
        )
        assert page.headers["Content-Type"].startswith("text/csv")
        assert int(page.headers["Sforce-NumberOfRecords"]) == len(rows(page.text))
        seen += [each["LastName"] for each in rows(page.text)]
        locator = page.headers["Sforce-Locator"]

    assert sorted(seen) == sorted(f"N{n}" for n in range(25))


def test_result_pages_can_be_read_in_parallel(client: Client) -> None:
    client.lead()
    job = client.post("/jobs/query", json={"operation": "query", "query": "SELECT Id FROM Lead"}).json()["id"]
    client.get(f"/jobs/query/{job}")

    pages = client.get(f"/jobs/query/{job}/resultPages").json()
    content = client.get(f"{client.base}{pages['resultPages'][0]['resultLink']}")

    assert (pages["done"], pages["nextRecordsUrl"]) == (True, None)
    assert len(rows(content.text)) == 1


def test_results_belong_to_the_version_that_made_the_job(client: Client) -> None:
    job = client.post("/jobs/query", json={"operation": "query", "query": "SELECT Id FROM Lead"}).json()["id"]
    client.get(f"/jobs/query/{job}")
    client.version = "65.0"

    assert client.get(f"/jobs/query/{job}/results").status_code == 409


def test_jobs_are_listed_aborted_and_deleted(client: Client) -> None:
    job = client.post("/jobs/ingest", json={"object": "Lead", "operation": "insert"}).json()["id"]

    assert [each["id"] for each in client.get("/jobs/ingest").json()["records"]] == [job]
    assert client.get("/jobs/ingest", params={"jobType": "Classic"}).json()["records"] == []
    assert client.patch(f"/jobs/ingest/{job}", json={"state": "Aborted"}).json()["state"] == "Aborted"
    assert client.delete(f"/jobs/ingest/{job}").status_code == 204
    assert client.get(f"/jobs/ingest/{job}").status_code == 404


def test_uploads_may_be_chunked_but_must_be_csv(either: Client) -> None:
    job = either.post("/jobs/ingest", json={"object": "Lead", "operation": "insert"}).json()["id"]
    path = f"/jobs/ingest/{job}/batches"

    wrong = either.put(path, data=b"{}", headers={"Content-Type": "application/json"})
    chunks = iter([b"LastName,", b"Company\n", b"A,Acme\n"])
    right = either.put(path, data=chunks, headers={"Content-Type": "text/csv"})

    assert (wrong.status_code, right.status_code) == (415, 201)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/jobs/query", {"operation": "query", "query": "SELECT Nope FROM Lead"}),
        ("/jobs/query", {"operation": "query", "query": "SELECT count() FROM Lead"}),
        ("/jobs/query", {"operation": "delete", "query": "SELECT Id FROM Lead"}),
        ("/jobs/ingest", {"object": "Nope", "operation": "insert"}),
        ("/jobs/ingest", {"object": "Lead", "operation": "upsert"}),
        ("/jobs/ingest", {"object": "Lead", "operation": "insert", "surprise": True}),
    ],
)
def test_a_job_that_cannot_be_is_refused_when_it_is_created(client: Client, path: str, body: object) -> None:
    assert client.post(path, json=body).status_code == 400


def test_a_multipart_job_is_refused_loudly(client: Client) -> None:
    job = json.dumps({"object": "Lead", "operation": "insert", "contentType": "CSV"})
    files = {"job": (None, job, "application/json"), "content": ("content", "LastName\nA\n", "text/csv")}

    answer = client.post("/jobs/ingest", files=files)

    assert answer.status_code == 400
    assert "X-Mock-Org-Not-Modelled" in answer.headers
