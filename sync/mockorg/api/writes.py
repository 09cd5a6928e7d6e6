"""One record written for a REST call: the org model's functions, with scripted row faults in front.

Single rows, collections, composite and graph all write through here, so a row lock or a late commit strikes them alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import rows
from ..errors import NotModelled, RowRefused, SalesforceError
from ..faults import Fault, FaultKind
from ..rows_result import DmlOptions, RowResult

if TYPE_CHECKING:
    from ..call import Call
    from ..row_checks import GivenValue
    from ..schema import ObjectType, Value

Values = Mapping[str, "GivenValue"]

_LATE = frozenset({FaultKind.LATE_COMMIT})


@dataclass(frozen=True, slots=True)
class Key:
    """An external id: the field's name and the value looked for."""

    field: str
    value: Value


def create(call: Call, type_: ObjectType, values: Values, options: DmlOptions) -> RowResult:
    """Create a record."""
    call.tally.records += 1
    locked = _row_lock(call, " ".join(str(value) for value in values.values()))
    if locked is not None:
        return locked
    late = call.doors.faults.strike(_LATE, route=call.operation)
    if late is not None:
        return _late_create(call, late, type_, _plain_values(values))
    return rows.create(call.org, call.user, type_.name, values, options)


def update(call: Call, type_: ObjectType, record_id: str, values: Values, options: DmlOptions) -> RowResult:
    """Change a record."""
    call.tally.records += 1
    locked = _row_lock(call, record_id)
    if locked is not None:
        return locked
    late = call.doors.faults.strike(_LATE, route=call.operation, text=record_id)
    if late is not None:
        return _late_update(call, late, type_, record_id, _plain_values(values))
    return rows.update(call.org, call.user, type_.name, record_id, values, options)


def upsert(call: Call, type_: ObjectType, key: Key, values: Values, options: DmlOptions) -> RowResult:
    """Update the record with this external id, or create it."""
    call.tally.records += 1
    locked = _row_lock(call, f"{key.value}")
    if locked is not None:
        return locked
    return rows.upsert(call.org, call.user, type_.name, key.field, key.value, values, options)


def delete(call: Call, type_: ObjectType, record_id: str) -> RowResult:
    """Delete a record."""
    call.tally.records += 1
    locked = _row_lock(call, record_id)
    if locked is not None:
        return locked
    return rows.delete(call.org, call.user, type_.name, record_id)


def undelete(call: Call, type_: ObjectType, record_id: str) -> RowResult:
    """Bring a record back from the recycle bin."""
    call.tally.records += 1
    locked = _row_lock(call, record_id)
    if locked is not None:
        return locked
    return rows.undelete(call.org, call.user, type_.name, record_id)


def _row_lock(call: Call, text: str) -> RowResult | None:
    error = call.doors.row_lock(call.operation, text)
    return None if error is None else RowResult(id=None, success=False, errors=(error,))


def _late_create(call: Call, late: Fault, type_: ObjectType, values: dict[str, Value]) -> RowResult:
    transaction = call.org.transactions.begin(call.user)
    try:
        record_id = call.org.transactions.insert(transaction, type_.name, values)
    except RowRefused as refused:
        call.org.transactions.roll_back(transaction)
        return RowResult(id=None, success=False, errors=refused.errors)
    call.doors.commit_later(transaction, seconds=late.seconds)
    return RowResult(id=record_id, success=True, created=True)


def _late_update(call: Call, late: Fault, type_: ObjectType, record_id: str, values: dict[str, Value]) -> RowResult:
    transaction = call.org.transactions.begin(call.user)
    try:
        call.org.transactions.update(transaction, type_.name, record_id, values)
    except RowRefused as refused:
        call.org.transactions.roll_back(transaction)
        return RowResult(id=None, success=False, errors=refused.errors)
    call.doors.commit_later(transaction, seconds=late.seconds)
    return RowResult(id=record_id, success=True)


def values_of(body: Mapping[str, object]) -> Values:
    """The field values of a record in JSON; a nested record names a parent by its external id.

    Raises:
        SalesforceError: a list, or a nested record with more than plain values: no field takes one.
    """
    values: dict[str, GivenValue] = {}
    for name, value in body.items():
        match value:
            case _ if name.lower() == "attributes":
                continue
            case None | bool() | int() | float() | str():
                values[name] = value
            case dict():
                values[name] = {key: _plain(name, part) for key, part in value.items() if key.lower() != "attributes"}
            case _:
                raise SalesforceError("JSON_PARSER_ERROR", f"Cannot deserialize the value of {name} from START_ARRAY")
    return values


def _plain_values(values: Values) -> dict[str, Value]:
    """Values without nested records, which long transactions do not take."""
    plain: dict[str, Value] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            raise NotModelled(f"a nested record in a late commit ({name})")
        plain[name] = value
    return plain


def _plain(name: str, value: object) -> Value:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise SalesforceError("JSON_PARSER_ERROR", f"Cannot deserialize the nested record of {name}")
