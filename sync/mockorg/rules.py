"""What the org's own rules do to a write: validation rules, assignment rules, automation, formula fields.

Rules are formulas over the record as it will be (`formula/`). They are parsed when the org is made, so that a rule
that the mock org cannot read is refused there and not in the middle of somebody's test.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from .behaviours import behaviour
from .clock import from_iso_z, iso_z
from .errors import RowError, RowRefused, refuse
from .formula import FormulaError, Scope, evaluate, parse_formula
from .ids import is_id
from .schema import FieldType

if TYPE_CHECKING:
    from collections.abc import Callable

    from .access import User
    from .formula.evaluate import Result
    from .org import Org
    from .rows_result import DmlOptions
    from .schema import ObjectType, Value
    from .store import Row


KNOWN_GLOBALS: dict[tuple[str, ...], Callable[[User], str]] = {
    ("$user", "id"): lambda user: user.id,
    ("$user", "username"): lambda user: user.username,
    ("$user", "email"): lambda user: user.email,
    ("$profile", "name"): lambda user: user.profile,
    ("$profile", "id"): lambda user: user.profile_id,
}


def scope(org: Org, user: User, type_: ObjectType, before: Row | None, after: Row) -> Scope:
    """What a rule sees of a record: its own fields, those of its parents, and `$User`, `$Profile`."""

    def lookup(path: tuple[str, ...], *, prior: bool = False) -> Result:
        if path[0].startswith("$"):
            return _global(user, path)
        row = before if prior and before is not None else after
        return _field_value(org, type_, row, path)

    return Scope(lookup=lookup, is_new=before is None, now=org.clock.now())


def _global(user: User, path: tuple[str, ...]) -> Result:
    read = KNOWN_GLOBALS.get(tuple(part.lower() for part in path))
    if read is None:
        message = f"{'.'.join(path)} is not a global that the mock org knows"
        raise FormulaError(message)
    return read(user)


def _field_value(org: Org, type_: ObjectType, row: Row | None, path: tuple[str, ...]) -> Result:
    if len(path) == 1:
        field = type_.field(path[0])
        if field is None:
            message = f"{type_.name} has no field {path[0]}"
            raise FormulaError(message)
        return _plain(field.type, row.get(field.name) if row else None)
    relation = type_.by_relationship(path[0])
    if relation is None:
        message = f"{type_.name} has no relationship {path[0]}"
        raise FormulaError(message)
    parent_id = row.get(relation.name) if row else None
    parent = org.schema.by_prefix(str(parent_id)) if parent_id else org.schema.find(relation.reference_to[0])
    if parent is None:
        return None
    return _field_value(org, parent, org.store.row(parent, str(parent_id)) if parent_id else None, path[1:])


def _plain(kind: FieldType, value: Value) -> Result:
    if value is None:
        return False if kind is FieldType.BOOLEAN else None
    match kind:
        case FieldType.BOOLEAN:
            return bool(value)
        case FieldType.DATE:
            return date.fromisoformat(str(value))
        case FieldType.DATETIME:
            return from_iso_z(str(value))
        case _ if isinstance(value, int | float):
            return float(value)
        case _:
            return str(value)


@behaviour("validation rules", "uncertain", "status codes of the partner WSDL; field practice")
def check_validation(org: Org, user: User, type_: ObjectType, before: Row | None, after: Row) -> None:
    """Refuse a record for which the condition of an active validation rule is true; all such rules are reported.

    Raises:
        RowRefused: FIELD_CUSTOM_VALIDATION_EXCEPTION with the rule's text and field.
    """
    errors = []
    for rule in org.settings.validation_rules:
        if not rule.active or rule.object.lower() != type_.name.lower():
            continue
        if evaluate(parse_formula(rule.condition), scope(org, user, type_, before, after)) is True:
            field = type_.field(rule.field) if rule.field else None
            errors.append(
                RowError(
                    code="FIELD_CUSTOM_VALIDATION_EXCEPTION",
                    message=rule.message,
                    fields=(field.name,) if field else (),
                )
            )
    if errors:
        raise RowRefused(*errors)


@behaviour("triggers and flows that refuse", "uncertain", "status codes of the partner WSDL")
def run_automations(org: Org, user: User, type_: ObjectType, before: Row | None, after: Row) -> None:
    """Let the object's triggers and flows refuse the record.

    Raises:
        RowRefused: CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY or CANNOT_EXECUTE_FLOW_TRIGGER.
    """
    event = "insert" if before is None else "update"
    for automation in org.settings.automations:
        if automation.object.lower() != type_.name.lower() or event not in automation.on or not automation.refuses_when:
            continue
        if evaluate(parse_formula(automation.refuses_when), scope(org, user, type_, before, after)) is not True:
            continue
        if automation.kind == "flow":
            raise refuse(
                "CANNOT_EXECUTE_FLOW_TRIGGER",
                f"We can't save this record because the “{automation.name}” process failed. {automation.message}",
            )
        moment = "BeforeInsert" if event == "insert" else "BeforeUpdate"
        raise refuse(
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            f"{automation.name}: execution of {moment} caused by: System.DmlException: {automation.message}",
        )


@behaviour("assignment rules run unless told not to", "confirmed", "REST Developer Guide: Assignment Rule Header")
def assigned_owner(org: Org, user: User, type_: ObjectType, after: Row, options: DmlOptions) -> str | None:
    """The owner that the active assignment rule gives the record, or None; it runs on updates too, as in an org.

    An object has one rule, so any id of an assignment rule (01Q) means that one.

    Raises:
        RowRefused: INVALID_CROSS_REFERENCE_KEY when a rule is named and the object has none, or the id is of no rule.
    """
    if options.auto_assign is False:
        return None
    entries = next(
        (rules for name, rules in org.settings.assignment_rules.items() if name.lower() == type_.name.lower()), ()
    )
    named = options.auto_assign if isinstance(options.auto_assign, str) else None
    if named is not None and not (entries and named.startswith("01Q") and is_id(named)):
        raise refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    for entry in entries:
        if evaluate(parse_formula(entry.when), scope(org, user, type_, None, after)) is True:
            return owner_named(org, entry.owner)
    return None


def owner_named(org: Org, name: str) -> str | None:
    """The id of the user or queue of that username, name or developer name."""
    user = org.access.by_username(name)
    if user is not None:
        return user.id
    groups = org.schema.object("Group")
    for column in ("Name", "DeveloperName"):
        found = org.store.rows_where(groups, {column: name, "Type": "Queue"})
        if found:
            return str(found[0]["Id"])
    return None


@behaviour("formula fields", "uncertain", "field practice")
def formula_columns(org: Org, type_: ObjectType, row: Row) -> Row:
    """The values of a record's formula fields; only formulas over the record's own fields are modelled."""
    columns: Row = {}
    for name, formula in type_.formulas:
        result = evaluate(parse_formula(formula), scope(org, org.access.admin, type_, None, row))
        columns[name] = _stored(result)
    return columns


def _stored(result: Result) -> Value:
    match result:
        case bool():
            return int(result)
        case datetime():
            return iso_z(result)
        case date():
            return result.isoformat()
        case _:
            return result
