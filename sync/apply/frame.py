"""The frame of every run that writes: one writer, recovery first, and in the end an account of every action.

`sync.apply.runner` carries out a plan within it, `sync.apply.compensate` a compensation; what each does stands there,
what holds for both here. An org that can't be read any more ends the run, and the ledger still holds every action.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sync.apply.context import ApplyOptions, Halt, Run
from sync.apply.outcome import Ending, LeadResult, RunResult
from sync.apply.recover import recover_held
from sync.errors import AccessRefused, LeadgateError, OrgFault, OrgUnavailable, PlanInvalid, PreImageUnsaved
from sync.ledger.codes import own_code
from sync.ledger.entries import Closing, Fate, State, Subject
from sync.ledger.rows import RunStart
from sync.ledger.store import Ledger
from sync.plan.actions import Outcome
from sync.salesforce.faults import explain
from sync.salesforce.org import Org

ENDS_A_RUN = (AccessRefused, OrgUnavailable, OrgFault, PreImageUnsaved)
"""What keeps a run from going on, but not from accounting for what it did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A plan of either kind, as far as the frame is concerned."""

    org_id: str
    plan_id: str
    created_at: datetime
    made_by: str
    """The command that makes a new one."""
    kind: str
    """The run's kind in the ledger."""
    policy_digest: str = ""
    mapping_digest: str = ""
    counts: Mapping[str, int]
    subjects: Sequence[Subject]
    """The actions to be carried out, as the ledger calls them."""


@dataclass(slots=True, kw_only=True)
class Framed:
    """A run within its frame; when the frame is left, the fate of every action."""

    run: Run
    work: Work
    began: datetime
    calls_before: int
    fates: Mapping[str, Fate] = field(default_factory=dict)

    @property
    def may_begin(self) -> bool:
        """Whether there is anything to do, and nothing that forbids to begin."""
        return bool(self.work.subjects) and self.run.may_go_on()

    @property
    def ending(self) -> Ending:
        """How the run ends."""
        return self.run.halt.ending if self.run.halt is not None else Ending.DONE

    def message(self, key: str, code: str | None) -> str | None:
        """Why an action was not applied, in Salesforce's own words where there are any, else in ours for the code."""
        if code is None or self.fates[key].state is State.APPLIED:
            return None
        return own.cause if (own := own_code(code)) else self.run.messages.get(key) or explain(code).cause

    def result(self, leads: Sequence[LeadResult], *, predicted_blocked: int = 0) -> RunResult:
        """The run in figures, with every action's fate."""
        run, outcomes = self.run, Counter(lead.outcome for lead in leads)
        return RunResult(
            run_id=run.run_id,
            plan_id=self.work.plan_id,
            outcomes={outcome: outcomes[outcome] for outcome in Outcome},
            planned=len(self.work.subjects),
            predicted_blocked=predicted_blocked,
            api_calls=run.org.calls_sent - self.calls_before,
            seconds=(run.options.clock() - self.began).total_seconds(),
            leads=tuple(leads),
            ending=self.ending,
            reason=run.halt.reason if run.halt is not None else None,
            code=run.halt.code if run.halt is not None else None,
            not_compared=run.not_compared,
        )


@contextmanager
def framed(work: Work, org: Org, ledger: Ledger, options: ApplyOptions) -> Iterator[Framed]:
    """Hold the org for a run, and account for every action at its end, also when the org can't be read any more.

    Raises:
        PlanInvalid: The plan is for another org, or too old.
        OrgBusy: Another run holds the org.
        AccessRefused, OrgUnavailable, OrgFault, PreImageUnsaved: What ended the run, if nothing had been sent by then.
    """
    began, calls_before = options.clock(), org.calls_sent
    _check(work, org, options)
    failure: LeadgateError | None = None
    with ledger.lease(work.org_id) as lease:
        recovered = recover_held(org, ledger, lease, options)
        start = RunStart(
            plan_id=work.plan_id,
            kind=work.kind,
            policy_digest=work.policy_digest,
            mapping_digest=work.mapping_digest,
            planned=len(work.subjects),
            user_id=org.identity.user_id,
            version=options.version,
            counts=work.counts,
        )
        run = Run(
            org=org,
            ledger=ledger,
            lease=lease,
            run_id=ledger.begin_run(lease, start),
            plan_id=work.plan_id,
            options=options,
            keys=frozenset(subject.key for subject in work.subjects),
            followed=dict(recovered.opportunity_fields),
        )
        here = Framed(run=run, work=work, began=began, calls_before=calls_before)
        try:
            yield here
        except ENDS_A_RUN as unreadable:
            halt_for(run, unreadable)
            failure = unreadable
        here.fates = _account_for_the_rest(run, work.subjects)
        ledger.finish_run(lease, run.run_id, here.ending.value)
    if failure is not None and not run.sent:
        raise failure
    if here.fates.keys() != run.keys:
        raise LeadgateError(
            f"the ledger accounts for {len(here.fates)} of {len(run.keys)} actions",
            place=f"run {run.run_id}",
            fix="keep the ledger as it is and report this; `leadgate audit` shows what happened",
            code="ledger_incomplete",
        )


def halt_for(run: Run, error: LeadgateError) -> None:
    """The run goes no further because of this, unless something else ended it before."""
    match error:
        case AccessRefused():
            ending = Ending.ACCESS
        case PreImageUnsaved():
            ending = Ending.UNSAVED
        case _:
            ending = Ending.UNAVAILABLE
    run.halt = run.halt or Halt(ending, error.message, error.code)


def _check(work: Work, org: Org, options: ApplyOptions) -> None:
    if work.org_id != org.identity.org_id:
        raise PlanInvalid(
            f"the plan is for org {work.org_id}, this is org {org.identity.org_id}",
            place="org_id",
            fix="apply it with the settings (--org) of the org that it was made for",
        )
    valid, age = options.limits.plan_valid_hours, options.clock() - work.created_at
    if valid is not None and age > timedelta(hours=valid) and not options.allow_old_plan:
        raise PlanInvalid(
            f"the plan is {age / timedelta(hours=1):.0f} hours old, and plans are valid for {valid:g}",
            place="created_at",
            fix=f"make a new one with `{work.made_by}`, or pass --allow-old-plan",
        )


def _account_for_the_rest(run: Run, subjects: Sequence[Subject]) -> Mapping[str, Fate]:
    """Note actions that the run never came to, so that the ledger holds every one of the plan; all it holds then."""
    fates = run.ledger.fates(run.run_id)
    rest = [subject for subject in subjects if subject.key not in fates]
    if not rest:
        return fates
    code = run.halt.code if run.halt is not None and run.halt.code else "not_reached"
    run.note([(subject, Closing(key=subject.key, state=State.NOT_REACHED, code=code)) for subject in rest])
    return run.ledger.fates(run.run_id)
