"""Salesforce's query errors: some words of the query around the fault with a caret, row and column, the sentence.

The shape is that of real answers: the excerpt holds the words within some thirty characters on each side of the fault,
in the same line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import SalesforceError, not_modelled_header, unknown_object_header

if TYPE_CHECKING:
    from collections.abc import Mapping

_REACH = 30
_BREAKS = " \t,"


def located(
    text: str, at: int, message: str, *, code: str = "MALFORMED_QUERY", headers: Mapping[str, str] | None = None
) -> SalesforceError:
    """An error at offset `at` of the query."""
    row = text.count("\n", 0, at) + 1
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[start : end if end >= 0 else len(text)]
    column = at - start
    left = max(0, column - _REACH)
    while left > 0 and line[left - 1] not in _BREAKS:
        left -= 1
    right = min(len(line), column + _REACH)
    while right < len(line) and line[right] not in _BREAKS:
        right += 1
    excerpt = line[left:right].rstrip()
    caret = " " * (column - left) + "^"
    message = f"\n{excerpt}\n{caret}\nERROR at Row:{row}:Column:{column + 1}\n{message}"
    return SalesforceError(code, message, headers=headers)


def unexpected(text: str, at: int, token: str) -> SalesforceError:
    """The parser met a token that cannot stand there."""
    return located(text, at, f"unexpected token: '{token}'")


def no_such_column(text: str, at: int, name: str, entity: str) -> SalesforceError:
    """A field that the object does not have, or that this user cannot see: Salesforce answers both alike."""
    return located(
        text,
        at,
        f"No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, be sure to "
        "append the '__c' after the custom field name. Please reference your WSDL or the describe call for the "
        "appropriate names.",
        code="INVALID_FIELD",
    )


def no_such_object(text: str, at: int, name: str, *, known: bool = False) -> SalesforceError:
    """An object that the org does not have, or (`known`) that the user may not read."""
    return located(
        text,
        at,
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append "
        "the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.",
        code="INVALID_TYPE",
        headers=None if known else unknown_object_header(name),
    )


def no_such_relationship(text: str, at: int, name: str, *, unmodelled: str | None = None) -> SalesforceError:
    """A parent relationship that the object does not have, or that leads to an object which is not modelled."""
    return located(
        text,
        at,
        f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom relationship, "
        "be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe "
        "call for the appropriate names.",
        code="INVALID_FIELD",
        headers=not_modelled_header(unmodelled) if unmodelled else None,
    )


def no_such_children(text: str, at: int, name: str) -> SalesforceError:
    """A child relationship that the object does not have."""
    return located(
        text,
        at,
        f"Didn't understand relationship '{name}' in FROM part of query call. If you are attempting to use a custom "
        "relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or "
        "the describe call for the appropriate names.",
        code="INVALID_TYPE",
        headers={} if name.endswith("__r") else not_modelled_header(f"the child relationship {name}"),
    )


def wrong_type(text: str, at: int, name: str, type_name: str, *, quoted: bool) -> SalesforceError:
    """A literal that cannot be compared with the field."""
    quotes = "should be enclosed in quotes" if quoted else "should not be enclosed in quotes"
    return located(
        text,
        at,
        f"value of filter criterion for field '{name}' must be of type {type_name} and {quotes}",
        code="INVALID_FIELD",
    )


def invalid_operator(text: str, at: int, message: str) -> SalesforceError:
    """An operator that the field's type does not take."""
    return located(text, at, message, code="INVALID_QUERY_FILTER_OPERATOR")
