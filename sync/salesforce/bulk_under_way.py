"""Bulk updates of ours that the org is still at: whoever lost sight of a job must not take its rows for undone.

A job outlives the process that started it, and an answer that got lost. Its rows change one by one, perhaps an hour
later; so before a record's old value counts as evidence that nothing happened, every update job that this user started
meanwhile must have ended. Jobs of other tools under the same user are waited for as well: they can't be told apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sync import events
from sync.errors import OrgFault
from sync.model import normal_id
from sync.salesforce.bulk_job import JobKind, Patience, State, job_of, wait
from sync.salesforce.calls import Call, Root, local_path
from sync.salesforce.transport import Transport
from sync.salesforce.values import moment_of

_LIST = "/jobs/ingest"
_CLOCKS_APART = timedelta(hours=1)
"""How far our clock may be from the org's; a job that is waited for in vain only costs time."""

_MOST_SECONDS = 600.0
"""How long to wait; less than a run's lease lasts. After that the rows stay in doubt, and a later recovery looks."""


def await_updates(
    transport: Transport, object_name: str, *, user_id: str, since: datetime, settle: float, patience: Patience
) -> None:
    """Wait until no update job of this user on this object, made since then, is under way.

    Args:
        transport: The org.
        object_name: API name.
        user_id: Whose jobs.
        since: Jobs made before are not looked at.
        settle: Seconds in which the request that starts a job may still arrive; a job that is open is given them.
        patience: How waiting is done.

    Raises:
        AccessRefused, OrgUnavailable, OrgFault: The jobs can't be read, or one didn't end in ten minutes.
    """
    for looks_left in (1, 0):
        listed = [
            row
            for row in _jobs(transport)
            if row.get("object") == object_name
            and row.get("operation") == "update"
            and normal_id(str(row.get("createdById"))) == normal_id(user_id)
            and moment_of(str(row.get("createdDate"))) >= since - _CLOCKS_APART
        ]
        jobs = [job for row in listed if not (job := job_of(JobKind.INGEST, row)).state.final]
        for job in jobs:
            if job.state is not State.OPEN:
                events.info("salesforce.bulk_job_awaited", job_id=job.id, state=job.state.value)
                wait(transport, job, replace(patience, share=1.0, deadline=_MOST_SECONDS), lambda _records: None)
        if not looks_left or all(job.state is not State.OPEN for job in jobs):
            return
        patience.sleep(settle)


def _jobs(transport: Transport) -> Iterator[dict[str, Any]]:
    """Every ingest job that the org remembers (seven days)."""
    call = Call(method="GET", path=f"{_LIST}?jobType=V2Ingest", template=_LIST)
    while True:
        page = transport.send(call).data
        if not isinstance(page, dict) or not isinstance(page.get("records"), list):
            raise OrgFault("the answer lists no bulk jobs", place=_LIST, code="INCOMPLETE_RESULT")
        yield from page["records"]
        following = page.get("nextRecordsUrl")
        if page.get("done") is not False or not following:
            return
        call = Call(method="GET", path=local_path(str(following)), template=_LIST, root=Root.ORG)
