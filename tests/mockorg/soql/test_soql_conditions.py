"""WHERE against an evaluation in plain Python that knows nothing of the implementation."""

# ruff: noqa: S608 - the queries are the test's own

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sizes import examples
from soql_world import World, new_world

Row = dict[str, object]
LETTERS = "aAbBéÉ ß%_'\\"
PICKS = ["Red", "Green", "Blue"]


@dataclass(frozen=True)
class Clause:
    """A condition as text, and the same as a Python function of a row."""

    text: str
    holds: Callable[[Row], bool]

    def __repr__(self) -> str:
        return self.text


def quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


texts = st.text(LETTERS, min_size=1, max_size=3).filter(lambda text: text.strip() == text)
numbers = st.integers(-3, 3)
amounts = st.sampled_from([-1.5, 0.0, 0.25, 2.0, 1000.0])
days = st.dates(date(2026, 5, 1), date(2026, 5, 5))
moments = st.datetimes(datetime(2026, 5, 1), datetime(2026, 5, 2)).map(lambda at: at.replace(microsecond=0, tzinfo=UTC))  # noqa: DTZ001 - made aware in the same line
choices = st.lists(st.sampled_from(PICKS), min_size=1, max_size=3, unique=True).map(";".join)
ids = st.sampled_from(["001000000000001AAA", "001000000000002AAA", "00100000000000AAAQ"])

rows_of_leads = st.lists(
    st.fixed_dictionaries(
        {
            "FirstName": st.none() | texts,
            "NumberOfEmployees": st.none() | numbers,
            "Budget__c": st.none() | amounts,
            "IsConverted": st.booleans(),
            "Go_Live__c": st.none() | days,
            "Called__c": st.none() | moments,
            "Interests__c": st.none() | choices,
            "Colour__c": st.none() | st.sampled_from(PICKS),
            "ConvertedAccountId": st.none() | ids,
        }
    ),
    min_size=1,
    max_size=6,
)


def lowered(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def literal(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return quoted(value)
        case datetime():
            return value.strftime("%Y-%m-%dT%H:%M:%SZ")
        case date():
            return value.isoformat()
        case _:
            return str(value)


def comparisons(field: str, values: st.SearchStrategy[object], *, ordered: bool = True) -> st.SearchStrategy[Clause]:
    operators = ["=", "!=", "<>", *(["<", "<=", ">", ">="] if ordered else [])]

    def build(operator: str, value: object) -> Clause:
        def holds(row: Row) -> bool:
            have, want = lowered(row[field]), lowered(value)
            if operator == "=":
                return have == want
            if operator in {"!=", "<>"}:
                return have != want
            if have is None:
                return False
            return {
                "<": have < want,  # type: ignore[operator]  # both of the field's type
                "<=": have <= want,  # type: ignore[operator]
                ">": have > want,  # type: ignore[operator]
                ">=": have >= want,  # type: ignore[operator]
            }[operator]

        return Clause(f"{field} {operator} {literal(value)}", holds)

    return st.builds(build, st.sampled_from(operators), values)


def null_checks(field: str) -> st.SearchStrategy[Clause]:
    return st.sampled_from(
        [
            Clause(f"{field} = null", lambda row: row[field] is None),
            Clause(f"{field} != NULL", lambda row: row[field] is not None),
        ]
    )


def memberships(field: str, values: st.SearchStrategy[object]) -> st.SearchStrategy[Clause]:
    def build(members: list[object], *, negated: bool) -> Clause:
        wanted = {lowered(member) for member in members}
        text = f"{field} {'NOT IN' if negated else 'IN'} ({', '.join(map(literal, members))})"
        return Clause(text, lambda row: (lowered(row[field]) in wanted) != negated)

    return st.builds(build, st.lists(st.none() | values, min_size=1, max_size=3), negated=st.booleans())


def as_pattern(pieces: list[str]) -> Clause:
    """Pieces are `%`, `_` or text that stands for itself."""
    soql = ""
    regex = ""
    for piece in pieces:
        if piece in {"%", "_"}:
            soql += piece
            regex += ".*" if piece == "%" else "."
        else:
            escaped = piece.replace("\\", "\\\\").replace("'", "\\'").replace("%", "\\%").replace("_", "\\_")
            soql += escaped
            regex += re.escape(piece)
    wanted = re.compile(regex, re.IGNORECASE | re.DOTALL)
    return Clause(
        f"FirstName LIKE '{soql}'",
        lambda row: row["FirstName"] is not None and wanted.fullmatch(str(row["FirstName"])) is not None,
    )


def choice_checks() -> st.SearchStrategy[Clause]:
    def build(sets: list[str], *, excluded: bool) -> Clause:
        def holds(row: Row) -> bool:
            chosen = set(str(row["Interests__c"]).split(";")) if row["Interests__c"] else set()
            return any(set(each.split(";")) <= chosen for each in sets) != excluded

        text = f"Interests__c {'EXCLUDES' if excluded else 'INCLUDES'} ({', '.join(map(quoted, sets))})"
        return Clause(text, holds)

    return st.builds(build, st.lists(choices, min_size=1, max_size=2), excluded=st.booleans())


predicates = st.one_of(
    comparisons("FirstName", texts),
    comparisons("NumberOfEmployees", numbers),
    comparisons("Budget__c", amounts),
    comparisons("Go_Live__c", days),
    comparisons("Called__c", moments),
    comparisons("Colour__c", st.sampled_from(PICKS), ordered=False),
    comparisons("IsConverted", st.booleans(), ordered=False),
    comparisons("ConvertedAccountId", ids, ordered=False),
    *(
        null_checks(name)
        for name in ("FirstName", "NumberOfEmployees", "Called__c", "ConvertedAccountId", "Interests__c")
    ),
    memberships("FirstName", texts),
    memberships("NumberOfEmployees", numbers),
    memberships("Go_Live__c", days),
    memberships("ConvertedAccountId", ids),
    st.lists(st.sampled_from(["%", "_"]) | texts, min_size=1, max_size=4).map(as_pattern),
    choice_checks(),
)


def combined(inner: st.SearchStrategy[Clause]) -> st.SearchStrategy[Clause]:
    def both(parts: list[Clause], word: str) -> Clause:
        fold = all if word == "AND" else any
        return Clause(
            f"({f' {word} '.join(part.text for part in parts)})", lambda row: fold(p.holds(row) for p in parts)
        )

    def negated(part: Clause) -> Clause:
        return Clause(f"(NOT {part.text})", lambda row: not part.holds(row))

    several = st.lists(inner, min_size=2, max_size=3)
    return st.builds(both, several, st.sampled_from(["AND", "OR"])) | inner.map(negated)


conditions = st.recursive(predicates, combined, max_leaves=6)
SHARED = new_world()


def stored(value: object) -> object:
    match value:
        case bool():
            return int(value)
        case datetime():
            return value.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        case date():
            return value.isoformat()
        case _:
            return value


@settings(max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=rows_of_leads, condition=conditions)
def test_a_condition_selects_the_rows_that_salesforces_logic_selects(rows: list[Row], condition: Clause) -> None:
    SHARED.org.store.db.execute('DELETE FROM "Lead"')
    names = [SHARED.lead(**{key: stored(value) for key, value in row.items()}) for row in rows]  # type: ignore[arg-type]

    found = SHARED.column(f"SELECT Id FROM Lead WHERE {condition.text}", "Id")

    expected = [name for name, row in zip(names, rows, strict=True) if condition.holds(row)]
    assert sorted(map(str, found)) == sorted(expected)


def test_unequal_keeps_null_and_comparisons_drop_it(world: World) -> None:
    world.lead(Name="none", City=None)
    world.lead(Name="paris", City="Paris")

    assert world.column("SELECT Name FROM Lead WHERE City != 'PARIS'") == ["none"]
    assert world.column("SELECT Name FROM Lead WHERE City NOT IN ('paris')") == ["none"]
    assert world.column("SELECT Name FROM Lead WHERE NOT City LIKE 'p%'") == ["none"]
    assert world.column("SELECT Name FROM Lead WHERE City > 'a'") == ["paris"]


def test_an_empty_string_is_null(world: World) -> None:
    world.lead(Name="none", City=None)
    world.lead(Name="paris", City="Paris")

    assert world.column("SELECT Name FROM Lead WHERE City = ''") == ["none"]


def test_text_of_any_script_is_compared_without_regard_to_case(world: World) -> None:
    world.lead(Name="é", City="ÉVRY")

    assert world.column("SELECT Name FROM Lead WHERE City = 'évry'") == ["é"]
    assert world.column("SELECT Name FROM Lead WHERE City IN ('Évry', 'x')") == ["é"]
    assert world.column("SELECT Name FROM Lead WHERE City LIKE 'é%'") == ["é"]


def test_an_id_matches_in_its_15_and_18_character_form_and_in_that_case_only(world: World) -> None:
    record_id = world.lead(Name="one")

    assert world.column(f"SELECT Name FROM Lead WHERE Id = '{record_id[:15]}'") == ["one"]
    assert world.column(f"SELECT Name FROM Lead WHERE Id IN ('{record_id}')") == ["one"]
    assert world.column(f"SELECT Name FROM Lead WHERE Id = '{record_id[:15].swapcase()}'") == []


def test_a_parent_that_is_not_there_has_null_fields_and_unticked_boxes(world: World) -> None:
    parent = world.put("Account", Name="Acme", IsDeleted=0)
    world.put("Contact", LastName="with", Name="with", AccountId=parent)
    world.put("Contact", LastName="without", Name="without")

    assert world.column("SELECT Name FROM Contact WHERE Account.Name = null") == ["without"]
    assert world.column("SELECT Name FROM Contact WHERE Account.Name != 'Acme'") == ["without"]
    assert world.column("SELECT Name FROM Contact WHERE Account.IsDeleted = false ORDER BY Name") == ["with", "without"]


def test_semi_and_anti_joins_follow_the_records_that_are_there(world: World) -> None:
    called = world.lead(Name="called")
    world.lead(Name="quiet")
    world.put("Task", Subject="Call", WhoId=called, Status="Completed", Priority="Normal")
    world.put("Task", Subject="Nobody", WhoId=None, Status="Completed", Priority="Normal")

    assert world.column("SELECT Name FROM Lead WHERE Id IN (SELECT WhoId FROM Task WHERE Subject LIKE 'c%')") == [
        "called"
    ]
    assert world.column("SELECT Name FROM Lead WHERE Id NOT IN (SELECT WhoId FROM Task)") == ["quiet"]


def test_deleted_records_and_archived_activities_come_only_with_all_rows(world: World) -> None:
    world.lead(Name="gone", IsDeleted=1)
    world.put("Task", Subject="old", Status="Completed", Priority="Normal", IsArchived=1)

    assert world.ask("SELECT Name FROM Lead") == []
    assert world.column("SELECT Name FROM Lead WHERE IsDeleted = true", all_rows=True) == ["gone"]
    assert world.ask("SELECT Subject FROM Task") == []
    assert world.column("SELECT Subject FROM Task", "Subject", all_rows=True) == ["old"]


def test_uncommitted_rows_are_not_seen_not_even_as_parents(world: World) -> None:
    parent = world.put("Account", Name="Acme")
    world.put("Contact", LastName="x", Name="x", AccountId=parent)
    world.org.store.db.execute('UPDATE "Account" SET _pending = 1')

    assert world.ask("SELECT Id FROM Account") == []
    assert world.ask("SELECT Account.Name FROM Contact")[0]["Account"] is None


RELATIVE = [
    # literal, first day, last day; the org's day is Wednesday 2026-05-13
    ("YESTERDAY", "2026-05-12", "2026-05-12"),
    ("TODAY", "2026-05-13", "2026-05-13"),
    ("tomorrow", "2026-05-14", "2026-05-14"),
    ("LAST_WEEK", "2026-05-03", "2026-05-09"),
    ("THIS_WEEK", "2026-05-10", "2026-05-16"),
    ("NEXT_WEEK", "2026-05-17", "2026-05-23"),
    ("LAST_MONTH", "2026-04-01", "2026-04-30"),
    ("THIS_MONTH", "2026-05-01", "2026-05-31"),
    ("NEXT_MONTH", "2026-06-01", "2026-06-30"),
    ("LAST_90_DAYS", "2026-02-12", "2026-05-13"),
    ("NEXT_90_DAYS", "2026-05-14", "2026-08-11"),
    ("LAST_N_DAYS:3", "2026-05-10", "2026-05-13"),
    ("NEXT_N_DAYS:3", "2026-05-14", "2026-05-16"),
    ("N_DAYS_AGO:3", "2026-05-10", "2026-05-10"),
    ("LAST_N_WEEKS:2", "2026-04-26", "2026-05-09"),
    ("NEXT_N_WEEKS:2", "2026-05-17", "2026-05-30"),
    ("N_WEEKS_AGO:2", "2026-04-26", "2026-05-02"),
    ("LAST_N_MONTHS:6", "2025-11-01", "2026-04-30"),
    ("NEXT_N_MONTHS:1", "2026-06-01", "2026-06-30"),
    ("N_MONTHS_AGO:5", "2025-12-01", "2025-12-31"),
    ("THIS_QUARTER", "2026-04-01", "2026-06-30"),
    ("LAST_QUARTER", "2026-01-01", "2026-03-31"),
    ("NEXT_QUARTER", "2026-07-01", "2026-09-30"),
    ("LAST_N_QUARTERS:2", "2025-10-01", "2026-03-31"),
    ("N_QUARTERS_AGO:2", "2025-10-01", "2025-12-31"),
    ("THIS_YEAR", "2026-01-01", "2026-12-31"),
    ("LAST_YEAR", "2025-01-01", "2025-12-31"),
    ("NEXT_N_YEARS:2", "2027-01-01", "2028-12-31"),
    ("N_YEARS_AGO:1", "2025-01-01", "2025-12-31"),
    ("THIS_FISCAL_QUARTER", "2026-04-01", "2026-06-30"),
    ("LAST_N_FISCAL_YEARS:1", "2025-01-01", "2025-12-31"),
]


@pytest.mark.parametrize(("word", "first", "last"), RELATIVE)
def test_a_relative_date_means_its_days_and_no_others(world: World, word: str, first: str, last: str) -> None:
    one = timedelta(1)
    edges = [
        date.fromisoformat(first) - one,
        date.fromisoformat(first),
        date.fromisoformat(last),
        date.fromisoformat(last) + one,
    ]
    for number, day in enumerate(edges):
        world.lead(Name=str(number), Go_Live__c=day.isoformat())

    def found(operator: str) -> list[object]:
        return world.column(f"SELECT Name FROM Lead WHERE Go_Live__c {operator} {word} ORDER BY Name")

    assert found("=") == ["1", "2"]
    assert found("!=") == ["0", "3"]
    assert found("<") == ["0"]
    assert found("<=") == ["0", "1", "2"]
    assert found(">") == ["3"]
    assert found(">=") == ["1", "2", "3"]


def test_a_relative_date_of_a_time_is_the_users_day_not_utcs(world: World) -> None:
    world.user = replace(world.user, timezone="America/Los_Angeles")
    world.lead(Name="before", Called__c="2026-05-13T06:59:59.000Z")
    world.lead(Name="first", Called__c="2026-05-13T07:00:00.000Z")

    assert world.column("SELECT Name FROM Lead WHERE Called__c = TODAY") == ["first"]
    assert world.column("SELECT Name FROM Lead WHERE Called__c = YESTERDAY") == ["before"]


def test_the_last_days_of_a_time_end_with_the_present_second(world: World) -> None:
    world.lead(Name="now", Called__c="2026-05-13T15:30:00.000Z")
    world.lead(Name="soon", Called__c="2026-05-13T15:30:01.000Z")

    assert world.column("SELECT Name FROM Lead WHERE Called__c = LAST_N_DAYS:1") == ["now"]


def test_times_are_compared_across_offsets(world: World) -> None:
    world.lead(Name="x", Called__c="2026-05-13T10:00:00.000Z")

    assert world.column("SELECT Name FROM Lead WHERE Called__c = 2026-05-13T12:00:00+02:00") == ["x"]
    assert world.column("SELECT Name FROM Lead WHERE Called__c > 2026-05-13T09:59:59.500Z") == ["x"]


def test_a_condition_may_have_thousands_of_terms(world: World) -> None:
    world.lead(Name="x")
    terms = " OR ".join(f"Name = '{number}'" for number in range(3000))

    assert world.column(f"SELECT Name FROM Lead WHERE {terms} OR Name = 'x'") == ["x"]


def test_a_condition_too_deep_to_read_is_too_complicated(world: World) -> None:
    error = world.refusal("SELECT Id FROM Lead WHERE " + "(" * 3000 + "Name = 'x'" + ")" * 3000)

    assert error.code == "QUERY_TOO_COMPLICATED"


def test_numbers_beyond_64_bits_are_compared_all_the_same(world: World) -> None:
    world.lead(Name="x", NumberOfEmployees=5)

    assert world.column("SELECT Name FROM Lead WHERE NumberOfEmployees < 99999999999999999999") == ["x"]
