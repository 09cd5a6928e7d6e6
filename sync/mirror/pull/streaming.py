"""A window's pages straight into the mirror while the next ones still come in: the way of a first pull.

Only a window that is read whole into an empty table goes this way; nobody can be reading that table meanwhile, so the
mirror may be held open from the first page to the last. Nothing is kept unless the count of records is right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from sync.mirror.connection import opened
from sync.mirror.first_load import FirstLoad, is_empty
from sync.mirror.pull.intake import Intake, Shortfall, incomplete, record_of
from sync.mirror.pull.reading import Reading
from sync.mirror.pull.report import Progress
from sync.mirror.pull.windows import Window
from sync.mirror.state import Completeness
from sync.mirror.tables import Catalogue


@dataclass(slots=True, kw_only=True)
class Streaming:
    """One window on its way in; a context manager, and the sink of a bulk job's pages."""

    intake: Intake
    window: Window
    load: FirstLoad | None = None
    _present: Catalogue = field(default_factory=dict)
    _keeps: bool = False
    """The table turned out to hold records: the pages are left for the usual way."""
    _open: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()  # closing the connection rolls back what was not committed

    def pages(self, files: Sequence[Path]) -> None:
        """Takes pages in and removes their files; several at once make work for several processors.

        Raises:
            MirrorUnusable, OrgBusy, MappingInvalid, OrgFault: As `Intake.take`.
        """
        if self.load is None and not self._keeps:
            self._begin()
        if self.load is not None:
            self.load.add(files)
            for file in files:
                file.unlink()
            self.intake.progress(Progress(object=self.window.object, doing="loading"))

    def restart(self) -> None:
        """The pages so far come anew."""
        if self.load is not None:
            self.load.abandon()
            self.load.begin(self._present)

    def take(self, reading: Reading, again: Callable[[Reading], Reading]) -> Completeness | None:
        """Ends the load of a window that has been read; `None` when its pages lie on disk for the usual way.

        Raises:
            OrgFault: The org counts more than it gives, twice (`INCOMPLETE_PULL`).
        """
        if self.load is None:
            return None
        received = self.load.received(reading.window_to)
        if received < reading.expected:
            reading = again(reading)
            self.load.renew(reading.pages, reading.window_to)
            received = self.load.received(reading.window_to)
        if received < reading.expected:
            raise incomplete(Shortfall(reading=reading, received=received))
        taken = self.load.commit(record_of(reading, received), self.intake.state_of(reading))
        self._open.close()
        return taken

    def _begin(self) -> None:
        intake = self.intake
        connection = self._open.enter_context(
            opened(intake.path, read_only=False, wait=intake.wait, pages=intake.folder)
        )
        self._present = intake.prepare(connection)
        intake.refuse_overtaken(connection, self.window)
        if not is_empty(connection, self.window.mapping):
            self._keeps = True
            self._open.close()
            return
        self.load = FirstLoad(
            connection=connection,
            mapping=self.window.mapping,
            columns=self.window.columns,
            selected=self.window.selected,
            seen_at=intake.now(),
            run_id=intake.run_id,
        )
        self.load.begin(self._present)
