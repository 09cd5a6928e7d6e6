from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sync.mockorg.clock import Clock
from sync.mockorg.org import Org

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW, frozen=True)


@pytest.fixture
def org(clock: Clock) -> Org:
    return Org.create(seed=7, clock=clock)
