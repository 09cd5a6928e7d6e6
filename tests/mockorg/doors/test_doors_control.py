from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests
from doors_client import Client

from sync.mockorg import MockOrg


def control(client: Client, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
    answer = requests.request(method, f"{client.base}/__mock__/{path}", json=body, timeout=5)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_the_state_of_the_org_is_told_without_a_session(either: Client) -> None:
    either.lead()

    state = control(either, "GET", "")

    assert state["org_id"] == either.mock.org_id
    assert state["clock"] == {"now": "2026-05-01T12:00:00.000Z", "frozen": True}
    assert state["records"]["Lead"] == 1
    assert state["api_usage"] == {"used": 1, "max": 15000}


def test_control_is_neither_charged_nor_logged(client: Client) -> None:
    control(client, "GET", "")

    assert client.mock.requests.count() == 0


def test_reset_goes_back_to_the_start(client: Client) -> None:
    first = client.lead()
    control(client, "POST", "reset")

    client.http.headers["Authorization"] = f"Bearer {client.mock.login()}"
    assert client.query("SELECT count() FROM Lead")["totalSize"] == 0
    assert client.lead() == first  # the same seed makes the same ids

    control(client, "POST", "reset", {"seed": 99})
    client.http.headers["Authorization"] = f"Bearer {client.mock.login()}"
    assert client.lead() != first


def test_the_clock_is_set_advanced_frozen_and_let_go(client: Client) -> None:
    assert control(client, "POST", "clock", {"at": "2027-01-01T00:00:00Z", "advance": 90})["now"] == (
        "2027-01-01T00:01:30.000Z"
    )
    assert control(client, "POST", "clock", {"freeze": False})["frozen"] is False
    assert control(client, "POST", "clock", {"freeze": True})["frozen"] is True


def test_faults_are_added_listed_and_cleared(client: Client) -> None:
    assert control(client, "POST", "faults", {"kind": "server_error", "route": "limits"}) == {"added": 1}
    assert control(
        client,
        "POST",
        "faults",
        [{"kind": "drop", "route": "token"}, {"kind": "latency", "route": "token", "seconds": 1}],
    ) == {"added": 2}

    assert client.get("/limits").status_code == 500
    listed = control(client, "GET", "faults")["faults"]
    assert [(each["kind"], each["struck"]) for each in listed] == [("server_error", 1), ("drop", 0), ("latency", 0)]
    control(client, "DELETE", "faults")
    assert client.get("/limits").status_code == 200


def test_the_way_to_the_org_is_made_longer_and_a_reset_makes_it_short_again(client: Client) -> None:
    assert control(client, "POST", "latency", {"seconds": 0.25}) == {"seconds": 0.25}
    assert client.mock.doors.latency == 0.25

    control(client, "POST", "reset")
    assert client.mock.doors.latency == 0


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("latency", {"seconds": -1}, "seconds"),
        ("faults", {"kind": "meteor"}, "kind"),
        ("faults", {"kind": "drop", "rout": "query"}, "rout"),
        ("faults", {"kind": "truncate"}, "effect=true"),
        ("clock", {"at": "noon"}, "at"),
        ("restore", {"snapshot": "none"}, "no snapshot none"),
        ("login", {"username": "nobody@x.example"}, "nobody@x.example"),
        ("seed", {"folder": "/nowhere/at/all"}, "no such folder"),
        ("usage", {"used": -1}, "used"),
    ],
)
def test_a_wrong_body_is_refused_and_named(client: Client, path: str, body: Any, named: str) -> None:
    assert named in control(client, "POST", path, body, status=400)["error"]


def test_an_unknown_path_lists_the_known_ones(client: Client) -> None:
    answer = control(client, "POST", "nonsense", status=404)

    assert "POST /__mock__/reset" in answer["known"]


def test_transitions_set_the_course_of_jobs(client: Client) -> None:
    control(client, "POST", "transitions", {"query": {"polls": 1}, "ingest": {"outcome": "Failed", "message": "no"}})
    job = client.post("/jobs/query", json={"operation": "query", "query": "SELECT Id FROM Lead"}).json()["id"]

    assert client.get(f"/jobs/query/{job}").json()["state"] == "InProgress"
    assert client.get(f"/jobs/query/{job}").json()["state"] == "JobComplete"
    assert control(client, "GET", "transitions")["ingest"]["outcome"] == "Failed"


def test_requests_are_counted_by_operation_and_template_without_their_contents(client: Client) -> None:
    lead = client.lead(LastName="Secret")
    client.query("SELECT Id FROM Lead WHERE LastName = 'Secret'")
    client.get(f"/sobjects/Lead/{lead}")

    told = control(client, "GET", "requests")

    assert told["by_operation"] == {"query": 1, "rows.create": 1, "rows.read": 1}
    assert told["api_calls"] == 3
    assert {
        "operation": "rows.read",
        "method": "GET",
        "template": "/services/data/{version}/sobjects/{object}/{id}",
        "status": 200,
        "requests": 1,
    } in told["counters"]
    assert "Secret" not in str(told)


def test_bodies_are_kept_only_when_asked_for(client: Client) -> None:
    control(client, "POST", "requests", {"bodies": True})
    client.lead(LastName="Seen")

    assert "Seen" in control(client, "GET", "requests")["last"][-1]["body"]
    control(client, "DELETE", "requests")
    assert control(client, "GET", "requests")["last"] == []


def test_a_dump_can_be_seeded_into_another_org(client: Client, tmp_path: Path) -> None:
    lead = client.lead(LastName="Kept")
    files = control(client, "GET", "dump")["files"]
    control(client, "POST", "dump", {"folder": str(tmp_path / "out")})

    assert lead in files["Lead.csv"]
    other = MockOrg(tmp_path / "out", seed=5)
    row = other.org.store.row(other.org.schema.object("Lead"), lead)
    assert row is not None
    assert row["LastName"] == "Kept"


def test_records_can_be_seeded_from_a_folder(client: Client, tmp_path: Path) -> None:
    (tmp_path / "Lead.csv").write_text("Id,LastName,Company,Status\nlead-1,Doe,Acme,Open - Not Contacted\n")

    assert control(client, "POST", "seed", {"folder": str(tmp_path)})["loaded"] == {"Lead": 1}
    assert client.query("SELECT LastName FROM Lead")["records"][0]["LastName"] == "Doe"


def test_a_snapshot_can_be_gone_back_to(client: Client) -> None:
    kept = client.lead()
    name = control(client, "POST", "snapshot")["snapshot"]
    client.lead()
    client.delete(f"/sobjects/Lead/{kept}")

    control(client, "POST", "restore", {"snapshot": name})

    assert [each["Id"] for each in client.query("SELECT Id FROM Lead")["records"]] == [kept]


def test_tokens_sessions_and_usage_are_in_the_testers_hand(client: Client) -> None:
    granted = control(client, "POST", "login")
    headers = {"Authorization": f"Bearer {granted['access_token']}"}
    assert granted["instance_url"] == client.base
    assert requests.get(client.url("/limits"), headers=headers, timeout=5).status_code == 200

    assert control(client, "POST", "usage", {"used": 15_000})["used"] == 15_000
    assert requests.get(client.url("/limits"), headers=headers, timeout=5).status_code == 403
    assert control(client, "POST", "sessions/expire")["ended"] == 2
    assert requests.get(client.url("/limits"), headers=headers, timeout=5).status_code == 401
