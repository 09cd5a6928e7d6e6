"""The file of pre-images: what leads were before leadgate converted them, for compensation alone.

One SQLite file beside the ledger (`preimages.sqlite`, 0600), a row for each lead, the pre-image as JSON. It holds
people's data, which the ledger never does: `leadgate forget` takes rows out, and what is deleted is overwritten with
zeros. With a ledger shared by several machines, it lies on the machine that applied.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sync.errors import LeadgateError, PreImageUnsaved
from sync.plan.pre_image import PreImage, decode, encode

FORMAT = 1
"""Version of the file's tables, as SQLite's `user_version`."""

_TABLE = """
CREATE TABLE IF NOT EXISTS pre_images (
  org_id TEXT NOT NULL, lead_id TEXT NOT NULL, taken_at TEXT NOT NULL, document TEXT NOT NULL,
  PRIMARY KEY (org_id, lead_id)
) WITHOUT ROWID
"""
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class PreImageStore:
    """Implements `sync.plan.pre_image.PreImages` over one file; opened for each use, so that nothing stays locked."""

    path: Path

    def save(self, images: Sequence[PreImage]) -> None:
        """Keep them, on disk when this returns.

        Raises:
            PreImageUnsaved: The file can't be written: no room, no permission, damaged.
        """
        if not images:
            return
        try:
            with self._open() as connection:
                connection.executemany(
                    "INSERT OR REPLACE INTO pre_images VALUES (?, ?, ?, ?)",
                    [(one.org_id, one.lead_id, one.taken_at.isoformat(), encode(one)) for one in images],
                )
        except (sqlite3.Error, OSError) as refused:
            raise PreImageUnsaved(
                f"what the leads are now can't be saved ({_why(refused)}), so none of them was converted",
                place=str(self.path),
                fix="make room, or make the file writable; then run again",
            ) from None

    def get(self, org_id: str, lead_id: str) -> PreImage | None:
        """The lead's pre-image.

        Raises:
            LeadgateError: The file or the row can't be read.
        """
        if not self.path.exists():
            return None
        try:
            with self._open() as connection:
                row = connection.execute(
                    "SELECT document FROM pre_images WHERE org_id = ? AND lead_id = ?", (org_id, lead_id)
                ).fetchone()
        except (sqlite3.Error, OSError) as refused:
            raise self._unreadable(refused) from None
        return decode(row[0]) if row else None

    def forget(self, record_ids: Sequence[str]) -> int:
        """Take out the pre-images of these leads; returns how many there were.

        Raises:
            LeadgateError: The file can't be changed.
        """
        if not self.path.exists():
            return 0
        removed = 0
        try:
            with self._open() as connection:
                for start in range(0, len(record_ids), _CHUNK):
                    ids = record_ids[start : start + _CHUNK]
                    marks = ", ".join("?" * len(ids))
                    removed += connection.execute(
                        f"DELETE FROM pre_images WHERE lead_id IN ({marks})",  # noqa: S608 -- only question marks
                        list(ids),
                    ).rowcount
        except (sqlite3.Error, OSError) as refused:
            raise self._unreadable(refused) from None
        return removed

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """One transaction on the file, made private before SQLite would make it for everybody."""
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        self.path.chmod(0o600)
        connection = sqlite3.connect(self.path, timeout=30.0, isolation_level=None)
        try:
            for pragma in ("journal_mode = DELETE", "synchronous = FULL", "secure_delete = ON"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("BEGIN IMMEDIATE")
            self._check_format(connection)
            connection.execute(_TABLE)
            yield connection
            connection.execute("COMMIT")
        finally:
            connection.close()  # an open transaction is rolled back

    def _check_format(self, connection: sqlite3.Connection) -> None:
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        if found not in {0, FORMAT}:
            raise LeadgateError(
                f"the file of pre-images has format {found}; this leadgate writes format {FORMAT}",
                place=str(self.path),
                fix="use the version of leadgate that wrote it, or a newer one",
                code="pre_image_unreadable",
            )
        if not found:
            connection.execute(f"PRAGMA user_version = {FORMAT}")

    def _unreadable(self, refused: Exception) -> LeadgateError:
        return LeadgateError(
            f"the file of pre-images can't be used: {_why(refused)}",
            place=str(self.path),
            fix="check that it is readable and writable for you, and not damaged",
            code="pre_image_unreadable",
        )


def _why(refused: Exception) -> str:
    return (refused.strerror or type(refused).__name__) if isinstance(refused, OSError) else str(refused)
