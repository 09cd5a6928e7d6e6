from __future__ import annotations

import time

import pytest
import requests
from doors_client import Client

from sync.mockorg.faults import Fault, FaultIsUnclear, FaultKind, Faults


def leads(client: Client) -> int:
    org = client.mock.org
    return org.store.count(org.schema.object("Lead"))


def create(client: Client, timeout: float = 0.5) -> requests.Response:
    return client.post("/sobjects/Lead", json={"LastName": "Doe", "Company": "Acme"}, timeout=timeout)


@pytest.mark.parametrize("effect", [False, True])
@pytest.mark.parametrize(
    ("kind", "raised"),
    [
        (FaultKind.TIMEOUT, requests.exceptions.ReadTimeout),
        (FaultKind.DROP, requests.exceptions.ConnectionError),
    ],
)
def test_a_lost_answer_leaves_the_effect_done_or_not(
    either: Client, kind: FaultKind, raised: type[Exception], *, effect: bool
) -> None:
    either.mock.add_fault(Fault(kind=kind, route="rows.create", effect=effect))

    with pytest.raises(raised):
        create(either)

    assert leads(either) == (1 if effect else 0)
    assert create(either, timeout=5).status_code == 201


def test_a_truncated_answer_breaks_in_the_middle_after_its_effect(either: Client) -> None:
    either.mock.add_fault(Fault(kind=FaultKind.TRUNCATE, route="rows.create", effect=True))

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        create(either)

    assert leads(either) == 1


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (FaultKind.UNAUTHORIZED, 401, "INVALID_SESSION_ID"),
        (FaultKind.LIMIT, 403, "REQUEST_LIMIT_EXCEEDED"),
        (FaultKind.SERVER_ERROR, 500, "UNKNOWN_EXCEPTION"),
    ],
)
def test_a_refusal_has_salesforces_code_and_no_effect(either: Client, kind: FaultKind, status: int, code: str) -> None:
    either.mock.add_fault(Fault(kind=kind))

    answer = create(either)

    assert answer.status_code == status
    assert answer.json()[0]["errorCode"] == code
    assert leads(either) == 0


@pytest.mark.parametrize(("kind", "status"), [(FaultKind.UNAVAILABLE, 503), (FaultKind.BAD_GATEWAY, 502)])
def test_a_proxys_refusal_is_html(either: Client, kind: FaultKind, status: int) -> None:
    either.mock.add_fault(Fault(kind=kind))

    answer = create(either)

    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.text.startswith("<html>")


def test_a_server_error_may_follow_the_effect(client: Client) -> None:
    client.mock.add_fault(Fault(kind=FaultKind.SERVER_ERROR, effect=True))

    assert create(client).status_code == 500
    assert leads(client) == 1


def test_a_fault_strikes_only_its_route_its_record_and_its_times(client: Client) -> None:
    mine, other = client.lead(), client.lead()
    client.mock.add_fault(Fault(kind=FaultKind.SERVER_ERROR, route="rows.*", record=mine[:15], times=2, skip=1))

    def statuses(record: str) -> list[int]:
        return [client.get(f"/sobjects/Lead/{record}").status_code for _ in range(4)]

    assert statuses(other) == [200, 200, 200, 200]
    assert statuses(mine) == [200, 500, 500, 200]
    assert client.get("/limits").status_code == 200


def test_chance_repeats_with_the_seed() -> None:
    def struck(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add(Fault(kind=FaultKind.DROP, probability=0.5, times=None))
        return [faults.strike(frozenset({FaultKind.DROP}), route="query") is not None for _ in range(40)]

    assert struck(1) == struck(1)
    assert struck(1) != struck(2)
    assert 5 < sum(struck(1)) < 35


@pytest.mark.parametrize(
    "unclear",
    [
        {"kind": FaultKind.TRUNCATE},
        {"kind": FaultKind.LIMIT, "effect": True},
        {"kind": FaultKind.SLOW_JOB},
        {"kind": FaultKind.LATENCY},
        {"kind": FaultKind.DROP, "probability": 2},
        {"kind": FaultKind.DROP, "times": 0},
    ],
)
def test_a_fault_that_contradicts_itself_is_refused(unclear: dict[str, object]) -> None:
    with pytest.raises(FaultIsUnclear):
        Fault(**unclear)  # type: ignore[arg-type]


def test_latency_is_waited_for_outside_the_org(client: Client) -> None:
    waited: list[float] = []
    client.mock.add_fault(Fault(kind=FaultKind.LATENCY, seconds=3))
    token = client.mock.login()

    with client.mock.in_process(sleep=waited.append):
        requests.get(client.url("/limits"), headers={"Authorization": f"Bearer {token}"}, timeout=5)

    assert waited == [3]


def test_the_way_to_the_org_is_as_long_as_it_is_told_until_it_is_told_otherwise(client: Client) -> None:
    waited: list[float] = []
    token = client.mock.login()

    def ask() -> None:
        requests.get(client.url("/limits"), headers={"Authorization": f"Bearer {token}"}, timeout=5)

    with client.mock.in_process(sleep=waited.append):
        client.mock.set_latency(0.05)
        ask()
        client.mock.add_fault(Fault(kind=FaultKind.LATENCY, seconds=3))
        ask()
        client.mock.set_latency(0)
        ask()

    assert waited == [0.05, 3.05]
    with pytest.raises(ValueError, match="at least 0"):
        client.mock.set_latency(-1)


def test_a_row_lock_strikes_one_record_of_many(client: Client) -> None:
    locked, free = client.lead(), client.lead()
    client.mock.add_fault(Fault(kind=FaultKind.ROW_LOCK, record=locked))
    records = [{"attributes": {"type": "Lead"}, "id": each, "Title": "CEO"} for each in (locked, free)]

    first = client.patch("/composite/sobjects", json={"records": records}).json()
    again = client.patch("/composite/sobjects", json={"records": records}).json()

    assert first[0]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    assert [each["success"] for each in (*first, *again)] == [False, True, True, True]


def test_small_pages_shrink_what_the_client_asked_for(client: Client) -> None:
    for _ in range(5):
        client.lead()
    client.mock.add_fault(Fault(kind=FaultKind.SMALL_PAGES, size=2, times=None))

    page = client.query("SELECT Id FROM Lead", headers={"Sforce-Query-Options": "batchSize=2000"})
    sizes = [len(page["records"])]
    while not page["done"]:
        page = client.get(f"{client.base}{page['nextRecordsUrl']}").json()
        sizes.append(len(page["records"]))

    assert sizes == [2, 2, 1]
    assert page["totalSize"] == 5


def test_a_late_commit_shows_with_the_stamp_it_was_written_with(client: Client) -> None:
    client.mock.add_fault(Fault(kind=FaultKind.LATE_COMMIT, route="rows.create", seconds=300))
    late = client.lead()
    client.mock.clock.advance(60)
    early = client.lead()

    def seen() -> list[str]:
        return [each["Id"] for each in client.query("SELECT Id FROM Lead ORDER BY SystemModstamp")["records"]]

    assert seen() == [early]
    client.mock.clock.advance(300)
    assert seen() == [late, early]


def test_a_late_commit_of_an_update_hides_the_change_until_then(client: Client) -> None:
    lead = client.lead(Title="old")
    client.mock.add_fault(Fault(kind=FaultKind.LATE_COMMIT, record=lead, seconds=60))
    client.patch(f"/sobjects/Lead/{lead}", json={"Title": "new"})

    def title() -> str:
        return str(client.query("SELECT Title FROM Lead")["records"][0]["Title"])

    assert title() == "old"
    client.mock.clock.advance(61)
    assert title() == "new"


@pytest.mark.parametrize(
    ("fault", "states"),
    [
        (Fault(kind=FaultKind.SLOW_JOB, polls=2), ["UploadComplete", "InProgress", "JobComplete"]),
        (Fault(kind=FaultKind.JOB_FAILED, message="InternalServerError : no"), ["Failed"]),
        (Fault(kind=FaultKind.JOB_ABORTED), ["Aborted"]),
    ],
)
def test_a_fault_sets_the_course_of_the_next_job(client: Client, fault: Fault, states: list[str]) -> None:
    client.mock.add_fault(fault)
    job = client.post("/jobs/query", json={"operation": "query", "query": "SELECT Id FROM Lead"}).json()["id"]

    seen = [client.get(f"/jobs/query/{job}").json()["state"] for _ in states]

    assert seen == states


def test_the_log_tells_what_struck_and_that_no_answer_left(client: Client) -> None:
    client.mock.add_fault(Fault(kind=FaultKind.DROP, route="rows.create", effect=True))
    with pytest.raises(requests.exceptions.ConnectionError):
        create(client)

    entry = client.mock.requests.last[-1]

    assert (entry.operation, entry.fault, entry.api_calls) == ("rows.create", "drop", 1)


@pytest.mark.parametrize("org_yaml", ["costs: {per_call: 0.5, per_record: 0.25}"])
def test_costs_move_a_frozen_clock_instead_of_waiting(client: Client, org_yaml: str) -> None:
    before, began = client.mock.clock.now(), time.monotonic()

    client.lead()

    assert (client.mock.clock.now() - before).total_seconds() == 0.75
    assert time.monotonic() - began < 0.5


def test_a_lost_call_may_reach_the_org_long_after_the_client_gave_up(client: Client) -> None:
    client.mock.add_fault(Fault(kind=FaultKind.TIMEOUT, route="rows.create", effect=True, seconds=60))
    with pytest.raises(requests.exceptions.ReadTimeout):
        create(client)

    assert client.query("SELECT count() FROM Lead")["totalSize"] == 0
    client.mock.clock.advance(61)
    assert client.query("SELECT count() FROM Lead")["totalSize"] == 1
    assert client.query("SELECT count() FROM Lead")["totalSize"] == 1
