"""Which leads the smallest changes are the same for: two leads with equal keys get the same answer.

The search for the smallest changes (`sync.policy.changes`) sees a lead only through its signals, through what each
condition says of its fields, and through the values of fields that a condition weighs against others or that take one
of a few values. So a report over all leads computes these keys in the mirror and searches once per distinct key.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sync.mapping import OrgMapping
from sync.model import FieldType
from sync.policy import syntax
from sync.policy.emit import emit
from sync.policy.parsed import ParsedPolicy
from sync.policy.reasons import Formula
from sync.policy.relations import lead_columns


def likeness_sql(
    parsed: ParsedPolicy, mapping: OrgMapping, now: datetime, *, column: Callable[[str], str]
) -> tuple[str, ...]:
    """The parts of a lead's key that lie in its fields, as DuckDB expressions; its signals are the other part.

    Args:
        parsed: The policy.
        mapping: Types of the lead's fields.
        now: The run's clock.
        column: The SQL of a lead field, or of its likelihood.
    """
    leaves = Formula(parsed, {}, {}, now).leaves()
    types = lead_columns(mapping)
    exact: dict[str, None] = {}
    for leaf in leaves:
        names = set(syntax.field_names(leaf))
        for name in syntax.field_names(leaf):
            if len(names) > 1 or types[name] is FieldType.BOOLEAN:
                exact[name] = None

    def resolve(name: syntax.Field | syntax.SignalRef | syntax.CriterionRef) -> str:
        return column(name.name)

    return (*(emit(leaf, resolve=resolve, now=now) for leaf in leaves), *map(column, exact))
