"""How a run ended, in a sentence: nothing left to do, stopped before its end, or too many refusals at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sync.apply.outcome import RunResult


def ending_in_words(run: RunResult) -> str | None:
    """What a person should know of the run's end; `None` when it simply did what was planned."""
    from sync.apply.outcome import Ending
    from sync.plan.actions import Outcome

    done, left = run.outcomes.get(Outcome.ALREADY_APPLIED, 0), run.outcomes.get(Outcome.NOT_REACHED, 0)
    if run.reason is None:
        if not run.planned:
            return "nothing to do: the plan holds nothing that can be carried out"
        if done == run.planned:
            return "nothing to do: everything in the plan was done already, and nothing was changed"
        return None
    if left or run.ending not in {Ending.FAILURES, Ending.INTERRUPTED}:
        return f"ended early: {run.reason}"
    if run.ending is Ending.INTERRUPTED:
        return "stopped on request, when nothing of the plan was left"
    return f"nothing was left to stop, but {run.reason}"
