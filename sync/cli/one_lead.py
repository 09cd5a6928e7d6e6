"""The one lead that a person means on the command line, by id, e-mail address, name or company."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.errors import InputInvalid

if TYPE_CHECKING:
    from sync.mirror.store import Mirror


def one_lead(mirror: Mirror, wanted: str) -> tuple[str, str]:
    """The lead's id, and name and company to call it by.

    Raises:
        InputInvalid: None fits, or several do.
    """
    found = mirror.find_lead(wanted)
    if not found:
        raise InputInvalid(
            "the mirror holds no such lead", place="LEAD", fix="check the id, or run `leadgate pull` if the lead is new"
        )
    if len(found) > 1:
        ids = ", ".join(str(row["id"]) for row in found[:10])
        raise InputInvalid(f"{len(found)} leads fit: {ids}", place="LEAD", fix="name one of them by its id")
    row = found[0]
    label = ", ".join(str(row[key]) for key in ("name", "company") if row.get(key))
    return str(row["id"]), label
