"""Orgs with one obstacle each (obstacles.yaml), for what the seed worlds don't have.

Every world holds leads that are ready by the example policy, some with the obstacle and some without, so that a
prediction can be wrong both ways. `preflight` plans each world and then tries every conversion.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ruamel.yaml import YAML

from sync.mockorg import MockOrg, rows
from sync.mockorg.conversion import LeadConvert, convert
from sync.mockorg.seed.org_file import LEAD_FIELDS

FILE = Path(__file__).with_suffix(".yaml")
GATE = "gate@planted.example"
_GROUP = 10
_OBJECTS = ("Lead", "Account", "Contact", "Opportunity", "OpportunityContactRole", "Task", "Event", "Campaign")


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """A kind of obstacle and its world; obstacles.yaml says what its keys mean."""

    label: str
    code: str
    leads: Sequence[Mapping[str, Any]]
    records: Sequence[Mapping[str, Any]] = ()
    org: Mapping[str, Any] = field(default_factory=dict)
    user: Mapping[str, Any] | None = None
    """What leadgate's user may do, where that isn't everything; objects not named are open."""
    mapping: Mapping[str, str] = field(default_factory=dict)
    policy: Mapping[str, str] = field(default_factory=dict)
    cut: tuple[str, str] | None = None
    """The lead's field and the account's that is too short for it."""
    nobody: bool = False
    """No lead of this world meets it: predicting it would be the mistake."""
    meanwhile: Literal["convert", "delete"] | None = None
    """What somebody does to the leads marked so, between plan and apply."""

    def adapt(self, folder: Path) -> None:
        """Change the example's mapping and policy in a working folder as this world needs it."""
        for name, line in self.mapping.items():
            with (folder / "mappings" / f"{name}.yaml").open("a", encoding="utf-8") as file:
                file.write(f"  {line}\n")
        policy = folder / "config" / "readiness.yaml"
        for before, after in self.policy.items():
            text = policy.read_text("utf-8")
            if before not in text:
                raise ValueError(f"{self.label}: the example policy has no `{before}`")
            policy.write_text(text.replace(before, after), encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """The org of an obstacle, with its records."""

    mock: MockOrg
    token: str
    held: frozenset[str]
    """Leads that leadgate should hold though Salesforce would convert them."""
    touched: frozenset[str]
    """Leads that somebody converts or deletes between plan and apply."""


def obstacles() -> Iterator[Obstacle]:
    """Every world of obstacles.yaml."""
    for told in YAML(typ="safe").load(FILE.read_text("utf-8")):
        yield Obstacle(**{**told, "cut": tuple(told["cut"]) if "cut" in told else None})


def plant(obstacle: Obstacle) -> Planted:
    """The obstacle's org.

    Raises:
        ValueError: The org doesn't take a record of the file.
    """
    mock = MockOrg(org_yaml=_org_yaml(obstacle), seed=7)
    ids: dict[str, str] = {}
    for told in obstacle.records:
        for n in range(told.get("count", 1)):
            values = {k: _said(v, n=n, i=n) for k, v in told.items() if k not in {"key", "object", "count"}}
            values = {k: ids[v[1:]] if isinstance(v, str) and v.startswith("@") else v for k, v in values.items()}
            ids[str(_said(told["key"], n=n, i=n))] = _create(mock, told["object"], values)
    held, touched = set(), set()
    for group, told in enumerate(obstacle.leads):
        for i in range(told.get("count", _GROUP)):
            n = group * 100 + i
            own = {k: _said(v, n=n, i=i) for k, v in told.items() if k not in {"count", "held", "meanwhile"}}
            lead_id = _create(mock, "Lead", {**_ready_lead(n), **own})
            held |= {lead_id} if told.get("held") else set()
            touched |= {lead_id} if told.get("meanwhile") else set()
    token = mock.login(GATE if obstacle.user is not None else None)
    return Planted(mock=mock, token=token, held=frozenset(held), touched=frozenset(touched))


def meddle(obstacle: Obstacle, planted: Planted) -> None:
    """What somebody does to the leads while the plan waits."""
    org = planted.mock.org
    for lead_id in sorted(planted.touched):
        if obstacle.meanwhile == "delete":
            done = rows.delete(org, org.access.admin, "Lead", lead_id).success
        else:
            asked = LeadConvert(lead_id=lead_id, converted_status="Closed - Converted")
            (answer,) = convert(org, org.access.admin, [asked])
            done = answer.success
        if not done:
            raise ValueError(f"{obstacle.label}: the org doesn't let somebody {obstacle.meanwhile} a lead")


def is_cut(obstacle: Obstacle, planted: Planted, lead_id: str) -> bool:
    """Whether the account that this lead was just converted into holds less of the text than the lead."""
    if obstacle.cut is None:
        return False
    store, schema = planted.mock.org.store, planted.mock.org.schema
    (lead,) = store.rows_where(schema.object("Lead"), {"Id": lead_id})
    (account,) = store.rows_where(schema.object("Account"), {"Id": lead["ConvertedAccountId"]})
    whole, kept = obstacle.cut
    return len(str(account[kept] or "")) < len(str(lead[whole] or ""))


def _ready_lead(n: int) -> dict[str, Any]:
    return {
        "LastName": f"Person{n}",
        "Company": f"Company {n} of {n * 7919 % 9973}",
        "Email": f"person{n}@company{n}.example",
        "Phone": f"+1 555 {1000 + n}",
        "Status": "Working - Contacted",
        "Pricing_Discussed__c": True,
        "Budget__c": 5000 if n % 2 else None,
    }


def _said(value: object, *, n: int, i: int) -> object:
    return value.replace("{n}", str(n)).replace("{i}", str(i)) if isinstance(value, str) else value


def _create(mock: MockOrg, object_name: str, values: Mapping[str, Any]) -> str:
    made = rows.create(mock.org, mock.org.access.admin, object_name, values)
    if made.id is None:
        raise ValueError(f"{FILE.name}: {object_name}: {[each.code for each in made.errors]}")
    return made.id


def _org_yaml(obstacle: Obstacle) -> str:
    admin = {"name": "System Administrator", "convert_leads": True, "modify_all_data": True, "view_setup": True}
    everything = {name: ["create", "read", "edit", "delete"] for name in _OBJECTS}
    may = obstacle.user or {}
    gate = {"name": "Gate", **may, "objects": {**everything, **may.get("objects", {})}}
    fields = dict(obstacle.org.get("custom_fields", {}))
    fields["Lead"] = [*LEAD_FIELDS, *fields.get("Lead", ())]
    settings = {
        **obstacle.org,
        "custom_fields": fields,
        "profiles": [admin, gate],
        "users": [
            {"username": "admin@planted.example", "last_name": "Admin"},
            {"username": GATE, "last_name": "Gate", "profile": "Gate"},
        ],
    }
    text = io.StringIO()
    YAML(typ="safe").dump(settings, text)
    return text.getvalue()
