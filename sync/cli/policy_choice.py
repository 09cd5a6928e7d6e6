"""A policy as people name it on the command line: a file, or one of the shipped packs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sync.errors import InputInvalid

if TYPE_CHECKING:
    from sync.policy.schema import Policy
    from sync.workspace import Workspace


def chosen_policy(workspace: Workspace, named: str, *, place: str) -> Policy:
    """The policy; a file goes before a pack of the same name.

    Raises:
        InputInvalid: There is neither.
        PolicyInvalid: With every problem of the file.
    """
    from sync.policy.loader import load_policy_text
    from sync.templates import policy_packs

    for path in (Path(named), workspace.folder / named):
        if path.is_file():
            return workspace.policy(path)
    packs = policy_packs()
    if named not in packs:
        known = ", ".join(packs)
        message = f"{named} is neither a policy file nor a shipped pack"
        raise InputInvalid(message, place=place, fix=f"name a file, or one of {known}")
    return load_policy_text(packs[named].read_text("utf-8"), f"pack {named}", workspace.mapping)
