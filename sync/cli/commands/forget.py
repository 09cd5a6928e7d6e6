"""`leadgate forget`: a person's right to be erased, here: mirror, pre-images, plans; the ledger keeps bare ids."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sync.cli import options
from sync.errors import InputInvalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.mirror.forget import Forgotten
    from sync.mirror.mentions import Mention
    from sync.mirror.store import Mirror
    from sync.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """All that went, and what is left to do by hand."""

    forgotten: Forgotten
    files: list[Path]
    """Removed from the state folder, or named by `--file`."""
    elsewhere: list[Path]
    """In the working folder, still there."""
    pre_images: int
    """What leads were before their conversion; nothing can be compensated without."""


def forget(
    leads: Annotated[list[str], typer.Argument(metavar="LEAD…", help="Ids or e-mail addresses.")],
    *,
    org: options.Org = None,
    folder: options.Folder = options.HERE,
    contact: Annotated[
        bool, typer.Option("--contact", help="Also the contacts with the same e-mail address, and what hangs on them.")
    ] = False,
    clear_mentions: Annotated[
        bool, typer.Option("--clear-mentions", help="Also replace name, address and telephone in records of others.")
    ] = False,
    file: Annotated[
        list[Path] | None, typer.Option("--file", help="Also delete this plan or report, kept outside .leadgate/.")
    ] = None,
    yes: options.Yes = False,
    as_json: options.Json = False,
) -> None:
    """Remove a person from everything that this machine keeps; the org itself is not changed."""
    from sync.cli import output
    from sync.cli.carry_out import ask
    from sync.cli.opened import open_workspace

    workspace = open_workspace(folder, org)
    given = list(file or ())
    for path in given:
        if not path.is_file():
            raise InputInvalid(f"there is no file {path}", place="--file", fix="check the path")
    with workspace.mirror() as mirror:
        ids = _persons(mirror, leads, contacts=contact)
        everything = mirror.same_person(ids)
        held = len(mirror.rows("lead", everything, ["id"]))
        if not yes and not as_json and not clear_mentions:
            _tell_mentions(mirror.mentions(everything))
    ask(
        f"Forget {', '.join(ids[:5])}{' …' if len(ids) > 5 else ''} ({held} leads in the mirror, and all that hangs on "
        "them)? It can't be undone, and no later pull brings them back.",
        yes=yes,
        as_json=as_json,
        what="this removes records from this machine",
    )
    removed = _remove(workspace, everything, given, clear_mentions=clear_mentions)
    if as_json:
        output.emit_json(_document(removed, cleared=clear_mentions))
    else:
        _draw(removed, cleared=clear_mentions)


def _persons(mirror: Mirror, wanted: list[str], *, contacts: bool) -> list[str]:
    """Ids of the leads and contacts that are meant.

    Raises:
        InputInvalid: One is neither an id of a lead or contact nor an address in the mirror.
    """
    from sync.model import normal_id

    found: dict[str, None] = {}
    for text in wanted:
        record_id = normal_id(text.strip())
        if record_id is not None and record_id[:3] in {"00Q", "003"}:
            found[record_id] = None  # unknown ones too: no later pull is to bring them
            continue
        if "@" not in text:
            raise InputInvalid(
                f"{text!r} is no id of a lead or contact, and no e-mail address",
                place="LEAD…",
                fix="names may be those of others too; `leadgate explain NAME` shows the id",
            )
        by_address, at_contacts = mirror.persons(text)
        if not by_address and not (contacts and at_contacts):
            raise InputInvalid(
                "no lead of the mirror has this address"
                + ("; a contact has: pass --contact" if at_contacts and not contacts else ""),
                place="LEAD…",
                fix="check the address, or name the lead by its id",
            )
        found |= dict.fromkeys(by_address)
    if contacts:
        for row in mirror.rows("lead", mirror.same_person(list(found))):
            if row.get("email"):
                found |= dict.fromkeys(mirror.persons(str(row["email"]))[1])
        for text in wanted:
            if "@" in text:
                found |= dict.fromkeys(mirror.persons(text)[1])
    return list(found)


def _remove(workspace: Workspace, ids: list[str], given: list[Path], *, clear_mentions: bool) -> Removed:
    from sync.cli.person_files import files_naming, plans_in
    from sync.mirror.pull.pages import remove_left_behind
    from sync.private_file import drafts_in

    now = workspace.clock().astimezone(UTC)
    with workspace.mirror_to_change() as mirror:
        forgotten = mirror.forget(ids, at=now, clear_mentions=clear_mentions)
    pre_images = workspace.pre_images().forget(forgotten.ids)
    state = workspace.state
    files = [*files_naming(state, forgotten.ids), *given]
    files += [draft for folder in (state, state / "plans", state / "reports") for draft in drafts_in(folder)]
    for file in files:
        file.unlink(missing_ok=True)
    files += remove_left_behind(state, now=now)
    elsewhere = plans_in(workspace.folder, forgotten.ids)
    return Removed(forgotten=forgotten, files=files, elsewhere=elsewhere, pre_images=pre_images)


def _document(removed: Removed, *, cleared: bool) -> dict[str, object]:
    forgotten = removed.forgotten
    return {
        "ids": forgotten.ids,
        "removed": forgotten.removed,
        "versions": forgotten.versions,
        "pre_images": removed.pre_images,
        "files": removed.files,
        "mentions": forgotten.mentions,
        "mentions_cleared": cleared,
        "elsewhere": removed.elsewhere,
    }


def _draw(removed: Removed, *, cleared: bool) -> None:
    from sync.cli import output

    forgotten = removed.forgotten
    rows = [(name.replace("_", " "), f"{count:,}") for name, count in forgotten.removed.items()]
    rows.append(("versions of them", f"{forgotten.versions:,}"))
    rows.append(("pre-images of conversions", f"{removed.pre_images:,}"))
    output.stdout().print(output.table(None, ("removed", "records"), rows, right=("records",)))
    sys.stdout.write(f"\nforgotten: {', '.join(forgotten.ids)}; no later pull brings them back\n")
    sys.stdout.write("the mirror was written anew without them; the ledger keeps their ids and nothing else\n")
    for file in removed.files:
        sys.stdout.write(f"removed   {file}\n")
    for file in removed.elsewhere:
        sys.stdout.write(f"still there: {file} has their ids (a plan also names of companies); --file removes it\n")
    if forgotten.mentions:
        what = "cleared of name, address and telephone" if cleared else "records of others that still name them"
        sys.stdout.write(f"{what}: {_listed(forgotten.mentions)}\n")
        sys.stdout.write("change them in the org too: a later pull that reads them brings the words back\n")


def _tell_mentions(mentions: Sequence[Mention]) -> None:
    if mentions:
        sys.stderr.write(f"records of others that name them: {_listed(mentions)}\n")
        sys.stderr.write("these stay as they are; to clear them, say no now and add --clear-mentions\n")


def _listed(mentions: Sequence[Mention]) -> str:
    more = f" and {len(mentions) - 10:,} more" if len(mentions) > 10 else ""
    return ", ".join(f"{mention.object} {mention.id}" for mention in mentions[:10]) + more
