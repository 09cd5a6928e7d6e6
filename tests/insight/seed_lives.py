"""The seed world's leads read from its files by plain Python, to hold reports against."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sync.mockorg.seed import WorldSummary


@dataclass(frozen=True, slots=True)
class Life:
    """One lead of the seed world, read from its files."""

    id: str
    created: datetime
    source: str
    owner: str
    touched: datetime | None
    moved: datetime | None
    ready: bool
    converted: datetime | None
    deal: dict[str, str] | None

    @property
    def reached(self) -> tuple[bool, ...]:
        later = (
            self.converted is not None,
            self.deal is not None,
            self.deal is not None and self.deal["IsWon"] == "true",
        )
        ready = self.ready or later[0]
        moved = self.moved is not None or ready
        return (True, moved or self.touched is not None, moved, ready, *later)


def rows(world: WorldSummary, name: str) -> Iterator[dict[str, str]]:
    with (world.folder / f"{name}.csv").open(encoding="utf-8") as file:
        yield from (row for row in csv.DictReader(file) if row["IsDeleted"] != "true")


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.000Z").replace(tzinfo=UTC)


def lives(world: WorldSummary, now: datetime) -> list[Life]:
    touches: dict[str, list[datetime]] = {}
    for name, at in (("Task", "CompletedDateTime"), ("Event", "StartDateTime")):
        for row in rows(world, name):
            if row.get("IsClosed", "true") == "true" and row.get("IsChild") != "true" and moment(row[at]) <= now:
                touches.setdefault(row["WhoId"], []).append(moment(row[at]))
    moves: dict[str, datetime] = {}
    ends: dict[str, datetime] = {}
    for row in sorted(rows(world, "LeadHistory"), key=lambda row: row["CreatedDate"]):
        if row["Field"] == "Status":
            moves.setdefault(row["LeadId"], moment(row["CreatedDate"]))
        elif row["Field"] == "leadConverted":
            ends[row["LeadId"]] = moment(row["CreatedDate"])
    deals = {row["Id"]: row for row in rows(world, "Opportunity")}
    found = []
    for row in rows(world, "Lead"):
        created = moment(row["CreatedDate"])
        at = [t for who in (row["Id"], row["ConvertedContactId"]) if who for t in touches.get(who, ()) if t >= created]
        found.append(
            Life(
                row["Id"],
                created,
                row["LeadSource"],
                row["OwnerId"],
                min(at, default=None),
                moves.get(row["Id"]),
                world.truth[row["Id"]].ready,
                ends.get(row["Id"]),
                deals.get(row["ConvertedOpportunityId"]),
            )
        )
    return found
