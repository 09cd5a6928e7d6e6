"""How often a property is tried: with some examples in `make test`, with all of them in `make test-all`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

EVERYTHING = os.environ.get("LEADGATE_TESTS") == "all"


def examples(count: int) -> int:
    """The number of examples for Hypothesis, of `count` in `make test-all`."""
    return count if EVERYTHING else max(10, count // 4)


def play(machine: type[RuleBasedStateMachine], *, histories: int, steps: int) -> None:
    """So many histories of a state machine, for a proof: each is readable as it is found, and none is kept."""
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=histories,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate,),  # shrinking takes minutes
            database=None,
        ),
    )
