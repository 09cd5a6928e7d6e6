"""A learnt model with everything that there is to say about it, and its file.

The file is JSON: reading it runs no code, which a pickle would, and a person can look up every point in it. It lies in
the org's private state folder; its name for itself is the hash of its content, so an edited file is noticed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sync.errors import InputInvalid
from sync.insight.likelihood.columns import LeadColumn, Taken
from sync.insight.likelihood.history import LeftOut
from sync.insight.likelihood.leaks import Leak
from sync.insight.likelihood.levels import Kind, Levels
from sync.insight.likelihood.measures import Measures
from sync.insight.likelihood.scorecard import ColumnPoints, Scorecard
from sync.private_file import write_private

FORMAT = 1
_AGAIN = "run `leadgate score train` again"


class ModelUnusable(InputInvalid):
    """The model of likelihoods can't be used."""

    code = "model_unusable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What `score train` leaves behind."""

    model_id: str
    learnt_at: datetime
    known_until: datetime
    """Up to when the mirror knew the past."""
    horizon_days: int
    seed: int
    leads: int
    """Leads that gave cases."""
    looks: int
    converted: int
    """Of the leads, those that became opportunities within the horizon."""
    tested_from: datetime
    """Creation of the first lead of the test."""
    measures: Measures
    """On the latest leads, by a scorecard that had learnt from the earlier ones only."""
    average: Measures
    """On the same leads, by the share of the earlier leads alone."""
    left_out: Mapping[LeftOut, int]
    """Leads that gave no case."""
    leaks: tuple[Leak, ...]
    constant: tuple[str, ...]
    """Columns learnt from whose values at most moments had to be taken from later."""
    lead_columns: tuple[LeadColumn, ...]
    """Lead fields that the scorecard reads."""
    scorecard: Scorecard


def model_id(content: Mapping[str, Any]) -> str:
    """The hash of a model's content, shortened."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def write_model(path: Path, model: Model) -> None:
    """Writes the model, readable by its owner only.

    Raises:
        OSError: It can't be written.
    """
    write_private(path, json.dumps(_content(model) | {"model_id": model.model_id}, indent=1) + "\n")


def identified(model: Model) -> Model:
    """The model under the name that its content gives it."""
    fields = {name: getattr(model, name) for name in Model.__slots__ if name != "model_id"}
    return Model(model_id=model_id(_content(model)), **fields)


def read_model(path: Path) -> Model | None:
    """The model of a file; `None` where there is none.

    Raises:
        ModelUnusable: It can't be read, was edited, or was written by a newer leadgate.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as unreadable:
        raise ModelUnusable("the model of likelihoods can't be read", place=str(path), fix=_AGAIN) from unreadable
    try:
        content = json.loads(text)
        if content["format"] != FORMAT:
            raise ModelUnusable("the model of likelihoods has another format", place=str(path), fix=_AGAIN)
        name = content.pop("model_id")
        if model_id(content) != name:
            raise ModelUnusable("the model of likelihoods was changed by hand", place=str(path), fix=_AGAIN)
        return _model(name, content)
    except (ValueError, KeyError, TypeError, AttributeError) as broken:
        raise ModelUnusable("the model of likelihoods is damaged", place=str(path), fix=_AGAIN) from broken


def _content(model: Model) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "learnt_at": model.learnt_at.astimezone(UTC).isoformat(),
        "known_until": model.known_until.astimezone(UTC).isoformat(),
        "horizon_days": model.horizon_days,
        "seed": model.seed,
        "leads": model.leads,
        "looks": model.looks,
        "converted": model.converted,
        "tested_from": model.tested_from.astimezone(UTC).isoformat(),
        "measures": asdict(model.measures),
        "average": asdict(model.average),
        "left_out": {reason.value: count for reason, count in model.left_out.items()},
        "leaks": [asdict(leak) for leak in model.leaks],
        "constant": list(model.constant),
        "lead_columns": [{"field": each.field, "taken": each.taken.value} for each in model.lead_columns],
        "start": list(model.scorecard.start),
        "columns": [_column(each) for each in model.scorecard.columns],
    }


def _column(column: ColumnPoints) -> dict[str, Any]:
    levels = column.levels
    return {
        "column": levels.column,
        "kind": levels.kind.value,
        "categories": list(levels.categories),
        "edges": list(levels.edges),
        "points": [list(each) for each in column.points],
    }


def _model(name: str, content: Mapping[str, Any]) -> Model:
    columns = tuple(
        ColumnPoints(
            levels=Levels(
                column=each["column"],
                kind=Kind(each["kind"]),
                categories=tuple(each["categories"]),
                edges=tuple(each["edges"]),
            ),
            points=tuple(tuple(points) for points in each["points"]),
        )
        for each in content["columns"]
    )
    return Model(
        model_id=name,
        learnt_at=datetime.fromisoformat(content["learnt_at"]),
        known_until=datetime.fromisoformat(content["known_until"]),
        horizon_days=content["horizon_days"],
        seed=content["seed"],
        leads=content["leads"],
        looks=content["looks"],
        converted=content["converted"],
        tested_from=datetime.fromisoformat(content["tested_from"]),
        measures=Measures(**content["measures"]),
        average=Measures(**content["average"]),
        left_out={LeftOut(reason): count for reason, count in content["left_out"].items()},
        leaks=tuple(Leak(**each) for each in content["leaks"]),
        constant=tuple(content["constant"]),
        lead_columns=tuple(
            LeadColumn(field=each["field"], taken=Taken(each["taken"])) for each in content["lead_columns"]
        ),
        scorecard=Scorecard(start=tuple(content["start"]), columns=columns),
    )
