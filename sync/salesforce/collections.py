"""Unconditional updates, 200 to a call.

`PATCH /composite/sobjects` answers 200 for any well-formed request, one entry per record in the order sent; failed
entries carry no id. One call counts once against the quota, which is what makes it the route for hundreds of records.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sync.errors import LeadgateError
from sync.salesforce.calls import Call, Effect, json_body
from sync.salesforce.composite import WRITE_HEADERS, stopped, values_json
from sync.salesforce.failures import answers_for, incomplete
from sync.salesforce.faults import Kind, explain
from sync.salesforce.org import Accepted, Answer, NotSent, RecordUpdate, Refused, Unknown
from sync.salesforce.transport import Transport
from sync.salesforce.words import without_values

AT_ONCE = 200
_RUNS_AT_ONCE = 10  # consecutive records of one object make a run; Salesforce takes ten


def update(transport: Transport, updates: Sequence[RecordUpdate]) -> list[Answer]:
    """Update records, each for itself; answers in order, nothing raised.

    After two lost answers in a row, or a call refused as a whole, the rest stays unsent.
    """
    answers: list[Answer] = []
    lost_in_a_row = 0
    for group in groups(updates):
        try:
            answers += _sent(transport, group)
            lost_in_a_row = 0
        except LeadgateError as error:
            failed = answers_for(error, len(group))
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


def _sent(transport: Transport, group: Sequence[RecordUpdate]) -> list[Answer]:
    records = [{"attributes": {"type": entry.object}, "id": entry.id, **values_json(entry)} for entry in group]
    call = Call(
        method="PATCH",
        path="/composite/sobjects",
        template="/composite/sobjects",
        effect=Effect.WRITE,
        headers=WRITE_HEADERS,
        body=json_body({"allOrNone": False, "records": records}),
    )
    data = transport.send(call).data
    if not isinstance(data, list) or len(data) != len(group):
        raise incomplete(call, "a collection call didn't answer each record")
    return [_answer(entry, row) for entry, row in zip(group, data, strict=True)]


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
