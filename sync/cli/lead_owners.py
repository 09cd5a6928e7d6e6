"""Whose leads they are, for lists that are handed on to reps: read from the mirror, left open where there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sync.workspace import Workspace


def owners_of(workspace: Workspace, lead_ids: Iterable[str]) -> Mapping[str, str]:
    """Lead id → id of its owner, a user or a queue, as last pulled; empty without a usable mirror.

    A run is reported from the ledger alone: that the mirror was removed or is held by a pull must not stand in its way.
    """
    from sync.errors import MappingInvalid, MirrorUnusable, OrgBusy

    try:
        with workspace.mirror() as mirror:
            found = mirror.rows("lead", sorted(set(lead_ids)), ["owner_id"])
    except (MirrorUnusable, MappingInvalid, OrgBusy):
        return {}
    return {str(row["id"]): str(row["owner_id"]) for row in found if row["owner_id"]}
