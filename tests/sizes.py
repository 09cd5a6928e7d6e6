"""How often a property is tried: with some examples in `make test`, with all of them in `make test-all`."""

from __future__ import annotations

import os

EVERYTHING = os.environ.get("LEADGATE_TESTS") == "all"


def examples(count: int) -> int:
    """The number of examples for Hypothesis, of `count` in `make test-all`."""
    return count if EVERYTHING else max(10, count // 4)
