"""Whether the user that leadgate runs as may convert leads at all: part of preflight, the same for every lead.

Salesforce asks for the permission "Convert Leads", edit on leads, and create and edit on accounts, contacts and
opportunities, also where a conversion attaches to records that exist (SOAP API guide, convertLead). Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from sync.plan.actions import Blocker
from sync.plan.facts import OrgFacts
from sync.plan.field_map import MADE

_CODE = "INSUFFICIENT_ACCESS_OR_READONLY"


def missing_rights(facts: OrgFacts) -> Iterator[Blocker]:
    """A blocker for each right that is missing; what can't be read is taken to be there."""
    if not facts.session_converts:
        yield Blocker(
            code="INVALID_SESSION_ID",
            field=None,
            message="the access token is JWT-based, and convertLead (SOAP) doesn't accept those",
            fix="turn off 'Issue JWT-based access tokens' in the app that leadgate logs in with",
        )
    if facts.may_convert is False:
        yield Blocker(
            code=_CODE,
            field=None,
            message="the user that leadgate runs as lacks the permission 'Convert Leads'",
            fix="assign it by a permission set",
        )
    for name in ("Lead", *MADE):
        described = facts.objects.get(name)
        create = name == "Lead" or (described is not None and described.createable)
        edit = described is not None and described.updateable
        lacking = " and ".join(verb for verb, held in (("create", create), ("edit", edit)) if not held)
        if lacking:
            yield Blocker(
                code=_CODE,
                field=None,
                message=f"the user that leadgate runs as may not {lacking} {name} records, and converting needs that",
                fix=f"give the user {lacking.title().replace(' And ', ' and ')} on {name}",
            )
