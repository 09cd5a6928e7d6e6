"""References between subrequests: `@{refAccount.id}`, `@{refQuery.records[0].Id}` in URLs and bodies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

Answers: TypeAlias = Mapping[str, object]
"""What the subrequests so far answered, by reference id."""

_REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)\.?([^}]*)\}")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


class ReferenceIsMissing(Exception):
    """A reference that names no earlier answer, or nothing in it."""


def resolved(value: object, answers: Answers) -> object:
    """A JSON value with its references replaced; a text that is one reference takes the value's own type.

    Raises:
        ReferenceIsMissing: says which.
    """
    match value:
        case str():
            whole = _REFERENCE.fullmatch(value)
            return _value(whole, answers) if whole else resolved_text(value, answers)
        case dict():
            return {name: resolved(part, answers) for name, part in value.items()}
        case list():
            return [resolved(part, answers) for part in value]
        case _:
            return value


def resolved_text(text: str, answers: Answers) -> str:
    """A text with its references replaced.

    Raises:
        ReferenceIsMissing: says which.
    """
    return _REFERENCE.sub(lambda found: str(_value(found, answers)), text)


def _value(reference: re.Match[str], answers: Answers) -> object:
    name, path = reference[1], reference[2]
    value: object = answers.get(name)
    for step in _STEP.finditer(path):
        if step[2] is not None:
            index = int(step[2])
            value = value[index] if isinstance(value, list) and index < len(value) else None
        else:
            value = _entry(value, step[1])
    if value is None:
        raise ReferenceIsMissing(f"No value for {name}.{path} found in {name}")
    return value


def _entry(value: object, name: str) -> object:
    if not isinstance(value, dict):
        return None
    return value.get(name)
