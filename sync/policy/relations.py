"""The relations that a policy reads: the views over the mirror's tables, and the columns they offer.

`sync.mirror` creates the views; `sync.policy.compile` writes queries against them. Column lists and SQL come from one
place, so that what the loader lets a policy name is what the mirror has. A mapping may lack fields or whole objects:
the views then have nulls or no rows, never an error.

- `activity`: a live Task or Event that hangs on a lead, with `system_modstamp` behind the columns that a policy may
  name. `occurred_at` is an event's start; for a task its completion,
  else its due date at midnight, else its creation. An event's `is_closed` is null in the view, because it depends on
  the clock: a compiled policy reads it as "ended before now".
- `lead_opportunity`: an Opportunity with a lead that it can be reached from: the one that the lead was converted to,
  or one on the account of a contact with the same e-mail address.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sync.mapping import ObjectMapping, OrgMapping
from sync.model import FieldType

_T = FieldType

_ACTIVITY: Mapping[str, FieldType] = {
    "id": _T.ID,
    "object": _T.TEXT,
    "kind": _T.TEXT,
    "lead_id": _T.ID,
    "subject": _T.TEXT,
    "description": _T.TEXT,
    "text": _T.TEXT,
    "occurred_at": _T.DATETIME,
    "ended_at": _T.DATETIME,
    "created_at": _T.DATETIME,
    "is_closed": _T.BOOLEAN,
    "owner_id": _T.ID,
}
STAMP = "system_modstamp"
"""When a row was last changed; a column of `activity` that no policy names, for who must know whether it still is as it
was."""
_NOT_IN_ACTIVITY = {"who_id", "is_deleted", "is_child", STAMP, "master_record_id"}
_HISTORY = {"lead_id", "field", "old_value", "new_value", "created_at"}
LIKELIHOOD = "likelihood"
"""The field of a lead that no org holds: how likely it is to become an opportunity (`leadgate score train`)."""
LIKELIHOODS = "lead_likelihood"
"""The relation it stands in: one row per scored lead, with the instant that it was scored at."""
LIKELIHOOD_COLUMNS: Mapping[str, FieldType] = {"lead_id": _T.ID, LIKELIHOOD: _T.NUMBER, "scored_at": _T.DATETIME}
LEAD_PREFIX = "00Q"
"""Key prefix of Lead ids; WhoId points to a Lead or a Contact."""


def sql_type(type_: FieldType) -> str:  # noqa: PLR0911 -- one per column type
    """The mirror's column type for a field type."""
    match type_:
        case FieldType.BOOLEAN:
            return "BOOLEAN"
        case FieldType.INTEGER:
            return "BIGINT"
        case FieldType.NUMBER | FieldType.PERCENT:
            return "DOUBLE"
        case FieldType.CURRENCY:
            return "DECIMAL(18,4)"
        case FieldType.DATE:
            return "DATE"
        case FieldType.DATETIME:
            return "TIMESTAMP"
        case _:
            return "VARCHAR"


def lead_columns(mapping: OrgMapping) -> Mapping[str, FieldType]:
    """What conditions on a lead may name: its mapped fields, and its likelihood if no field of the org is so called."""
    return {LIKELIHOOD: _T.NUMBER} | {field.name: field.type for field in mapping["lead"].fields.values()}


def lead_value_sql(name: str, mapping: OrgMapping, *, alias: str, now: datetime) -> str:
    """A lead's value of one of `lead_columns`, where `alias` stands for its row of `lead`.

    A likelihood counts from the instant that it was computed at: as of an earlier day it is unknown.
    """
    if name in mapping["lead"].fields:
        return f'{alias}."{name}"'
    at = now.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")
    return (
        f'(SELECT max(k."{name}") FROM "{LIKELIHOODS}" k '  # noqa: S608 -- our own names
        f'WHERE k."lead_id" = {alias}."id" AND k."scored_at" <= TIMESTAMP \'{at}\')'
    )


def activity_columns(mapping: OrgMapping) -> Mapping[str, FieldType]:
    """Columns of `activity`: the fixed ones, then whatever else tasks or events are mapped with."""
    columns = dict(_ACTIVITY)
    clashing: set[str] = set()
    for name in ("task", "event"):
        mapped = mapping.get(name)
        for field in mapped.fields.values() if mapped else ():
            if field.name in _ACTIVITY or field.name in _NOT_IN_ACTIVITY:
                continue
            if columns.setdefault(field.name, field.type) is not field.type:
                clashing.add(field.name)
    return {name: type_ for name, type_ in columns.items() if name not in clashing}


def opportunity_columns(mapping: OrgMapping) -> Mapping[str, FieldType]:
    """Columns of `lead_opportunity`; empty when Opportunity isn't mapped."""
    mapped = mapping.get("opportunity")
    if mapped is None:
        return {}
    return {"lead_id": _T.ID} | {f.name: f.type for f in mapped.fields.values() if f.name != "lead_id"}


def history_columns(mapping: OrgMapping) -> Mapping[str, FieldType]:
    """Columns of `lead_history`; empty when LeadHistory isn't mapped, or not far enough to be read."""
    mapped = mapping.get("lead_history")
    if mapped is None or not mapped.fields.keys() >= _HISTORY:
        return {}
    return {field.name: field.type for field in mapped.fields.values()}


def history_names(mapping: OrgMapping) -> Mapping[str, str]:
    """Our lead fields and the names under which LeadHistory records their changes.

    History rows carry API names, but for lookups, which are recorded under the relationship's name: `Owner`.
    """
    return {
        field.name: field.api_name.removesuffix("Id")
        if field.type is FieldType.ID and field.api_name != "Id" and not field.api_name.endswith("__c")
        else field.api_name
        for field in mapping["lead"].fields.values()
    }


def activity_view_sql(mapping: OrgMapping) -> str:
    """`CREATE OR REPLACE VIEW activity …` for the mirror's tables as this mapping makes them."""
    parts = [_select(columns, name, _live(mapping[name])) for name, columns in activity_selects(mapping).items()]
    if not parts:
        parts.append(_nothing({**activity_columns(mapping), STAMP: _T.DATETIME}))
    return 'CREATE OR REPLACE VIEW "activity" AS\n' + "\nUNION ALL\n".join(parts)


def activity_selects(mapping: OrgMapping) -> Mapping[str, Mapping[str, str]]:
    """Each column of `activity` as SQL over an object's own columns; by our names of the objects that are mapped."""
    types = activity_columns(mapping)
    extra = [name for name in types if name not in _ACTIVITY]
    selects = {}
    for name, builder in (("task", _task), ("event", _event)):
        mapped = mapping.get(name)
        if mapped is not None and "who_id" in mapped.fields:
            own = {n: _column(mapped, n, types[n]) for n in extra}
            selects[name] = builder(mapped) | own | {STAMP: _column(mapped, STAMP, _T.DATETIME)}
    return selects


def lead_opportunity_view_sql(mapping: OrgMapping) -> str:
    """`CREATE OR REPLACE VIEW lead_opportunity …` for the mirror's tables as this mapping makes them."""
    opportunity = mapping.get("opportunity")
    if opportunity is None:
        return 'CREATE OR REPLACE VIEW "lead_opportunity" AS\n' + _nothing({"lead_id": _T.ID, "id": _T.ID})
    converted = (
        'SELECT l."id" AS lead_id, l."converted_opportunity_id" AS opportunity_id FROM "lead" l '
        'WHERE l."converted_opportunity_id" IS NOT NULL'
    )
    links = [converted]
    contact = mapping.get("contact")
    if (
        contact is not None
        and "email" in contact.fields
        and "email" in mapping["lead"].fields
        and "account_id" in opportunity.fields
    ):
        links.append(
            'SELECT l."id", o."id" FROM "lead" l '
            'JOIN "contact" c ON lower(c."email") = lower(l."email") AND NOT coalesce(c."is_deleted", false) '
            'JOIN "opportunity" o ON o."account_id" = c."account_id"'
        )
    columns = ", ".join(f'o."{name}"' for name in opportunity_columns(mapping) if name != "lead_id")
    return (
        'CREATE OR REPLACE VIEW "lead_opportunity" AS\n'
        f"WITH links AS ({' UNION '.join(links)})\n"
        f'SELECT links.lead_id AS "lead_id", {columns}\n'
        'FROM links JOIN "opportunity" o ON o."id" = links.opportunity_id\n'
        'WHERE NOT coalesce(o."is_deleted", false)'
    )


def _task(task: ObjectMapping) -> dict[str, str]:
    def column(name: str, type_: FieldType = _T.TEXT) -> str:
        return _column(task, name, type_)

    how = f"lower(coalesce({column('task_subtype')}, ''))", f"lower(coalesce({column('type')}, ''))"
    occurred = (
        f"coalesce({column('completed_at', _T.DATETIME)}, CAST({column('due_date', _T.DATE)} AS TIMESTAMP), "
        f"{column('created_at', _T.DATETIME)})"
    )
    return _shared(task) | {
        "object": "'Task'",
        "kind": f"CASE WHEN 'call' IN ({how[0]}, {how[1]}) THEN 'call' "
        f"WHEN {how[0]} IN ('email', 'listemail') OR {how[1]} = 'email' THEN 'email' ELSE 'task' END",
        "occurred_at": occurred,
        "ended_at": occurred,
        "is_closed": column("is_closed", _T.BOOLEAN),
    }


def _event(event: ObjectMapping) -> dict[str, str]:
    def column(name: str, type_: FieldType) -> str:
        return _column(event, name, type_)

    occurred = f"coalesce({column('started_at', _T.DATETIME)}, {column('created_at', _T.DATETIME)})"
    return _shared(event) | {
        "object": "'Event'",
        "kind": "'event'",
        "occurred_at": occurred,
        "ended_at": f"coalesce({column('ended_at', _T.DATETIME)}, {occurred})",
        "is_closed": "CAST(NULL AS BOOLEAN)",
    }


def _shared(mapped: ObjectMapping) -> dict[str, str]:
    subject, description = _column(mapped, "subject", _T.TEXT), _column(mapped, "description", _T.TEXT)
    return {
        **dict.fromkeys(_ACTIVITY, ""),
        "id": '"id"',
        "lead_id": '"who_id"',
        "subject": subject,
        "description": description,
        "text": f"concat_ws(chr(10), coalesce({subject}, ''), coalesce({description}, ''))",
        "created_at": _column(mapped, "created_at", _T.DATETIME),
        "owner_id": _column(mapped, "owner_id", _T.ID),
    }


def _live(mapped: ObjectMapping) -> str:
    conditions = [f"starts_with(\"who_id\", '{LEAD_PREFIX}')"]
    conditions += [f'NOT coalesce("{flag}", false)' for flag in ("is_deleted", "is_child") if flag in mapped.fields]
    return " AND ".join(conditions)


def _column(mapped: ObjectMapping, name: str, type_: FieldType) -> str:
    return f'"{name}"' if name in mapped.fields else f"CAST(NULL AS {sql_type(type_)})"


def _select(columns: Mapping[str, str], table: str, where: str) -> str:
    listed = ",\n  ".join(f'{sql} AS "{name}"' for name, sql in columns.items())
    return f'SELECT\n  {listed}\nFROM "{table}"\nWHERE {where}'


def _nothing(columns: Mapping[str, FieldType]) -> str:
    listed = ", ".join(f'CAST(NULL AS {sql_type(type_)}) AS "{name}"' for name, type_ in columns.items())
    return f"SELECT {listed} WHERE false"
