"""The composition root: a working folder's settings become org, mirror, ledger, mapping and policy.

The only module that knows which concrete parts are in use. Commands, console and agent ask it for parts and never
construct one. Everything is opened late: a command that needs no org never connects, and one that only reads gets a
reader.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sync.errors import InputInvalid, SettingsInvalid
from sync.mapping import OrgMapping, load_mapping
from sync.settings import Settings, load_settings

if TYPE_CHECKING:
    from sync.ledger.store import Ledger
    from sync.mirror.connection import Wait
    from sync.mirror.store import Mirror
    from sync.org_settings import OrgSettings
    from sync.policy.schema import Policy
    from sync.pre_image_store import PreImageStore
    from sync.salesforce.org import Org, OrgReader

POLICY_FILE = Path("config") / "readiness.yaml"
MIRROR_PATIENCE = 30.0
"""Seconds that a command waits for another process to let go of the mirror."""


@dataclass
class Workspace:
    """One working folder, and one org of it."""

    folder: Path
    settings: Settings
    org_name: str | None = None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    @classmethod
    def open(cls, folder: Path, *, org: str | None = None, environ: Mapping[str, str] | None = None) -> Workspace:
        """The workspace of a folder.

        Raises:
            SettingsInvalid: A setting is malformed, or the org isn't known.
            InputInvalid: There is no such folder.
        """
        folder = folder.resolve()
        if not folder.is_dir():
            raise InputInvalid(f"{folder} is not a folder", place="--folder", fix="name your working folder")
        return cls(folder=folder, settings=load_settings(folder, environ), org_name=org)

    @cached_property
    def org_settings(self) -> OrgSettings:
        """How to reach the org; checked completely before anything connects."""
        return self.settings.org(self.org_name)

    @cached_property
    def mapping(self) -> OrgMapping:
        """The folder's mapping, all problems at once."""
        return load_mapping(self.folder / "mappings", base=self.folder)

    def policy_text(self, file: Path | None = None) -> tuple[str, str]:
        """A policy file's text and the name to call it by in messages."""
        path = self.policy_path(file)
        shown = os.path.relpath(path, self.folder) if path.is_relative_to(self.folder) else str(path)
        try:
            return path.read_text("utf-8"), shown
        except UnicodeDecodeError as broken:
            raise InputInvalid(f"{shown} is not UTF-8 text", place=shown, fix="save it as UTF-8") from broken
        except OSError as missing:
            raise InputInvalid(
                f"{shown} can't be read: {missing.strerror}",
                place=shown,
                fix="run `leadgate init`, or name one with --policy",
            ) from missing

    def policy_path(self, file: Path | None = None) -> Path:
        """Where the policy is written."""
        return (self.folder / POLICY_FILE) if file is None else file.resolve()

    def policy(self, file: Path | None = None) -> Policy:
        """A policy, understood completely.

        Raises:
            PolicyInvalid: With every problem as `file:line: message`.
        """
        from sync.policy.loader import load_policy_text

        text, shown = self.policy_text(file)
        return load_policy_text(text, shown, self.mapping)

    @cached_property
    def state(self) -> Path:
        """This org's state folder, private to the user (0700).

        Raises:
            SettingsInvalid: It can't be made.
        """
        return _private_folder(self.settings.state_dir / self.settings.state_name(self.org_name))

    def path(self, kind: str) -> Path:
        """A private folder in the state folder: `plans`, `reports`."""
        return _private_folder(self.state / kind)

    def reader(self) -> OrgReader:
        """The org, to read only."""
        return self._connect()

    def writer(self) -> Org:
        """The org with its writes; for `apply` alone."""
        return self._connect()

    def _connect(self) -> Org:
        from sync.salesforce.client import open_org

        return open_org(self.org_settings)

    @property
    def mirror_path(self) -> Path:
        """The mirror's file."""
        return self.state / "mirror.duckdb"

    def mirror(self) -> AbstractContextManager[Mirror]:
        """The mirror, to read."""
        from sync.mirror.store import Mirror

        return Mirror.open(self.mirror_path, self.mapping, read_only=True, wait=self.wait_for_mirror())

    def mirror_to_change(self) -> AbstractContextManager[Mirror]:
        """The mirror, to forget people in it; nobody else can read it meanwhile."""
        from sync.mirror.store import Mirror

        return Mirror.open(self.mirror_path, self.mapping, read_only=False, wait=self.wait_for_mirror())

    def wait_for_mirror(self) -> Wait:
        """Waits a little while another process holds the mirror, and says for whom on stderr."""
        from sync.mirror.connection import wait_up_to

        return wait_up_to(MIRROR_PATIENCE, sleep=time.sleep, tell=_tell)

    def ledger(self) -> Ledger:
        """The ledger; a context manager."""
        from sync.ledger.store import Ledger

        url = self.settings.ledger_url
        return Ledger.open(url.get_secret_value() if url else self.state / "ledger.sqlite")

    def pre_images(self) -> PreImageStore:
        """What leads were before leadgate converted them; on this machine, wherever the ledger is."""
        from sync.pre_image_store import PreImageStore

        return PreImageStore(self.state / "preimages.sqlite")

    def org_id(self, ledger: Ledger) -> str:
        """The org that this workspace's state belongs to, without connecting where that can be helped."""
        known = ledger.org_ids()
        if len(known) == 1:
            return known[0]
        if self.mirror_path.exists():
            with self.mirror() as mirror:
                if mirror.org_id is not None:
                    return mirror.org_id
        return self.reader().identity.org_id


def _private_folder(folder: Path) -> Path:
    """The folder, made if need be, closed to other users even if it was made open."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
    except OSError as refused:
        raise SettingsInvalid(
            f"the state folder can't be made or kept private: {refused.strerror}",
            place=str(folder),
            fix="set LEADGATE_STATE_DIR to a folder of your own",
        ) from refused
    return folder


def _tell(message: str) -> None:
    sys.stderr.write(message + "\n")
