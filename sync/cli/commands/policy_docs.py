"""`leadgate policy docs`: the policy as a page that a sales manager can read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sync.cli import options
from sync.errors import InputInvalid


def docs(
    named: Annotated[
        str | None,
        typer.Argument(metavar="[POLICY]", help="A policy file or a shipped pack; default: the folder's own."),
    ] = None,
    *,
    folder: options.Folder = options.HERE,
    file: Annotated[Path | None, typer.Option("--output", "-o", help="Write the page to this file.")] = None,
    as_json: options.Json = False,
) -> None:
    """Write the policy in words, as Markdown: what makes a lead ready, and what happens then."""
    from sync.cli import output
    from sync.cli.opened import open_workspace
    from sync.cli.policy_choice import chosen_policy
    from sync.policy.page import policy_page
    from sync.policy.parsed import parse_policy

    workspace = open_workspace(folder, None)
    policy = workspace.policy() if named is None else chosen_policy(workspace, named, place="POLICY")
    page = policy_page(parse_policy(policy, workspace.mapping), workspace.mapping)
    if file is not None:
        try:
            file.write_text(page, encoding="utf-8")
        except OSError as refused:
            message = f"{file} can't be written: {refused.strerror}"
            raise InputInvalid(message, place="--output", fix="name a file in a folder that is there") from refused
    if as_json:
        output.emit_json({"policy": policy.name, "digest": policy.digest, "file": file, "markdown": page})
    elif file is None:
        sys.stdout.write(page)
    else:
        sys.stdout.write(f"written to {file}\n")
