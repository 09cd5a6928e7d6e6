"""What a log is told: events with stable names, handed to structlog, which is loaded when the first one is to be told.

Most runs have nothing to tell at the level that is listened to, and structlog with what it imports (asyncio, Rich) was
a tenth of what a command takes to start (50 of 450 ms of imports, measured). So whoever logs does it through here, and
`sync.cli.logs` says from which level on anybody listens.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

_least = logging.NOTSET
"""The level from which on events are told; all of them until somebody listens, as structlog itself has it."""
_prepare: Callable[[], None] | None = None
"""Sets structlog up, when it is loaded."""


def listen(*, least: int, prepare: Callable[[], None] | None = None) -> None:
    """From now on only events of this level (a number of `logging`) and above are told.

    Args:
        least: The level.
        prepare: Configures structlog; called before the first event is told, and at once where it is loaded already.
    """
    global _least, _prepare
    _least, _prepare = least, prepare
    if "structlog" in sys.modules:
        _make_ready()


def debug(event: str, **fields: object) -> None:
    """Tell what only matters when something is looked for."""
    _tell(logging.DEBUG, event, fields)


def info(event: str, **fields: object) -> None:
    """Tell what a log of the run should hold."""
    _tell(logging.INFO, event, fields)


def warning(event: str, **fields: object) -> None:
    """Tell what somebody should look at."""
    _tell(logging.WARNING, event, fields)


def _tell(level: int, event: str, fields: dict[str, object]) -> None:
    if level < _least:
        return
    import structlog  # noqa: PLC0415 -- loaded for the first event, see above

    _make_ready()
    structlog.get_logger().log(level, event, **fields)


def _make_ready() -> None:
    global _prepare
    if _prepare is not None:
        prepare, _prepare = _prepare, None
        prepare()
