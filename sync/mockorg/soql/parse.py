"""Query text to syntax tree, or Salesforce's own complaint about it.

The first step of every query. Nothing here knows the org's objects and fields: `resolve` does.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path as FilePath

from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from ..behaviours import behaviour
from ..errors import SalesforceError
from .ast import Query
from .errors import located, unexpected
from .tree import to_query

MAX_QUERY_LENGTH = 100_000
_END_OF_TEXT = "$END"


@lru_cache(maxsize=1)
def _grammar() -> Lark:
    text = (FilePath(__file__).parent / "grammar.lark").read_text(encoding="utf-8")
    return Lark(text, parser="lalr", lexer="contextual", maybe_placeholders=False)


@behaviour(
    "SOQL grammar and its syntax errors",
    "confirmed",
    "SOQL Reference; Summer '24 release notes for the texts of syntax errors",
)
@lru_cache(maxsize=512)
def parse(text: str) -> Query:
    """The syntax tree of a query, which must be SOQL to its last character.

    Mixing AND and OR without parentheses is an error, as in Salesforce.

    Raises:
        SalesforceError: MALFORMED_QUERY, with Salesforce's text and the place.
    """
    if not text.strip():
        raise SalesforceError("MALFORMED_QUERY", "SOQL statements cannot be empty or null")
    if len(text) > MAX_QUERY_LENGTH:
        message = f"SOQL statements cannot be longer than {MAX_QUERY_LENGTH} characters."
        raise SalesforceError("MALFORMED_QUERY", message)
    try:
        tree = _grammar().parse(text)
    except UnexpectedToken as problem:
        raise _refused(text, problem.token) from None
    except UnexpectedCharacters as problem:
        raise _unreadable(text, problem.pos_in_stream or 0) from None
    try:
        return to_query(text, tree)
    except RecursionError:
        message = "Query is either selecting too many fields or the filter conditions are too complicated."
        raise SalesforceError("QUERY_TOO_COMPLICATED", message) from None


def _refused(text: str, token: Token) -> SalesforceError:
    if token.type == _END_OF_TEXT:
        return unexpected(text, len(text), "<EOF>")
    at = token.start_pos or 0
    if token.type == "BIND":
        return located(text, at, "Bind variables only allowed in Apex code")
    before = text[:at].split()
    if token.upper() == "FROM" and before and before[-1].upper() == "SELECT":
        return unexpected(text, at, f"{before[-1]} {token}")
    if str(token) == ")" and text[:at].rstrip().endswith("("):
        return _empty_list(text, at)
    return unexpected(text, at, str(token))


def _empty_list(text: str, at: int) -> SalesforceError:
    words = text[:at].rstrip()[:-1].split()
    if len(words) >= 2 and words[-1].upper() == "IN":
        negated = words[-2].upper() == "NOT" and len(words) >= 3
        return unexpected(text, at, " ".join([*words[-3 if negated else -2 :], "()"]))
    return unexpected(text, at, ")")


def _unreadable(text: str, at: int) -> SalesforceError:
    row = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1)
    return SalesforceError("MALFORMED_QUERY", f"line {row}:{column} unexpected token: '{text[at]}'")
