"""What `leadgate policy test` shows: each case, what it expected otherwise, gaps in coverage, surviving mutants."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from sync.cli import output
from sync.cli.safe_text import one_line
from sync.policy.cases import place_of

if TYPE_CHECKING:
    from rich.console import Console

    from sync.errors import Problem
    from sync.insight.junit import SuiteResult
    from sync.insight.policy_cases import CaseResult
    from sync.insight.policy_coverage import CoverageReport
    from sync.insight.policy_mutants import MutationReport
    from sync.policy.schema import Policy


def document(tested: Sequence[SuiteResult]) -> dict[str, object]:
    """The `--json` document."""
    cases = [result for one in tested for result in one.results]
    passed = sum(result.passed for result in cases)
    return {
        "counts": {"cases": len(cases), "passed": passed, "failed": len(cases) - passed},
        "policies": [_policy(one) for one in tested],
    }


def _policy(one: SuiteResult) -> dict[str, object]:
    policy = one.policy
    found: dict[str, object] = {"policy": policy.name, "file": policy.file, "digest": policy.digest}
    found["cases"] = [
        {
            "name": result.case.name,
            "place": str(result.case.place),
            "passed": result.passed,
            "differences": _differences(policy, result),
        }
        for result in one.results
    ]
    if one.coverage is not None:
        found["coverage"] = _coverage(one.coverage)
    if one.mutation is not None:
        found["mutation"] = _mutation(one.mutation)
    return found


def _differences(policy: Policy, result: CaseResult) -> list[dict[str, str]]:
    return [
        {"what": d.what, "expected": d.expected, "actual": d.actual, "source": str(place_of(d, policy))}
        for d in result.differences
    ]


def _coverage(report: CoverageReport) -> dict[str, object]:
    return {
        "wanted": report.wanted,
        "seen": report.seen,
        "gaps": [{"gap": gap.name, "place": str(gap.place), "missing": gap.missing} for gap in report.gaps],
        "accepted": [{"gap": gap.name, "because": why.because} for gap, why in report.accepted],
        "wrongly_accepted": report.wrongly_accepted,
    }


def _mutation(report: MutationReport) -> dict[str, object]:
    return {
        "mutants": report.total,
        "killed": report.killed,
        "survivors": [
            {"mutant": s.mutant.name, "place": str(s.mutant.place), "missing": s.missing} for s in report.survivors
        ],
        "accepted": [{"mutant": mutant.name, "because": why.because} for mutant, why in report.accepted],
        "wrongly_accepted": report.wrongly_accepted,
    }


def draw(one: SuiteResult, *, mutate: bool) -> None:
    """One policy's results, for people."""
    console = output.stdout()
    console.print(Text(f"{one_line(one.policy.name)}   [{one.policy.file}]", "bold"))
    for result in one.results:
        _case(console, one.policy, result)
    failed = sum(not result.passed for result in one.results)
    sys.stdout.write(f"{len(one.results) - failed} of {len(one.results)} cases hold\n")
    if one.coverage is not None:
        report = one.coverage
        sys.stdout.write(f"\ncoverage: {report.seen} of {report.wanted} tried, {len(report.accepted)} accepted\n")
        _listed(console, [(str(gap.place), gap.name, gap.missing) for gap in report.gaps])
        _problems(report.wrongly_accepted)
    if one.mutation is not None:
        mutants = one.mutation
        sys.stdout.write(
            f"\nmutants: {mutants.killed} of {mutants.total} noticed by a case, {len(mutants.accepted)} accepted, "
            f"{len(mutants.survivors)} survived\n"
        )
        _listed(console, [(str(s.mutant.place), s.mutant.name, s.missing) for s in mutants.survivors])
        _problems(mutants.wrongly_accepted)
    elif mutate:
        sys.stdout.write("\nmutants: not tried, because a mutant can only be noticed by cases that hold\n")
    sys.stdout.write("\n")


def _case(console: Console, policy: Policy, result: CaseResult) -> None:
    mark, color = ("✓", "green") if result.passed else ("✗", "red")
    line = Text.assemble("  ", (mark, color), f" {one_line(result.case.name)}")
    if result.passed:
        console.print(line)
        return
    console.print(line.append(f"   [{result.case.place}]", "dim"))
    rows = [("      " + d["what"], *list(d.values())[1:]) for d in _differences(policy, result)]
    console.print(output.table(None, ("      finding", "expected", "actual", "policy"), rows))


def _listed(console: Console, found: Iterable[tuple[str, str, str]]) -> None:
    for place, name, missing in found:
        console.print(Text.assemble("  ", (f"{place}: ", "dim"), one_line(name)))
        console.print(Text(f"      missing: {one_line(missing)}"))


def _problems(problems: Iterable[Problem]) -> None:
    for problem in problems:
        sys.stdout.write(f"  {one_line(str(problem))}\n")
