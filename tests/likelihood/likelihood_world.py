# ruff: noqa: S608 -- table and column names are those of the mappings
"""A mirror whose leads become opportunities by a known law, with columns planted that give the answer away."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from sync.mapping import OrgMapping, load_mapping
from sync.mirror.state import ObjectState, PulledColumn, write_meta, write_state
from sync.mirror.store import Mirror
from sync.mirror.tables import prepare, quoted
from sync.model import Value

ROOT = Path(__file__).parents[2]
MAPPING = load_mapping(ROOT / "mappings")
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
HORIZON = 60

SOURCES = {"Partner Referral": 1.4, "Web": 0.0, "Purchased List": -1.6, "Phone Inquiry": 0.5}
INDUSTRIES = {"Technology": 0.9, "Retail": 0.0, "Banking": -0.9}


def lead_id(number: int) -> str:
    return f"00Q{number:012d}EAA"


@dataclass(slots=True)
class World:
    """Rows by table, put into a mirror in memory."""

    mapping: OrgMapping = MAPPING
    rows: dict[str, list[dict[str, Value]]] = field(default_factory=dict)
    truth: dict[str, float] = field(default_factory=dict)
    """Lead id → the law's chance of becoming an opportunity at all."""

    def add(self, table: str, **values: Value) -> None:
        self.rows.setdefault(table, []).append({"seen_at": NOW, "run_id": "r"} | values)

    def mirror(self, path: Path | None = None) -> Mirror:
        db = duckdb.connect(str(path) if path else ":memory:")
        prepare(db, self.mapping)
        write_meta(db, "org_id", "00D000000000001AAA")
        for mapped in self.mapping:
            write_state(
                db,
                ObjectState(
                    object=mapped.name,
                    watermark=NOW,
                    deleted_until=None,
                    columns={f.name: PulledColumn(api_name=f.api_name, type=f.type) for f in mapped.fields.values()},
                    skipped=None,
                    run_id="r",
                    pulled_at=NOW,
                ),
            )
        for table, rows in self.rows.items():
            names = list(dict.fromkeys(name for row in rows for name in row))
            types = dict(db.execute(f"SELECT column_name, column_type FROM (DESCRIBE {quoted(table)})").fetchall())
            lists = ", ".join(f"unnest(?::{types[name]}[])" for name in names)
            cells = [[_naive(row.get(name)) for row in rows] for name in names]
            db.execute(f"INSERT INTO {quoted(table)} ({', '.join(map(quoted, names))}) SELECT {lists}", cells)
        return Mirror(db, self.mapping)


def lawful_world(leads: int, *, seed: int = 1, days: int = 500, leaks: bool = True) -> World:
    """Leads over some days; source, industry and a filled phone number make the difference, and nothing else does."""
    world, draw = World(), random.Random(seed)  # noqa: S311 -- an invented world
    for number in range(leads):
        created = NOW - timedelta(days=days * (leads - number) / leads, hours=draw.random())
        source, industry = draw.choice(list(SOURCES)), draw.choice(list(INDUSTRIES))
        phone = draw.random() < 0.5
        chance = 1 / (1 + math.exp(1.6 - SOURCES[source] - INDUSTRIES[industry] - (0.8 if phone else 0)))
        wait = timedelta(days=2 + draw.expovariate(1 / 12))
        converted = created + wait if draw.random() < chance and created + wait < NOW else None
        name = lead_id(number)
        world.truth[name] = chance
        add_lead(
            world,
            number,
            created_at=created,
            converted_at=converted,
            lead_source=source,
            industry=industry if draw.random() > 0.05 else None,
            phone="+1 555" if phone else None,
            budget=draw.choice([10, 20, 30]) if leaks and converted else None,
            rating=("Hot" if converted else draw.choice(["Warm", "Cold"])) if leaks else None,
            number_of_employees=draw.randrange(1, 5000),
        )
        if draw.random() < 0.5:
            add_call(world, number, created + timedelta(days=1))
    return world


def add_lead(
    world: World, number: int, *, created_at: datetime, converted_at: datetime | None = None, **values: Value
) -> str:
    """A lead; a converted one with its opportunity, its contact and the row of the field history that dates it."""
    name = lead_id(number)
    row: dict[str, Value] = {
        "id": name,
        "status": "Closed - Converted" if converted_at else "Working - Contacted",
        "is_converted": converted_at is not None,
        "is_deleted": False,
        "owner_id": "005000000000001AAA",
        "company": "C",
        "last_name": "L",
        "created_at": created_at,
        "system_modstamp": converted_at or NOW - timedelta(hours=1),
    }
    if converted_at is not None:
        row |= {"converted_at": converted_at.date(), "converted_opportunity_id": f"006{number:012d}AAA"}
        for field_name, old, new in (
            ("leadConverted", None, None),
            ("Status", "Working - Contacted", "Closed - Converted"),
        ):
            world.add(
                "lead_history",
                id=f"017{field_name[0]}{number:011d}AAA",
                lead_id=name,
                field=field_name,
                old_value=old,
                new_value=new,
                created_at=converted_at,
                is_deleted=False,
            )
    world.add("lead", **(row | values))
    return name


def add_call(world: World, number: int, at: datetime) -> None:
    world.add(
        "task",
        id=f"00T{number:06d}{len(world.rows.get('task', [])):06d}AAA",
        who_id=lead_id(number),
        subject="Call",
        task_subtype="Call",
        is_deleted=False,
        is_closed=True,
        completed_at=at,
        created_at=at,
        system_modstamp=at,
    )


def ages(*days: float) -> Sequence[timedelta]:
    return [timedelta(days=each) for each in days]


def _naive(value: Value) -> Value:
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value
