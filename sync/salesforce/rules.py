"""An org's validation rules, and whether conversions obey them: read by the Tooling API, for preflight and doctor.

A query lists rules without their formulas, which Tooling tells of one rule at a time (Tooling guide: ValidationRule);
its own composite resource takes 25 of these in a call. The lead setting "Require Validation for Converted Leads" is the
Metadata API's `LeadConfigSettings.shouldLeadConvertRequireValidation`, an object that Tooling has as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from sync.errors import AccessRefused, OrgFault
from sync.model import Record
from sync.salesforce.calls import Call, Effect, Reply, segment
from sync.salesforce.composite import AT_ONCE, Part, sent
from sync.salesforce.failures import error_of, failure_of
from sync.salesforce.org import ValidationRule, ValidationRules
from sync.salesforce.rest import page_in, rows
from sync.salesforce.soql import soql
from sync.salesforce.transport import Transport

_COMPOSITE = "/tooling/composite"
_QUERY = "/tooling/query"
_READ = Call(method="GET", path="", template=_COMPOSITE)
_RULES = (
    "SELECT Id, ValidationName, ErrorMessage, ErrorDisplayField, EntityDefinition.QualifiedApiName FROM ValidationRule "
    "WHERE Active = true AND EntityDefinition.QualifiedApiName IN {objects} "
    "ORDER BY EntityDefinition.QualifiedApiName, ValidationName"
)
_LEAD_SETTINGS = "SELECT Metadata FROM LeadConfigSettings"
_NO_FIELD = "Top of Page"
"""What Salesforce shows as the field of a rule that has none."""


def validation_rules(transport: Transport, object_names: Sequence[str]) -> ValidationRules:
    """The active rules of these objects by object and name; an org that doesn't tell them says so in the answer.

    Raises:
        OrgUnavailable: The org can't be reached.
    """
    asked = (soql(_RULES, objects=list(object_names)), _LEAD_SETTINGS)
    try:
        parts = [Part(method="GET", path=f"{_QUERY}?{urlencode({'q': text})}") for text in asked]
        listed, settings = sent(transport, parts, Effect.READ, resource=_COMPOSITE)
        failure = failure_of(_READ, listed)
        if failure is not None:
            raise error_of(failure, _QUERY)
        found = list(rows(transport, page_in(listed.data, _QUERY)))
        formulas = list(_formulas(transport, [str(row["Id"]) for row in found]))
    except (AccessRefused, OrgFault) as refused:
        return ValidationRules(refused=refused.code)
    return ValidationRules(
        rules=tuple(_rule(row, formula) for row, formula in zip(found, formulas, strict=True)),
        at_conversion=_at_conversion(settings),
    )


def _formulas(transport: Transport, rule_ids: Sequence[str]) -> Iterator[str | None]:
    for start in range(0, len(rule_ids), AT_ONCE):
        paths = [f"/tooling/sobjects/ValidationRule/{segment(one)}" for one in rule_ids[start : start + AT_ONCE]]
        replies = sent(transport, [Part(method="GET", path=path) for path in paths], Effect.READ, resource=_COMPOSITE)
        yield from (_formula(reply) for reply in replies)


def _formula(reply: Reply) -> str | None:
    match reply.data:
        case {"Metadata": {"errorConditionFormula": str(formula)}} if reply.ok:
            return formula
        case _:
            return None


def _at_conversion(reply: Reply) -> bool | None:
    match reply.data:
        case {"records": [{"Metadata": {"shouldLeadConvertRequireValidation": bool(required)}}]} if reply.ok:
            return required
        case _:
            return None


def _rule(row: Record, formula: str | None) -> ValidationRule:
    field: Any = row.get("ErrorDisplayField")
    return ValidationRule(
        object=str(row["EntityDefinition.QualifiedApiName"]),
        name=str(row["ValidationName"]),
        message=str(row.get("ErrorMessage") or ""),
        field=None if field in {None, "", _NO_FIELD} else str(field),
        formula=formula,
    )
