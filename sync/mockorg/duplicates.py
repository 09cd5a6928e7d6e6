"""Duplicate rules: which records an insert or update would repeat, and whether the rule blocks or only warns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from .behaviours import behaviour
from .duplicate_result import DuplicateResult, FieldDiff, MatchRecord, MatchResult
from .errors import RowError, RowRefused
from .store import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .access import User
    from .org import Org
    from .rows_result import DmlOptions
    from .schema import ObjectType, Value
    from .settings import DuplicateRuleSetting
    from .store import Row


@behaviour("findDuplicates", "confirmed", "SOAP API guide: findDuplicates(); partner WSDL 58")
def find(
    org: Org,
    user: User,  # noqa: ARG001 - rules run as the current user, but sharing is not modelled
    object_name: str,
    values: Mapping[str, Value],
    *,
    own_id: str | None = None,
    include_details: bool = False,
) -> list[DuplicateResult]:
    """What each active rule of the object finds for these values; a rule that ran without a match is listed too."""
    type_ = org.schema.object(object_name)
    return [
        _run(org, rule, type_, values, own_id=own_id, include_details=include_details)
        for rule in org.settings.duplicate_rules
        if rule.active and rule.object.lower() == type_.name.lower()
    ]


def _run(
    org: Org,
    rule: DuplicateRuleSetting,
    type_: ObjectType,
    values: Mapping[str, Value],
    *,
    own_id: str | None,
    include_details: bool,
) -> DuplicateResult:
    given = {name.lower(): value for name, value in values.items()}
    wanted = [given.get(name.lower()) for name in rule.match]
    targets = rule.against or {rule.object: rule.match}
    results = []
    if all(value not in {None, ""} for value in wanted):
        for object_name, fields in targets.items():
            other = org.schema.object(object_name)
            records = _matches(org, other, fields, wanted, own_id=own_id, include_details=include_details)
            if records:
                results.append(MatchResult(entity_type=other.name, rule=f"{rule.name} match", match_records=records))
    return DuplicateResult(
        allow_save=rule.action != "block",
        duplicate_rule=rule.name,
        duplicate_rule_entity_type=type_.name,
        error_message=rule.message if results else None,
        match_results=tuple(results),
    )


def _matches(
    org: Org,
    other: ObjectType,
    fields: Sequence[str],
    wanted: Sequence[Value],
    *,
    own_id: str | None,
    include_details: bool,
) -> tuple[MatchRecord, ...]:
    found = [other.field(name) for name in fields]
    names = [each.name for each in found if each is not None]
    for each in found[:1]:
        if each is not None:
            org.store.ensure_index(other, each)
    conditions = [f"{quoted(name)} = ? COLLATE NOCASE" for name in names]
    conditions += ['"_pending" IS NULL', '"IsDeleted" = 0', '"Id" <> ?']
    arguments = [*wanted, own_id or ""]
    if other.field("IsConverted"):
        conditions.append('"IsConverted" = 0')
    rows = org.store.select(other, " AND ".join(conditions) + ' ORDER BY "Id" LIMIT 100', arguments)
    return tuple(
        MatchRecord(
            object_name=other.name,
            record=row if include_details else {"Id": row["Id"]},
            field_diffs=tuple(FieldDiff(difference="SAME", name=name) for name in names),
        )
        for row in rows
    )


@behaviour(
    "duplicate rules on save", "confirmed", "REST Developer Guide: Duplicate Rule Header; error text of real orgs"
)
def check(
    org: Org,
    type_: ObjectType,
    after: Row,
    options: DmlOptions,
    *,
    operation: Literal["create", "edit"],
    before: Row | None = None,
) -> None:
    """Refuse a record that a blocking rule, or an alerting rule without `allowSave`, finds a match for.

    Raises:
        RowRefused: DUPLICATES_DETECTED, carrying what the first such rule found.
    """
    own_id = str(after["Id"])
    for rule in org.settings.duplicate_rules:
        if not rule.active or rule.object != type_.name or operation not in rule.operations or rule.action == "report":
            continue
        if before is not None and all(before.get(name) == after.get(name) for name in rule.match):
            continue
        if rule.action == "alert" and options.duplicates_allow_save:
            continue
        include = options.duplicates_include_record_details
        found = _run(org, rule, type_, after, own_id=own_id, include_details=include)
        if found.match_results:
            raise RowRefused(RowError(code="DUPLICATES_DETECTED", message=rule.message, duplicate=found))
