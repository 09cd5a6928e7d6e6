"""Typed tree → English: a condition as somebody reads it who doesn't read SQL.

For `sync.policy.page`. Says the same as the expression, so what has no plain words (a calculation, a CASE) is quoted as
written. Names become words: `purchase_timeline` is *purchase timeline*, a criterion is its label. The result is
Markdown; whatever a person wrote is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from sync.model import FieldType
from sync.policy import syntax
from sync.policy.pattern_words import pattern_words
from sync.policy.spelling import spelled
from sync.policy.syntax import Constant, Expr, Kind

Labels = Mapping[str, str]
"""How criteria and signals are called, by name."""

_IS = {"=": "is", "<>": "is not", "<": "is below", "<=": "is at most", ">": "is above", ">=": "is at least"}
_IS_TIME = {"<": "is before", "<=": "is not after", ">": "is after", ">=": "is not before"}
_OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_SEARCHES = {
    "contains": ("contains", "doesn't contain"),
    "starts_with": ("starts with", "doesn't start with"),
    "ends_with": ("ends with", "doesn't end with"),
    "includes": ("includes", "doesn't include"),
    "matches": ("mentions", "doesn't mention"),
}
_KINDS = {"call": "a call", "email": "an e-mail", "event": "a meeting", "task": "a task"}
_NAMES = {"id": "id", "ended_at": "its end", "occurred_at": "its time", "created_at": "its creation"}
_MOST_WORDS = 24
"""A pattern that stands for more words than this is shown as the pattern."""
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|])")


def prose(expr: Expr, labels: Labels, *, negated: bool = False) -> str:  # noqa: PLR0911 -- one per node type
    """The condition, as it follows *if*: `status is not “Open” and “Pricing was discussed” holds`."""
    match expr:
        case syntax.Not(item=item):
            return prose(item, labels, negated=not negated)
        case syntax.And(items=items) | syntax.Or(items=items):
            word = _joint(expr, negated=negated)
            parts = [_part(item, labels, negated=negated, inside=word) for item in items]
            comma = "," if any(" or " in part or " and " in part for part in parts) else ""
            return f"{comma} {word} ".join(parts)
        case syntax.Compare(op=op, left=left, right=right):
            return _compared(left, _OPPOSITE[op] if negated else op, right)
        case syntax.IsNull(item=item):
            return f"{value(item)} is {'filled in' if negated else 'empty'}"
        case syntax.OneOf(item=item, values=values):
            return _one_of(item, values, negated=negated)
        case syntax.Between(item=item, low=low, high=high):
            return f"{value(item)} is {'not ' if negated else ''}from {value(low)} to {value(high)}"
        case syntax.Like(item=item, pattern=pattern):
            return f"{value(item)} is {'not ' if negated else ''}like {shown(pattern)}"
        case syntax.Call(name=name, args=(item, *sought)) if name in _SEARCHES:
            return f"{_subject(item)} {_SEARCHES[name][negated]} {_sought(name, sought)}"
        case syntax.SignalRef(name=name) | syntax.CriterionRef(name=name):
            label = escaped(labels.get(name, words(name)))
            return f"“{label}” {'does not hold' if negated else 'holds'}"
        case syntax.Field(name=name):
            return _flag(name, negated=negated)
        case _:
            return f"{code(spelled(expr))} is {'false' if negated else 'true'}"


def value(expr: Expr) -> str:  # noqa: PLR0911 -- one per node type
    """A value: a field in words, a constant in quotes, a day relative to today, anything else as written."""
    match expr:
        case syntax.Literal(value=constant):
            return shown(constant)
        case syntax.Clock(kind=Kind.DATETIME):
            return "now"
        case syntax.Clock(days=days):
            if days == 0:
                return "today"
            return f"{_days(abs(days))} {'ago' if days < 0 else 'from today'}"
        case syntax.Field(name=name):
            return words(name)
        case syntax.Call(name="days_since" | "days_until" as name, args=(item,)):
            return f"the number of days {name.removeprefix('days_')} {value(item)}"
        case syntax.Call(name="lower", args=(item,)):
            return f"{value(item)} in lower case"
        case syntax.Call(name="length", args=(item,)):
            return f"the length of {value(item)}"
        case syntax.Call(name="email_domain", args=(item,)):
            return f"the domain of {value(item)}"
        case syntax.Call(name="coalesce", args=(item, *rest)):
            return f"{value(item)} (where that is empty: {', else '.join(map(value, rest))})"
        case _:
            return code(spelled(expr))


def words(name: str) -> str:
    """A field's name as words."""
    return _NAMES.get(name) or name.removesuffix("_at").removesuffix("_id").replace("_", " ")


def shown(constant: Constant) -> str:
    """A constant, as people write it."""
    match constant:
        case str():
            return f"“{escaped(constant)}”"
        case bool():
            return "true" if constant else "false"
        case Decimal() | int() | float():
            return f"{constant:,}"
        case datetime():
            return f"{constant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        case date():
            return constant.isoformat()
        case None:
            return "nothing"


def listed(items: Sequence[str], word: str) -> str:
    """`a, b or c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {word} {items[-1]}"


def escaped(text: str) -> str:
    """A person's text on one line, without a meaning in Markdown or HTML."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def code(text: str) -> str:
    """Text as code, whatever is in it; `|` would end the cell of a table."""
    text = " ".join(text.split()).replace("|", "∣")
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _joint(expr: syntax.And | syntax.Or, *, negated: bool) -> str:
    """NOT (a AND b) is: not a, or not b."""
    return "and" if isinstance(expr, syntax.And) is not negated else "or"


def _part(item: Expr, labels: Labels, *, negated: bool, inside: str) -> str:
    """In parentheses where `and` meets `or`."""
    said = prose(item, labels, negated=negated)
    while isinstance(item, syntax.Not):
        item, negated = item.item, not negated
    if not isinstance(item, syntax.And | syntax.Or) or _joint(item, negated=negated) == inside:
        return said
    return f"({said})"


def _compared(left: Expr, op: str, right: Expr) -> str:
    if _is_kind(left) and isinstance(right, syntax.Literal):
        return f"it is {'not ' if op == '<>' else ''}{_kind(right)}"
    timely = any(map(_is_time, (left, right)))
    return f"{value(left)} {(_IS_TIME if timely and op in _IS_TIME else _IS)[op]} {value(right)}"


def _one_of(item: Expr, values: Sequence[Expr], *, negated: bool) -> str:
    if _is_kind(item):
        return f"it is {'not ' if negated else ''}{listed([_kind(v) for v in values], 'or')}"
    return f"{value(item)} is {'not ' if negated else ''}{listed(list(map(value, values)), 'or')}"


def _is_kind(expr: Expr) -> bool:
    return isinstance(expr, syntax.Field) and expr.name == "kind"


def _kind(expr: Expr) -> str:
    constant = expr.value if isinstance(expr, syntax.Literal) else None
    return _KINDS.get(str(constant), shown(constant))


def _is_time(expr: Expr) -> bool:
    match expr:
        case syntax.Clock():
            return True
        case syntax.Literal(value=constant):
            return isinstance(constant, date)
        case syntax.Field(type=type_):
            return type_ in {FieldType.DATE, FieldType.DATETIME}
        case _:
            return False


def _subject(expr: Expr) -> str:
    """`text` is what an activity's subject and description say."""
    if isinstance(expr, syntax.Field) and expr.name == "text":
        return "the subject or description"
    return f"the {value(expr)}" if isinstance(expr, syntax.Field) else value(expr)


def _sought(function: str, constants: Sequence[Expr]) -> str:
    texts = [str(one.value) for one in constants if isinstance(one, syntax.Literal)]
    if function != "matches":
        return listed([shown(text) for text in texts], "or")
    spelled_out = pattern_words(texts[0], most=_MOST_WORDS)
    if spelled_out is None:
        return f"the pattern {code(texts[0])}"
    return listed([shown(text) for text in spelled_out], "or")


def _flag(name: str, *, negated: bool) -> str:
    """A checkbox: `pricing discussed is ticked`."""
    if name.startswith("is_"):
        return f"it is {'not ' if negated else ''}{words(name.removeprefix('is_'))}"
    return f"{words(name)} is {'not ' if negated else ''}ticked"


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number:,} days"
