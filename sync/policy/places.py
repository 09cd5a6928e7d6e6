"""What each kind of expression may speak of: the names in scope at every place of a policy.

`sync.policy.loader` reads expressions with these names and `sync.policy.compile` reads them again, so both see the
same language.
"""

from __future__ import annotations

from collections.abc import Collection

from sync.mapping import OrgMapping
from sync.model import FieldType
from sync.policy.reading import Names
from sync.policy.relations import (
    activity_columns,
    history_columns,
    history_names,
    lead_columns,
    opportunity_columns,
)
from sync.policy.schema import SignalKind


def lead_names(
    mapping: OrgMapping, *, signals: Collection[str] = (), criteria: Collection[str] = (), in_signal: bool = False
) -> Names:
    """Fields of Lead and its likelihood, with signals and criteria where they can be used; in signals fields only."""
    return Names(
        row="Lead",
        fields=_fields(mapping, "lead") if in_signal else lead_columns(mapping),
        signals=frozenset(signals),
        criteria=frozenset(criteria),
        in_signal=in_signal,
    )


def ready_names(mapping: OrgMapping, *, signals: Collection[str], criteria: Collection[str]) -> Names:
    """Criteria only, so that every verdict has its reasons."""
    reasons = dict.fromkeys(lead_columns(mapping), "which is a field: `ready` speaks of criteria only, make it one")
    reasons |= dict.fromkeys(signals, "which is a signal: `ready` speaks of criteria only, make it one")
    return Names(row="the criteria", fields={}, criteria=frozenset(criteria), elsewhere=reasons)


def signal_names(mapping: OrgMapping, kind: SignalKind) -> Names:
    """The row that a signal looks at."""
    match kind:
        case SignalKind.ACTIVITY:
            return Names(row="an activity", fields=activity_columns(mapping), in_signal=True)
        case SignalKind.OPPORTUNITY:
            return Names(row="an opportunity", fields=opportunity_columns(mapping), in_signal=True)
        case SignalKind.HISTORY:
            return Names(
                row="a history row",
                fields=history_columns(mapping),
                in_signal=True,
                history_names=history_names(mapping),
            )
        case SignalKind.FIELD:
            return lead_names(mapping, in_signal=True)


def check_names(mapping: OrgMapping) -> Names:
    """Fields of Opportunity."""
    return Names(row="Opportunity", fields=_fields(mapping, "opportunity"))


def missing_objects(mapping: OrgMapping, kind: SignalKind) -> str | None:
    """What the mapping lacks for signals of a kind, in words."""
    match kind:
        case SignalKind.ACTIVITY:
            has = any((m := mapping.get(name)) is not None and "who_id" in m.fields for name in ("task", "event"))
            return None if has else "neither Task nor Event is mapped with who_id"
        case SignalKind.OPPORTUNITY:
            return None if opportunity_columns(mapping) else "Opportunity is not mapped"
        case SignalKind.HISTORY:
            wanted = "LeadHistory is not mapped with lead_id, field, old_value, new_value and created_at"
            return None if history_columns(mapping) else wanted
        case SignalKind.FIELD:
            return None


def _fields(mapping: OrgMapping, name: str) -> dict[str, FieldType]:
    mapped = mapping.get(name)
    return {field.name: field.type for field in mapped.fields.values()} if mapped else {}
