"""`leadgate init`: a working folder: mapping, policy, settings and .env, fitted to the org where one answers."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sync.cli import options
from sync.cli.safe_text import one_line
from sync.errors import InputInvalid, LeadgateError
from sync.private_file import write_private

if TYPE_CHECKING:
    from sync.salesforce.org import OrgReader


POLICY = "config/readiness.yaml"
CASES = "config/tests/readiness.yaml"


@dataclass(slots=True)
class Files:
    """What a new folder will hold: path below it → text; and what is to be said of it."""

    texts: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def init(
    *,
    org: options.Org = None,
    folder: options.Folder = options.HERE,
    offline: Annotated[bool, typer.Option("--offline", help="Write the templates as they are.")] = False,
    pack: Annotated[
        str, typer.Option("--pack", help="The policy to begin with: interest-shown, meeting-agreed, bant, champ, …")
    ] = "pricing-discussed",
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there already.")] = False,
    as_json: options.Json = False,
) -> None:
    """Write mappings/, config/ and .env; with a connection, fitted to the org's fields and statuses."""
    from sync.cli import output

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as refused:
        raise InputInvalid(
            f"{folder} can't be made: {refused.strerror}", place="--folder", fix="name another"
        ) from refused
    files = _templates(pack)
    problem = None if offline else _fit(files, folder, org)
    written, kept = _write(folder, files.texts, force=force)
    if as_json:
        output.emit_json({"written": written, "kept": kept, "notes": files.notes, "not_fitted": problem})
        return
    for name in written:
        sys.stdout.write(f"written  {name}\n")
    for name in kept:
        replaced = "what you typed is never replaced" if name == ".env" else "--force replaces it"
        sys.stdout.write(f"kept     {name} (was there; {replaced})\n")
    for note in files.notes:
        sys.stdout.write(f"note     {one_line(note)}\n")
    if problem:
        sys.stdout.write(f"\nnot fitted to an org: {one_line(problem)}\n")
        sys.stdout.write(
            "next: fill in .env, then leadgate init --force to fit the files, or edit them; then leadgate doctor\n"
        )
    else:
        sys.stdout.write("\nnext: leadgate doctor\n")


def _templates(pack: str) -> Files:
    from sync.templates import pack_cases, policy_packs, template_file, template_folder

    packs = policy_packs()
    if pack not in packs:
        raise InputInvalid(f"there is no pack {pack!r}", place="--pack", fix=f"one of {', '.join(packs)}")

    files = Files()
    for name in ("mappings", "config"):
        for path in sorted(template_folder(name).glob("*.yaml")):
            files.texts[f"{name}/{path.name}"] = path.read_text("utf-8")
    files.texts[POLICY] = packs[pack].read_text("utf-8")
    files.texts[CASES] = pack_cases(pack).read_text("utf-8")
    files.texts[".env"] = template_file(".env.example").read_text("utf-8")
    return files


def _fit(files: Files, folder: Path, org: str | None) -> str | None:
    """Fit the texts to the org; returns why that wasn't possible."""
    from sync.cli.opened import open_workspace

    try:
        workspace = open_workspace(folder, org)
        if not workspace.settings.org_names:
            return "no org is set up yet"
        _fit_to(files, workspace.reader())
    except LeadgateError as unreachable:
        return unreachable.message
    return None


def _fit_to(files: Files, org: OrgReader) -> None:
    from sync.insight.fitting import fit_mapping, fit_policy, renamed_statuses
    from sync.insight.fitting_cases import fit_cases
    from sync.insight.policy_fit import org_words
    from sync.mapping import OrgMapping, parse_mappings

    names = [name for name in files.texts if name.startswith("mappings/")]
    mapped, _ = parse_mappings([(files.texts[name], name) for name in names])
    described = org.describe_many([o.object for o in mapped.values()])
    for one in mapped.values():
        found = described[one.object]
        if found is None:
            del files.texts[one.file]
            files.notes.append(f"{one.object} is not visible to this user: {one.file} left out")
            continue
        fitted = fit_mapping(files.texts[one.file], one, found)
        files.texts[one.file] = fitted.text
        files.notes += fitted.notes
    left = [(files.texts[name], name) for name in names if name in files.texts]
    mapping = OrgMapping(objects=parse_mappings(left)[0])
    default = next((status.api_name for status in org.lead_statuses() if status.default), None)
    words = org_words(mapping, org)
    fitted = fit_policy(
        files.texts[POLICY],
        words,
        default_status=default,
        names=set(mapping["lead"].fields) if "lead" in mapping else (),
    )
    files.texts[POLICY] = fitted.text
    files.notes += fitted.notes
    shipped, renamed = files.texts.pop(CASES), renamed_statuses(words, default)
    cases = fit_cases(shipped, fitted.text, mapping, statuses=renamed) if "lead" in mapping else None
    if cases is not None:
        files.texts[CASES] = cases.text
        files.notes += cases.notes


def _write(folder: Path, texts: dict[str, str], *, force: bool) -> tuple[list[str], list[str]]:
    """Each file whole; `.env` for its owner's eyes, and never replaced: it holds what somebody typed."""
    written: list[str] = []
    kept: list[str] = []
    for name, text in texts.items():
        path = folder / name
        if path.exists() and (not force or name == ".env"):
            kept.append(name)
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if name == ".env":
                write_private(path, text)
            else:
                path.write_text(text, encoding="utf-8")
        except OSError as refused:
            raise InputInvalid(
                f"{path} can't be written: {refused.strerror}", place=str(path), fix="check the folder"
            ) from refused
        written.append(name)
    return written, kept
