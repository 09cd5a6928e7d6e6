"""Records by the ten thousand: while one page is looked at, the next ones are on their way.

Re-reading a hundred thousand leads takes ten calls. What is done with a page (comparing, writing intents) happens in
the caller's thread, and only the calls themselves run beside it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from itertools import islice

from sync.model import Record
from sync.plan.forecast import RETRIEVE
from sync.salesforce.org import OrgReader

_AT_ONCE = 3
"""Calls under way at once. More would read ahead of a ledger that can't follow."""


def read_pages(
    org: OrgReader, object_name: str, ids: Sequence[str], fields: Sequence[str]
) -> Iterator[tuple[Sequence[str], Mapping[str, Record]]]:
    """Ids with the records that there are, by id, a call's worth at a time, in order.

    Raises:
        AccessRefused, OrgUnavailable, OrgFault: A page can't be read; no further call is begun.
    """
    pages = [ids[start : start + RETRIEVE] for start in range(0, len(ids), RETRIEVE)]

    def read(page: Sequence[str]) -> tuple[Sequence[str], Mapping[str, Record]]:
        found = org.retrieve(object_name, page, fields)
        return page, {id_: record for id_, record in zip(page, found, strict=True) if record is not None}

    if len(pages) < 2:  # nothing to read ahead: no thread
        yield from map(read, pages)
        return
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="re-read") as pool:
        coming = iter(pages)
        waiting = deque(pool.submit(copy_context().run, read, page) for page in islice(coming, _AT_ONCE))
        try:
            while waiting:
                found = waiting.popleft().result()
                waiting += (pool.submit(copy_context().run, read, page) for page in islice(coming, 1))
                yield found
        finally:
            pool.shutdown(cancel_futures=True)
