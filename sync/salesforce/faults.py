"""What each Salesforce error code means: its cause and fix in plain words, and whether running again helps.

The one table (`faults.csv`) behind the transport's retries, the runner's outcomes and the report's advice. Retrying is
by permission: a code that isn't in the table is never retried. Codes are compared without underscores and
capitalisation, since the APIs spell them differently (`INVALID_SESSION_ID`, `InvalidSessionId`).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files


class Kind(StrEnum):
    """What an error says about the request's effect, and so what may follow."""

    RETRYABLE = "retryable"
    """Nothing was done; the same request may succeed later."""
    REFRESH = "refresh"
    """Nothing was done; the same request may succeed with a new session."""
    REJECTED = "rejected"
    """Nothing was done; the record or the request must change first."""
    REFUSED = "refused"
    """Nothing was done; a person must change a setting, a permission or a limit first."""
    IN_DOUBT = "in_doubt"
    """It may have been done; only reading back tells."""

    @property
    def running_again_helps(self) -> bool:
        """Whether a later run may succeed without anybody changing anything."""
        return self in {Kind.RETRYABLE, Kind.REFRESH, Kind.IN_DOUBT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One error code, explained."""

    code: str
    kind: Kind
    cause: str
    fix: str
    known: bool = True


# The text that an exceeded governor limit leaves in a trigger's or flow's error: the codes are those of any trigger
# error, only the words tell that a smaller batch would have passed.
_GOVERNOR = re.compile(
    r"LimitException|Too many (?:SOQL|DML|query|queueable|future|callouts|SOSL|email)|CPU time limit"
    r"|heap size too large|Apex CPU",
    re.IGNORECASE,
)


def explain(code: str, message: str = "") -> Fault:
    """The fault of a code; one that is not in the table is refused or in doubt for the caller's context to decide.

    `message` tells apart what Salesforce gives one code: `REQUEST_LIMIT_EXCEEDED` is either the daily quota or too many
    long requests at once, and only the latter passes by waiting.
    """
    said = message.removeprefix(f"{code}: ").lower()
    if _key(code) == "REQUESTLIMITEXCEEDED" and said.startswith("concurrent"):
        code = "CONCURRENT_LIMIT_EXCEEDED"
    found = _table().get(_key(code))
    if found is not None:
        return found
    return Fault(
        code=code,
        kind=Kind.REJECTED,
        cause="Salesforce said no with a code that leadgate doesn't know",
        fix="Read Salesforce's own message",
        known=False,
    )


def known_codes() -> tuple[str, ...]:
    """Every code of the table, for documentation and tests."""
    return tuple(fault.code for fault in _table().values())


def is_governor_limit(message: str) -> bool:
    """Whether an error's text says that a governor limit was passed, so that a smaller batch may succeed."""
    return _GOVERNOR.search(message) is not None


def _key(code: str) -> str:
    return code.replace("_", "").upper()


@cache
def _table() -> Mapping[str, Fault]:
    text = files(__package__).joinpath("faults.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {
        _key(row["code"]): Fault(code=row["code"], kind=Kind(row["kind"]), cause=row["cause"], fix=row["fix"])
        for row in rows
    }
