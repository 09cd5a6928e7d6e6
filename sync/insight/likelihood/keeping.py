"""The scores in the mirror, kept in step with it: computed anew after a pull, by the model in the org's state folder.

Scores are read by policies without anybody looking, so they are never older than the records that they stand beside:
whatever keeps them from being computed takes the old ones away, and an unknown likelihood makes no lead ready.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sync.insight.likelihood.model import Model, ModelUnusable
from sync.insight.likelihood.scoring import score_leads
from sync.mapping import OrgMapping
from sync.mirror.scores import Score
from sync.mirror.store import Mirror

_STALE = timedelta(days=1)
"""Leads grow older without being changed, and a likelihood depends on their age."""


def is_due(mirror: Mirror, model: Model, *, changed: bool, at: datetime) -> bool:
    """Whether the scores in the mirror are not what the model would say now."""
    if changed:
        return True
    kept = mirror.scores(most=1)
    return not kept or kept[0].model_id != model.model_id or at - kept[0].scored_at >= _STALE


def keep_scores(mirror: Mirror, mapping: OrgMapping, model: Model, *, at: datetime) -> int:
    """Scores every open lead and puts the scores in place of the old ones; how many there are.

    Args:
        mirror: Open to write.
        mapping: The mirror's.
        model: Learnt from this org.
        at: The instant that the leads are looked at, and from which the scores are known.

    Raises:
        ModelUnusable: The model doesn't fit the mapping any more; the old scores are gone.
    """
    try:
        with mirror.session() as session:
            scores = [
                Score(
                    lead_id=lead_id,
                    likelihood=found.likelihood,
                    low=found.low,
                    high=found.high,
                    reasons=tuple((reason.column, reason.level, reason.odds) for reason in found.reasons),
                    model_id=model.model_id,
                    scored_at=at,
                )
                for lead_id, found in score_leads(session, mapping, model, at=at)
            ]
    except ModelUnusable:
        mirror.replace_scores(())
        raise
    return mirror.replace_scores(scores)
