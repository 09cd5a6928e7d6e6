"""The gate itself: a sqlglot node → our typed tree, by an allow-list of node types and of each node's arguments.

Called by `sync.policy.expression` with what sqlglot parsed. A node type, an argument of a node or a function that is
not named here is refused, so a new version of sqlglot can only ever let less through, never more.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal as Either
from typing import cast

from sqlglot import exp

from sync.model import FieldType
from sync.policy import syntax
from sync.policy.calls import check_call
from sync.policy.coercion import Refusal, Typed, no_blank, same_kind
from sync.policy.functions import FUNCTIONS, Argument
from sync.policy.syntax import Expr, Kind

MAX_DEPTH = 60
_NUMBER = re.compile(r"\d{1,15}(\.\d{1,6})?")

_Op = Either["=", "<>", "<", "<=", ">", ">="]
_COMPARE: Mapping[type[exp.Expression], _Op] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_ARITHMETIC: Mapping[type[exp.Expression], Either["+", "-", "*", "/"]] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
}
_KNOWN_CALLS: Mapping[type[exp.Expression], tuple[str, tuple[str, ...]]] = {
    exp.CurrentDate: ("today", ()),
    exp.CurrentTimestamp: ("now", ()),
    exp.Lower: ("lower", ("this",)),
    exp.Length: ("length", ("this",)),
    exp.Abs: ("abs", ("this",)),
    exp.Coalesce: ("coalesce", ("this", "expressions")),
    exp.Contains: ("contains", ("this", "expression")),
    exp.StartsWith: ("starts_with", ("this", "expression")),
    exp.EndsWith: ("ends_with", ("this", "expression")),
}
"""Functions that sqlglot knows by a class of their own, with the arguments that we read."""

_REFUSED: Mapping[type[exp.Expression], tuple[str, str | None]] = {
    exp.Cast: ("casts a value; one bad row would stop the whole run", "write dates as '2026-01-31'"),
    exp.Subquery: ("has a subquery", "make it a signal"),
    exp.Select: ("has a subquery", "make it a signal"),
    exp.Exists: ("has a subquery", "make it a signal"),
    exp.Escape: ("uses ESCAPE", "use `contains`, or `matches` in a signal"),
    exp.Interval: ("uses INTERVAL", "use days_ago(n), days_since(field)"),
    exp.RegexpLike: ("uses a regular expression of the database", "use `matches` in a signal"),
    exp.Placeholder: ("has a placeholder", None),
    exp.Star: ("has a `*`", None),
    exp.Alias: ("names a column with AS", None),
    exp.DPipe: ("joins text with ||", None),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What an expression may speak of, where it stands."""

    row: str
    """What is judged, in words: `Lead`, `an activity`."""
    fields: Mapping[str, FieldType]
    signals: frozenset[str] = frozenset()
    criteria: frozenset[str] = frozenset()
    in_signal: bool = False
    history_names: Mapping[str, str] = field(default_factory=dict)
    """In a history signal: our lead fields, and the names under which LeadHistory records them."""
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    """Names that exist but can't be used here, with the reason."""


@dataclass(slots=True)
class Reader:
    """Reads one expression; each refusal is reported and reading goes on beside it."""

    names: Names
    report: Callable[[Refusal], None]
    _depth: int = 0

    def read(self, node: exp.Expression) -> Typed | None:
        """The node as a typed tree, or `None` after everything wrong in it was reported."""
        self._depth += 1
        try:
            return self._node(node)
        except Refusal as refused:
            self.report(refused)
            return None
        finally:
            self._depth -= 1

    def condition(self, node: exp.Expression) -> Expr | None:
        """As `read`, for a place that needs a condition which depends on the row."""
        typed = self.read(node)
        if typed is None:
            return None
        if typed.kind is not Kind.BOOLEAN:
            sort = typed.kind.value if typed.kind else "NULL"
            name = f"{typed.expr.name} is {sort}" if isinstance(typed.expr, syntax.Field) else f"this is {sort}"
            self.report(Refusal(f"needs a condition, but {name}", "compare it with something"))
            return None
        if not syntax.reads_a_row(typed.expr):
            self.report(Refusal(f"has a condition that reads nothing of {self.names.row}, so it never changes"))
            return None
        return typed.expr

    def _node(self, node: exp.Expression) -> Typed | None:  # noqa: PLR0911, PLR0912 -- one per node type
        if self._depth > MAX_DEPTH:
            raise Refusal("is nested too deeply", "name parts of it as criteria")
        match node:
            case exp.Paren():
                return self.read(*_take(node, "this"))
            case exp.And() | exp.Or():
                return self._logic(node)
            case exp.Not():
                item = self.condition(*_take(node, "this"))
                return None if item is None else Typed(syntax.Not(item), Kind.BOOLEAN)
            case exp.Is():
                return self._is(node)
            case exp.In():
                return self._in(node)
            case exp.Between():
                return self._between(node)
            case exp.Like() | exp.ILike():
                return self._like(node)
            case exp.Case():
                return self._case(node)
            case exp.Column():
                return self._column(node)
            case exp.Literal() | exp.Boolean() | exp.Null():
                return _constant(node)
            case exp.Neg():
                return self._negate(node)
            case exp.Anonymous():
                name, args = str(node.this).lower(), _listed(node, "expressions", besides=("this",))
                return self._call(name, args)
        kind = type(node)
        if kind in _COMPARE:
            return self._compare(node, _COMPARE[kind])
        if kind in _ARITHMETIC:
            return self._arithmetic(node, _ARITHMETIC[kind])
        if kind in _KNOWN_CALLS:
            name, keys = _KNOWN_CALLS[kind]
            return self._call(name, _flattened(node, keys))
        raise _refusal(node)

    def _all(self, nodes: Iterable[exp.Expression]) -> list[Typed] | None:
        read = [self.read(node) for node in nodes]
        return None if any(part is None for part in read) else [part for part in read if part is not None]

    def _logic(self, node: exp.And | exp.Or) -> Typed | None:
        kind = type(node)
        parts: list[exp.Expression] = []
        stack: list[exp.Expression] = [node]
        while stack:  # a long chain of ANDs is deep in sqlglot's tree and flat in ours
            part = stack.pop()
            if type(part) is kind:
                left, right = _take(part, "this", "expression")
                stack += [right, left]
            else:
                parts.append(part)
        items = [self.condition(part) for part in parts]
        if any(item is None for item in items):
            return None
        found = tuple(item for item in items if item is not None)
        return Typed(syntax.And(found) if kind is exp.And else syntax.Or(found), Kind.BOOLEAN)

    def _compare(self, node: exp.Expression, op: _Op) -> Typed | None:
        parts = self._all(_take(node, "this", "expression"))
        if parts is None:
            return None
        left, right = same_kind(parts, where=f"`{op}`")
        no_blank(left)
        no_blank(right)
        if op not in {"=", "<>"}:
            if left.kind is Kind.TEXT:
                raise Refusal(f"orders text with {op}, which differs between databases", "compare with = or IN")
            if left.kind is Kind.BOOLEAN:
                raise Refusal(f"orders conditions with {op}")
        return Typed(syntax.Compare(op, left.expr, right.expr), Kind.BOOLEAN)

    def _is(self, node: exp.Expression) -> Typed | None:
        subject, what = _take(node, "this", "expression")
        if isinstance(what, exp.Boolean):
            item = self.condition(subject)
            return None if item is None else Typed(syntax.IsTruth(item, bool(what.this)), Kind.BOOLEAN)
        if not isinstance(what, exp.Null):
            raise Refusal("uses IS with something other than NULL, TRUE or FALSE", "use =")
        typed = self.read(subject)
        return None if typed is None else Typed(syntax.IsNull(typed.expr), Kind.BOOLEAN)

    def _in(self, node: exp.Expression) -> Typed | None:
        if node.args.get("query") is not None:
            raise Refusal("has a subquery", "make it a signal")
        listed = _listed(node, "expressions", besides=("this",))
        parts = self._all([node.this, *listed])
        if parts is None:
            return None
        if not listed:
            raise Refusal("has an empty IN list")
        item, *values = same_kind(parts, where="IN")
        for value in values:
            no_blank(value)
            if not isinstance(value.expr, syntax.Literal | syntax.Clock):
                raise Refusal("has something other than constants in an IN list", "use = and OR")
        return Typed(syntax.OneOf(item.expr, tuple(value.expr for value in values)), Kind.BOOLEAN)

    def _between(self, node: exp.Expression) -> Typed | None:
        parts = self._all(_take(node, "this", "low", "high"))
        if parts is None:
            return None
        item, low, high = same_kind(parts, where="BETWEEN")
        if item.kind in {Kind.TEXT, Kind.BOOLEAN}:
            raise Refusal("orders text with BETWEEN, which differs between databases", "compare with = or IN")
        return Typed(syntax.Between(item.expr, low.expr, high.expr), Kind.BOOLEAN)

    def _like(self, node: exp.Expression) -> Typed | None:
        negate = bool(node.args.get("negate"))
        subject, pattern = _take(node, "this", "expression", besides=("negate",))
        typed = self.read(subject)
        if not (isinstance(pattern, exp.Literal) and pattern.is_string):
            raise Refusal("needs a quoted pattern after LIKE")
        if typed is None:
            return None
        if typed.kind is not Kind.TEXT:
            raise Refusal("uses LIKE on something that is not text")
        text = str(pattern.this)
        if "\\" in text:
            raise Refusal("has a backslash in a LIKE pattern, which databases read differently", "use `contains`")
        if not text:
            raise Refusal("has an empty LIKE pattern")
        like: Expr = syntax.Like(typed.expr, text, isinstance(node, exp.ILike))
        return Typed(syntax.Not(like) if negate else like, Kind.BOOLEAN)

    def _case(self, node: exp.Expression) -> Typed | None:
        if node.args.get("this") is not None:
            raise Refusal("uses CASE with a value after it", "write CASE WHEN condition THEN …")
        ifs = _listed(node, "ifs", besides=("default",))
        whens = [self.condition(branch.this) for branch in ifs]
        default = node.args.get("default")
        results = self._all([*(branch.args["true"] for branch in ifs), *([default] if default is not None else [])])
        if results is None or any(when is None for when in whens):
            return None
        if any(part.kind is None for part in results):
            raise Refusal("has NULL as a result in CASE", "leave ELSE out to get null")
        fitted = same_kind(results, where="CASE")
        branches = tuple((when, part.expr) for when, part in zip(whens, fitted, strict=False) if when is not None)
        otherwise = fitted[-1].expr if default is not None else None
        return Typed(syntax.Case(branches, otherwise), fitted[0].kind)

    def _arithmetic(self, node: exp.Expression, op: Either["+", "-", "*", "/"]) -> Typed | None:
        parts = self._all(_take(node, "this", "expression", besides=("typed", "safe")))
        if parts is None:
            return None
        for part in parts:
            if part.kind is None or part.kind is not Kind.NUMBER:
                fix = "use days_since(field), days_ago(n)" if part.kind and part.kind.is_time else None
                raise Refusal(f"calculates ({op}) with {part.kind.value if part.kind else 'NULL'}", fix)
        return Typed(syntax.Arithmetic(op, parts[0].expr, parts[1].expr), Kind.NUMBER)

    def _negate(self, node: exp.Expression) -> Typed | None:
        typed = self.read(*_take(node, "this"))
        if typed is None:
            return None
        if typed.kind is not Kind.NUMBER:
            raise Refusal("puts a minus before something that is not a number")
        if isinstance(typed.expr, syntax.Literal) and isinstance(typed.expr.value, Decimal):
            return Typed(syntax.Literal(-typed.expr.value, Kind.NUMBER), Kind.NUMBER)
        return Typed(syntax.Negate(typed.expr), Kind.NUMBER)

    def _call(self, name: str, args: Sequence[exp.Expression]) -> Typed | None:
        name = "today" if name == "current_date" else name
        function = FUNCTIONS.get(name)
        if function is None:
            raise Refusal(f"calls {name}(), which is no function of the policy language", _nearest(name, FUNCTIONS))
        if function.signals_only and not self.names.in_signal:
            raise Refusal(f"calls {name}() outside of a signal", "make it a signal, so that its evidence is quoted")
        if function.history_only and not self.names.history_names:
            raise Refusal(f"calls {name}() outside of a history signal")
        if function.arguments[:1] == (Argument.LEAD_FIELD,) and args:
            first = self._lead_field(args[0], name)
            rest = self._all(args[1:])
            return None if rest is None else check_call(name, [first, *rest], history_names=self.names.history_names)
        parts = self._all(args)
        return None if parts is None else check_call(name, parts, history_names=self.names.history_names)

    def _lead_field(self, node: exp.Expression, function: str) -> Typed:
        name = str(node.this.this) if isinstance(node, exp.Column) and isinstance(node.this, exp.Identifier) else ""
        if name not in self.names.history_names:
            raise Refusal(f"{function} takes a field of Lead first", _nearest(name, self.names.history_names))
        return Typed(syntax.Field(name, FieldType.TEXT), Kind.TEXT)

    def _column(self, node: exp.Expression) -> Typed:
        if not isinstance(node.this, exp.Identifier) or any(
            node.args.get(part) for part in node.args if part != "this"
        ):
            raise Refusal("uses a name with dots", f"write the bare name of a field of {self.names.row}")
        name = str(node.this.this)
        if name in self.names.criteria:
            return Typed(syntax.CriterionRef(name), Kind.BOOLEAN)
        if name in self.names.signals:
            return Typed(syntax.SignalRef(name), Kind.BOOLEAN)
        if name in self.names.fields:
            type_ = self.names.fields[name]
            return Typed(syntax.Field(name, type_), Kind.of(type_))
        if name in self.names.elsewhere:
            raise Refusal(f"uses {name}, {self.names.elsewhere[name]}")
        known = {*self.names.fields, *self.names.signals, *self.names.criteria}
        raise Refusal(f"uses {name}, which is no known name for {self.names.row}", _nearest(name, known))


def _take(node: exp.Expression, *keys: str, besides: Sequence[str] = ()) -> list[exp.Expression]:
    """The node's arguments of these keys; any other argument that is set makes the node unknown."""
    _only(node, {*keys, *besides})
    taken = [node.args.get(key) for key in keys]
    if any(not isinstance(part, exp.Expression) for part in taken):
        raise _refusal(node)
    return cast("list[exp.Expression]", taken)


def _listed(node: exp.Expression, key: str, *, besides: Sequence[str] = ()) -> list[exp.Expression]:
    _only(node, {key, *besides})
    return list(node.args.get(key) or ())


def _flattened(node: exp.Expression, keys: Sequence[str]) -> list[exp.Expression]:
    _only(node, set(keys))
    found: list[exp.Expression] = []
    for key in keys:
        value = node.args.get(key)
        if isinstance(value, list):
            found += value
        elif value is not None:
            found.append(value)
    return found


def _only(node: exp.Expression, keys: set[str]) -> None:
    if any(value not in (None, False, []) for key, value in node.args.items() if key not in keys):
        raise _refusal(node)


def _refusal(node: exp.Expression) -> Refusal:
    for kind, (message, fix) in _REFUSED.items():
        if isinstance(node, kind):
            return Refusal(message, fix)
    if isinstance(node, exp.Func):
        name = node.sql_name().lower()
        return Refusal(f"calls {name}() in a way that the policy language doesn't have", _nearest(name, FUNCTIONS))
    return Refusal(f"uses {type(node).__name__.upper()}, which is no part of the policy language")


def _constant(node: exp.Expression) -> Typed:
    if isinstance(node, exp.Null):
        return Typed(syntax.Literal(value=False, kind=Kind.BOOLEAN), None)
    if isinstance(node, exp.Boolean):
        return Typed(syntax.Literal(bool(node.this), Kind.BOOLEAN), Kind.BOOLEAN)
    text = str(node.this)
    if node.args.get("is_string"):
        return Typed(syntax.Literal(text, Kind.TEXT), Kind.TEXT)
    if not _NUMBER.fullmatch(text):
        raise Refusal(f"has the number {text[:30]}", "write at most 15 digits, and 6 after the point")
    return Typed(syntax.Literal(Decimal(text), Kind.NUMBER), Kind.NUMBER)


def _nearest(name: str, known: Iterable[str]) -> str | None:
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.7)
    return f"did you mean {near[0]}?" if near else None
