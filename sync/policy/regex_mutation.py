"""A regular expression of a policy, with one of its words left out: does a test case need that word?

For `sync.policy.mutation`: alternatives, optional parts and members of small character classes are taken out in turn.
Works on the text, because what is left must be the person's own pattern with something missing.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from sync.policy.patterns import pattern_trouble

_ESCAPE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|.)", re.DOTALL)
_OPENING = re.compile(r"\((?:\?(?::|[ims]+:|P<\w+>))?")
_FLAGS = re.compile(r"\(\?[ims]+\)")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_PLAIN_CLASS = re.compile(r"\[(?!\^)((?:\\[^A-Za-z0-9]|[^\\\]-])+-?|-[^\\\]-]*)\]")
_REPEAT = re.compile(r"[*+?]|\{\d+(?:,\d*)?\}")


@dataclass(frozen=True, slots=True)
class _Atom:
    """A repeatable part of a pattern, by its place in the text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Thinner:
    """A pattern that differs in one part."""

    what: str
    """What is different: `without 'quote'`."""
    pattern: str
    missing: str
    """What a record that shows the difference is like: `in which of these words only 'quote' occurs`."""


def thinner_patterns(pattern: str) -> Iterator[Thinner]:
    """Patterns that differ in one part.

    Only usable patterns are given: one that is left without words, or matches everything, is no mistake that could
    pass unnoticed.
    """
    seen = {pattern}
    for thinner in _changes(pattern):
        if thinner.pattern not in seen and pattern_trouble(thinner.pattern) is None:
            seen.add(thinner.pattern)
            yield thinner


def _changes(pattern: str) -> Iterator[Thinner]:
    groups, atoms = _scan(pattern)
    for bars in groups:
        parts = list(itertools.pairwise(bars))
        for start, end in parts if len(parts) > 1 else ():
            rest = [pattern[s + 1 : e] for s, e in parts if (s, e) != (start, end)]
            word = pattern[start + 1 : end]
            left = pattern[: bars[0] + 1] + "|".join(rest) + pattern[bars[-1] :]
            group = pattern[bars[0] + 1 : bars[-1]]
            inside = f"with '{word}' where the pattern has '({group})'"
            alone = f"in which of the words sought only '{word}' occurs"
            yield Thinner(f"without '{word}'", left, alone if bars[-1] == len(pattern) else inside)
    for atom in atoms:
        text = pattern[atom.start : atom.end]
        repeat = _REPEAT.match(pattern, atom.end)
        if repeat is not None and repeat[0] in {"?", "*"}:
            lazy = repeat.end() + (pattern[repeat.end() : repeat.end() + 1] == "?")
            without = pattern[: atom.start] + pattern[lazy:]
            yield Thinner(f"without the optional '{text}'", without, f"that has the optional '{text}'")
            must = pattern[: atom.end] + ("" if repeat[0] == "?" else "+") + pattern[lazy:]
            yield Thinner(f"'{text}' no longer optional", must, f"that lacks the optional '{text}'")
        yield from _classes(pattern, atom)


def _classes(pattern: str, atom: _Atom) -> Iterator[Thinner]:
    """A class of a few single characters: each left out."""
    plain = _PLAIN_CLASS.fullmatch(pattern, atom.start, atom.end)
    if plain is None:
        return
    members = re.findall(r"\\.|.", plain[1])
    for number, member in enumerate(members) if len(members) > 1 else ():
        rest = members[:number] + members[number + 1 :]
        left = "".join(rest) if rest[0] != "^" else "\\" + "".join(rest)
        changed = f"{pattern[: atom.start]}[{left}]{pattern[atom.end :]}"
        yield Thinner(f"without '{member}' in '{plain[0]}'", changed, f"with '{member}' where '{plain[0]}' stands")


def _scan(pattern: str) -> tuple[list[list[int]], list[_Atom]]:
    """Where alternatives begin and end, group by group (`[before first, bar, …, end]`), and every atom."""
    flags = _FLAGS.match(pattern)
    at = flags.end() if flags else 0
    groups: list[list[int]] = []
    atoms: list[_Atom] = []
    stack: list[tuple[int, list[int]]] = [(at, [at - 1])]
    while at < len(pattern):
        char = pattern[at]
        if char == "(":
            opening = _OPENING.match(pattern, at)
            end = opening.end() if opening else at + 1
            stack.append((at, [end - 1]))
        elif char == ")":
            start, bars = stack.pop()
            groups.append([*bars, at])
            end = at + 1
            atoms.append(_Atom(start, end))
        elif char == "|":
            stack[-1][1].append(at)
            end = at + 1
        elif (repeat := _REPEAT.match(pattern, at)) is not None:
            end = repeat.end()
        else:
            whole = (_ESCAPE if char == "\\" else _CLASS).match(pattern, at)
            end = whole.end() if whole and char in "\\[" else at + 1
            atoms.append(_Atom(at, end))
        at = end
    groups.append([*stack[0][1], len(pattern)])
    return groups, atoms
