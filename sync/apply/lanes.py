"""Several calls to the org under way at once, while everything else stays in one thread.

The runner commits intents, starts calls here, and takes their answers as they come; the ledger never sees a second
thread. With a single lane a call runs in the runner's own thread, so that nothing depends on how threads take turns.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context
from queue import Empty, SimpleQueue

from sync.salesforce.org import Answer


class Lanes:
    """Calls under way, told apart by numbers of the caller.

    Args:
        width: How many calls the caller means to have under way at once; may be lowered later.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._asked: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._done: SimpleQueue[tuple[int, list[Answer] | BaseException]] = SimpleQueue()
        self._threads = 0

    def start(self, number: int, call: Callable[[], list[Answer]]) -> None:
        """Send a call; its answers come out of `next_done`."""

        def work() -> None:
            try:
                self._done.put((number, call()))
            except BaseException as error:  # noqa: BLE001 -- raised again by next_done, in the runner's thread
                self._done.put((number, error))

        if self.width == 1:
            work()
            return
        self._asked.put(work)
        if self._threads < self.width:
            self._threads += 1
            # A daemon: when a person insists on ending the process, it ends; recovery reads back what was under way.
            name = f"call-{self._threads}"
            threading.Thread(target=copy_context().run, args=(self._serve,), name=name, daemon=True).start()

    def close(self) -> None:
        """Let the threads end, each after the call that it is at."""
        for _ in range(self._threads):
            self._asked.put(None)
        self._threads = 0

    def _serve(self) -> None:
        while (work := self._asked.get()) is not None:
            work()

    def next_done(self, timeout: float | None) -> tuple[int, list[Answer]] | None:
        """The next call that is answered, waiting for it up to `timeout` seconds (`None` = as long as it takes).

        Raises whatever the call raised.
        """
        try:
            number, answers = self._done.get(timeout=timeout)
        except Empty:
            return None
        if isinstance(answers, BaseException):
            raise answers
        return number, answers
