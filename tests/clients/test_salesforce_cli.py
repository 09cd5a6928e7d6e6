"""The Salesforce CLI, logged in with an access token: queries, records, bulk jobs, and what it asks for beside them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from peers import attempt, folder, run

from sync.mockorg import MockOrg

pytestmark = pytest.mark.slow

QUIET = {
    "SF_DISABLE_TELEMETRY": "true",
    "SF_DISABLE_AUTOUPDATE": "true",
    "SF_SKIP_NEW_VERSION_CHECK": "true",
    "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",  # secrets in the home of the test, not in a desktop's key ring
}


@dataclass(frozen=True, kw_only=True)
class Cli:
    """The CLI in a home of its own, logged in to a mock org."""

    mock: MockOrg
    url: str
    home: Path
    trust: dict[str, str]

    def login(self, token: str) -> Any:
        """Log in with an access token given by hand."""
        login = ["sf", "org", "login", "access-token", "--instance-url", self.url, "--no-prompt", "--set-default"]
        answer = run([*login, "--json"], self.home, SF_ACCESS_TOKEN=token, **QUIET, **self.trust)
        return json.loads(answer)["result"]

    def text(self, *arguments: str) -> str:
        """What a command printed."""
        return run(["sf", *arguments], self.home, **QUIET, **self.trust)

    def json(self, *arguments: str) -> Any:
        """The result of a command."""
        answer = json.loads(self.text(*arguments, "--json"))
        assert answer["status"] == 0
        return answer["result"]

    def refused(self, *arguments: str) -> Any:
        """The error of a command that fails."""
        ended = attempt(["sf", *arguments, "--json"], self.home, **QUIET, **self.trust)
        assert ended.returncode != 0
        return json.loads(ended.stdout)

    def lead(self, **values: str) -> str:
        """The id of a new lead, made by the CLI."""
        given = {"LastName": "Doe", "Company": "Acme", **values}
        pairs = " ".join(f"{name}='{value}'" for name, value in given.items())
        return str(self.json("data", "create", "record", "-s", "Lead", "-v", pairs)["id"])

    def file(self, name: str, *lines: str) -> str:
        """A file in the home, as the CLI wants it."""
        path = self.home / name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return name


@contextmanager
def logged_in(home: Path, *, tls: bool) -> Iterator[Cli]:
    """The CLI, with a session at an org of its own."""
    folder()
    mock = MockOrg(seed=5)
    with mock.serve(tls=tls) as server:
        trust = {"NODE_EXTRA_CA_CERTS": str(server.ca_file)} if server.ca_file else {}
        cli = Cli(mock=mock, url=server.url, home=home, trust=trust)
        result = cli.login(mock.login())
        assert result["username"] == mock.org.access.admin.setting.username
        assert (result["orgId"], result["isDevHub"]) == (mock.org_id, False)
        yield cli


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    with logged_in(tmp_path_factory.mktemp("home"), tls=False) as here:
        yield here


def test_the_org_may_speak_https(tmp_path: Path) -> None:
    with logged_in(tmp_path, tls=True) as cli:
        assert cli.json("org", "display")["connectedStatus"] == "Connected"
        assert cli.json("data", "query", "-q", "SELECT Username FROM User")["totalSize"] > 0


def test_the_org_is_connected(cli: Cli) -> None:
    shown = cli.json("org", "display")
    assert (shown["connectedStatus"], shown["id"], shown["apiVersion"]) == ("Connected", cli.mock.org_id, "67.0")
    assert shown["instanceUrl"].rstrip("/") == cli.url
    (listed,) = cli.json("org", "list")["nonScratchOrgs"]
    assert (listed["name"], listed["isSandbox"]) == (cli.mock.org.settings.organization.name, False)


def test_a_record_is_made_read_changed_and_deleted(cli: Cli) -> None:
    lead = cli.lead(LastName="Žluťoučký kůň")
    changed = cli.json("data", "update", "record", "-s", "Lead", "-i", lead, "-v", "Rating=Hot AnnualRevenue=12.5")
    assert changed == {"id": lead, "success": True, "errors": []}
    found = cli.json("data", "get", "record", "-s", "Lead", "-w", "LastName='Žluťoučký kůň'")
    assert (found["Id"], found["Rating"], found["AnnualRevenue"]) == (lead, "Hot", 12.5)
    assert cli.json("data", "delete", "record", "-s", "Lead", "-i", lead)["success"] is True
    assert cli.json("data", "query", "-q", "SELECT Id FROM Lead WHERE LastName = 'Žluťoučký kůň'")["totalSize"] == 0


def test_a_record_that_the_org_refuses_is_told(cli: Cli) -> None:
    lead = cli.lead()
    error = cli.refused("data", "update", "record", "-s", "Lead", "-i", lead, "-v", "Nope=1")
    assert error["data"]["errorCode"] == "INVALID_FIELD"


def test_a_query_follows_relationships_both_ways(cli: Cli) -> None:
    lead = cli.lead(LastName="Asked")
    cli.json("data", "create", "record", "-s", "Task", "-v", f"Subject=Call WhoId={lead}")
    soql = "SELECT Id, Owner.Name, (SELECT Subject, Who.Name FROM Tasks) FROM Lead WHERE LastName = 'Asked'"
    (row,) = cli.json("data", "query", "-q", soql)["records"]
    assert (row["Owner"]["Name"], row["Tasks"]["totalSize"]) == ("Ada Admin", 1)
    assert row["Tasks"]["records"][0]["Subject"] == "Call"


def test_a_table_has_the_columns_that_were_asked_for(cli: Cli) -> None:
    cli.lead(LastName="Columns", Rating="Warm")
    asked = cli.mock.requests.count("query")
    soql = "SELECT LastName, owner.profile.name, MobilePhone, IsConverted FROM Lead WHERE LastName = 'Columns'"
    lines = cli.text("data", "query", "-q", soql, "--result-format", "csv").splitlines()
    assert list(csv.reader(lines)) == [
        ["LastName", "Owner.Profile.Name", "MobilePhone", "IsConverted"],
        ["Columns", "System Administrator", "", "false"],
    ]
    assert cli.mock.requests.count("query") == asked + 2
    groups = "SELECT Rating, COUNT(Id) FROM Lead WHERE LastName = 'Columns' GROUP BY Rating"
    header, row = csv.reader(cli.text("data", "query", "-q", groups, "--result-format", "csv").splitlines())
    assert [name.lower() for name in header] == ["rating", "count(id)"]
    assert row == ["Warm", "1"]


def test_a_query_in_error_is_told_with_its_place(cli: Cli) -> None:
    error = cli.refused("data", "query", "-q", "SELECT Nope FROM Lead")
    assert error["name"] == "INVALID_FIELD"
    assert "ERROR at Row:1:Column:8\nNo such column 'Nope' on entity 'Lead'." in error["message"]


def test_bulk_jobs_import_update_export_and_delete(cli: Cli) -> None:
    rows = [f'"Bulk {n}","Say ""hi"", Ltd"' for n in range(5)]
    made = cli.json(
        "data", "import", "bulk", "-s", "Lead", "-f", cli.file("new.csv", "LastName,Company", *rows), "--wait", "1"
    )
    assert (made["processedRecords"], made["successfulRecords"], made["failedRecords"]) == (5, 5, 0)

    soql = "SELECT Id, LastName, Company, Rating, Owner.Name FROM Lead WHERE LastName LIKE 'Bulk %'"
    export = ["data", "export", "bulk", "-q", soql, "--wait", "1"]
    told = cli.json(*export, "--output-file", "out.csv", "--result-format", "csv")
    assert told["totalSize"] == 5
    with (cli.home / "out.csv").open(encoding="utf-8", newline="") as lines:
        leads = list(csv.DictReader(lines))
    assert sorted(lead["LastName"] for lead in leads) == [f"Bulk {n}" for n in range(5)]
    assert {lead["Company"] for lead in leads} == {'Say "hi", Ltd'}

    changes = cli.file("changes.csv", "Id,Rating", *(f"{lead['Id']},Hot" for lead in leads))
    changed = cli.json("data", "update", "bulk", "-s", "Lead", "-f", changes, "--wait", "1")
    assert (changed["processedRecords"], changed["failedRecords"]) == (5, 0)
    cli.json(*export, "--output-file", "out.json", "--result-format", "json")
    exported = json.loads((cli.home / "out.json").read_text(encoding="utf-8"))
    assert {row["Rating"] for row in exported} == {"Hot"}

    gone = cli.file("gone.csv", "Id", leads[0]["Id"])
    removed = cli.json("data", "delete", "bulk", "-s", "Lead", "-f", gone, "--wait", "1")
    assert removed["jobInfo"]["numberRecordsProcessed"] == 1
    assert cli.json("data", "query", "-q", soql)["totalSize"] == 4


def test_rows_that_a_bulk_job_refuses_are_told_apart(cli: Cli) -> None:
    lead = cli.lead()
    wrong = "00Q000000000000AAA"
    changes = cli.file("mixed.csv", "Id,Rating", f"{lead},Hot", f"{wrong},Hot")
    error = cli.refused("data", "update", "bulk", "-s", "Lead", "-f", changes, "--wait", "1")
    assert error["name"] == "FailedRecordDetailsError"
    results = cli.json("data", "bulk", "results", "--job-id", error["data"]["jobId"])
    assert (results["processedRecords"], results["successfulRecords"], results["failedRecords"]) == (2, 1, 1)
    with (cli.home / results["failedFilePath"]).open(encoding="utf-8", newline="") as lines:
        (failed,) = csv.DictReader(lines)
    assert failed["Id"] == wrong
    assert failed["sf__Error"].endswith("--")


def test_a_session_that_ended_is_told(cli: Cli, tmp_path: Path) -> None:
    token = cli.mock.login()
    elsewhere = replace(cli, home=tmp_path)
    elsewhere.login(token)
    cli.mock.doors.sessions.end(token)
    assert "expired" in elsewhere.refused("data", "query", "-q", "SELECT Id FROM Lead")["message"]
