"""What one run did, from the ledger alone: counts, failures by cause, and a row for every lead.

`report`, `apply` and `sync` show it; an admin can hand its CSV to reps. Counts are computed from the entries and must
add up to what the run had planned; where they don't, that is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sync.ledger.codes import OwnCode, own_code
from sync.ledger.entries import COMPARISON, FOLLOW_UP, Entry, latest, outcome_of
from sync.ledger.rows import RunRow
from sync.ledger.store import Ledger
from sync.plan.actions import Outcome
from sync.salesforce.faults import explain

CSV_COLUMNS = (
    "lead_id",
    "kind",
    "outcome",
    "code",
    "cause",
    "fields",
    "fix",
    "running_again_helps",
    "account_id",
    "contact_id",
    "opportunity_id",
    "at",
    "changed_before_conversion",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadOutcome:
    """What became of one action."""

    lead_id: str
    kind: str
    outcome: Outcome
    code: str | None
    cause: str | None
    fields: tuple[str, ...]
    fix: str | None
    running_again_helps: bool | None
    account_id: str | None
    contact_id: str | None
    opportunity_id: str | None
    at: datetime
    changed_before_conversion: tuple[str, ...] = ()
    """Fields that the decision rested on and that somebody changed in the minutes before the conversion."""

    def row(self) -> tuple[object, ...]:
        """Values in the order of `CSV_COLUMNS`."""
        again = {True: "yes", False: "no", None: ""}[self.running_again_helps]
        values = {**{name: getattr(self, name) for name in CSV_COLUMNS if name != "running_again_helps"}}
        values |= {"fields": " ".join(self.fields), "running_again_helps": again, "outcome": self.outcome.value}
        values["changed_before_conversion"] = " ".join(self.changed_before_conversion)
        values["at"] = self.at.isoformat().replace("+00:00", "Z")
        return tuple(values[name] for name in CSV_COLUMNS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Failures of one kind, together."""

    code: str
    cause: str
    fields: tuple[str, ...]
    """Fields that the org named with it, of all these leads."""
    fix: str
    leads: int
    running_again_helps: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """A run as people and machines are told of it."""

    run: RunRow
    outcomes: Mapping[str, int]
    causes: tuple[Cause, ...]
    leads: tuple[LeadOutcome, ...]
    follow_ups: Mapping[str, int]
    """Opportunity fields set after conversions, by state; they belong to their conversion and aren't counted above."""

    @property
    def adds_up(self) -> bool:
        """Whether planned = applied + already + superseded + rejected + in doubt + not reached."""
        return sum(self.outcomes.values()) == self.run.start.planned


def summarise(ledger: Ledger, run: RunRow) -> RunSummary:
    """The summary of a run."""
    entries = ledger.run_entries(run.run_id)
    actions = [e for e in entries if e.subject.parent_key is None]
    follow_ups = [e for e in entries if e.subject.kind == FOLLOW_UP]
    overtaken = {str(e.subject.parent_key): e.fields for e in entries if e.subject.kind == COMPARISON}
    leads = tuple(_outcomes(latest(actions).values(), overtaken))
    counted = Counter(lead.outcome.value for lead in leads)
    return RunSummary(
        run=run,
        outcomes={outcome.value: counted[outcome.value] for outcome in Outcome},
        causes=tuple(_causes(leads)),
        leads=leads,
        follow_ups=dict(Counter(e.state.value for e in latest(follow_ups).values())),
    )


def find_run(runs: Sequence[RunRow], wanted: str | None) -> RunRow | None:
    """The run of that id (or unambiguous beginning of it); the last one when none is named."""
    if wanted is None:
        return runs[-1] if runs else None
    found = [run for run in runs if run.run_id.startswith(wanted)]
    return found[0] if len(found) == 1 else next((run for run in found if run.run_id == wanted), None)


def _outcomes(entries: Iterable[Entry], overtaken: Mapping[str, tuple[str, ...]]) -> Iterator[LeadOutcome]:
    for entry in sorted(entries, key=lambda e: (e.subject.lead_id, e.entry_id)):
        reason = _reason(entry.code) if entry.code else None
        yield LeadOutcome(
            lead_id=entry.subject.lead_id,
            kind=entry.subject.kind,
            outcome=outcome_of(entry.state),
            code=entry.code,
            cause=reason.cause if reason else None,
            fields=entry.fields,
            fix=reason.fix if reason else None,
            running_again_helps=reason.running_again_helps if reason else None,
            account_id=entry.made.account_id,
            contact_id=entry.made.contact_id,
            opportunity_id=entry.made.opportunity_id,
            at=entry.changed_at,
            changed_before_conversion=overtaken.get(entry.subject.key, ()),
        )


def _causes(leads: Iterable[LeadOutcome]) -> Iterator[Cause]:
    failed: Counter[str] = Counter()
    fields: dict[str, set[str]] = {}
    for lead in leads:
        if lead.code and lead.outcome is not Outcome.APPLIED:
            failed[lead.code] += 1
            fields.setdefault(lead.code, set()).update(lead.fields)
    for code, count in failed.most_common():
        reason = _reason(code)
        yield Cause(
            code=code,
            cause=reason.cause,
            fields=tuple(sorted(fields[code])),
            fix=reason.fix,
            leads=count,
            running_again_helps=reason.running_again_helps,
        )


def _reason(code: str) -> OwnCode:
    """What a code means: one of ours, or one of Salesforce's."""
    fault = explain(code)
    return own_code(code) or OwnCode(fault.cause, fault.fix, fault.kind.running_again_helps)
