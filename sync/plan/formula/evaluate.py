"""Whether a formula holds for a record: true, false, or can't be told. Pure.

Three-valued throughout: what isn't known stays unknown until it no longer matters (`AND` with something false). Blank
text is empty text and a blank checkbox is false, as in the formula reference. A blank number or date in a comparison
or in arithmetic is not decided here: the reference leaves it to settings that can't be read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from sync.plan.formula.functions import PLAIN
from sync.plan.formula.operators import compared, computed
from sync.plan.formula.tree import OPERATORS, Call, Formula, Literal, Name, Node, nodes_in
from sync.plan.formula.values import FILLED, UNKNOWN, Seen, Unknown, known

_COMPARISONS = frozenset({"=", "<>", "<", "<=", ">", ">="})
_OF_RECORDS = frozenset({"AND", "OR", "IF", "CASE", "ISNEW", "TODAY", "ISCHANGED", "PRIORVALUE"})
Look = Callable[[str], Seen]
"""Gives a field's value by its API name in lower case: text, `Decimal`, bool, date, datetime; blank text is empty, any
other blank is `None`; `UNKNOWN` where it isn't known, `FILLED` where no more is known than that it isn't blank."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a rule sees of a record that is about to be saved."""

    after: Look
    """The record as it will be."""
    before: Look
    """As it is now; of a new record the same as `after` (PRIORVALUE, formula reference)."""
    changed: Callable[[str], bool | Unknown]
    """Whether the save changes a field; never asked of a new record."""
    is_new: bool
    days: Sequence[date]
    """What TODAY() may be: the save comes later than the plan, and in the user's time zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a formula."""

    holds: bool | None
    """`None` = can't be told."""
    because: tuple[str, ...] = ()
    """What couldn't be told: fields, globals and functions by name, in the order met."""


def beyond(formula: Formula) -> tuple[str, ...]:
    """What the formula uses that no record tells: parents' fields, globals, functions that aren't read here."""
    found: dict[str, None] = {}
    for node in nodes_in(formula.tree):
        match node:
            case Name(path=path) if not node.is_field:
                found[path] = None
            case Call(function=function) if function not in PLAIN and function not in OPERATORS | _OF_RECORDS:
                found[f"{function}()"] = None
            case _:
                pass
    return tuple(found)


def verdict(formula: Formula, scope: Scope) -> Verdict:
    """Whether the formula is true for the record, whichever of the days it is."""
    results: list[Seen] = []
    missing: dict[str, None] = {}
    for day in scope.days:
        run = _Run(scope, day, missing)
        results.append(run.value(formula.tree))
        if not run.dated:
            break
    first = results[0]
    if isinstance(first, bool) and all(each is first for each in results):
        return Verdict(holds=first)
    return Verdict(holds=None, because=tuple(missing) or ("TODAY()",))


@dataclass(slots=True)
class _Run:
    """One evaluation, on one day."""

    scope: Scope
    day: date
    missing: dict[str, None]
    dated: bool = field(default=False)

    def value(self, node: Node) -> Seen:
        match node:
            case Literal(value=value):
                return value
            case Name(path=path):
                return self._unless_unknown(self.scope.after(path.lower()) if node.is_field else UNKNOWN, path)
            case Call(function=function, arguments=arguments):
                return self._call(function, arguments)

    def _call(self, function: str, arguments: tuple[Node, ...]) -> Seen:  # noqa: PLR0911 -- one per function
        match function, arguments:
            case "AND" | "OR", (_, *_):
                return self._joined(arguments, absorbing=function == "OR")
            case "IF", (condition, then, otherwise):
                return self._if(condition, then, otherwise)
            case "CASE", (subject, *pairs) if len(pairs) >= 3 and len(pairs) % 2:
                return self._case(subject, pairs)
            case "ISNEW", ():
                return self.scope.is_new
            case "TODAY", ():
                self.dated = True
                return self.day
            case "ISCHANGED", (Name() as name,) if name.is_field:
                if self.scope.is_new:
                    return False
                return self._unless_unknown(self.scope.changed(name.path.lower()), name.path)
            case "PRIORVALUE", (Name() as name,) if name.is_field:
                return self._unless_unknown(self.scope.before(name.path.lower()), name.path)
            case _:
                return self._plain(function, arguments)

    def _plain(self, function: str, arguments: tuple[Node, ...]) -> Seen:
        if function not in PLAIN and function not in OPERATORS:
            return self._unless_unknown(UNKNOWN, f"{function}()")
        values = [self.value(each) for each in arguments]
        if not known(values):
            return _of_filled(function, values)
        if function in _COMPARISONS and len(values) == 2:
            found: Seen = compared(function, values[0], values[1])
        elif function in OPERATORS:
            found = computed(function, values)
        else:
            found = PLAIN[function](values)
        shown = f"{function}()" if function not in OPERATORS else f"{function} of a blank or another type"
        return self._unless_unknown(found, shown)

    def _unless_unknown(self, found: Seen, name: str) -> Seen:
        if isinstance(found, Unknown):
            self.missing[name] = None
        return found

    def _joined(self, arguments: Sequence[Node], *, absorbing: bool) -> Seen:
        """AND and OR: the absorbing value decides alone, whatever else isn't known."""
        sure = True
        for each in arguments:
            told = self.value(each)
            if told is absorbing:
                return absorbing
            sure = sure and told is (not absorbing)
        return not absorbing if sure else UNKNOWN

    def _if(self, condition: Node, then: Node, otherwise: Node) -> Seen:
        told = self.value(condition)
        if isinstance(told, bool):
            return self.value(then if told else otherwise)
        return _same(self.value(then), self.value(otherwise))

    def _case(self, subject: Node, pairs: Sequence[Node]) -> Seen:
        value = self.value(subject)
        *cases, otherwise = pairs
        for when, then in zip(cases[::2], cases[1::2], strict=True):
            wanted = self.value(when)
            told = compared("=", value, wanted) if known((value, wanted)) else UNKNOWN
            if told is UNKNOWN:
                self.missing["CASE()"] = None
                return UNKNOWN
            if told is True:
                return self.value(then)
        return self.value(otherwise)


def _of_filled(function: str, values: Sequence[Seen]) -> Seen:
    """What can be said of a value of which only that it isn't blank is known."""
    match function, values:
        case "ISBLANK" | "ISNULL", [Unknown.FILLED]:
            return False
        case "ISPICKVAL", [Unknown.FILLED, ""]:
            return False
        case ("TEXT", [Unknown.FILLED]) | ("BLANKVALUE" | "NULLVALUE", [Unknown.FILLED, _]):
            return FILLED
        case _:
            return UNKNOWN


def _same(one: Seen, other: Seen) -> Seen:
    """The value that both branches of an IF give; unknown where they differ."""
    alike = type(one) is type(other) and one == other
    return one if alike and isinstance(one, str | bool | Decimal | date | datetime) else UNKNOWN
