"""getUpdated and getDeleted over REST: ids that changed between two moments, and how far the answer reaches."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .. import replication
from ..clock import wire
from ..errors import SalesforceError
from ..http import Response, json_response
from .rows import object_of

if TYPE_CHECKING:
    from ..call import Call

_OFFSET = re.compile(r"([+-]\d{2})(\d{2})\Z")


def updated(call: Call) -> Response:
    """GET /sobjects/{object}/updated?start=…&end=…."""
    found = replication.updated(call.org, object_of(call).name, _moment(call, "start"), _moment(call, "end"))
    return json_response({"ids": list(found.ids), "latestDateCovered": wire(found.latest_date_covered)})


def deleted(call: Call) -> Response:
    """GET /sobjects/{object}/deleted?start=…&end=…."""
    found = replication.deleted(call.org, object_of(call).name, _moment(call, "start"), _moment(call, "end"))
    return json_response(
        {
            "deletedRecords": [{"deletedDate": wire(stamp), "id": record_id} for record_id, stamp in found.records],
            "earliestDateAvailable": wire(found.earliest_date_available),
            "latestDateCovered": wire(found.latest_date_covered),
        }
    )


def _moment(call: Call, name: str) -> datetime:
    """A time of the query string; a `+` that was not encoded arrives as a space."""
    given = call.query(name)
    if given is None:
        raise SalesforceError("MISSING_ARGUMENT", f"The {name} parameter is required")
    text = _OFFSET.sub(r"\1:\2", given.strip().replace(" ", "+"))
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise SalesforceError(
            "INVALID_REPLICATION_DATE", f"{name} is not a date and time with an offset: {given}"
        ) from error
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
