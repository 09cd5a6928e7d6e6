"""`leadgate policy test`: a policy's cases, run in memory; no org, no mirror."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sync.cli import options
from sync.cli.exits import Exit

if TYPE_CHECKING:
    from sync.insight.policy_cases import CaseResult
    from sync.insight.policy_suites import Suite
    from sync.policy.schema import Policy

TESTS = Path("config") / "tests"


def run_tests(
    tests: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="A folder of cases, or one file; default: config/tests.")
    ] = None,
    *,
    folder: options.Folder = options.HERE,
    policy_file: Annotated[
        Path | None, typer.Option("--policy", help="Hold all cases against this policy instead of their own.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Run a policy's test cases in memory; exits 4 when one fails."""
    from sync.cli import output
    from sync.cli.opened import open_workspace
    from sync.insight.policy_cases import CaseDatabase, run_cases
    from sync.insight.policy_suites import load_suites

    workspace = open_workspace(folder, None)
    chosen = tests if tests is not None else workspace.folder / TESTS
    path = workspace.policy_path(policy_file) if policy_file is not None else None
    ran: list[tuple[Suite, Sequence[CaseResult]]] = []
    for suite in load_suites(chosen, workspace.mapping, policy=path, folder=workspace.folder):
        with CaseDatabase(suite.cases, workspace.mapping) as database:
            ran.append((suite, run_cases(database, suite.parsed)))
    failed = sum(not result.passed for _, results in ran for result in results)
    if as_json:
        output.emit_json(_document(ran))
    else:
        for suite, results in ran:
            _draw(suite.parsed.policy, results)
    if failed:
        raise typer.Exit(Exit.SOME_REJECTED)


def _document(ran: Sequence[tuple[Suite, Sequence[CaseResult]]]) -> dict[str, object]:
    cases = [result for _, results in ran for result in results]
    passed = sum(result.passed for result in cases)
    return {
        "counts": {"cases": len(cases), "passed": passed, "failed": len(cases) - passed},
        "policies": [_tested(suite, results) for suite, results in ran],
    }


def _tested(suite: Suite, results: Sequence[CaseResult]) -> dict[str, object]:
    policy = suite.parsed.policy
    return {
        "policy": policy.name,
        "file": policy.file,
        "digest": policy.digest,
        "cases": [
            {
                "name": result.case.name,
                "place": str(result.case.place),
                "passed": result.passed,
                "differences": _differences(policy, result),
            }
            for result in results
        ],
    }


def _differences(policy: Policy, result: CaseResult) -> list[dict[str, str]]:
    from sync.policy.cases import place_of

    return [
        {"what": d.what, "expected": d.expected, "actual": d.actual, "source": str(place_of(d, policy))}
        for d in result.differences
    ]


def _draw(policy: Policy, results: Sequence[CaseResult]) -> None:
    from rich.text import Text

    from sync.cli import output
    from sync.cli.safe_text import one_line

    console = output.stdout()
    console.print(Text(f"{policy.name}   [{policy.file}]", "bold"))
    for result in results:
        mark, color = ("✓", "green") if result.passed else ("✗", "red")
        line = Text.assemble("  ", (mark, color), f" {one_line(result.case.name)}")
        if not result.passed:
            line.append(f"   [{result.case.place}]", "dim")
        console.print(line)
        if not result.passed:
            rows = [
                tuple(f"      {d['what']}" if key == "what" else d[key] for key in d)
                for d in _differences(policy, result)
            ]
            console.print(output.table(None, ("      finding", "expected", "actual", "policy"), rows))
    failed = sum(not result.passed for result in results)
    sys.stdout.write(f"{len(results) - failed} of {len(results)} cases hold\n\n")
