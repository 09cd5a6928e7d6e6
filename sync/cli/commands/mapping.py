"""`leadgate mapping`: whether mappings/ fits the org, and lines that it could have."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from sync.cli import options
from sync.cli.exits import Exit
from sync.cli.safe_text import one_line
from sync.errors import InputInvalid

group = typer.Typer(help="Our field names and the org's.", no_args_is_help=True, rich_markup_mode=None)


@group.command("lint")
def lint(
    *,
    org: options.Org = None,
    folder: options.Folder = options.HERE,
    offline: Annotated[bool, typer.Option("--offline", help="Read the files only; don't ask the org.")] = False,
    as_json: options.Json = False,
) -> None:
    """Check every mapped field: by itself, and against the org's describe; all problems at once."""
    from sync.cli import output
    from sync.cli.opened import open_workspace
    from sync.insight.mapping_fit import MappingFit, lint_mapping

    workspace = open_workspace(folder, org)
    mapping = workspace.mapping
    fit = MappingFit(errors=(), warnings=())
    asked = not offline and bool(workspace.settings.org_names)
    if asked:
        fit = lint_mapping(mapping, workspace.reader().describe_many([o.object for o in mapping]))
    fields = sum(len(o.fields) for o in mapping)
    if as_json:
        shown = {"objects": len(mapping.objects), "fields": fields, "against_org": asked}
        output.emit_json({**shown, "errors": fit.errors, "warnings": fit.warnings})
    else:
        for problem in (*fit.errors, *fit.warnings):
            kind = "warning: " if problem in fit.warnings else ""
            sys.stdout.write(f"{problem.file}:{problem.line}: {kind}{one_line(problem.message)}\n")
            if problem.fix:
                sys.stdout.write(f"    fix: {one_line(problem.fix)}\n")
        where = "against the org" if asked else "by themselves (no org asked)"
        sys.stdout.write(
            f"{fields} fields of {len(mapping.objects)} objects checked {where}: "
            f"{len(fit.errors)} errors, {len(fit.warnings)} warnings\n"
        )
    if fit.errors:
        raise typer.Exit(Exit.WRONG_USE)


@group.command("suggest")
def suggest(
    objects: Annotated[
        list[str] | None, typer.Argument(metavar="[OBJECT…]", help="API names; default: all mapped.")
    ] = None,
    *,
    org: options.Org = None,
    folder: options.Folder = options.HERE,
    everything: Annotated[bool, typer.Option("--all", help="Standard fields too, not only custom ones.")] = False,
    as_json: options.Json = False,
) -> None:
    """Propose mapping lines for fields of the org that mappings/ leaves out; writes nothing."""
    from sync.cli import output
    from sync.cli.opened import open_workspace
    from sync.insight.mapping_fit import suggest as lines

    workspace = open_workspace(folder, org)
    mapping = workspace.mapping
    by_object = {mapped.object.casefold(): mapped for mapped in mapping}
    unknown = [name for name in objects or () if name.casefold() not in by_object]
    if unknown:
        known = ", ".join(mapped.object for mapped in mapping)
        raise InputInvalid(f"{unknown[0]} is not mapped", place="OBJECT", fix=f"one of {known}")
    chosen = [by_object[name.casefold()] for name in objects] if objects else list(mapping)
    described = workspace.reader().describe_many([mapped.object for mapped in chosen])
    found = [
        (mapped, list(lines(mapped, describe, everything=everything)))
        for mapped in chosen
        if (describe := described[mapped.object]) is not None
    ]
    if as_json:
        output.emit_json({"suggestions": [line for _, listed in found for line in listed]})
        return
    for mapped, listed in found:
        if listed:
            sys.stdout.write(f"# {mapped.file}\n" + "".join(f"{line.line()}\n" for line in listed))
    if not any(listed for _, listed in found):
        sys.stdout.write("nothing to propose: every field of that kind is mapped\n")
