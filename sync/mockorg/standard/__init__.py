"""The standard objects, as data: one JSON file per object beside this module.

Each field's `flags` are letters for describe's booleans, so that a file reads like the table in the object reference:
c createable, u updateable, n nillable, f filterable, s sortable, g groupable, a aggregatable, d defaultedOnCreate, p
permissionable, r restrictedPicklist. `also` holds the rarer flags by name, `to` the objects that a reference may
point to, `children` the relationship name under which the parent sees these records, and `onDelete` whether they go
with it.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from ..schema import Field, FieldType, ObjectType, PicklistValue


def _picklist(entries: list[str | list[str]], default: object) -> tuple[PicklistValue, ...]:
    pairs = [(entry, entry) if isinstance(entry, str) else (entry[0], entry[1]) for entry in entries]
    return tuple(PicklistValue(value=value, label=label, default=value == default) for value, label in pairs)


def _field(raw: dict[str, Any]) -> Field:
    flags, also = raw["flags"], raw.get("also", ())
    return Field(
        name=raw["name"],
        label=raw["label"],
        type=FieldType(raw["type"]),
        length=raw.get("length", 18 if raw["type"] in {"id", "reference"} else 0),
        precision=raw.get("precision", 0),
        scale=raw.get("scale", 0),
        digits=raw.get("digits", 0),
        createable="c" in flags,
        updateable="u" in flags,
        nillable="n" in flags,
        filterable="f" in flags,
        sortable="s" in flags,
        groupable="g" in flags,
        aggregatable="a" in flags,
        defaulted_on_create="d" in flags,
        permissionable="p" in flags,
        restricted_picklist="r" in flags,
        dependent_picklist="dependentPicklist" in also,
        controller_name=raw.get("controller"),
        auto_number="autoNumber" in also,
        calculated="calculated" in also,
        case_sensitive="caseSensitive" in also,
        encrypted="encrypted" in also,
        external_id="externalId" in also,
        html_formatted="htmlFormatted" in also,
        id_lookup="idLookup" in also,
        name_field="nameField" in also,
        query_by_distance="queryByDistance" in also,
        search_prefilterable="searchPrefilterable" in also,
        unique="unique" in also,
        default_value=raw.get("default"),
        picklist=_picklist(raw.get("picklist", []), raw.get("default")),
        reference_to=tuple(raw.get("to", ())),
        relationship_name=raw.get("relationship"),
        child_relationship=raw.get("children"),
        cascade_delete=raw.get("onDelete") == "cascade",
        restricted_delete=raw.get("onDelete") == "restrict",
        compound=raw.get("compound"),
        extra_type_info=raw.get("extra"),
    )


def _object(raw: dict[str, Any]) -> ObjectType:
    can = set(raw["can"])
    return ObjectType(
        name=raw["name"],
        label=raw["label"],
        label_plural=raw["plural"],
        key_prefix=raw["prefix"],
        fields=tuple(_field(each) for each in raw["fields"]),
        createable="createable" in can,
        updateable="updateable" in can,
        deletable="deletable" in can,
        undeletable="undeletable" in can,
        mergeable="mergeable" in can,
        queryable="queryable" in can,
        replicateable="replicateable" in can,
        retrieveable="retrieveable" in can,
        searchable="searchable" in can,
        triggerable="triggerable" in can,
        layoutable="layoutable" in can,
        mru_enabled="mruEnabled" in can,
        feed_enabled="feedEnabled" in can,
        deep_cloneable="deepCloneable" in can,
        scopes=tuple(raw["scopes"].items()),
        associate_type=raw.get("associate", (None, None))[0],
        associate_parent=raw.get("associate", (None, None))[1],
    )


@cache
def standard_objects() -> tuple[ObjectType, ...]:
    """All standard objects, read once per process; they are immutable."""
    files = (entry for entry in resources.files(__package__).iterdir() if entry.name.endswith(".json"))
    return tuple(
        _object(json.loads(entry.read_text(encoding="utf-8"))) for entry in sorted(files, key=lambda e: e.name)
    )
