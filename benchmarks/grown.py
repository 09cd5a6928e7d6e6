# ruff: noqa: S608 -- identifiers and sizes are this module's own
"""A working folder whose mirror was grown by SQL instead of pulled: as many leads and activities as a benchmark wants.

The tables are the mirror's own (`sync.mirror.tables.prepare`), filled by DuckDB from row numbers, so a million leads
take seconds. Everything is derived from the number of the row: the same sizes give the same mirror. No text repeats.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from duckdb import DuckDBPyConnection

from sync.mapping import ObjectMapping, OrgMapping
from sync.mirror.connection import opened
from sync.mirror.state import ObjectState, PulledColumn, write_meta, write_state
from sync.mirror.tables import prepare
from sync.templates import template_folder
from sync.workspace import Workspace

CLOCK = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
"""The clock that the world is seen by: activities reach back two years from it, and some lie ahead."""

POLICY = """\
policy: benchmark
scope: "NOT is_converted AND status NOT IN ('Closed - Not Converted')"
signals:
  pricing_talk:
    label: Pricing came up
    activity: "matches(text, 'pric(e|ing)|quote|proposal')"
    within: 90 days
    contradicted_by: "matches(text, 'no budget|too expensive')"
  budget_confirmed:
    label: Budget was confirmed in a note
    activity: "matches(text, 'budget (is |was )?(confirmed|approved|available)|funds? (approved|available)')"
    within: 180 days
    contradicted_by: "matches(text, 'no budget|budget (cut|frozen|gone)|too expensive')"
  decider_talked:
    label: A decision maker took part
    activity: "matches(text, 'decision[- ]maker|signs? off|decides')"
    within: 180 days
  need_stated:
    label: A need was stated in a note
    activity: "matches(text, 'need|require(s|ment)|problem|pain')"
    within: 180 days
  contact_made:
    label: Somebody has been in touch
    activity: "kind IN ('call', 'email', 'event') AND is_closed"
  meeting_held:
    label: A meeting took place
    activity: "kind = 'event' AND ended_at < now() AND NOT contains(subject, 'cancel')"
criteria:
  interested:     {label: Has shown interest,        when: "status <> 'Open - Not Contacted'"}
  priced:         {label: Pricing was discussed,     when: "pricing_discussed OR pricing_talk"}
  met:            {label: A meeting took place,      when: "meeting_held"}
  contacted:      {label: Has been contacted,        when: "contact_made"}
  has_budget:     {label: Budget,                    when: "budget > 0 OR budget_confirmed"}
  has_authority:  {label: Authority,                 when: "decision_maker OR decider_talked"}
  has_need:       {label: Need,                      when: "need_identified OR need_stated"}
  has_timing:     {label: Timing,                    when: "purchase_timeline BETWEEN today() AND days_ahead(180)"}
  reachable:      {label: Can be reached,            when: "email IS NOT NULL OR phone IS NOT NULL"}
  business_mail:  {label: Has a business address,    when: "email_domain(email) NOT IN ('gmail.com', 'outlook.com')"}
  has_title:      {label: Has a senior title,        when: "contains(title, 'head') OR contains(title, 'chief')"}
  large:          {label: Large company,             when: "number_of_employees >= 200"}
  rich:           {label: Revenue per head,          when: "annual_revenue / number_of_employees > 50000"}
  in_market:      {label: Sold to in this country,   when: "country IN ('United States', 'Canada', 'Germany')"}
  fitting:        {label: Fitting industry,          when: "industry IN ('Technology', 'Banking')"}
  warm:           {label: Rated warm or hot,         when: "rating IN ('Hot', 'Warm')"}
  fresh:          {label: Younger than two years,    when: "days_since(created_at) < 730"}
  active:         {label: Active this quarter,       when: "days_since(last_activity_at) <= 90"}
  named:          {label: Has a full name,           when: "length(first_name) > 1 AND length(last_name) > 1"}
  not_a_partner:  {label: Did not come by a partner, when: "lead_source <> 'Partner Referral'"}
ready: "interested AND priced AND has_budget AND (met OR contacted)"
transitions:
  - {to: "Working - Contacted",    from: ["Open - Not Contacted"], when: "contacted AND has_need"}
conversion:
  status: "Closed - Converted"
  account: {match: [contact_email, email_domain, company_name], ambiguous: hold}
  opportunity: {create: "budget IS NOT NULL", name: "{company}", stage: Qualification, close_in_days: 60}
  owner: lead_owner
  duplicates: hold
limits: {conversions: 200, share_of_open: 20%, canary: 10, stop_at_failures: 5%, api_reserve: 20%}
"""
"""Twenty criteria and six signals of the kinds that the shipped packs have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much a grown mirror holds."""

    leads: int
    activities: int
    """Seven tenths of them tasks, the others events."""
    accounts: int = 0
    """And as many contacts."""


FULL = Size(leads=1_000_000, activities=2_000_000, accounts=50_000)
SMALL = Size(leads=20_000, activities=40_000, accounts=1_000)


def grow(folder: Path, size: Size, *, org_id: str, policy: str = POLICY) -> Workspace:
    """A working folder with the shipped mapping, a policy, and a mirror as a pull at `CLOCK` would have left it.

    Args:
        folder: An empty folder.
        size: How much the mirror is to hold.
        org_id: The org that it pretends to be of (18 characters).
        policy: The policy's text.
    """
    shutil.copytree(template_folder("mappings"), folder / "mappings")
    (folder / "config").mkdir()
    (folder / "config" / "readiness.yaml").write_text(policy, encoding="utf-8")
    (folder / ".env").write_text("LEADGATE_INSTANCE_URL=http://127.0.0.1:1\nLEADGATE_ACCESS_TOKEN=none\n", "utf-8")
    workspace = Workspace.open(folder, environ={})
    tasks = size.activities * 7 // 10
    counts = {
        "lead": size.leads,
        "task": tasks,
        "event": size.activities - tasks,
        "account": size.accounts,
        "contact": size.accounts,
        "user": _OWNERS,
    }
    with opened(workspace.mirror_path, read_only=False) as connection:
        prepare(connection, workspace.mapping)
        for table, count in counts.items():
            _fill(connection, workspace.mapping[table], count, size)
        _write_pulled(connection, workspace.mapping, org_id)
    return workspace


def _fill(connection: DuckDBPyConnection, mapping: ObjectMapping, count: int, size: Size) -> None:
    """Rows number 0 to `count` of an object: its own fields, and those that every object has."""
    columns = {name: sql for name, sql in (_EVERY | _COLUMNS[mapping.name]).items() if name in mapping.fields}
    values = ", ".join(
        f"{sql.format(id=_id_sql(_PREFIXES[mapping.name], 'i'), leads=size.leads, accounts=max(1, size.accounts))} "
        f'AS "{name}"'
        for name, sql in columns.items()
    )
    names = ", ".join(f'"{name}"' for name in columns)
    # `x` and `y` scatter what hangs on a row's number; products of whole numbers, so that every version agrees.
    rows = f"SELECT i, (i * 2654435761) % 4294967296 AS x, (i * 40503 + 9973) % 65536 AS y FROM range({count}) AS n(i)"
    connection.execute(f'INSERT INTO "{mapping.name}" ({names}) SELECT {values} FROM ({rows})')


def _write_pulled(connection: DuckDBPyConnection, mapping: OrgMapping, org_id: str) -> None:
    write_meta(connection, "org_id", org_id)
    for mapped in mapping:
        columns = {f.name: PulledColumn(api_name=f.api_name, type=f.type) for f in mapped.fields.values()}
        state = ObjectState(
            object=mapped.name,
            watermark=CLOCK,
            deleted_until=CLOCK,
            columns=columns,
            skipped=None,
            run_id="grown",
            pulled_at=CLOCK,
        )
        write_state(connection, state)


def record_id(prefix: str, number: int) -> str:
    """The id of a row: seven letters of the org, ten digits of its number, the checksum (which digits don't change)."""
    return f"{prefix}7R{number:010}{_CHECKSUMS[prefix]}"


def _id_sql(prefix: str, number: str) -> str:
    return f"'{prefix}7R' || lpad(CAST({number} AS VARCHAR), 10, '0') || '{_CHECKSUMS[prefix]}'"


def _pick(words: Sequence[str], by: str) -> str:
    listed = ", ".join("'" + word.replace("'", "''") + "'" for word in words)
    return f"list_value({listed})[CAST(1 + ({by}) % {len(words)} AS INTEGER)]"


def _moment(seconds: str) -> str:
    return f"TIMESTAMP '{CLOCK:%Y-%m-%d %H:%M:%S}' - to_seconds(CAST({seconds} AS BIGINT))"


_PREFIXES = {"lead": "00Q", "task": "00T", "event": "00U", "account": "001", "contact": "003", "user": "005"}
_CHECKSUMS = {"00Q": "UAA", "00T": "UAA", "00U": "UAA", "001": "QAA", "003": "QAA", "005": "QAA"}
_OWNERS = 40
_TWO_YEARS = int(timedelta(days=730).total_seconds())
_WEEK = int(timedelta(days=7).total_seconds())

_SUBJECTS = (
    "Call",
    "Call with the buyer",
    "Email: Your enquiry",
    "Follow-up",
    "Introduction",
    "Product demo",
    "Quarterly check",
    "Email: Re: Our meeting",
    "Call about pricing",
    "Left a message",
    "Meeting cancelled",
    "Proposal sent",
    "Site visit",
)
_NOTES = (
    "Spoke for ten minutes, they will come back to us after the trade fair.",
    "Left a message with the front desk and asked for a call back this week.",
    "They use a spreadsheet today and want to see how others of their size do it.",
    "Asked for references in the same industry; sent two by e-mail.",
    "Interested in the integration with their billing system, wants a technical contact.",
    "The team is busy until the end of the quarter, agreed to talk again afterwards.",
    "Discussed pricing for fifty seats and what a yearly contract would mean.",
    "Wants a quote in writing before the next steering meeting.",
    "Says it is too expensive compared with what they have now.",
    "Budget was approved by the board, the project starts next month.",
    "No budget this year, try again in January.",
    "The head of operations signs off on this, she will join the next call.",
    "Their main problem is that reports take two days to prepare.",
    "They need single sign-on and an audit trail for the regulator.",
    "Sent the brochure and the link to the recorded webinar.",
    "Not the right person, gave me the name of a colleague in procurement.",
    "Will decide after the summer; asked to be kept on the newsletter.",
)

_EVERY: Mapping[str, str] = {
    "id": "{id}",
    "is_deleted": "i % 97 = 13",
    "created_at": _moment(f"x % {_TWO_YEARS} + y * 600"),
    "last_modified_at": _moment(f"x % {_TWO_YEARS}"),
    "system_modstamp": _moment(f"x % {_TWO_YEARS}"),
    "owner_id": _id_sql("005", f"y % {_OWNERS}"),
}
_ACTIVITY: Mapping[str, str] = {
    # The square gives few leads many activities and many leads few.
    "who_id": _id_sql("00Q", "CAST(floor({leads} * pow(x / 4294967296.0, 2)) AS BIGINT)"),
    "subject": _pick(_SUBJECTS, "y"),
    "description": f"concat_ws(' ', {_pick(_NOTES, 'y // 13')}, {_pick(_NOTES, 'x // 7')}, 'Note', i, 'by the desk.', "
    f"CASE WHEN i % 3 = 0 THEN {_pick(_NOTES, 'x // 113')} END)",
    "created_at": _moment(f"x % {_TWO_YEARS}"),
}
_COLUMNS: Mapping[str, Mapping[str, str]] = {
    "lead": {
        "first_name": _pick(("Ada", "Grace", "Alan", "Edsger", "Barbara", "Ken", "Radia", "Leslie", ""), "y"),
        "last_name": "'Lastname' || i",
        "name": "'First Lastname' || i",
        "company": "'Company ' || (x % ({leads} // 3 + 1)) || ' & Sons, Ltd.'",
        "title": _pick(("Buyer", "Head of Operations", "Chief Financial Officer", "Engineer", "Assistant"), "x // 5"),
        "email": "CASE WHEN y % 10 < 8 THEN 'person' || i || '@company' || (x % ({leads} // 3 + 1)) || '.example' "
        "WHEN y % 10 = 8 THEN 'person' || i || '@gmail.com' END",
        "phone": "CASE WHEN y % 3 > 0 THEN '+1 555 ' || i END",
        "website": "CASE WHEN y % 2 = 0 THEN 'https://www.company' || (x % ({leads} // 3 + 1)) || '.example' END",
        "street": "(y % 900) || ' Example Street'",
        "city": "'City ' || (x % 1013)",
        "state": _pick(("CA", "NY", "TX", "WA"), "y"),
        "postal_code": "CAST(10000 + y % 89999 AS VARCHAR)",
        "country": _pick(("United States", "Canada", "Germany", "France", "Japan"), "y // 3"),
        "industry": _pick(("Banking", "Energy", "Retail", "Technology"), "x // 3"),
        "annual_revenue": "CASE WHEN y % 8 > 0 THEN x % 9973 * 10000 END",
        "number_of_employees": "CASE WHEN y % 7 > 0 THEN x % 4999 END",
        "lead_source": _pick(("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"), "y // 5"),
        "rating": f"CASE WHEN y % 4 > 0 THEN {_pick(('Hot', 'Warm', 'Cold'), 'x')} END",
        "status": _pick(
            (
                "Open - Not Contacted",
                "Open - Not Contacted",
                "Working - Contacted",
                "Working - Contacted",
                "Working - Contacted",
                "Closed - Not Converted",
            ),
            "x // 11",
        ),
        "last_activity_at": "CASE WHEN y % 4 > 0 THEN DATE '2026-06-15' - CAST(x % 400 AS INTEGER) END",
        "is_converted": "x % 8 = 1",
        "pricing_discussed": "x % 16 = 2",
        "budget": "CASE WHEN y % 3 = 0 THEN x % 500 * 1000 END",
        "decision_maker": "y % 5 = 0",
        "need_identified": "y % 6 = 0",
        "purchase_timeline": "CASE WHEN y % 3 > 0 THEN DATE '2026-06-15' + CAST(x % 500 - 100 AS INTEGER) END",
    },
    "task": {
        **_ACTIVITY,
        "status": "CASE WHEN y % 5 > 0 THEN 'Completed' ELSE 'Not Started' END",
        "task_subtype": _pick(("Task", "Call", "Email"), "x // 17"),
        "is_closed": "y % 5 > 0",
        "due_date": f"CAST({_moment(f'x % {_TWO_YEARS} - {_WEEK}')} AS DATE)",
        "completed_at": f"CASE WHEN y % 5 > 0 THEN {_moment(f'x % {_TWO_YEARS}')} END",
    },
    "event": {
        **_ACTIVITY,
        "location": "CASE WHEN y % 2 = 0 THEN 'Online' END",
        "started_at": _moment(f"x % {_TWO_YEARS} - {_WEEK}"),
        "ended_at": _moment(f"x % {_TWO_YEARS} - {_WEEK} - 3600"),
        "is_child": "FALSE",
    },
    "account": {
        "name": "'Company ' || (i * 5) || ' & Sons'",
        "website": "'www.company' || (i * 5) || '.example'",
        "annual_revenue": "x % 9973 * 10000",
    },
    "contact": {
        "account_id": _id_sql("001", "i"),
        "last_name": "'Contact' || i",
        "name": "'First Contact' || i",
        "email": "'contact' || i || '@company' || (i * 5) || '.example'",
    },
    "user": {
        "name": "'Rep ' || i",
        "username": "'rep' || i || '@leadgate.example'",
        "email": "'rep' || i || '@leadgate.example'",
        "is_active": "TRUE",
    },
}
