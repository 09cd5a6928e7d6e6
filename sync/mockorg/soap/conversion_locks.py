"""A conversion call takes time and holds rows while it does: where two calls meet, one waits or is refused.

With `costs` in the org's settings a call first takes the rows that it names (leads, accounts, contacts, opportunities),
waiting up to `lock_wait` for those that another call holds, then spends its time, then converts. Leads whose rows
stayed locked are answered UNABLE_TO_LOCK_ROW; the others go on.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..behaviours import behaviour
from ..conversion import convert, shared_rows
from ..convert_request import ConvertHeaders, LeadConvert, LeadConvertResult
from ..errors import RowError
from ..limits import LONG_CALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..locks import Holder
    from .soap_call import SoapCall


@behaviour(
    "Conversions that share a record lock each other out", source="recorded UNABLE_TO_LOCK_ROW texts; field practice"
)
def convert_under_locks(
    soap: SoapCall, leads: Sequence[LeadConvert], headers: ConvertHeaders
) -> list[LeadConvertResult]:
    """Convert, holding the rows concerned for as long as the call takes; called under the org's lock."""
    org = soap.org
    holder = org.locks.holder()
    costs = org.settings.costs
    seconds = costs.per_call + costs.per_conversion * len(leads)
    long_running = seconds >= LONG_CALL
    if long_running:
        org.limits.begin_long_call()
    try:
        busy = _take(soap, holder, shared_rows(leads))
        soap.call.doors.spend(seconds)
        free = [each for each in leads if not shared_rows([each]) & busy]
        with org.locks.acting(holder):
            converted = iter(convert(org, soap.user, free, headers) if free else [])
        return [_refused(each, busy) if shared_rows([each]) & busy else next(converted) for each in leads]
    finally:
        if long_running:
            org.limits.end_long_call()
        org.locks.release(holder)
        soap.call.doors.freed.notify_all()


def _take(soap: SoapCall, holder: Holder, wanted: frozenset[str]) -> frozenset[str]:
    """Lock the rows, waiting for others to let go of them; returns those that stayed locked."""
    doors = soap.call.doors
    patience = soap.org.settings.costs.lock_wait
    busy = soap.org.locks.take_free(holder, wanted)
    if busy and soap.org.clock.frozen:
        soap.org.clock.advance(patience)
        return busy
    until = time.monotonic() + patience
    while busy and (left := until - time.monotonic()) > 0:
        doors.freed.wait(left)
        busy = soap.org.locks.take_free(holder, busy)
    return busy


def _refused(lead: LeadConvert, busy: frozenset[str]) -> LeadConvertResult:
    rows = sorted(shared_rows([lead]) & busy)
    message = f"unable to obtain exclusive access to this record or {len(rows)} records: {','.join(rows)}"
    return LeadConvertResult(success=False, errors=(RowError(code="UNABLE_TO_LOCK_ROW", message=message),))
