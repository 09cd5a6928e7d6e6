"""What a `LeadConvert` is refused for before anything is written, in the order in which a lead meets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .behaviours import behaviour
from .errors import RowError, RowRefused, refuse
from .ids import to18
from .record_types import allowed_values, usable_record_types
from .row_checks import check_owner, existing

if TYPE_CHECKING:
    from .access import User
    from .convert_request import ConvertHeaders, LeadConvert
    from .org import Org
    from .schema import ObjectType
    from .settings import LeadStatusSetting
    from .store import Row

OPPORTUNITY_NAME_LENGTH = 80
_FLAGS_CONFLICT = (
    "One or more leads couldn't be converted. If doNotCreateOpportunity is true, opportunityName and opportunityId "
    "must be null."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A checked conversion: the lead and the existing records as they are now, the status, the owner of new records."""

    lead: Row
    status: LeadStatusSetting
    account: Row | None
    contact: Row | None
    opportunity: Row | None
    opportunity_name: str | None
    owner: User


def checked(org: Org, user: User, asked: LeadConvert, headers: ConvertHeaders) -> Target:
    """The lead and everything named with it, found fit for conversion.

    Raises:
        RowRefused: with the lead's error.
    """
    _check_permissions(org, user)
    if asked.internal_use:
        what = f"LeadConvert.{', '.join(asked.internal_use)}"
        raise RowRefused(
            RowError(code="FUNCTIONALITY_NOT_ENABLED", message=f"{what} is for internal use only.", not_modelled=what)
        )
    lead = _lead(org, asked)
    status = _status(org, lead, asked)
    name = _check_opportunity_flags(asked, headers)
    account, contact = _account_and_contact(org, asked)
    opportunity = _opportunity(org, asked, account)
    owner = _owner(org, asked, lead)
    new = [object_name for object_name, row in (("Account", account), ("Contact", contact)) if row is None]
    if opportunity is None and not asked.do_not_create_opportunity:
        new.append("Opportunity")
    for object_name in new:
        _check_record_type(org, org.schema.object(object_name), owner)
    return Target(
        lead=lead,
        status=status,
        account=account,
        contact=contact,
        opportunity=opportunity,
        opportunity_name=name,
        owner=owner,
    )


@behaviour("permissions to convert", "uncertain", "SOAP API guide lists the permissions; the code is inferred")
def _check_permissions(org: Org, user: User) -> None:
    """Converting needs "Convert Leads", edit on leads, and create and edit on accounts, contacts and opportunities."""
    may = org.access.may
    fits = user.convert_leads and may(user, "edit", org.schema.object("Lead"))
    for name in ("Account", "Contact", "Opportunity"):
        type_ = org.schema.object(name)
        fits = fits and may(user, "create", type_) and may(user, "edit", type_)
    if not fits:
        raise refuse("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")


@behaviour(
    "a lead converts once", "uncertain", "error text of real orgs; that it holds for a repeated convertLead is inferred"
)
def _lead(org: Org, asked: LeadConvert) -> Row:
    """A converted lead is refused with CANNOT_UPDATE_CONVERTED_LEAD, a deleted one with ENTITY_IS_DELETED."""
    if not asked.lead_id:
        raise refuse("REQUIRED_FIELD_MISSING", "Required fields are missing: [leadId]", fields=["leadId"])
    lead = existing(org, org.schema.object("Lead"), asked.lead_id)
    if lead["IsConverted"]:
        raise refuse("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    return lead


@behaviour(
    "converted status",
    "confirmed",
    "SOAP API guide: convertLead(); Object Reference: LeadStatus; error text of a real org",
)
def _status(org: Org, lead: Row, asked: LeadConvert) -> LeadStatusSetting:
    """The status must be a converted one, by API name or label, and in the lead process of the lead's record type."""
    wanted = (asked.converted_status or "").strip().lower()
    found = next(
        (
            each
            for each in org.settings.lead_statuses
            if each.converted and wanted in {each.name.lower(), (each.label or each.name).lower()}
        ),
        None,
    )
    allowed = allowed_values(org, org.schema.object("Lead"), lead.get("RecordTypeId"))
    if found is None or (allowed is not None and found.name not in allowed):
        raise refuse("INVALID_STATUS", f"invalid convertedStatus: {asked.converted_status or ''}")
    return found


@behaviour(
    "opportunity flags",
    "confirmed",
    "SOAP API guide: convertLead(); recorded text; the code for a long name is uncertain",
)
def _check_opportunity_flags(asked: LeadConvert, headers: ConvertHeaders) -> str | None:
    """opportunityName excludes opportunityId, both exclude doNotCreateOpportunity; a name has at most 80 characters."""
    name = (asked.opportunity_name or "").strip() or None
    if asked.do_not_create_opportunity and (name or asked.opportunity_id):
        raise refuse("INVALID_FIELD", _FLAGS_CONFLICT, fields=["Id"])
    if name and asked.opportunity_id:
        raise refuse(
            "INVALID_FIELD",
            "One or more leads couldn't be converted. Specify either opportunityName or opportunityId, not both.",
            fields=["Id"],
        )
    if asked.overwrite_lead_source and not asked.contact_id:
        raise refuse("INVALID_FIELD", "contactId is required when overwriteLeadSource is true", fields=["contactId"])
    if name and len(name) > OPPORTUNITY_NAME_LENGTH:
        if not headers.allow_field_truncation:
            raise refuse(
                "STRING_TOO_LONG",
                f"Opportunity Name: data value too large: {name} (max length={OPPORTUNITY_NAME_LENGTH})",
                fields=["opportunityName"],
            )
        name = name[:OPPORTUNITY_NAME_LENGTH].rstrip()
    return name


def _account_and_contact(org: Org, asked: LeadConvert) -> tuple[Row | None, Row | None]:
    account = existing(org, org.schema.object("Account"), asked.account_id) if asked.account_id else None
    if not asked.contact_id:
        return account, None
    if account is None:
        raise refuse("INVALID_FIELD", "accountId is required when contactId is given", fields=["accountId"])
    contact = existing(org, org.schema.object("Contact"), asked.contact_id)
    if contact["AccountId"] != account["Id"]:
        raise refuse(
            "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id: the contact does not belong to the account"
        )
    return account, contact


def _opportunity(org: Org, asked: LeadConvert, account: Row | None) -> Row | None:
    if not asked.opportunity_id:
        return None
    opportunity = existing(org, org.schema.object("Opportunity"), asked.opportunity_id)
    if account is not None and opportunity["AccountId"] not in {None, account["Id"]}:
        raise refuse(
            "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id: the opportunity does not belong to the account"
        )
    return opportunity


@behaviour(
    "ownerId is mandatory for leads of a queue", "confirmed", "SOAP API guide: convertLead(); the code is uncertain"
)
def _owner(org: Org, asked: LeadConvert, lead: Row) -> User:
    """New records belong to ownerId, else to the lead's owner, who must be an active user and not a queue."""
    wanted = to18(asked.owner_id) if asked.owner_id else str(lead["OwnerId"])
    if wanted is None:
        raise refuse("MALFORMED_ID", f"Owner ID: id value of incorrect type: {asked.owner_id}", fields=["ownerId"])
    owner = org.access.user(wanted)
    if owner is None and asked.owner_id and not wanted.startswith("00G"):
        raise refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields=["ownerId"])
    if owner is None:
        raise refuse(
            "INVALID_OWNER",
            "Converted objects can only be owned by users. If the lead is not owned by a user, you must specify a user "
            "for the Owner field.",
        )
    check_owner(org, org.schema.object("Lead"), owner.id)
    return owner


@behaviour("a new record needs a record type of its owner's", "confirmed", "error text of a real org")
def _check_record_type(org: Org, type_: ObjectType, owner: User) -> None:
    """New records get the owner's default record type; without a usable one the lead is refused."""
    given = org.settings.record_types.get(type_.name, ())
    if any(each.active for each in given) and not usable_record_types(type_, owner, org):
        raise refuse("UNAVAILABLE_RECORDTYPE_EXCEPTION", "Unable to find default record type")
