"""Leads of one company that has no account yet: the first makes it, the others attach to what the first made.

Without this, ten leads of a new company become ten accounts. Leads belong together when a key of the policy says so:
the same company name, mail domain or web site, directly or through a third lead. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sync.model import Record, Value
from sync.plan.names import company_key, email_domain, website_host
from sync.policy.schema import AccountKey


def company_groups(
    leads: Mapping[str, Record], keys: Sequence[AccountKey], free_mail: Collection[str] = ()
) -> list[list[str]]:
    """Lead ids by company, each group and the list in id order; a lead alone is a group of one.

    Args:
        leads: Lead id → values by API name (`Company`, `Email`, `Website`).
        keys: The policy's.
        free_mail: The policy's mail services that say nothing of the company, beside those that are known anyway.
    """
    parent = {lead_id: lead_id for lead_id in leads}

    def root(lead_id: str) -> str:
        while parent[lead_id] != lead_id:
            parent[lead_id] = parent[parent[lead_id]]
            lead_id = parent[lead_id]
        return lead_id

    seen: dict[tuple[str, str], str] = {}
    for lead_id in sorted(leads):
        for mark in company_marks(leads[lead_id], keys, free_mail):
            other = seen.setdefault(mark, lead_id)
            first, second = sorted((root(other), root(lead_id)))
            parent[second] = first
    groups: dict[str, list[str]] = {}
    for lead_id in sorted(leads):
        groups.setdefault(root(lead_id), []).append(lead_id)
    return list(groups.values())


def company_marks(lead: Record, keys: Sequence[AccountKey], free_mail: Collection[str] = ()) -> list[tuple[str, str]]:
    """What identifies the lead's company under the policy's keys: (key, normal form) pairs.

    The company's name counts even where the policy doesn't match accounts by it: two new accounts of one name out of
    one run are never meant.
    """
    found = {"company_name": company_key(_text(lead.get("Company")))}
    if "email_domain" in keys:
        found["email_domain"] = email_domain(_text(lead.get("Email")), free_mail)
    if "website" in keys:
        found["website"] = website_host(_text(lead.get("Website")), free_mail)
    return [(key, value) for key, value in found.items() if value is not None]


def address_key(lead: Record) -> str | None:
    """The lead's e-mail address in the form that tells people apart; `None` without one."""
    address = _text(lead.get("Email"))
    return address.strip().lower() if address and address.strip() else None


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) else None
