"""Several reads of different kinds in as few calls as the API allows: queries, getUpdated and getDeleted side by side.

This is what makes a pull of an unchanged org cost one or two calls. Each question has its own answer, a fault among
them: an object that the org doesn't have must not cost the others theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never
from urllib.parse import urlencode

from sync.errors import OrgFault
from sync.salesforce.calls import Call, Effect, Reply, segment
from sync.salesforce.composite import AT_ONCE, QUERIES_AT_ONCE, Part, sent
from sync.salesforce.failures import error_of, failure_of
from sync.salesforce.org import Ask, AskDeleted, AskRows, AskUpdated, Changes, Rows, Told
from sync.salesforce.rest import deleted_in, page_in, query_path, rows, updated_in, window
from sync.salesforce.transport import Transport

_READ = Call(method="GET", path="", template="/composite")


def ask(transport: Transport, questions: Sequence[Ask]) -> list[Told]:
    """The answers in order.

    Raises:
        AccessRefused, OrgUnavailable, OrgFault: When a call fails as a whole, or access is refused.
    """
    told: list[Told] = []
    for group in grouped(questions):
        replies = sent(transport, [_part(question) for question in group], Effect.READ)
        told += [_told(transport, question, reply) for question, reply in zip(group, replies, strict=True)]
    return told


def grouped(questions: Sequence[Ask]) -> Iterator[Sequence[Ask]]:
    """Runs of questions that fit one composite call: 25 parts, five of them queries."""
    start = queries = 0
    for number, question in enumerate(questions):
        query = isinstance(question, AskRows)
        if number - start == AT_ONCE or (query and queries == QUERIES_AT_ONCE):
            yield questions[start:number]
            start, queries = number, 0
        queries += query
    if questions:
        yield questions[start:]


def _part(question: Ask) -> Part:
    match question:
        case AskRows():
            return Part(method="GET", path=query_path(question.soql, all_rows=question.all_rows))
        case AskUpdated():
            return Part(method="GET", path=_window_path(question, "updated"))
        case AskDeleted():
            return Part(method="GET", path=_window_path(question, "deleted"))
        case _:
            assert_never(question)


def _window_path(question: AskUpdated | AskDeleted, what: str) -> str:
    return f"/sobjects/{segment(question.object)}/{what}/?{urlencode(window(question.start, question.end))}"


def _told(transport: Transport, question: Ask, reply: Reply) -> Told:
    try:
        failure = failure_of(_READ, reply)
        if failure is not None:
            raise error_of(failure, _template(question))
        return _answer(transport, question, reply)
    except OrgFault as fault:
        return fault


def _answer(transport: Transport, question: Ask, reply: Reply) -> Rows | Changes:
    match question:
        case AskRows():
            page = page_in(reply.data, "/query")
            return Rows(records=tuple(rows(transport, page)), total=page["totalSize"])
        case AskUpdated():
            return updated_in(reply.data)
        case AskDeleted():
            return deleted_in(reply.data)
        case _:
            assert_never(question)


def _template(question: Ask) -> str:
    match question:
        case AskRows():
            return "/query"
        case AskUpdated():
            return "/sobjects/{object}/updated"
        case AskDeleted():
            return "/sobjects/{object}/deleted"
        case _:
            assert_never(question)
