"""From rows of the database to Salesforce's records: `attributes`, parents, TYPEOF, compound fields, child results.

A shape is made once per query by `select`, then applied to each row of a page. Values stay in storage form until here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, assert_never

from ..clock import wire
from ..schema import NUMBER_TYPES, FieldType, Value

Row: TypeAlias = Sequence[Value]
Json: TypeAlias = Value | Mapping[str, "Json"] | Sequence["Json"]
Record: TypeAlias = dict[str, Json]


_AS_STORED = frozenset(FieldType) - NUMBER_TYPES - {FieldType.BOOLEAN, FieldType.DATETIME}


class TimeForm(StrEnum):
    """How a datetime is written: `+0000` in REST, `Z` in SOAP and CSV."""

    REST = "+0000"
    SOAP = "Z"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar."""

    key: str
    index: int
    type: FieldType


@dataclass(frozen=True, slots=True)
class Compound:
    """An address or location, of its parts; null when all of them are."""

    key: str
    parts: tuple[Leaf, ...]


@dataclass(frozen=True, slots=True)
class Parent:
    """A parent record. `label` is `attributes.type` where it is not the object's own name (`Name`)."""

    key: str
    id_index: int
    type_index: int
    outputs: tuple[Output, ...]
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Switch:
    """TYPEOF: what is shown of the parent depends on its object."""

    key: str
    id_index: int
    type_index: int
    branches: Mapping[str, tuple[Output, ...]]
    otherwise: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class Children:
    """The result of a parent-to-child query; `number` says which of the plan's children it is."""

    key: str
    number: int


Output: TypeAlias = Leaf | Compound | Parent | Switch | Children


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a record looks like. `id_index` None means an aggregate result, which has no URL."""

    type_name: str
    id_index: int | None
    outputs: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class Rendering:
    """How records are written: the API version and the resource in their URLs, the form of times."""

    version: str
    times: TimeForm = TimeForm.REST
    resource: str = "sobjects"

    def url(self, type_name: str, record_id: Value) -> str:
        """The record's URL."""
        return f"/services/data/v{self.version}/{self.resource}/{type_name}/{record_id}"

    def attributes(self, type_name: str, record_id: Value, *, label: str | None = None) -> Record:
        """The record's `attributes`."""
        return {"type": label or type_name, "url": self.url(type_name, record_id)}


ChildResult: TypeAlias = Callable[[int, Value], Json]


def render(shape: Shape, row: Row, by: Rendering, children: ChildResult) -> Record:
    """One record. `children(number, parent id)` gives a child query's answer, already written, or None."""
    record: Record = {
        "attributes": {"type": shape.type_name}
        if shape.id_index is None
        else by.attributes(shape.type_name, row[shape.id_index])
    }
    parent_id = None if shape.id_index is None else row[shape.id_index]
    _fill(record, shape.outputs, row, by, lambda number: children(number, parent_id))
    return record


def _fill(
    record: Record, outputs: tuple[Output, ...], row: Row, by: Rendering, children: Callable[[int], Json]
) -> None:
    for output in outputs:
        if isinstance(output, Leaf):
            value = row[output.index]
            record[output.key] = value if output.type in _AS_STORED else written(value, output.type, by.times)
            continue
        match output:
            case Compound(key, parts):
                record[key] = compound(parts, row, by.times)
            case Parent():
                record[output.key] = _parent(output, output.outputs, row, by, children)
            case Switch():
                chosen = output.branches.get(str(row[output.type_index]), output.otherwise)
                record[output.key] = _parent(output, chosen, row, by, children)
            case Children(key, number):
                record[key] = children(number)
            case _:
                assert_never(output)


def _parent(
    output: Parent | Switch, inner: tuple[Output, ...], row: Row, by: Rendering, children: Callable[[int], Json]
) -> Json:
    record_id, type_name = row[output.id_index], row[output.type_index]
    if record_id is None or type_name is None:
        return None
    label = output.label if isinstance(output, Parent) else None
    parent: Record = {"attributes": by.attributes(str(type_name), record_id, label=label)}
    _fill(parent, inner, row, by, children)
    return parent


def written(value: Value, type_: FieldType, times: TimeForm) -> Value:
    """A stored value as it goes into JSON."""
    if value is None:
        return False if type_ is FieldType.BOOLEAN else None
    if type_ is FieldType.BOOLEAN:
        return bool(value)
    if type_ is FieldType.DATETIME and times is TimeForm.REST:
        return wire(str(value))
    if type_ in NUMBER_TYPES:
        return float(value)
    return value


def compound(parts: tuple[Leaf, ...], row: Row, times: TimeForm) -> Json:
    """An address or location of its parts."""
    values = {part.key: written(row[part.index], part.type, times) for part in parts}
    return values if any(value is not None for value in values.values()) else None
