"""Typed reading of parsed JSON where each value knows its place, so that a broken plan file names it.

Used by `sync.plan.codec` alone: a plan is text from outside, and everything wrong with it must end in `PlanInvalid`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

from sync.errors import PlanInvalid
from sync.model import normal_id

E = TypeVar("E", bound=StrEnum)

NOT_AS_WRITTEN = "make the plan again with `leadgate plan`"


@dataclass(frozen=True, slots=True)
class Node:
    """A JSON value and where it stands: `plan.json: actions[3].kind`."""

    value: object
    file: str
    path: str = ""

    def wrong(self, problem: str, *, fix: str = NOT_AS_WRITTEN) -> PlanInvalid:
        """The error to raise about this value."""
        where = f"{self.file}: {self.path}" if self.path else self.file
        return PlanInvalid(f"{self.path or 'the plan'} {problem}", place=where, fix=fix)

    def __getitem__(self, key: str) -> Node:
        """A member that must be there."""
        found = self.get(key)
        if found is None:
            raise self.wrong(f"lacks {key!r}")
        return found

    def get(self, key: str) -> Node | None:
        """A member that may be absent."""
        members = self._members()
        if key not in members:
            return None
        return Node(members[key], self.file, f"{self.path}.{key}" if self.path else key)

    def items(self) -> Iterator[tuple[str, Node]]:
        """Members by name."""
        for key in self._members():
            yield key, self[key]

    def elements(self) -> Iterator[Node]:
        """Elements of a list."""
        if not isinstance(self.value, list):
            raise self.wrong("is not a list")
        for number, element in enumerate(self.value):
            yield Node(element, self.file, f"{self.path}[{number}]")

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
        if len(found) != 18 or normal_id(found) != found:
            raise self.wrong("is no 18-character record id")
        return found

    def record_id_or_none(self) -> str | None:
        """A record id or null."""
        return None if self.value is None else self.record_id()

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
        try:
            found = datetime.fromisoformat(self.text())
        except ValueError:
            raise self.wrong("is not a time (2026-05-01T07:25:37Z)") from None
        if found.tzinfo is None:
            raise self.wrong("is a time without its zone")
        return found.astimezone(UTC)

    def one_of(self, kind: type[E]) -> E:
        """A word of a vocabulary."""
        try:
            return kind(self.text())
        except ValueError:
            known = ", ".join(member.value for member in kind)
            raise self.wrong(f"is {self.value!r}, not one of {known}") from None

    def _members(self) -> dict[str, object]:
        if not isinstance(self.value, dict):
            raise self.wrong("is not an object")
        return self.value
