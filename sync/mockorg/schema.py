"""What objects and fields the org has: the facts behind describe, SOQL's names and every check of a write.

Names are found in any case, as in Salesforce, and always answered in their own spelling. The standard objects come
from `standard/`, custom ones from org.yaml.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from .errors import SalesforceError, unknown_object_header

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Value: TypeAlias = str | int | float | bool | None


class FieldType(StrEnum):
    """Field types by their describe names."""

    ID = "id"
    REFERENCE = "reference"
    STRING = "string"
    TEXTAREA = "textarea"
    PICKLIST = "picklist"
    MULTIPICKLIST = "multipicklist"
    COMBOBOX = "combobox"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"
    ENCRYPTED = "encryptedstring"
    BOOLEAN = "boolean"
    INT = "int"
    LONG = "long"
    DOUBLE = "double"
    CURRENCY = "currency"
    PERCENT = "percent"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    ADDRESS = "address"
    LOCATION = "location"
    BASE64 = "base64"
    COMPLEX = "complexvalue"
    ANY = "anyType"


ID_TYPES = frozenset({FieldType.ID, FieldType.REFERENCE})
NUMBER_TYPES = frozenset({FieldType.DOUBLE, FieldType.CURRENCY, FieldType.PERCENT})
INTEGER_TYPES = frozenset({FieldType.INT, FieldType.LONG})
COMPOUND_TYPES = frozenset({FieldType.ADDRESS, FieldType.LOCATION})
TEXT_TYPES = (
    frozenset(FieldType)
    - ID_TYPES
    - NUMBER_TYPES
    - INTEGER_TYPES
    - COMPOUND_TYPES
    - {
        FieldType.BOOLEAN,
        FieldType.DATE,
        FieldType.DATETIME,
        FieldType.TIME,
        FieldType.COMPLEX,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PicklistValue:
    """One value of a picklist."""

    value: str
    label: str
    active: bool = True
    default: bool = False


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field, with the flags of the real describe.

    `compound` names the compound field this one is a part of (`Address`, `Name`). `child_relationship` is the name
    under which the parent sees the records of this object. `cascade_delete` deletes them with the parent,
    `restricted_delete` refuses to delete the parent while there are any.
    """

    name: str
    label: str
    type: FieldType
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    filterable: bool = True
    sortable: bool = True
    groupable: bool = True
    aggregatable: bool = True
    permissionable: bool = True
    defaulted_on_create: bool = False
    custom: bool = False
    calculated: bool = False
    formula: str | None = None
    case_sensitive: bool = False
    unique: bool = False
    external_id: bool = False
    id_lookup: bool = False
    name_field: bool = False
    auto_number: bool = False
    html_formatted: bool = False
    encrypted: bool = False
    query_by_distance: bool = False
    search_prefilterable: bool = False
    default_value: Value = None
    picklist: tuple[PicklistValue, ...] = ()
    restricted_picklist: bool = False
    dependent_picklist: bool = False
    controller_name: str | None = None
    reference_to: tuple[str, ...] = ()
    relationship_name: str | None = None
    child_relationship: str | None = None
    cascade_delete: bool = False
    restricted_delete: bool = False
    compound: str | None = None
    extra_type_info: str | None = None
    help_text: str | None = None

    @property
    def polymorphic(self) -> bool:
        """Whether it may point to records of more than one object (`namePointing` of describe)."""
        return len(self.reference_to) > 1

    @property
    def stored(self) -> bool:
        """Whether the store has a column for it; compound addresses and locations are put together when read."""
        return self.type not in COMPOUND_TYPES

    @property
    def required(self) -> bool:
        """Whether a record cannot be created without a value for it."""
        return (
            not self.nillable
            and self.createable
            and not self.defaulted_on_create
            and self.type is not FieldType.BOOLEAN
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildRelationship:
    """How a parent sees the records that point to it."""

    name: str | None
    child_object: str
    field: str
    cascade_delete: bool = False
    restricted_delete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTypeInfo:
    """A record type as describe lists it."""

    id: str
    name: str
    developer_name: str
    active: bool = True
    master: bool = False


@dataclass(frozen=True, kw_only=True)
class ObjectType:
    """One object. `fields` keep describe's order; look names up with `field()`."""

    name: str
    label: str
    label_plural: str
    key_prefix: str | None
    fields: tuple[Field, ...]
    custom: bool = False
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    undeletable: bool = True
    mergeable: bool = False
    queryable: bool = True
    replicateable: bool = True
    retrieveable: bool = True
    searchable: bool = True
    triggerable: bool = True
    layoutable: bool = True
    mru_enabled: bool = True
    feed_enabled: bool = False
    deep_cloneable: bool = False
    scopes: tuple[tuple[str, str], ...] = ()
    child_relationships: tuple[ChildRelationship, ...] = ()
    record_types: tuple[RecordTypeInfo, ...] = ()
    associate_parent: str | None = None
    associate_type: str | None = None

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        return {each.name.lower(): each for each in self.fields}

    @cached_property
    def _by_relationship(self) -> dict[str, Field]:
        return {each.relationship_name.lower(): each for each in self.fields if each.relationship_name}

    @cached_property
    def _children_by_name(self) -> dict[str, ChildRelationship]:
        return {each.name.lower(): each for each in self.child_relationships if each.name}

    @property
    def id_prefix(self) -> str:
        """The key prefix of the records' ids; history rows share one that describe does not tell."""
        return self.key_prefix or "017"

    @cached_property
    def stored_fields(self) -> tuple[Field, ...]:
        """The fields that have a column, in order."""
        return tuple(each for each in self.fields if each.stored)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(each.name for each in self.stored_fields)

    @cached_property
    def column_list(self) -> str:
        """The columns as a select list."""
        return ", ".join(f'"{name}"' for name in self.columns)

    @cached_property
    def formulas(self) -> tuple[tuple[str, str], ...]:
        """The formula fields, each with its formula, in order."""
        return tuple((each.name, each.formula) for each in self.fields if each.formula is not None)

    @cached_property
    def name_field(self) -> Field | None:
        """The field that names a record (`Name`, `Subject` …), if the object has one."""
        return next((each for each in self.fields if each.name_field), None)

    def field(self, name: str) -> Field | None:
        """The field of that name in any case, or None."""
        return self._by_name.get(name.lower())

    def by_relationship(self, name: str) -> Field | None:
        """The reference field whose relationship has that name (`Owner` → OwnerId), or None."""
        return self._by_relationship.get(name.lower())

    def child(self, name: str) -> ChildRelationship | None:
        """The child relationship of that name (`OpportunityContactRoles`), or None."""
        return self._children_by_name.get(name.lower())

    def parts_of(self, compound: str) -> tuple[Field, ...]:
        """The fields that a compound field (`Address`, `Name`) is made of."""
        return tuple(each for each in self.fields if each.compound and each.compound.lower() == compound.lower())


@dataclass(slots=True)
class Schema:
    """All objects of the org, by name in any case. `version` grows with each change, for describe's `Last-Modified`."""

    _objects: dict[str, ObjectType] = field(default_factory=dict)
    version: int = 0

    def __iter__(self) -> Iterator[ObjectType]:
        return iter(sorted(self._objects.values(), key=lambda each: each.name.lower()))

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._objects

    def find(self, name: str) -> ObjectType | None:
        """The object of that name in any case, or None."""
        return self._objects.get(name.lower())

    def object(self, name: str) -> ObjectType:
        """The object of that name in any case.

        Raises:
            SalesforceError: INVALID_TYPE, in SOQL's words, when the org has no such object.
        """
        found = self.find(name)
        if found is None:
            raise SalesforceError(
                "INVALID_TYPE",
                f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to "
                "append the '__c' after the entity name. Please reference your WSDL or the describe call for the "
                "appropriate names.",
                headers=unknown_object_header(name),
            )
        return found

    def by_prefix(self, record_id: str) -> ObjectType | None:
        """The object whose records have ids like this one."""
        prefix = record_id[:3]
        return next((each for each in self._objects.values() if each.key_prefix == prefix), None)

    def custom_prefixes(self) -> tuple[str, ...]:
        """Key prefixes of the custom objects."""
        return tuple(each.key_prefix for each in self if each.custom and each.key_prefix)

    def put(self, *objects: ObjectType) -> None:
        """Add or replace objects, then work out child relationships anew."""
        for each in objects:
            self._objects[each.name.lower()] = each
        self._relate()

    def add_custom_object(self, new: ObjectType) -> None:
        """Add an object of org.yaml."""
        self.put(new)

    def add_custom_field(self, object_name: str, new: Field) -> None:
        """Add a field to an object, at the end as in describe, or replace the one of that name in its place."""
        self.add_fields(object_name, (new,))

    def add_fields(self, object_name: str, new: Iterable[Field]) -> None:
        """Add or replace several fields at once."""
        owner = self.object(object_name)
        fields = {each.name.lower(): each for each in owner.fields}
        fields.update({each.name.lower(): each for each in new})
        self.put(replace(owner, fields=tuple(fields.values())))

    def _relate(self) -> None:
        self.version += 1
        children: dict[str, list[ChildRelationship]] = {}
        for child in self:
            for each in child.fields:
                if each.name == "MasterRecordId":
                    continue  # a merged record is no child of the survivor
                for parent in each.reference_to:
                    children.setdefault(parent.lower(), []).append(
                        ChildRelationship(
                            name=each.child_relationship,
                            child_object=child.name,
                            field=each.name,
                            cascade_delete=each.cascade_delete,
                            restricted_delete=each.restricted_delete,
                        )
                    )
        for name, parent_type in self._objects.items():
            found = tuple(children.get(name, ()))
            if found != parent_type.child_relationships:
                self._objects[name] = replace(parent_type, child_relationships=found)
