# ruff: noqa: S608 -- identifiers and sizes are this module's own
"""How long the reports of `leadgate funnel`, `leaks`, `pipeline` and `check --almost` take over a large mirror.

The mirror is grown by SQL (see `grown`), with field history, conversions and opportunities added, so nothing is
measured but the reports: each from opening the mirror to the last listed record.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from time import perf_counter

from sync.insight.almost import almost_ready
from sync.insight.concerns import concern_names, concerns, list_concerns
from sync.insight.funnel import Cut, Window
from sync.insight.funnel_report import measure_funnel
from sync.insight.leak_report import measured_leaks
from sync.insight.leaks import LeakName
from sync.insight.pipeline import make_deals, stages, win_rate
from sync.mirror.connection import opened
from sync.mirror.store import Mirror
from sync.policy.compile import CompiledPolicy, compile_policy
from sync.workspace import Workspace

from .figures import Figure
from .grown import CLOCK, Size, grow

TITLE = "Insight"
ABOUT = """\
Reports over a mirror of 100,000 leads with 300,000 activities, 5,000 accounts, about 100,000 rows of lead history,
12,500 conversions of three years and as many opportunities with 62,500 rows of history. The policy has twenty criteria
and six signals. The leaks judge every conversion of the last 90 days, and every ready lead seven times, as of that day.
"""

FULL = Size(leads=100_000, activities=300_000, accounts=5_000)
SMALL = Size(leads=5_000, activities=15_000, accounts=250)
_ORG = "00D7R0000000001UAA"
_STAGES = ("Prospecting", "Qualification", "Value Proposition", "Negotiation/Review")


def run(*, small: bool) -> list[Figure]:
    """All figures; `small` has a twentieth of the records."""
    size = SMALL if small else FULL
    with tempfile.TemporaryDirectory(prefix="insight-bench-") as name:
        workspace = grow(Path(name), size, org_id=_ORG)
        with opened(workspace.mirror_path, read_only=False) as connection:
            for statement in _past(size):
                connection.execute(statement)
        policy = compile_policy(workspace.policy(), workspace.mapping, CLOCK)
        return [
            _timed(workspace, what, report, policy, size)
            for what, report in (
                ("check --almost 1", _almost),
                ("funnel by source and month", _funnel),
                ("leaks, with every list", _leaks),
                ("pipeline, with every list", _pipeline),
            )
        ]


Report = Callable[[Workspace, Mirror, CompiledPolicy], str]


def _timed(workspace: Workspace, what: str, report: Report, policy: CompiledPolicy, size: Size) -> Figure:
    start = perf_counter()
    with workspace.mirror() as mirror:
        note = report(workspace, mirror, policy)
    took = perf_counter() - start
    return Figure(name=f"{what}, {size.leads:,} leads", value=round(took, 2), unit="s", target=10.0, note=note)


def _almost(workspace: Workspace, mirror: Mirror, policy: CompiledPolicy) -> str:
    found = almost_ready(mirror, policy, workspace.mapping, most=1)
    return f"{sum(1 for _ in found.leads()):,} leads of {found.blocked:,} blocked, in {len(found.groups)} groups"


def _funnel(workspace: Workspace, mirror: Mirror, policy: CompiledPolicy) -> str:
    cuts = (Cut.MONTH, Cut.SOURCE)
    found = measure_funnel(mirror, policy, workspace.mapping, window=Window(), cuts=cuts, horizon=None)
    return f"{len(found.groups)} groups of {found.total.leads:,} leads"


def _leaks(workspace: Workspace, mirror: Mirror, policy: CompiledPolicy) -> str:
    day = timedelta(days=1)
    with measured_leaks(mirror, policy, workspace.mapping, response=day, back=90 * day) as found:
        listed = sum(1 for _ in found.rows(list(LeakName)))
        judged = next(leak.rate.trials for leak in found.leaks if leak.name is LeakName.CONVERTED_NOT_READY)
    return f"{listed:,} rows; {judged:,} conversions judged as of their day"


def _pipeline(workspace: Workspace, mirror: Mirror, policy: CompiledPolicy) -> str:
    with mirror.session() as cursor:
        make_deals(cursor, workspace.mapping)
        found, rate, needed = stages(cursor, CLOCK), win_rate(cursor), concerns(cursor, policy)
        listed = sum(1 for _ in list_concerns(cursor, policy, concern_names(policy)))
    return f"{len(found)} stages, {rate.trials:,} closed, {len(needed)} concerns, {listed:,} rows"


def _past(size: Size) -> tuple[str, ...]:
    """Field history, conversions and opportunities for a grown mirror, in which every eighth lead is converted."""
    clock = f"TIMESTAMP '{CLOCK:%Y-%m-%d %H:%M:%S}'"
    number = "(CAST(substr(l.id, 6, 10) AS BIGINT) // 8)"
    moved = f"least(l.created_at + to_days(CAST({number} * 7919 % 30 AS INTEGER)), {clock} - to_minutes(2))"
    ended = f"least(l.created_at + to_days(CAST({number} * 7919 % 90 + 30 AS INTEGER)), {clock} - to_minutes(1))"
    done = "(CAST(l.converted_at AS TIMESTAMP) + to_hours(11))"
    account = f"'0017R' || lpad(CAST({number} % {size.accounts} AS VARCHAR), 10, '0') || 'QAA'"
    outcome = f"['Closed Won', 'Closed Lost', 'Closed Lost', '{_STAGES[-1]}'][CAST(1 + {number} % 4 AS INTEGER)]"
    listed = ", ".join(f"'{stage}'" for stage in _STAGES)
    history = "INSERT INTO lead_history (id, lead_id, field, old_value, new_value, created_at)"
    converted = "FROM lead l WHERE l.is_converted"
    first, second = "'Open - Not Contacted'", "'Working - Contacted'"
    return (
        f"UPDATE lead SET created_at = least(created_at, {clock} - to_days(2))",
        f"""UPDATE lead AS l SET status = 'Closed - Converted', converted_at = CAST({ended} AS DATE),
            converted_opportunity_id = '006' || substr(id, 4), converted_contact_id = '003C' || substr(id, 5)
            WHERE is_converted""",
        f"""INSERT INTO contact (id, account_id, email, created_at, is_deleted)
            SELECT l.converted_contact_id, {account}, l.email, {done}, false {converted}""",
        f"""{history} SELECT '01Q' || substr(l.id, 4), l.id, 'Status', {first}, {second}, {moved} FROM lead l
            WHERE l.status <> {first}""",
        f"{history} SELECT '01S' || substr(l.id, 4), l.id, 'Status', {second}, l.status, {done} {converted}",
        f"{history} SELECT '01T' || substr(l.id, 4), l.id, 'leadConverted', NULL, NULL, {done} {converted}",
        f"""INSERT INTO opportunity (id, name, account_id, stage_name, amount, probability, close_date, is_closed,
            is_won, owner_id, created_at, system_modstamp, is_deleted)
            SELECT l.converted_opportunity_id, 'Deal', {account}, {outcome}, nullif({number} % 9 * 1000, 0), 50,
            CAST({done} + to_days(60) AS DATE), starts_with({outcome}, 'Closed'), {outcome} = 'Closed Won', l.owner_id,
            {done}, {done}, false {converted}""",
        f"""INSERT INTO opportunity_history (id, opportunity_id, stage_name, created_at)
            SELECT '008' || s || substr(o.id, 5), o.id, coalesce([{listed}][s], o.stage_name),
            o.created_at + to_days(CAST((s - 1) * 9 AS INTEGER))
            FROM opportunity o, range(1, {len(_STAGES) + 2}) r(s)""",
    )
