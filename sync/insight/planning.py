"""From a mirror and an org to a plan: reads what both halves of planning need, in order, and writes nothing.

decisions → rows, evidence, matches (mirror) → facts (org) → proposals → duplicate rules (org) → plan.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sync.errors import MirrorUnusable
from sync.insight.facts import DESCRIBED, gather_facts, with_duplicates
from sync.mapping import OrgMapping
from sync.mirror.store import Mirror
from sync.model import Record, as_utc
from sync.plan.actions import Plan
from sync.plan.facts import NO_MEMORY, Memory, OrgFacts
from sync.plan.make import LeadFacts, Sifted, make_plan, sift
from sync.plan.matching import LeadMatches, Named
from sync.plan.pace import FIRST_PACE, Pace
from sync.plan.propose import Proposal, by_api_name, duplicate_probes, named_in, propose
from sync.policy.compile import CompiledPolicy
from sync.salesforce.org import OrgReader

_ACTIVITIES = ("task", "event")
_OF_AN_UPDATE = ("id", "status", "owner_id", "is_converted", "is_deleted", "master_record_id", "system_modstamp")
_ATTACHED = {"Account": "account", "Contact": "contact"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What planning takes from the mirror before it asks the org."""

    watermark: datetime
    sifted: Sifted
    rows: Mapping[str, Record]
    evidence: Mapping[str, Mapping[str, datetime | None]]
    recent: Mapping[str, Mapping[str, datetime]]
    matches: Mapping[str, LeadMatches]
    open_leads: int

    @property
    def converting(self) -> list[str]:
        """The leads to be converted."""
        return [decision.lead_id for decision in self.sifted.convert]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the cyclic collector: a plan is millions of values in no circle, walked in vain each time they grow."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@_uncollected()
def draw_up(
    open_mirror: Callable[[], AbstractContextManager[Mirror]],
    org: OrgReader,
    *,
    compiled: CompiledPolicy,
    mapping: OrgMapping,
    created_at: datetime,
    lead_ids: Sequence[str] | None = None,
    forced: Collection[str] = (),
    memory: Memory = NO_MEMORY,
    pace: Pace = FIRST_PACE,
    parallel_calls: int = 1,
    named: Mapping[str, Named] | None = None,
) -> Plan:
    """A plan for every lead that the policy would act on, or for the leads asked for.

    Args:
        open_mirror: Opens the mirror to read. It is let go while the org is asked, so that a pull needn't wait.
        org: The org, to read.
        compiled: The policy at the run's clock.
        mapping: The mirror's mapping.
        created_at: When the plan is made.
        lead_ids: Only these leads; `None` = all.
        forced: Of these, leads that a person converts against the policy.
        memory: What the ledger remembers of earlier writes and refusals.
        pace: How many conversions the org bears in a call, as the ledger remembers; for the forecast.
        parallel_calls: Conversion calls that may be under way at once; for the forecast.
        named: Lead id → the records that a person named for it, in place of matching.

    Raises:
        MirrorUnusable: Nothing was pulled yet, or from another org.
        AccessRefused, OrgUnavailable, OrgFault: The org can't be read.
    """
    policy = compiled.policy
    with open_mirror() as mirror:
        read = _read(mirror, org.identity.org_id, compiled, mapping, lead_ids=lead_ids, forced=forced)
    owners = {str(row["owner_id"]) for row in read.rows.values() if row.get("owner_id")}
    facts = gather_facts(
        org,
        owner_ids=owners,
        conversion=policy.conversion,
        lead_ids=read.converting,
        memory=memory,
        field_map=mapping.conversion_targets(),
        saved=_saved(read.sifted),
    )

    def proposals() -> tuple[Proposal, ...]:
        return propose(
            policy=policy,
            mapping=mapping["lead"],
            decisions=read.sifted.convert,
            leads=read.rows,
            matches=read.matches,
            facts=facts,
            clock=compiled.now,
            named=named,
        )

    proposed = proposals()
    facts = with_duplicates(org, facts, duplicate_probes(proposed, facts))
    if policy.conversion.duplicates == "reuse":
        proposed = proposals()
    return make_plan(
        policy=policy,
        mapping=mapping,
        sifted=read.sifted,
        proposals=proposed,
        leads=LeadFacts(
            rows=_with_rule_fields(open_mirror, mapping, read, facts),
            converting=(*compiled.converting_fields, *named_in(policy.conversion.opportunity.name)),
            status=compiled.status_fields,
            evidence=read.evidence,
            recent=read.recent,
            attached=_attached(open_mirror, mapping, proposed),
        ),
        facts=facts,
        open_leads=read.open_leads,
        clock=compiled.now,
        created_at=created_at,
        mirror_watermark=read.watermark,
        pace=pace,
        parallel_calls=parallel_calls,
        forced=forced,
    )


def _read(
    mirror: Mirror,
    org_id: str,
    compiled: CompiledPolicy,
    mapping: OrgMapping,
    *,
    lead_ids: Sequence[str] | None,
    forced: Collection[str],
) -> _Read:
    watermark = _watermark(mirror, org_id)
    sifted, evidence = _sifted(mirror, compiled, lead_ids, forced)
    acting = sorted({decision.lead_id for decision in (*sifted.convert, *sifted.update)})
    converting = [decision.lead_id for decision in sifted.convert]
    free_mail = compiled.policy.conversion.account.free_mail
    return _Read(
        watermark=watermark,
        sifted=sifted,
        rows=_rows(mirror, mapping, compiled, converting, acting),
        evidence=evidence,
        recent=_recent(mirror, mapping, [lead for lead, found in evidence.items() if found], watermark),
        matches=mirror.matches(converting, free_mail) if converting else {},
        open_leads=mirror.open_leads(),
    )


def _watermark(mirror: Mirror, org_id: str) -> datetime:
    watermark = mirror.watermark()
    if watermark is None:
        raise MirrorUnusable("nothing has been pulled yet", fix="run `leadgate pull`")
    if mirror.org_id is not None and mirror.org_id != org_id:
        raise MirrorUnusable(
            f"the mirror is of org {mirror.org_id}, the settings lead to org {org_id}",
            fix="give each org its own name under `orgs:` in config/settings.yaml, or remove the mirror and pull again",
        )
    return watermark


def _sifted(
    mirror: Mirror, compiled: CompiledPolicy, lead_ids: Sequence[str] | None, forced: Collection[str]
) -> tuple[Sifted, Mapping[str, Mapping[str, datetime | None]]]:
    """The decisions that lead to an action, and the records that they rest on, by lead id."""
    acting = mirror.acting(compiled) if lead_ids is None else None
    with mirror.about(acting.lead_ids if acting is not None else lead_ids or ()) as about:
        sifted = sift(about.decisions(compiled), forced=forced)
        evidence = about.evidence_records(compiled)
    if acting is not None:
        sifted = replace(sifted, counts={"leads": sum(acting.counts.values()), **acting.counts})
    return sifted, evidence


def _rows(
    mirror: Mirror, mapping: OrgMapping, compiled: CompiledPolicy, converting: Sequence[str], acting: Sequence[str]
) -> dict[str, Record]:
    """The leads to be converted with all their fields, for the loss report; of the others, what an update rests on."""
    resting = {*_OF_AN_UPDATE, *compiled.status_fields}
    fields = [name for name in mapping["lead"].fields if name in resting]
    updated = sorted({*acting} - {*converting})
    found = (mirror.rows("lead", converting), mirror.rows("lead", updated, fields))
    return {str(row["id"]): row for rows in found for row in rows}


def _recent(
    mirror: Mirror, mapping: OrgMapping, lead_ids: Sequence[str], watermark: datetime
) -> dict[str, dict[str, datetime]]:
    """Activities of these leads that changed after the mirror's watermark, by lead: what was pulled beyond it."""
    found: dict[str, dict[str, datetime]] = {}
    since = watermark.astimezone(UTC).replace(tzinfo=None)
    asked = set(lead_ids)
    for name in _ACTIVITIES:
        mapped = mapping.get(name)
        if not asked or mapped is None or "who_id" not in mapped.fields:
            continue
        newer = (
            f"SELECT who_id, id, system_modstamp FROM {name} "  # noqa: S608 -- one of our own two names
            "WHERE NOT is_deleted AND system_modstamp > ?"
        )
        with mirror.session() as cursor:
            rows = cursor.execute(newer, [since]).fetchall()
        for lead_id, record, stamp in rows:
            if lead_id in asked:
                found.setdefault(lead_id, {})[record] = as_utc(stamp)
    return found


def _saved(sifted: Sifted) -> Sequence[str]:
    """Objects of which the plan's actions save records."""
    if sifted.convert:
        return DESCRIBED
    return ("Lead",) if sifted.update else ()


def _with_rule_fields(
    open_mirror: Callable[[], AbstractContextManager[Mirror]], mapping: OrgMapping, read: _Read, facts: OrgFacts
) -> Mapping[str, Record]:
    """The leads' rows with the fields that Lead's validation rules read, for those whose status alone is set."""
    lead = mapping["lead"]
    read_by_rules = {name for rule in facts.rules.get("Lead", ()) if rule.formula for name in rule.formula.names}
    names = [name for name, field in lead.fields.items() if field.api_name.lower() in read_by_rules]
    updated = sorted({decision.lead_id for decision in read.sifted.update} - {*read.converting})
    if not names or not updated:
        return read.rows
    with open_mirror() as mirror:
        found = mirror.rows("lead", updated, list(dict.fromkeys(["id", *names])))
        return {**read.rows, **{str(row["id"]): {**read.rows[str(row["id"])], **row} for row in found}}


def _attached(
    open_mirror: Callable[[], AbstractContextManager[Mirror]], mapping: OrgMapping, proposals: Sequence[Proposal]
) -> dict[str, Record]:
    """The existing accounts and contacts that leads would be attached to, by id; for the loss report."""
    wanted: dict[str, list[str]] = {}
    for api_name, name in _ATTACHED.items():
        convert = [p.convert.account if api_name == "Account" else p.convert.contact for p in proposals]
        ids = sorted({target.id for target in convert if target.id is not None})
        if ids and name in mapping:
            wanted[name] = ids
    if not wanted:
        return {}
    with open_mirror() as mirror:
        return {
            str(row["id"]): by_api_name(row, mapping[name])
            for name, ids in wanted.items()
            for row in mirror.rows(name, ids)
        }
