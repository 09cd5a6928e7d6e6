"""Plain REST reads: queries and their pages, rows by id, changes in a window, limits.

Paging follows `nextRecordsUrl` and nothing else: the org shrinks pages as it likes. A query too long for a URL goes
inside a composite call instead (`composite.first_pages`), since Salesforce has no POST for queries.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from sync.errors import AccessRefused, OrgFault
from sync.model import Record, normal_id
from sync.salesforce.calls import Call, Root, get, local_path, segment
from sync.salesforce.org import Changes
from sync.salesforce.transport import Transport
from sync.salesforce.values import flat_record, iso_z, moment_of, same_id

LONGEST_URI = 15_000
"""Bytes. Salesforce answers 414 beyond 16,384, and 431 where the headers reach it together with the URI."""

RETRIEVED_AT_ONCE = 2000  # ids in one POST (REST guide, retrieve with a request body)
RETRIEVE = "/composite/sobjects/{object}"
"""How a retrieve is called in logs and errors."""


def query_path(soql: str, *, all_rows: bool) -> str:
    """The resource of a query below the data root."""
    return f"/{'queryAll' if all_rows else 'query'}?{urlencode({'q': soql})}"


def fits_uri(soql: str) -> bool:
    """Whether the query may go in a URL."""
    return len(query_path(soql, all_rows=True)) <= LONGEST_URI


def first_page(transport: Transport, soql: str, *, all_rows: bool = False) -> Mapping[str, Any]:
    """The first page of a query as the org sends it."""
    path = query_path(soql, all_rows=all_rows)
    return page_in(transport.send(Call(method="GET", path=path, template="/query")).data, "/query")


def rows(transport: Transport, page: Mapping[str, Any]) -> Iterator[Record]:
    """The rows of a page and of every page after it, as many as the first one counted (`COUNT()` has none).

    Raises:
        OrgFault: The pages end before or after the rows that were counted.
    """
    counted: int = page["totalSize"]
    seen = 0
    while True:
        for row in page["records"]:
            yield flat_record(row)
        seen += len(page["records"])
        following = page.get("nextRecordsUrl")
        if not following:
            break
        call = Call(method="GET", path=local_path(str(following)), template="/query/{cursor}", root=Root.ORG)
        page = page_in(transport.send(call).data, call.template)
    if page.get("done") is False or (seen and seen != counted):
        said = f"a query counted {counted} rows and gave {seen}"
        raise OrgFault(said, place="/query", fix="run again", code="INCOMPLETE_RESULT")


def page_in(data: Any, place: str) -> Mapping[str, Any]:
    """A query's page, checked for its shape.

    Raises:
        OrgFault: Not a page.
    """
    if isinstance(data, dict) and isinstance(data.get("records"), list) and isinstance(data.get("totalSize"), int):
        return data
    raise OrgFault("the answer to a query has no rows and no count", place=place, code="INCOMPLETE_RESULT")


def retrieve_body(ids: Sequence[str], fields: Sequence[str]) -> dict[str, Any]:
    """The body of a retrieve of at most 2,000 records."""
    return {"ids": list(ids), "fields": list(dict.fromkeys([*fields, "Id"]))}


def retrieved(ids: Sequence[str], data: Any) -> Iterator[Record | None]:
    """The rows of a retrieve in the order asked, `None` where there is none that we may see.

    Raises:
        OrgFault: The answer doesn't match the ids asked for, row by row.
    """
    if not isinstance(data, list) or len(data) != len(ids):
        raise OrgFault("a retrieve didn't answer each id", place=RETRIEVE, code="INCOMPLETE_RESULT")
    for asked, row in zip(ids, data, strict=True):
        if row is None:
            yield None
            continue
        record = flat_record(row)
        if not same_id(str(record.get("Id")), asked):
            raise OrgFault("a retrieve answered with another record", place=RETRIEVE, code="INCOMPLETE_RESULT")
        yield record


def updated(transport: Transport, object_name: str, start: datetime, end: datetime) -> Changes:
    """getUpdated. `covered_until` is at most `end`, and earlier while a long transaction runs."""
    return updated_in(_window(transport, object_name, "updated", start, end))


def deleted(transport: Transport, object_name: str, start: datetime, end: datetime) -> Changes:
    """getDeleted, with the time of each deletion."""
    return deleted_in(_window(transport, object_name, "deleted", start, end))


def updated_in(data: Any) -> Changes:
    """The answer to getUpdated.

    Raises:
        OrgFault: Not such an answer.
    """
    _check_window(data, "ids", "updated")
    return Changes(
        ids=tuple(id_ for raw in data["ids"] if (id_ := normal_id(str(raw)))),
        covered_until=moment_of(data["latestDateCovered"]),
    )


def deleted_in(data: Any) -> Changes:
    """The answer to getDeleted.

    Raises:
        OrgFault: Not such an answer.
    """
    _check_window(data, "deletedRecords", "deleted")
    times = {id_: moment_of(row["deletedDate"]) for row in data["deletedRecords"] if (id_ := normal_id(str(row["id"])))}
    return Changes(ids=tuple(times), covered_until=moment_of(data["latestDateCovered"]), deleted_at=times)


def limits(transport: Transport) -> Mapping[str, tuple[int, int]]:
    """Every limit of `/limits` as (maximum, remaining)."""
    data = transport.send(get("/limits", "/limits")).data
    return {
        name: (int(entry["Max"]), int(entry["Remaining"]))
        for name, entry in (data.items() if isinstance(data, dict) else ())
        if isinstance(entry, dict) and "Max" in entry and "Remaining" in entry
    }


def layouts(transport: Transport, object_name: str) -> Any:
    """`describe/layouts` of an object; nothing where the org refuses it, for nothing depends on it alone."""
    template = "/sobjects/{object}/describe/layouts"
    try:
        return transport.send(get(f"/sobjects/{segment(object_name)}/describe/layouts", template)).data
    except (AccessRefused, OrgFault):
        return None


def window(start: datetime, end: datetime) -> Mapping[str, str]:
    """The query of getUpdated and getDeleted; the org cuts the seconds off."""
    return {"start": iso_z(start.replace(microsecond=0)), "end": iso_z(end.replace(microsecond=0))}


def _window(transport: Transport, object_name: str, what: str, start: datetime, end: datetime) -> Any:
    template = f"/sobjects/{{object}}/{what}"
    path = f"/sobjects/{segment(object_name)}/{what}/"
    return transport.send(get(path, template, query=window(start, end))).data


def _check_window(data: Any, listed: str, what: str) -> None:
    if isinstance(data, dict) and isinstance(data.get(listed), list) and isinstance(data.get("latestDateCovered"), str):
        return
    place = f"/sobjects/{{object}}/{what}"
    raise OrgFault("the answer lists no changes and no date", place=place, code="INCOMPLETE_RESULT")
