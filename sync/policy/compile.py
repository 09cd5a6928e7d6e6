"""A policy and a clock → the queries that decide every lead of the mirror, and the values that come out of them.

`sync.mirror` runs the SQL; nothing here touches a database. One query decides all leads: one pass over the activities
for all signals, then one column per signal and criterion. Deleted leads (losers of merges among them) give no row.
A converted lead is never in scope, whatever the policy's scope says: there is nothing left to decide.

Queries marked "some" take exactly one positional parameter: the list of lead ids (18 characters) asked for.
"""

# ruff: noqa: S608 -- the SQL is made of the gate's trees; every constant and name in it is quoted by sync.policy.emit
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

from sync.mapping import OrgMapping
from sync.model import Record, Value, as_utc
from sync.policy import syntax
from sync.policy.decision import Decision, Evidence, NextStatus, Truth, Verdict
from sync.policy.emit import constant, emit, quoted
from sync.policy.parsed import ParsedPolicy, ParsedSignal, criteria_levels, parse_policy
from sync.policy.quoting import quote
from sync.policy.relations import lead_columns, lead_value_sql
from sync.policy.schema import Policy, SignalKind, Transition
from sync.policy.signals import (
    EVIDENCE_COLUMNS,
    WANTED,
    evidence_selects,
    facts_sql,
    holds_sql,
    records_select,
    wanted_rows_sql,
)

DECIDED = "decided"
"""The relation with every lead's decision, that `counts_sql` and the mirror's other questions read."""

_FIXED = ("lead_id", "in_scope", "ready", "status", "next_status", "wants_opportunity", "amount")
_TRUTHS: Mapping[bool | None, Truth] = {value: Truth.of(value) for value in (True, False, None)}
_WANTED_CTE = '"wanted" AS (SELECT unnest(CAST(? AS VARCHAR[])) AS "id")'
_ROW_KINDS = (SignalKind.ACTIVITY, SignalKind.OPPORTUNITY, SignalKind.HISTORY)


_SHARED = 50_000
"""Different results that are kept to be shared; of so many leads a policy hardly makes more."""


@dataclass(frozen=True, slots=True)
class _Shared:
    """What many decisions have in common, made once."""

    results: dict[tuple[object, ...], Mapping[str, Truth]] = field(default_factory=dict)
    signals: dict[tuple[object, ...], Mapping[str, bool | None]] = field(default_factory=dict)
    steps: dict[tuple[int, str], NextStatus] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledPolicy:
    """A policy ready to run at one instant."""

    policy: Policy
    parsed: ParsedPolicy
    now: datetime
    decide_sql: str
    """Every live lead: one row of `columns` each, in no particular order."""
    decide_some_sql: str
    """As `decide_sql`, for some leads."""
    columns: tuple[str, ...]
    """`lead_id, in_scope, ready, status, next_status, wants_opportunity, amount`, then `c:criterion`…, `s:signal`…."""
    counts_sql: str
    """One row of `count_columns`, over a relation `decided` that holds what `decide_sql` gives."""
    count_columns: tuple[str, ...]
    """`ready, blocked, out_of_scope`, then over leads in scope `name:met`, `name:not_met`, `name:unknown`."""
    evidence_sql: str
    """For some leads: the rows behind their signals (`sync.policy.signals.EVIDENCE_COLUMNS`), latest first."""
    records_sql: str
    """For some leads: `lead_id`, `record_id` of the records behind their signals, in no order, and of activities when
    they were last changed; no texts are given out."""
    values_sql: str
    """For some leads: `id`, then `deciding_fields`."""
    deciding_fields: tuple[str, ...]
    """Our names of the lead fields that the policy reads, and `status`, `is_converted`; in the mapping's order.
    `likelihood` stands last where the policy reads it."""
    converting_fields: tuple[str, ...]
    """Of these, the ones that a conversion rests on: whether the lead is ready, and what the conversion makes."""
    status_fields: tuple[str, ...]
    """Of these, the ones that a change of Lead Status rests on."""
    checks_sql: str | None
    """Every live opportunity: `id`, then one column per opportunity check; `None` without checks."""
    _shared: _Shared = field(init=False, default_factory=_Shared, compare=False, repr=False)

    def decision(self, row: Sequence[object]) -> Decision:
        """A row of `decide_sql` or `decide_some_sql` as a decision; equal results are the same mapping."""
        criteria = len(self.policy.criteria)
        lead_id, in_scope, ready, status, step, wants, amount = row[: len(_FIXED)]
        blocked = Verdict.READY if ready else Verdict.BLOCKED
        return Decision(
            lead_id=str(lead_id),
            verdict=blocked if in_scope else Verdict.OUT_OF_SCOPE,
            as_of=self.now,
            results=self._results(tuple(row[len(_FIXED) : len(_FIXED) + criteria])),
            signals=self._signals(tuple(row[len(_FIXED) + criteria :])),
            next_status=None if step is None else self._next_status(cast("int", step), str(status)),
            wants_opportunity=bool(wants),
            amount=cast("Value", amount),
        )

    def evidence(self, row: Sequence[object]) -> tuple[str, Evidence]:
        """A row of `evidence_sql` as (lead id, evidence)."""
        lead_id, signal, object_, record_id, at, text, found, contradicts = row
        return str(lead_id), Evidence(
            signal=str(signal),
            object=str(object_),
            record_id=str(record_id),
            at=as_utc(at) if isinstance(at, datetime) else None,
            quote=quote(cast("str | None", text), cast("str | None", found)),
            contradicts=bool(contradicts),
        )

    def values(self, row: Sequence[object]) -> tuple[str, Record]:
        """A row of `values_sql` as (lead id, values by our field names)."""
        values = {name: _aware(value) for name, value in zip(self.deciding_fields, row[1:], strict=True)}
        return str(row[0]), values

    def _results(self, values: tuple[object, ...]) -> Mapping[str, Truth]:
        found = self._shared.results.get(values)
        if found is None:
            truths = map(_TRUTHS.__getitem__, cast("Sequence[bool | None]", values))
            found = dict(zip(self.policy.criteria, truths, strict=True))
            if len(self._shared.results) < _SHARED:
                self._shared.results[values] = found
        return found

    def _signals(self, values: tuple[object, ...]) -> Mapping[str, bool | None]:
        found = self._shared.signals.get(values)
        if found is None:
            found = dict(zip(self.policy.signals, cast("Sequence[bool | None]", values), strict=True))
            if len(self._shared.signals) < _SHARED:
                self._shared.signals[values] = found
        return found

    def _next_status(self, step: int, status: str) -> NextStatus:
        found = self._shared.steps.get((step, status))
        if found is None:
            transition = self.policy.transitions[step]
            found = NextStatus(from_=status, to=transition.to, source=str(transition.place))
            self._shared.steps[(step, status)] = found
        return found


def compile_policy(policy: Policy, mapping: OrgMapping, now: datetime) -> CompiledPolicy:
    """The policy as queries against the mirror.

    Args:
        policy: Loaded with the same mapping.
        mapping: The mirror's columns.
        now: The run's clock, aware; every date in the policy is relative to it, in UTC.

    Raises:
        PolicyInvalid: When the mapping isn't the one that the policy was loaded with.
    """
    return compile_parsed(parse_policy(policy, mapping), mapping, now)


def compile_parsed(parsed: ParsedPolicy, mapping: OrgMapping, now: datetime) -> CompiledPolicy:
    """As `compile_policy`, of a policy whose expressions are trees already (changed ones, for a mutation test)."""
    if now.tzinfo is None:
        raise ValueError("a policy's clock needs a time zone")
    now = now.astimezone(UTC)
    policy = parsed.policy
    query = _Query(parsed, mapping, now)
    criteria = tuple(policy.criteria)
    return CompiledPolicy(
        policy=policy,
        parsed=parsed,
        now=now,
        decide_sql=query.decide(some=False),
        decide_some_sql=query.decide(some=True),
        columns=(*_FIXED, *(f"c:{name}" for name in criteria), *(f"s:{name}" for name in policy.signals)),
        counts_sql=query.counts(),
        count_columns=(
            "ready",
            "blocked",
            "out_of_scope",
            *(f"{name}:{truth.value}" for name in criteria for truth in Truth),
        ),
        evidence_sql=query.evidence(),
        records_sql=query.records(),
        values_sql=query.values(),
        deciding_fields=query.fields,
        converting_fields=query.in_the_org(
            parsed.scope, parsed.ready, *(part for part in (parsed.create, parsed.amount) if part is not None)
        ),
        status_fields=query.in_the_org(parsed.scope, *parsed.transitions),
        checks_sql=query.checks(),
    )


@dataclass(frozen=True, slots=True)
class _Query:
    parsed: ParsedPolicy
    mapping: OrgMapping
    now: datetime

    @property
    def fields(self) -> tuple[str, ...]:
        read = {name for tree in self.parsed.lead_expressions() for name in syntax.field_names(tree)}
        read |= {"status", "is_converted"}
        known = dict.fromkeys([*self.mapping["lead"].fields, *lead_columns(self.mapping)])
        return tuple(name for name in known if name in read)

    def in_the_org(self, *trees: syntax.Expr) -> tuple[str, ...]:
        """Fields behind expressions, without the likelihood: the org has none that could be read again."""
        return tuple(name for name in self.parsed.fields_behind(*trees) if name in self.mapping["lead"].fields)

    def _value(self, name: str) -> str:
        return lead_value_sql(name, self.mapping, alias="l", now=self.now)

    def decide(self, *, some: bool) -> str:
        ctes = ([_WANTED_CTE] if some else []) + self._facts(some=some)
        ctes.append(f'"lead_facts" AS ({self._leads(some=some)})')
        below = "lead_facts"
        for number, level in enumerate(criteria_levels(self.parsed.criteria)):
            columns = ", ".join(f"{self._sql(self.parsed.criteria[name])} AS {quoted('c:' + name)}" for name in level)
            ctes.append(f'"level{number}" AS (SELECT *, {columns} FROM {quoted(below)})')
            below = f"level{number}"
        scope = f'coalesce({self._sql(self.parsed.scope)}, FALSE) AND NOT coalesce("is_converted", FALSE)'
        ctes.append(f'"judged" AS (SELECT *, ({scope}) AS "in_scope" FROM {quoted(below)})')
        return f'WITH {", ".join(ctes)} SELECT {", ".join(self._verdict())} FROM "judged"'

    def counts(self) -> str:
        """Sums of numbers, which DuckDB takes five times as fast as counts with a `FILTER` each."""
        columns = ['count(*) FILTER (WHERE "in_scope" AND "ready") AS "ready"', 'count_if("in_scope") AS "scope"']
        figures = ['"ready"', '"scope" - "ready"', '"all" - "scope"']
        for name in self.parsed.criteria:
            met, known = quoted(f"m:{name}"), quoted(f"k:{name}")
            result = f'CASE WHEN "in_scope" THEN {quoted(f"c:{name}")} END'
            columns += [f"coalesce(sum(CAST({result} AS TINYINT)), 0) AS {met}", f"count({result}) AS {known}"]
            figures += [met, f"{known} - {met}", f'"scope" - {known}']
        counted = f'SELECT count(*) AS "all", {", ".join(columns)} FROM {quoted(DECIDED)}'
        return f"SELECT {', '.join(figures)} FROM ({counted})"

    def evidence(self) -> str:
        names = ", ".join(quoted(name) for name in EVIDENCE_COLUMNS)
        order = '"lead_id", "signal", "at" DESC, "record_id"'
        return f'{self._with_evidence()} SELECT {names} FROM "evidence" ORDER BY {order}'

    def records(self) -> str:
        ctes, selects = [_WANTED_CTE], []
        for kind in SignalKind:
            if signals := self._signals(kind):
                needed, select = records_select(kind, signals, self.mapping, now=self.now)
                ctes += needed
                selects.append(select)
        found = " UNION ALL ".join(selects or ['SELECT NULL, NULL, NULL FROM "wanted" WHERE FALSE'])
        return f"WITH {', '.join(ctes)} {found}"

    def _with_evidence(self) -> str:
        selects = [
            select
            for parsed in self.parsed.signals.values()
            for select in evidence_selects(parsed, self.mapping, facts=f"{parsed.signal.kind}_facts", now=self.now)
        ]
        names = ", ".join(quoted(name) for name in EVIDENCE_COLUMNS)
        nothing = f'SELECT {", ".join("NULL" for _ in EVIDENCE_COLUMNS)} FROM "wanted" WHERE FALSE'
        facts = self._facts(some=True) if selects else []
        found = f'"evidence" ({names}) AS ({" UNION ALL ".join(selects or [nothing])})'
        return f"WITH {', '.join([_WANTED_CTE, *facts, found])}"

    def values(self) -> str:
        columns = ", ".join(f"{self._value(name)} AS {quoted(name)}" for name in ("id", *self.fields))
        return f'WITH {_WANTED_CTE} SELECT {columns} FROM "lead" l WHERE l."id" IN {WANTED}'

    def checks(self) -> str | None:
        if not self.parsed.checks:
            return None
        columns = ", ".join(f"{self._sql(tree)} AS {quoted(name)}" for name, tree in self.parsed.checks.items())
        return f'SELECT "id", {columns} FROM "opportunity" WHERE NOT coalesce("is_deleted", FALSE)'

    def _facts(self, *, some: bool) -> list[str]:
        ctes = []
        for kind in _ROW_KINDS:
            if signals := self._signals(kind):
                ctes += [wanted_rows_sql(kind, self.mapping)] if some else []
                sql = facts_sql(kind, signals, self.mapping, now=self.now, some=some)
                ctes.append(f"{quoted(f'{kind}_facts')} AS ({sql})")
        return ctes

    def _signals(self, kind: SignalKind) -> list[ParsedSignal]:
        return [parsed for parsed in self.parsed.signals.values() if parsed.signal.kind is kind]

    def _leads(self, *, some: bool) -> str:
        needed = dict.fromkeys(("id", *self.fields))
        columns = [f"{self._value(name)} AS {quoted(name)}" for name in needed]
        joins = []
        for name, parsed in self.parsed.signals.items():
            kind = parsed.signal.kind
            if kind is SignalKind.FIELD:
                holds = self._sql(parsed.when, prefix="l.")
            else:
                holds = holds_sql(parsed, quoted(f"{kind}_facts"))
                join = f'LEFT JOIN {quoted(f"{kind}_facts")} ON {quoted(f"{kind}_facts")}."lead_id" = l."id"'
                joins += [join] if join not in joins else []
            columns.append(f"{holds} AS {quoted('s:' + name)}")
        limit = f' AND l."id" IN {WANTED}' if some else ""
        return (
            f'SELECT {", ".join(columns)} FROM "lead" l {" ".join(joins)} '
            f'WHERE NOT coalesce(l."is_deleted", FALSE){limit}'
        )

    def _verdict(self) -> list[str]:
        parsed = self.parsed
        create = "FALSE" if parsed.never_create else "TRUE"
        if parsed.create is not None:
            create = f"coalesce({self._sql(parsed.create)}, FALSE)"
        amount = self._sql(parsed.amount) if parsed.amount is not None else "NULL"
        return [
            '"id" AS "lead_id"',
            '"in_scope"',
            f'("in_scope" AND coalesce({self._sql(parsed.ready)}, FALSE)) AS "ready"',
            '"status"',
            f'{self._next_step()} AS "next_status"',
            f'{create} AS "wants_opportunity"',
            f'{amount} AS "amount"',
            *(quoted(f"c:{name}") for name in parsed.policy.criteria),
            *(quoted(f"s:{name}") for name in parsed.policy.signals),
        ]

    def _next_step(self) -> str:
        whens = []
        for number, (transition, tree) in enumerate(
            zip(self.parsed.policy.transitions, self.parsed.transitions, strict=True)
        ):
            whens.append(f'WHEN "in_scope" AND {_leaves(transition)} AND {self._sql(tree)} THEN {number}')
        return f"CASE {' '.join(whens)} END" if whens else "CAST(NULL AS INTEGER)"

    def _sql(self, tree: syntax.Expr, *, prefix: str = "") -> str:
        def resolve(name: syntax.Field | syntax.SignalRef | syntax.CriterionRef) -> str:
            match name:
                case syntax.Field():
                    return prefix + quoted(name.name)
                case syntax.SignalRef():
                    return quoted(f"s:{name.name}")
                case syntax.CriterionRef():
                    return quoted(f"c:{name.name}")

        return emit(tree, resolve=resolve, now=self.now)


def _leaves(transition: Transition) -> str:
    """Whether the lead stands where the transition starts; without `from` that is everywhere but its end."""
    if not transition.from_:
        return f'"status" <> {constant(transition.to)}'
    return f'"status" IN ({", ".join(constant(status) for status in transition.from_)})'


def _aware(value: object) -> Value:
    return as_utc(value) if isinstance(value, datetime) else cast("Value", value)
