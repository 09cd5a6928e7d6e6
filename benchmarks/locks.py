"""Many leads of few accounts, where conversions lock each other out: ours beside batches of 100 in the file's order.

Salesforce holds the account while a lead is converted into it; another call that wants it waits ten seconds and then
fails for that lead. The mock org does the same in a fifth of the time: a call takes 40 ms and 40 ms more a lead, as if
triggers took 0.2 s for each, and gives up on a locked row after two seconds.
"""

from __future__ import annotations

import random
import re
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

import requests

from sync.plan.actions import Outcome

from .conversion_world import CONVERTED, Lead, apply, record_id, write_world
from .figures import Figure
from .served_org import API, Served, served

TITLE = "Conversions that lock each other"
ABOUT = """\
Leads of ten accounts, in an order that mixes them, over a socket. The org's time runs five times as fast: 40 ms a call
and 40 ms a lead (0.2 s of a real org with triggers), and a call that waits two seconds for a locked row (a real org:
ten) fails for that lead. leadgate carries out a plan that names the account of each lead. Beside it, plain SOAP
`convertLead` in batches of 100 in the file's order, as many calls at once as leadgate's, each batch sent once.
"""

FULL, SMALL = 2_000, 200
ACCOUNTS = 10
LANES = 4
COSTS = "costs: {per_call: 0.04, per_conversion: 0.04, lock_wait: 2}\n"


def run(*, small: bool) -> list[Figure]:
    """Time, lock failures, leads left and calls; `small` takes 200 leads instead of 2,000."""
    count = SMALL if small else FULL
    leads = [
        Lead(id=record_id("00Q", number), account_id=record_id("001", number % ACCOUNTS)) for number in range(count)
    ]
    random.Random(5).shuffle(leads)  # noqa: S311 -- the same order every time
    figures: list[Figure] = []
    seconds: dict[int, float] = {}
    with tempfile.TemporaryDirectory(prefix="locks-") as name:
        world, work = Path(name) / "world", Path(name)
        write_world(world, leads, org_yaml=COSTS)
        for lanes in (LANES, 1):
            with served(world) as org:
                result, seconds[lanes] = apply(org, leads, work, parallel_calls=lanes)
                if result.outcomes[Outcome.APPLIED] != count or org.unconverted():
                    raise AssertionError(f"leads were left: {result.outcomes}, {org.unconverted()}")
                locked = [lead for lead in result.leads if lead.code == "UNABLE_TO_LOCK_ROW"]
                how = f"leadgate, {lanes} calls at once" if lanes > 1 else "leadgate, one call at a time"
                figures += _figures(how, seconds[lanes], len(locked), org.unconverted(), result.api_calls)
        with served(world) as org:
            began = perf_counter()
            calls, failures = _naive(org, leads)
            taken = perf_counter() - began
            how = f"batches of 100 in file order, {LANES} at once"
            figures += _figures(how, taken, failures, org.unconverted(), calls, ours=False)
    figures.insert(
        0,
        Figure(
            name=f"{count:,} leads of {ACCOUNTS} accounts: times faster than one call at a time",
            value=seconds[1] / seconds[LANES],
            unit="×",
            target=2.0,
            better="higher",
        ),
    )
    return figures


def _figures(how: str, seconds: float, failures: int, left: int, calls: int, *, ours: bool = True) -> list[Figure]:
    return [
        Figure(name=f"{how}: time", value=seconds, unit="s"),
        Figure(name=f"{how}: leads that failed on a lock", value=failures, unit="leads", target=0 if ours else None),
        Figure(name=f"{how}: leads left unconverted", value=left, unit="leads", target=0 if ours else None),
        Figure(name=f"{how}: API calls", value=calls, unit="calls"),
    ]


def _naive(org: Served, leads: Sequence[Lead]) -> tuple[int, int]:
    """Batches as they come, several at once; how many calls, and how many leads failed on a lock."""
    batches = [leads[start : start + 100] for start in range(0, len(leads), 100)]
    with ThreadPoolExecutor(LANES) as pool:
        failures = sum(pool.map(lambda batch: _convert(org, batch), batches))
    return len(batches), failures


def _convert(org: Served, batch: Sequence[Lead]) -> int:
    asked = "".join(
        f"<u:leadConverts><u:accountId>{lead.account_id}</u:accountId><u:convertedStatus>{CONVERTED}"
        f"</u:convertedStatus><u:leadId>{lead.id}</u:leadId></u:leadConverts>"
        for lead in batch
    )
    body = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:u="urn:partner.soap.sforce.com">'
        f"<s:Header><u:SessionHeader><u:sessionId>{org.token}</u:sessionId></u:SessionHeader></s:Header>"
        f"<s:Body><u:convertLead>{asked}</u:convertLead></s:Body></s:Envelope>"
    )
    headers = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'}
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(f"{org.url}/services/Soap/u/{API}", body.encode(), headers=headers, timeout=600)
    answer.raise_for_status()
    return len(re.findall(r"<statusCode>UNABLE_TO_LOCK_ROW<", answer.text))
