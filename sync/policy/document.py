"""A YAML file as values that know their lines, so that every problem in a policy names its place.

First step of the loader. Built on the composed node graph instead of loaded objects, because only there are repeated
keys still visible and every scalar's own line known. Anchors and aliases are refused: a policy is read by people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from sync.errors import Problem

MAX_CHARACTERS = 1_000_000
_MAX_DEPTH = 20

Scalar = str | bool | int | float | None


@dataclass(frozen=True, slots=True)
class Text:
    """A single value; `quoted` tells `"20"` from `20`."""

    value: Scalar
    raw: str
    line: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One `key: value` of a block."""

    key: str
    line: int
    value: Tree


@dataclass(frozen=True, slots=True)
class Block:
    """A mapping; keys are unique, repeated ones were reported."""

    entries: tuple[Entry, ...]
    line: int

    def __iter__(self) -> Iterator[Entry]:
        """Entries in the order written."""
        return iter(self.entries)

    def get(self, key: str) -> Entry | None:
        """The entry of that key."""
        return next((entry for entry in self.entries if entry.key == key), None)


@dataclass(frozen=True, slots=True)
class Items:
    """A sequence."""

    items: tuple[Tree, ...]
    line: int


Tree = Text | Block | Items


def read_document(text: str, file: str) -> tuple[Block | None, list[Problem]]:  # noqa: PLR0911 -- one per way to fail
    """The file's top-level block, and what is wrong with it as YAML; the block is `None` when it can't be read."""
    if len(text) > MAX_CHARACTERS:
        return None, [Problem(file, 1, f"is longer than {MAX_CHARACTERS:,} characters", "that is no policy")]
    try:
        node = YAML(typ="rt").compose(text)
    except MarkedYAMLError as broken:
        mark = broken.problem_mark or broken.context_mark
        line = mark.line + 1 if mark else 1
        return None, [Problem(file, line, f"not valid YAML: {broken.problem or broken.context or 'unreadable'}")]
    except (YAMLError, ValueError) as broken:
        return None, [Problem(file, 1, f"not valid YAML: {type(broken).__name__}", "save it as plain UTF-8 text")]
    except RecursionError:
        return None, [Problem(file, 1, "is nested too deeply to be a policy")]
    if node is None:
        return None, [Problem(file, 1, "is empty", "`leadgate init` writes one to start from")]
    problems: list[Problem] = []
    tree = _Reader(file, problems).read(node, 0)
    if not isinstance(tree, Block):
        return None, [*problems, Problem(file, 1, "starts with `policy: <name>`, not with a list or a single value")]
    return tree, problems


class _Reader:
    """Walks composed nodes once; a node met twice is an alias."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self._file = file
        self._problems = problems
        self._seen: set[int] = set()

    def read(self, node: Node, depth: int) -> Tree:
        line = node.start_mark.line + 1
        if id(node) in self._seen or depth > _MAX_DEPTH:
            why = "is nested too deeply" if depth > _MAX_DEPTH else "`*alias` is not supported here; write it out"
            self._problems.append(Problem(self._file, line, why))
            return Text(None, "", line)
        self._seen.add(id(node))
        match node:
            case MappingNode():
                return self._block(node, line, depth)
            case SequenceNode():
                return Items(tuple(self.read(item, depth + 1) for item in node.value), line)
            case ScalarNode():
                return Text(_scalar(node), _raw(node), line)
            case _:
                raise AssertionError(f"unexpected YAML node {type(node).__name__}")

    def _block(self, node: MappingNode, line: int, depth: int) -> Block:
        entries: dict[str, Entry] = {}
        for key_node, value_node in node.value:
            key_line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                self._problems.append(Problem(self._file, key_line, "a key is a single word"))
                continue
            key = str(key_node.value)
            if key in entries:
                first = entries[key].line
                self._problems.append(
                    Problem(self._file, key_line, f"{key!r} stands here twice, first in line {first}")
                )
                continue
            entries[key] = Entry(key, key_line, self.read(value_node, depth + 1))
        return Block(tuple(entries.values()), line)


def _raw(node: ScalarNode) -> str:
    """The text; ruamel.yaml marks where a folded block was folded by a bell, which nobody wrote."""
    return str(node.value).replace("\a", "") if node.style == ">" else str(node.value)


def _scalar(node: ScalarNode) -> Scalar:  # noqa: PLR0911 -- one per YAML type
    """The value that the core YAML types give to a scalar; anything unusual stays text."""
    raw = _raw(node)
    if node.style:  # quoted or a text block
        return raw
    match str(node.tag).rsplit(":", 1)[-1]:
        case "null":
            return None
        case "bool":
            return raw.lower() == "true" if raw.lower() in {"true", "false"} else raw
        case "int" if raw.lstrip("+-").isdecimal() and len(raw) <= 18:
            return int(raw)
        case "float":
            try:
                return float(raw)
            except ValueError:
                return raw
        case _:
            return raw
