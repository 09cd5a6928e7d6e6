"""`leadgate doctor`: one table of what stands between this org and a run, with the fix for each."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from sync.cli import options
from sync.errors import PolicyInvalid, Problem, WrongUse

if TYPE_CHECKING:
    from rich.text import Text

    from sync.insight.doctor import Check
    from sync.workspace import Workspace


def doctor(
    *,
    org: options.Org = None,
    folder: options.Folder = options.HERE,
    policy_file: options.PolicyFile = None,
    as_json: options.Json = False,
) -> None:
    """Connect and look at everything that a run needs; changes nothing."""
    from sync.cli import output
    from sync.cli.opened import open_workspace
    from sync.insight.doctor import exit_code

    checks = _checks(open_workspace(folder, org), policy_file)
    code = exit_code(checks)
    if as_json:
        output.emit_json({"checks": checks, "exit_code": code})
    else:
        _draw(checks)
    raise typer.Exit(code)


def _checks(workspace: Workspace, policy_file: options.PolicyFile) -> list[Check]:
    from sync.insight.doctor import examine
    from sync.insight.mapping_fit import lint_mapping
    from sync.insight.policy_fit import lint_policy_against

    mapping = workspace.mapping
    reader = workspace.reader()
    describes = reader.describe_many([o.object for o in mapping])
    fit = lint_mapping(mapping, describes)
    policy, problems, doubts = None, list[Problem](), list[Problem]()
    try:
        policy = workspace.policy(policy_file)
        found = lint_policy_against(policy, mapping, reader)
        problems, doubts = list(found.errors), list(found.warnings)
    except PolicyInvalid as invalid:
        problems += invalid.problems
    except WrongUse as missing:
        problems.append(Problem(missing.place or "config", 1, missing.message, missing.fix))
    return [
        *examine(
            reader,
            mapping=mapping,
            mapping_problems=fit.errors,
            mapping_doubts=fit.warnings,
            policy=policy,
            policy_problems=problems,
            policy_doubts=doubts,
        ),
        *_open_secrets(workspace.folder),
    ]


def _open_secrets(folder: Path) -> list[Check]:
    """A warning when `.env` is not its owner's alone."""
    from sync.insight.doctor import Check, Level

    env = folder / ".env"
    if os.name != "posix" or not env.is_file() or not env.stat().st_mode & 0o077:
        return []
    found = ".env holds secrets, and other users of this machine can read it"
    return [Check(area="secrets", level=Level.WARNING, found=found, fix=f"chmod 600 {env}")]


def _found(check: Check) -> Text:
    from rich.text import Text

    from sync.cli.safe_text import one_line

    fix = f"\nfix: {one_line(check.fix)}" if check.fix else ""
    return Text(one_line(check.found) + fix)


def _draw(checks: list[Check]) -> None:
    from rich.text import Text

    from sync.cli import output

    style = {"ok": "green", "note": "cyan", "warning": "yellow", "blocker": "bold red"}
    rows = [(Text(c.level.value, style=style[c.level.value]), c.area, _found(c)) for c in checks]
    output.stdout().print(output.table(None, ("", "what", "found"), rows))
    blockers = sum(c.level.value == "blocker" for c in checks)
    warnings = sum(c.level.value == "warning" for c in checks)
    sys.stdout.write(f"\nblockers: {blockers}, warnings: {warnings}\n")
    sys.stdout.write(
        "next: leadgate pull\n" if not blockers else "next: mend the blockers, then leadgate doctor again\n"
    )
