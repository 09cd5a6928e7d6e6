"""From formula text to a tree. A formula that names an unknown function or does not parse is refused where it is
written."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from lark import Lark, Transformer, v_args
from lark.exceptions import UnexpectedInput, VisitError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lark import Token

_GRAMMAR = r"""
?start: disjunction
?disjunction: conjunction | disjunction "||" conjunction -> or_
?conjunction: equality | conjunction "&&" equality -> and_
?equality: comparison | equality EQUAL comparison -> binary
?comparison: concatenation | comparison ORDER concatenation -> binary
?concatenation: sum | concatenation JOIN sum -> binary
?sum: product | sum ADD product -> binary
?product: power | product TIMES power -> binary
?power: unary | unary POWER power -> binary
?unary: atom | "!" unary -> not_ | "-" unary -> negative | "+" unary
?atom: NUMBER -> number
     | STRING -> string
     | NAME "(" [disjunction ("," disjunction)*] ")" -> call
     | NAME -> name
     | "(" disjunction ")"
EQUAL: "==" | "=" | "<>" | "!="
ORDER: "<=" | ">=" | "<" | ">"
JOIN: "&"
ADD: "+" | "-"
TIMES: "*" | "/"
POWER: "^"
NAME: /\$?[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*/
NUMBER: /\d+(\.\d+)?|\.\d+/
STRING: /"(\\.|[^"\\])*"|'(\\.|[^'\\])*'/
COMMENT: /\/\*(.|\n)*?\*\//
%import common.WS
%ignore WS
%ignore COMMENT
"""

ARITY: dict[str, tuple[int, int | None]] = {
    "AND": (1, None), "OR": (1, None), "NOT": (1, 1), "IF": (3, 3), "CASE": (4, None),
    "ISBLANK": (1, 1), "ISNULL": (1, 1), "BLANKVALUE": (2, 2), "NULLVALUE": (2, 2),
    "ISPICKVAL": (2, 2), "TEXT": (1, 1), "VALUE": (1, 1), "ISNUMBER": (1, 1), "INCLUDES": (2, 2),
    "LEN": (1, 1), "CONTAINS": (2, 2), "BEGINS": (2, 2), "LEFT": (2, 2), "RIGHT": (2, 2), "MID": (3, 3),
    "TRIM": (1, 1), "LOWER": (1, 1), "UPPER": (1, 1), "SUBSTITUTE": (3, 3), "FIND": (2, 3), "REGEX": (2, 2),
    "ISNEW": (0, 0), "ISCHANGED": (1, 1), "PRIORVALUE": (1, 1),
    "TODAY": (0, 0), "NOW": (0, 0), "DATE": (3, 3), "DATEVALUE": (1, 1), "YEAR": (1, 1), "MONTH": (1, 1), "DAY": (1, 1),
    "ABS": (1, 1), "ROUND": (2, 2), "FLOOR": (1, 1), "CEILING": (1, 1),
    "MAX": (1, None), "MIN": (1, None), "MOD": (2, 2),
}  # fmt: skip


class FormulaError(Exception):
    """A formula that cannot be understood: what is wrong, and at which column."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, text, truth value or null."""

    value: str | float | bool | None


@dataclass(frozen=True, slots=True)
class Name:
    """A field (`Email`), a parent's field (`Owner.Name`) or a global (`$User.Id`)."""

    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments; operators are calls too."""

    function: str
    arguments: tuple[Node, ...]


Node: TypeAlias = Literal | Name | Call


@dataclass(frozen=True, slots=True)
class Formula:
    """A parsed formula with its text."""

    text: str
    tree: Node

    def names(self) -> Iterator[Name]:
        """Every name that occurs."""
        yield from _names(self.tree)

    def functions(self) -> frozenset[str]:
        """Every function and operator that occurs."""
        return frozenset(_functions(self.tree))


def _names(node: Node) -> Iterator[Name]:
    match node:
        case Name():
            yield node
        case Call(arguments=arguments):
            for each in arguments:
                yield from _names(each)
        case Literal():
            return


def _functions(node: Node) -> Iterator[str]:
    if isinstance(node, Call):
        yield node.function
        for each in node.arguments:
            yield from _functions(each)


@v_args(inline=True)
class _Build(Transformer["Token", Node]):
    def number(self, token: Token) -> Node:
        return Literal(float(token))

    def string(self, token: Token) -> Node:
        body = str(token)[1:-1]
        return Literal(body.replace('\\"', '"').replace("\\'", "'").replace("\\n", "\n").replace("\\\\", "\\"))

    def name(self, token: Token) -> Node:
        constants = {"TRUE": True, "FALSE": False, "NULL": None}
        upper = str(token).upper()
        return Literal(constants[upper]) if upper in constants else Name(tuple(str(token).split(".")))

    def call(self, token: Token, *arguments: Node | None) -> Node:
        function = str(token).upper()
        given = tuple(each for each in arguments if each is not None)
        if function not in ARITY:
            message = f"column {token.column}: the function {function} is not one that the mock org knows"
            raise FormulaError(message)
        least, most = ARITY[function]
        if len(given) < least or (most is not None and len(given) > most):
            message = f"column {token.column}: {function} takes {least} argument(s), not {len(given)}"
            raise FormulaError(message)
        return Call(function, given)

    def binary(self, left: Node, operator: Token, right: Node) -> Node:
        return Call({"==": "=", "!=": "<>"}.get(str(operator), str(operator)), (left, right))

    def or_(self, left: Node, right: Node) -> Node:
        return Call("OR", (left, right))

    def and_(self, left: Node, right: Node) -> Node:
        return Call("AND", (left, right))

    def not_(self, operand: Node) -> Node:
        return Call("NOT", (operand,))

    def negative(self, operand: Node) -> Node:
        return Call("-", (Literal(0.0), operand))


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", maybe_placeholders=False)


@cache
def parse_formula(text: str) -> Formula:
    """The formula of a text.

    Raises:
        FormulaError: when the text is no formula, or uses a function that the mock org does not know.
    """
    try:
        return Formula(text, _Build().transform(_parser().parse(text)))
    except UnexpectedInput as error:
        message = f"column {error.column}: this is not a formula that the mock org can read"
        raise FormulaError(message) from error
    except VisitError as error:
        if isinstance(error.orig_exc, FormulaError):
            raise error.orig_exc from error
        raise
