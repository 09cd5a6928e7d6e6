"""What an org calls things, read for the policy's lint: statuses, stages, record types, picklists, formula fields.

`policy lint`, `doctor` and `init` ask here; the judgement itself is pure (`sync.policy.lint`).
"""

from __future__ import annotations

from collections.abc import Mapping

from sync.mapping import ObjectMapping, OrgMapping
from sync.policy.lint import LintResult, OrgWords, lint_policy
from sync.policy.parsed import parse_policy
from sync.policy.schema import Policy
from sync.salesforce.org import FieldDescribe, ObjectDescribe, OrgReader


def lint_policy_against(policy: Policy, mapping: OrgMapping, org: OrgReader) -> LintResult:
    """Everything in the policy that doesn't fit this org."""
    return lint_policy(parse_policy(policy, mapping), org_words(mapping, org))


def org_words(mapping: OrgMapping, org: OrgReader) -> OrgWords:
    """The org's words for what a policy may name; a few reads, most of them cached by the client."""
    statuses = org.lead_statuses()
    stages = [stage for stage in org.stages() if stage.active]
    described = org.describe_many([mapped.object for mapped in mapping])
    opportunity = org.describe("Opportunity")
    record_types = opportunity.record_types if opportunity else ()
    return OrgWords(
        statuses=[status.api_name for status in statuses],
        converted_statuses=[status.api_name for status in statuses if status.converted],
        stages=[stage.api_name for stage in stages],
        closed_stages={stage.api_name for stage in stages if stage.closed},
        opportunity_record_types={
            name for r in record_types if r.active and not r.master for name in (r.developer_name, r.name)
        },
        picklists={m.name: picklist_values(m, described[m.object]) for m in mapping},
        formulas={m.name: [n for n, f in _described(m, described[m.object]).items() if f.calculated] for m in mapping},
    )


def picklist_values(mapped: ObjectMapping, described: ObjectDescribe | None) -> dict[str, tuple[str, ...]]:
    """Active values of the mapped picklists, by our field name."""
    return {
        name: tuple(value.value for value in field.picklist if value.active)
        for name, field in _described(mapped, described).items()
        if field.picklist
    }


def _described(mapped: ObjectMapping, described: ObjectDescribe | None) -> Mapping[str, FieldDescribe]:
    if described is None:
        return {}
    found = ((name, described.field(field.api_name)) for name, field in mapped.fields.items())
    return {name: field for name, field in found if field is not None}
