# ruff: noqa: S608 -- identifiers come from the checked mapping and are quoted; values are parameters
"""What each lead field was before it became what it is: its steps in time, and from when on they are known.

Three things tell of a field's past. A row of the field history says what it was before and after. A version that a
pull has kept says what it was from the record's last modification on. The creation date and its like never change.
Where nothing tells, the oldest value known is taken for all time before: that is what "taken as constant" means, and
`FieldEvidence` says for each field until when it had to be done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from duckdb import DuckDBPyConnection

from sync.mapping import MappedField, OrgMapping
from sync.mirror.past.conversions import has
from sync.mirror.state import aware, naive
from sync.mirror.tables import quoted
from sync.model import FieldType
from sync.policy.relations import history_names, sql_type

BEGINNING = "TIMESTAMP '0001-01-01'"
"""Before every record."""

FIXED = frozenset({"Id", "CreatedDate", "CreatedById"})
"""API names of fields that are written once."""

CONVERSION_FIELDS = ("converted_at", "converted_account_id", "converted_contact_id", "converted_opportunity_id")
"""Our names of what a conversion writes."""

_OWNER_ROWS = ("Owner", "ownerAssignment", "ownerAccepted")
_AN_ID = "'0[0-9A-Za-z]{14}([0-9A-Z]{3})?'"
_LONGEST_VALUE = 255
"""Characters of a text that the field history keeps."""


class EvidenceKind(StrEnum):
    """What tells of a field's past."""

    HISTORY = "history"
    VERSIONS = "versions"
    """Only the mirror's own: nothing is known from before the first pull."""
    FIXED = "fixed"
    DERIVED = "derived"
    """Worked out from records that carry their own time."""
    SCORED = "scored"
    """A likelihood: unknown before it was computed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldEvidence:
    """How well a lead field's past is known."""

    name: str
    kind: EvidenceKind
    since: datetime | None
    """From when on; before it the field is taken as constant. `None`: always known."""
    gaps: int = 0
    """Leads whose rows contradict one another: something changed the field and no row tells of it."""
    unreadable: int = 0
    """History rows with values that don't fit the field's type, or with none; unknown is what counts there."""
    stepped: bool = False
    """Whether `step_table` has rows."""


def step_table(name: str) -> str:
    """The (quoted) temp table of a field's steps: `lead_id, since, value`; only of leads on which it has changed."""
    return quoted(f"past_step:{name}")


def derived_fields(mapping: OrgMapping) -> frozenset[str]:
    """Our names of lead fields whose past is worked out and not looked up."""
    names = {"is_converted", "is_deleted", "master_record_id", *CONVERSION_FIELDS}
    api_names = {"SystemModstamp", "LastModifiedDate", "LastActivityDate"}
    return frozenset(names | {f.name for f in mapping["lead"].fields.values() if f.api_name in api_names})


def trace_fields(
    connection: DuckDBPyConnection, mapping: OrgMapping, fields: Sequence[MappedField]
) -> dict[str, FieldEvidence]:
    """Makes the steps of lead fields, and says of each how far back they are known; by our field name."""
    clues = _clues(connection, mapping, fields)
    return {field.name: _trace(connection, mapping, field, clues) for field in fields}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clues:
    """What is quickly known of all fields together, so that those without a past cost nothing."""

    named: frozenset[str]
    """What the field history's rows are called by."""
    first_seen: Mapping[str, datetime | None]
    """The first pull that read a value, by our field name."""
    first_pull: datetime | None
    versions: bool
    """Whether any lead has been seen more than once."""


def _clues(connection: DuckDBPyConnection, mapping: OrgMapping, fields: Sequence[MappedField]) -> _Clues:
    named: list[tuple[object, ...]] = []
    if _has_history(mapping):
        named = connection.execute("SELECT DISTINCT field FROM lead_history").fetchall()
    listed = ", ".join(f"min(seen_at) FILTER (WHERE {quoted(field.name)} IS NOT NULL)" for field in fields)
    pulled, versions, *seen = connection.execute(
        f"SELECT min(seen_at), count(*) > count(DISTINCT id), {listed} FROM lead_version"
    ).fetchone() or (None, False)
    return _Clues(
        named=frozenset(str(row[0]) for row in named),
        first_seen={field.name: aware(at) for field, at in zip(fields, seen, strict=True)},
        first_pull=aware(pulled),
        versions=bool(versions),
    )


def _trace(connection: DuckDBPyConnection, mapping: OrgMapping, field: MappedField, clues: _Clues) -> FieldEvidence:
    if field.api_name in FIXED:
        return FieldEvidence(name=field.name, kind=EvidenceKind.FIXED, since=None)
    if field.name in derived_fields(mapping):
        return FieldEvidence(name=field.name, kind=EvidenceKind.DERIVED, since=None)
    first_seen = clues.first_seen[field.name]
    seen_since = first_seen or clues.first_pull
    names = _row_names(mapping, field)
    if not clues.versions and clues.named.isdisjoint(names):
        return FieldEvidence(name=field.name, kind=EvidenceKind.VERSIONS, since=seen_since)
    _points(connection, mapping, field, names, first_seen)
    rows, since, unreadable = connection.execute(
        "SELECT count(*), min(told_at), count(*) FILTER (WHERE NOT told OR unreadable) FROM past_point WHERE place = 0"
    ).fetchone() or (0, None, 0)
    stepped, gaps = _steps(connection, field), _gaps(connection, field)
    connection.execute("DROP TABLE past_point")
    return FieldEvidence(
        name=field.name,
        kind=EvidenceKind.HISTORY if rows else EvidenceKind.VERSIONS,
        since=min((at for at in (aware(since), seen_since) if at is not None), default=None),
        gaps=gaps,
        unreadable=int(unreadable),
        stepped=stepped,
    )


def _has_history(mapping: OrgMapping) -> bool:
    return has(mapping, "lead_history", "lead_id", "field", "old_value", "new_value")


def _row_names(mapping: OrgMapping, field: MappedField) -> list[str]:
    """What a field's rows in the field history are called."""
    names = [history_names(mapping)[field.name], field.api_name]
    return [*names, *(_OWNER_ROWS if field.name == "owner_id" else ())]


def _points(
    connection: DuckDBPyConnection,
    mapping: OrgMapping,
    field: MappedField,
    names: Sequence[str],
    first_seen: datetime | None,
) -> None:
    """`past_point`: everything that tells of the field, of leads on which it has changed.

    `place` orders what bears the same second: history rows, then the version that the last of them led to.
    """
    column, type_ = quoted(field.name), sql_type(field.type)
    history = (
        f"SELECT NULL AS lead_id, NULL::TIMESTAMP AS told_at, NULL AS id, NULL::{type_} AS before, NULL::{type_} AS "
    )
    history += "after, true AS told, false AS unreadable WHERE false"
    parameters: list[object] = []
    if _has_history(mapping):
        lookup = f"regexp_full_match(coalesce(new_value, old_value), {_AN_ID})"
        only = lookup if field.type is FieldType.ID else "true"
        history = (
            f"SELECT lead_id, created_at AS told_at, id, {_parsed('old_value', field.type)} AS before, "
            f"{_parsed('new_value', field.type)} AS after, (old_value IS NOT NULL OR new_value IS NOT NULL) AS told, "
            f"(old_value IS NOT NULL AND {_parsed('old_value', field.type)} IS NULL) OR "
            f"(new_value IS NOT NULL AND {_parsed('new_value', field.type)} IS NULL) AS unreadable "
            f"FROM lead_history WHERE field IN (SELECT unnest(?)) AND {only} AND lead_id IS NOT NULL "
            f"AND created_at IS NOT NULL AND NOT coalesce(is_deleted, false)"
        )
        parameters.append(list(names))
    # A field that the mapping took in later is empty in older versions without having been empty.
    parameters.append(naive(first_seen))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE past_point AS WITH history AS ({history}), "
        f"version AS (SELECT id AS lead_id, seen_at, {column} AS after, lag({column}) OVER w AS before, "
        f"row_number() OVER w AS number, coalesce(is_converted, false) AS converted, "
        f"CASE WHEN system_modstamp > coalesce(lag(system_modstamp) OVER w, {BEGINNING}) THEN system_modstamp "
        f"ELSE seen_at END AS told_at FROM lead_version WHERE seen_at >= ? "
        f"WINDOW w AS (PARTITION BY id ORDER BY seen_at, system_modstamp)), "
        f"changed AS (SELECT * FROM version WHERE number = 1 OR after IS DISTINCT FROM before), "
        f"touched AS (SELECT lead_id FROM history UNION SELECT lead_id FROM changed WHERE number > 1), "
        # What was seen is what all rows until then had led to, even if the record's stamp is a second older than they.
        f"seen AS (SELECT c.lead_id, greatest(c.told_at, coalesce(h.told_at, {BEGINNING})) AS told_at, c.after, "
        f"c.converted FROM changed c ASOF LEFT JOIN history h ON h.lead_id = c.lead_id AND h.told_at <= c.seen_at "
        f"WHERE c.lead_id IN (SELECT lead_id FROM touched)) "
        f"SELECT *, lead(before) OVER w AS next_before, lead(place) OVER w AS next_place, "
        f"lead(after) OVER w AS next_after, lag(after) OVER w AS last_after, lag(place) OVER w AS last_place, "
        f"lag(told) OVER w AS last_told "
        f"FROM (SELECT lead_id, told_at, 0 AS place, id, before, after, told, unreadable, false AS converted "
        f"FROM history UNION ALL SELECT lead_id, told_at, 1, NULL, NULL, after, true, false, converted FROM seen) "
        f"WINDOW w AS (PARTITION BY lead_id ORDER BY told_at, place, id)",
        parameters,
    )


def _steps(connection: DuckDBPyConnection, field: MappedField) -> bool:
    """The value before the first point, and after each; what a row without values leaves open, its neighbours say."""
    # A version from after a conversion says nothing of the status before it.
    converted = "WHEN place = 1 AND converted THEN NULL" if field.name == "status" else ""
    after = "CASE WHEN told THEN after WHEN next_place = 0 THEN next_before ELSE next_after END"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {step_table(field.name)} AS "
        f"SELECT lead_id, {BEGINNING} AS since, CASE {converted} WHEN place = 0 THEN before ELSE after END AS value "
        f"FROM past_point WHERE last_place IS NULL UNION ALL (SELECT lead_id, told_at, {after} FROM past_point "
        f"QUALIFY row_number() OVER (PARTITION BY lead_id, told_at ORDER BY place DESC, id DESC) = 1)"
    )
    return connection.execute(f"SELECT 1 FROM {step_table(field.name)} LIMIT 1").fetchone() is not None


def _gaps(connection: DuckDBPyConnection, field: MappedField) -> int:
    found, expected = ("before", "after") if not field.type.is_text else (_cut("before"), _cut("after"))
    last = expected.replace("after", "last_after")
    row = connection.execute(
        f"SELECT count(DISTINCT lead_id) FROM past_point WHERE told AND last_told AND NOT unreadable AND "
        f"CASE WHEN place = 0 THEN {found} ELSE {expected} END IS DISTINCT FROM {last}"
    ).fetchone()
    return int(row[0]) if row else 0


def _cut(column: str) -> str:
    return f"left({column}, {_LONGEST_VALUE})"


def _parsed(column: str, type_: FieldType) -> str:
    """A value of the field history, which is text for every type, as the field's own type; null when it isn't one."""
    match type_:
        case FieldType.DATE:
            return f"TRY_CAST(left({column}, 10) AS DATE)"
        case FieldType.DATETIME:
            return f"TRY_CAST(left(replace({column}, 'T', ' '), 19) AS TIMESTAMP)"
        case _:
            return column if type_.is_text else f"TRY_CAST({column} AS {sql_type(type_)})"
