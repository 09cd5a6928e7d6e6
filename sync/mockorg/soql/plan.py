"""What a compiled query is: SQL with its parameters, the shape of its records, and the plans of its child queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..schema import ObjectType, Value
    from .shape import Shape
    from .terms import Term


class Kind(StrEnum):
    """What a query answers: records, groups, or a bare count."""

    RECORDS = "records"
    AGGREGATE = "aggregate"
    COUNT = "count"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultColumn:
    """One column of the answer, for CSV headers and column metadata.

    `index` is its place among the SQL columns, if it has one there; `nested` are the columns of a child query.
    """

    name: str
    index: int | None = None
    term: Term | None = None
    nested: tuple[ResultColumn, ...] = ()
    aggregate: bool = False


PARENTS = "parents"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildPlan:
    """A parent-to-child query, for the parents whose ids are bound as the JSON list `:parents`.

    Its last SQL column is the parent's id; rows of one parent come together and in their order.
    """

    key: str
    sql: str
    parameters: Mapping[str, Value]
    shape: Shape
    columns: tuple[ResultColumn, ...]
    children: tuple[ChildPlan, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A query ready to run. `width` is how many SQL columns it has."""

    kind: Kind
    type: ObjectType
    sql: str
    parameters: Mapping[str, Value]
    shape: Shape
    columns: tuple[ResultColumn, ...]
    children: tuple[ChildPlan, ...] = ()
    width: int = 1
    group_by: bool = False
    long_text: bool = False
    purposes: tuple[str, ...] = ()
