"""Which objects a pull covers, and from where on each: what the mirror holds against what the mapping asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sync.errors import InputInvalid, MirrorUnusable
from sync.mapping import ObjectMapping, OrgMapping
from sync.mirror.connection import Wait, opened
from sync.mirror.forget import is_rewrite_due, rewrite
from sync.mirror.pull.columns import settle_columns
from sync.mirror.pull.replication import too_long_ago
from sync.mirror.pull.windows import OVERLAP, Window
from sync.mirror.state import ObjectState, PulledColumn, read_meta, read_states
from sync.mirror.tables import check_format
from sync.salesforce.org import OrgReader

REFRESH = timedelta(hours=24)
"""How old formula fields may get: they don't stamp their record, so no window of changes brings them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What one pull has to read."""

    windows: tuple[Window, ...]
    skipped: Mapping[str, str]
    """Our object name → why it can't be read in this org."""
    warnings: tuple[str, ...]


def selected(mapping: OrgMapping, objects: Sequence[str] | None) -> tuple[ObjectMapping, ...]:
    """The mapped objects that were asked for, by API name or by ours.

    Raises:
        InputInvalid: One of them isn't mapped.
    """
    if objects is None:
        return tuple(mapping)
    by_name = {name.casefold(): mapped for mapped in mapping for name in (mapped.name, mapped.object)}
    unknown = [name for name in objects if name.casefold() not in by_name]
    if unknown:
        known = ", ".join(mapped.object for mapped in mapping)
        raise InputInvalid(f"{unknown[0]} is not mapped", fix=f"mapped are: {known}")
    wanted = {by_name[name.casefold()].name for name in objects}
    return tuple(mapped for mapped in mapping if mapped.name in wanted)


def read_held(path: Path, org_id: str, wait: Wait) -> dict[str, ObjectState]:
    """How far each object has been pulled; nothing when there is no mirror yet.

    Finishes a forgetting that was killed before the file was written anew.

    Raises:
        MirrorUnusable: It can't be used, or is another org's.
    """
    if not path.is_file():
        return {}
    with opened(path, read_only=True, wait=wait) as connection:
        check_format(connection, path)
        refuse_other_org(read_meta(connection, "org_id"), org_id, path)
        states, due = read_states(connection), is_rewrite_due(connection)
    if due:
        rewrite(path, wait)
    return states


def refuse_other_org(held: str | None, org_id: str, path: Path) -> None:
    """One mirror, one org.

    Raises:
        MirrorUnusable: The mirror is another org's.
    """
    if held is not None and held != org_id:
        raise MirrorUnusable(
            f"this is the mirror of org {held}, and the login is for org {org_id}",
            place=str(path),
            fix="name the right org, or move the mirror away",
        )


def plan_windows(
    org: OrgReader, wanted: Sequence[ObjectMapping], states: Mapping[str, ObjectState], *, full: bool
) -> Scope:
    """The window of each object; asks for describes only where the mirror can't know.

    Raises:
        MappingInvalid, AccessRefused: As `settle_columns`.
    """
    unsettled = [mapped for mapped in wanted if full or _unsettled(mapped, states.get(mapped.name))]
    settled = settle_columns(org, unsettled)
    now = org.now()
    windows = []
    for mapped in wanted:
        if mapped.name in settled.skipped:
            continue
        state = states.get(mapped.name)
        columns = settled.of.get(mapped.name) or _known(mapped, state)
        windows.append(_window(mapped, columns, state, now=now, full=full))
    warnings = [f"{w.object} is read in full: {w.reason}" for w in windows if w.reason]
    warnings += [
        f"{w.object}: {', '.join(sorted(w.new))} was added to the mapping, or changed, since the last pull, and is "
        "filled for every record"
        for w in windows
        if w.new
    ]
    return Scope(windows=tuple(windows), skipped=settled.skipped, warnings=tuple(warnings))


def _unsettled(mapped: ObjectMapping, state: ObjectState | None) -> bool:
    return state is None or state.skipped is not None or bool(state.lacks(mapped))


def _known(mapped: ObjectMapping, state: ObjectState | None) -> dict[str, PulledColumn]:
    held = state.columns if state is not None else {}
    return {name: held[name] for name in mapped.fields}


def _window(
    mapped: ObjectMapping,
    columns: Mapping[str, PulledColumn],
    state: ObjectState | None,
    *,
    now: datetime,
    full: bool,
) -> Window:
    held = Window(mapping=mapped, columns=columns, state=state, since=None)
    if state is None or state.watermark is None:
        return held
    reason: str | None = None
    if full:
        reason = "asked for"
    elif too_long_ago(held, now):
        reason = "the last pull was more than 14 days ago, and deletions are only listed for 15"
    since = None if reason else state.watermark - OVERLAP
    if since is None:
        return Window(mapping=mapped, columns=columns, state=state, since=None, reason=reason)
    formulas = [name for name, column in columns.items() if column.calculated]
    due = state.refreshed_at is None or now - state.refreshed_at >= REFRESH
    refill = frozenset((*state.lacks(mapped), *(formulas if due else ())))
    return Window(mapping=mapped, columns=columns, state=state, since=since, refill=refill)
