"""SOQL with values in it, quoted by simple-salesforce: the only way that a value gets into a query.

Used wherever a query is made of more than constants; a list becomes `('a','b')`, text is escaped and quoted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

LIST_LENGTH = 560
"""Ids in one `IN (…)`: 27 bytes each in a URL, where quotes and commas are escaped, and a URL has 16,384 at most."""


def soql(template: str, **values: str | Sequence[str]) -> str:
    """`template` with each `{name}` replaced by the quoted value.

    Args:
        template: SOQL with placeholders, e.g. `SELECT Id FROM User WHERE Id IN {ids}`.
        values: Text, or lists of text.

    Raises:
        ValueError: A list is empty, which SOQL can't say.
    """
    # Loaded late: it brings zeep, jwt and cryptography (80 ms, measured), and a pull without changes quotes nothing.
    from simple_salesforce.format import format_soql  # noqa: PLC0415 -- see above

    if any(not isinstance(value, str) and not value for value in values.values()):
        raise ValueError("SOQL has no empty list")
    listed = {name: value if isinstance(value, str) else list(value) for name, value in values.items()}
    return str(format_soql(template, **listed))


def in_lists(values: Sequence[str]) -> Iterator[list[str]]:
    """Distinct values, in order, in lists short enough for one `IN`."""
    distinct = list(dict.fromkeys(values))
    for start in range(0, len(distinct), LIST_LENGTH):
        yield distinct[start : start + LIST_LENGTH]
