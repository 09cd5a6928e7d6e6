"""Updates by the thousand: Bulk API 2.0 ingest, results joined by record id.

A job's end says nothing of its rows: JobComplete may hold failed rows, Failed doesn't undo the ones already done. So
each row is looked up among successful, failed and unprocessed results, which come in any order, and one that isn't in
exactly one of them is unknown. Nothing runs before the upload is closed: whatever fails earlier was not sent.
"""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from sync import events
from sync.errors import LeadgateError
from sync.model import normal_id
from sync.salesforce.bulk_job import Job, JobKind, Patience, State, job_of, read, set_state, wait
from sync.salesforce.calls import Call, Content, json_body
from sync.salesforce.composite import WRITE_HEADERS, stopped
from sync.salesforce.faults import Kind, explain
from sync.salesforce.org import Accepted, Answer, NotSent, RecordUpdate, Refused, Unknown
from sync.salesforce.transport import Transport
from sync.salesforce.values import NULL_IN_CSV, csv_value
from sync.salesforce.words import without_values

LARGEST_UPLOAD = 90_000_000
"""Bytes of CSV in one job; Salesforce recommends at most 100 MB, since base64 makes it 150."""


def bulk_update(
    transport: Transport,
    updates: Sequence[RecordUpdate],
    *,
    patience: Patience,
    on_job: Callable[[str], None],
    on_look: Callable[[], None],
) -> list[Answer]:
    """Update records of one object; answers in order, nothing raised for the org's or the network's reasons.

    `on_job` hears a job's id, `on_look` each time that the job was looked at and hadn't ended.

    Raises:
        ValueError: Records of several objects, or an id that isn't one: the caller's mistake.
    """
    if len({update.object for update in updates}) > 1:
        raise ValueError("a bulk job updates records of one object")
    sendable = [update for update in updates if _sendable(update)]
    answers: list[Answer] = []
    for group in _groups(sendable):
        answered = _job(transport, group, patience, on_job, on_look)
        answers += answered
        if all(isinstance(answer, NotSent | Unknown) for answer in answered):
            answers += stopped(len(sendable) - len(answers))
            break
    answered_in_order = iter(answers)
    return [next(answered_in_order) if _sendable(update) else _UNSENDABLE for update in updates]


_UNSENDABLE = NotSent(code="UNSENDABLE_VALUE", message=f"in a bulk job the text {NULL_IN_CSV} would clear the field")


def _sendable(update: RecordUpdate) -> bool:
    return NULL_IN_CSV not in update.values.values()


def upload(updates: Sequence[RecordUpdate]) -> bytes:
    """The CSV of a job: `Id` and the union of the fields; a field that a record doesn't set stays as it is."""
    fields = list(dict.fromkeys(name for update in updates for name in update.values if name != "Id"))
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["Id", *fields])
    for update in updates:
        cells = [csv_value(update.values[name]) if name in update.values else "" for name in fields]
        writer.writerow([update.id, *cells])
    return text.getvalue().encode("utf-8")


def _groups(updates: Sequence[RecordUpdate]) -> Iterator[list[RecordUpdate]]:
    """Groups that one job takes: no record twice, and no more than an upload holds."""
    group: list[RecordUpdate] = []
    ids: set[str] = set()
    size = 0
    for update in updates:
        row = sum(len(csv_value(value).encode()) + 4 for value in update.values.values()) + 24
        if update.id in ids or size + row > LARGEST_UPLOAD:
            yield group
            group, ids, size = [], set(), 0
        group.append(update)
        ids.add(update.id)
        size += row
    if group:
        yield group


def _job(
    transport: Transport,
    group: Sequence[RecordUpdate],
    patience: Patience,
    on_job: Callable[[str], None],
    on_look: Callable[[], None],
) -> list[Answer]:
    job: Job | None = None
    try:
        job = _created(transport, group[0].object)
        on_job(job.id)
        transport.send(job.call("PUT", "/batches", content=Content.NOTHING, body=upload(group), body_type="text/csv"))
    except LeadgateError as error:
        if job is not None:
            _abandon(transport, job)
        return [NotSent(code=error.code, message=error.message) for _ in group]
    try:
        # Nobody waits for a write to be noticed at once: pauses as long as the wait so far cost the fewest calls.
        unhurried = replace(patience, share=1.0)
        job = wait(transport, _closed(transport, job), unhurried, lambda _records: on_look())
        return _results(transport, job, group)
    except LeadgateError as error:
        return [Unknown(code=error.code, message=f"bulk job {job.id}: {error.message}") for _ in group]


def _created(transport: Transport, object_name: str) -> Job:
    body = {
        "object": object_name,
        "operation": "update",
        "contentType": "CSV",
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }
    call = Call(
        method="POST", path="/jobs/ingest", template="/jobs/ingest", body=json_body(body), headers=WRITE_HEADERS
    )
    return job_of(JobKind.INGEST, transport.send(call).data)


def _closed(transport: Transport, job: Job) -> Job:
    """Close the upload, which starts the job; if the answer is lost or odd, the job itself tells where it stands."""
    try:
        return set_state(transport, job, State.UPLOAD_COMPLETE)
    except LeadgateError:
        found = read(transport, JobKind.INGEST, job.id)
        if found.state is State.OPEN:
            raise
        return found


def _abandon(transport: Transport, job: Job) -> None:
    """Abort a job that was never started; if even that fails, it stays open and does nothing."""
    with contextlib.suppress(LeadgateError):
        set_state(transport, job, State.ABORTED)
        events.info("salesforce.bulk_job", job_id=job.id, state=State.ABORTED.value)


def _results(transport: Transport, job: Job, group: Sequence[RecordUpdate]) -> list[Answer]:
    found: dict[str, Answer | None] = {}
    asked = [normal_id(update.id) or "" for update in group]
    known = frozenset(asked) - {""}

    def file(written: str, answer: Answer) -> None:
        id_ = written if written in known else normal_id(written)
        if id_ is not None:
            found[id_] = answer if id_ not in found else None  # twice: nobody knows which is true

    done = Accepted(id="")  # the row's id tells whose
    for id_, _ in _rows(transport, job, "/successfulResults/"):
        file(id_, done)
    # A file that the job's own figures and the rows seen so far say is empty isn't worth a call; were the figures
    # wrong, its records would be missing below, and unknown.
    if job.failed or len(found) != len(group):
        for id_, error in _rows(transport, job, "/failedResults/"):
            file(id_, _refused(error))
    if len(found) != len(group):
        unprocessed = NotSent(code="UNPROCESSED", message=f"bulk job {job.id} ended as {job.state} before it")
        for id_, _ in _rows(transport, job, "/unprocessedrecords/"):
            file(id_, unprocessed)
    lost = Unknown(code="INCOMPLETE_RESULT", message=f"bulk job {job.id} doesn't account for this record exactly once")
    answers: list[Answer] = []
    for update, id_ in zip(group, asked, strict=True):
        answer = found.get(id_)
        answers.append(Accepted(id=update.id) if answer is done else answer or lost)
    return answers


def _rows(transport: Transport, job: Job, path: str) -> Iterator[tuple[str, str]]:
    """Id and error of each row of a result file; columns by their names, whatever their order."""
    text = transport.send(job.call("GET", path, content=Content.CSV)).content.decode("utf-8")
    lines = csv.reader(io.StringIO(text, newline=""))
    names = {name: place for place, name in enumerate(next(lines, []))}
    ids = [names[name] for name in ("Id", "sf__Id") if name in names]
    error = names.get("sf__Error")
    for cells in lines:  # by hand: csv.DictReader takes most of the time that a large job's results take
        id_ = next((cells[place] for place in ids if place < len(cells) and cells[place]), "")
        yield id_, "" if error is None or error >= len(cells) else cells[error]


def _refused(error: str) -> Refused:
    """From `CODE:message:fields--`, where the message may hold colons itself."""
    code, _, rest = error.partition(":")
    message, _, fields = rest.rpartition(":")
    named = fields.removesuffix("--").strip()
    code = code.strip() or "UNKNOWN_EXCEPTION"
    return Refused(
        code=code,
        message=without_values(message if fields else rest),
        fields=tuple(name.strip() for name in named.replace(",", " ").split()),
        retryable=explain(code, message).kind is Kind.RETRYABLE,
    )
