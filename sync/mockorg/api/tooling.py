"""The part of the Tooling API that tells an org's rules: validation rules, and whether conversions obey them.

`/tooling/query` and `/tooling/sobjects/ValidationRule/{id}`, alone or inside `/tooling/composite`. Every other object
and resource of Tooling is refused as not modelled.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from ..behaviours import behaviour
from ..catalogue import METADATA_FIELDS
from ..errors import NotModelled, SalesforceError
from ..http import json_response
from ..ids import to18
from ..soql.parse import parse
from ..soql.plan import Kind
from ..soql.run import Answer, records, run
from ..soql.shape import Rendering
from .composite import Carried, carried_out
from .record import json_value

if TYPE_CHECKING:
    from ..call import Call
    from ..http import Response
    from ..soql.run import QueryResult
    from ..soql.shape import Json, Record

OBJECTS = frozenset({"validationrule", "leadconfigsettings"})
LEAD_CONFIG_SINCE = 47
COMPOSITE = Carried(
    allowed=re.compile(r"/services/data/v\d+\.\d/tooling/(query|sobjects)(/|\?|$)", re.IGNORECASE),
    queries=re.compile(r"/services/data/v\d+\.\d/tooling/query(/|\?|$)", re.IGNORECASE),
)


@behaviour(
    "Tooling query of ValidationRule and LeadConfigSettings",
    "uncertain",
    "Tooling API guide: ValidationRule; answers of third parties; LeadConfigSettings is listed by Tooling's describe, "
    "that its Metadata is the Metadata API's type is inferred",
)
def query(call: Call) -> Response:
    """GET /tooling/query?q=…; the answer says the object's name and has no cursor."""
    text = call.query("q")
    if text is None:
        raise SalesforceError("MALFORMED_QUERY", "A query string has to be specified")
    name = ".".join(parse(text).sources[0].path.parts)
    _check_object(call, name)
    result = run(call.doors.catalogue, call.user, text)
    if result.plan.kind is Kind.RECORDS:
        _check_one_row(result)
    rendering = Rendering(f"{call.version}.0", resource="tooling/sobjects")
    found = records(result.answer, 0, len(result.answer), rendering, _none)
    for record in found:
        _unpack(record)
    return json_response(
        {
            "size": len(found),
            "totalSize": result.total,
            "done": True,
            "queryLocator": None,
            "entityTypeName": result.plan.type.name,
            "records": found,
        }
    )


@behaviour("One ValidationRule by id", "uncertain", "Tooling API guide: ValidationRule; answers of third parties")
def rule(call: Call) -> Response:
    """GET /tooling/sobjects/ValidationRule/{id}: all fields, the formula inside Metadata."""
    if call.parameters["object"].lower() != "validationrule":
        raise NotModelled(f"the Tooling object {call.parameters['object']} by id", code="NOT_FOUND", status=404)
    org = call.doors.catalogue
    type_ = org.schema.object("ValidationRule")
    wanted = to18(call.parameters["id"])
    row = org.store.row(type_, wanted) if wanted is not None else None
    if row is None or not _sees_setup(call):
        raise SalesforceError("NOT_FOUND", "The requested resource does not exist", status=404)
    url = f"{call.data_url}/tooling/sobjects/{type_.name}/{wanted}"
    record: Record = {"attributes": {"type": type_.name, "url": url}}
    record |= {field.name: json_value(field, row[field.name]) for field in type_.fields}
    _unpack(record)
    return json_response(record)


@behaviour("Tooling has a composite of its own", "uncertain", "answers of third parties; limits as of composite")
def composite(call: Call) -> Response:
    """POST /tooling/composite: 25 subrequests of Tooling, five of them queries, for one call."""
    return carried_out(call, COMPOSITE)


@behaviour(
    "Tooling's setup objects need View Setup and Configuration",
    "uncertain",
    "reported for EntityParticle: the object is not supported; that ValidationRule is refused alike is inferred",
)
def _check_object(call: Call, name: str) -> None:
    """Without the permission the object does not exist, as for one that the API version doesn't have."""
    if name.lower() not in OBJECTS:
        raise NotModelled(f"the Tooling object {name}", code="INVALID_TYPE")
    too_old = name.lower() == "leadconfigsettings" and call.version < LEAD_CONFIG_SINCE
    if too_old or not _sees_setup(call):
        raise SalesforceError("INVALID_TYPE", f"sObject type '{name}' is not supported.")


def _sees_setup(call: Call) -> bool:
    return call.user.view_setup or call.user.modify_all_data


@behaviour("Metadata and FullName of one row only", source="error text of real orgs")
def _check_one_row(result: QueryResult) -> None:
    """A query that finds several rows may not ask for Metadata or FullName."""
    asked = {column.name.lower() for column in result.plan.columns}
    if result.total > 1 and asked & METADATA_FIELDS:
        raise SalesforceError(
            "MALFORMED_QUERY",
            "When retrieving results with Metadata or FullName fields, the query qualifications must specify no more "
            f"than one row for retrieval. Result size: {result.total}",
        )


def _unpack(record: Record) -> None:
    if isinstance(record.get("Metadata"), str):
        record["Metadata"] = json.loads(str(record["Metadata"]))


def _none(answer: Answer) -> Json:
    raise NotModelled(f"child queries of {answer.shape.type_name}", code="MALFORMED_QUERY")
