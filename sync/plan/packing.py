"""In which order and in which calls conversions go: waves, canary, and never one account twice in a call.

Children of one account lock each other within a call, and two new leads of one company in one call would make two
accounts. So each call holds an account once, and a lead that attaches to what an earlier one makes waits for the next
wave. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sync.plan.actions import Action, ConvertLead, Prediction

FIRST_BATCH = 25
"""Leads in a conversion call until the org has shown what it bears; triggers run once for all of them."""

MAX_BATCH = 100
"""convertLead takes no more in a call."""


def conversions(actions: Sequence[Action]) -> tuple[ConvertLead, ...]:
    """The conversions to be sent: those not predicted to be blocked."""
    return tuple(a for a in actions if isinstance(a, ConvertLead) and a.prediction is Prediction.WILL_SUCCEED)


def account_of(action: ConvertLead) -> str:
    """What stands for the account that a conversion touches: its id, or the lead that makes it."""
    account = action.convert.account
    return account.id or account.after or action.lead_id


def waits_for(action: ConvertLead) -> tuple[str, ...]:
    """Lead ids whose conversion must come first, because this one attaches to what they make."""
    convert = action.convert
    targets = [convert.account, convert.contact, *([convert.opportunity] if convert.opportunity else [])]
    return tuple(dict.fromkeys(target.after for target in targets if target.after))


def waves(actions: Sequence[ConvertLead]) -> list[list[ConvertLead]]:
    """Conversions by wave; every lead comes after those that it waits for.

    Accounts with many leads come first within a wave, so that the last calls aren't nearly empty.
    """
    level: dict[str, int] = {}
    by_lead = {action.lead_id: action for action in actions}

    def level_of(lead_id: str) -> int:
        if lead_id not in level:
            level[lead_id] = 0  # a lead never waits for itself; a circle in a foreign plan ends here
            before = [other for other in waits_for(by_lead[lead_id]) if other in by_lead]
            level[lead_id] = 1 + max((level_of(other) for other in before), default=-1)
        return level[lead_id]

    crowd = Counter(account_of(action) for action in actions)
    ordered = sorted(actions, key=lambda a: (level_of(a.lead_id), -crowd[account_of(a)], account_of(a), a.lead_id))
    found: list[list[ConvertLead]] = [[] for _ in range(1 + max(level.values(), default=-1))]
    for action in ordered:
        found[level[action.lead_id]].append(action)
    return [wave for wave in found if wave]


def take_batch(pending: Sequence[ConvertLead], size: int) -> tuple[list[ConvertLead], list[ConvertLead]]:
    """The next call's conversions, at most `size` and no account twice, and what remains."""
    batch: list[ConvertLead] = []
    rest: list[ConvertLead] = []
    accounts: set[str] = set()
    for action in pending:
        account = account_of(action)
        if len(batch) < size and account not in accounts:
            accounts.add(account)
            batch.append(action)
        else:
            rest.append(action)
    return batch, rest


def split_canary(wave: Sequence[ConvertLead], canary: int) -> tuple[list[ConvertLead], list[ConvertLead]]:
    """The few that go first, one to an account, and the rest of the wave."""
    if canary <= 0:
        return [], list(wave)
    return take_batch(wave, canary)
