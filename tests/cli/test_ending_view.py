from __future__ import annotations

from typing import Any

import pytest

from sync.apply.outcome import Ending, RunResult
from sync.cli.ending_view import ending_in_words
from sync.plan.actions import Outcome


def run(ending: Ending = Ending.DONE, reason: str | None = None, **outcomes: int) -> RunResult:
    counted = {Outcome(name): count for name, count in outcomes.items()}
    return RunResult(
        run_id="r",
        plan_id="p",
        outcomes=counted,
        planned=sum(counted.values()),
        predicted_blocked=0,
        api_calls=0,
        seconds=0.0,
        leads=(),
        ending=ending,
        reason=reason,
    )


@pytest.mark.parametrize(
    ("result", "said", "code"),
    [
        (run(applied=3, already_applied=2), None, 0),
        (run(), "nothing to do: the plan holds nothing that can be carried out", 0),
        (
            run(already_applied=5),
            "nothing to do: everything in the plan was done already, and nothing was changed",
            0,
        ),
        (
            run(Ending.FAILURES, "6 of 6 were refused", already_applied=292, rejected=6),
            "nothing was left to stop, but 6 of 6 were refused",
            4,
        ),
        (
            run(Ending.FAILURES, "6 of 10 were refused", rejected=6, applied=4, not_reached=30),
            "ended early: 6 of 10 were refused",
            4,
        ),
        (
            run(Ending.INTERRUPTED, "stopped on request; running again continues", applied=4),
            "stopped on request, when nothing of the plan was left",
            8,
        ),
        (run(Ending.ACCESS, "the session is gone", applied=4), "ended early: the session is gone", 3),
    ],
    ids=["as_planned", "empty_plan", "done_before", "refused_again", "stopped", "stopped_at_the_end", "no_access"],
)
def test_the_end_of_a_run_is_told_as_it_was(result: RunResult, said: Any, code: int) -> None:
    assert (ending_in_words(result), result.exit_code()) == (said, code)
