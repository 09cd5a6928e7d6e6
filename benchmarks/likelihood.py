# ruff: noqa: PLC0415 -- scikit-learn is imported where it is needed; the other benchmarks go without
"""How good learnt likelihoods are on real leads, beside a plain gradient boosting on the same columns and split.

The leads are those of "Marketing Funnel by Olist" (see benchmarks/olist.py; no row of it is part of this project).
LEADGATE_OLIST names the folder where its two files lie; without them there is nothing to measure.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import perf_counter

from sync.insight.likelihood.fit import Examples, fit
from sync.insight.likelihood.levels import Kind
from sync.insight.likelihood.measures import Measures, measure
from sync.insight.likelihood.training import TEST_SHARE

from .figures import Figure
from .olist import DEALS_FILE, LEADS_FILE, Row, rows

TITLE = "Likelihood"
ABOUT = """\
Olist's marketing leads (8,000 real leads of 2017 and 2018, 842 of them won): does a lead become a deal within 90 days
of its first contact? Columns: origin, landing page, and month, day and weekday of the first contact. Leads are split by
the day of their first contact, the latest fifth judges. Leads whose 90 days had not passed at the end of the record
would be left out, won or not (here none); those from before the first deal on record are, because nothing could be
seen to become of them. The plain model is scikit-learn's HistGradientBoostingClassifier as it comes, with categorical
columns, on the same leads and columns. The calibration error is taken over ten bins of equal width.
"""

DATA = Path(
    os.environ.get("LEADGATE_OLIST")
    or Path(__file__).resolve().parents[2] / "shared" / "data" / "olist-marketing-funnel"
)
HORIZON = timedelta(days=90)
SEED = 0


def run(*, small: bool) -> list[Figure]:
    """All figures; none where the data isn't. `small` learns fewer copies."""
    if not all((DATA / name).is_file() for name in (LEADS_FILE, DEALS_FILE)):
        return []
    leads, won = observed(rows(DATA / LEADS_FILE), rows(DATA / DEALS_FILE))
    examples = as_examples(leads, won)
    cut = len(leads) - int(len(leads) * TEST_SHARE)
    before, after = examples.taken(range(cut)), examples.taken(range(cut, len(leads)))
    began = perf_counter()
    scorecard = fit(before, seed=SEED, copies=4 if small else 20)
    seconds = perf_counter() - began
    likelihoods = [
        scorecard.score({name: after.cells[name][place] for name in after.kinds}).likelihood
        for place in range(len(after.outcomes))
    ]
    ours = measure(after.outcomes, likelihoods)
    theirs = measure(after.outcomes, plain(before, after))
    return [*_beside(ours, theirs), *_alone(ours, theirs, len(before.outcomes)), _took(seconds)]


def observed(leads: Sequence[Row], deals: Sequence[Row]) -> tuple[list[Row], dict[str, datetime]]:
    """The leads whose horizon lies within the record of deals, by first contact; and when each deal was won."""
    won = {deal["mql_id"]: datetime.fromisoformat(deal["won_date"]).replace(tzinfo=UTC) for deal in deals}
    first, last = min(won.values()), max(won.values())
    inside = [lead for lead in leads if contacted(lead) >= first and contacted(lead) + HORIZON <= last]
    return sorted(inside, key=lambda lead: (lead["first_contact_date"], lead["mql_id"])), won


def contacted(lead: Row) -> datetime:
    """The end of the day of the first contact, so that a deal of that day is never taken for an earlier one."""
    return datetime.combine(date.fromisoformat(lead["first_contact_date"]), time.max, tzinfo=UTC)


def as_examples(leads: Sequence[Row], won: dict[str, datetime]) -> Examples:
    """The leads as they were at their first contact."""
    days = [date.fromisoformat(lead["first_contact_date"]) for lead in leads]
    return Examples(
        kinds={
            "origin": Kind.CATEGORY,
            "landing page": Kind.CATEGORY,
            "month": Kind.NUMBER,
            "day": Kind.NUMBER,
            "weekday": Kind.NUMBER,
        },
        cells={
            "origin": [lead["origin"] or None for lead in leads],
            "landing page": [lead["landing_page_id"] or None for lead in leads],
            "month": [float(day.month) for day in days],
            "day": [float(day.day) for day in days],
            "weekday": [float(day.weekday()) for day in days],
        },
        outcomes=[lead["mql_id"] in won and won[lead["mql_id"]] <= contacted(lead) + HORIZON for lead in leads],
        leads=[lead["mql_id"] for lead in leads],
    )


def plain(before: Examples, after: Examples) -> list[float]:
    """What scikit-learn's gradient boosting says with its defaults; at most 254 categories is its own limit."""
    import numpy as np
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    names = list(before.kinds)
    texts = [place for place, name in enumerate(names) if before.kinds[name] is Kind.CATEGORY]

    def table(examples: Examples) -> object:
        cells = [[np.nan if cell is None else cell for cell in examples.cells[name]] for name in names]
        return np.array(cells, dtype=object).T

    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, max_categories=254)
    model = make_pipeline(
        make_column_transformer((encoder, texts), remainder="passthrough"),
        HistGradientBoostingClassifier(categorical_features=list(range(len(texts))), random_state=SEED),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn tells of categories that it has not seen
        model.fit(table(before), before.outcomes)
        return [float(each) for each in model.predict_proba(table(after))[:, 1]]


def _beside(ours: Measures, theirs: Measures) -> list[Figure]:
    """Each measure of ours with the plain model's as its target."""
    plainly = "plain gradient boosting: {:.4f}"
    return [
        Figure(
            name="AUC", value=ours.auc, unit="", target=theirs.auc, better="higher", note=plainly.format(theirs.auc)
        ),
        Figure(name="Brier score", value=ours.brier, unit="", target=theirs.brier, note=plainly.format(theirs.brier)),
        Figure(
            name="log loss", value=ours.log_loss, unit="", target=theirs.log_loss, note=plainly.format(theirs.log_loss)
        ),
        Figure(
            name="calibration error",
            value=ours.calibration_error,
            unit="",
            target=0.03,
            note=plainly.format(theirs.calibration_error),
        ),
    ]


def _alone(ours: Measures, theirs: Measures, earlier: int) -> list[Figure]:
    return [
        Figure(name="leads learnt from", value=earlier, unit=""),
        Figure(name="leads that judge", value=ours.cases, unit="", note=f"{ours.converted} of them won within 90 days"),
        Figure(name="share of them won", value=ours.share, unit=""),
        Figure(
            name="their mean likelihood", value=ours.mean, unit="", note=f"plain gradient boosting: {theirs.mean:.4f}"
        ),
    ]


def _took(seconds: float) -> Figure:
    return Figure(name="learning a scorecard, with its intervals", value=seconds, unit="s")
