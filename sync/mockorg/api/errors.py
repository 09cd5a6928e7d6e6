"""How REST says no: an array of errors, with the org's clock and quota in the headers as on any answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..errors import RowError, SalesforceError, as_call_error, not_modelled_header
from ..http import Response, json_response

if TYPE_CHECKING:
    from ..duplicate_result import DuplicateResult

JSON = Mapping[str, object]


def error_response(error: SalesforceError) -> Response:
    """One call's refusal."""
    entry: dict[str, object] = {"message": error.message, "errorCode": error.code}
    if error.fields is not None:
        entry["fields"] = list(error.fields)
    return json_response([entry], status=error.status, headers=error.headers.items())


def row_error_response(errors: tuple[RowError, ...]) -> Response:
    """The refusal of a call that concerns one record: `errorCode` where collections say `statusCode`."""
    entries: list[dict[str, object]] = []
    for error in errors:
        entry: dict[str, object] = {"message": error.message, "errorCode": error.code, "fields": list(error.fields)}
        if error.duplicate is not None:
            entry["duplicateResult"] = duplicate_json(error.duplicate)
        entries.append(entry)
    status = status_of(errors[0])
    return json_response(entries, status=status, headers=not_modelled_headers(errors))


def not_modelled_headers(errors: tuple[RowError, ...]) -> list[tuple[str, str]]:
    """The header that says which of the errors are the mock org's own limits."""
    return list(not_modelled_header(*(error.not_modelled for error in errors if error.not_modelled)).items())


def status_of(error: RowError) -> int:
    """The HTTP status of a single record's refusal."""
    match error.code:
        case "ENTITY_IS_DELETED" | "NOT_FOUND":
            return 404
        case "INSUFFICIENT_ACCESS_OR_READONLY" | "INSUFFICIENT_ACCESS":
            return 403
        case _:
            return 400


def raised(error: RowError) -> SalesforceError:
    """A record's refusal as a call's."""
    return as_call_error(error, status=status_of(error))


def row_error_json(error: RowError) -> JSON:
    """One error of a collection's result."""
    entry: dict[str, object] = {
        "statusCode": error.code,
        "message": error.message,
        "fields": list(error.fields),
    }
    if error.duplicate is not None:
        entry["duplicateResult"] = duplicate_json(error.duplicate)
    return entry


def duplicate_json(found: DuplicateResult) -> JSON:
    """What a duplicate rule found, as REST tells it."""
    return {
        "allowSave": found.allow_save,
        "duplicateRule": found.duplicate_rule,
        "duplicateRuleEntityType": found.duplicate_rule_entity_type,
        "errorMessage": found.error_message,
        "matchResults": [
            {
                "entityType": match.entity_type,
                "errors": [],
                "matchEngine": match.match_engine,
                "matchRecords": [
                    {
                        "additionalInformation": [],
                        "fieldDiffs": [
                            {"difference": diff.difference, "name": diff.name} for diff in record.field_diffs
                        ],
                        "matchConfidence": record.match_confidence,
                        "record": {"attributes": {"type": record.object_name}, **record.record},
                    }
                    for record in match.match_records
                ],
                "rule": match.rule,
                "size": match.size,
                "success": match.success,
            }
            for match in found.match_results
        ],
    }
