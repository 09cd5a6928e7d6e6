"""Signals as SQL: one pass over the activities for all signals of all leads, and the rows that speak for each.

A signal holds when a row matches its condition within its window, and no later row contradicts it. So per lead only
two moments matter: the last match and the last contradiction. Rows from after the run's clock don't count (unless
the signal is about planned activities), and a contradiction at the very instant of the match isn't later.
"""

# ruff: noqa: S608 -- the SQL is made of the gate's trees; every constant and name in it is quoted by sync.policy.emit
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sync.mapping import OrgMapping
from sync.model import FieldType
from sync.policy import syntax
from sync.policy.emit import Now, constant, emit, instant, quoted
from sync.policy.parsed import ParsedSignal
from sync.policy.patterns import literal_pattern
from sync.policy.relations import STAMP, opportunity_columns
from sync.policy.schema import SignalKind
from sync.policy.syntax import Expr

WANTED = '(SELECT "id" FROM "wanted")'
"""The leads asked for, where a query is limited to some."""

EVIDENCE_COLUMNS = ("lead_id", "signal", "object", "record_id", "at", "text", "found", "contradicts")

_NO_STAMP = "CAST(NULL AS TIMESTAMP)"
_SUBJECTS = {"contains", "starts_with", "ends_with", "matches"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A relation with rows that hang on leads."""

    relation: str
    time: str
    object: str
    text: str


def _source(kind: SignalKind, mapping: OrgMapping) -> _Source:
    match kind:
        case SignalKind.ACTIVITY:
            return _Source(relation="activity", time="occurred_at", object='r."object"', text='r."text"')
        case SignalKind.OPPORTUNITY:
            name = 'r."name"' if "name" in opportunity_columns(mapping) else "CAST(NULL AS VARCHAR)"
            return _Source(relation="lead_opportunity", time="created_at", object="'Opportunity'", text=name)
        case SignalKind.HISTORY:
            change = "concat(r.\"field\", ': ', coalesce(r.\"old_value\", '–'), ' → ', coalesce(r.\"new_value\", '–'))"
            return _Source(relation="lead_history", time="created_at", object="'LeadHistory'", text=change)
        case SignalKind.FIELD:
            raise AssertionError("a field signal has no rows")


def row_sql(expr: Expr, kind: SignalKind, now: Now) -> str:
    """A signal's condition over its row, which is called `r`."""

    def resolve(name: syntax.Field | syntax.SignalRef | syntax.CriterionRef) -> str:
        column = f"r.{quoted(name.name)}"
        if kind is SignalKind.ACTIVITY and name.name == "is_closed":
            return f'(CASE WHEN r."object" = \'Event\' THEN r."ended_at" < {instant(now)} ELSE {column} END)'
        return column

    return emit(expr, resolve=resolve, now=now)


def wanted_rows_sql(kind: SignalKind, mapping: OrgMapping) -> str:
    """A CTE with the rows of the leads asked for, so that conditions are computed on few rows only."""
    relation = _source(kind, mapping).relation
    name = quoted(_wanted_rows(relation))
    return f'{name} AS MATERIALIZED (SELECT * FROM {quoted(relation)} r WHERE r."lead_id" IN {WANTED})'


def facts_sql(
    kind: SignalKind, signals: Iterable[ParsedSignal], mapping: OrgMapping, *, now: datetime, some: bool
) -> str:
    """One row per lead that has any: the last match (`m:name`) and the last contradiction (`x:name`) of each signal.

    A `CASE` inside `max` and no `FILTER` beside it: DuckDB stops at the first condition of a `CASE` that fails, so
    texts are searched in the few rows of the window only, where a `FILTER` searched all (measured three times as long).
    """
    columns = ", ".join(('r."lead_id" AS "lead_id"', *facts_columns(kind, signals, mapping, now=now)))
    source = _source(kind, mapping)
    relation = quoted(_wanted_rows(source.relation) if some else source.relation)
    return f'SELECT {columns} FROM {relation} r WHERE {made_sql(now)} GROUP BY r."lead_id"'


def facts_columns(kind: SignalKind, signals: Iterable[ParsedSignal], mapping: OrgMapping, *, now: Now) -> list[str]:
    """The columns of `facts_sql` after the lead, over a group of rows `r`."""
    return [f"max({hit}) AS {quoted(name)}" for name, hit in _hits(kind, signals, mapping, now).items()]


def _hits(kind: SignalKind, signals: Iterable[ParsedSignal], mapping: OrgMapping, now: Now) -> dict[str, str]:
    """A row's time where it matches (`m:name`) or contradicts (`x:name`) a signal, else null."""
    source = _source(kind, mapping)
    hits = {}
    for parsed in signals:
        name, time = parsed.signal.name, _time(parsed, source, now)
        hits[f"m:{name}"] = f"CASE WHEN {_counts(parsed, source, now)} THEN {time} END"
        if parsed.contradicted_by is not None:
            # A contradiction from before the window can't be later than a match within it.
            against = f"{_in_window(parsed, time, now)} AND {row_sql(parsed.contradicted_by, kind, now)}"
            hits[f"x:{name}"] = f"CASE WHEN {against} THEN {time} END"
    return hits


def row_time(kind: SignalKind, mapping: OrgMapping) -> str:
    """The column that says when a row of this kind counts from."""
    return _source(kind, mapping).time


def holds_sql(parsed: ParsedSignal, facts: str) -> str:
    """Whether the signal holds, from its facts row (which may be missing: then it doesn't)."""
    matched = f"{facts}.{quoted('m:' + parsed.signal.name)}"
    if parsed.contradicted_by is None:
        return f"({matched} IS NOT NULL)"
    against = f"{facts}.{quoted('x:' + parsed.signal.name)}"
    return f"({matched} IS NOT NULL AND coalesce({against} <= {matched}, TRUE))"


def evidence_selects(parsed: ParsedSignal, mapping: OrgMapping, *, facts: str, now: datetime) -> list[str]:
    """SELECTs of `EVIDENCE_COLUMNS`: the rows that match, and the later ones that contradict."""
    kind, signal = parsed.signal.kind, parsed.signal
    if kind is SignalKind.FIELD:
        return [_field_evidence(parsed, now)]
    source = _source(kind, mapping)
    time = _time(parsed, source, now)

    def select(expr: Expr, where: str, *, contradicts: bool, joined: str = "") -> str:
        found = _found(expr, kind, now)
        return (
            f'SELECT r."lead_id", {constant(signal.name)}, {source.object}, r."id", {time}, {source.text}, {found}, '
            f"{constant(contradicts)} FROM {quoted(_wanted_rows(source.relation))} r {joined}"
            f"WHERE {made_sql(now)} AND {where}"
        )

    selects = [select(parsed.when, _counts(parsed, source, now), contradicts=False)]
    if parsed.contradicted_by is not None:
        where = _contradicts(parsed, parsed.contradicted_by, source, now)
        joined = f'JOIN {quoted(facts)} f ON f."lead_id" = r."lead_id" '
        selects.append(select(parsed.contradicted_by, where, contradicts=True, joined=joined))
    return selects


def records_select(
    kind: SignalKind, signals: Sequence[ParsedSignal], mapping: OrgMapping, *, now: datetime
) -> tuple[list[str], str]:
    """CTEs, and a SELECT of the lead, the id and the stamp of every row that `evidence_selects` would give.

    Texts are searched once, and none is taken out. Only activities have a stamp. A row may come twice if it speaks for
    two kinds of signal.
    """
    if kind is SignalKind.FIELD:
        conditions = " OR ".join(f"({_field_condition(parsed, now)})" for parsed in signals)
        return [], f'SELECT r."id", r."id", {_NO_STAMP} FROM "lead" r WHERE r."id" IN {WANTED} AND ({conditions})'
    hits, facts = quoted(f"{kind}_hits"), quoted(f"{kind}_facts")
    stamp = f"r.{quoted(STAMP)}" if kind is SignalKind.ACTIVITY else _NO_STAMP
    found = _hits(kind, signals, mapping, now)
    columns = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in found.items())
    latest = ", ".join(f"max({quoted(name)}) AS {quoted(name)}" for name in found)
    speaks = [f"h.{quoted(name)} IS NOT NULL" for name in found if name.startswith("m:")]
    speaks += [
        f"h.{quoted('x:' + parsed.signal.name)} > f.{quoted('m:' + parsed.signal.name)}"
        for parsed in signals
        if parsed.contradicted_by is not None
    ]
    rows = (
        f'SELECT r."lead_id" AS "lead_id", r."id" AS "id", {stamp} AS "stamp", {columns} '
        f'FROM {quoted(_source(kind, mapping).relation)} r WHERE {made_sql(now)} AND r."lead_id" IN {WANTED}'
    )
    ctes = [
        f"{hits} AS MATERIALIZED ({rows})",
        f'{facts} AS (SELECT "lead_id", {latest} FROM {hits} GROUP BY "lead_id")',
    ]
    joined = f'{hits} h JOIN {facts} f ON f."lead_id" = h."lead_id"'
    return ctes, f'SELECT h."lead_id", h."id", h."stamp" FROM {joined} WHERE {" OR ".join(speaks)}'


def _contradicts(parsed: ParsedSignal, against: Expr, source: _Source, now: datetime) -> str:
    """Whether a row `r` speaks against a signal and is later than its last match, which stands in `f`."""
    time = _time(parsed, source, now)
    later = f"{time} > f.{quoted('m:' + parsed.signal.name)}"
    return f"{_known(time, now)} AND {later} AND {row_sql(against, parsed.signal.kind, now)}"


def _wanted_rows(relation: str) -> str:
    return f"{relation}_of_wanted"


def _field_condition(parsed: ParsedSignal, now: datetime) -> str:
    def resolve(name: syntax.Field | syntax.SignalRef | syntax.CriterionRef) -> str:
        return f"r.{quoted(name.name)}"

    return emit(parsed.when, resolve=resolve, now=now)


def _field_evidence(parsed: ParsedSignal, now: datetime) -> str:
    texts = [f"r.{quoted(field)}" for field, _ in _searched(parsed.when)]
    text = f"coalesce({', '.join(texts)})" if texts else "CAST(NULL AS VARCHAR)"
    return (
        f'SELECT r."id", {constant(parsed.signal.name)}, \'Lead\', r."id", CAST(NULL AS TIMESTAMP), {text}, '
        f'{_found(parsed.when, SignalKind.FIELD, now)}, FALSE FROM "lead" r WHERE r."id" IN {WANTED} '
        f"AND {_field_condition(parsed, now)}"
    )


def _time(parsed: ParsedSignal, source: _Source, now: Now) -> str:
    """When a row counts from; a planned activity counts from when it was made."""
    time = f"r.{quoted(source.time)}"
    if not parsed.signal.planned:
        return time
    return f'(CASE WHEN {time} > {instant(now)} THEN r."created_at" ELSE {time} END)'


def _counts(parsed: ParsedSignal, source: _Source, now: Now) -> str:
    return f"{_in_window(parsed, _time(parsed, source, now), now)} AND {row_sql(parsed.when, parsed.signal.kind, now)}"


def _in_window(parsed: ParsedSignal, time: str, now: Now) -> str:
    if parsed.signal.within_days is None:
        return _known(time, now)
    return f"{_known(time, now)} AND {time} >= {instant(now, days=-parsed.signal.within_days)}"


def _known(time: str, now: Now) -> str:
    return f"{time} <= {instant(now)}"


def made_sql(now: Now) -> str:
    """A record that was made after the run's clock doesn't exist yet in a replay."""
    return f'coalesce(r."created_at" <= {instant(now)}, TRUE)'


def _found(expr: Expr, kind: SignalKind, now: datetime) -> str:
    """The first words that one of the condition's searches finds in the row."""
    hits = []
    for field, pattern in _searched(expr):
        column = row_sql(syntax.Field(field, FieldType.TEXT), kind, now)
        hits.append(f"nullif(regexp_extract({column}, {constant(pattern)}, 0, 'i'), '')")
    return f"coalesce({', '.join(hits)})" if hits else "CAST(NULL AS VARCHAR)"


def _searched(expr: Expr) -> list[tuple[str, str]]:
    """Fields and regular expressions that a condition looks for (not: that it excludes)."""
    if isinstance(expr, syntax.Not):
        return []
    found: list[tuple[str, str]] = []
    if isinstance(expr, syntax.Call) and expr.name in _SUBJECTS:
        subject, words = expr.args
        fields = syntax.field_names(subject)
        if fields and isinstance(words, syntax.Literal):
            text = str(words.value)
            found.append((fields[0], text if expr.name == "matches" else literal_pattern(text)))
    for child in syntax.children(expr):
        found += _searched(child)
    return found
