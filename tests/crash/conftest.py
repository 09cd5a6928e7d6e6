from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from crash_points import World, world


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    """A world to die in; thousands of its calls would only fill the log."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with world(tmp_path) as opened:
        yield opened
    structlog.reset_defaults()
