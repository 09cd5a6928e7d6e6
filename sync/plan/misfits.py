"""Values that a conversion would carry to a field that doesn't take them: part of preflight.

A new record gets every mapped value of the lead, an existing one those whose field is empty there. Text that is too
long is cut, which the loss report says (`sync.plan.losses`); a value outside of a restricted picklist is refused. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sync.model import Record
from sync.plan.actions import Blocker
from sync.plan.facts import OrgFacts
from sync.plan.field_map import record_to_make, targets_of

_BLANK = {None, ""}


def misfits(lead: Record, makes: tuple[str, ...], attached: Mapping[str, Record], facts: OrgFacts) -> Iterator[Blocker]:
    """A blocker for each value that its target refuses.

    Args:
        lead: The lead's values by API name, as far as mapped.
        makes: Objects of which a new record is made.
        attached: Object → values by API name of the existing record that the lead is attached to. Of a field that
            isn't mapped there nobody knows whether it is empty, so nothing is said of it.
        facts: The org.
    """
    for name in (*makes, *attached):
        described = facts.objects.get(name)
        if described is None or not described.restricted:
            continue
        existing = attached.get(name)
        for field, value in record_to_make(name, lead, facts).items():
            taken = described.restricted.get(field)
            if taken is None or not isinstance(value, str) or not value:
                continue
            if existing is not None and existing.get(field, "not known") not in _BLANK:
                continue
            if value not in taken and not taken.issuperset(value.split(";")):
                yield _misfit(f"{name}.{field}", _sources(f"{name}.{field}", lead, facts))


def _sources(target: str, lead: Record, facts: OrgFacts) -> str:
    """The lead fields that fill it; values are no part of a plan."""
    return ", ".join(sorted(name for name in lead if target in targets_of(name, facts)))


def _misfit(target: str, source: str) -> Blocker:
    return Blocker(
        code="INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        field=target,
        message=f"the lead's {source} holds a value that the restricted picklist {target} doesn't have",
        fix=f"change {source} on the lead, or add the value to {target} in Setup",
    )
