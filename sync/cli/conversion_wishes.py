"""What an admin wishes for a one-off conversion, laid over the policy: status, owner, account, contact, opportunity.

Records that are named are looked up in the org before anything is planned, so that a wrong id is a clear word and not
a refused conversion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sync.errors import InputInvalid
from sync.model import Record, normal_id

if TYPE_CHECKING:
    from sync.plan.matching import Named
    from sync.policy.schema import Policy
    from sync.salesforce.org import OrgReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The options of `leadgate convert`."""

    status: str | None = None
    owner: str | None = None
    account: str | None = None
    contact: str | None = None
    opportunity: str | None = None
    opportunity_name: str | None = None
    no_opportunity: bool = False
    notify: bool = False

    @property
    def names_records(self) -> bool:
        """Whether an existing record is named, which only makes sense for one lead."""
        return any((self.account, self.contact, self.opportunity))


def check(wishes: Wishes, lead_ids: Sequence[str]) -> None:
    """Refuse what contradicts itself.

    Raises:
        InputInvalid: See above.
    """
    chosen = [
        option
        for option, given in (
            ("--opportunity", wishes.opportunity),
            ("--opportunity-name", wishes.opportunity_name),
            ("--no-opportunity", wishes.no_opportunity),
        )
        if given
    ]
    if len(chosen) > 1:
        raise InputInvalid(f"{' and '.join(chosen)} exclude each other", place=chosen[-1], fix="keep one of them")
    if wishes.names_records and len(lead_ids) > 1:
        raise InputInvalid(
            f"--account, --contact and --opportunity are for one lead, and {len(lead_ids)} are given",
            place="LEAD…",
            fix="convert them one by one, or let the policy match",
        )


def check_status(wishes: Wishes, org: OrgReader) -> None:
    """Refuse a status that leads can't be converted to, before anything is planned.

    Raises:
        InputInvalid: See above.
    """
    if wishes.status is None:
        return
    known = org.lead_statuses()
    converted = [status.api_name for status in known if status.converted]
    if wishes.status not in converted:
        sort = "doesn't convert" if wishes.status in {s.api_name for s in known} else "is no Lead Status of this org"
        raise InputInvalid(
            f"{wishes.status!r} {sort}", place="--status", fix=f"these convert: {', '.join(converted) or 'none'}"
        )


def check_owner(wishes: Wishes, org: OrgReader) -> None:
    """Refuse an owner who is nobody or inactive, before anything is planned.

    Raises:
        InputInvalid: See above.
    """
    from sync.errors import OrgFault
    from sync.salesforce.org import AskRows, Rows
    from sync.salesforce.soql import soql

    if wishes.owner is None:
        return
    user_id = normal_id(wishes.owner)
    if user_id:
        query = soql("SELECT Id, IsActive FROM User WHERE Id = {owner}", owner=user_id)
    else:
        query = soql("SELECT Id, IsActive FROM User WHERE Username = {owner}", owner=wishes.owner)
    (told,) = org.ask([AskRows(soql=query, all_rows=False)])
    if isinstance(told, OrgFault):
        raise told
    found = told.records if isinstance(told, Rows) else ()
    if not found or not found[0]["IsActive"]:
        sort = "is inactive" if found else "is no user of this org"
        raise InputInvalid(f"{wishes.owner} {sort}", place="--owner", fix="name an active user by id or username")


def policy_with(policy: Policy, wishes: Wishes) -> Policy:
    """The policy as it is for this conversion; its digest stays, since what makes a lead ready is untouched."""
    from sync.policy.conversion import NEVER
    from sync.policy.schema import Expression, Place

    conversion = policy.conversion
    if wishes.no_opportunity:
        never = Expression(NEVER, Place("--no-opportunity", 1))
        conversion = replace(conversion, opportunity=replace(conversion.opportunity, create=never))
    if wishes.opportunity_name:
        literal = wishes.opportunity_name.replace("{", "{{").replace("}", "}}")
        conversion = replace(conversion, opportunity=replace(conversion.opportunity, create=None, name=literal))
    if wishes.opportunity:
        conversion = replace(conversion, opportunity=replace(conversion.opportunity, create=None))
    if wishes.status:
        conversion = replace(conversion, status=wishes.status)
    if wishes.owner:
        conversion = replace(conversion, owner=wishes.owner)
    return replace(policy, conversion=replace(conversion, notify_owner=conversion.notify_owner or wishes.notify))


def named_records(wishes: Wishes, org: OrgReader) -> Named | None:
    """The named records, looked up and held against each other; `None` when none is named.

    Raises:
        InputInvalid: A record doesn't exist, or doesn't belong to the account.
    """
    from sync.plan.matching import Named

    if not wishes.names_records:
        return None
    contact = _record(org, wishes.contact, "Contact", prefix="003", fields=("Id", "AccountId"), option="--contact")
    opportunity = _record(
        org,
        wishes.opportunity,
        "Opportunity",
        prefix="006",
        fields=("Id", "AccountId", "Name", "IsClosed"),
        option="--opportunity",
    )
    if opportunity is not None and opportunity["IsClosed"]:
        raise InputInvalid(f"{opportunity['Id']} is closed", place="--opportunity", fix="name an open opportunity")
    account_id = wishes.account or next(
        (str(r["AccountId"]) for r in (contact, opportunity) if r and r["AccountId"]), None
    )
    if contact is not None and not contact["AccountId"]:
        raise InputInvalid(
            f"{contact['Id']} belongs to no account, and a conversion attaches only to a contact of an account",
            place="--contact",
            fix="give the contact an account in Salesforce, then convert the lead",
        )
    if account_id is None:
        raise InputInvalid("the record named belongs to no account", place="--account", fix="name the account too")
    account = _record(org, account_id, "Account", prefix="001", fields=("Id", "Name"), option="--account")
    if account is None:
        raise InputInvalid("no account is named", place="--account", fix="name one")
    for record, option in ((contact, "--contact"), (opportunity, "--opportunity")):
        if record is not None and record["AccountId"] != account["Id"]:
            raise InputInvalid(
                f"{record['Id']} belongs to account {record['AccountId'] or 'none'}, not to {account['Id']}",
                place=option,
                fix="name records of one account",
            )
    return Named(
        account_id=str(account["Id"]),
        account_name=_text(account["Name"]),
        contact_id=_text(contact["Id"]) if contact else None,
        opportunity_id=_text(opportunity["Id"]) if opportunity else None,
        opportunity_name=_text(opportunity["Name"]) if opportunity else None,
    )


def _record(
    org: OrgReader, wanted: str | None, name: str, *, prefix: str, fields: Sequence[str], option: str
) -> Record | None:
    if wanted is None:
        return None
    record_id = normal_id(wanted)
    if record_id is None or not record_id.startswith(prefix):
        raise InputInvalid(f"{wanted!r} is no id of an {name}", place=option, fix=f"its ids begin with {prefix}")
    (found,) = org.retrieve(name, [record_id], fields)
    if found is None:
        raise InputInvalid(f"there is no {name} {record_id} that this user sees", place=option, fix="check the id")
    return found


def _text(value: object) -> str | None:
    return None if value is None else str(value)
