"""Several records in one call: governor limits over all of them, partial success, or all or none.

Used by collections and by SOAP's create, update, upsert, delete.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Literal, TypeVar

from ..behaviours import behaviour
from ..errors import RowError, RowRefused
from ..governor import Transaction
from ..rows_result import RowResult

if TYPE_CHECKING:
    from ..org import Org

MOST_RECORDS = 200

ROLLED_BACK = RowError(
    code="ALL_OR_NONE_OPERATION_ROLLED_BACK",
    message="Record rolled back because not all records were valid and the request was using AllOrNone header",
)

T = TypeVar("T")
Event = Literal["insert", "update"]


class _RollBack(Exception):
    """Leaves the savepoint of an all-or-none call."""


def write_each(org: Org, records: Sequence[T], one: Callable[[T], RowResult], *, all_or_none: bool) -> list[RowResult]:
    """Write each record with `one`, which may raise `RowRefused`; under all-or-none, undo them all if one fails."""
    results: list[RowResult] = []
    try:
        with org.store.savepoint():
            results += [_written(one, record) for record in records]
            if all_or_none:
                _check_all(results)
    except _RollBack:
        return [_rolled_back(result) for result in results]
    return results


def _written(one: Callable[[T], RowResult], record: T) -> RowResult:
    try:
        return one(record)
    except RowRefused as refused:
        return RowResult(id=None, success=False, errors=refused.errors)


def _check_all(results: Sequence[RowResult]) -> None:
    if not all(result.success for result in results):
        raise _RollBack


@behaviour("allOrNone rolls back the rest", source="REST Developer Guide")
def _rolled_back(result: RowResult) -> RowResult:
    """What would have succeeded is answered ALL_OR_NONE_OPERATION_ROLLED_BACK."""
    return RowResult(id=None, success=False, errors=(ROLLED_BACK,)) if result.success else result


@behaviour("A call's triggers share one transaction's governor limits", mark="uncertain", source="Apex governor limits")
def governed(org: Org, object_names: Sequence[str], event: Event) -> list[tuple[RowError, ...]]:
    """What the governor says to each record of a call, in order; nothing to most.

    Records run in chunks of consecutive equal type; where a chunk's triggers pass a limit, each record of it fails.
    """
    transaction = Transaction(org.settings)
    errors: list[tuple[RowError, ...]] = []
    for name, chunk in groupby(object_names):
        count = len(list(chunk))
        errors += [_spent(transaction, name, event, count)] * count
    return errors


def _spent(transaction: Transaction, name: str, event: Event, count: int) -> tuple[RowError, ...]:
    try:
        transaction.spend(name, event, count)
    except RowRefused as refused:
        return refused.errors
    return ()


def check_governor(org: Org, object_name: str, event: Event) -> None:
    """The governor's word on a call of one record.

    Raises:
        RowRefused: its triggers alone pass a limit.
    """
    Transaction(org.settings).spend(object_name, event, 1)
