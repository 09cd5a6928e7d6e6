"""Applying a model to the leads that are open now: the same columns, as of now, through the same query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from duckdb import DuckDBPyConnection

from sync.insight.likelihood.levels import Cell
from sync.insight.likelihood.model import Model, ModelUnusable
from sync.insight.likelihood.scorecard import Likelihood
from sync.insight.likelihood.states import open_leads, states
from sync.mapping import OrgMapping
from sync.mirror.past.opening import Past

_CHUNK = 20_000


def score_leads(
    session: DuckDBPyConnection,
    mapping: OrgMapping,
    model: Model,
    *,
    at: datetime,
    lead_ids: Sequence[str] | None = None,
) -> Iterator[tuple[str, Likelihood]]:
    """The likelihood of every open lead, or of those asked for, as of an instant.

    Args:
        session: From `Mirror.session`.
        mapping: The mirror's.
        model: Learnt from this org.
        at: The instant; what is known only later doesn't count.
        lead_ids: Only these; `None` = all open leads.

    Raises:
        ModelUnusable: The model reads a field that is no longer mapped.
    """
    fields = mapping["lead"].fields
    lacking = [column.field for column in model.lead_columns if column.field not in fields]
    if lacking:
        raise ModelUnusable(
            f"the model of likelihoods reads {lacking[0]}, which is no longer mapped",
            place=mapping["lead"].file,
            fix="map it again, or run `leadgate score train`",
        )
    past = Past.trace(session, mapping, fields={"created_at", *(column.field for column in model.lead_columns)})
    wanted = open_leads(session) if lead_ids is None else list(lead_ids)
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start : start + _CHUNK]
        found = states(session, past, ((lead_id, at) for lead_id in part), model.lead_columns)
        for row, place in enumerate(found.places):
            yield part[place], model.scorecard.score(_row(found.cells, row))


def _row(cells: Mapping[str, Sequence[Cell]], row: int) -> dict[str, Cell]:
    return {name: values[row] for name, values in cells.items()}
