"""Functions of the query language that become SQL, and the few that SQLite lacks and Python lends it."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..behaviours import behaviour
from ..errors import NotModelled

AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
FUNCTION_PREFIX = "sf_"
FOLD = FUNCTION_PREFIX + "fold"
LOCAL = FUNCTION_PREFIX + "local"

_DATE_FUNCTIONS = {
    "CALENDAR_YEAR": "CAST(strftime('%Y', {0}) AS INTEGER)",
    "CALENDAR_QUARTER": "(CAST(strftime('%m', {0}) AS INTEGER) + 2) / 3",
    "CALENDAR_MONTH": "CAST(strftime('%m', {0}) AS INTEGER)",
    "FISCAL_YEAR": "CAST(strftime('%Y', {0}) AS INTEGER)",
    "FISCAL_QUARTER": "(CAST(strftime('%m', {0}) AS INTEGER) + 2) / 3",
    "FISCAL_MONTH": "CAST(strftime('%m', {0}) AS INTEGER)",
    "DAY_IN_MONTH": "CAST(strftime('%d', {0}) AS INTEGER)",
    "DAY_IN_WEEK": "CAST(strftime('%w', {0}) AS INTEGER) + 1",
    "DAY_IN_YEAR": "CAST(strftime('%j', {0}) AS INTEGER)",
    "DAY_ONLY": "substr({0}, 1, 10)",
    "HOUR_IN_DAY": "CAST(strftime('%H', {0}) AS INTEGER)",
    "WEEK_IN_MONTH": "(CAST(strftime('%d', {0}) AS INTEGER) + 6) / 7",
    "WEEK_IN_YEAR": "(CAST(strftime('%j', {0}) AS INTEGER) + 6) / 7",
}
DATE_FUNCTIONS = frozenset(_DATE_FUNCTIONS)
TIME_ONLY_FUNCTIONS = frozenset({"DAY_ONLY", "HOUR_IN_DAY"})


def check_fiscal(what: str, start_month: int) -> None:
    """Fiscal periods are calendar periods here: refuse them where the org's fiscal year starts in another month.

    Raises:
        NotModelled: MALFORMED_QUERY.
    """
    if start_month != 1:
        raise NotModelled(f"{what} in an org whose fiscal year doesn't start in January", code="MALFORMED_QUERY")


@behaviour(
    "SOQL date functions",
    "confirmed",
    "SOQL Reference date functions; times count in UTC unless convertTimezone is used",
)
def date_function(name: str, argument: str) -> str:
    """The SQL of a date function over the SQL of its argument."""
    return _DATE_FUNCTIONS[name].format(argument)


def register(db: sqlite3.Connection) -> None:
    """Lend the connection the functions that compiled queries call, unless it has them."""
    try:
        db.execute(f"SELECT {FOLD}(NULL)").close()
    except sqlite3.OperationalError:
        db.create_function(LOCAL, 2, _local, deterministic=True)
        db.create_function(FOLD, 1, _fold, deterministic=True)


def _fold(value: str | float | None) -> str | float | None:
    return value.lower() if isinstance(value, str) else value


def _local(value: str | float | None, zone: str) -> str | None:
    """A stored time as the local time of a zone, in a form that SQLite's date functions read."""
    if not isinstance(value, str):
        return None
    at = datetime.fromisoformat(value).astimezone(time_zone(zone))
    return at.strftime("%Y-%m-%dT%H:%M:%S")


@lru_cache(maxsize=64)
def time_zone(name: str) -> ZoneInfo:
    """The time zone of a user's `TimeZoneSidKey`; UTC when there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def today_in(now: datetime, zone: ZoneInfo) -> datetime:
    """The org's time as a user's wall shows it."""
    return now.replace(tzinfo=now.tzinfo or UTC).astimezone(zone)
