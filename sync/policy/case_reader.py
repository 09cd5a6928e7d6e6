"""Reads the YAML of policy test cases (`sync.policy.cases` describes the format), with every problem located."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from sync.errors import PolicyInvalid
from sync.mapping import OrgMapping
from sync.model import FieldType, Value
from sync.policy.cases import Accepted, Case, CaseFile, Expected, case_relations
from sync.policy.coercion import parse_time
from sync.policy.decision import Truth, Verdict
from sync.policy.document import Block, Entry, Items, Text, Tree, read_document
from sync.policy.forms import Form, is_nothing
from sync.policy.schema import Place, Policy

FILE_KEYS = ("policy", "now", "cases", "accepted")
ACCEPTED_KEYS = ("mutant", "gap", "because")
CASE_KEYS = ("name", "now", "lead", "activities", "opportunities", "history", "expect")
EXPECT_KEYS = ("verdict", "met", "not_met", "unknown", "signals", "next_status", "opportunity", "amount", "checks")
ACTIVITY_KINDS = ("task", "call", "email", "event")

_AHEAD = re.compile(r"in (\d{1,5}) (minute|hour|day|week)s?")
_AGO = re.compile(r"(\d{1,5}) (minute|hour|day|week)s? ago")
_SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}


def policy_of(text: str, file: str) -> str | None:
    """The policy file that a file of cases says it is for, relative to itself; `None` where it doesn't say.

    Raises:
        PolicyInvalid: When the file can't be read as YAML.
    """
    block, problems = read_document(text, file)
    if block is None:
        raise PolicyInvalid(problems)
    entry = block.get("policy")
    return Form(file, problems).text(entry, "policy") if entry is not None else None


def load_cases(text: str, file: str, policy: Policy, mapping: OrgMapping) -> CaseFile:
    """The cases of a file.

    Raises:
        PolicyInvalid: With every problem of the file.
    """
    block, problems = read_document(text, file)
    if block is None:
        raise PolicyInvalid(problems)
    form = Form(file, problems)
    form.block(block, "cases", FILE_KEYS)
    if (for_policy := block.get("policy")) is not None:
        form.text(for_policy, "policy")
    reader = _CaseReader(form, policy, mapping)
    now = reader.clock(block.get("now"), None)
    listed = block.get("cases")
    cases: list[Case] = []
    if listed is None or not isinstance(listed.value, Items):
        form.problem(listed.line if listed else 1, "`cases:` is a list of `- name: …`")
    else:
        cases = [case for item in listed.value.items if (case := reader.case(item, now)) is not None]
    names = [case.name for case in cases]
    for number, case in enumerate(cases):
        if names.index(case.name) != number:
            form.problem(case.place.line, f"case {case.name!r}: the name is used twice")
    accepted = _accepted(form, block.get("accepted"))
    if form.problems:
        raise PolicyInvalid(sorted(form.problems, key=lambda problem: problem.line))
    return CaseFile(file=file, cases=tuple(cases), mutants=accepted["mutant"], gaps=accepted["gap"])


def _accepted(form: Form, entry: Entry | None) -> dict[str, tuple[Accepted, ...]]:
    found: dict[str, list[Accepted]] = {"mutant": [], "gap": []}
    if entry is not None and not is_nothing(entry) and not isinstance(entry.value, Items):
        form.problem(entry.line, "`accepted:` is a list of `- {mutant: …, because: …}`")
    for item in entry.value.items if entry is not None and isinstance(entry.value, Items) else ():
        block = form.block(item, "accepted", ACCEPTED_KEYS)
        sorts = [sort for sort in found if block is not None and block.get(sort) is not None]
        reason = block.get("because") if block is not None else None
        if block is None or len(sorts) != 1 or reason is None:
            form.problem(item.line, "accepted: needs `mutant` or `gap`, as the report names it, and `because`")
            continue
        what = block.get(sorts[0])
        said = form.text(what, f"accepted.{sorts[0]}") if what is not None else None
        because = form.text(reason, "accepted.because")
        if said is not None and because is not None:
            found[sorts[0]].append(Accepted(what=said, because=because, place=Place(form.file, item.line)))
    return {sort: tuple(listed) for sort, listed in found.items()}


@dataclass(slots=True)
class _CaseReader:
    form: Form
    policy: Policy
    mapping: OrgMapping

    def case(self, item: Tree, file_now: datetime | None) -> Case | None:
        block = self.form.block(item, "case", CASE_KEYS)
        if block is None:
            return None
        name_entry, expect = block.get("name"), block.get("expect")
        name = self.form.text(name_entry, "case.name") if name_entry else None
        if name is None or expect is None:
            self.form.problem(block.line, "case: needs `name` and `expect`")
            return None
        what = f"case {name!r}"
        now = self.clock(block.get("now"), file_now)
        if now is None:
            self.form.problem(block.line, f"{what}: has no clock", "give `now:` here or at the top of the file")
            return None
        lead = block.get("lead")
        columns = case_relations(self.mapping)["lead"]
        return Case(
            name=name,
            place=Place(self.form.file, block.line),
            now=now,
            lead=self._row(lead.value, f"{what}.lead", columns, now) if lead else {},
            activities=tuple(_activity(row, now) for row in self._rows(block, "activities", "activity", what, now)),
            opportunities=tuple(
                _dated(row, now) for row in self._rows(block, "opportunities", "lead_opportunity", what, now)
            ),
            history=tuple(_dated(row, now) for row in self._rows(block, "history", "lead_history", what, now)),
            expected=self._expected(expect, what),
        )

    def clock(self, entry: Entry | None, usual: datetime | None) -> datetime | None:
        if entry is None:
            return usual
        moment = _moment(entry.value.raw.strip(), None) if isinstance(entry.value, Text) else None
        if moment is None:
            self.form.problem(entry.line, "now: needs a time", "e.g. now: 2026-06-15T12:00:00Z")
            return None
        return _as_time(moment)

    def _rows(self, block: Block, key: str, relation: str, what: str, now: datetime) -> list[dict[str, Value]]:
        entry = block.get(key)
        if entry is None or is_nothing(entry):
            return []
        if not isinstance(entry.value, Items):
            self.form.problem(entry.line, f"{what}.{key}: is a list of `- {{…}}`")
            return []
        columns = dict(case_relations(self.mapping)[relation]) | {"at": FieldType.DATETIME}
        return [self._row(item, f"{what}.{key}", columns, now) for item in entry.value.items]

    def _row(self, tree: Tree, what: str, columns: Mapping[str, FieldType], now: datetime) -> dict[str, Value]:
        row: dict[str, Value] = {}
        for entry in self.form.block(tree, what, tuple(columns)) or ():
            if entry.key == "kind":
                row["kind"] = self.form.word(entry, f"{what}.kind", ACTIVITY_KINDS)
            elif entry.key in columns:
                row[entry.key] = self._value(entry, f"{what}.{entry.key}", columns[entry.key], now)
        return row

    def _value(self, entry: Entry, what: str, type_: FieldType, now: datetime) -> Value:
        tree = entry.value
        if not isinstance(tree, Text):
            self.form.problem(entry.line, f"{what}: needs a single value")
            return None
        if tree.value is None:
            return None
        value = _read(tree, type_, now)
        if value is None:
            self.form.problem(entry.line, f"{what}: {tree.raw!r} is no {type_.value}")
        return value

    def _expected(self, entry: Entry, what: str) -> Expected:
        block = self.form.block(entry.value, f"{what}.expect", EXPECT_KEYS)
        if block is None:
            return Expected()
        verdict = block.get("verdict")
        word = self.form.word(verdict, f"{what}.verdict", tuple(v.value for v in Verdict)) if verdict else None
        results: dict[str, Truth] = {}
        for truth in Truth:
            listed = block.get(truth.value)
            for name in (self.form.texts(listed, f"{what}.{truth.value}") or ()) if listed else ():
                if name not in self.policy.criteria:
                    self.form.problem(listed.line if listed else 1, f"{what}: the policy has no criterion {name!r}")
                else:
                    results[name] = truth
        next_status, opportunity, amount = block.get("next_status"), block.get("opportunity"), block.get("amount")
        nothing = next_status is not None and is_nothing(next_status)
        no_amount = amount is not None and is_nothing(amount)
        number = _number(amount.value.raw) if amount and isinstance(amount.value, Text) else None
        if amount is not None and number is None and not no_amount:
            self.form.problem(amount.line, f"{what}.amount: needs a number")
        return Expected(
            verdict=Verdict(word) if word else None,
            results=results,
            signals=self._signals(block.get("signals"), what),
            next_status=self.form.text(next_status, f"{what}.next_status") if next_status and not nothing else None,
            no_next_status=nothing,
            opportunity=self.form.yes_no(opportunity, f"{what}.opportunity") if opportunity else None,
            amount=number,
            no_amount=no_amount,
            checks=self._checks(block.get("checks"), what),
        )

    def _signals(self, entry: Entry | None, what: str) -> dict[str, bool | None]:
        found: dict[str, bool | None] = {}
        for item in self._named(entry, f"{what}.signals", self.policy.signals):
            if isinstance(item.value, Text) and item.value.value == Truth.UNKNOWN.value:
                found[item.key] = None
            elif (holds := self.form.yes_no(item, f"{what}.signals.{item.key}")) is not None:
                found[item.key] = holds
        return found

    def _checks(self, entry: Entry | None, what: str) -> dict[str, bool]:
        found: dict[str, bool] = {}
        for item in self._named(entry, f"{what}.checks", self.policy.opportunity_checks):
            if (flagged := self.form.yes_no(item, f"{what}.checks.{item.key}")) is not None:
                found[item.key] = flagged
        return found

    def _named(self, entry: Entry | None, what: str, known: Collection[str]) -> Iterator[Entry]:
        for item in (self.form.named(entry.value, what) or ()) if entry else ():
            if item.key in known:
                yield item
            else:
                sort = what.rpartition(".")[2].removesuffix("s")
                self.form.problem(item.line, f"{what}: the policy has no {sort} {item.key!r}")


def _activity(given: Mapping[str, Value], now: datetime) -> dict[str, Value]:
    """A row of `activity` as the view would have it, from the few things that a case says."""
    kind = given.get("kind") or "task"
    at = given.get("at") or given.get("occurred_at") or now
    past = at if isinstance(at, datetime) and at <= now else now
    usual: dict[str, Value] = {
        "object": "Event" if kind == "event" else "Task",
        "kind": kind,
        "occurred_at": at,
        "ended_at": at,
        "created_at": past,
        "is_closed": None if kind == "event" else at == past,
        "text": f"{given.get('subject') or ''}\n{given.get('description') or ''}",
    }
    return usual | {name: value for name, value in given.items() if name != "at"}


def _dated(given: Mapping[str, Value], now: datetime) -> dict[str, Value]:
    return {"created_at": given.get("at") or now} | {name: value for name, value in given.items() if name != "at"}


def _read(tree: Text, type_: FieldType, now: datetime) -> Value:  # noqa: PLR0911 -- one per type
    raw = tree.raw.strip()
    match type_:
        case FieldType.BOOLEAN:
            return tree.value if isinstance(tree.value, bool) else None
        case FieldType.INTEGER:
            return tree.value if isinstance(tree.value, int) and not isinstance(tree.value, bool) else None
        case FieldType.NUMBER | FieldType.PERCENT:
            number = _number(raw)
            return None if number is None else float(number)
        case FieldType.CURRENCY:
            return _number(raw)
        case FieldType.DATE:
            moment = _moment(raw, now)
            return moment.date() if isinstance(moment, datetime) else moment
        case FieldType.DATETIME:
            moment = _moment(raw, now)
            return None if moment is None else _as_time(moment)
        case _:
            return raw or None


def _number(raw: str) -> Decimal | None:
    try:
        number = Decimal(raw)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _moment(raw: str, now: datetime | None) -> date | None:
    """A time as written; `3 days ago` only where there is a clock."""
    for pattern, sign in ((_AHEAD, 1), (_AGO, -1)):
        found = pattern.fullmatch(raw)
        if found is not None and now is not None:
            return now + timedelta(seconds=sign * int(found[1]) * _SECONDS[found[2]])
    literal = parse_time(raw)
    return literal.value if literal is not None and isinstance(literal.value, date) else None


def _as_time(moment: date) -> datetime:
    return moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
