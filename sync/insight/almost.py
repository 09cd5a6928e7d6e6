"""Leads that a change or two would make ready, grouped by what is missing: the work list for reps.

The smallest changes of one lead take milliseconds of search, too long for a hundred thousand leads one by one. Leads
that the search can't tell apart (`sync.policy.likeness`) are therefore searched once together, so the time goes with
the number of different situations and not with the number of leads.
"""

# ruff: noqa: S608 -- the SQL is made of compiled policies and quoted names
from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sync.mapping import OrgMapping
from sync.mirror.in_use import picklist_values_in_use
from sync.mirror.store import Mirror
from sync.policy.changes import Change, SmallestChanges, asked_in_words, smallest_changes
from sync.policy.compile import CompiledPolicy
from sync.policy.emit import quoted
from sync.policy.likeness import likeness_sql
from sync.policy.relations import lead_value_sql

_CHUNK = 10_000


@dataclass(frozen=True, slots=True)
class Missing:
    """What some leads lack: alternatives, each a set of changes that is enough by itself."""

    alternatives: tuple[tuple[str, ...], ...]
    """In words, without the values that a lead has now."""
    exact: bool
    note: str | None

    @property
    def size(self) -> int:
        """How many changes away."""
        return len(self.alternatives[0])

    @property
    def words(self) -> str:
        """For a person."""
        return ", or ".join(" and ".join(changes) for changes in self.alternatives)


@dataclass(slots=True, kw_only=True)
class Group:
    """Leads that lack the same."""

    missing: Missing
    changes: tuple[tuple[Change, ...], ...]
    """The alternatives as changes, of one of the leads: what it has now stands in them."""
    leads: list[tuple[str, str | None]] = field(default_factory=list)
    """Lead id and owner id, by lead id."""

    def owners(self) -> list[tuple[str | None, int]]:
        """Owner ids with their number of leads, most first."""
        counts = Counter(owner for _, owner in self.leads)
        return sorted(counts.items(), key=lambda found: (-found[1], found[0] or ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Almost:
    """The leads that are nearly ready."""

    most: int
    """Changes away at most."""
    blocked: int
    """All leads in scope that are not ready."""
    by_size: Mapping[int, int]
    """Changes away → leads, of all blocked leads that a person can make ready."""
    out_of_reach: int
    """Blocked leads that nothing that a person can change makes ready."""
    groups: Sequence[Group]
    """Fewest changes first, then most leads first."""

    def leads(self) -> Iterator[tuple[Group, str, str | None]]:
        """Every lead listed: its group, its id, its owner's id."""
        for group in self.groups:
            for lead_id, owner_id in group.leads:
                yield group, lead_id, owner_id


def almost_ready(mirror: Mirror, compiled: CompiledPolicy, mapping: OrgMapping, *, most: int = 1) -> Almost:
    """Every lead in scope that at most `most` changes would make ready.

    Exactly the changes that `leadgate explain` gives for each of them.
    """
    answers: dict[tuple[object, ...], SmallestChanges] = {}
    groups: dict[Missing, Group] = {}
    by_answer: dict[int, Group | None] = {}
    by_size: dict[int, int] = defaultdict(int)
    out_of_reach = blocked = 0
    fields = len(compiled.deciding_fields)
    signals = list(compiled.policy.signals)
    usual = picklist_values_in_use(mirror, mapping, compiled.deciding_fields)
    with mirror.session() as cursor:
        result = cursor.execute(_blocked_sql(compiled, mapping))
        while rows := result.fetchmany(_CHUNK):
            for lead_id, owner_id, *row in rows:
                blocked += 1
                key = tuple(row[fields:])
                answer = answers.get(key)
                if answer is None:
                    _, values = compiled.values((lead_id, *row[:fields]))
                    facts = dict(zip(signals, row[fields : fields + len(signals)], strict=True))
                    answer = smallest_changes(
                        compiled.parsed, mapping, values=values, signals=facts, now=compiled.now, usual=usual
                    )
                    answers[key] = answer
                    by_answer[id(answer)] = _group(answer, groups, most)
                if not answer.sets:
                    out_of_reach += 1
                    continue
                by_size[len(answer.sets[0])] += 1
                group = by_answer[id(answer)]
                if group is not None:
                    group.leads.append((lead_id, owner_id))
    return Almost(
        most=most,
        blocked=blocked,
        by_size=dict(sorted(by_size.items())),
        out_of_reach=out_of_reach,
        groups=sorted(groups.values(), key=lambda g: (g.missing.size, -len(g.leads), g.missing.words)),
    )


def _group(answer: SmallestChanges, groups: dict[Missing, Group], most: int) -> Group | None:
    if not answer.sets or len(answer.sets[0]) > most:
        return None
    missing = Missing(
        alternatives=tuple(tuple(asked_in_words(change) for change in changes) for changes in answer.sets),
        exact=answer.exact,
        note=answer.note,
    )
    return groups.setdefault(missing, Group(missing=missing, changes=answer.sets))


def _blocked_sql(compiled: CompiledPolicy, mapping: OrgMapping) -> str:
    """Blocked leads by id: id, owner, deciding fields, signals, and the rest of the key."""

    def value(name: str) -> str:
        return lead_value_sql(name, mapping, alias="l", now=compiled.now)

    columns = [
        *(value(name) for name in compiled.deciding_fields),
        *(f"d.{quoted('s:' + name)}" for name in compiled.policy.signals),
        *likeness_sql(compiled.parsed, mapping, compiled.now, column=value),
    ]
    return (
        f'SELECT d."lead_id", l."owner_id", {", ".join(columns)} '
        f'FROM ({compiled.decide_sql}) d JOIN "lead" l ON l."id" = d."lead_id" '
        'WHERE d."in_scope" AND NOT d."ready" ORDER BY d."lead_id"'
    )
