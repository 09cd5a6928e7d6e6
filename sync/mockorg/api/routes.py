"""Every resource of the mock org: method, path, name, handler."""

from __future__ import annotations

from ..call import Handler, Route
from ..oauth import token
from ..oauth_web import authorize
from ..router import Router
from ..soap import partner
from . import (
    batch,
    bulk_ingest,
    bulk_query,
    collections,
    composite,
    describe,
    graph,
    identity,
    limits,
    query,
    replication,
    rows,
    tooling,
    versions,
)

_DATA = "/services/data/{version}"

_SINCE = (
    ("collections.", 42),
    ("composite.graph", 50),
    ("composite.batch", 34),
    ("composite", 38),
    ("bulk.ingest.", 41),
    ("bulk.query.", 47),
    ("tooling.composite", 40),
)
"""The first API version of resources younger than the oldest version served, by the start of their names."""

_JOB_FILTERS = frozenset({"isPkChunkingEnabled", "concurrencyMode"})


def _route(
    method: str,
    template: str,
    name: str,
    handler: Handler,
    *,
    session: bool = True,
    charged: bool = True,
    unmodelled: frozenset[str] = frozenset(),
) -> Route:
    since = next((version for start, version in _SINCE if name.startswith(start)), 0)
    return Route(
        method=method,
        template=template,
        name=name,
        handler=handler,
        session=session,
        charged=charged,
        since=since,
        unmodelled=unmodelled,
    )


def _open(method: str, template: str, name: str, handler: Handler) -> Route:
    return _route(method, template, name, handler, session=False, charged=False)


def _soap(template: str) -> Route:
    return Route(
        method="POST",
        template=template,
        name="soap",
        handler=partner.answer,
        session=False,
        charged=False,
        operation=partner.operation_name,
    )


ROUTES = (
    _open("GET", "/services/data", "versions", versions.versions),
    _open("POST", "/services/oauth2/token", "token", token),
    _open("GET", "/services/oauth2/authorize", "authorize", authorize),
    _open("POST", "/services/oauth2/revoke", "revoke", identity.revoke),
    _open("GET", "/services/oauth2/revoke", "revoke", identity.revoke),
    _route("GET", "/services/oauth2/userinfo", "userinfo", identity.userinfo, charged=False),
    _route("POST", "/services/oauth2/userinfo", "userinfo", identity.userinfo, charged=False),
    _open("GET", "/id/{org}/{user}", "identity", identity.identity),
    _open("POST", "/id/{org}/{user}", "identity", identity.identity),
    _route("GET", _DATA, "resources", versions.resources),
    _route("GET", f"{_DATA}/limits", "limits", limits.limits),
    _route("GET", f"{_DATA}/limits/recordCount", "limits.recordCount", limits.record_count),
    _route("GET", f"{_DATA}/query", "query", query.query),
    _route("GET", f"{_DATA}/query/{{locator}}", "query.more", query.more),
    _route("GET", f"{_DATA}/queryAll", "queryAll", query.query_all),
    _route("GET", f"{_DATA}/queryAll/{{locator}}", "query.more", query.more),
    _route("GET", f"{_DATA}/sobjects", "describe.global", describe.describe_global),
    _route("GET", f"{_DATA}/sobjects/{{object}}", "describe.basic", describe.basic),
    _route("GET", f"{_DATA}/sobjects/{{object}}/describe", "describe", describe.describe),
    _route("GET", f"{_DATA}/sobjects/{{object}}/describe/layouts", "describe.layouts", describe.layouts),
    _route("GET", f"{_DATA}/sobjects/{{object}}/describe/layouts/{{record_type}}", "describe.layouts", describe.layout),
    _route("GET", f"{_DATA}/sobjects/{{object}}/updated", "replication.updated", replication.updated),
    _route("GET", f"{_DATA}/sobjects/{{object}}/deleted", "replication.deleted", replication.deleted),
    _route("POST", f"{_DATA}/sobjects/{{object}}", "rows.create", rows.create),
    _route("GET", f"{_DATA}/sobjects/{{object}}/{{id}}", "rows.read", rows.read),
    _route("POST", f"{_DATA}/sobjects/{{object}}/{{id}}", "rows.upsert", rows.create_by_key),
    _route("PATCH", f"{_DATA}/sobjects/{{object}}/{{id}}", "rows.update", rows.update),
    _route("DELETE", f"{_DATA}/sobjects/{{object}}/{{id}}", "rows.delete", rows.delete),
    _route("GET", f"{_DATA}/sobjects/{{object}}/{{field}}/{{value}}", "rows.read", rows.read_by_key),
    _route("PATCH", f"{_DATA}/sobjects/{{object}}/{{field}}/{{value}}", "rows.upsert", rows.upsert),
    _route("DELETE", f"{_DATA}/sobjects/{{object}}/{{field}}/{{value}}", "rows.delete", rows.delete_by_key),
    _route("POST", f"{_DATA}/composite/sobjects", "collections.create", collections.create),
    _route("PATCH", f"{_DATA}/composite/sobjects", "collections.update", collections.update),
    _route("DELETE", f"{_DATA}/composite/sobjects", "collections.delete", collections.delete),
    _route("GET", f"{_DATA}/composite/sobjects/{{object}}", "collections.retrieve", collections.retrieve),
    _route("POST", f"{_DATA}/composite/sobjects/{{object}}", "collections.retrieve", collections.retrieve_by_post),
    _route("PATCH", f"{_DATA}/composite/sobjects/{{object}}/{{field}}", "collections.upsert", collections.upsert),
    _route("POST", f"{_DATA}/composite", "composite", composite.composite),
    _route("POST", f"{_DATA}/composite/graph", "composite.graph", graph.graph),
    _route("POST", f"{_DATA}/composite/batch", "composite.batch", batch.batch),
    _route("GET", f"{_DATA}/tooling/query", "tooling.query", tooling.query),
    _route("GET", f"{_DATA}/tooling/sobjects/{{object}}/{{id}}", "tooling.read", tooling.rule),
    _route("POST", f"{_DATA}/tooling/composite", "tooling.composite", tooling.composite),
    _route("POST", f"{_DATA}/jobs/query", "bulk.query.create", bulk_query.create),
    _route("GET", f"{_DATA}/jobs/query", "bulk.query.list", bulk_query.every, unmodelled=_JOB_FILTERS),
    _route("GET", f"{_DATA}/jobs/query/{{job}}", "bulk.query.look", bulk_query.look),
    _route("PATCH", f"{_DATA}/jobs/query/{{job}}", "bulk.query.abort", bulk_query.change),
    _route("DELETE", f"{_DATA}/jobs/query/{{job}}", "bulk.query.delete", bulk_query.delete),
    _route("GET", f"{_DATA}/jobs/query/{{job}}/results", "bulk.query.results", bulk_query.results),
    _route("GET", f"{_DATA}/jobs/query/{{job}}/resultPages", "bulk.query.resultPages", bulk_query.result_pages),
    _route("POST", f"{_DATA}/jobs/ingest", "bulk.ingest.create", bulk_ingest.create),
    _route("GET", f"{_DATA}/jobs/ingest", "bulk.ingest.list", bulk_ingest.every, unmodelled=_JOB_FILTERS),
    _route("GET", f"{_DATA}/jobs/ingest/{{job}}", "bulk.ingest.look", bulk_ingest.look),
    _route("PATCH", f"{_DATA}/jobs/ingest/{{job}}", "bulk.ingest.change", bulk_ingest.change),
    _route("DELETE", f"{_DATA}/jobs/ingest/{{job}}", "bulk.ingest.delete", bulk_ingest.delete),
    _route("PUT", f"{_DATA}/jobs/ingest/{{job}}/batches", "bulk.ingest.upload", bulk_ingest.upload),
    _route("GET", f"{_DATA}/jobs/ingest/{{job}}/successfulResults", "bulk.ingest.successful", bulk_ingest.successful),
    _route("GET", f"{_DATA}/jobs/ingest/{{job}}/failedResults", "bulk.ingest.failed", bulk_ingest.failed),
    _route(
        "GET", f"{_DATA}/jobs/ingest/{{job}}/unprocessedrecords", "bulk.ingest.unprocessed", bulk_ingest.unprocessed
    ),
    _soap("/services/Soap/u/{soap_version}"),
    _soap("/services/Soap/u/{soap_version}/{org}"),
    _soap("/services/Soap/c/{soap_version}"),
    _soap("/services/Soap/c/{soap_version}/{org}"),
)


def router() -> Router[Route]:
    """A router over all routes."""
    found: Router[Route] = Router()
    for each in ROUTES:
        found.add(each.method, each.template, each)
    return found
