"""Names that may stand where an id is expected: of users, queues, record types; and users for names nobody has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..people import add_user
from ..settings import UserSetting

if TYPE_CHECKING:
    from ..org import Org
    from .keys import Keys

_NATURAL = {
    "User": ("Username", "Name"),
    "Group": ("DeveloperName", "Name"),
    "RecordType": ("DeveloperName", "Name"),
    "Profile": ("Name",),
    "UserRole": ("Name", "DeveloperName"),
}


def bind_names(org: Org, keys: Keys) -> None:
    """Let the org's users, queues, record types, profiles and roles be named by what they are called.

    `user-first-last` and `queue-developer-name` work too, for files that call everything by a key.
    """
    for object_name, columns in _NATURAL.items():
        type_ = org.schema.object(object_name)
        for row in org.store.rows_where(type_, {}):
            for column in columns:
                if row.get(column):
                    keys.bind_if_free(object_name, str(row[column]), str(row["Id"]))
                    keys.bind_if_free(object_name, _slug(object_name, str(row[column])), str(row["Id"]))


def _slug(object_name: str, name: str) -> str:
    kind = {"Group": "queue", "RecordType": "record-type"}.get(object_name, object_name.lower())
    return f"{kind}-{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')}"


def make_user(org: Org, name: str) -> str:
    """An active user for a key in a column that points to users, when nobody is called so; returns the id."""
    local = re.sub(r"[^a-z0-9.]+", ".", name.lower()).strip(".") or "user"
    username = name if "@" in name else f"{local}@{org.settings.organization.domain}.example"
    known = org.access.by_username(username)
    if known is not None:
        return known.id
    last_name = name.partition("@")[0][:80]
    profiles = [each.name for each in org.settings.profiles]
    profile = "Standard User" if "Standard User" in profiles else profiles[0]
    return add_user(org, UserSetting(username=username, last_name=last_name, email=username, profile=profile)).id
