"""SQL text of a policy → typed tree, with every problem located; the front of the gate.

`sync.policy.loader` and `sync.policy.compile` call this. sqlglot splits and parses the text, `sync.policy.reading`
takes over node by node.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError

from sync.errors import Problem
from sync.policy.coercion import Refusal
from sync.policy.reading import Names, Reader
from sync.policy.schema import Expression
from sync.policy.syntax import Expr, Kind, Literal, reads_a_row

__all__ = ["MAX_CHARACTERS", "Names", "is_usable_name", "parse_condition", "parse_value"]

MAX_CHARACTERS = 4_000
_DUCKDB = Dialect.get_or_raise("duckdb")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")


def parse_condition(expression: Expression, names: Names, *, what: str) -> tuple[Expr | None, list[Problem]]:
    """A condition over a row.

    Args:
        expression: As the person wrote it.
        names: What it may speak of.
        what: How the problems call it: `criterion priced`.
    """
    problems: list[Problem] = []
    reader, node = _open(expression, names, what, problems)
    tree = reader.condition(node) if node is not None else None
    return (None if problems else tree), problems


def parse_value(expression: Expression, names: Names, *, what: str) -> tuple[Expr | None, list[Problem]]:
    """A number over a row: an amount."""
    problems: list[Problem] = []
    reader, node = _open(expression, names, what, problems)
    typed = reader.read(node) if node is not None else None
    if typed is not None and typed.kind is not Kind.NUMBER:
        reader.report(Refusal("must be a number", "e.g. a currency field"))
    elif typed is not None and not reads_a_row(typed.expr) and not isinstance(typed.expr, Literal):
        reader.report(Refusal("calculates with constants only", "write the result"))
    return (None if problems or typed is None else typed.expr), problems


def is_usable_name(name: str) -> bool:
    """Whether a name of ours stands for itself in an expression: snake_case, and no word of SQL."""
    if not _NAME.fullmatch(name):
        return False
    try:
        nodes = _DUCKDB.parse_into(exp.Condition, f"{name} AND NOT {name}")
    except SqlglotError:
        return False
    node = nodes[0]
    return isinstance(node, exp.And) and isinstance(node.this, exp.Column) and node.this.name == name


def _open(
    expression: Expression, names: Names, what: str, problems: list[Problem]
) -> tuple[Reader, exp.Expression | None]:
    """A reader that reports into `problems`, and the parsed node if the text is one clean expression."""
    said: set[str] = set()

    def report(refused: Refusal) -> None:
        if refused.message not in said:
            said.add(refused.message)
            place = expression.place
            problems.append(Problem(place.file, place.line, f"{what}: {refused.message}", refused.fix))

    reader = Reader(names, report)
    try:
        return reader, _parse(expression.text)
    except Refusal as refused:
        report(refused)
        return reader, None


def _parse(text: str) -> exp.Expression:
    if not text.strip():
        raise Refusal("is empty")
    if len(text) > MAX_CHARACTERS:
        raise Refusal(f"is longer than {MAX_CHARACTERS:,} characters", "name parts of it as criteria")
    if any(ord(char) < 32 and char not in "\t\r\n" for char in text):
        raise Refusal("has control characters in it", "in YAML double quotes write a backslash twice")
    try:
        tokens = _DUCKDB.tokenize(text)
        if any(token.comments for token in tokens):
            raise Refusal("has a SQL comment in it", "put comments beside it with #")
        nodes = _DUCKDB.parse_into(exp.Condition, text)
    except SqlglotError as broken:
        raise Refusal(f"is no valid expression{_near(broken)}", "see docs/policy.md for the language") from None
    except AttributeError:  # the parser stumbles over a struct without a key, `{:}`
        raise Refusal("is no valid expression", "see docs/policy.md for the language") from None
    except RecursionError:
        raise Refusal("is nested too deeply", "name parts of it as criteria") from None
    node = nodes[0] if len(nodes) == 1 else None
    if not isinstance(node, exp.Expression):
        raise Refusal("is more than one expression", "join conditions with AND or OR, without `;`")
    return node


def _near(broken: SqlglotError) -> str:
    errors: list[Mapping[str, object]] = getattr(broken, "errors", None) or []
    if not errors:
        return ""
    near = str(errors[0].get("highlight") or "").strip()
    return f", near {near!r}" if near else ", it ends too early"
