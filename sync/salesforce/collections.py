"""Unconditional updates and reads by id: collections of records, several of them in one call.

`PATCH /composite/sobjects` takes 200 records and answers 200 for any well-formed request, one entry per record in the
order sent; failed entries carry no id. A composite call carries five collections and counts once against the quota,
which makes it the route for hundreds of updates, and for reading back ten thousand records.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sync.errors import LeadgateError
from sync.model import Record
from sync.salesforce.calls import Call, Effect, Reply, json_body, segment
from sync.salesforce.composite import WRITE_HEADERS, Part, sent, stopped, values_json
from sync.salesforce.failures import answers_for, error_of, failure_of
from sync.salesforce.faults import Kind, explain
from sync.salesforce.org import Accepted, Answer, NotSent, RecordUpdate, Refused, Unknown
from sync.salesforce.rest import RETRIEVE, RETRIEVED_AT_ONCE, retrieve_body, retrieved
from sync.salesforce.transport import Transport
from sync.salesforce.words import without_values

AT_ONCE = 200
COLLECTIONS_AT_ONCE = 5  # in a composite call, queries included
_RUNS_AT_ONCE = 10  # consecutive records of one object make a run; Salesforce takes ten


T = TypeVar("T")

_PATH = "/composite/sobjects"
_READ = Call(method="POST", path="", template=_PATH)
_WRITE = Call(method="PATCH", path="", template=_PATH, effect=Effect.WRITE)


def update(transport: Transport, updates: Sequence[RecordUpdate]) -> list[Answer]:
    """Update records, each for itself; answers in order, nothing raised.

    After two lost answers in a row, or a call refused as a whole, the rest stays unsent.
    """
    answers: list[Answer] = []
    lost_in_a_row = 0
    for several in _calls(updates):
        try:
            answers += _sent(transport, several)
            lost_in_a_row = 0
        except LeadgateError as error:
            failed = answers_for(error, sum(map(len, several)))
            answers += failed
            lost_in_a_row = lost_in_a_row + 1 if isinstance(failed[0], Unknown) else 2
            if lost_in_a_row >= 2:
                return answers + stopped(len(updates) - len(answers))
    return answers


def groups(updates: Sequence[RecordUpdate]) -> Iterator[list[RecordUpdate]]:
    """Consecutive groups that one call takes: at most 200 records and 10 runs of one object, no record twice."""
    group: list[RecordUpdate] = []
    ids: set[str] = set()
    runs = 0
    for entry in updates:
        new_run = not group or group[-1].object != entry.object
        if len(group) == AT_ONCE or entry.id in ids or (new_run and runs == _RUNS_AT_ONCE):
            yield group
            group, ids, runs, new_run = [], set(), 0, True
        group.append(entry)
        ids.add(entry.id)
        runs += new_run
    if group:
        yield group


def retrieve(
    transport: Transport, object_name: str, ids: Sequence[str], fields: Sequence[str]
) -> Iterator[Record | None]:
    """Rows by id in the order asked, as `rest.retrieve`; more than 2,000 go by 10,000 in a call.

    Raises:
        AccessRefused, OrgFault: Also when the answer doesn't match the ids asked for, row by row.
    """
    path = f"/composite/sobjects/{segment(object_name)}"
    chunks = [ids[start : start + RETRIEVED_AT_ONCE] for start in range(0, len(ids), RETRIEVED_AT_ONCE)]
    for several in _by_fives(chunks):
        bodies = [retrieve_body(wanted, fields) for wanted in several]
        if len(several) == 1:
            replies = [transport.send(Call(method="POST", path=path, template=RETRIEVE, body=json_body(bodies[0])))]
        else:
            replies = sent(transport, [Part(method="POST", path=path, body=body) for body in bodies], Effect.READ)
        for wanted, reply in zip(several, replies, strict=True):
            failure = failure_of(_READ, reply)
            if failure is not None:
                raise error_of(failure, RETRIEVE)
            yield from retrieved(wanted, reply.data)


def _calls(updates: Sequence[RecordUpdate]) -> Iterator[list[list[RecordUpdate]]]:
    """Groups by call; a record that stands in an earlier group waits for the next call, since order matters to it."""
    several: list[list[RecordUpdate]] = []
    ids: set[str] = set()
    for group in groups(updates):
        now = {entry.id for entry in group}
        if len(several) == COLLECTIONS_AT_ONCE or ids & now:
            yield several
            several, ids = [], set()
        several.append(group)
        ids |= now
    if several:
        yield several


def _by_fives(groups: Iterable[T]) -> Iterator[list[T]]:
    waiting = iter(groups)
    while several := list(islice(waiting, COLLECTIONS_AT_ONCE)):
        yield several


def _sent(transport: Transport, several: Sequence[Sequence[RecordUpdate]]) -> list[Answer]:
    bodies = [{"allOrNone": False, "records": [_record(entry) for entry in group]} for group in several]
    if len(several) > 1:
        parts = [Part(method="PATCH", path=_PATH, headers=WRITE_HEADERS, body=body) for body in bodies]
        replies = sent(transport, parts, Effect.WRITE)
    else:
        replies = [
            transport.send(
                Call(
                    method="PATCH",
                    path=_PATH,
                    template=_PATH,
                    effect=Effect.WRITE,
                    headers=WRITE_HEADERS,
                    body=json_body(bodies[0]),
                )
            )
        ]
    return [answer for group, reply in zip(several, replies, strict=True) for answer in _answers(group, reply)]


def _record(entry: RecordUpdate) -> dict[str, Any]:
    return {"attributes": {"type": entry.object}, "id": entry.id, **values_json(entry)}


def _answers(group: Sequence[RecordUpdate], reply: Reply) -> list[Answer]:
    """What one collection of a call came to: an answer for each record, or one failure of them all."""
    failure = failure_of(_WRITE, reply)
    if failure is not None:
        kind = Unknown if failure.kind is Kind.IN_DOUBT else NotSent
        return [kind(code=failure.code, message=failure.message) for _ in group]
    if not isinstance(reply.data, list) or len(reply.data) != len(group):
        lost = Unknown(code="INCOMPLETE_RESULT", message="a collection didn't answer each record")
        return [lost for _ in group]
    return [_answer(entry, row) for entry, row in zip(group, reply.data, strict=True)]


def _answer(entry: RecordUpdate, row: Any) -> Answer:
    match row:
        case {"success": True}:
            return Accepted(id=entry.id)
        case {"success": False, "errors": [{"statusCode": str(code), "message": str(message), **rest}, *_]}:
            fields = rest.get("fields")
            kind = explain(code, message).kind
            if code == "PROCESSING_HALTED":
                return NotSent(code=code, message=without_values(message))
            return Refused(
                code=code,
                message=without_values(message),
                fields=tuple(str(name) for name in fields) if isinstance(fields, list) else (),
                retryable=kind is Kind.RETRYABLE,
            )
        case _:
            return Unknown(code="INCOMPLETE_RESULT", message="the answer for this record can't be read")
