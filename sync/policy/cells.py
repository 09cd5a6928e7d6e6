"""A field's possible values, cut into cells that no condition of the policy can tell apart.

For the question "what is the smallest change that makes this lead ready" a field needs no more than one value per
cell. The cut is exact for the shapes of condition named here; for any other shape it says so instead of guessing:

- numbers, dates and times compared with constants, also through `coalesce(field, constant)`, `days_since`,
  `days_until`, and multiplied, divided or shifted by constants;
- text as `sync.policy.wordings` describes;
- any condition on fields whose values can be listed: true/false fields, picklists whose values are given.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sync.model import FieldType, Value
from sync.policy import syntax
from sync.policy.evaluate import evaluate
from sync.policy.number_line import LINES, Line, boundaries, shown
from sync.policy.syntax import Expr
from sync.policy.wordings import NotSeparable, literals_in, searches, texts

__all__ = ["Cell", "Domain", "NotSeparable", "domain_of"]


@dataclass(frozen=True, slots=True)
class Cell:
    """Values that all conditions judge alike, by one of them."""

    value: Value
    verdicts: tuple[Value, ...]
    """What each condition on the field says of it."""
    span: tuple[int, int] | None = None
    """On a number line: from where to where."""


@dataclass(frozen=True, slots=True)
class Domain:
    """Everything that a field can be."""

    cells: tuple[Cell, ...]
    line: Line | None
    named: tuple[str, ...]
    listed: bool
    """Whether the cells are all of the field's values, one each."""
    searched: bool = False
    """Whether a condition looks inside of the text, so that no list of values describes it."""

    def words(self, chosen: Cell, working: Sequence[Cell], usual: Sequence[str] = ()) -> str:
        """The working values around a chosen one, for a person; `usual` are some of them that are in use."""
        if chosen.value is None:
            return "empty"
        if self.line is not None and chosen.span is not None:
            return self.line.words(*_stretch(chosen.span, [c.span for c in working if c.span is not None]))
        if self.searched:
            return f"for example {shown(chosen.value)}"
        good = [cell.value for cell in working if cell.value is not None]
        if self.listed or chosen.value in self.named:
            values = [value for value in good if self.listed or value in self.named]
            return " or ".join(shown(value) for value in values)
        bad = [text for text in self.named if text not in good and any(c.value == text for c in self.cells)]
        words = "anything but " + ", ".join(shown(text) for text in bad) if bad else "any text"
        return words + (", such as " + " or ".join(shown(text) for text in usual) if usual else "")


def domain_of(
    type_: FieldType,
    leaves: Sequence[Expr],
    *,
    nullable: bool,
    choices: Sequence[str] | None,
    alone: bool,
    now: datetime,
) -> Domain:
    """A field's values in cells.

    Args:
        type_: The field's type.
        leaves: Every condition that reads the field and no other one.
        nullable: Whether the field may be empty.
        choices: The only values that the field can take, where they are known.
        alone: Whether no condition reads this field together with another one.
        now: The run's clock.

    Raises:
        NotSeparable: When the cut would not be exact.
    """
    if choices is not None or type_ is FieldType.BOOLEAN:
        values: list[Value] = list(choices) if choices is not None else [True, False]
        nothing = [None] if nullable and choices is not None else []
        cells = [Cell(value, (*_verdicts(leaves, value, now), value)) for value in [*values, *nothing]]
        return Domain(tuple(cells), None, (), listed=True)
    if not alone:
        raise NotSeparable("a condition that weighs two fields against each other")
    line = None if type_.is_text else LINES[type_]
    found = _on_line(line, leaves, now) if line is not None else _in_text(type_, leaves, now)
    if nullable:
        found = itertools.chain(found, [Cell(None, _verdicts(leaves, None, now))])
    return Domain(tuple(found), line, literals_in(leaves), listed=False, searched=type_.is_text and searches(leaves))


def _verdicts(leaves: Sequence[Expr], value: Value, now: datetime) -> tuple[Value, ...]:
    return tuple(evaluate(leaf, look=lambda _name: value, now=now) for leaf in leaves)


def _in_text(type_: FieldType, leaves: Sequence[Expr], now: datetime) -> Iterator[Cell]:
    known: set[tuple[Value, ...]] = set()
    named = literals_in(leaves)
    for text in dict.fromkeys(texts(type_, leaves)):
        verdicts = _verdicts(leaves, text, now)
        if text and (verdicts not in known or text in named):
            known.add(verdicts)
            yield Cell(text, verdicts)


def _on_line(line: Line, leaves: Sequence[Expr], now: datetime) -> Iterator[Cell]:
    cuts: set[int] = {line.first}
    for leaf in leaves:
        term, constants = _parts(leaf)
        _check_monotone(term)

        def at(value: Value, term: Expr = term) -> Value:
            return evaluate(term, look=lambda _name: value, now=now)

        for constant in constants:
            cuts |= boundaries(at, evaluate(constant, look=_nothing, now=now), line)
    edges = [*sorted(cut for cut in cuts if cut <= line.last), line.last + 1]
    for low, after in itertools.pairwise(edges):
        value = line.value(line.representative(low, after - 1))
        yield Cell(value, _verdicts(leaves, value, now), (low, after - 1))


def _nothing(_name: object) -> Value:
    raise AssertionError("a constant reads nothing")


def _parts(leaf: Expr) -> tuple[Expr, tuple[Expr, ...]]:
    """What a condition compares, and the constants that it compares it with."""
    term: Expr
    constants: tuple[Expr, ...]
    match leaf:
        case syntax.Compare(left=left, right=right):
            term, constants = (left, (right,)) if syntax.field_names(left) else (right, (left,))
        case syntax.OneOf(item=term, values=constants):
            pass
        case syntax.Between(item=term, low=low, high=high):
            constants = (low, high)
        case syntax.IsNull(item=term):
            constants = ()
        case _:
            raise NotSeparable("a condition that is no comparison with constants")
    if any(syntax.field_names(constant) for constant in constants):
        raise NotSeparable("a comparison of a field with itself")
    return term, constants


def _check_monotone(term: Expr) -> None:
    """Refuse a term that may rise and fall along the line."""
    match term:
        case syntax.Field():
            return None
        case syntax.Call(name="days_since" | "days_until", args=(inner,)):
            return _check_monotone(inner)
        case syntax.Call(name="coalesce", args=(inner, *rest)) if not any(syntax.field_names(part) for part in rest):
            return _check_monotone(inner)
        case syntax.Negate(item=inner):
            return _check_monotone(inner)
        case syntax.Arithmetic(op=op, left=left, right=right):
            if syntax.field_names(left) and not syntax.field_names(right):
                return _check_monotone(left)
            if not syntax.field_names(left) and op != "/":
                return _check_monotone(right)
    raise NotSeparable("a calculation that can't be turned round")


def _stretch(span: tuple[int, int], others: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The unbroken run of spans around one."""
    low, high = span
    for start, end in sorted(others):
        if start == high + 1:
            high = end
    for start, end in sorted(others, reverse=True):
        if end == low - 1:
            low = start
    return low, high
