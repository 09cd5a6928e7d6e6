"""Many small requests in one call: queries by fives, describes and guarded updates by twenty-fives.

A composite call counts once against the quota. Its subrequests fail one by one, and carry their own conditions, which
collections and batches can't: this is the only way to send several updates that each give way to a human's edit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sync.errors import LeadgateError
from sync.model import Record
from sync.salesforce.calls import Call, Content, Effect, Reply, Spot, json_body, segment
from sync.salesforce.failures import answers_for, error_of, failure_of, incomplete
from sync.salesforce.faults import Kind
from sync.salesforce.org import Accepted, Answer, Changed, NotSent, RecordUpdate, Refused, Unknown
from sync.salesforce.rest import page_in, query_path, rows
from sync.salesforce.transport import Transport
from sync.salesforce.values import http_date, json_value

AT_ONCE = 25
QUERIES_AT_ONCE = 5
_TEMPLATE = "/composite"

WRITE_HEADERS: Mapping[str, str] = {"Sforce-Auto-Assign": "FALSE"}
"""Without it, an update may run the org's assignment rules and give the lead to somebody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One subrequest; `path` is below the data root."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def first_pages(transport: Transport, soqls: Sequence[str], *, all_rows: bool) -> Iterator[Mapping[str, Any]]:
    """The first page of each query, in order, five queries a call.

    Raises:
        AccessRefused, OrgFault: Also when a single query is refused.
    """
    for start in range(0, len(soqls), QUERIES_AT_ONCE):
        group = soqls[start : start + QUERIES_AT_ONCE]
        parts = [Part(method="GET", path=query_path(soql, all_rows=all_rows)) for soql in group]
        for reply in sent(transport, parts, Effect.READ):
            failure = failure_of(_READ, reply)
            if failure is not None:
                raise error_of(failure, "/query")
            yield page_in(reply.data, "/query")


def query_many(transport: Transport, soqls: Sequence[str], *, all_rows: bool = False) -> list[list[Record]]:
    """All rows of each query, in order."""
    return [list(rows(transport, page)) for page in first_pages(transport, soqls, all_rows=all_rows)]


def describes(transport: Transport, object_names: Sequence[str]) -> dict[str, Mapping[str, Any] | None]:
    """The describe of each object as the org sends it; `None` where there is no such object for us."""
    found: dict[str, Mapping[str, Any] | None] = {}
    for start in range(0, len(object_names), AT_ONCE):
        group = object_names[start : start + AT_ONCE]
        parts = [Part(method="GET", path=f"/sobjects/{segment(name)}/describe") for name in group]
        for name, reply in zip(group, sent(transport, parts, Effect.READ), strict=True):
            failure = failure_of(_READ, reply)
            if failure is not None and failure.code not in {"NOT_FOUND", "INVALID_TYPE"}:
                raise error_of(failure, "/sobjects/{object}/describe")
            found[name] = None if failure is not None else reply.data
    return found


def update_guarded(transport: Transport, updates: Sequence[RecordUpdate]) -> list[Answer]:
    """Updates that each apply only if the record is as it was seen; answers in order, nothing raised.

    A call that was lost may be followed by another, but after two in a row, or one that was refused as a whole, the
    rest stays unsent.
    """
    answers: list[Answer] = []
    lost_in_a_row = 0
    for start in range(0, len(updates), AT_ONCE):
        group = updates[start : start + AT_ONCE]
        try:
            replies = sent(transport, [_guarded(update) for update in group], Effect.WRITE)
        except LeadgateError as error:
            failed = answers_for(error, len(group))
            answers += failed
            lost_in_a_row = lost_in_a_row + 1 if isinstance(failed[0], Unknown) else 2
            if lost_in_a_row >= 2:
                return answers + stopped(len(updates) - len(answers))
            continue
        lost_in_a_row = 0
        answers += [_answer(update, reply) for update, reply in zip(group, replies, strict=True)]
    return answers


def stopped(count: int) -> list[Answer]:
    """Answers for records that an earlier failure kept from being sent."""
    return [NotSent(code="STOPPED_EARLIER", message="an earlier call failed as a whole") for _ in range(count)]


def values_json(update: RecordUpdate) -> dict[str, Any]:
    """An update's values as a JSON body holds them."""
    return {name: json_value(value) for name, value in update.values.items()}


_READ = Call(method="GET", path="", template=_TEMPLATE)
_WRITE = Call(method="PATCH", path="", template=_TEMPLATE, effect=Effect.WRITE, content=Content.NOTHING)


def _guarded(update: RecordUpdate) -> Part:
    condition = {} if update.unmodified_since is None else {"If-Unmodified-Since": http_date(update.unmodified_since)}
    return Part(
        method="PATCH",
        path=f"/sobjects/{segment(update.object)}/{segment(update.id)}",
        body=values_json(update),
        headers={**WRITE_HEADERS, **condition},
    )


def _answer(update: RecordUpdate, reply: Reply) -> Answer:
    if reply.status == 412:
        return Changed()
    failure = failure_of(_WRITE, reply)
    if failure is None:
        return Accepted(id=update.id)
    if failure.code == "PROCESSING_HALTED" or failure.kind is Kind.REFRESH:
        return NotSent(code=failure.code, message=failure.message)
    if failure.kind is Kind.IN_DOUBT:
        return Unknown(code=failure.code, message=failure.message)
    told = reply.data[0] if isinstance(reply.data, list) and reply.data and isinstance(reply.data[0], dict) else {}
    return Refused(
        code=failure.code,
        message=failure.message,
        fields=tuple(str(name) for name in told.get("fields") or ()),
        retryable=failure.kind is Kind.RETRYABLE,
    )


def sent(transport: Transport, parts: Sequence[Part], effect: Effect, *, resource: str = _TEMPLATE) -> list[Reply]:
    """Send up to 25 parts; their replies in order, joined by reference. Tooling has a composite resource of its own.

    Raises:
        AnswerLost: Of a write, also when the answer doesn't cover every part.
        OrgFault: Of a read, when it doesn't.
    """

    def body(spot: Spot) -> bytes:
        return json_body({"allOrNone": False, "compositeRequest": [_part(n, p, spot) for n, p in enumerate(parts)]})

    call = Call(
        method="POST",
        path=resource,
        template=resource,
        effect=effect,
        body=body,
        headers=WRITE_HEADERS if effect is Effect.WRITE else {},
    )
    data = transport.send(call).data
    listed = data.get("compositeResponse") if isinstance(data, dict) else None
    replies = {
        str(row.get("referenceId")): Reply(
            status=row["httpStatusCode"],
            headers={},
            content=b"-" if row.get("body") else b"",
            data=row.get("body"),
        )
        for row in (listed if isinstance(listed, list) else ())
        if isinstance(row, dict) and isinstance(row.get("httpStatusCode"), int)
    }
    if any(_reference(number) not in replies for number in range(len(parts))):
        raise incomplete(call, "a composite call didn't answer each of its parts")
    return [replies[_reference(number)] for number in range(len(parts))]


def _part(number: int, part: Part, spot: Spot) -> dict[str, Any]:
    return {
        "method": part.method,
        "url": spot.data(part.path),
        "referenceId": _reference(number),
        **({"httpHeaders": dict(part.headers)} if part.headers else {}),
        **({"body": dict(part.body)} if part.body is not None else {}),
    }


def _reference(number: int) -> str:
    return f"part{number}"
