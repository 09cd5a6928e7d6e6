"""Which conversions go together in a call, and which calls may go beside each other. Pure.

Salesforce locks the account while a lead is converted into it: two calls that touch one account wait for each other and
fail after ten seconds. Two new leads of one company in one call would make two accounts, and triggers that collect
accounts in a list fail on one that stands in it twice. So an account, and a contact or opportunity that is attached to,
stands once in all calls that are under way, and a lead that attaches to what another one makes waits for that one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from heapq import heapify, heappop, heappush
from math import ceil

from sync.plan.actions import Action, ConvertLead, Prediction
from sync.plan.pace import Pace

WORTH_SPLITTING = 10
"""Leads of one account, one call after the other, from which a run's length is theirs: then calls are made smaller, so
that more of them go at once. Below, fewer calls are worth more than a few seconds."""


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


class Packing:
    """Conversions waiting for their call, and what the calls under way keep from the others.

    An action is taken, and later either `end`s or is `put_back`; until then its records are out of bounds.

    Args:
        actions: The conversions.
        accounts: Lead id → the account that its conversion made or attached to, for leads converted before.
    """

    def __init__(self, actions: Sequence[ConvertLead], *, accounts: Mapping[str, str] | None = None) -> None:
        self._accounts = dict(accounts or {})
        self._groups: dict[str, deque[ConvertLead]] = {}
        for action in sorted(actions, key=lambda a: (bool(waits_for(a)), a.lead_id)):
            self._groups.setdefault(account_of(action), deque()).append(action)
        self._ready = [(-len(group), name) for name, group in self._groups.items()]
        heapify(self._ready)
        self._flying: dict[str, set[str]] = {}
        """Accounts that are under way, by what stands for them, each with the records that are out of bounds."""
        self._busy: set[str] = set()
        self._open = {action.lead_id for action in actions}

    def __len__(self) -> int:
        """How many have not ended, those under way included."""
        return len(self._open)

    def waiting(self) -> list[ConvertLead]:
        """Those that are not under way."""
        return [action for group in self._groups.values() for action in group]

    def is_open(self, lead_id: str) -> bool:
        """Whether this lead waits or is under way."""
        return lead_id in self._open

    def next_call(self, pace: Pace, *, lanes: int, flying: Sequence[int]) -> list[ConvertLead]:
        """The next call's conversions, taken; empty when none may go beside those under way.

        Args:
            pace: What the org bears.
            lanes: How many calls may be under way.
            flying: The sizes of those that are.
        """
        free = len(self._ready)
        if not free or len(flying) >= lanes or any(size > pace.proven for size in flying):
            return []
        size = pace.size
        idle = lanes - len(flying)
        if free < size * idle and self._longest() >= WORTH_SPLITTING:
            size = min(size, ceil(free / idle))
        if flying and min(size, free) > pace.proven:
            return []
        return self.take(size)

    def take(self, size: int) -> list[ConvertLead]:
        """At most `size` conversions that may go now, no record twice, of accounts with the most leads left first.

        They share one duplicate-rule header, which holds for a whole call.
        """
        batch: list[ConvertLead] = []
        passed_over: list[tuple[int, str]] = []
        while len(batch) < size and self._ready:
            entry = heappop(self._ready)
            action = self._first(entry[1], batch)
            if action is not None:
                batch.append(action)
                self._flying[entry[1]] = self._records(action)
                self._busy |= self._flying[entry[1]]
            elif self._groups[entry[1]]:
                passed_over.append(entry)
        for entry in passed_over:
            heappush(self._ready, entry)
        return batch

    def end(self, action: ConvertLead, *, account_id: str | None = None) -> None:
        """This action's fate is settled; `account_id` is the account that its lead went into, if it was converted."""
        self._land(action)
        self._open.discard(action.lead_id)
        if account_id is not None:
            self._accounts[action.lead_id] = account_id

    def put_back(self, action: ConvertLead) -> None:
        """This action had no effect and goes again, before others of its account."""
        self._groups[account_of(action)].appendleft(action)
        self._land(action)

    def drop(self, lead_ids: Collection[str]) -> None:
        """Take out waiting actions that are not to be sent any more."""
        for name, group in self._groups.items():
            self._groups[name] = deque(action for action in group if action.lead_id not in lead_ids)
        self._open.difference_update(lead_ids)

    def _land(self, action: ConvertLead) -> None:
        name = account_of(action)
        self._busy -= self._flying.pop(name)
        if self._groups[name]:
            heappush(self._ready, (-len(self._groups[name]), name))

    def _first(self, name: str, batch: Sequence[ConvertLead]) -> ConvertLead | None:
        """The first of an account's leads that may join this call, taken out of its queue."""
        group = self._groups[name]
        for action in group:
            if any(lead in self._open for lead in waits_for(action)) or self._records(action) & self._busy:
                continue
            if batch and action.convert.allow_duplicates is not batch[0].convert.allow_duplicates:
                continue
            group.remove(action)
            return action
        return None

    def _records(self, action: ConvertLead) -> set[str]:
        """The records that its call locks: of what isn't known yet, the lead that makes it."""
        convert = action.convert
        account = convert.account.id or self._accounts.get(convert.account.after or "") or account_of(action)
        found = {account, convert.contact.id, convert.opportunity.id if convert.opportunity is not None else None}
        return {record for record in found if record is not None}

    def _longest(self) -> int:
        """How many calls, one after the other, the account with the most leads still takes."""
        ready = len(self._groups[self._ready[0][1]]) if self._ready else 0
        return max(ready, max((1 + len(self._groups[name]) for name in self._flying), default=0))


def split_canary(actions: Sequence[ConvertLead], canary: int) -> tuple[list[ConvertLead], list[ConvertLead]]:
    """The few that go first, one to an account and none that waits for another, and the rest."""
    first = Packing(actions).take(canary) if canary > 0 else []
    taken = {action.lead_id for action in first}
    return first, [action for action in actions if action.lead_id not in taken]
