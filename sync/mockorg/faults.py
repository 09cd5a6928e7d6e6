"""Scripted faults: what goes wrong, where, how often, and whether the call had its effect.

A fault is a value; `Faults` holds those in force and decides, for one request after another, which of them strikes.
Whether a fault strikes depends only on the requests seen and the seed, so a failing run can be run again.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase


class FaultKind(StrEnum):
    """What goes wrong."""

    TIMEOUT = "timeout"  # no answer until the client gives up
    DROP = "drop"  # the connection closes without an answer
    TRUNCATE = "truncate"  # the connection closes in the middle of the answer
    UNAUTHORIZED = "unauthorized"  # 401 INVALID_SESSION_ID; on SOAP the fault of that name
    LIMIT = "limit"  # 403 REQUEST_LIMIT_EXCEEDED
    SERVER_ERROR = "server_error"  # 500 UNKNOWN_EXCEPTION
    BAD_GATEWAY = "bad_gateway"  # 502 with an HTML body
    UNAVAILABLE = "unavailable"  # 503 with an HTML body
    LATENCY = "latency"  # the answer takes `seconds` longer
    ROW_LOCK = "row_lock"  # UNABLE_TO_LOCK_ROW for the records concerned
    SLOW_JOB = "slow_job"  # a bulk job that needs `polls` looks, or `seconds` of the org's clock
    JOB_FAILED = "job_failed"  # a bulk job that ends Failed
    JOB_ABORTED = "job_aborted"  # a bulk job that somebody aborts
    SMALL_PAGES = "small_pages"  # query pages of `size` records, whatever was asked for
    LATE_COMMIT = "late_commit"  # what is written becomes visible `seconds` later, with its old stamp


ON_THE_WAY = frozenset({FaultKind.TIMEOUT, FaultKind.DROP, FaultKind.TRUNCATE})
REFUSALS = frozenset(
    {
        FaultKind.UNAUTHORIZED,
        FaultKind.LIMIT,
        FaultKind.SERVER_ERROR,
        FaultKind.BAD_GATEWAY,
        FaultKind.UNAVAILABLE,
    }
)
ON_JOBS = frozenset({FaultKind.SLOW_JOB, FaultKind.JOB_FAILED, FaultKind.JOB_ABORTED})
ON_ROWS = frozenset({FaultKind.ROW_LOCK})


class FaultIsUnclear(ValueError):
    """A scripted fault whose fields contradict each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One scripted fault.

    Attributes:
        kind: what goes wrong.
        route: which operations it strikes, by name with wildcards: `query`, `rows.update`, `soap.convertLead`,
            `bulk.*`, `*`. The request log shows the names.
        record: only requests or rows that concern this record id (15 or 18 characters).
        times: how often it strikes; None is always.
        skip: how many fitting requests pass before it strikes first.
        probability: how likely it strikes each fitting request, from the org's seed.
        effect: whether the call has its effect before the answer is lost or replaced.
        seconds: duration of LATENCY, SLOW_JOB and LATE_COMMIT; with TIMEOUT or DROP and `effect`, how long after the
            client has given up the call reaches the org.
        polls: looks that a SLOW_JOB needs.
        size: records per page under SMALL_PAGES.
        message: text of a JOB_FAILED or ROW_LOCK; None is Salesforce's own.
    """

    kind: FaultKind
    route: str = "*"
    record: str | None = None
    times: int | None = 1
    skip: int = 0
    probability: float = 1.0
    effect: bool = False
    seconds: float = 0.0
    polls: int = 0
    size: int = 200
    message: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise FaultIsUnclear(f"probability must be between 0 and 1, not {self.probability}")
        if self.kind is FaultKind.TRUNCATE and not self.effect:
            raise FaultIsUnclear("a truncated answer follows its effect: give effect=true")
        if self.kind is FaultKind.TRUNCATE and self.seconds:
            raise FaultIsUnclear("a truncated answer follows its effect at once: leave seconds out")
        if self.kind in {FaultKind.UNAUTHORIZED, FaultKind.LIMIT} and self.effect:
            raise FaultIsUnclear(f"{self.kind} is answered before the call has any effect")
        if self.kind is FaultKind.SLOW_JOB and not (self.polls or self.seconds):
            raise FaultIsUnclear("a slow job needs polls or seconds")
        if self.kind in {FaultKind.LATENCY, FaultKind.LATE_COMMIT} and self.seconds <= 0:
            raise FaultIsUnclear(f"{self.kind} needs seconds")
        if self.size < 1 or self.skip < 0 or (self.times is not None and self.times < 1):
            raise FaultIsUnclear("size and times are at least 1, skip at least 0")

    def concerns(self, *, route: str, text: str) -> bool:
        """Whether it fits an operation; `text` is where a record id would stand (path and body, or one id)."""
        if not fnmatchcase(route, self.route):
            return False
        return self.record is None or self.record[:15] in text


@dataclass(slots=True)
class _Armed:
    fault: Fault
    seen: int = 0
    struck: int = 0


@dataclass(slots=True)
class Faults:
    """The faults in force, oldest first."""

    seed: int = 0
    _armed: list[_Armed] = field(default_factory=list)
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(f"faults:{self.seed}")  # noqa: S311 - repeatable chance, not secrets

    def add(self, *faults: Fault) -> None:
        """Put faults in force after those already there."""
        self._armed += [_Armed(fault) for fault in faults]

    def clear(self) -> None:
        """Take every fault away."""
        self._armed.clear()

    def all(self) -> list[tuple[Fault, int]]:
        """Every fault put in force, each with how often it has struck."""
        return [(armed.fault, armed.struck) for armed in self._armed]

    def strike(self, kinds: frozenset[FaultKind], *, route: str, text: str = "") -> Fault | None:
        """The first fault of these kinds that strikes this operation now; it is counted as having struck."""
        for armed in self._armed:
            fault = armed.fault
            if fault.kind not in kinds or not _alive(armed) or not fault.concerns(route=route, text=text):
                continue
            armed.seen += 1
            if armed.seen <= fault.skip:
                continue
            if fault.probability < 1 and self._random.random() >= fault.probability:
                continue
            armed.struck += 1
            return fault
        return None

    def any_of(self, kinds: frozenset[FaultKind]) -> bool:
        """Whether any fault of these kinds could still strike; spares the search where there is none."""
        return any(armed.fault.kind in kinds and _alive(armed) for armed in self._armed)


def _alive(armed: _Armed) -> bool:
    return armed.fault.times is None or armed.struck < armed.fault.times
