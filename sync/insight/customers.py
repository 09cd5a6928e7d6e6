"""Open leads that belong to an existing customer: somebody works a stranger who is a customer already.

An account is a customer if it has won an opportunity, or if its type says so (Salesforce's own values begin with
"Customer"). Which account a lead belongs to is told by the same keys as when a conversion looks for its account.
"""

# ruff: noqa: S608 -- identifiers come from the checked mapping
from __future__ import annotations

from collections.abc import Collection

from duckdb import DuckDBPyConnection

from sync.insight.lead_life import LIFE, has
from sync.mapping import OrgMapping
from sync.mirror.candidates import account_links_sql

CUSTOMER = "lead_customer"
"""Temp table: `lead_id, account_id, found_by` (the surest key), `why` (`won opportunity` or `account type`)."""


def make_customers(cursor: DuckDBPyConnection, mapping: OrgMapping, free_mail: Collection[str] = ()) -> str | None:
    """Makes the temp table `lead_customer` for the leads in scope; why it can't, if it can't."""
    cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE {CUSTOMER} (lead_id VARCHAR, account_id VARCHAR, found_by VARCHAR, why VARCHAR)"
    )
    whys = []
    if has(mapping, "opportunity", "account_id", "is_won"):
        whys.append(
            "SELECT account_id, 'won opportunity' AS why FROM opportunity "
            "WHERE is_won AND NOT coalesce(is_deleted, false) AND account_id IS NOT NULL"
        )
    if has(mapping, "account", "type"):
        whys.append("SELECT id, 'account type' FROM account WHERE starts_with(type, 'Customer') AND NOT is_deleted")
    if "account" not in mapping or not whys:
        return "which accounts are customers can't be told: map Account with type, or Opportunity with is_won"
    links = account_links_sql(mapping, f"id IN (SELECT lead_id FROM {LIFE} WHERE in_scope)", free_mail)
    keys = "['contact_email', 'email_domain', 'website', 'company_name']"
    order = f"list_position({keys}, found_by), why DESC, account_id"
    cursor.execute(
        f"INSERT INTO {CUSTOMER} SELECT lead_id, account_id, found_by, why FROM ({links}) "
        f"JOIN (SELECT account_id, max(why) AS why FROM ({' UNION ALL '.join(whys)}) GROUP BY account_id) "
        f"USING (account_id) QUALIFY row_number() OVER (PARTITION BY lead_id ORDER BY {order}) = 1"
    )
    return None
