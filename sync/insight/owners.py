"""Who owns a record: an active user, one who has left, a queue, or nobody; for reports by owner and for leaks.

Salesforce shows the kind of owner in the id's key prefix: 005 is a User, 00G a Group, which for an owner means a queue.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from sync.mapping import OrgMapping
from sync.mirror.store import Mirror

QUEUE_PREFIX = "00G"


class Owner(StrEnum):
    """Kinds of owner, as the mirror can tell them."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    QUEUE = "queue"
    NOBODY = "nobody"
    UNKNOWN = "unknown"
    """A user whom the mirror doesn't hold, or of whom it doesn't know whether active."""


def owner_kind_sql(mapping: OrgMapping, owner: str) -> str:
    """The kind of owner of an id expression, as a DuckDB expression."""
    user = mapping.get("user")
    known = "NULL"
    if user is not None and "is_active" in user.fields:
        known = f'(SELECT CASE WHEN u."is_active" THEN \'active\' ELSE \'inactive\' END FROM "user" u WHERE u."id" = {owner})'  # noqa: E501, S608 -- names of our own
    return (
        f"CASE WHEN {owner} IS NULL THEN 'nobody' WHEN starts_with({owner}, '{QUEUE_PREFIX}') THEN 'queue' "
        f"ELSE coalesce({known}, 'unknown') END"
    )


def owner_names(mirror: Mirror, mapping: OrgMapping, ids: Iterable[str | None]) -> dict[str | None, str]:
    """What to call owners in a table: a user's name where the mirror has it, else the id."""
    wanted = sorted({each for each in ids if each is not None})
    user = mapping.get("user")
    names: dict[str | None, str] = {each: _queue_or_id(each) for each in wanted}
    names[None] = "nobody"
    if user is not None and "name" in user.fields:
        for row in mirror.rows("user", wanted, ["name"]):
            if row["name"]:
                names[str(row["id"])] = str(row["name"])
    return names


def _queue_or_id(owner_id: str) -> str:
    return f"queue {owner_id}" if owner_id.startswith(QUEUE_PREFIX) else owner_id
