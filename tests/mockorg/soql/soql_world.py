"""A small org that queries can be asked of, and rows put straight into its store."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from sync.mockorg.clock import Clock
from sync.mockorg.errors import SalesforceError
from sync.mockorg.org import Org
from sync.mockorg.schema import Field, FieldType, PicklistValue, Value
from sync.mockorg.soql.cursor import Cursors
from sync.mockorg.soql.shape import Rendering

if TYPE_CHECKING:
    from sync.mockorg.access import User
    from sync.mockorg.soql.cursor import Page
    from sync.mockorg.soql.shape import Record

NOW = datetime(2026, 5, 13, 15, 30, tzinfo=UTC)  # a Wednesday
STAMP = "2026-05-01T07:25:37.000Z"


@dataclass(slots=True)
class World:
    """An org with its admin, and short ways to fill and to ask it."""

    org: Org
    user: User
    cursors: Cursors = field(init=False)

    def __post_init__(self) -> None:
        self.cursors = Cursors(self.org)

    def put(self, object_name: str, **values: Value) -> str:
        """Insert a row; the system fields are given where the test does not care."""
        type_ = self.org.schema.object(object_name)
        record_id = str(values.pop("Id", None) or self.org.ids.next(type_.key_prefix or "a00"))
        system = {
            "CreatedDate": STAMP,
            "SystemModstamp": STAMP,
            "LastModifiedDate": STAMP,
            "CreatedById": self.user.id,
            "LastModifiedById": self.user.id,
            "OwnerId": self.user.id,
            "IsDeleted": 0,
        }
        row = {name: value for name, value in system.items() if type_.field(name)} | values
        self.org.store.insert(type_, {"Id": record_id, **row})
        return record_id

    def lead(self, **values: Value) -> str:
        """Insert a lead."""
        return self.put("Lead", **{"LastName": "Doe", "Name": "Doe", "Company": "Acme", "Status": "Working", **values})

    def page(self, text: str, **options: object) -> Page:
        """The first page of a query."""
        return self.cursors.query(self.user, text, Rendering("66.0"), **options)  # type: ignore[arg-type]  # as given

    def ask(self, text: str, *, all_rows: bool = False) -> list[Record]:
        """The records of a query that fits one page."""
        return self.page(text, all_rows=all_rows).records

    def column(self, text: str, name: str = "Name", *, all_rows: bool = False) -> list[object]:
        """One field of each record."""
        return [record[name] for record in self.ask(text, all_rows=all_rows)]

    def refusal(self, text: str) -> SalesforceError:
        """The error that a query is answered with."""
        with pytest.raises(SalesforceError) as caught:
            self.page(text)
        return caught.value


def custom(name: str, type_: FieldType, **options: object) -> Field:
    """A custom field."""
    return Field(name=name, label=name, type=type_, custom=True, **options)  # type: ignore[arg-type]  # as given


def new_world() -> World:
    """An org at a fixed time with a few custom fields on Lead."""
    org = Org.create(seed=1, clock=Clock(NOW, frozen=True))
    values = tuple(PicklistValue(value=each, label=each) for each in ("Red", "Green", "Blue"))
    org.schema.add_fields(
        "Lead",
        (
            custom("Interests__c", FieldType.MULTIPICKLIST, length=4099, picklist=values),
            custom("Budget__c", FieldType.CURRENCY, precision=18, scale=2),
            custom("Go_Live__c", FieldType.DATE),
            custom("Called__c", FieldType.DATETIME),
            custom("Colour__c", FieldType.PICKLIST, length=255, picklist=values),
            custom("Notes__c", FieldType.TEXTAREA, length=32768, filterable=False, sortable=False, groupable=False),
        ),
    )
    org.store.sync_tables()
    return World(org, org.access.admin)
