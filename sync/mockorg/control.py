"""The control path `/__mock__/`: what a test does to the org from outside, in JSON.

Each path does what the method of `MockOrg` with the same name does. It needs no session, is not logged, and no fault
strikes it. The server listens on loopback; whoever reaches it may control it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import TypeAdapter, ValidationError

from . import control_bodies as bodies
from .bulk.jobs import After, Course, Immediate, Polls
from .clock import iso_z
from .data import DataError
from .faults import FaultIsUnclear
from .http import Response, json_response

if TYPE_CHECKING:
    from .http import Request
    from .service import MockOrg

PREFIX = "__mock__"

B = TypeVar("B")


class ControlRefused(Exception):
    """A control request that cannot be carried out; the text says why."""


def control(mock: MockOrg, request: Request) -> Response:
    """Answer a control request: 200 with JSON, 400 with `error`, 404 for an unknown path or method."""
    route = ROUTES.get((request.method, "/".join(request.segments[1:])))
    if route is None:
        known = sorted(f"{method} /{PREFIX}/{path}" for method, path in ROUTES)
        return json_response({"error": "unknown control path or method", "known": known}, status=404)
    try:
        return json_response(route.answer(mock, request))
    except ValidationError as error:
        problems = [
            f"{'.'.join(str(part) for part in each['loc']) or 'body'}: {each['msg']}" for each in error.errors()
        ]
        return json_response({"error": "; ".join(problems)}, status=400)
    except (ControlRefused, FaultIsUnclear, DataError, LookupError, OSError) as error:
        return json_response({"error": str(error)}, status=400)


def _read(kind: type[B], request: Request) -> B:
    return TypeAdapter(kind).validate_json(request.body or b"{}")


def _state(mock: MockOrg, _request: Request) -> object:
    used, allowed = mock.org.limits.usage()
    with mock.org.lock:
        counts = {each.name: mock.org.store.count(each) for each in mock.org.schema}
    return {
        "org_id": mock.org_id,
        "instance_url": mock.instance_url,
        "seed": mock.org.seed,
        "clock": _clock_json(mock),
        "api_usage": {"used": used, "max": allowed},
        "records": {name: count for name, count in counts.items() if count},
    }


def _reset(mock: MockOrg, request: Request) -> object:
    mock.reset(_read(bodies.ResetBody, request).seed)
    return {"seed": mock.org.seed}


def _seed(mock: MockOrg, request: Request) -> object:
    report = mock.load(_read(bodies.SeedBody, request).folder)
    return {"loaded": dict(report.records)}


def _clock(mock: MockOrg, _request: Request) -> object:
    return _clock_json(mock)


def _set_clock(mock: MockOrg, request: Request) -> object:
    asked = _read(bodies.ClockBody, request)
    with mock.org.lock:
        if asked.at is not None:
            mock.clock.set(asked.at)
        if asked.advance is not None:
            mock.clock.advance(timedelta(seconds=asked.advance))
        if asked.freeze is True:
            mock.clock.freeze()
        elif asked.freeze is False:
            mock.clock.tick()
    return _clock_json(mock)


def _clock_json(mock: MockOrg) -> dict[str, object]:
    return {"now": iso_z(mock.clock.now()), "frozen": mock.clock.frozen}


def _faults(mock: MockOrg, _request: Request) -> object:
    with mock.org.lock:
        return {"faults": [{**asdict(fault), "struck": struck} for fault, struck in mock.doors.faults.all()]}


def _add_faults(mock: MockOrg, request: Request) -> object:
    text = (request.body or b"{}").lstrip()
    asked = (
        TypeAdapter(list[bodies.FaultBody]).validate_json(text)
        if text.startswith(b"[")
        else [TypeAdapter(bodies.FaultBody).validate_json(text)]
    )
    mock.add_fault(*(each.fault() for each in asked))
    return {"added": len(asked)}


def _clear_faults(mock: MockOrg, _request: Request) -> object:
    mock.clear_faults()
    return {"faults": []}


def _transitions(mock: MockOrg, _request: Request) -> object:
    return {"query": _course_json(mock.transitions.query), "ingest": _course_json(mock.transitions.ingest)}


def _set_transitions(mock: MockOrg, request: Request) -> object:
    asked = _read(bodies.TransitionsBody, request)
    with mock.org.lock:
        if asked.query is not None:
            mock.transitions.query = asked.query.course()
        if asked.ingest is not None:
            mock.transitions.ingest = asked.ingest.course()
    return _transitions(mock, request)


def _course_json(course: Course) -> dict[str, object]:
    pace: dict[str, object] = {}
    match course.pace:
        case Polls(count):
            pace = {"polls": count}
        case After(seconds):
            pace = {"after": seconds}
        case Immediate():
            pass
    return {**pace, "outcome": course.outcome.value, "message": course.message, "rows_done": course.rows_done}


def _requests(mock: MockOrg, _request: Request) -> object:
    with mock.org.lock:
        log = mock.requests
        return {
            "api_calls": log.api_calls,
            "by_operation": log.by_operation(),
            "counters": log.counters(),
            "last": [{**asdict(each), "body": _text(each.body)} for each in log.last],
        }


def _text(body: bytes | None) -> str | None:
    return None if body is None else body.decode("utf-8", "replace")


def _keep_bodies(mock: MockOrg, request: Request) -> object:
    mock.requests.bodies = _read(bodies.RequestsBody, request).bodies
    return {"bodies": mock.requests.bodies}


def _forget_requests(mock: MockOrg, _request: Request) -> object:
    with mock.org.lock:
        mock.requests.reset()
    return {"requests": 0}


def _dump(mock: MockOrg, _request: Request) -> object:
    with tempfile.TemporaryDirectory(prefix="mock-org-") as folder:
        return {"files": {path.name: path.read_text(encoding="utf-8") for path in mock.dump(Path(folder))}}


def _dump_to(mock: MockOrg, request: Request) -> object:
    return {"files": [str(path) for path in mock.dump(_read(bodies.DumpBody, request).folder)]}


def _snapshot(mock: MockOrg, _request: Request) -> object:
    name = f"snapshot-{len(mock.doors.snapshots) + 1}"
    mock.doors.snapshots[name] = mock.snapshot()
    return {"snapshot": name}


def _restore(mock: MockOrg, request: Request) -> object:
    name = _read(bodies.RestoreBody, request).snapshot
    found = mock.doors.snapshots.get(name)
    if found is None:
        raise ControlRefused(f"there is no snapshot {name}")
    mock.restore(found)
    return {"restored": name}


def _login(mock: MockOrg, request: Request) -> object:
    asked = _read(bodies.LoginBody, request)
    return {
        "access_token": mock.login(asked.username, jwt_token=asked.jwt_token),
        "instance_url": mock.doors.address(request),
    }


def _expire(mock: MockOrg, _request: Request) -> object:
    return {"ended": mock.expire_sessions()}


def _usage(mock: MockOrg, request: Request) -> object:
    with mock.org.lock:
        mock.org.limits.set_usage(_read(bodies.UsageBody, request).used)
        used, allowed = mock.org.limits.usage()
    return {"used": used, "max": allowed}


def _latency(mock: MockOrg, request: Request) -> object:
    mock.set_latency(_read(bodies.LatencyBody, request).seconds)
    return {"seconds": mock.doors.latency}


def _locks(mock: MockOrg, request: Request) -> object:
    asked = _read(bodies.LocksBody, request)
    if asked.release:
        mock.release_rows()
    mock.hold_rows(*asked.hold)
    return {"held": sorted(mock.org.locks.held)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlRoute:
    """One control request: who answers it, what it means, the same in Python, and the body it takes."""

    answer: Callable[[MockOrg, Request], object]
    means: str
    python: str
    body: type[bodies.Body] | None = None


ROUTES: dict[tuple[str, str], ControlRoute] = {
    ("GET", ""): ControlRoute(
        answer=_state, means="org id, addresses, seed, clock, API usage, number of records by object", python="org"
    ),
    ("POST", "reset"): ControlRoute(
        answer=_reset,
        means="the org as it was made, or as another seed makes it: records, sessions, faults, clock and log",
        python="reset(seed=None)",
        body=bodies.ResetBody,
    ),
    ("POST", "seed"): ControlRoute(
        answer=_seed,
        means="add the records of a folder on the server's machine",
        python="load(folder)",
        body=bodies.SeedBody,
    ),
    ("GET", "clock"): ControlRoute(answer=_clock, means="the org's time, and whether it stands", python="clock.now()"),
    ("POST", "clock"): ControlRoute(
        answer=_set_clock,
        means="set the clock, move it on by seconds, freeze it or let it go, in this order",
        python="clock.set(at), clock.advance(seconds), clock.freeze(), clock.tick()",
        body=bodies.ClockBody,
    ),
    ("GET", "faults"): ControlRoute(
        answer=_faults, means="every fault, with how often it has struck", python="doors.faults.all()"
    ),
    ("POST", "faults"): ControlRoute(
        answer=_add_faults, means="add a fault, or a list of them", python="add_fault(Fault(…))", body=bodies.FaultBody
    ),
    ("DELETE", "faults"): ControlRoute(answer=_clear_faults, means="take all faults away", python="clear_faults()"),
    ("GET", "transitions"): ControlRoute(
        answer=_transitions, means="the course that bulk jobs yet to be created will take", python="transitions"
    ),
    ("POST", "transitions"): ControlRoute(
        answer=_set_transitions,
        means="set that course for query jobs, ingest jobs or both",
        python="transitions.query = Course(pace=Polls(3))",
        body=bodies.TransitionsBody,
    ),
    ("GET", "requests"): ControlRoute(
        answer=_requests,
        means="API calls charged, requests by operation, counters, and the last requests",
        python="requests",
    ),
    ("POST", "requests"): ControlRoute(
        answer=_keep_bodies,
        means="whether the log keeps bodies from now on",
        python="requests.bodies = True",
        body=bodies.RequestsBody,
    ),
    ("DELETE", "requests"): ControlRoute(
        answer=_forget_requests, means="empty log and counters", python="requests.reset()"
    ),
    ("GET", "dump"): ControlRoute(
        answer=_dump, means="the org as CSV files and org.yaml, by name", python="dump(folder)"
    ),
    ("POST", "dump"): ControlRoute(
        answer=_dump_to,
        means="the same, into a folder on the server's machine",
        python="dump(folder)",
        body=bodies.DumpBody,
    ),
    ("POST", "snapshot"): ControlRoute(
        answer=_snapshot, means="keep the org as it is now; answers the snapshot's name", python="snapshot()"
    ),
    ("POST", "restore"): ControlRoute(
        answer=_restore, means="back to a snapshot", python="restore(snapshot)", body=bodies.RestoreBody
    ),
    ("POST", "login"): ControlRoute(
        answer=_login,
        means="an access token for a user (default the administrator)",
        python="login(username=None, jwt_token=False)",
        body=bodies.LoginBody,
    ),
    ("POST", "sessions/expire"): ControlRoute(
        answer=_expire, means="end every session: each client meets a 401 next", python="expire_sessions()"
    ),
    ("POST", "usage"): ControlRoute(
        answer=_usage,
        means="pretend that this many API calls were made today",
        python="org.limits.set_usage(used)",
        body=bodies.UsageBody,
    ),
    ("POST", "latency"): ControlRoute(
        answer=_latency,
        means="let every request take so many seconds longer, as over a long way to the org; 0 takes it away",
        python="set_latency(seconds)",
        body=bodies.LatencyBody,
    ),
    ("POST", "locks"): ControlRoute(
        answer=_locks,
        means="hold rows as another call would, or release them",
        python="hold_rows(*ids), release_rows()",
        body=bodies.LocksBody,
    ),
}
