"""How fast a plan of 100,000 actions is drawn up and written, out of a mirror of a million leads, and read again."""

from __future__ import annotations

import gc
import tempfile
from pathlib import Path
from time import perf_counter

from sync.cli.main import collect_seldom
from sync.insight.planning import draw_up
from sync.mockorg import MockOrg
from sync.plan.actions import Plan
from sync.plan.codec import decode
from sync.plan.document import encode
from sync.policy.compile import compile_policy
from sync.salesforce.client import SalesforceClient, open_org
from sync.settings import load_settings
from sync.workspace import Workspace

from .conversion_world import quiet
from .figures import Figure
from .grown import CLOCK, FULL, POLICY, SMALL, grow

TITLE = "Plans"
ABOUT = """\
A mirror with a million leads, two million activities and 50,000 accounts with a contact each; a policy that updates
the Lead Status of about 90,000 leads and converts about 10,000. Drawing up is all of it: every lead decided, evidence,
matching, loss reports, preflight, the hash, and the facts asked of the org, which is the mock org in the same process
(without duplicate rules). Where the time goes, by a profile of 13.8 s of processor: reading the mirror 7.7 s (2.9 of
them the verdicts, mostly searches in texts, 0.8 setting aside the activities of those that act, 1.3 their findings, 1.0
their evidence, 1.6 rows and matches), and 90,000 actions and their lines in Python 5.4 s.
"""

_READY = 'ready: "interested AND priced AND has_budget AND (met OR contacted)"'
_STEPS = 'when: "contacted AND has_need"'


def run(*, small: bool) -> list[Figure]:
    """All figures; `small` plans for twenty thousand leads."""
    quiet()
    collect_seldom()  # as every command does
    policy = POLICY.replace(_READY, 'ready: "interested AND priced AND has_budget AND met"')
    policy = policy.replace(_STEPS, 'when: "contacted AND in_market AND not_a_partner"')
    mock = MockOrg()
    with mock.in_process(), tempfile.TemporaryDirectory(prefix="plans-") as name:
        workspace = grow(Path(name), SMALL if small else FULL, org_id=mock.org_id, policy=policy)
        environ = {"LEADGATE_INSTANCE_URL": mock.instance_url, "LEADGATE_ACCESS_TOKEN": mock.login()}
        org = open_org(load_settings(workspace.folder, environ).org())
        return _measured(workspace, org)


def _measured(workspace: Workspace, org: SalesforceClient) -> list[Figure]:
    compiled = compile_policy(workspace.policy(), workspace.mapping, CLOCK)
    began = perf_counter()
    plan = draw_up(workspace.mirror, org, compiled=compiled, mapping=workspace.mapping, created_at=CLOCK)
    drawn = perf_counter()
    text = encode(plan)
    written = perf_counter()
    gc.collect()
    again = perf_counter()
    if decode(text) != plan:
        raise AssertionError("the plan did not come back from its file as it was")
    read = perf_counter()
    amount = f"{len(plan.actions):,} actions"
    return [
        Figure(
            name=f"{amount}: the plan and its file",
            value=written - began,
            unit="s",
            target=10,
            note=f"{_mix(plan)}; {len(text) / 1e6:,.0f} MB, of it {written - drawn:.2g} s to write",
        ),
        Figure(name=f"{amount}: read again from the file and checked", value=read - again, unit="s"),
        Figure(name=f"{amount}: API calls to draw it up", value=org.calls_sent, unit="calls"),
    ]


def _mix(plan: Plan) -> str:
    return f"{plan.counts['update_status']:,} status updates, {plan.counts['convert_lead']:,} conversions"
