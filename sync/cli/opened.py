"""How every command begins: the workspace of the folder and org that were named, with logs where its settings say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sync.workspace import Workspace


def open_workspace(folder: Path, org: str | None) -> Workspace:
    """The workspace; logs are configured before anything can log.

    Raises:
        SettingsInvalid, InputInvalid: As `Workspace.open`.
    """
    from sync.cli import logs
    from sync.workspace import Workspace

    workspace = Workspace.open(folder, org=org)
    logs.configure(workspace.settings)
    return workspace
