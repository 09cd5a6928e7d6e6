"""`leadgate policy test`: a policy's cases, run in memory; no org, no mirror."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sync.cli import options
from sync.cli.exits import Exit
from sync.errors import InputInvalid

if TYPE_CHECKING:
    from sync.cli.output import Tick
    from sync.insight.junit import SuiteResult
    from sync.insight.policy_suites import Suite
    from sync.mapping import OrgMapping

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
    coverage: Annotated[
        bool, typer.Option("--coverage", help="List what no case has tried, true, false and unknown.")
    ] = False,
    mutate: Annotated[
        bool, typer.Option("--mutate", help="Put in one mistake after the other; list those that no case notices.")
    ] = False,
    junit: Annotated[Path | None, typer.Option("--junit", help="Write the results to this file as JUnit XML.")] = None,
    as_json: options.Json = False,
) -> None:
    """Run a policy's test cases in memory; exits 4 when a case fails, a gap is found or a mutant survives."""
    from sync.cli import output
    from sync.cli.commands.policy_test_report import document, draw
    from sync.cli.opened import open_workspace
    from sync.insight.policy_suites import load_suites

    workspace = open_workspace(folder, None)
    chosen = tests if tests is not None else workspace.folder / TESTS
    path = workspace.policy_path(policy_file) if policy_file is not None else None
    suites = load_suites(chosen, workspace.mapping, policy=path, folder=workspace.folder)
    with output.progress(quiet=as_json) as tick:
        tested = [_test(suite, workspace.mapping, coverage=coverage, mutate=mutate, tick=tick) for suite in suites]
    if junit is not None:
        _write_junit(junit, tested)
    if as_json:
        output.emit_json(document(tested))
    else:
        for one in tested:
            draw(one, mutate=mutate)
        if junit is not None:
            sys.stdout.write(f"written to {junit}\n")
    if any(one.failed for one in tested):
        raise typer.Exit(Exit.SOME_REJECTED)


def _test(suite: Suite, mapping: OrgMapping, *, coverage: bool, mutate: bool, tick: Tick) -> SuiteResult:
    from sync.insight.junit import SuiteResult
    from sync.insight.policy_cases import CaseDatabase, run_cases
    from sync.insight.policy_coverage import measure_coverage
    from sync.insight.policy_mutants import run_mutants

    gaps = [one for file in suite.files for one in file.gaps]
    accepted = [one for file in suite.files for one in file.mutants]
    with CaseDatabase(suite.cases, mapping) as database:
        results = run_cases(database, suite.parsed)
        all_hold = all(result.passed for result in results)

        def told(done: int, total: int) -> None:
            tick(f"mutants of {suite.parsed.policy.name}", done, total)

        return SuiteResult(
            policy=suite.parsed.policy,
            results=results,
            coverage=measure_coverage(database, suite.parsed, gaps) if coverage else None,
            mutation=run_mutants(database, suite.parsed, accepted, told) if mutate and all_hold else None,
        )


def _write_junit(path: Path, tested: Sequence[SuiteResult]) -> None:
    from sync.insight.junit import junit_xml

    try:
        path.write_bytes(junit_xml(tested))
    except OSError as refused:
        message = f"{path} can't be written: {refused.strerror}"
        raise InputInvalid(message, place="--junit", fix="name a file in a folder that is there") from refused
