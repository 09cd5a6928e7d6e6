"""What objects the org has, as this user may see them: describe, describe global, and an object's basic information."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from .. import describe as model
from ..behaviours import behaviour
from ..clock import http_date
from ..errors import NotModelled, SalesforceError, not_modelled_header
from ..http import Response, empty, json_response
from ..layouts import describe_layouts
from .conditions import check_unmodified, none_matches, not_modified
from .record import attributes
from .rows import object_of

if TYPE_CHECKING:
    from ..call import Call
    from ..schema import ObjectType

RECENT = 10
_NO_LAYOUTS = "page layouts (the layouts of describe/layouts)"


def describe_global(call: Call) -> Response:
    """GET /sobjects."""
    return _cacheable(call, model.describe_global(call.org, call.user, version=f"{call.version}.0"))


def describe(call: Call) -> Response:
    """GET /sobjects/{object}/describe."""
    found = model.describe_object(
        call.org,
        call.user,
        object_of(call),
        version=f"{call.version}.0",
        instance_url=call.doors.address(call.request),
    )
    return _cacheable(call, found)


def basic(call: Call) -> Response:
    """GET /sobjects/{object}: the object's flags, and records lately changed in place of lately viewed ones."""
    type_ = object_of(call)
    entry = model.global_entry(call.org, call.user, type_, version=f"{call.version}.0")
    return json_response({"objectDescribe": entry, "recentItems": _recent(call, type_)})


def layouts(call: Call) -> Response:
    """GET /sobjects/{object}/describe/layouts: record types with their picklist values, without page layouts."""
    type_ = object_of(call)
    if not type_.layoutable:
        raise SalesforceError("NOT_FOUND", "The requested resource does not exist", status=404)
    found = describe_layouts(call.org, call.user, type_, version=f"{call.version}.0")
    answer = _cacheable(call, found)
    if len(type_.record_types) > 1:  # a real org leaves the layouts out as well
        return answer
    return replace(answer, headers=(*answer.headers, *not_modelled_header(_NO_LAYOUTS).items()))


def layout(call: Call) -> Response:
    """GET /sobjects/{object}/describe/layouts/{record_type}: a page layout, which this org has none of."""
    object_of(call)
    raise NotModelled("page layouts", code="NOT_FOUND", status=404)


def _recent(call: Call, type_: ObjectType) -> list[dict[str, object]]:
    if type_.field("LastViewedDate") is None or type_.field("IsDeleted") is None:
        return []
    viewed = call.org.store.select(
        type_,
        '"LastViewedDate" IS NOT NULL AND "IsDeleted" = 0 AND "_pending" IS NULL '
        f'ORDER BY "LastViewedDate" DESC, "Id" LIMIT {RECENT}',
    )
    items: list[dict[str, object]] = []
    for row in viewed:
        record_id = str(row["Id"])
        item: dict[str, object] = {
            "attributes": attributes(type_.name, record_id, data_url=call.data_url),
            "Id": record_id,
        }
        if type_.name_field is not None:
            item[type_.name_field.name] = row[type_.name_field.name]
        items.append(item)
    return items


@behaviour("describe with Last-Modified and ETag, 304 on If-Modified-Since", source="REST Developer Guide; recordings")
def _cacheable(call: Call, body: object) -> Response:
    """Describe moves with the org's schema: it carries validators and answers 304 to who has seen this state."""
    changed = call.org.schema_changed_at
    state = f"{call.org.org_id}:{call.user.id}:{call.request.path}:{call.org.schema.version}:{changed}"
    etag = f'"{hashlib.sha256(state.encode()).hexdigest()[:8]}--gzip"'
    validators = [("Last-Modified", http_date(changed)), ("ETag", etag)]
    headers = call.request.headers
    check_unmodified(headers, changed)
    if not_modified(headers, changed) or none_matches(headers, etag):
        return empty(304, validators)
    return json_response(body, headers=validators)
