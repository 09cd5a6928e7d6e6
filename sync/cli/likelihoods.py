"""The likelihoods of a working folder's org, for the commands that learn, show and renew them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sync.cli.clock import instant
from sync.errors import LeadgateError, MirrorUnusable

if TYPE_CHECKING:
    from pathlib import Path

    from sync.cli.output import Tick
    from sync.insight.likelihood.model import Model
    from sync.mirror.scores import Score
    from sync.workspace import Workspace


MODEL_FILE = "likelihood.json"


def model_path(workspace: Workspace) -> Path:
    """Where the org's model lies."""
    return workspace.state / MODEL_FILE


def learn(workspace: Workspace, *, horizon_days: int, seed: int, tick: Tick) -> tuple[Model, int]:
    """Learns a model from the mirror, keeps it, and scores the open leads; the model, and how many were scored.

    Raises:
        LearningUnavailable, NotEnoughData, NothingLearnt: There is no model to be had; an earlier one stays.
        MirrorUnusable: Nothing was pulled yet.
    """
    from sync.insight.likelihood.keeping import keep_scores
    from sync.insight.likelihood.model import write_model
    from sync.insight.likelihood.training import train

    now = instant(None, workspace.clock)
    with workspace.mirror() as mirror:
        watermark = mirror.watermark()
        if watermark is None:
            raise MirrorUnusable("nothing has been pulled yet", fix="run `leadgate pull`")
        with mirror.session() as session:
            model = train(
                session,
                workspace.mapping,
                known_until=min(watermark, now),
                now=now,
                horizon_days=horizon_days,
                seed=seed,
                tell=tick,
            )
    write_model(model_path(workspace), model)
    tick("scoring")
    with workspace.mirror_to_change() as mirror:
        return model, keep_scores(mirror, workspace.mapping, model, at=now)


def renew(workspace: Workspace, *, changed: bool, tick: Tick) -> None:
    """Computes the scores anew after a pull, where a model was learnt; a model that doesn't fit is told on stderr.

    Args:
        workspace: Whose mirror was pulled.
        changed: Whether the pull brought anything.
        tick: Progress.
    """
    path = model_path(workspace)
    if not path.exists():
        return
    from sync.insight.likelihood.keeping import is_due, keep_scores
    from sync.insight.likelihood.model import ModelUnusable, read_model

    now = instant(None, workspace.clock)
    with workspace.mirror_to_change() as mirror:
        try:
            model = read_model(path)
            if model is not None and is_due(mirror, model, changed=changed, at=now):
                tick("scoring")
                keep_scores(mirror, workspace.mapping, model, at=now)
        except ModelUnusable as unusable:
            mirror.replace_scores(())
            sys.stderr.write(f"warning: {unusable.message}; no lead has a likelihood now. {said_fix(unusable)}\n")


def said_fix(error: LeadgateError) -> str:
    """An error's fix as a sentence of its own."""
    return f"To mend it: {error.fix}" if error.fix else ""


def in_words(score: Score) -> str:
    """A likelihood with its interval."""
    return f"{_percent(score.likelihood)} ({_percent(score.low)} to {_percent(score.high)})"


def _percent(likelihood: float) -> str:
    """Never 0% or 100%: nothing that is learnt is certain."""
    if likelihood < 0.005:
        return "<1%"
    return ">99%" if likelihood > 0.995 else f"{likelihood:.0%}"


def reason_in_words(column: str, level: str, odds: float) -> str:
    """A reason for a person: what the lead has, and what that does to its odds."""
    return f"{column}: {level} (odds × {odds:.2g})"
