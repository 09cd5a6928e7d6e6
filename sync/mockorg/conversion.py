"""Lead conversion, the one thing in an org that cannot be undone.

A call of up to 100 leads is tried as a whole; if any lead fails, the attempt is undone and each lead is converted by
itself, so that the answer is always one result per lead, in order. Each lead is one transaction: account, contact,
opportunity, contact role, activities, campaign memberships and the lead itself change together or not at all.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from . import history
from .behaviours import behaviour
from .convert_checks import OPPORTUNITY_NAME_LENGTH, Target, checked
from .convert_request import ConvertHeaders, LeadConvert, LeadConvertResult
from .derived import end_of_quarter
from .errors import RowRefused, SalesforceError
from .governor import Transaction
from .ids import to18
from .lead_mapping import blanks_filled, check_picklists, mapped_values
from .record_types import default_record_type
from .reparenting import carry_activities, carry_campaign_members, latest_campaign
from .rows import completed_insert, completed_update, insert_row, update_row
from .rows_result import DmlOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .access import User
    from .org import Org
    from .store import Row

__all__ = ["MOST_LEADS", "ConvertHeaders", "LeadConvert", "LeadConvertResult", "convert", "shared_rows"]

MOST_LEADS = 100
_NO_HEADERS = ConvertHeaders()


@behaviour("convertLead answers per lead and falls back to one by one", "confirmed", "SOAP API guide: convertLead()")
def convert(
    org: Org, user: User, leads: Sequence[LeadConvert], headers: ConvertHeaders = _NO_HEADERS
) -> list[LeadConvertResult]:
    """Convert leads: one result each, in order, whatever becomes of the others.

    Raises:
        SalesforceError: EXCEEDED_LEAD_CONVERT_LIMIT for more than 100 leads.
    """
    if len(leads) > MOST_LEADS:
        raise SalesforceError(
            "EXCEEDED_LEAD_CONVERT_LIMIT",
            f"record limit reached. cannot submit more than {MOST_LEADS} records in this call",
        )
    try:
        with org.store.savepoint():
            _spend(Transaction(org.settings), leads)
            return [_convert(org, user, each, headers) for each in leads]
    except RowRefused as refused:
        if len(leads) == 1:
            return [LeadConvertResult(success=False, errors=refused.errors)]
    transaction = Transaction(org.settings)
    return [_convert_alone(org, user, each, headers, transaction) for each in leads]


def shared_rows(leads: Iterable[LeadConvert]) -> frozenset[str]:
    """Ids of the records that converting these leads would lock: the leads, and the records that they name."""
    named = (
        record_id
        for each in leads
        for record_id in (each.lead_id, each.account_id, each.contact_id, each.opportunity_id)
        if record_id
    )
    return frozenset(found for each in named if (found := to18(each)))


def _spend(transaction: Transaction, leads: Sequence[LeadConvert]) -> None:
    transaction.spend("Account", "insert", sum(1 for each in leads if not each.account_id))
    transaction.spend("Account", "update", sum(1 for each in leads if each.account_id))
    transaction.spend("Contact", "insert", sum(1 for each in leads if not each.contact_id))
    transaction.spend("Contact", "update", sum(1 for each in leads if each.contact_id))
    opportunities = [each for each in leads if not each.do_not_create_opportunity]
    transaction.spend("Opportunity", "insert", sum(1 for each in opportunities if not each.opportunity_id))
    transaction.spend("Lead", "update", len(leads))


def _convert_alone(
    org: Org, user: User, asked: LeadConvert, headers: ConvertHeaders, transaction: Transaction
) -> LeadConvertResult:
    try:
        with org.store.savepoint():
            _spend(transaction, [asked])
            return _convert(org, user, asked, headers)
    except RowRefused as refused:
        return LeadConvertResult(success=False, errors=refused.errors)


def _convert(org: Org, user: User, asked: LeadConvert, headers: ConvertHeaders) -> LeadConvertResult:
    target = checked(org, user, asked, headers)
    options = DmlOptions(
        auto_assign=False,
        duplicates_allow_save=headers.duplicates_allow_save,
        duplicates_include_record_details=headers.duplicates_include_record_details,
        allow_field_truncation=headers.allow_field_truncation,
    )
    write = _Write(org, user, target, options)
    account_id = write.account()
    contact_id = write.contact(account_id, overwrite_source=asked.overwrite_lead_source)
    opportunity_id = write.opportunity(account_id) if not asked.do_not_create_opportunity else None
    if opportunity_id:
        write.contact_role(contact_id, opportunity_id)
    lead_id = str(target.lead["Id"])
    carry_activities(
        org,
        user,
        lead_id,
        contact_id=contact_id,
        what_id=opportunity_id or account_id,
        owner_id=target.owner.id,
    )
    carry_campaign_members(org, lead_id, contact_id)
    write.lead(account_id, contact_id, opportunity_id)
    if asked.send_notification_email:
        org.notifications.append((target.owner.id, lead_id))
    return LeadConvertResult(
        success=True, lead_id=lead_id, account_id=account_id, contact_id=contact_id, opportunity_id=opportunity_id
    )


class _Write:
    """The writes of one conversion, in order."""

    def __init__(self, org: Org, user: User, target: Target, options: DmlOptions) -> None:
        self.org = org
        self.user = user
        self.target = target
        self.options = options
        self.rules_apply = org.settings.conversion.require_validation

    def _create(self, object_name: str, values: Row) -> str:
        type_ = self.org.schema.object(object_name)
        check_picklists(type_, values)
        if type_.field("RecordTypeId"):
            values = values | {"RecordTypeId": default_record_type(type_, self.target.owner, self.org)}
        row = completed_insert(self.org, self.user, type_, values, self.options, rules_apply=self.rules_apply)
        insert_row(self.org, self.user, type_, row)
        return str(row["Id"])

    def _merge(self, object_name: str, before: Row, values: Row) -> str:
        type_ = self.org.schema.object(object_name)
        if values:
            check_picklists(type_, values)
            changes = completed_update(
                self.org, self.user, type_, before, values, self.options, rules_apply=self.rules_apply
            )
            update_row(self.org, self.user, type_, before, changes)
        return str(before["Id"])

    def account(self) -> str:
        values = mapped_values(self.org, self.target.lead, "Account")
        before = self.target.account
        if before is None:
            return self._create("Account", values | {"OwnerId": self.target.owner.id})
        return self._merge("Account", before, blanks_filled(self.org.schema.object("Account"), before, values))

    @behaviour("overwriteLeadSource", "confirmed", "SOAP API guide: convertLead()")
    def contact(self, account_id: str, *, overwrite_source: bool) -> str:
        """A new contact, or the blanks of the existing one, whose LeadSource overwriteLeadSource replaces."""
        values = mapped_values(self.org, self.target.lead, "Contact")
        before = self.target.contact
        if before is None:
            return self._create("Contact", values | {"AccountId": account_id, "OwnerId": self.target.owner.id})
        filled = blanks_filled(self.org.schema.object("Contact"), before, values)
        if overwrite_source:
            filled["LeadSource"] = self.target.lead["LeadSource"]
        return self._merge("Contact", before, filled)

    @behaviour(
        "the opportunity of a conversion",
        "uncertain",
        "SOAP API guide: convertLead(); stage and close date from field practice",
    )
    def opportunity(self, account_id: str) -> str:
        """A new opportunity is named after the company, is in the first stage and closes with the quarter.

        An existing one is attached to the account, and its blank fields are filled.
        """
        lead, before = self.target.lead, self.target.opportunity
        values = mapped_values(self.org, lead, "Opportunity")
        values["CampaignId"] = latest_campaign(self.org, str(lead["Id"]))
        if before is not None:
            values["AccountId"] = account_id
            return self._merge(
                "Opportunity", before, blanks_filled(self.org.schema.object("Opportunity"), before, values)
            )
        stages = [each.name for each in self.org.settings.opportunity_stages if each.active]
        close: date = end_of_quarter(
            self.org.clock.now().date(), self.org.settings.organization.fiscal_year_start_month
        )
        values |= {
            "Name": self.target.opportunity_name or str(lead["Company"])[:OPPORTUNITY_NAME_LENGTH].rstrip(),
            "AccountId": account_id,
            "OwnerId": self.target.owner.id,
            "StageName": self.org.settings.conversion.stage or stages[0],
            "CloseDate": close.isoformat(),
        }
        return self._create("Opportunity", values)

    @behaviour("the contact becomes a contact role", "uncertain", "field practice")
    def contact_role(self, contact_id: str, opportunity_id: str) -> None:
        """The contact gets a role on the opportunity, the primary one if there is none yet."""
        type_ = self.org.schema.object("OpportunityContactRole")
        roles = self.org.store.rows_where(type_, {"OpportunityId": opportunity_id})
        if any(each["ContactId"] == contact_id for each in roles):
            return
        self._create(
            "OpportunityContactRole",
            {
                "OpportunityId": opportunity_id,
                "ContactId": contact_id,
                "Role": self.org.settings.conversion.contact_role,
                "IsPrimary": int(not any(each["IsPrimary"] for each in roles)),
            },
        )
        contact_field: Row = {"ContactId": contact_id}
        opportunity = self.org.schema.object("Opportunity")
        if self.target.opportunity is None and opportunity.field("ContactId"):
            self.org.store.update(opportunity, opportunity_id, contact_field)

    @behaviour("the converted lead", "confirmed", "Object Reference: Lead")
    def lead(self, account_id: str, contact_id: str, opportunity_id: str | None) -> None:
        """The lead keeps its row: IsConverted, ConvertedDate (a date), the three ids, and the converted status."""
        type_ = self.org.schema.object("Lead")
        before = self.target.lead
        given: Row = {
            "Status": self.target.status.name,
            "IsConverted": 1,
            "ConvertedDate": self.org.clock.now().date().isoformat(),
            "ConvertedAccountId": account_id,
            "ConvertedContactId": contact_id,
            "ConvertedOpportunityId": opportunity_id,
            "IsUnreadByOwner": 0,
        }
        changes = completed_update(
            self.org, self.user, type_, before, given, self.options, rules_apply=self.rules_apply
        )
        update_row(self.org, self.user, type_, before, changes)
        history.mark(self.org, self.user.id, type_, str(before["Id"]), "leadConverted")
