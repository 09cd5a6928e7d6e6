# ruff: noqa: S608 -- the SQL is made of the gate's trees; every constant and name in it is quoted by sync.policy.emit
"""A policy as the queries that replay it over the past: many leads, each at many moments, in one pass.

`sync.insight.backtest` runs them. They read these relations, all of them temp tables that it makes:

- `past_activity`, `past_lead_opportunity`: rows by what was known of them, each with `valid_from` (inclusive) and
  `valid_until` (exclusive, null: still); `lead_history`: rows that never change.
- `replay_moment`: `lead_id, day, clock, as_of`. At `clock` the policy is asked; it sees the lead's fields as of
  `as_of`, which is `clock`, but never later than the lead's conversion.
- `replay_lead`: `replay_moment` with the lead's fields (`fields`) as of `as_of`.

A verdict can change only on a day on which something about the lead changes, or on which the clock alone turns a
condition; `days_sql` and `turns_sql` name those days, so that all others need not be looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sync.mapping import OrgMapping
from sync.policy import syntax
from sync.policy.clocked import Turn, closed_by_the_clock, needed, turns, with_parts_named
from sync.policy.emit import ClockColumn, constant, emit, quoted
from sync.policy.parsed import ParsedPolicy, ParsedSignal, criteria_levels
from sync.policy.schema import SignalKind
from sync.policy.signals import facts_columns, holds_sql, made_sql, row_time
from sync.policy.syntax import Expr

_CLOCK = ClockColumn('m."clock"')
_SOURCES = {
    SignalKind.ACTIVITY: "past_activity",
    SignalKind.OPPORTUNITY: "past_lead_opportunity",
    SignalKind.HISTORY: "lead_history",
}
VERDICT_COLUMNS = ("lead_id", "day", "in_scope", "ready", "wants_opportunity", "amount")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayQueries:
    """One policy's replay."""

    fields: tuple[str, ...]
    """Our names of the lead fields that scope and readiness rest on, and what the conversion would make."""
    rows: tuple[tuple[str, str], ...]
    """Temp tables to make first, by name: the rows that can speak for or against a signal, and how."""
    days_sql: tuple[str, ...]
    """Queries for `lead_id, day`: days on which those rows begin or cease to count."""
    turns_sql: tuple[str, ...]
    """The same, over `replay_lead`: days on which the clock turns a condition on the lead's fields."""
    every_day: bool
    """Some condition uses the clock in a way that can't be foreseen: every day has to be looked at."""
    verdicts_sql: str
    """`VERDICT_COLUMNS` for every row of `replay_lead`."""


def replay_queries(parsed: ParsedPolicy, mapping: OrgMapping, *, prefix: str) -> ReplayQueries:
    """The queries of a policy's replay.

    Args:
        parsed: The policy.
        mapping: The mirror's.
        prefix: Begins the names of the temp tables, so that several policies stand side by side.
    """
    asked = _asked(parsed)
    signals = [parsed.signals[name] for name in _signal_names(parsed, asked)]
    kinds = [kind for kind in _SOURCES if any(s.signal.kind is kind for s in signals)]
    sources = [
        _Rows.of(kind, [s for s in signals if s.signal.kind is kind], mapping, table=f"{prefix}_{kind}")
        for kind in kinds
    ]
    on_fields = [s for s in signals if s.signal.kind is SignalKind.FIELD]
    deciding = [parsed.scope, *(parsed.criteria[name] for name in asked), *(s.when for s in on_fields)]
    turning = [turns(tree) for tree in deciding]
    foreseen = [turn for each in turning for turn in each or ()]
    extra = [tree for tree in (parsed.create, parsed.amount) if tree is not None]
    fields = parsed.fields_behind(parsed.scope, parsed.ready, *extra)
    return ReplayQueries(
        fields=tuple(dict.fromkeys((*fields, "status", "is_converted"))),
        rows=tuple((source.table, source.rows_sql()) for source in sources),
        days_sql=tuple(sql for source in sources for sql in source.days_sql()),
        turns_sql=tuple(_turn_days(turn, f"{_field_sql(turn.time)}", "replay_lead m") for turn in foreseen),
        every_day=None in turning or any(source.every_day for source in sources),
        verdicts_sql=_verdicts(parsed, asked, sources, on_fields),
    )


def _asked(parsed: ParsedPolicy) -> tuple[str, ...]:
    """Criteria that scope, readiness or the opportunity rest on, those that they refer to included."""
    found: dict[str, None] = {}
    trees = [parsed.scope, parsed.ready, *(tree for tree in (parsed.create, parsed.amount) if tree is not None)]
    while trees:
        for name in syntax.criterion_names(trees.pop()):
            if name not in found:
                found[name] = None
                trees.append(parsed.criteria[name])
    return tuple(name for name in parsed.criteria if name in found)


def _signal_names(parsed: ParsedPolicy, asked: tuple[str, ...]) -> tuple[str, ...]:
    trees = [parsed.scope, *(parsed.criteria[name] for name in asked)]
    trees += [tree for tree in (parsed.create, parsed.amount) if tree is not None]
    used = {name for tree in trees for name in syntax.signal_names(tree)}
    return tuple(name for name in parsed.signals if name in used)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """The rows of one kind that signals look at, reduced to what a replay needs of them."""

    kind: SignalKind
    table: str
    time: str
    signals: tuple[ParsedSignal, ...]
    """Their conditions speak of the table's columns: whatever doesn't depend on the clock is worked out beforehand."""
    parts: tuple[tuple[str, Expr], ...]
    kept: tuple[str, ...]
    condition: Expr | None
    """What a row needs to ever count."""
    mapping: OrgMapping

    @classmethod
    def of(cls, kind: SignalKind, signals: list[ParsedSignal], mapping: OrgMapping, *, table: str) -> _Rows:
        parts: dict[Expr, str] = {}

        def name(part: Expr) -> str:
            return parts.setdefault(part, f"p{len(parts)}")

        rewritten, conditions = [], []
        for signal in signals:
            when = _row_tree(signal.when, kind)
            against = None if signal.contradicted_by is None else _row_tree(signal.contradicted_by, kind)
            conditions += [needed(tree) for tree in (when, against) if tree is not None]
            rewritten.append(
                replace(
                    signal,
                    when=with_parts_named(when, name),
                    contradicted_by=None if against is None else with_parts_named(against, name),
                )
            )
        usable = [condition for condition in conditions if condition is not None]
        kept = {field for s in rewritten for tree in _conditions(s) for field in syntax.field_names(tree)}
        if "is_closed" in kept:  # read through these two where it stands beside the clock
            kept |= {"object", "ended_at"}
        return cls(
            kind=kind,
            table=table,
            time=row_time(kind, mapping),
            signals=tuple(rewritten),
            parts=tuple((column, part) for part, column in parts.items()),
            kept=tuple(sorted(kept - set(parts.values()))),
            condition=syntax.Or(tuple(usable)) if len(usable) == len(conditions) else None,
            mapping=mapping,
        )

    @property
    def every_day(self) -> bool:
        return any(turns(tree) is None for signal in self.signals for tree in _conditions(signal))

    def rows_sql(self) -> str:
        """The table: lead, validity, times, the parts, and the columns that the clock is held against."""
        bounds = 'r."valid_from", r."valid_until"'
        if self.kind is SignalKind.HISTORY:
            bounds = 'r."created_at" AS "valid_from", CAST(NULL AS TIMESTAMP) AS "valid_until"'
        names = dict.fromkeys(("created_at", self.time, *self.kept))
        columns = [*(f"r.{quoted(name)}" for name in names)]
        columns += [f"{_row_sql(part)} AS {quoted(column)}" for column, part in self.parts]
        where = "TRUE" if self.condition is None else f"coalesce({_row_sql(self.condition)}, FALSE)"
        if self.kind is SignalKind.HISTORY:
            where = f'({where}) AND NOT coalesce(r."is_deleted", FALSE)'
        return f'SELECT r."lead_id", {bounds}, {", ".join(columns)} FROM {_SOURCES[self.kind]} r WHERE {where}'

    def days_sql(self) -> Iterator[str]:
        """Days on which a row of the table may begin or cease to count."""
        times = dict.fromkeys(("valid_from", "valid_until", "created_at", self.time))
        listed = [f"CAST({quoted(name)} AS DATE)" for name in times]
        for within in sorted({s.signal.within_days for s in self.signals if s.signal.within_days is not None}):
            # The window's end belongs to it: it has passed by the end of that day, at the latest on the next.
            for name in dict.fromkeys((self.time, "created_at")):
                listed += [f"CAST({quoted(name)} AS DATE) + {within + more}" for more in (0, 1)]
        yield f"SELECT lead_id, unnest([{', '.join(listed)}]) AS day FROM {self.table}"
        for signal in self.signals:
            for tree in _conditions(signal):
                for turn in turns(tree) or ():
                    yield _turn_days(turn, _row_sql(turn.time), f"{self.table} r", lead='r."lead_id"')

    def facts_sql(self) -> str:
        """Per moment of a lead: the last match and the last contradiction of each signal."""
        # A lead that people converted goes on as its contact: calls are made, but its records are what they were.
        known = "m.clock" if self.kind is SignalKind.ACTIVITY else "m.as_of"
        columns = facts_columns(self.kind, self.signals, self.mapping, now=_CLOCK)
        return (
            f"SELECT m.lead_id, m.clock, {', '.join(columns)} FROM replay_moment m "
            f"JOIN {self.table} r ON r.lead_id = m.lead_id AND r.valid_from <= {known} "
            f"WHERE (r.valid_until IS NULL OR {known} < r.valid_until) AND {made_sql(_CLOCK)} "
            f"GROUP BY m.lead_id, m.clock"
        )


def _row_tree(expr: Expr, kind: SignalKind) -> Expr:
    return closed_by_the_clock(expr) if kind is SignalKind.ACTIVITY else expr


def _conditions(signal: ParsedSignal) -> tuple[Expr, ...]:
    return (signal.when,) if signal.contradicted_by is None else (signal.when, signal.contradicted_by)


def _row_sql(expr: Expr) -> str:
    return emit(expr, resolve=lambda name: f"r.{quoted(name.name)}", now=_CLOCK)


def _field_sql(expr: Expr) -> str:
    return emit(expr, resolve=lambda name: f"m.{quoted(name.name)}", now=_CLOCK)


def _turn_days(turn: Turn, time: str, relation: str, *, lead: str = "m.lead_id") -> str:
    day = f"CAST({time} AS DATE)"
    return (
        f"SELECT DISTINCT {lead} AS lead_id, unnest([{day} + {turn.days}, {day} + {turn.days + 1}]) AS day "
        f"FROM {relation}"
    )


def _verdicts(parsed: ParsedPolicy, asked: tuple[str, ...], sources: list[_Rows], on_fields: list[ParsedSignal]) -> str:
    def sql(tree: Expr) -> str:
        def resolve(name: syntax.Field | syntax.SignalRef | syntax.CriterionRef) -> str:
            match name:
                case syntax.Field():
                    return "m." + quoted(name.name)
                case syntax.SignalRef():
                    return quoted(f"s:{name.name}")
                case syntax.CriterionRef():
                    return quoted(f"c:{name.name}")

        return emit(tree, resolve=resolve, now=_CLOCK)

    ctes = [f"{quoted(f'{s.kind}_facts')} AS ({s.facts_sql()})" for s in sources]
    joins = [
        f"LEFT JOIN {(facts := quoted(f'{s.kind}_facts'))} ON {facts}.lead_id = m.lead_id AND {facts}.clock = m.clock"
        for s in sources
    ]
    signals = [
        f"{holds_sql(signal, quoted(f'{s.kind}_facts'))} AS {quoted('s:' + signal.signal.name)}"
        for s in sources
        for signal in s.signals
    ]
    signals += [f"{sql(signal.when)} AS {quoted('s:' + signal.signal.name)}" for signal in on_fields]
    ctes.append(f'"facts" AS (SELECT {", ".join(["m.*", *signals])} FROM replay_lead m {" ".join(joins)})')
    below = "facts"
    for number, level in enumerate(criteria_levels({name: parsed.criteria[name] for name in asked})):
        columns = ", ".join(f"{sql(parsed.criteria[name])} AS {quoted('c:' + name)}" for name in level)
        ctes.append(f'"level{number}" AS (SELECT *, {columns} FROM {quoted(below)} m)')
        below = f"level{number}"
    scope = f"coalesce({sql(parsed.scope)}, FALSE) AND NOT coalesce(m.is_converted, FALSE)"
    create = "FALSE" if parsed.never_create else "TRUE"
    if parsed.create is not None:
        create = f"coalesce({sql(parsed.create)}, FALSE)"
    amount = sql(parsed.amount) if parsed.amount is not None else constant(None)
    return (
        f"WITH {', '.join(ctes)} SELECT lead_id, day, ({scope}) AS in_scope, "
        f"(({scope}) AND coalesce({sql(parsed.ready)}, FALSE)) AS ready, {create} AS wants_opportunity, "
        f"CAST({amount} AS DOUBLE) AS amount FROM {quoted(below)} m"
    )
