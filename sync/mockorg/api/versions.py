"""Which API versions the org speaks, and the two resources that say so without and with a session.

31.0 to 67.0 are served, as of Summer '26; 30.0 and older are retired, and answer 410.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..behaviours import behaviour
from ..errors import SalesforceError
from ..http import json_response

if TYPE_CHECKING:
    from ..call import Call
    from ..http import Response

OLDEST = 31
NEWEST = 67

_VERSION = re.compile(r"v(\d{1,3})\.0\Z")
_SEASONS = ("Summer", "Winter", "Spring")

RESOURCES = {
    "sobjects": "sobjects",
    "query": "query",
    "queryAll": "queryAll",
    "limits": "limits",
    "composite": "composite",
    "jobs": "jobs",
    "identity": "",
}


def label(version: int) -> str:
    """The release's name: 66 is Spring '26, 67 Summer '26, 68 Winter '27."""
    past = version - OLDEST
    season = _SEASONS[past % 3]
    year = 14 + (past + 2) // 3
    return f"{season} '{year}"


@behaviour("API versions 31.0 to 67.0; 410 for retired ones", source="REST Developer Guide; API end of life")
def number(segment: str) -> int:
    """The version number of a path segment such as `v66.0`; a retired version is refused with 410.

    Raises:
        SalesforceError: 404 for text that is no version or one not yet released, 410 for a retired one.
    """
    found = _VERSION.match(segment)
    if found is None or int(found[1]) > NEWEST:
        raise SalesforceError("NOT_FOUND", "The requested resource does not exist", status=404)
    version = int(found[1])
    if version < OLDEST:
        raise SalesforceError(
            "UNSUPPORTED_API_VERSION",
            f"REST API version {version}.0 is no longer supported. Use {OLDEST}.0 or later.",
            status=410,
        )
    return version


@behaviour(
    "GET /services/data lists versions without a session", source="recording of a real org; REST Developer Guide"
)
def versions(_call: Call) -> Response:
    """Every version served, oldest first; needs no session and costs no API call."""
    return json_response(
        [
            {"label": label(version), "url": f"/services/data/v{version}.0", "version": f"{version}.0"}
            for version in range(OLDEST, NEWEST + 1)
        ]
    )


def resources(call: Call) -> Response:
    """The resources of one version by name, and the caller's identity URL."""
    listed = {name: f"{call.data_url}/{path}" for name, path in RESOURCES.items() if path}
    return json_response({**listed, "identity": call.identity_url})
