"""Mutants of a policy held against its cases: which mistakes would nobody notice, and what case would show them?

`sync.policy.mutation` makes the mutants; all of them ask the one database of the cases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sync.errors import Problem
from sync.insight.policy_cases import CaseDatabase
from sync.policy.cases import Accepted, Case, Outcome, differences
from sync.policy.expectations import telling
from sync.policy.mutation import Mutant, mutants
from sync.policy.parsed import ParsedPolicy

Tick = Callable[[int, int], None]
"""Hears how many mutants of how many are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survivor:
    """A mutant with which every case still agrees."""

    mutant: Mutant
    seen_by: Case | None
    """A case that the mutant decides otherwise, only that the case doesn't say what it expects there."""
    expect: tuple[str, ...]
    """What that case could expect."""

    @property
    def missing(self) -> str:
        """The case that would notice."""
        if self.seen_by is not None:
            return f"case {self.seen_by.name!r} ({self.seen_by.place}) would, with `{self.expect[0]}`"
        return f"a case with {self.mutant.missing}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MutationReport:
    """All mutants: `total = killed + len(survivors) + len(accepted)`."""

    total: int
    killed: int
    survivors: tuple[Survivor, ...]
    accepted: tuple[tuple[Mutant, Accepted], ...]
    """Survivors that a person has looked at."""
    wrongly_accepted: tuple[Problem, ...]
    """What is accepted, though a case notices it, or though there is no such mutant."""


def run_mutants(
    database: CaseDatabase, parsed: ParsedPolicy, accepted: Iterable[Accepted] = (), tick: Tick | None = None
) -> MutationReport:
    """Every mutant, decided on every case. The cases must hold for the policy itself.

    Args:
        database: The cases.
        parsed: Their policy.
        accepted: Mutants that may survive.
        tick: Progress.
    """
    before = database.outcomes(parsed)
    all_mutants = list(mutants(parsed))
    by_name = {one.what: one for one in accepted}
    survivors: list[Survivor] = []
    looked_at: list[tuple[Mutant, Accepted]] = []
    for number, mutant in enumerate(all_mutants):
        after = database.outcomes(mutant.parsed)
        if not _noticed(database.cases, after):
            if mutant.name in by_name:
                looked_at.append((mutant, by_name[mutant.name]))
            else:
                survivors.append(_survivor(mutant, database.cases, before, after))
        if tick is not None:
            tick(number + 1, len(all_mutants))
    return MutationReport(
        total=len(all_mutants),
        killed=len(all_mutants) - len(survivors) - len(looked_at),
        survivors=tuple(survivors),
        accepted=tuple(looked_at),
        wrongly_accepted=_wrongly_accepted(
            by_name.values(), known={m.name for m in all_mutants}, survived={m.name for m, _ in looked_at}
        ),
    )


def _noticed(cases: Sequence[Case], outcomes: Sequence[Outcome]) -> bool:
    return any(differences(case, outcome) for case, outcome in zip(cases, outcomes, strict=True))


def _survivor(mutant: Mutant, cases: Sequence[Case], before: Sequence[Outcome], after: Sequence[Outcome]) -> Survivor:
    for case, was, is_ in zip(cases, before, after, strict=True):
        expect = telling(was, is_)
        if expect:
            return Survivor(mutant=mutant, seen_by=case, expect=expect)
    return Survivor(mutant=mutant, seen_by=None, expect=())


def _wrongly_accepted(accepted: Iterable[Accepted], *, known: set[str], survived: set[str]) -> tuple[Problem, ...]:
    problems = []
    for one in accepted:
        if one.what not in known:
            message = f"accepts a mutant that there is not: {one.what}"
            problems.append(Problem(one.place.file, one.place.line, message, "copy its name from the report"))
        elif one.what not in survived:
            message = f"accepts a mutant that a case notices: {one.what}"
            problems.append(Problem(one.place.file, one.place.line, message, "take the line out"))
    return tuple(problems)
