"""What every step of a run holds: org, ledger, lease, options, and what has become known on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sync.apply.outcome import Ending, Progress
from sync.ledger.entries import Closing, Made, State, Subject
from sync.ledger.lease import Lease
from sync.ledger.store import Ledger
from sync.plan.actions import Action
from sync.plan.pre_image import PreImages
from sync.policy.schema import Limits
from sync.salesforce.org import Org, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyOptions:
    """How a run behaves; the defaults are for an unattended run."""

    limits: Limits = field(default_factory=Limits)
    """The policy's: canary, stop_at_failures, api_reserve, plan_valid_hours."""
    allow_old_plan: bool = False
    """Carry out a plan older than `plan_valid_hours`."""
    stop: Callable[[], bool] = lambda: False
    """Asked before each call; true ends the run cleanly."""
    on_progress: Callable[[Progress], None] = lambda _progress: None
    pre_images: PreImages | None = None
    """Where to keep what leads were before their conversion; `None` keeps nothing, and nothing can be compensated."""
    still_stands: Callable[[Sequence[str]], Mapping[str, bool]] | None = None
    """Decides again for leads whose activities changed since the plan; `None` = such leads are superseded."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep
    parallel_calls: int = 1
    """Conversion calls under way at once, after the canary; 1 = one after the other."""
    settle_seconds: float = 20.0
    """How long after a lost answer the absence of an effect counts as evidence."""
    version: str = "0"


@dataclass(slots=True)
class Halt:
    """Why the run goes no further."""

    ending: Ending
    reason: str
    code: str | None = None


@dataclass(slots=True)
class Run:
    """One run while it goes on."""

    org: Org
    ledger: Ledger
    lease: Lease
    run_id: str
    plan_id: str
    options: ApplyOptions
    keys: frozenset[str]
    """Keys of the plan's actions that are to be carried out."""
    made: dict[str, Made] = field(default_factory=dict)
    """Converted leads: what their conversion made or attached to."""
    ended: dict[str, Closing] = field(default_factory=dict)
    """Key → how it ended in this run; mirrors the ledger."""
    messages: dict[str, str] = field(default_factory=dict)
    """Key → Salesforce's own words."""
    in_doubt: set[str] = field(default_factory=set)
    """Lead ids whose outcome can't be told for now."""
    followed: dict[str, State] = field(default_factory=dict)
    """Conversion key → how the follow-up that sets its opportunity's fields ended; an earlier run's among them."""
    overtaken: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Conversion key → the deciding fields that somebody changed between the last re-read and the conversion."""
    not_compared: int = 0
    """Converted leads that couldn't be read once more to tell that."""
    sent: int = 0
    """Requests that were sent to change something."""
    halt: Halt | None = None

    def close(self, closings: Sequence[Closing]) -> None:
        """Close intended entries, in the ledger and here."""
        if closings:
            self.ledger.close(self.lease, closings)
            self.ended.update({closing.key: closing for closing in closings})

    def note(self, noted: Sequence[tuple[Subject, Closing]]) -> None:
        """Note actions for which nothing is sent, in the ledger and here."""
        if noted:
            self.ledger.note(self.lease, self.run_id, self.plan_id, noted)
            self.ended.update({closing.key: closing for _, closing in noted})

    def intend(self, subjects: Sequence[Subject], grounds: Mapping[str, Mapping[str, str]]) -> None:
        """Commit intents; raises `KeyTaken` when another writer was faster."""
        self.ledger.intend(self.lease, self.run_id, self.plan_id, subjects, evidence=grounds)

    def stay(self) -> None:
        """Tell the ledger that this run is alive: a call may outlast its lease."""
        self.ledger.renew(self.lease)

    def may_go_on(self, *, calls: int = 1) -> bool:
        """Whether the next step may begin, which takes so many calls to its end; sets `halt` when not.

        Calls under way count too: the org hasn't told yet what it has left after them.
        """
        if self.halt is None:
            self.halt = self._reason_to_halt(calls)
        return self.halt is None

    def may_finish(self) -> bool:
        """Whether what was begun may be completed: also when nothing new may be started.

        At our own reserve too, where the calls for it were kept free; not where the org itself has none left (`code`).
        """
        match self.halt:
            case None | Halt(ending=Ending.INTERRUPTED | Ending.FAILURES):
                return True
            case Halt(ending=Ending.API_RESERVE, code=None):
                return self._short_of_calls(1) is None
            case _:
                return False

    def _reason_to_halt(self, calls: int) -> Halt | None:
        if self.options.stop():
            return Halt(Ending.INTERRUPTED, "stopped on request; running again continues where it stopped")
        short = self._short_of_calls(calls)
        if short is None:
            return None
        return Halt(
            Ending.API_RESERVE,
            f"only {short.left} of {short.allowed} API requests are left, the next step takes {calls}, and "
            f"{self.options.limits.api_reserve:.0%} are kept in reserve (override: --api-reserve)",
        )

    def _short_of_calls(self, calls: int) -> Usage | None:
        """What the org last told, if so many calls would touch the reserve."""
        usage, reserve = self.org.usage(), self.options.limits.api_reserve
        short = usage is not None and reserve and usage.left - calls < reserve * usage.allowed
        return usage if short else None

    def rejected(self, keys: Iterable[str]) -> int:
        """How many of these actions the org refused for good."""
        return sum(key in self.ended and self.ended[key].state is State.REJECTED for key in keys)

    def stop_at(self, failed: int, of: int) -> None:
        """Stop the run when more failed than the policy allows of that many; one failure alone never stops it."""
        limit = self.options.limits.stop_at_failures
        if self.halt is None and failed > max(1, int(limit * of)):
            self.halt = Halt(
                Ending.FAILURES,
                f"{failed} of {of} were refused, and the policy stops at {limit:.0%} (override: --max-failures)",
            )

    def progress(self, step: str) -> None:
        """Tell how far the run has come."""
        done = sum(self.ended[key].state is not State.NOT_APPLIED for key in self.keys if key in self.ended)
        self.options.on_progress(
            Progress(step=step, done=done, planned=len(self.keys), rejected=self.rejected(self.keys))
        )


@dataclass(frozen=True, slots=True)
class Planned:
    """An action with the name that the ledger knows it by."""

    action: Action
    subject: Subject
