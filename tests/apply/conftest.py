from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from apply_scene import Scene, scene


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Scene]:
    """A fresh org, client and ledger."""
    with scene(tmp_path) as opened:
        yield opened
