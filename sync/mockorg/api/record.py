"""A stored row as REST's JSON record."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from ..clock import wire
from ..schema import Field, FieldType, ObjectType

if TYPE_CHECKING:
    from ..schema import Value
    from ..store import Row

Json = Mapping[str, object]

_ADDRESS_PARTS = ("City", "Country", "GeocodeAccuracy", "Latitude", "Longitude", "PostalCode", "State", "Street")


def columns_of(type_: ObjectType, fields: Collection[Field]) -> tuple[str, ...]:
    """The columns that `record_json` reads for these fields."""
    parts = [part.name for each in fields if not each.stored for part in type_.parts_of(each.name)]
    return tuple(dict.fromkeys(["Id", *(each.name for each in fields if each.stored), *parts]))


def record_json(type_: ObjectType, row: Row, fields: Collection[Field], *, data_url: str) -> Json:
    """The record with `attributes` and the given fields, in their order."""
    record_id = str(row["Id"])
    answer: dict[str, object] = {"attributes": attributes(type_.name, record_id, data_url=data_url)}
    for field in fields:
        answer[field.name] = compound(type_, field, row) if not field.stored else json_value(field, row[field.name])
    return answer


def attributes(object_name: str, record_id: str, *, data_url: str) -> Json:
    """The `attributes` of a record: its type and its address."""
    return {"type": object_name, "url": f"{data_url}/sobjects/{object_name}/{record_id}"}


def json_value(field: Field, value: Value) -> Value:
    """One stored value as JSON: booleans as such, times in REST's form."""
    if value is None:
        return None
    match field.type:
        case FieldType.BOOLEAN:
            return bool(value)
        case FieldType.DATETIME:
            return wire(str(value))
        case _:
            return value


def compound(type_: ObjectType, field: Field, row: Row) -> Json | None:
    """A compound address from its parts; null if all of them are."""
    parts = {part.name: row.get(part.name) for part in type_.parts_of(field.name)}
    if all(value is None for value in parts.values()):
        return None
    by_suffix = {suffix: _ending(parts, suffix) for suffix in _ADDRESS_PARTS}
    return {suffix[0].lower() + suffix[1:]: value for suffix, value in by_suffix.items()}


def _ending(parts: Mapping[str, Value], suffix: str) -> Value:
    return next((value for name, value in parts.items() if name.endswith(suffix)), None)
