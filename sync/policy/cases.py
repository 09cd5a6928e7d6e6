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
from sync.policy.emit import quoted
from sync.policy.places import lead_names
from sync.policy.relations import activity_columns, history_columns, opportunity_columns, sql_type
from sync.policy.schema import Place

Row = Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a case expects; what it doesn't name is not compared."""

    verdict: Verdict | None = None
    results: Mapping[str, Truth] = field(default_factory=dict)
    signals: Mapping[str, bool] = field(default_factory=dict)
    next_status: str | None = None
    no_next_status: bool = False
    opportunity: bool | None = None
    amount: Decimal | None = None


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


def case_relations(mapping: OrgMapping) -> Mapping[str, Mapping[str, FieldType]]:
    """The relations that a policy reads, with their columns."""
    return {
        "lead": lead_names(mapping).fields,
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

    return {
        "lead": [{"is_converted": False, "is_deleted": False, **case.lead, "id": lead_id}],
        "activity": hung(case.activities, "00T"),
        "lead_opportunity": hung(case.opportunities, "006"),
        "lead_history": hung(case.history, "017"),
    }


def differences(case: Case, decision: Decision) -> tuple[str, ...]:
    """What a decision says otherwise than the case expects, in words; nothing when the case holds."""
    expected = case.expected
    found: list[str] = []

    def compare(what: str, wanted: object, got: object) -> None:
        if wanted != got:
            found.append(f"{what}: expected {_plain(wanted)}, got {_plain(got)}")

    if expected.verdict is not None:
        compare("verdict", expected.verdict, decision.verdict)
    for name, truth in expected.results.items():
        compare(f"criterion {name}", truth, decision.results[name])
    for name, holds in expected.signals.items():
        compare(f"signal {name}", holds, decision.signals[name])
    to = decision.next_status.to if decision.next_status else None
    if expected.next_status is not None or expected.no_next_status:
        compare("next status", expected.next_status, to)
    if expected.opportunity is not None:
        compare("opportunity", expected.opportunity, decision.wants_opportunity)
    if expected.amount is not None:
        amount = decision.amount
        got = Decimal(str(amount)).quantize(Decimal("0.01")) if isinstance(amount, int | float | Decimal) else None
        compare("amount", expected.amount.quantize(Decimal("0.01")), got)
    return tuple(found)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "nothing" if value is None else str(value)


def _id(prefix: str, number: int) -> str:
    short = f"{prefix}{number:012d}"
    return short + id_checksum(short)
