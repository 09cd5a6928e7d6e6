"""Short ways to make an org and its records in tests, with only what matters in sight."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sync.mockorg import rows
from sync.mockorg.clock import Clock
from sync.mockorg.conversion import ConvertHeaders, LeadConvert, LeadConvertResult, convert
from sync.mockorg.org import Org

if TYPE_CHECKING:
    from sync.mockorg.access import User
    from sync.mockorg.store import Row

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
CONVERTED = "Closed - Converted"
CLERK = """
  - {username: clerk@example.com, last_name: Clerk, profile: Standard User}
"""


def an_org(org_yaml: str) -> Org:
    return Org.create(seed=7, org_yaml=org_yaml, clock=Clock(NOW, frozen=True))


def make(org: Org, object_name: str, user: User | None = None, **values: object) -> str:
    """Create a record that must succeed; its id."""
    result = rows.create(org, user or org.access.admin, object_name, values)  # type: ignore[arg-type]  # test values
    assert result.success, result.errors
    assert result.id is not None
    return result.id


def a_lead(org: Org, user: User | None = None, **values: object) -> str:
    return make(org, "Lead", user, **({"LastName": "Miller", "Company": "Acme"} | values))


def row(org: Org, object_name: str, record_id: str | None) -> Row:
    """The record as it is, deleted or not."""
    assert record_id is not None
    found = org.store.row(org.schema.object(object_name), record_id, deleted=True)
    assert found is not None
    return found


def every(org: Org, object_name: str, **equal: object) -> list[Row]:
    return org.store.rows_where(org.schema.object(object_name), equal)  # type: ignore[arg-type]  # test values


def converted(
    org: Org, lead_id: str | None, user: User | None = None, *, headers: ConvertHeaders | None = None, **asked: object
) -> LeadConvertResult:
    """Convert one lead, with the converted status unless said otherwise."""
    request = LeadConvert(**({"lead_id": lead_id, "converted_status": CONVERTED} | asked))  # type: ignore[arg-type]
    return convert(org, user or org.access.admin, [request], headers or ConvertHeaders())[0]


def refusal(result: LeadConvertResult | rows.RowResult) -> tuple[str, str]:
    """Code and message of a record that was refused for one reason."""
    assert not result.success
    assert len(result.errors) == 1
    return result.errors[0].code, result.errors[0].message
