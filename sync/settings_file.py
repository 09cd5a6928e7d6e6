"""`config/settings.yaml` as plain values that remember their lines.

Only reading and shape: what the settings mean, and which may not stand in a file, is `sync.settings`' concern.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsFile:
    """What a settings file says, and where."""

    shown: str
    values: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def place(self, path: tuple[str, ...]) -> str:
        """`file:line` of a setting, or of the nearest thing around it."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.lines:
                return f"{self.shown}:{self.lines[path[:end]]}"
        return f"{self.shown}:1"

    def paths(self) -> Iterator[tuple[str, ...]]:
        """Every setting that stands in the file, by its names from the outside in."""
        yield from self.lines


def read_settings_file(path: Path, *, shown: str, canonical: Callable[[str], str]) -> SettingsFile:
    """Read a settings file; one that isn't there says nothing.

    Args:
        path: Where it is.
        shown: How messages call it.
        canonical: The one spelling of an org's name.
    """
    try:
        data = YAML(typ="rt").load(path.read_text("utf-8"))
    except FileNotFoundError:
        return SettingsFile(shown=shown)
    except (OSError, UnicodeDecodeError) as unreadable:
        return SettingsFile(shown=shown, problems=(f"{shown}:1: can't be read: {type(unreadable).__name__}",))
    except MarkedYAMLError as broken:
        line = broken.problem_mark.line + 1 if broken.problem_mark else 1
        return SettingsFile(shown=shown, problems=(f"{shown}:{line}: not valid YAML: {broken.problem}",))
    except YAMLError:
        return SettingsFile(shown=shown, problems=(f"{shown}:1: not valid YAML",))
    if data is not None and not isinstance(data, CommentedMap):
        return SettingsFile(shown=shown, problems=(f"{shown}:1: settings are written as `name: value`",))
    lines: dict[tuple[str, ...], int] = {}
    return SettingsFile(shown=shown, values=_plain(data or CommentedMap(), (), lines, canonical), lines=lines)


def _plain(
    data: CommentedMap, path: tuple[str, ...], lines: dict[tuple[str, ...], int], canonical: Callable[[str], str]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in data.items():
        if value is None:
            continue
        name = canonical(str(key)) if path == ("orgs",) else str(key)
        here = (*path, name)
        lines[here] = data.lc.key(key)[0] + 1
        values[name] = _plain(value, here, lines, canonical) if isinstance(value, CommentedMap) else value
    return values
