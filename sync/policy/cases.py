"""Unit tests for policies: a lead with its activities, a clock, and what the policy should say of it, as YAML.

    now: 2026-06-15T12:00:00Z            # the clock; a case may have its own
    cases:
      - name: a price talked about last week makes an interested lead ready
        lead: {status: Working - Contacted, budget: 5000}
        activities:
          - {kind: call, at: 6 days ago, subject: Call, description: We went through the pricing}
        opportunities: []                # rows of opportunities that the lead leads to, by mapped names
        history:
          - {field: Status, new_value: Working - Contacted, at: 10 days ago}
        expect:
          verdict: ready                 # ready | blocked | out_of_scope
          met: [priced]                  # also: not_met, unknown
          signals: {pricing_talk: true}
          next_status: Working - Contacted
          opportunity: true              # whether one would be made
          amount: 5000
          checks: {overdue: false}       # whether an opportunity check flags one of the case's opportunities
    accepted:                            # what `--mutate` and `--coverage` may leave, each with its reason
      - {mutant: "scope: …", because: a converted lead is never in scope}

Names of fields are those of the mapping; times are ISO or `3 days ago`, `in 2 hours`. `sync.policy.case_reader` reads
the file. This module gives each case as rows of the relations that a policy reads, and compares a decision with what
was expected; whoever has a database runs them (`case_schema_sql`, `case_rows`, `decide_some_sql`, `differences`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sync.mapping import OrgMapping
from sync.model import FieldType, Value, id_checksum
from sync.policy.decision import Decision, Truth, Verdict
from sync.policy.emit import emit, quoted
from sync.policy.parsed import ParsedPolicy
from sync.policy.places import lead_names
from sync.policy.relations import (
    LIKELIHOOD,
    LIKELIHOOD_COLUMNS,
    LIKELIHOODS,
    activity_columns,
    history_columns,
    opportunity_columns,
    sql_type,
)
from sync.policy.schema import Place, Policy

Row = Mapping[str, Value]

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a case expects; what it doesn't name is not compared."""

    verdict: Verdict | None = None
    results: Mapping[str, Truth] = field(default_factory=dict)
    signals: Mapping[str, bool | None] = field(default_factory=dict)
    """`None` = unknown, which only signals over fields can be."""
    next_status: str | None = None
    no_next_status: bool = False
    opportunity: bool | None = None
    amount: Decimal | None = None
    no_amount: bool = False
    checks: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One unit test of a policy."""

    name: str
    place: Place
    now: datetime
    lead: Row
    activities: tuple[Row, ...] = ()
    opportunities: tuple[Row, ...] = ()
    history: tuple[Row, ...] = ()
    expected: Expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Something that no case can show, and why a person accepts it: an equivalent mutant, or a gap in coverage."""

    what: str
    """As the report says it."""
    because: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """A file of cases."""

    file: str
    cases: tuple[Case, ...]
    mutants: tuple[Accepted, ...] = ()
    gaps: tuple[Accepted, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the policy says of a case."""

    decision: Decision | None
    """`None` when the case's lead is deleted: such leads are never decided."""
    checks: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that a case expects otherwise than the policy says."""

    what: str
    """`verdict`, `criterion priced`, `signal pricing_talk`, `next status` …"""
    expected: str
    actual: str

    def __str__(self) -> str:
        """On one line."""
        return f"{self.what}: expected {self.expected}, got {self.actual}"


def case_relations(mapping: OrgMapping) -> Mapping[str, Mapping[str, FieldType]]:
    """The relations that a policy reads, with their columns."""
    return {
        "lead": lead_names(mapping).fields,
        LIKELIHOODS: LIKELIHOOD_COLUMNS,
        "activity": activity_columns(mapping),
        "lead_opportunity": opportunity_columns(mapping) or {"lead_id": FieldType.ID, "id": FieldType.ID},
        "lead_history": history_columns(mapping) or {"lead_id": FieldType.ID, "id": FieldType.ID},
    }


def case_schema_sql(mapping: OrgMapping) -> tuple[str, ...]:
    """`CREATE TABLE` statements for the relations, for an empty database."""
    return tuple(
        f"CREATE TABLE {quoted(name)} ({', '.join(f'{quoted(c)} {sql_type(t)}' for c, t in columns.items())})"
        for name, columns in case_relations(mapping).items()
    )


def case_lead_id(number: int) -> str:
    """The id of a case's lead, by the case's number in the run."""
    return _id("00Q", number)


def case_rows(case: Case, number: int) -> Mapping[str, Sequence[Row]]:
    """A case as rows of the relations; many cases of one clock can stand in one database, told apart by `number`."""
    lead_id = case_lead_id(number)

    def hung(rows: Sequence[Row], prefix: str) -> list[Row]:
        return [{"id": _id(prefix, number * 1000 + at), **row, "lead_id": lead_id} for at, row in enumerate(rows)]

    likelihood = case.lead.get(LIKELIHOOD)
    if not isinstance(likelihood, int | float | Decimal):  # a text, in an org that has a field of its own so called
        likelihood = None
    return {
        "lead": [{"is_converted": False, "is_deleted": False, **case.lead, "id": lead_id}],
        LIKELIHOODS: [{"lead_id": lead_id, LIKELIHOOD: likelihood, "scored_at": case.now}],
        "activity": hung(case.activities, "00T"),
        "lead_opportunity": hung(case.opportunities, "006"),
        "lead_history": hung(case.history, "017"),
    }


def case_checks_sql(parsed: ParsedPolicy, now: datetime) -> str | None:
    """Per lead with opportunities: its id, and whether each opportunity check flags one of them; `None` without checks.

    An opportunity of a case hangs on its lead, so the checks look at `lead_opportunity` here.
    """
    if not parsed.checks:
        return None
    flags = (
        f"bool_or(coalesce({emit(tree, resolve=lambda field: quoted(field.name), now=now)}, FALSE)) AS {quoted(name)}"
        for name, tree in parsed.checks.items()
    )
    return (
        f'SELECT "lead_id", {", ".join(flags)} FROM "lead_opportunity" '  # noqa: S608 -- as in sync.policy.compile
        'WHERE NOT coalesce("is_deleted", FALSE) GROUP BY "lead_id"'
    )


def differences(case: Case, outcome: Outcome) -> tuple[Difference, ...]:
    """What the policy says otherwise than the case expects; nothing when the case holds."""
    expected, decision = case.expected, outcome.decision
    if decision is None:
        return (Difference(what="verdict", expected="a decision", actual="none: the lead is deleted"),)
    found: list[Difference] = []

    def compare(what: str, wanted: object, got: object, *, nothing: str = "nothing") -> None:
        if wanted != got:
            said = _plain(wanted, nothing), _plain(got, nothing)
            found.append(Difference(what=what, expected=said[0], actual=said[1]))

    if expected.verdict is not None:
        compare("verdict", expected.verdict, decision.verdict)
    for name, truth in expected.results.items():
        compare(f"criterion {name}", truth, decision.results[name])
    for name, holds in expected.signals.items():
        compare(f"signal {name}", holds, decision.signals[name], nothing="unknown")
    to = decision.next_status.to if decision.next_status else None
    if expected.next_status is not None or expected.no_next_status:
        compare("next status", expected.next_status, to)
    if expected.opportunity is not None:
        compare("opportunity", expected.opportunity, decision.wants_opportunity)
    if expected.amount is not None or expected.no_amount:
        compare("amount", _money(expected.amount), _money(decision.amount))
    for name, flagged in expected.checks.items():
        compare(f"check {name}", flagged, outcome.checks[name])
    return tuple(found)


def place_of(difference: Difference, policy: Policy) -> Place:
    """Where the policy says what a case expects otherwise."""
    sort, _, name = difference.what.partition(" ")
    match sort:
        case "criterion":
            return policy.criteria[name].when.place
        case "signal":
            return policy.signals[name].place
        case "check":
            return policy.opportunity_checks[name].when.place
        case "next":
            return policy.transitions[0].place if policy.transitions else policy.ready.place
        case "opportunity" | "amount":
            return policy.conversion.place or policy.ready.place
        case _:
            return policy.ready.place


def _money(value: Value) -> Value:
    """To the cent, which is what Salesforce keeps of an amount."""
    if not isinstance(value, int | float | Decimal):
        return value
    number = Decimal(str(value))
    return number.quantize(_CENT) if number.is_finite() else str(number)


def _plain(value: object, nothing: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return nothing if value is None else str(value)


def _id(prefix: str, number: int) -> str:
    short = f"{prefix}{number:012d}"
    return short + id_checksum(short)
