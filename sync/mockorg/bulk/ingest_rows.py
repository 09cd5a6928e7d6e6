"""The rows of an ingest job, one after another, through the same writes as every other door uses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, TypeAlias, assert_never

from .. import rows
from ..behaviours import behaviour
from ..errors import RowError, RowRefused
from ..governor import Transaction
from ..ids import to18
from ..rows_result import DmlOptions, RowResult
from .csv_format import UploadIsUnreadable, given_values

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..access import User
    from ..org import Org
    from ..schema import ObjectType


CHUNK = 200


class IngestOperation(StrEnum):
    """What an ingest job does with its rows."""

    INSERT = "insert"
    UPDATE = "update"
    UPSERT = "upsert"
    DELETE = "delete"
    HARD_DELETE = "hardDelete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a job asks for, apart from its rows."""

    operation: IngestOperation
    object_name: str
    external_id: str | None = None
    assignment_rule: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A row and what became of it. `given_id` is the Id that the row came with, if any."""

    row: tuple[str, ...]
    given_id: str
    result: RowResult

    @property
    def error(self) -> str:
        """`sf__Error` of a row that failed: `code:message:fields --`."""
        first = self.result.errors[0]
        fields = f"{','.join(first.fields)} " if first.fields else ""
        return f"{first.code}:{first.message}:{fields}--"


@behaviour(
    "Bulk ingest fails on unknown columns", "confirmed", "batch errors in logs: an unknown column fails the whole job"
)
def check_columns(org: Org, user: User, object_name: str, columns: Sequence[str]) -> None:
    """A column that is no field of the object for this user fails the job before any row; the first one is named.

    Raises:
        UploadIsUnreadable: InvalidBatch.
    """
    type_ = org.schema.object(object_name)
    visible = org.access.visible_fields(user, type_)
    seen: set[str] = set()
    for column in columns:
        if not _known(org, type_, column, visible):
            raise UploadIsUnreadable(f"InvalidBatch : Field name not found : {column}")
        if column.lower() in seen:
            raise UploadIsUnreadable(f"InvalidBatch : Field name appears more than once : {column}")
        seen.add(column.lower())


def _known(org: Org, type_: ObjectType, column: str, visible: frozenset[str]) -> bool:
    """A field, or a relationship with an external id: `Owner.Username`, `Account:Who.Key__c`."""
    relationship, dot, key = column.partition(".")
    if not dot:
        field = type_.field(column)
        return field is not None and field.name in visible
    reference = type_.by_relationship(relationship.rpartition(":")[2])
    if reference is None or reference.name not in visible:
        return False
    parents = [org.schema.find(name) for name in reference.reference_to]
    name = key.rpartition(":")[2]
    found = [parent.field(name) for parent in parents if parent is not None]
    return any(each is not None and (each.id_lookup or each.external_id) for each in found)


RowFault: TypeAlias = "Callable[[str], RowError | None]"


def work_off(
    org: Org,
    user: User,
    work: Work,
    columns: Sequence[str],
    given: Sequence[tuple[str, ...]],
    *,
    row_fault: RowFault | None = None,
) -> list[Done]:
    """Do the job's operation with each row; a row that fails stops no other.

    `row_fault` may refuse rows beforehand: it is asked with the row's text.
    """
    done: list[Done] = []
    with org.lock:
        for start in range(0, len(given), CHUNK):
            chunk = given[start : start + CHUNK]
            spent = _spent(org, work, len(chunk))
            with org.store.savepoint():
                done += [_done(org, user, work, columns, row, spent=spent, row_fault=row_fault) for row in chunk]
    return done


def _done(
    org: Org,
    user: User,
    work: Work,
    columns: Sequence[str],
    row: tuple[str, ...],
    *,
    spent: RowError | None,
    row_fault: RowFault | None,
) -> Done:
    values = given_values(columns, row)
    given_id = next((value or "" for name, value in values.items() if name.lower() == "id"), "")
    error = spent or (row_fault(" ".join(row)) if row_fault else None)
    result = _refused(error) if error else _one(org, user, work, given_id, values)
    return Done(row=row, given_id=to18(given_id) or given_id, result=result)


@behaviour("Bulk ingest runs in transactions of 200 rows", "uncertain", "field practice; Bulk API 2.0 Guide")
def _spent(org: Org, work: Work, rows_in_chunk: int) -> RowError | None:
    """Two hundred rows are one transaction: where triggers pass a governor limit, all of them fail."""
    if work.operation in {IngestOperation.DELETE, IngestOperation.HARD_DELETE}:
        return None
    event: Literal["insert", "update"] = "update" if work.operation is IngestOperation.UPDATE else "insert"
    try:
        Transaction(org.settings).spend(work.object_name, event, rows_in_chunk)
    except RowRefused as refused:
        return refused.errors[0]
    return None


@behaviour(
    "Bulk ingest runs assignment rules by id only",
    "confirmed",
    "Bulk API 2.0 Guide, ingest: assignment rules run only when the job names one",
)
def _one(org: Org, user: User, work: Work, given_id: str, values: dict[str, str | None]) -> RowResult:
    """Insert and update run no assignment rule unless the job names one in `assignmentRuleId`."""
    options = DmlOptions(auto_assign=work.assignment_rule or False)
    misplaced = _misplaced_id(work, given_id)
    if misplaced is not None:
        return misplaced
    rest = {name: value for name, value in values.items() if name.lower() != "id"}
    match work.operation:
        case IngestOperation.INSERT:
            return rows.create(org, user, work.object_name, rest, options)
        case IngestOperation.UPDATE:
            return rows.update(org, user, work.object_name, given_id, rest, options)
        case IngestOperation.UPSERT:
            return _upsert(org, user, work, values, options)
        case IngestOperation.DELETE:
            return rows.delete(org, user, work.object_name, given_id)
        case IngestOperation.HARD_DELETE:
            return _hard_delete(org, user, work, given_id)
        case _:
            assert_never(work.operation)


def _upsert(org: Org, user: User, work: Work, values: dict[str, str | None], options: DmlOptions) -> RowResult:
    key = work.external_id or "Id"
    value = next((each for name, each in values.items() if name.lower() == key.lower()), None)
    if value is None and key.lower() != "id":
        return _failed("MISSING_ARGUMENT", f"{key} not specified", key)
    rest = {name: each for name, each in values.items() if name.lower() != key.lower()}
    return rows.upsert(org, user, work.object_name, key, value, rest, options)


@behaviour(
    "Bulk hard delete",
    "uncertain",
    "Bulk API 2.0 Guide, ingest: hardDelete passes the recycle bin; of rows in the bin inferred",
)
def _hard_delete(org: Org, user: User, work: Work, given_id: str) -> RowResult:
    """A record is deleted as by delete, then taken out of the recycle bin; one that lies there already goes too."""
    type_ = org.schema.object(work.object_name)
    record_id = to18(given_id)
    result = rows.delete(org, user, work.object_name, given_id)
    binned = record_id is not None and org.store.row(type_, record_id, deleted=True) is not None
    if record_id is None or not binned or not (result.success or result.errors[0].code == "ENTITY_IS_DELETED"):
        return result
    org.store.remove(type_, record_id)
    return RowResult(id=record_id, success=True)


def _misplaced_id(work: Work, given_id: str) -> RowResult | None:
    """An insert with an Id, or what needs one without."""
    if work.operation is IngestOperation.INSERT and given_id:
        return _failed("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", "Id")
    if work.operation in {IngestOperation.INSERT, IngestOperation.UPSERT} or given_id:
        return None
    call = "an update" if work.operation is IngestOperation.UPDATE else "a delete"
    return _failed("MISSING_ARGUMENT", f"Id not specified in {call} call")


def _failed(code: str, message: str, *fields: str) -> RowResult:
    return _refused(RowError(code=code, message=message, fields=fields))


def _refused(error: RowError) -> RowResult:
    return RowResult(id=None, success=False, errors=(error,))
