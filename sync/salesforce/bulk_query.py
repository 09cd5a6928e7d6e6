"""Bulk API 2.0 queries: one job, its pages fetched in parallel and streamed to disk.

`resultPages` hands out the addresses of several pages at once, so they are fetched side by side; an org that doesn't
offer it is read by locator, page after page. A page's file appears only when it is whole, and the pages' record counts
must add up to the job's. Whoever works a page off as soon as it is there does so while the next ones come in, and only
a few pages are ever ahead of them.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor
from concurrent.futures import wait as any_of
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from sync.errors import OrgFault
from sync.salesforce.bulk_job import Job, JobKind, Patience, State, job_of, read, wait
from sync.salesforce.calls import Call, Content, Root, json_body, local_path
from sync.salesforce.org import CsvPages
from sync.salesforce.transport import Transport

_TOO_LONG = re.compile(r"QUERY_?TIMEOUT|retried more than|running for too long|timed out", re.IGNORECASE)
PAGES_AT_ONCE = 5  # as many addresses as one resultPages answer holds
_PAGES_AHEAD = 2 * PAGES_AT_ONCE
"""Pages on their way or waiting: while some are worked off at once, the next ones go on coming in."""
_NO_PAGES_LIST = {"NOT_FOUND", "METHOD_NOT_ALLOWED", "FUNCTIONALITY_NOT_ENABLED", "UNSUPPORTED_API_VERSION"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    file: Path
    records: int
    following: str | None
    """The next locator, `None` at the end."""


def bulk_query(
    transport: Transport,
    soql: str,
    *,
    folder: Path,
    all_rows: bool,
    job_id: str | None,
    patience: Patience,
    on_job: Callable[[str], None],
    on_progress: Callable[[int], None],
    on_pages: Callable[[Sequence[Path]], None],
) -> CsvPages:
    """Run or resume a query job and bring its pages to `folder`.

    `on_pages` hears of pages as soon as they are there, in the caller's thread, and may move or remove their files.

    Raises:
        AccessRefused, OrgUnavailable, OrgFault: Also when the job failed, was aborted, hadn't ended in time, or when
            its pages don't add up.
    """
    job = read(transport, JobKind.QUERY, job_id) if job_id else _created(transport, soql, all_rows=all_rows)
    on_job(job.id)
    job = _completed(transport, job, patience, on_progress)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files: list[Path] = []
    columns: tuple[str, ...] = ()
    records = 0
    with closing(_fetched(transport, job, folder)) as pages:
        for there in pages:
            filled = [page for page in there if page.file.stat().st_size]
            if filled:
                columns = columns or _header(filled[0].file)
                files += [page.file for page in filled]
                records += sum(page.records for page in filled)
                on_pages([page.file for page in filled])
    if records != job.processed:
        raise OrgFault(
            f"bulk job {job.id}: its pages hold {records} records and the job says {job.processed}",
            place="/jobs/query/{job}/results",
            fix="run again",
            code="INCOMPLETE_RESULT",
        )
    return CsvPages(job_id=job.id, files=tuple(sorted(files)), records=records, columns=columns)


def await_end(transport: Transport, job_id: str, *, patience: Patience) -> None:
    """Wait until a query job is complete.

    Raises:
        OrgFault: As `bulk_query`; `QUERY_TIMEOUT` when the query took the org too long.
    """
    _completed(transport, read(transport, JobKind.QUERY, job_id), patience, lambda _records: None)


def _completed(transport: Transport, job: Job, patience: Patience, on_progress: Callable[[int], None]) -> Job:
    job = wait(transport, job, patience, on_progress)
    if job.state is not State.JOB_COMPLETE:
        raise OrgFault(
            f"bulk job {job.id} ended as {job.state}" + (f": {job.message}" if job.message else ""),
            place="/jobs/query/{job}",
            code=_code_of(job),
        )
    return job


def _code_of(job: Job) -> str:
    """A job that took the org too long is told like a query that did; the state alone doesn't say so."""
    if job.state is not State.FAILED:
        return "BULK_JOB_ABORTED"
    return "QUERY_TIMEOUT" if _TOO_LONG.search(job.message or "") else "BULK_JOB_FAILED"


def start(transport: Transport, soql: str, *, all_rows: bool) -> str:
    """Create a query job and leave it to the org; its id, for `bulk_query` to pick up."""
    return _created(transport, soql, all_rows=all_rows).id


def _created(transport: Transport, soql: str, *, all_rows: bool) -> Job:
    body = {
        "operation": "queryAll" if all_rows else "query",
        "query": soql,
        "contentType": "CSV",
        "columnDelimiter": "COMMA",
        "lineEnding": "LF",
    }
    call = Call(method="POST", path="/jobs/query", template="/jobs/query", body=json_body(body))
    return job_of(JobKind.QUERY, transport.send(call).data)


def _fetched(transport: Transport, job: Job, folder: Path) -> Generator[list[_Page], None, None]:
    """The pages as they come in, by the list of pages where the org has one, else by locator."""
    addresses = _addresses(transport, job)
    try:
        first = next(addresses, None)
    except OrgFault as fault:
        if fault.code not in _NO_PAGES_LIST:
            raise
        first = None
    if first is None:
        yield from _by_locator(transport, job, folder)
        return
    calls = (
        (_at(job, address), _file(folder, job, number)) for number, address in enumerate(chain([first], addresses))
    )
    with ThreadPoolExecutor(PAGES_AT_ONCE, thread_name_prefix="bulk-page") as pool:
        try:
            coming = {pool.submit(_page, transport, *each) for each in islice(calls, _PAGES_AHEAD)}
            while coming:
                there, coming = any_of(coming, return_when=FIRST_COMPLETED)
                coming |= {pool.submit(_page, transport, *each) for each in islice(calls, len(there))}
                yield [future.result() for future in there]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _at(job: Job, address: str) -> Call:
    call = job.call("GET", content=Content.CSV)
    return replace(call, path=local_path(address), template="/jobs/query/{job}/results")


def _addresses(transport: Transport, job: Job) -> Iterator[str]:
    """Addresses of all pages, a handful to a call. Two spellings are documented; both are read."""
    call = job.call("GET", "/resultPages")
    while True:
        data = transport.send(call).data
        listed = data.get("resultPages") if isinstance(data, dict) else None
        if not isinstance(listed, list):
            raise OrgFault("the list of result pages can't be read", place=call.template, code="INCOMPLETE_RESULT")
        for entry in listed:
            yield _text(entry, "resultLink", "resultUrl")
        following = data.get("nextRecordsUrl") or data.get("nextRecordUrl")
        if not following:
            return
        call = Call(method="GET", path=local_path(str(following)), template=call.template, root=Root.ORG)


def _by_locator(transport: Transport, job: Job, folder: Path) -> Iterator[list[_Page]]:
    """Page after page; the next one comes in while the last one is worked off."""
    with ThreadPoolExecutor(1, thread_name_prefix="bulk-page") as pool:

        def fetch(number: int, locator: str | None) -> Future[_Page]:
            path = "/results" + (f"?locator={locator}" if locator else "")
            call = job.call("GET", path, content=Content.CSV)
            return pool.submit(_page, transport, call, _file(folder, job, number))

        number, coming = 0, fetch(0, None)
        while True:
            page = coming.result()
            if page.following is None:
                yield [page]
                return
            number += 1
            coming = fetch(number, page.following)
            yield [page]


def _page(transport: Transport, call: Call, file: Path) -> _Page:
    reply = transport.send(replace(call, save_to=file))
    locator = reply.headers.get("Sforce-Locator")
    try:
        records = int(reply.headers["Sforce-NumberOfRecords"])
    except (KeyError, ValueError):
        raise OrgFault("a result page doesn't say how many records it holds", place=call.template) from None
    return _Page(file=file, records=records, following=None if locator in {None, "", "null"} else locator)


def _file(folder: Path, job: Job, number: int) -> Path:
    return folder / f"{job.id}-{number:05d}.csv"


def _text(entry: Mapping[str, Any], *spellings: str) -> str:
    found = next((entry[name] for name in spellings if isinstance(entry, dict) and entry.get(name)), None)
    if not isinstance(found, str):
        raise OrgFault("a result page has no address", place="/jobs/query/{job}/resultPages", code="INCOMPLETE_RESULT")
    return found


def _header(file: Path) -> tuple[str, ...]:
    with file.open(encoding="utf-8", newline="") as lines:
        return tuple(next(csv.reader(lines), ()))
