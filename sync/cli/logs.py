"""Logs: events with stable names on stderr, as JSON for machines or lines for a terminal; never record contents.

Configured once per command from the settings. Only fields on the allow-list get through, whoever logs: a name or an
address that slips into an event must not reach a file. structlog is set up when `sync.events` has loaded it.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, MutableMapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

from sync import events
from sync.errors import SettingsInvalid

if TYPE_CHECKING:
    from sync.settings import Settings

ALLOWED = frozenset(
    """
    event level timestamp logger run_id plan_id action_key record_id lead_id org_id job_id object route method
    path status code attempt seconds wait count records done total kind state outcome batch calls version org
    last_release wished settled processed failed
    """.split()  # noqa: SIM905 -- a list of fifty quoted words reads worse
)


def configure(settings: Settings) -> None:
    """Send logs to stderr, and to the log file where there is one, at the level that the settings say."""
    terminal = sys.stderr.isatty()
    sinks: list[Callable[[str], None]] = [_to_stderr]
    if settings.log_file is not None:
        sinks.append(_appending(settings.log_file))
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not terminal)
    level = logging.getLevelNamesMapping()[(settings.log_level or ("warning" if terminal else "info")).upper()]

    def prepare() -> None:
        import structlog

        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                only_allowed,
                structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=terminal),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(level),
            logger_factory=structlog.WriteLoggerFactory(cast(TextIO, _Sinks(sinks))),
            cache_logger_on_first_use=False,
        )

    events.listen(least=level, prepare=prepare)


def _to_stderr(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def _appending(path: Path) -> Callable[[str], None]:
    """Writes to the log file, made for its owner alone; opened for each event, so that it may be rotated meanwhile.

    Raises:
        SettingsInvalid: It can't be written.
    """

    def append(text: str) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8", errors="replace") as file:
            file.write(text)

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        append("")
    except OSError as refused:
        raise SettingsInvalid(
            f"the log file can't be written: {refused.strerror}",
            place=f"LEADGATE_LOG_FILE ({path})",
            fix="name a file that you may write to",
        ) from refused
    return append


class _Sinks:
    """Where events go. One that fails (disk full, pipe closed) is left out from then on: a log never stops a run."""

    def __init__(self, sinks: Sequence[Callable[[str], None]]) -> None:
        self._sinks = list(sinks)

    def write(self, text: str) -> int:
        """Write to each."""
        for sink in tuple(self._sinks):
            try:
                sink(text)
            except (OSError, ValueError):  # ValueError: the stream is closed
                self._sinks.remove(sink)
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""


def only_allowed(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop every field that is not on the allow-list."""
    return {name: value for name, value in event.items() if name in ALLOWED}
