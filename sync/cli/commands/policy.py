"""`leadgate policy`: the written policy; `lint` finds everything wrong in it, by itself and against the org."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from sync.cli import options
from sync.cli.commands import policy_backtest, policy_diff, policy_docs, policy_testing
from sync.cli.exits import Exit
from sync.cli.safe_text import one_line
from sync.errors import SettingsInvalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.errors import Problem
    from sync.policy.schema import Policy
    from sync.workspace import Workspace

group = typer.Typer(help="The written policy.", no_args_is_help=True, rich_markup_mode=None)
group.command("test")(policy_testing.run_tests)
group.command("diff")(policy_diff.diff)
group.command("docs")(policy_docs.docs)
group.command("backtest")(policy_backtest.backtest)


@group.command("lint")
def lint(
    *,
    org: options.Org = None,
    folder: options.Folder = options.HERE,
    policy_file: options.PolicyFile = None,
    offline: Annotated[bool, typer.Option("--offline", help="Don't ask the org, even if one is set up.")] = False,
    as_json: options.Json = False,
) -> None:
    """Check a policy: the language and the mapping always, the org's statuses and picklists if one is set up."""
    from sync.cli import output
    from sync.cli.opened import open_workspace

    workspace = open_workspace(folder, org)
    policy = workspace.policy(policy_file)
    errors, warnings, asked = _against_org(workspace, policy, offline=offline)
    if as_json:
        shown = {"errors": errors, "warnings": warnings}
        output.emit_json({"policy": policy.name, "digest": policy.digest, "against_org": asked, **shown})
    else:
        for problem in (*errors, *warnings):
            kind = "warning: " if problem in warnings else ""
            sys.stdout.write(f"{problem.file}:{problem.line}: {kind}{one_line(problem.message)}\n")
            if problem.fix:
                sys.stdout.write(f"    fix: {one_line(problem.fix)}\n")
        where = "by itself and against the org" if asked else "by itself (no org asked)"
        sys.stdout.write(
            f"{policy.name}: {len(policy.criteria)} criteria, {len(policy.signals)} signals, checked {where}: "
            f"{len(errors)} errors, {len(warnings)} warnings\n"
        )
    if errors:
        raise typer.Exit(Exit.WRONG_USE)


def _against_org(
    workspace: Workspace, policy: Policy, *, offline: bool
) -> tuple[Sequence[Problem], Sequence[Problem], bool]:
    from sync.insight.policy_fit import lint_policy_against

    if offline or not workspace.settings.org_names:
        return (), (), False
    try:
        found = lint_policy_against(policy, workspace.mapping, workspace.reader())
    except SettingsInvalid:
        if workspace.org_name:
            raise
        return (), (), False
    return found.errors, found.warnings, True
