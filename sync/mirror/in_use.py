"""Which picklist values an org's open leads have, so that a person is told of choices that exist.

A change that is asked for in words ("anything but 'Open - Not Contacted'") names some of them as examples. They are
not all the choices that there are, so nothing is decided by them. Only picklists: a text may be a person's name.
"""

# ruff: noqa: S608 -- identifiers are quoted names of our own fields
from __future__ import annotations

from collections.abc import Iterable

from sync.mapping import OrgMapping
from sync.mirror.store import Mirror
from sync.model import FieldType
from sync.policy.emit import quoted

_MOST = 50


def picklist_values_in_use(mirror: Mirror, mapping: OrgMapping, fields: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Values of those of the fields that are picklists, on leads not converted; the most used first.

    Args:
        mirror: Pulled.
        mapping: The mirror's.
        fields: Lead fields by our names; what is no picklist is left out.
    """
    known = mapping["lead"].fields
    found: dict[str, tuple[str, ...]] = {}
    with mirror.session() as session:
        for name in fields:
            if name not in known or known[name].type is not FieldType.PICKLIST:
                continue
            column = quoted(name)
            rows = session.execute(
                f'SELECT {column} FROM "lead" WHERE {column} IS NOT NULL AND NOT "is_converted" '
                f'AND NOT coalesce("is_deleted", false) GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT {_MOST}'
            ).fetchall()
            found[name] = tuple(str(value) for (value,) in rows)
    return found
