"""From a planned conversion to what goes over the wire, now that the leads before it have made their records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sync.ledger.entries import Made
from sync.plan.actions import ConvertLead, Target
from sync.salesforce.org import LeadConvert


def conversion_request(action: ConvertLead, made: Mapping[str, Made]) -> LeadConvert:
    """The request for one lead.

    Args:
        action: The planned conversion; every lead that it waits for is in `made`.
        made: Converted leads, with what their conversion made or attached to.
    """
    convert = action.convert
    contact_id = _resolved(made, convert.contact, "Contact")
    opportunity_id = _resolved(made, convert.opportunity, "Opportunity") if convert.opportunity is not None else None
    makes_opportunity = convert.opportunity is not None and opportunity_id is None
    return LeadConvert(
        lead_id=action.lead_id,
        converted_status=convert.status,
        account_id=_resolved(made, convert.account, "Account"),
        contact_id=contact_id,
        opportunity_id=opportunity_id,
        opportunity_name=convert.opportunity.name if convert.opportunity is not None and makes_opportunity else None,
        create_opportunity=convert.opportunity is not None,
        owner_id=convert.owner_id,
        overwrite_lead_source=convert.overwrite_lead_source and contact_id is not None,
        send_notification_email=convert.send_notification_email,
    )


def _resolved(
    made: Mapping[str, Made], target: Target, object_name: Literal["Account", "Contact", "Opportunity"]
) -> str | None:
    if target.id is not None or target.after is None:
        return target.id
    found = made[target.after]
    match object_name:
        case "Account":
            return found.account_id
        case "Contact":
            return found.contact_id
        case "Opportunity":
            return found.opportunity_id
