"""A real funnel as a world for the mock org: Olist's marketing qualified leads, their won deals, and a written rule.

    python benchmarks/olist.py DATA_DIR OUT_DIR [--expected FILE]

DATA_DIR holds the two files of the "Marketing Funnel by Olist" data set (CC BY-NC-SA 4.0; no row of it is part of this
project): olist_marketing_qualified_leads_dataset.csv and olist_closed_deals_dataset.csv. Written are

- OUT_DIR/data: what the mock org loads (`leadgate mock-org serve --data OUT_DIR/data`): 8,000 leads, each with the note
  of its first contact, 842 with a note of the signed contract, and the sales reps;
- OUT_DIR/work: a working folder, with mappings and a policy that states the rule in leadgate's language;
- FILE: what the rule selects, computed here from the CSV rows alone, without anything of leadgate. A whole run over the
  mock org must convert these leads and no other.

The rule, in words: convert a lead when its deal was won from March to October 2018 and within 270 days of the first
contact, when its origin is known, when the seller is not an offline one, and when the volume is promising: a
manufacturer, or a declared revenue, or a catalogue of at least 50 products. What is blank is not known, and what is not
known does not count. An opportunity is made where a revenue is declared, with the revenue as its amount.
"""

from __future__ import annotations

import argparse
import csv
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

LEADS_FILE = "olist_marketing_qualified_leads_dataset.csv"
DEALS_FILE = "olist_closed_deals_dataset.csv"
MAPPINGS = Path(__file__).resolve().parent.parent / "mappings"

Row = Mapping[str, str]

LEAD_COLUMNS = (
    "Id",
    "LastName",
    "Company",
    "LeadSource",
    "Status",
    "OwnerId",
    "IsConverted",
    "IsDeleted",
    "MQL_Id__c",
    "First_Contact__c",
    "Landing_Page__c",
    "Won_At__c",
    "Seller_Id__c",
    "Segment__c",
    "Lead_Type__c",
    "Behaviour_Profile__c",
    "Has_Company__c",
    "Has_GTIN__c",
    "Average_Stock__c",
    "Business_Type__c",
    "Catalog_Size__c",
    "Monthly_Revenue__c",
    "CreatedDate",
    "LastModifiedDate",
    "SystemModstamp",
)
TASK_COLUMNS = (
    "Id",
    "WhoId",
    "OwnerId",
    "Subject",
    "Description",
    "ActivityDate",
    "Status",
    "Priority",
    "IsClosed",
    "IsDeleted",
    "TaskSubtype",
    "CompletedDateTime",
    "CreatedDate",
    "LastModifiedDate",
    "SystemModstamp",
)

ORG_YAML = """\
organization: {name: Olist Funnel}
users:
  - {username: admin@leadgate-mock.example, first_name: Ada, last_name: Admin}
  - {username: marketing@olist-funnel.example, first_name: Marketing, last_name: Team, profile: Standard User}
%(users)s
custom_fields:
  Lead:
    - {name: MQL_Id__c, label: MQL Id, type: string, length: 32, external_id: true, unique: true}
    - {name: First_Contact__c, label: First Contact, type: date}
    - {name: Landing_Page__c, label: Landing Page, type: string, length: 32}
    - {name: Won_At__c, label: Won At, type: datetime}
    - {name: Seller_Id__c, label: Seller Id, type: string, length: 32}
    - {name: Segment__c, label: Segment, type: string, length: 80}
    - {name: Lead_Type__c, label: Lead Type, type: string, length: 40}
    - {name: Behaviour_Profile__c, label: Behaviour Profile, type: string, length: 40}
    - {name: Has_Company__c, label: Has Company, type: string, length: 5}
    - {name: Has_GTIN__c, label: Has GTIN, type: string, length: 5}
    - {name: Average_Stock__c, label: Average Stock, type: string, length: 20}
    - {name: Business_Type__c, label: Business Type, type: string, length: 40}
    - {name: Catalog_Size__c, label: Catalog Size, type: double, precision: 18, scale: 2}
    - {name: Monthly_Revenue__c, label: Monthly Revenue, type: currency}
  Account:
    - {name: Seller_Id__c, label: Seller Id, type: string, length: 32}
    - {name: Segment__c, label: Segment, type: string, length: 80}
  Opportunity:
    - {name: Monthly_Revenue__c, label: Monthly Revenue, type: currency}
picklists:
  Lead.LeadSource: &origins [%(origins)s]
  Account.AccountSource: *origins
  Contact.LeadSource: *origins
  Opportunity.LeadSource: *origins
conversion:
  field_mapping:
    Seller_Id__c: [Account.Seller_Id__c]
    Segment__c: [Account.Segment__c]
    Monthly_Revenue__c: [Opportunity.Monthly_Revenue__c]
"""

LEAD_MAPPING = """\
object: Lead
fields:
  last_name:         {field: LastName, type: text, required: true}
  company:           {field: Company, type: text, required: true}
  status:            {field: Status, type: picklist, required: true}
  origin:            {field: LeadSource, type: picklist}
  mql_id:            {field: MQL_Id__c, type: text}
  first_contact_on:  {field: First_Contact__c, type: date}
  won_at:            {field: Won_At__c, type: datetime}
  segment:           {field: Segment__c, type: text}
  lead_type:         {field: Lead_Type__c, type: text}
  behaviour_profile: {field: Behaviour_Profile__c, type: text}
  has_company:       {field: Has_Company__c, type: text}
  business_type:     {field: Business_Type__c, type: text}
  catalog_size:      {field: Catalog_Size__c, type: number}
  monthly_revenue:   {field: Monthly_Revenue__c, type: currency}
"""

POLICY = """\
policy: olist-won-deals
scope: "NOT is_converted"
signals:
  signed:
    label: A sales rep noted the signed contract
    activity: "is_closed AND contains(subject, 'contract signed')"
criteria:
  signed_by_rep:    {label: The contract is signed, when: "signed"}
  won_in_season:    {label: Won from March to October 2018, when: "won_at >= '2018-03-01' AND won_at < '2018-11-01'"}
  won_in_time:      {label: Won within 270 days of the first contact,
                     when: "days_since(first_contact_on) - days_since(won_at) <= 270"}
  known_origin:     {label: Origin is known, when: "origin NOT IN ('unknown', 'other')"}
  sells_online:     {label: Not an offline seller, when: "lead_type <> 'offline'"}
  promising_volume: {label: Volume is promising,
                     when: "business_type = 'manufacturer' OR monthly_revenue > 0 OR catalog_size >= 50"}
ready: "signed_by_rep AND won_in_season AND won_in_time AND known_origin AND sells_online AND promising_volume"
conversion:
  status: "Closed - Converted"
  account: {match: [company_name], ambiguous: hold}
  opportunity: {create: "monthly_revenue > 0", name: "{company}", close_in_days: 30, amount: monthly_revenue}
limits: {conversions: 1000, share_of_open: 20%, canary: 10}
"""


@dataclass(frozen=True, slots=True)
class Selected:
    """One lead that the rule selects, and the amount of its opportunity, if one is to be made."""

    mql_id: str
    amount: str | None


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, write the world and the working folder, print the counts."""
    parser = argparse.ArgumentParser(description="Olist's marketing funnel as a world for the mock org.")
    parser.add_argument("data", type=Path, metavar="DATA_DIR", help="folder with the two files of the data set")
    parser.add_argument("out", type=Path, metavar="OUT_DIR", help="folder to write data/ and work/ into")
    parser.add_argument("--expected", type=Path, metavar="FILE", help="write what the rule selects as CSV")
    given = parser.parse_args(arguments)
    missing = [name for name in (LEADS_FILE, DEALS_FILE) if not (given.data / name).is_file()]
    if missing:
        parser.error(f"{given.data} lacks {' and '.join(missing)}")
    leads, deals = rows(given.data / LEADS_FILE), rows(given.data / DEALS_FILE)
    write_world(given.out / "data", leads, deals)
    write_working_folder(given.out / "work")
    chosen = sorted(selected(leads, deals), key=lambda each: each.mql_id)
    if given.expected is not None:
        write_csv(given.expected, ("mql_id", "amount"), ((each.mql_id, each.amount or "") for each in chosen))
    made = sum(each.amount is not None for each in chosen)
    print(
        f"{len(leads):,} leads, {len(deals):,} won deals; the rule selects {len(chosen):,}, {made:,} get an opportunity"
    )


def rows(path: Path) -> list[Row]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def selected(leads: Iterable[Row], deals: Iterable[Row]) -> Iterator[Selected]:
    """What the rule of this module's docstring selects, from the rows as they are."""
    contacts = {lead["mql_id"]: lead for lead in leads}
    for deal in deals:
        lead = contacts[deal["mql_id"]]
        won_on = deal["won_date"][:10]
        days = (date.fromisoformat(won_on) - date.fromisoformat(lead["first_contact_date"])).days
        revenue = float(deal["declared_monthly_revenue"] or 0)
        catalogue = float(deal["declared_product_catalog_size"] or 0)
        if (
            "2018-03-01" <= won_on <= "2018-10-31"
            and days <= 270
            and lead["origin"] not in {"", "unknown", "other"}
            and deal["lead_type"] not in {"", "offline"}
            and (deal["business_type"] == "manufacturer" or revenue > 0 or catalogue >= 50)
        ):
            yield Selected(deal["mql_id"], deal["declared_monthly_revenue"] if revenue > 0 else None)


def write_world(folder: Path, leads: Sequence[Row], deals: Sequence[Row]) -> None:
    """Write Lead.csv, Task.csv and org.yaml. The ids of the data set serve as keys."""
    folder.mkdir(parents=True, exist_ok=True)
    won = {deal["mql_id"]: deal for deal in deals}
    write_csv(folder / "Lead.csv", LEAD_COLUMNS, (lead_row(lead, won.get(lead["mql_id"])) for lead in leads))
    write_csv(folder / "Task.csv", TASK_COLUMNS, task_rows(leads, deals))
    reps = sorted({deal["sr_id"] for deal in deals})
    users = "\n".join(
        f"  - {{username: {username(rep)}, first_name: Rep, last_name: R{rep[:8]}, profile: Standard User}}"
        for rep in reps
    )
    origins = ", ".join(sorted({lead["origin"] for lead in leads if lead["origin"]}))
    (folder / "org.yaml").write_text(ORG_YAML % {"users": users, "origins": origins}, encoding="utf-8")


def username(rep: str) -> str:
    """A sales rep's username, which is the key of the user's record."""
    return f"rep-{rep[:12]}@olist-funnel.example"


MARKETING = "marketing@olist-funnel.example"


def lead_row(lead: Row, deal: Row | None) -> dict[str, str]:
    """A lead as Data Loader would export it. People and companies have no names in the data set: their ids stand in."""
    created = f"{lead['first_contact_date']}T12:00:00.000Z"
    changed = created if deal is None else max(created, moment(deal["won_date"]))
    row = {
        "Id": lead["mql_id"],
        "LastName": f"Contact {lead['mql_id'][:12]}",
        "Company": f"Seller {lead['mql_id'][:12]}",
        "LeadSource": lead["origin"],
        "Status": "Open - Not Contacted" if deal is None else "Working - Contacted",
        "OwnerId": MARKETING if deal is None else username(deal["sr_id"]),
        "IsConverted": "false",
        "IsDeleted": "false",
        "MQL_Id__c": lead["mql_id"],
        "First_Contact__c": lead["first_contact_date"],
        "Landing_Page__c": lead["landing_page_id"],
        "CreatedDate": created,
        "LastModifiedDate": changed,
        "SystemModstamp": changed,
    }
    if deal is not None:
        row |= {
            "Won_At__c": moment(deal["won_date"]),
            "Seller_Id__c": deal["seller_id"],
            "Segment__c": deal["business_segment"],
            "Lead_Type__c": deal["lead_type"],
            "Behaviour_Profile__c": deal["lead_behaviour_profile"],
            "Has_Company__c": deal["has_company"],
            "Has_GTIN__c": deal["has_gtin"],
            "Average_Stock__c": deal["average_stock"],
            "Business_Type__c": deal["business_type"],
            "Catalog_Size__c": deal["declared_product_catalog_size"],
            "Monthly_Revenue__c": deal["declared_monthly_revenue"],
        }
    return row


def task_rows(leads: Iterable[Row], deals: Iterable[Row]) -> Iterator[dict[str, str]]:
    """A note of each first contact, and one of each signed contract."""
    for lead in leads:
        text = f"Came by {lead['origin'] or 'unknown ways'}; no contract yet."
        at = f"{lead['first_contact_date']}T12:00:00.000Z"
        yield {"Id": f"first-{lead['mql_id']}", "OwnerId": MARKETING, "Subject": "First contact"} | done(lead, text, at)
    for deal in deals:
        key, owner = f"signed-{deal['mql_id']}", username(deal["sr_id"])
        signed = done(deal, "Seller is on board.", moment(deal["won_date"]))
        yield {"Id": key, "OwnerId": owner, "Subject": "Contract signed"} | signed


def done(row: Row, text: str, at: str) -> dict[str, str]:
    """What every completed task of the lead says."""
    return {
        "WhoId": row["mql_id"],
        "Description": text,
        "ActivityDate": at[:10],
        "Status": "Completed",
        "Priority": "Normal",
        "IsClosed": "true",
        "IsDeleted": "false",
        "TaskSubtype": "Task",
        "CompletedDateTime": at,
        "CreatedDate": at,
        "LastModifiedDate": at,
        "SystemModstamp": at,
    }


def moment(text: str) -> str:
    """`2018-02-26 19:58:54` as an export has it."""
    return text.replace(" ", "T") + ".000Z"


def write_working_folder(folder: Path) -> None:
    """Write mappings/ (the project's own, but for Lead) and config/readiness.yaml."""
    mappings = folder / "mappings"
    mappings.mkdir(parents=True, exist_ok=True)
    for path in sorted(MAPPINGS.glob("*.yaml")):
        shutil.copyfile(path, mappings / path.name)
    (mappings / "lead.yaml").write_text(LEAD_MAPPING, encoding="utf-8")
    config = folder / "config"
    config.mkdir(parents=True, exist_ok=True)
    (config / "readiness.yaml").write_text(POLICY, encoding="utf-8")


def write_csv(path: Path, columns: Sequence[str], lines: Iterable[Mapping[str, str] | Sequence[str]]) -> None:
    """Write a CSV file; lines are by column name, or in the order of the columns."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for line in lines:
            writer.writerow([line.get(name, "") for name in columns] if isinstance(line, Mapping) else line)


if __name__ == "__main__":
    main()
