"""How many leads play which part: the world's proportions, drawn up before the first record is made.

Every situation is there at least once in every world, however small; in small ones the shares are therefore larger.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from .situations import OBSTACLE_TIES, OBSTACLE_TRAITS, Obstacle, Part, Story, Tie, Trait

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

SMALLEST_WORLD = 200

SHARES: Mapping[Story, float] = {
    Story.PRICED_IN_CALL: 0.0135,
    Story.PRICED_IN_MEETING: 0.0090,
    Story.PRICED_IN_EMAIL: 0.0080,
    Story.PRICED_BY_FIELD: 0.0065,
    Story.PRICED_BY_FIELD_AND_CALL: 0.0040,
    Story.OBJECTION_OVERCOME: 0.0045,
    Story.OBJECTION_AFTER_PRICING: 0.0275,
    Story.PRICING_TOO_OLD: 0.0340,
    Story.PRICED_BUT_NOT_CONTACTED: 0.0170,
    Story.TALKED_WITHOUT_PRICING: 0.1550,
    Story.CONTACTED_STILL_OPEN: 0.0400,
    Story.WENT_COLD: 0.0500,
    Story.SILENT: 0.0750,
    Story.CONVERTED_AFTER_PRICING: 0.0840,
    Story.CONVERTED_WITHOUT_PRICING: 0.0180,
    Story.CONVERTED_WITHOUT_OPPORTUNITY: 0.0180,
    Story.UNQUALIFIED: 0.1550,
    Story.UNQUALIFIED_THOUGH_PRICED: 0.0150,
    Story.MERGED: 0.0150,
    Story.DELETED: 0.0100,
}
"""Shares of all leads; the rest is untouched. Of the open ones, about 6.6 % are ready."""

_OBSTACLE_SHARE_OF_READY = 0.03
_TIES_OF_READY: Mapping[Tie, float] = {
    Tie.KNOWN_CONTACT: 0.16,
    Tie.KNOWN_DOMAIN: 0.16,
    Tie.KNOWN_COMPANY_NAME: 0.10,
}
_TIES_OF_OTHERS: Mapping[Tie, float] = {
    Tie.KNOWN_CONTACT: 0.03,
    Tie.KNOWN_DOMAIN: 0.06,
    Tie.KNOWN_COMPANY_NAME: 0.02,
    Tie.SHARED_DOMAIN: 0.01,
    Tie.SHARED_MAILBOX: 0.003,
}
_TRAITS_OF_OTHERS: Mapping[Trait, float] = {
    Trait.FREE_MAIL: 0.09,
    Trait.WITHOUT_EMAIL: 0.06,
    Trait.WITHOUT_PHONE: 0.15,
    Trait.OWNED_BY_QUEUE: 0.10,
    Trait.OWNED_BY_INACTIVE_USER: 0.03,
    Trait.PARTNER_RECORD_TYPE: 0.03,
    Trait.LONG_COMPANY_NAME: 0.002,
}


def cast(rng: random.Random, leads: int) -> list[Part]:
    """The parts of a world of `leads` leads, in a shuffled order.

    Raises:
        ValueError: When there are too few leads to show every situation.
    """
    if leads < SMALLEST_WORLD:
        message = f"a seed world needs at least {SMALLEST_WORLD} leads to show every situation, not {leads}"
        raise ValueError(message)
    counts = {story: max(1, round(share * leads)) for story, share in SHARES.items()}
    ready = {story: count for story, count in counts.items() if story.ready}
    counts[Story.PRICED_IN_CALL] += max(0, 2 * len(Obstacle) + 6 - sum(ready.values()))
    counts[Story.UNTOUCHED] = leads - sum(counts.values())
    parts: list[Part] = []
    parts += _ready_parts(rng, [story for story, count in counts.items() if story.ready for _ in range(count)])
    parts += [_other_part(rng, story) for story, count in counts.items() if not story.ready for _ in range(count)]
    _at_least_one_of_each(parts)
    _share_companies(rng, parts)
    _vary_those_on_their_own(parts)
    rng.shuffle(parts)
    return parts


def _ready_parts(rng: random.Random, stories: list[Story]) -> list[Part]:
    """Ready leads: a few with each obstacle, and the others surely without one."""
    rng.shuffle(stories)
    each = max(1, round(_OBSTACLE_SHARE_OF_READY * len(stories)))
    obstacles = [obstacle for obstacle in Obstacle for _ in range(each)]
    free = len(stories) - len(obstacles)
    ties = [tie for tie, share in _TIES_OF_READY.items() for _ in range(max(1, round(share * free)))]
    ties += [Tie.NEW_COMPANY] * (free - len(ties))
    parts = []
    for index, story in enumerate(stories):
        if index < len(obstacles):
            obstacle = obstacles[index]
            traits = {OBSTACLE_TRAITS[obstacle]} if obstacle in OBSTACLE_TRAITS else set()
            tie = OBSTACLE_TIES.get(obstacle, Tie.NEW_COMPANY)
            parts.append(Part(story=story, tie=tie, traits=traits, obstacle=obstacle))
        else:
            parts.append(Part(story=story, tie=ties[index - len(obstacles)], traits=set()))
    return parts


def _other_part(rng: random.Random, story: Story) -> Part:
    tie = _drawn(rng, _TIES_OF_OTHERS) or Tie.NEW_COMPANY
    if story is Story.MERGED:
        return Part(story=story, tie=Tie.NEW_COMPANY, traits=set())
    if story.converted:
        return Part(story=story, tie=tie if tie is Tie.KNOWN_DOMAIN else Tie.NEW_COMPANY, traits=set())
    traits = {trait for trait, share in _TRAITS_OF_OTHERS.items() if rng.random() < share}
    if Trait.OWNED_BY_QUEUE in traits:
        traits.discard(Trait.OWNED_BY_INACTIVE_USER)
    if tie not in {Tie.NEW_COMPANY, Tie.KNOWN_COMPANY_NAME}:
        traits -= {Trait.FREE_MAIL, Trait.WITHOUT_EMAIL}
    if tie is not Tie.NEW_COMPANY:
        traits.discard(Trait.LONG_COMPANY_NAME)
    if Trait.WITHOUT_EMAIL in traits:
        traits.discard(Trait.FREE_MAIL)
    if story in {Story.UNTOUCHED, Story.SILENT} and rng.random() < 0.12:
        traits.add(Trait.BULK_IMPORTED)
    return Part(story=story, tie=tie, traits=traits)


def _drawn(rng: random.Random, shares: Mapping[Tie, float]) -> Tie | None:
    at = rng.random()
    for tie, share in shares.items():
        at -= share
        if at < 0:
            return tie
    return None


def _share_companies(rng: random.Random, parts: list[Part]) -> None:
    """Let groups of two to five leads be of one company that has no account yet, ready ones among them."""
    free = [part for part in parts if part.tie is Tie.NEW_COMPANY and part.obstacle is None and _may_share(part)]
    ready = [part for part in free if part.story.ready]
    others = [part for part in free if not part.story.ready]
    rng.shuffle(ready)
    rng.shuffle(others)
    group = 0
    for of_ready, share in ((2, 0.22), (3, 0.12), (1, 0.2)):
        for _ in range(max(1, round(share * len(ready) / of_ready))):
            if len(ready) < of_ready + 1:
                break
            members = [ready.pop() for _ in range(of_ready)] + [others.pop() for _ in range(rng.randint(1, 2))]
            _form_group(rng, members, group)
            group += 1
    for _ in range(round(0.06 * len(others))):
        _form_group(rng, [others.pop() for _ in range(rng.choice((2, 2, 2, 3, 3, 4, 5)))], group)
        group += 1


def _may_share(part: Part) -> bool:
    return (
        part.story not in {Story.MERGED, Story.DELETED}
        and not part.story.converted
        and not part.traits & {Trait.FREE_MAIL, Trait.LONG_COMPANY_NAME}
    )


def _form_group(rng: random.Random, members: list[Part], group: int) -> None:
    for place, part in enumerate(members):
        part.company_group = group
        part.traits.add(Trait.SAME_COMPANY)
        if place and rng.random() < 0.6:
            part.traits.add(Trait.SPELLED_DIFFERENTLY)


def _at_least_one_of_each(parts: list[Part]) -> None:
    """What chance may leave out of a small world."""
    plain = [part for part in parts if part.tie is Tie.NEW_COMPANY and not part.traits and part.obstacle is None]
    never_moved = (part for part in plain if part.story in {Story.UNTOUCHED, Story.SILENT})
    bystanders = (part for part in plain if part.story in {Story.UNQUALIFIED, Story.TALKED_WITHOUT_PRICING})
    seen = set().union(*(part.traits for part in parts))
    if Trait.BULK_IMPORTED not in seen:
        for part in islice(never_moved, 3):
            part.traits.add(Trait.BULK_IMPORTED)
    for trait in _TRAITS_OF_OTHERS:
        if trait not in seen:
            next(bystanders).traits.add(trait)
    for tie in _TIES_OF_OTHERS:
        if all(part.tie is not tie or part.obstacle for part in parts):
            next(bystanders).tie = tie


def _vary_those_on_their_own(parts: list[Part]) -> None:
    """Let some ready leads of new companies have a free-mail address, or none."""
    alone = [
        part
        for part in parts
        if part.story.ready and part.tie is Tie.NEW_COMPANY and part.obstacle is None and part.company_group is None
    ]
    for number, part in enumerate(alone):
        if number % 4 == 0:
            part.traits.add(Trait.WITHOUT_EMAIL if number % 8 else Trait.FREE_MAIL)
