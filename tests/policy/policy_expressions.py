"""Strategies for expressions of the policy language, as text that a person could have written, and for leads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st
from policy_mirror import NOW

from sync.model import Value

TEXTS = [
    "Open - Not Contacted",
    "Working - Contacted",
    "Acme",
    "acme gmbh",
    "VP Sales",
    "Ärzte",
    "a;b",
    "B",
    "x@ACME.example",
    "50%",
]
DAYS = [NOW.date() + timedelta(days=n) for n in (-200, -91, -90, -89, -1, 0, 1, 30)]
NUMBERS = ["0", "1", "2", "5", "10", "99.5", "100", "1000.25"]

text_field = st.sampled_from(["status", "company", "title", "email", "product_interest"])
number_field = st.sampled_from(["budget", "annual_revenue", "number_of_employees"])
date_field = st.sampled_from(["purchase_timeline", "last_activity_at"])
time_field = st.sampled_from(["created_at"])
flag_field = st.sampled_from(["pricing_discussed", "decision_maker", "need_identified"])
compare = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


word = st.sampled_from(["a", "Acme", "vp", "ä", "50%", "x@acme"]).map(quoted)
constant_text = st.sampled_from(TEXTS).map(quoted)
pattern = st.sampled_from(["a%", "%e", "%ACME%", "_cme", "Working%", "%", "A_m_"]).map(quoted)
day = st.sampled_from(DAYS).map(lambda d: quoted(d.isoformat())) | st.sampled_from(
    ["today()", "days_ago(90)", "days_ahead(30)", "now()", "current_date"]
)
number = st.sampled_from(NUMBERS)

text_value = st.one_of(
    text_field,
    text_field.map("lower({})".format),
    st.just("email_domain(email)"),
    st.tuples(text_field, constant_text).map(lambda t: f"coalesce({t[0]}, {t[1]})"),
)
number_value = st.recursive(
    number_field
    | date_field.map("days_since({})".format)
    | time_field.map("days_until({})".format)
    | text_field.map("length({})".format)
    | st.tuples(number_field, number).map(lambda t: f"coalesce({t[0]}, {t[1]})"),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner | number).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map("(-{})".format),
        inner.map("abs({})".format),
    ),
    max_leaves=3,
)
leaf = st.one_of(
    flag_field,
    st.tuples(text_value, st.sampled_from(["=", "<>"]), constant_text).map(" ".join),
    st.tuples(text_field, st.sampled_from(["=", "<>"]), text_field).map(" ".join),
    st.tuples(text_value, st.lists(constant_text, min_size=1, max_size=3)).map(
        lambda t: f"{t[0]} IN ({', '.join(t[1])})"
    ),
    st.tuples(text_value, st.sampled_from(["LIKE", "ILIKE", "NOT LIKE"]), pattern).map(" ".join),
    st.tuples(st.sampled_from(["contains", "starts_with", "ends_with"]), text_field, word).map(
        lambda t: f"{t[0]}({t[1]}, {t[2]})"
    ),
    st.lists(constant_text, min_size=1, max_size=2).map(lambda v: f"includes(product_interest, {', '.join(v)})"),
    st.tuples(number_value, compare, number).map(" ".join),
    st.tuples(number_value, compare, number_value).map(" ".join),
    st.tuples(number_value, number | number_field, number).map(lambda t: f"{t[0]} BETWEEN {t[1]} AND {t[2]}"),
    st.tuples(date_field | time_field, compare, day).map(" ".join),
    st.tuples(date_field, compare, time_field).map(" ".join),
    st.tuples(
        st.one_of(flag_field, text_field, number_field, date_field), st.sampled_from(["IS NULL", "IS NOT NULL"])
    ).map(" ".join),
    st.tuples(flag_field, number_field, number, number).map(
        lambda t: f"CASE WHEN {t[0]} THEN {t[1]} WHEN {t[1]} > {t[2]} THEN {t[3]} END > {t[2]}"
    ),
)
condition = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: "(" + " AND ".join(parts) + ")"),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: "(" + " OR ".join(parts) + ")"),
        inner.map("(NOT {})".format),
        st.tuples(inner, st.sampled_from(["IS TRUE", "IS FALSE", "IS NULL", "IS NOT TRUE"])).map(
            lambda t: f"(({t[0]}) {t[1]})"
        ),
    ),
    max_leaves=6,
)

maybe = st.none()
lead_values: st.SearchStrategy[dict[str, Value]] = st.fixed_dictionaries(
    {
        "status": st.sampled_from(TEXTS),
        "company": maybe | st.sampled_from(TEXTS),
        "title": maybe | st.sampled_from(TEXTS) | st.text("aÄbσΣİ 😀é", min_size=1, max_size=5),
        "email": maybe | st.sampled_from(["x@acme.example", "Y@ACME.example", "odd", "a@b@c.example"]),
        "product_interest": maybe | st.sampled_from(["B", "a;b", "a;B;c", "Acme"]),
        "budget": maybe | st.sampled_from([Decimal(n) for n in ("0", "1", "5", "99.5", "100", "1000.25", "-3")]),
        "annual_revenue": maybe | st.sampled_from([Decimal(n) for n in ("0", "2", "10", "1000.25", "250000000")]),
        "number_of_employees": maybe | st.sampled_from([0, 1, 2, 5, 10, 100, 10**15]),
        "purchase_timeline": maybe | st.sampled_from(DAYS),
        "last_activity_at": maybe | st.sampled_from(DAYS),
        "created_at": st.sampled_from(
            [
                *map(_midnight := lambda d: datetime(d.year, d.month, d.day, tzinfo=UTC), DAYS),
                NOW,
                NOW - timedelta(seconds=1),
            ]
        ),
        "pricing_discussed": maybe | st.booleans(),
        "decision_maker": maybe | st.booleans(),
        "need_identified": maybe | st.booleans(),
    }
)
