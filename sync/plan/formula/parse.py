"""From a formula's text to its tree, by recursive descent. Pure.

Functions that nobody here knows are read all the same: what can't be told of them is the evaluation's matter, and
often doesn't matter. Operators by rank, from the loosest: `||`, `&&`, equality, order, `&`, `+ -`, `* /`, signs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from sync.plan.formula.tree import Call, Formula, Literal, Name, Node, nodes_in

DEEPEST = 40
"""Parentheses and calls inside each other; the formula editor's own limits end long before."""
LONGEST = 20_000
"""Characters; a rule may have 3,900 and its compiled form 5,000 bytes."""
_MOST_IN_A_ROW = 80
"""Operators of one rank side by side."""

_TOKEN = re.compile(
    r"""(?P<space>\s+|/\*.*?\*/)
      | (?P<number>\d+(?:\.\d+)?|\.\d+)
      | (?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
      | (?P<name>\$?[A-Za-z_]\w*(?:[.:][A-Za-z_]\w*)*)
      | (?P<sign>&&|\|\||==|<>|!=|<=|>=|[-=<>&+*/!(),])""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"\\": "\\", '"': '"', "'": "'", "n": "\n", "r": "\r", "t": "\t"}
_CONSTANTS: dict[str, bool | None] = {"TRUE": True, "FALSE": False, "NULL": None}
_EQUAL = {"=": "=", "==": "=", "<>": "<>", "!=": "<>"}
_ORDER = {sign: sign for sign in ("<", "<=", ">", ">=")}


class FormulaUnreadable(Exception):
    """A text that isn't a formula, or one beyond what is read here; says where."""


def parse_formula(text: str) -> Formula:
    """The formula of a text.

    Raises:
        FormulaUnreadable: With the place.
    """
    tree = _Reader(text).whole()
    names = (node.path.lower() for node in nodes_in(tree) if isinstance(node, Name) and node.is_field)
    return Formula(tree=tree, names=frozenset(names))


class _Reader:
    """Walks over the tokens of one text."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise FormulaUnreadable(f"has {len(text):,} characters")
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        found = self._either()
        if self._sign():
            raise self._unexpected()
        return found

    def _sign(self) -> str:
        """The token at hand as written; empty at the end."""
        return self._tokens[self._at][1]

    def _take(self, *signs: str) -> str | None:
        kind, written, _ = self._tokens[self._at]
        if kind != "sign" or written not in signs:
            return None
        self._at += 1
        return written

    def _expect(self, sign: str) -> None:
        if self._take(sign) is None:
            raise self._unexpected()

    def _unexpected(self) -> FormulaUnreadable:
        _, written, place = self._tokens[self._at]
        return FormulaUnreadable(f"position {place + 1}: {'ends too early' if not written else 'is not a formula'}")

    def _either(self) -> Node:
        return self._row("||", "OR", lambda: self._row("&&", "AND", self._equality))

    def _row(self, sign: str, function: str, inner: Callable[[], Node]) -> Node:
        found = [inner()]
        while self._take(sign) is not None:
            found.append(inner())
        return found[0] if len(found) == 1 else Call(function, tuple(found))

    def _equality(self) -> Node:
        return self._compared(_EQUAL, lambda: self._compared(_ORDER, self._joined))

    def _compared(self, signs: dict[str, str], inner: Callable[[], Node]) -> Node:
        left = inner()
        sign = self._take(*signs)
        return left if sign is None else Call(signs[sign], (left, inner()))

    def _joined(self) -> Node:
        return self._chain(("&",), lambda: self._chain(("+", "-"), lambda: self._chain(("*", "/"), self._signed)))

    def _chain(self, signs: tuple[str, ...], inner: Callable[[], Node]) -> Node:
        found = inner()
        for _ in range(_MOST_IN_A_ROW):
            sign = self._take(*signs)
            if sign is None:
                return found
            found = Call(sign, (found, inner()))
        raise FormulaUnreadable(f"has more than {_MOST_IN_A_ROW} operators in a row")

    def _signed(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise FormulaUnreadable(f"is nested more than {DEEPEST} deep")
        sign = self._take("!", "-", "+")
        found = self._value() if sign is None else self._signed()
        self._depth -= 1
        match sign:
            case "!":
                return Call("NOT", (found,))
            case "-":
                return Call("-", (found,))
            case _:
                return found

    def _value(self) -> Node:
        kind, written, _ = self._tokens[self._at]
        if self._take("(") is not None:
            inside = self._either()
            self._expect(")")
            return inside
        if kind not in {"number", "text", "name"}:
            raise self._unexpected()
        self._at += 1
        if kind == "number":
            return Literal(Decimal(written))
        if kind == "text":
            return Literal(_unescaped(written[1:-1]))
        if self._sign() == "(" and self._take("(") is not None:
            return Call(written.upper(), self._arguments())
        constant = written.upper()
        return Literal(_CONSTANTS[constant]) if constant in _CONSTANTS else Name(written)

    def _arguments(self) -> tuple[Node, ...]:
        if self._take(")") is not None:
            return ()
        found = [self._either()]
        while self._take(",") is not None:
            found.append(self._either())
        self._expect(")")
        return tuple(found)


def _tokens(text: str) -> list[tuple[str, str, int]]:
    """Kind, text and place of each token; the last one is empty."""
    found: list[tuple[str, str, int]] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise FormulaUnreadable(f"position {at + 1}: is not a formula that is read here")
        if match.lastgroup != "space":
            found.append((str(match.lastgroup), match[0], at))
        at = match.end()
    return [*found, ("end", "", len(text))]


def _unescaped(body: str) -> str:
    def plain(escape: re.Match[str]) -> str:
        if escape[1] not in _ESCAPED:
            raise FormulaUnreadable("holds an escape that isn't read here")
        return _ESCAPED[escape[1]]

    return _ESCAPE.sub(plain, body)
