"""What leads of one plan share: one new account for one company, one contact for one person, one opportunity.

Seen one by one, each lead of a new company would make its own account. Here the first of them makes it and the others
attach to it (`Target.after`), and every lead's blockers are found for what it would really do. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sync.model import Record
from sync.plan.actions import Blocker, Target
from sync.plan.candidate import Candidate
from sync.plan.facts import OrgFacts
from sync.plan.groups import address_key, company_groups
from sync.plan.preflight import conversion_blockers
from sync.plan.propose import Proposal
from sync.policy.schema import Policy

_Checked = dict[str, tuple[Proposal, tuple[Blocker, ...]]]
_Check = Callable[[Proposal], tuple[Blocker, ...]]


def in_order(
    proposals: Sequence[Proposal], policy: Policy, facts: OrgFacts, existing: Mapping[str, Record]
) -> list[tuple[Proposal, tuple[Blocker, ...]]]:
    """Each proposal with its blockers, after leads of one company, one person or one account were set in order.

    `existing` holds the accounts and contacts that leads are attached to, by id, with their values by API name.
    """

    def blockers(proposal: Proposal) -> tuple[Blocker, ...]:
        return _blockers(proposal, policy, facts, existing)

    checked = {p.lead_id: (p, blockers(p)) for p in proposals}
    _share_new_accounts(checked, policy, blockers)
    _share_new_contacts(checked, policy, blockers)
    if policy.conversion.opportunity.attach_open:
        _share_new_opportunities(checked)
    return [checked[lead_id] for lead_id in sorted(checked)]


def _share_new_accounts(checked: _Checked, policy: Policy, check: _Check) -> None:
    """Of the leads that would each make the same new account, one makes it and the others attach."""
    making = {
        lead_id: proposal.lead
        for lead_id, (proposal, _) in checked.items()
        if proposal.convert.account.id is None and not proposal.choice.ambiguous_accounts
    }
    settings = policy.conversion.account
    for group in company_groups(making, settings.match, settings.free_mail):
        leader = next((lead_id for lead_id in group if not checked[lead_id][1]), None)
        if leader is None or len(group) == 1:
            continue
        for lead_id in group:
            if lead_id == leader:
                continue
            proposal, _ = checked[lead_id]
            account = Target(
                id=None,
                name=checked[leader][0].convert.account.name,
                reasons=(f"same company as lead {leader}",),
                after=leader,
            )
            attached = replace(proposal, convert=replace(proposal.convert, account=account))
            blockers = check(attached)
            if not blockers:
                checked[lead_id] = (attached, blockers)


def _share_new_contacts(checked: _Checked, policy: Policy, check: _Check) -> None:
    """Two leads with one e-mail address would make one person twice."""
    first_with: dict[str, str] = {}
    for lead_id in sorted(checked, key=lambda one: (checked[one][0].convert.account.after is not None, one)):
        proposal, blockers = checked[lead_id]
        address = address_key(proposal.lead)
        if blockers or address is None or "Contact" not in proposal.makes:
            continue
        first = first_with.setdefault(address, lead_id)
        if first == lead_id or policy.conversion.duplicates == "allow":
            continue
        convert = proposal.convert
        same_account = _account_token(checked[first][0]) == _account_token(proposal)
        if policy.conversion.duplicates == "reuse" and same_account:
            contact = Target(id=None, reasons=(f"same e-mail address as lead {first}",), after=first)
            proposal = replace(proposal, convert=replace(convert, contact=contact))
            checked[lead_id] = (proposal, check(proposal))
        else:
            checked[lead_id] = (proposal, (_duplicate_lead(first),))


def _share_new_opportunities(checked: _Checked) -> None:
    """With `attach_open`, leads of one account share the opportunity that the first of them makes."""
    first_with: dict[str, str] = {}
    for lead_id in sorted(checked, key=lambda one: (checked[one][0].convert.account.after is not None, one)):
        proposal, blockers = checked[lead_id]
        if blockers or "Opportunity" not in proposal.makes:
            continue
        first = first_with.setdefault(_account_token(proposal), lead_id)
        if first == lead_id:
            continue
        made = checked[first][0].convert.opportunity
        target = Target(
            id=None,
            name=made.name if made else None,
            reasons=(f"the opportunity that lead {first} makes",),
            after=first,
        )
        convert = replace(proposal.convert, opportunity=target, opportunity_fields={})
        checked[lead_id] = (replace(proposal, convert=convert), blockers)


def _account_token(proposal: Proposal) -> str:
    account = proposal.convert.account
    return account.id or account.after or proposal.lead_id


def _duplicate_lead(first: str) -> Blocker:
    return Blocker(
        code="duplicate_lead",
        field="Email",
        message=f"lead {first} of this plan has the same e-mail address, so the same contact would be made twice",
        fix="merge the two leads, or set conversion.duplicates to reuse or allow in the policy",
    )


def _blockers(
    proposal: Proposal, policy: Policy, facts: OrgFacts, existing: Mapping[str, Record]
) -> tuple[Blocker, ...]:
    candidate = candidate_of(proposal, existing)
    return (*proposal.blockers, *conversion_blockers(candidate, policy.conversion, facts))


def candidate_of(proposal: Proposal, existing: Mapping[str, Record]) -> Candidate:
    """The proposal as preflight looks at it; `existing` as for `in_order`."""
    convert = proposal.convert
    into = {"Account": convert.account.id, "Contact": convert.contact.id}
    return Candidate(
        lead=proposal.lead,
        choice=proposal.choice,
        convert=convert,
        makes=proposal.makes,
        attached={name: existing[found] for name, found in into.items() if found is not None and found in existing},
    )
