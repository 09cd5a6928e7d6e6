# ruff: noqa: S608 -- identifiers and normal forms are our own; ids are parameters
"""Accounts, contacts and opportunities that leads may belong to, found in the mirror; `sync.plan.matching` chooses.

Set-based: one query per key for all leads asked for. Deleted records and merge losers are never candidates. What the
mapping leaves out finds nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from duckdb import DuckDBPyConnection

from sync.mapping import OrgMapping
from sync.plan.matching import AccountCandidate, ContactCandidate, LeadMatches, OpenOpportunity
from sync.plan.names import company_key_sql, email_domain_sql, website_host_sql
from sync.policy.schema import AccountKey

_JOINS: Mapping[AccountKey, str] = {
    "contact_email": "JOIN c ON c.email = l.email JOIN a ON a.id = c.account_id",
    "email_domain": "JOIN d ON d.domain = l.domain JOIN a ON a.id = d.account_id",
    "website": "JOIN a ON a.host = l.host",
    "company_name": "JOIN a ON a.company = l.company",
}
"""How a lead leads to an account, by key, surest first."""

_FOUND: Mapping[AccountKey, str] = {
    "contact_email": "c.id",
    "email_domain": "l.domain",
    "website": "l.host",
    "company_name": "l.company",
}
"""What was found by each key."""


_WANTED = "id IN (SELECT unnest(?))"
_DOMAINS = "SELECT account_id, domain FROM c WHERE domain IS NOT NULL UNION SELECT id, host FROM a"
"""The domains that accounts are known by: their contacts' mail, their web sites."""


def find_matches(
    connection: DuckDBPyConnection, mapping: OrgMapping, lead_ids: Sequence[str], free_mail: Collection[str] = ()
) -> dict[str, LeadMatches]:
    """What each lead may belong to; every lead asked for has an entry.

    By `contact_email`: the account of a contact with the lead's address. By `email_domain`: an account with a contact
    at the lead's mail domain, or with its web site there. By `website`: the same host. By `company_name`: the same
    normal form of the name. Domains of `free_mail`, and of the mail services that are known anyway, find nothing.
    """
    accounts: dict[str, list[AccountCandidate]] = defaultdict(list)
    contacts: dict[str, list[ContactCandidate]] = defaultdict(list)
    ids = list(lead_ids)
    with connection.cursor() as cursor:
        _keep_keys(cursor, _Keys(mapping, free_mail), ids)
        for by, joined in _JOINS.items():
            sql = f"SELECT DISTINCT l.id, a.id, a.name, {_FOUND[by]} FROM l {joined} ORDER BY ALL"
            for lead_id, account_id, name, what in cursor.execute(sql).fetchall():
                accounts[lead_id].append(AccountCandidate(account_id=account_id, name=name, by=by, found=what))
        sql = "SELECT l.id, c.id, c.account_id FROM l JOIN c ON c.email = l.email ORDER BY ALL"
        for lead_id, contact_id, account_id in cursor.execute(sql).fetchall():
            contacts[lead_id].append(ContactCandidate(contact_id=contact_id, account_id=account_id))
    opportunities = _open_opportunities(connection, mapping, {c.account_id for each in accounts.values() for c in each})
    return {
        lead_id: LeadMatches(
            lead_id=lead_id,
            accounts=tuple(accounts[lead_id]),
            contacts=tuple(contacts[lead_id]),
            opportunities=tuple(
                opportunity
                for account_id in dict.fromkeys(c.account_id for c in accounts[lead_id])
                for opportunity in opportunities.get(account_id, ())
            ),
        )
        for lead_id in ids
    }


def account_links_sql(mapping: OrgMapping, where: str, free_mail: Collection[str] = ()) -> str:
    """Every account that leads may belong to, by the same keys: `lead_id, account_id, found_by`, one row per key.

    For reports over many leads; `find_matches` says more about a few.

    Args:
        mapping: The mirror's columns.
        where: Which leads, as a condition on the columns of `lead`.
        free_mail: Domains that find nothing, beside the mail services that are known anyway.
    """
    links = " UNION ALL ".join(
        f"SELECT DISTINCT l.id AS lead_id, a.id AS account_id, '{by}' AS found_by FROM l {joined}"
        for by, joined in _JOINS.items()
    )
    return f"{_Keys(mapping, free_mail).ctes(where)} {links}"


def find_siblings(
    connection: DuckDBPyConnection, mapping: OrgMapping, lead_ids: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Other open leads of the same company, by name or by mail domain; every lead asked for has an entry."""
    keys = _Keys(mapping)
    everybody = keys.leads("NOT is_deleted AND NOT coalesce(is_converted, false)")
    sql = (
        f"{keys.ctes()}, o AS ({everybody}) SELECT DISTINCT l.id, o.id FROM l JOIN o ON o.company = l.company "
        "WHERE o.id <> l.id UNION SELECT l.id, o.id FROM l JOIN o ON o.domain = l.domain WHERE o.id <> l.id "
        "ORDER BY ALL"
    )
    siblings: dict[str, list[str]] = {lead_id: [] for lead_id in lead_ids}
    for lead_id, other in connection.execute(sql, [list(lead_ids)]).fetchall():
        siblings[lead_id].append(other)
    return {lead_id: tuple(others) for lead_id, others in siblings.items()}


def _keep_keys(cursor: DuckDBPyConnection, keys: _Keys, lead_ids: list[str]) -> None:
    """The normal forms as tables of this session, so that they are worked out once for all the questions."""
    for name, (sql, *parameters) in {
        "l": (keys.leads(_WANTED), lead_ids),
        "c": (keys.contacts(),),
        "a": (keys.accounts(),),
        "d": (_DOMAINS,),
    }.items():
        cursor.execute(f"CREATE TEMP TABLE {name} AS {sql}", parameters or None)


class _Keys:
    """The normal forms of leads, contacts and accounts, as far as the mapping has the fields."""

    def __init__(self, mapping: OrgMapping, free_mail: Collection[str] = ()) -> None:
        self._mapping = mapping
        self._free_mail = free_mail

    def ctes(self, wanted: str = _WANTED) -> str:
        """`l`: the leads asked for (or one parameter); `c`: contacts; `a`: accounts; `d`: their domains."""
        return (
            f"WITH l AS ({self.leads(wanted)}), c AS MATERIALIZED ({self.contacts()}), "
            f"a AS MATERIALIZED ({self.accounts()}), d AS ({_DOMAINS})"
        )

    def contacts(self) -> str:
        """Contacts with their keys."""
        email = self._column("contact", "email")
        contact = self._from("contact", "SELECT NULL::VARCHAR AS id, NULL AS account_id, NULL AS email, NULL AS domain")
        return (
            f"SELECT id, {self._column('contact', 'account_id')} AS account_id, lower(trim({email})) AS email, "
            f"{email_domain_sql(email, self._free_mail)} AS domain {contact}"
        )

    def accounts(self) -> str:
        """Accounts with their keys."""
        name, website = self._column("account", "name"), self._column("account", "website")
        account = self._from("account", "SELECT NULL::VARCHAR AS id, NULL AS name, NULL AS host, NULL AS company")
        return (
            f"SELECT id, {name} AS name, {website_host_sql(website, self._free_mail)} AS host, "
            f"{company_key_sql(name)} AS company {account}"
        )

    def leads(self, where: str) -> str:
        """Leads with their keys."""
        email, website = self._column("lead", "email"), self._column("lead", "website")
        return (
            f"SELECT id, lower(trim({email})) AS email, {email_domain_sql(email, self._free_mail)} AS domain, "
            f"{website_host_sql(website, self._free_mail)} AS host, "
            f"{company_key_sql('company')} AS company FROM lead WHERE {where}"
        )

    def _column(self, table: str, name: str) -> str:
        mapped = self._mapping.get(table)
        return name if mapped is not None and name in mapped.fields else "NULL::VARCHAR"

    def _from(self, table: str, nothing: str) -> str:
        if table in self._mapping:
            return f"FROM {table} WHERE NOT is_deleted"
        return f"FROM ({nothing}) WHERE false"


def _open_opportunities(
    connection: DuckDBPyConnection, mapping: OrgMapping, account_ids: set[str]
) -> dict[str, list[OpenOpportunity]]:
    mapped = mapping.get("opportunity")
    found: dict[str, list[OpenOpportunity]] = defaultdict(list)
    if mapped is None or not {"account_id", "is_closed"} <= mapped.fields.keys():
        return found
    name = "name" if "name" in mapped.fields else "NULL"
    sql = (
        f"SELECT id, account_id, {name} FROM opportunity WHERE NOT is_deleted AND NOT coalesce(is_closed, false) "
        "AND account_id IN (SELECT unnest(?)) ORDER BY ALL"
    )
    for opportunity_id, account_id, called in connection.execute(sql, [sorted(account_ids)]).fetchall():
        found[account_id].append(OpenOpportunity(opportunity_id=opportunity_id, account_id=account_id, name=called))
    return found
