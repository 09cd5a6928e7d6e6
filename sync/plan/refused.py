"""The memory of refusals: what the org or a person said no to is not sent again by itself.

A lead that a validation rule stops would otherwise be sent by every scheduled run, be rejected every time, and a few
of them would trip the stop rule for all others. What an admin mends outside the lead can't be seen from here, so a
refusal is held for a limited time only, and `--retry-refused` sends it at once. And a lead that stands for a conversion
that a person took back must not be converted by the next run again, whatever the policy says. Asked by preflight. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from sync.model import Record
from sync.plan.actions import Blocker
from sync.plan.facts import OrgFacts


def taken_back(lead: Record, facts: OrgFacts) -> Iterator[Blocker]:
    """The lead was made by compensating a conversion: only a person who names it converts it."""
    converted = facts.compensated.get(str(lead.get("Id")))
    if converted is not None:
        yield Blocker(
            code="compensated",
            field=None,
            message=f"a person took back the conversion of {converted}, for which this lead stands",
            fix="if it is to be converted after all, name it: `leadgate convert LEAD`",
        )


def refused_before(lead: Record, kind: str, to: str, facts: OrgFacts) -> Iterator[Blocker]:
    """The last refusal of this very action, where the lead is still as it was then."""
    earlier = [one for one in facts.refused.get(str(lead.get("Id")), ()) if (one.kind, one.to) == (kind, to)]
    if not earlier:
        return
    last = max(earlier, key=lambda one: one.at)
    if lead.get("SystemModstamp") != last.lead_modstamp:
        return
    yield Blocker(
        code="refused_before",
        field=None,
        message=f"the org refused this on {last.at:%Y-%m-%d} with {last.code}, and the lead hasn't changed since",
        fix=f"mend what {last.code} asks for (`leadgate report` explains it) and pass --retry-refused; "
        "a change of the lead sends it again by itself",
    )
