"""Typed reading of parsed JSON where each value knows its place, so that a broken plan file names it.

Used by `sync.plan.codec` alone: a plan is text from outside, and everything wrong with it must end in `PlanInvalid`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

from sync.errors import PlanInvalid
from sync.model import is_normal_id

E = TypeVar("E", bound=StrEnum)


@lru_cache
def _words(kind: type[E]) -> Mapping[str, E]:
    return {member.value: member for member in kind}


NOT_AS_WRITTEN = "make the plan again with `leadgate plan`"


class Node:
    """A JSON value and where it stands: `plan.json: actions[3].kind`.

    A large plan has millions of values. So each knows only what is above it, and the path is put together for an error;
    and what is nearly always right (`…_at`, and lists and objects of one kind) is looked at as it is, with a node of
    its own only where it is wrong.
    """

    __slots__ = ("_above", "_step", "file", "value")

    def __init__(self, value: object, file: str, above: Node | None = None, step: str | int = "") -> None:
        self.value = value
        self.file = file
        self._above = above
        self._step = step

    @property
    def path(self) -> str:
        """From the root to this value: `actions[3].kind`."""
        if self._above is None:
            return ""
        above = self._above.path
        if isinstance(self._step, int):
            return f"{above}[{self._step}]"
        return f"{above}.{self._step}" if above else self._step

    def wrong(self, problem: str, *, fix: str = NOT_AS_WRITTEN) -> PlanInvalid:
        """The error to raise about this value."""
        where = f"{self.file}: {self.path}" if self.path else self.file
        return PlanInvalid(f"{self.path or 'the plan'} {problem}", place=where, fix=fix)

    def __getitem__(self, key: str) -> Node:
        """A member that must be there."""
        members = self.members()
        if key not in members:
            raise self.wrong(f"lacks {key!r}")
        return Node(members[key], self.file, self, key)

    def text_at(self, key: str) -> str:
        """As `self[key].text()`."""
        found = self.members().get(key)
        return found if isinstance(found, str) else self[key].text()

    def record_id_at(self, key: str) -> str:
        """As `self[key].record_id()`."""
        found = self.members().get(key)
        return found if isinstance(found, str) and is_normal_id(found) else self[key].record_id()

    def truth_at(self, key: str) -> bool:
        """As `self[key].truth()`."""
        found = self.members().get(key)
        return found if isinstance(found, bool) else self[key].truth()

    def moment_at(self, key: str) -> datetime:
        """As `self[key].moment()`."""
        found = self.members().get(key)
        moment = _moment(found) if isinstance(found, str) else None
        return moment if moment is not None else self[key].moment()

    def get(self, key: str) -> Node | None:
        """A member that may be absent."""
        members = self.members()
        if key not in members:
            return None
        return Node(members[key], self.file, self, key)

    def items(self) -> Iterator[tuple[str, Node]]:
        """Members by name."""
        for key, value in self.members().items():
            yield key, Node(value, self.file, self, key)

    def elements(self) -> Iterator[Node]:
        """Elements of a list."""
        for number, element in enumerate(self._list()):
            yield Node(element, self.file, self, number)

    def text(self) -> str:
        """A string."""
        if not isinstance(self.value, str):
            raise self.wrong("is not text")
        return self.value

    def text_or_none(self) -> str | None:
        """A string or null."""
        return None if self.value is None else self.text()

    def record_id(self) -> str:
        """An 18-character Salesforce id."""
        found = self.text()
        if not is_normal_id(found):
            raise self.wrong("is no 18-character record id")
        return found

    def record_id_or_none(self) -> str | None:
        """A record id or null."""
        return None if self.value is None else self.record_id()

    def record_ids(self) -> tuple[str, ...]:
        """A list of record ids."""
        elements = self._list()
        found = [element for element in elements if isinstance(element, str) and is_normal_id(element)]
        if len(found) < len(elements):
            return tuple(element.record_id() for element in self.elements())
        return tuple(found)

    def texts(self) -> tuple[str, ...]:
        """A list of strings."""
        return tuple(element.text() for element in self.elements())

    def truth(self) -> bool:
        """A boolean."""
        if not isinstance(self.value, bool):
            raise self.wrong("is neither true nor false")
        return self.value

    def whole(self) -> int:
        """An integer."""
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            raise self.wrong("is not a whole number")
        return self.value

    def moment(self) -> datetime:
        """A time with its zone, in UTC."""
        found = _moment(self.text())
        if found is None:
            raise self.wrong("is not a time with its zone (2026-05-01T07:25:37Z)")
        return found

    def one_of(self, kind: type[E]) -> E:
        """A word of a vocabulary."""
        words: Mapping[str, E] = _words(kind)
        found = words.get(self.text())
        if found is None:
            raise self.wrong(f"is {self.value!r}, not one of {', '.join(words)}")
        return found

    def all_of(self, kind: type[E]) -> dict[str, E]:
        """An object whose values are words of a vocabulary."""
        words: Mapping[str, E] = _words(kind)
        members = self.members()
        found = {name: words[word] for name, word in members.items() if isinstance(word, str) and word in words}
        if len(found) < len(members):
            return {name: node.one_of(kind) for name, node in self.items()}
        return found

    def members(self) -> dict[str, object]:
        """An object's values by name, without their places."""
        if not isinstance(self.value, dict):
            raise self.wrong("is not an object")
        return self.value

    def _list(self) -> list[object]:
        if not isinstance(self.value, list):
            raise self.wrong("is not a list")
        return self.value


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
        return None if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):  # no time, or at the edge of all time where its zone reaches beyond
        return None
