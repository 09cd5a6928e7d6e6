"""The doctor: what stands between this org and a run, found by reading only.

Runs before anything else on a new org, and whenever something is refused. Each check answers with what it found and,
where that isn't right, the fix in the words of Salesforce's Setup. It asks for the permissions that leadgate uses and
for no others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sync.errors import AccessRefused, OrgFault, Problem
from sync.insight.facts import DESCRIBED, convert_right, may_convert
from sync.insight.rules import counted, untold
from sync.mapping import OrgMapping
from sync.policy.schema import Policy
from sync.salesforce.org import AskRows, ObjectDescribe, OrgReader


class Level(StrEnum):
    """How much a check matters."""

    OK = "ok"
    NOTE = "note"
    """Nothing that a run needs, only what some command would."""
    WARNING = "warning"
    BLOCKER = "blocker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at."""

    area: str
    level: Level
    found: str
    fix: str | None = None
    access: bool = False
    """The org's permissions are the cause (exit 3); otherwise settings, mapping or policy are (exit 2)."""


_WRITES = {"Account": "create", "Contact": "create", "Opportunity": "create", "Lead": "edit"}
"""Objects that a conversion writes to, and the object permission that it needs there."""

_COMPENSATES = {
    "Lead": "create",
    "Task": "edit",
    "Event": "edit",
    "CampaignMember": "create",
    "Opportunity": "delete",
    "Contact": "delete",
    "Account": "delete",
}
"""What `leadgate compensate` needs beyond that: a new lead, what hung on the old one, and what was made removed."""


def examine(
    org: OrgReader,
    *,
    mapping: OrgMapping,
    mapping_problems: Sequence[Problem],
    mapping_doubts: Sequence[Problem] = (),
    policy: Policy | None,
    policy_problems: Sequence[Problem],
    policy_doubts: Sequence[Problem] = (),
) -> Iterator[Check]:
    """Every check in the order in which a person would mend them; stops early where nothing further can be asked.

    Raises:
        AccessRefused, OrgUnavailable: When there is no way in at all; the caller shows that as the finding.
    """
    yield from _identity(org)
    describes = org.describe_many([*_WRITES, *_COMPENSATES, *(o.object for o in mapping)])
    yield from _objects(describes, mapping)
    yield _convert_permission(org)
    yield _compensation(describes)
    yield from _files("mapping", mapping_problems, good=f"{sum(len(o.fields) for o in mapping)} fields fit the org")
    yield from _files("mapping", mapping_doubts, level=Level.WARNING)
    yield from _statuses(org)
    yield from _stages(org)
    yield from _record_types(describes.get("Lead"))
    yield from _files("policy", policy_problems, good=f"{policy.name}: understood completely" if policy else "none yet")
    yield from _files("policy", policy_doubts, level=Level.WARNING)
    yield _duplicate_rules(org)
    yield _validation_rules(org, policy)
    yield from _limits(org, policy)


_OBEYED: Mapping[bool | None, str] = {
    True: "conversions obey them",
    False: "conversions needn't obey them (Lead Settings)",
    None: "whether conversions obey them the org doesn't tell",
}


def _identity(org: OrgReader) -> Iterator[Check]:
    me = org.identity
    kind = {True: "sandbox", False: "production", None: "kind unknown"}[me.is_sandbox]
    yield Check(
        area="connection",
        level=Level.OK,
        found=f"{me.username} in {me.org_name or me.org_id} ({kind}), {me.instance_url}",
    )
    yield Check(area="API version", level=Level.OK, found=me.api_version)
    if me.token_kind == "jwt":  # noqa: S105 -- a kind, not a token
        yield Check(
            area="token",
            level=Level.BLOCKER,
            access=True,
            found="JWT-based access token: Salesforce accepts it for REST only, and conversion needs SOAP",
            fix="switch off “Issue JSON Web Token (JWT)-based access tokens” in the app's OAuth settings",
        )
    else:
        yield Check(area="token", level=Level.OK, found="opaque, usable for conversion")


def _objects(describes: Mapping[str, ObjectDescribe | None], mapping: OrgMapping) -> Iterator[Check]:
    lacking: list[str] = []
    for name, need in _WRITES.items():
        describe = describes.get(name)
        if describe is None:
            lacking.append(f"Read on {name}")
            continue
        if need == "create" and not describe.createable:
            lacking.append(f"Create on {name}")
        if not describe.updateable:
            lacking.append(f"Edit on {name}")
    if lacking:
        yield Check(
            area="object permissions",
            level=Level.BLOCKER,
            access=True,
            found="missing: " + ", ".join(lacking),
            fix="grant them in the permission set of the integration user",
        )
    else:
        yield Check(
            area="object permissions", level=Level.OK, found="Lead edit; Account, Contact, Opportunity create and edit"
        )
    unseen = [o.object for o in mapping if describes.get(o.object) is None and o.object not in _WRITES]
    if unseen:
        yield Check(
            area="objects",
            level=Level.WARNING,
            found=f"not visible to this user: {', '.join(unseen)}; signals from them stay unknown",
            fix="grant Read on them, or take their files out of mappings/",
        )


def _compensation(describes: Mapping[str, ObjectDescribe | None]) -> Check:
    """What a conversion couldn't be made good without; a run itself needs none of it."""
    needs = dict(_COMPENSATES)
    if describes.get("CampaignMember") is None:  # no campaigns, or none that were read before the conversion
        del needs["CampaignMember"]
    lacking = [f"{need.capitalize()} on {name}" for name, need in needs.items() if not _may(describes.get(name), need)]
    if not lacking:
        return Check(
            area="compensation", level=Level.OK, found="everything that `leadgate compensate` needs is granted"
        )
    return Check(
        area="compensation",
        level=Level.NOTE,
        found=f"only `leadgate compensate` needs: {', '.join(lacking)}",
        fix="grant them when a conversion has to be made good, to this user or to another",
    )


def _may(described: ObjectDescribe | None, need: str) -> bool:
    if described is None:
        return False
    return {"create": described.createable, "edit": described.updateable, "delete": described.deletable}[need]


def _convert_permission(org: OrgReader) -> Check:
    fix = "grant the user permission “Convert Leads” in a permission set"
    (told,) = org.ask([AskRows(soql=convert_right(org.identity.user_id), all_rows=False)])
    match may_convert(told):
        case True:
            return Check(area="Convert Leads", level=Level.OK, found="granted")
        case False:
            return Check(area="Convert Leads", level=Level.BLOCKER, access=True, found="not granted", fix=fix)
        case None:
            why = told.code if isinstance(told, OrgFault) else "no permission set is visible"
            found = f"can't be read by this user ({why})"
            return Check(area="Convert Leads", level=Level.WARNING, found=found, fix=f"make sure of it by hand: {fix}")


def _files(
    area: str, problems: Sequence[Problem], *, good: str | None = None, level: Level = Level.BLOCKER
) -> Iterator[Check]:
    if not problems and good is not None:
        yield Check(area=area, level=Level.OK, found=good)
    for problem in problems:
        yield Check(
            area=area,
            level=level,
            found=f"{problem.file}:{problem.line}: {problem.message}",
            fix=problem.fix or "mend the file",
        )


def _statuses(org: OrgReader) -> Iterator[Check]:
    statuses = org.lead_statuses()
    converted = [s.api_name for s in statuses if s.converted]
    yield Check(
        area="lead statuses",
        level=Level.OK if converted else Level.BLOCKER,
        found=f"{len(statuses)} in use; converted: {_listed(converted)}",
        fix=None if converted else "mark a Lead Status as converted in Setup",
    )


def _stages(org: OrgReader) -> Iterator[Check]:
    active = [s.api_name for s in org.stages() if s.active]
    yield Check(
        area="opportunity stages",
        level=Level.OK if active else Level.WARNING,
        found=f"{len(active)} active",
        fix=None if active else "the user can't read OpportunityStage; the policy's stage can't be checked",
    )


def _record_types(lead: ObjectDescribe | None) -> Iterator[Check]:
    if lead is None:
        return
    own = [r for r in lead.record_types if r.active and not r.master]
    if not own:
        yield Check(area="record types", level=Level.OK, found="none on Lead")
        return
    hidden = [r.name for r in own if not r.available]
    yield Check(
        area="record types",
        level=Level.WARNING if hidden else Level.OK,
        found=f"{len(own)} on Lead" + (f"; not available to this user: {', '.join(hidden)}" if hidden else ""),
        fix="assign them to the integration user" if hidden else None,
    )


def _duplicate_rules(org: OrgReader) -> Check:
    soql = "SELECT SobjectType, DeveloperName FROM DuplicateRule WHERE IsActive = true ORDER BY SobjectType"
    try:
        rules = list(org.query(soql))
    except (OrgFault, AccessRefused) as refused:
        return Check(
            area="duplicate rules",
            level=Level.WARNING,
            found=f"can't be listed by this user ({refused.code}); preflight still asks the org lead by lead",
            fix="grant “View Setup and Configuration” to see them here",
        )
    if not rules:
        return Check(area="duplicate rules", level=Level.OK, found="none active")
    named = ", ".join(f"{r['SobjectType']}: {r['DeveloperName']}" for r in rules)
    return Check(area="duplicate rules", level=Level.OK, found=f"{len(rules)} active ({named}); preflight asks them")


def _validation_rules(org: OrgReader, policy: Policy | None) -> Check:
    """What preflight will know of them; whether conversions obey is the lead setting that it can't do without."""
    area = "validation rules"
    found = org.validation_rules(DESCRIBED)
    if found.refused is not None:
        return Check(
            area=area,
            level=Level.NOTE,
            found=f"can't be read by this user ({found.refused}); preflight does without, and the canary finds them",
            fix="grant “View Setup and Configuration”, so that preflight foretells what they refuse",
        )
    if not found.rules:
        return Check(area=area, level=Level.OK, found="none active on Lead, Account, Contact, Opportunity")
    parts = [counted(found), _OBEYED[found.at_conversion], *untold(found)]
    unsure = found.at_conversion is None and (policy is None or policy.conversion.validation_rules == "org")
    return Check(
        area=area,
        level=Level.NOTE if unsure else Level.OK,
        found="; ".join(parts),
        fix="if “Require Validation for Converted Leads” is ticked in Lead Settings, say "
        "conversion.validation_rules: hold in the policy"
        if unsure
        else None,
    )


def _limits(org: OrgReader, policy: Policy | None) -> Iterator[Check]:
    try:
        allowed, left = org.limits()["DailyApiRequests"]
    except (OrgFault, AccessRefused, KeyError):
        usage = org.usage()
        if usage is None:
            yield Check(area="API limit", level=Level.WARNING, found="unknown: the org doesn't tell this user")
            return
        allowed, left = usage.allowed, usage.left
    reserve = policy.limits.api_reserve if policy else 0.0
    enough = allowed == 0 or left >= allowed * reserve
    yield Check(
        area="API limit",
        level=Level.OK if enough else Level.BLOCKER,
        found=f"{left:,} of {allowed:,} requests left today",
        fix=None if enough else f"the policy keeps {reserve:.0%} in reserve: wait, or lower limits.api_reserve",
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(n) for n in names) or "none"


def exit_code(checks: Iterable[Check]) -> int:
    """0 without blockers; 3 where access is the cause of one, else 2."""
    blockers = [c for c in checks if c.level is Level.BLOCKER]
    if not blockers:
        return 0
    return 3 if any(c.access for c in blockers) else 2
