"""SOQL with values in it: the only way that a value gets into a query.

A thin door to simple-salesforce's quoting, for our types. Names of objects and fields come from the checked mapping
and are written into the query's text; values go through here, always.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal

from simple_salesforce.format import quote_soql_value

from sync.model import Value
from sync.salesforce.values import iso_z


def literal(value: Value) -> str:
    """A value as a SOQL literal: text quoted and escaped, moments in UTC, `null`.

    Raises:
        ValueError: A moment without time zone.
    """
    match value:
        case datetime():
            return iso_z(value)
        case date():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
        case _:
            return str(quote_soql_value(value))


def among(values: Collection[Value]) -> str:
    """A list for `IN`: `('a','b')`.

    Raises:
        ValueError: The list is empty, which SOQL can't say.
    """
    if not values:
        raise ValueError("SOQL has no empty list")
    return f"({','.join(literal(value) for value in values)})"
