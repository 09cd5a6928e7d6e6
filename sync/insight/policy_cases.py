"""Test cases of a policy, run: one database in memory for all of them, asked anew for every policy or mutant of it.

`leadgate policy test` calls this with files that `sync.policy.case_reader` has read. The engine is the mirror's own, so
a case says what a run would decide, not what a second implementation believes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

import duckdb

from sync.mapping import OrgMapping
from sync.model import FieldType, Value
from sync.policy.cases import (
    Case,
    Difference,
    Outcome,
    Row,
    case_checks_sql,
    case_lead_id,
    case_relations,
    case_rows,
    case_schema_sql,
    differences,
)
from sync.policy.compile import CompiledPolicy, compile_parsed
from sync.policy.emit import quoted
from sync.policy.parsed import ParsedPolicy
from sync.policy.relations import sql_type


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """A case, and what the policy said otherwise than it expects."""

    case: Case
    outcome: Outcome
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        """Whether the policy said what the case expects."""
        return not self.differences


class CaseDatabase:
    """Cases as rows of the relations that a policy reads; cases of one clock are decided by one query."""

    def __init__(self, cases: Sequence[Case], mapping: OrgMapping) -> None:
        self.cases = tuple(cases)
        self.mapping = mapping
        self._connection = duckdb.connect(config={"enable_external_access": "false", "threads": "1"})
        for statement in case_schema_sql(mapping):
            self._connection.execute(statement)
        self._fill()
        self._connection.execute("SET lock_configuration = true")
        self._numbers: dict[datetime, list[int]] = {}
        for number, case in enumerate(self.cases):
            self._numbers.setdefault(case.now, []).append(number)

    def __enter__(self) -> Self:
        """The database itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Forget everything."""
        self._connection.close()

    @property
    def clocks(self) -> tuple[datetime, ...]:
        """Every clock of the cases."""
        return tuple(self._numbers)

    def outcomes(self, parsed: ParsedPolicy) -> tuple[Outcome, ...]:
        """What a policy says of each case, in their order."""
        found: dict[int, Outcome] = {}
        for now, numbers in self._numbers.items():
            found.update(self._of_one_clock(compile_parsed(parsed, self.mapping, now), numbers))
        return tuple(found[number] for number in range(len(self.cases)))

    def ask(self, now: datetime, sql: str) -> list[tuple[object, ...]]:
        """Rows of a query whose one parameter is the ids of the leads of the cases that have this clock."""
        ids = [case_lead_id(number) for number in self._numbers[now]]
        return self._connection.execute(sql, [ids]).fetchall()

    def _of_one_clock(self, compiled: CompiledPolicy, numbers: Sequence[int]) -> Iterator[tuple[int, Outcome]]:
        ids = [case_lead_id(number) for number in numbers]
        if len(self._numbers) == 1:
            rows = self._connection.execute(compiled.decide_sql).fetchall()
        else:
            rows = self._connection.execute(compiled.decide_some_sql, [ids]).fetchall()
        decisions = {decision.lead_id: decision for decision in map(compiled.decision, rows)}
        flags = self._checks(compiled)
        unflagged = dict.fromkeys(compiled.parsed.checks, False)
        for number, lead_id in zip(numbers, ids, strict=True):
            yield number, Outcome(decision=decisions.get(lead_id), checks=flags.get(lead_id, unflagged))

    def _checks(self, compiled: CompiledPolicy) -> dict[str, dict[str, bool]]:
        sql = case_checks_sql(compiled.parsed, compiled.now)
        rows = self._connection.execute(sql).fetchall() if sql else []
        return {row[0]: dict(zip(compiled.parsed.checks, map(bool, row[1:]), strict=True)) for row in rows}

    def _fill(self) -> None:
        rows: dict[str, list[Row]] = {}
        for number, case in enumerate(self.cases):
            for relation, listed in case_rows(case, number).items():
                rows.setdefault(relation, []).extend(listed)
        for relation, columns in case_relations(self.mapping).items():
            self._insert(relation, columns, rows.get(relation, ()))

    def _insert(self, relation: str, columns: Mapping[str, FieldType], rows: Sequence[Row]) -> None:
        """Column by column: one statement, however many cases there are."""
        used = {name: columns[name] for row in rows for name in row}
        if not used:
            return
        lists = ", ".join(f"unnest(CAST(? AS {sql_type(type_)}[]))" for type_ in used.values())
        values = [[_naive(row.get(name)) for row in rows] for name in used]
        self._connection.execute(
            f"INSERT INTO {quoted(relation)} ({', '.join(map(quoted, used))}) SELECT {lists}", values
        )


def run_cases(database: CaseDatabase, parsed: ParsedPolicy) -> tuple[CaseResult, ...]:
    """Each case, held against what the policy says of it."""
    return tuple(
        CaseResult(case=case, outcome=outcome, differences=differences(case, outcome))
        for case, outcome in zip(database.cases, database.outcomes(parsed), strict=True)
    )


def _naive(value: Value) -> Value:
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value
