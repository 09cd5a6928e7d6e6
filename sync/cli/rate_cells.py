"""Rates, durations and shares as cells of a table: one way to write them, whatever the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

    from sync.insight.rates import Rate


def rate_cell(rate: Rate) -> str:
    """`12.3 % (9.8–15.1)`; under the floor the counts, and that they are not enough."""
    if rate.share is None:
        return "no cases"
    if not rate.enough:
        return f"{rate.successes:,} of {rate.trials:,}: not enough data"
    return f"{percent(rate.share)} ({100 * rate.low:.1f}–{100 * rate.high:.1f})"


def rate_document(rate: Rate) -> dict[str, object]:
    """A rate for `--json`."""
    return {
        "successes": rate.successes,
        "trials": rate.trials,
        "share": rate.share,
        "low": rate.low,
        "high": rate.high,
        "enough": rate.enough,
    }


def percent(share: float) -> str:
    """`12.3 %`."""
    return f"{100 * share:.1f} %"


def seconds(duration: timedelta | None) -> float | None:
    """A duration for `--json`."""
    return None if duration is None else duration.total_seconds()


def duration_cell(duration: timedelta | None) -> str:
    """`40 min`, `7.5 h`, `12.0 d`; a dash where there is none."""
    if duration is None:
        return "–"
    hours = duration.total_seconds() / 3600
    if abs(hours) < 2:
        return f"{60 * hours:.0f} min"
    return f"{hours:.1f} h" if abs(hours) < 48 else f"{hours / 24:.1f} d"
