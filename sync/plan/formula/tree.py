"""A formula as a tree, and the tree as text again. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Literal:
    """A number (never negative), text, TRUE, FALSE or NULL."""

    value: str | Decimal | bool | None


@dataclass(frozen=True, slots=True)
class Name:
    """A field (`Email`), a parent's field (`Owner.Name`) or a global (`$User.Id`), as written."""

    path: str

    @property
    def is_field(self) -> bool:
        """Whether it is a field of the record itself."""
        return "." not in self.path and not self.path.startswith("$")


@dataclass(frozen=True, slots=True)
class Call:
    """A function by its name in capitals, or an operator, with its arguments."""

    function: str
    arguments: tuple[Node, ...]


Node = Literal | Name | Call


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that was understood as far as its grammar."""

    tree: Node
    names: frozenset[str]
    """The record's own fields that it names, in lower case."""


OPERATORS = frozenset({"=", "<>", "<", "<=", ">", ">=", "&", "+", "-", "*", "/"})
"""Operators that are written between two values; `&&`, `||` and `!` are read as AND, OR and NOT."""


def nodes_in(node: Node) -> Iterator[Node]:
    """The node and everything below it."""
    yield node
    if isinstance(node, Call):
        for each in node.arguments:
            yield from nodes_in(each)


def written(node: Node) -> str:  # noqa: PLR0911 -- one per kind of node
    """The text of a tree, every operator in parentheses; `parse_formula` reads the same tree from it."""
    match node:
        case Literal(value=None):
            return "NULL"
        case Literal(value=bool() as value):
            return "TRUE" if value else "FALSE"
        case Literal(value=Decimal() as value):
            return format(value, "f")
        case Literal(value=str() as value):
            escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            return f'"{escaped}"'
        case Name(path=path):
            return path
        case Call(function="-", arguments=(one,)):
            return f"(-{written(one)})"
        case Call(function=function, arguments=(left, right)) if function in OPERATORS:
            return f"({written(left)} {function} {written(right)})"
        case Call(function=function, arguments=arguments):
            return f"{function}({', '.join(written(each) for each in arguments)})"
        case _:
            raise TypeError(f"{node!r} is no node of a formula")
