"""The org's limits and record counts: `/limits`, `/limits/recordCount`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..behaviours import behaviour
from ..errors import SalesforceError
from ..http import Response, json_response

if TYPE_CHECKING:
    from ..call import Call

_UNUSED = {
    "ConcurrentAsyncGetReportInstances": 200,
    "ConcurrentSyncReportRuns": 20,
    "DailyAsyncApexExecutions": 250_000,
    "DailyBulkApiBatches": 15_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyBulkV2QueryJobs": 10_000,
    "DailyDeliveredPlatformEvents": 10_000,
    "DailyFunctionsApiCallLimit": 235_000,
    "DailyStreamingApiEvents": 10_000,
    "DailyWorkflowEmails": 80,
    "DataStorageMB": 5,
    "FileStorageMB": 20,
    "HourlyDashboardRefreshes": 200,
    "HourlyODataCallout": 1000,
    "HourlySyncReportRuns": 500,
    "HourlyTimeBasedWorkflow": 50,
    "MassEmail": 10,
    "PermissionSets": 1500,
    "SingleEmail": 15,
    "StreamingApiConcurrentClients": 20,
}
"""Limits that this org does not count: their maxima on a Developer org."""


@behaviour("GET /limits", source="recording of a real org; other limits than API requests are never used up")
def limits(call: Call) -> Response:
    """`Max` and `Remaining` by limit; needs "View Setup and Configuration"."""
    if not call.user.view_setup:
        raise SalesforceError(
            "FUNCTIONALITY_NOT_ENABLED", "You do not have access to the limits of this organization.", status=403
        )
    used, allowed = call.org.limits.usage()
    answer = {"DailyApiRequests": {"Max": allowed, "Remaining": max(0, allowed - used)}}
    answer |= {name: {"Max": most, "Remaining": most} for name, most in _UNUSED.items()}
    return json_response(dict(sorted(answer.items())))


@behaviour("GET /limits/recordCount", source="recordings of a real org; the real count is an estimate")
def record_count(call: Call) -> Response:
    """Approximate record counts; objects that are unknown are left out."""
    asked = call.query("sObjects")
    names = [name.strip() for name in asked.split(",")] if asked else [each.name for each in call.org.schema]
    types = [found for found in (call.org.schema.find(name) for name in names) if found is not None]
    counts = [{"count": call.org.store.count(each), "name": each.name} for each in types]
    return json_response({"sObjects": counts})
