"""lark's tree to our syntax tree, with the checks of form that a grammar cannot make.

Between `parse` and everything else, so that nothing else knows lark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from lark import Token, Tree

from ..errors import NotModelled, SalesforceError
from .ast import (
    And,
    Call,
    Column,
    Comparison,
    Condition,
    Includes,
    Like,
    Literal,
    LiteralKind,
    Membership,
    Not,
    Operand,
    Operator,
    Or,
    Ordering,
    Path,
    Query,
    SelectItem,
    Source,
    SubSelect,
    TypeOf,
    TypeOfBranch,
)
from .errors import located, unexpected
from .literals import is_relative

if TYPE_CHECKING:
    from collections.abc import Iterator

Node: TypeAlias = Tree[Token]

MAX_OFFSET = 2000
MAX_LIMIT = 2**31 - 1
_KINDS = {
    "STRING": LiteralKind.STRING,
    "NUMBER": LiteralKind.NUMBER,
    "DATE": LiteralKind.DATE,
    "DATETIME": LiteralKind.DATETIME,
    "NULL": LiteralKind.NULL,
    "TRUE": LiteralKind.BOOLEAN,
    "FALSE": LiteralKind.BOOLEAN,
    "WORD": LiteralKind.RELATIVE,
}
_APEX_ONLY = {"security_enforced", "user_mode", "system_mode"}


def to_query(text: str, tree: Node) -> Query:
    """The query of a parsed text.

    Raises:
        SalesforceError: what the grammar lets pass and Salesforce does not.
    """
    return _Reader(text).query(_subtree(tree, "query"))


def _subtrees(node: Node, *names: str) -> Iterator[Node]:
    for child in node.children:
        if isinstance(child, Tree) and (not names or child.data in names):
            yield child


def _subtree(node: Node, name: str) -> Node:
    return next(_subtrees(node, name))


def _tokens(node: Node, *types: str) -> list[Token]:
    return [child for child in node.children if isinstance(child, Token) and (not types or child.type in types)]


def _at(token: Token) -> int:
    return token.start_pos or 0


class _Reader:
    """Reads one text's tree; holds the text for the error messages."""

    def __init__(self, text: str) -> None:
        self.text = text

    def query(self, node: Node) -> Query:
        select_list = _subtree(node, "select_list")
        parts = {child.data: child for child in _subtrees(node)}
        where = parts.get("where")
        having = parts.get("having")
        order_by = parts.get("order_by")
        limit = parts.get("limit")
        offset = parts.get("offset")
        if "with" in parts:
            self._with(parts["with"])
        purposes = tuple(purpose for child in _subtrees(node, "tail") for purpose in self._purposes(child))
        return Query(
            select=tuple(self._select_item(child) for child in _subtrees(select_list)),
            sources=tuple(self._source(child) for child in _subtrees(_subtree(node, "source_list"))),
            at=_at(_tokens(node, "SELECT")[0]),
            scope=str(_tokens(parts["using"], "PATH")[0]) if "using" in parts else None,
            where=self._logic(next(_subtrees(where))) if where else None,
            group_by=tuple(self._operand(child) for child in _subtrees(parts["group_by"]))
            if "group_by" in parts
            else (),
            having=self._logic(next(_subtrees(having))) if having else None,
            order_by=tuple(self._ordering(child) for child in _subtrees(order_by)) if order_by else (),
            limit=self._whole_number(limit, MAX_LIMIT) if limit else None,
            offset=self._offset(offset) if offset else 0,
            purposes=purposes,
            limit_at=_at(_tokens(limit)[0]) if limit else 0,
            order_at=_at(_tokens(order_by)[0]) if order_by else 0,
        )

    def _with(self, node: Node) -> None:
        words = _tokens(node, "PATH")
        if words[0].lower() in _APEX_ONLY:
            raise located(self.text, _at(words[0]), f"{words[0].upper()} not allowed in this context")
        raise NotModelled(f"WITH {words[0]}", code="MALFORMED_QUERY")

    def _purposes(self, node: Node) -> list[str]:
        first = _tokens(node)[0]
        if first.type == "ALL":
            raise located(self.text, _at(first), "ALL ROWS not allowed in this context")
        words = [word.upper() for word in _tokens(node, "PATH")]
        if first.type == "UPDATE":
            raise NotModelled(f"UPDATE {', '.join(words)} in a query", code="MALFORMED_QUERY")
        for word in words:
            if word == "UPDATE":
                raise located(self.text, _at(first), "FOR UPDATE not allowed in this context")
            if word not in {"VIEW", "REFERENCE"}:
                raise unexpected(self.text, _at(_tokens(node, "PATH")[0]), str(_tokens(node, "PATH")[0]))
        return words

    def _whole_number(self, node: Node, most: int) -> int:
        token = _tokens(node)[1]
        if token.type == "BIND":
            raise located(self.text, _at(token), "Bind variables only allowed in Apex code")
        if not token.isdigit():
            raise unexpected(self.text, _at(token), str(token))
        if int(token) > most:
            raise located(self.text, _at(token), f"Integer out of range: {token}")
        return int(token)

    def _offset(self, node: Node) -> int:
        offset = self._whole_number(node, MAX_LIMIT)
        if offset > MAX_OFFSET:
            raise SalesforceError("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAX_OFFSET}")
        return offset

    def _select_item(self, node: Node) -> SelectItem:
        match node.data:
            case "column":
                operand = self._operand(_subtree(node, "operand"))
                alias = next(_subtrees(node, "alias"), None)
                return Column(operand, str(_tokens(alias)[0]) if alias else None, operand.at)
            case "subquery":
                query = self.query(_subtree(node, "query"))
                return SubSelect(query, query.at)
            case _:
                otherwise = next(_subtrees(node, "typeof_else"), None)
                return TypeOf(
                    self._path(_subtree(node, "path")),
                    tuple(self._branch(child) for child in _subtrees(node, "typeof_when")),
                    tuple(self._path(child) for child in _subtrees(otherwise, "path")) if otherwise else (),
                    _at(_tokens(node, "TYPEOF")[0]),
                )

    def _branch(self, node: Node) -> TypeOfBranch:
        name, *fields = (self._path(child) for child in _subtrees(node, "path"))
        return TypeOfBranch(str(name), tuple(fields), name.at)

    def _path(self, node: Node) -> Path:
        token = _tokens(node)[0]
        return Path(tuple(token.split(".")), _at(token))

    def _operand(self, node: Node) -> Operand:
        inner = next(_subtrees(node))
        if inner.data == "path":
            return self._path(inner)
        name = _tokens(inner)[0]
        arguments = tuple(self._argument(child) for child in _subtrees(inner, "argument"))
        return Call(str(name), arguments, _at(name))

    def _argument(self, node: Node) -> Operand | Literal:
        inner = node.children[0]
        return self._literal(inner) if isinstance(inner, Token) else self._operand(inner)

    def _source(self, node: Node) -> Source:
        alias = next(_subtrees(node, "alias"), None)
        return Source(self._path(_subtree(node, "path")), str(_tokens(alias)[0]) if alias else None)

    def _ordering(self, node: Node) -> Ordering:
        operand = self._operand(_subtree(node, "operand"))
        words = {token.type for token in _tokens(node)}
        return Ordering(operand, "DESC" in words, "LAST" in words, operand.at)

    def _logic(self, node: Node) -> Condition:
        terms = tuple(self._term(child) for child in _subtrees(node, "term"))
        match node.data:
            case "all_of":
                return And(terms)
            case "any_of":
                return Or(terms)
            case "negated":
                return Not(terms[0])
            case _:
                return terms[0]

    def _term(self, node: Node) -> Condition:
        inner = next(_subtrees(node))
        if inner.data in {"only", "all_of", "any_of", "negated"}:
            return self._logic(inner)
        return self._predicate(inner)

    def _predicate(self, node: Node) -> Condition:
        operand = self._operand(_subtree(node, "operand"))
        match node.data:
            case "comparison":
                sign = str(_tokens(node, "COMPARE")[0]).replace("<>", "!=")
                value = self._literal(_tokens(_subtree(node, "value"))[0])
                return Comparison(operand, Operator(sign), value, operand.at)
            case "like":
                return Like(operand, self._literal(_tokens(_subtree(node, "like_value"))[0]), operand.at)
            case "includes" | "excludes":
                values = tuple(self._literal(token) for token in _tokens(_subtree(node, "strings")))
                return Includes(operand, node.data == "excludes", values, operand.at)
            case _:
                collection = next(_subtrees(node, "listed", "selected", "bound"))
                return Membership(operand, node.data == "outside", self._collection(collection), operand.at)

    def _collection(self, node: Node) -> tuple[Literal, ...] | Query:
        match node.data:
            case "listed":
                return tuple(self._literal(_tokens(child)[0]) for child in _subtrees(node, "value"))
            case "selected":
                return self.query(_subtree(node, "query"))
            case _:
                raise located(self.text, _at(_tokens(node)[0]), "Bind variables only allowed in Apex code")

    def _literal(self, token: Token) -> Literal:
        if token.type == "BIND":
            raise located(self.text, _at(token), "Bind variables only allowed in Apex code")
        kind = _KINDS[token.type]
        text = str(token)
        if kind is LiteralKind.STRING:
            text = text[1:-1]
        elif kind is LiteralKind.RELATIVE:
            text = "".join(text.split())
            if not is_relative(text):
                raise unexpected(self.text, _at(token), str(token))
        return Literal(kind, text, _at(token))
