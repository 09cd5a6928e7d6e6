"""Values for plan, ledger and apply tests, of which a test names only what matters to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache

from sync.mapping import OrgMapping, digest, parse_mappings
from sync.model import Record, Value, normal_id
from sync.plan.actions import Plan
from sync.plan.facts import DuplicateFact, FieldFact, ObjectFact, OrgFacts, StageFact, StatusFact, UserFact
from sync.plan.make import LeadFacts, make_plan, sift
from sync.plan.matching import LeadMatches
from sync.plan.propose import propose
from sync.policy.decision import Decision, Evidence, NextStatus, Truth, Verdict
from sync.policy.schema import ConversionSettings, Expression, Limits, Place, Policy

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
MODIFIED = datetime(2026, 5, 1, 7, 25, 37, tzinfo=UTC)
ORG = "00D000000000001EAA"


def sf_id(prefix: str, number: int) -> str:
    """A valid 18-character id."""
    found = normal_id(f"{prefix}{number:012d}")
    assert found is not None
    return found


OWNER, IDLE, QUEUE = sf_id("005", 1), sf_id("005", 2), sf_id("00G", 1)

_LEAD = """
object: Lead
fields:
  company: {field: Company, type: text}
  last_name: {field: LastName, type: text}
  email: {field: Email, type: email}
  website: {field: Website, type: url}
  phone: {field: Phone, type: phone}
  description: {field: Description, type: text}
  status: {field: Status, type: picklist}
  budget: {field: Budget__c, type: currency}
  pain_point: {field: Pain_Point__c, type: text}
  pricing_discussed: {field: Pricing_Discussed__c, type: boolean}
  currency: {field: CurrencyIsoCode, type: picklist}
"""


@cache
def mapping() -> OrgMapping:
    objects, problems = parse_mappings([(_LEAD, "lead.yaml")])
    assert not problems
    return OrgMapping(objects=objects, digest=digest(objects.values()))


def policy(conversion: ConversionSettings | None = None, limits: Limits | None = None) -> Policy:
    place = Place("readiness.yaml", 1)
    yes = Expression("TRUE", place)
    return Policy(
        name="pricing-discussed",
        scope=yes,
        signals={},
        criteria={},
        ready=yes,
        transitions=(),
        conversion=conversion or ConversionSettings(place=Place("readiness.yaml", 20)),
        limits=limits or Limits(),
        opportunity_checks={},
        digest="p" * 64,
        file="readiness.yaml",
    )


def lead(number: int, **values: Value) -> Record:
    """A mirror row by our names."""
    return {
        "id": sf_id("00Q", number),
        "company": f"Company {number}",
        "last_name": f"Person{number}",
        "email": f"p{number}@company{number}.example",
        "website": None,
        "phone": None,
        "description": None,
        "status": "Working - Contacted",
        "owner_id": OWNER,
        "budget": Decimal(5000),
        "pain_point": None,
        "pricing_discussed": True,
        "is_converted": False,
        "is_deleted": False,
        "system_modstamp": MODIFIED,
        **values,
    }


def decision(
    row: Record,
    verdict: Verdict = Verdict.READY,
    *,
    to: str | None = None,
    amount: Value = None,
    wants_opportunity: bool = True,
) -> Decision:
    following = NextStatus(from_=str(row["status"]), to=to, source="readiness.yaml:14") if to else None
    met = Truth.MET if verdict is Verdict.READY else Truth.NOT_MET
    return Decision(
        lead_id=str(row["id"]),
        verdict=verdict,
        as_of=NOW,
        results={"priced": met},
        signals={},
        next_status=following,
        wants_opportunity=wants_opportunity,
        amount=amount,
    )


def described(name: str, *fields: FieldFact, createable: bool = True) -> ObjectFact:
    standard = [FieldFact(name=n, label=n) for n in ("Phone", "Description", "LeadSource")]
    return ObjectFact(name=name, createable=createable, fields={f.name: f for f in (*standard, *fields)})


def facts(
    *,
    objects: Iterable[ObjectFact] = (),
    duplicates: Mapping[str, tuple[DuplicateFact, ...]] | None = None,
    **changes: object,
) -> OrgFacts:
    known = {name: described(name) for name in ("Account", "Contact", "Opportunity")}
    known["Lead"] = ObjectFact(name="Lead", fields={"Status": FieldFact(name="Status", label="Lead Status")})
    known.update({one.name: one for one in objects})
    given: dict[str, object] = {
        "org_id": ORG,
        "user_id": sf_id("005", 9),
        "now": NOW,
        "statuses": (
            StatusFact(api_name="Open - Not Contacted", label="Open - Not Contacted", converted=False),
            StatusFact(api_name="Working - Contacted", label="Working", converted=False),
            StatusFact(api_name="Closed - Converted", label="Closed - Converted", converted=True),
        ),
        "stages": (
            StageFact(api_name="Qualification", label="Qualification"),
            StageFact(api_name="Old", label="Old", active=False),
        ),
        "objects": known,
        "users": {
            OWNER: UserFact(id=OWNER, username="ann@org.example", active=True),
            IDLE: UserFact(id=IDLE, username="bob@org.example", active=False),
        },
        "duplicates": duplicates or {},
    }
    return OrgFacts(**{**given, **changes})  # type: ignore[arg-type] -- the test names fields of OrgFacts


def plan(
    rows: Iterable[Record],
    *,
    decisions: Iterable[Decision] | None = None,
    conversion: ConversionSettings | None = None,
    limits: Limits | None = None,
    matches: Iterable[LeadMatches] = (),
    org: OrgFacts | None = None,
    deciding: tuple[str, ...] = ("pricing_discussed",),
    evidence: Mapping[str, tuple[Evidence, ...]] | None = None,
    stamps: Mapping[str, datetime] | None = None,
    attached: Mapping[str, Record] | None = None,
    forced: tuple[str, ...] = (),
) -> Plan:
    """A plan as the two halves of planning make it; every lead is ready unless decisions say otherwise."""
    known = list(rows)
    org = org or facts()
    rules = policy(conversion, limits)
    sifted = sift(decisions if decisions is not None else [decision(row) for row in known], forced=forced)
    by_id = {str(row["id"]): row for row in known}
    proposals = propose(
        policy=rules,
        mapping=mapping()["lead"],
        decisions=sifted.convert,
        leads=by_id,
        matches={found.lead_id: found for found in matches},
        facts=org,
        clock=NOW,
    )
    return make_plan(
        policy=rules,
        mapping=mapping(),
        sifted=sifted,
        proposals=proposals,
        leads=LeadFacts(
            rows=by_id,
            converting=deciding,
            status=deciding,
            evidence={
                lead: {found.record_id: (stamps or {}).get(found.record_id) for found in listed}
                for lead, listed in (evidence or {}).items()
            },
            attached=attached or {},
        ),
        facts=org,
        open_leads=len(known),
        clock=NOW,
        created_at=NOW,
        mirror_watermark=NOW,
        forced=forced,
    )
