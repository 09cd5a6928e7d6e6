"""Records made and deleted, at most 200 in one call and each call sent once: what `apply` needs to compensate.

A create has no idempotency key, so a lost answer is `Unknown` and never sent again in here. The caller decides what
goes into one call, since that is also what may be lost together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from sync.errors import LeadgateError
from sync.salesforce.calls import Call, Effect, json_body
from sync.salesforce.collections import AT_ONCE
from sync.salesforce.composite import WRITE_HEADERS
from sync.salesforce.failures import answers_for, incomplete
from sync.salesforce.faults import Kind, explain
from sync.salesforce.org import Accepted, Answer, NotSent, RecordCreate, Refused, Unknown
from sync.salesforce.transport import Transport
from sync.salesforce.values import json_value
from sync.salesforce.words import without_values

_TEMPLATE = "/composite/sobjects"


def create(transport: Transport, records: Sequence[RecordCreate], *, allow_duplicates: bool) -> list[Answer]:
    """Make records, each for itself; answers in order, nothing raised but for too many records.

    `allow_duplicates` lets pass what duplicate rules only alert of (REST guide, Sforce-Duplicate-Rule-Header).
    """
    duplicates = {"Sforce-Duplicate-Rule-Header": "allowSave=true"} if allow_duplicates else {}
    call = Call(
        method="POST",
        path=_TEMPLATE,
        template=_TEMPLATE,
        effect=Effect.WRITE,
        headers={**WRITE_HEADERS, **duplicates},
        body=json_body(
            {
                "allOrNone": False,
                "records": [
                    {"attributes": {"type": one.object}, **{name: json_value(v) for name, v in one.values.items()}}
                    for one in records
                ],
            }
        ),
    )
    return _answers(transport, call, len(records), created=True)


def delete(transport: Transport, record_ids: Sequence[str]) -> list[Answer]:
    """Delete records, each for itself; answers in order, nothing raised but for too many records."""
    call = Call(
        method="DELETE",
        path=f"{_TEMPLATE}?{urlencode({'ids': ','.join(record_ids), 'allOrNone': 'false'})}",
        template=_TEMPLATE,
        effect=Effect.WRITE,
    )
    return _answers(transport, call, len(record_ids), created=False)


def _answers(transport: Transport, call: Call, count: int, *, created: bool) -> list[Answer]:
    if count > AT_ONCE:
        raise ValueError(f"{count} records; one call takes {AT_ONCE}")
    try:
        data = transport.send(call).data
        if not isinstance(data, list) or len(data) != count:
            raise incomplete(call, "a collection call didn't answer each record")
    except LeadgateError as error:
        return answers_for(error, count)
    return [_answer(row, created=created) for row in data]


def _answer(row: Any, *, created: bool) -> Answer:
    match row:
        case {"success": True, "id": str(record_id)}:
            return Accepted(id=record_id, created=created)
        case {"success": False, "errors": [{"statusCode": str(code), "message": str(message), **rest}, *_]}:
            if code == "PROCESSING_HALTED":
                return NotSent(code=code, message=without_values(message))
            fields = rest.get("fields")
            return Refused(
                code=code,
                message=without_values(message),
                fields=tuple(str(name) for name in fields) if isinstance(fields, list) else (),
                retryable=explain(code, message).kind is Kind.RETRYABLE,
            )
        case _:
            return Unknown(code="INCOMPLETE_RESULT", message="the answer for this record can't be read")
