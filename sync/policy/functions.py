"""The functions that a policy may call, each with its documentation; nothing else can be called.

`sync.policy.expression` checks calls against this table, `docs/policy.md` is checked against it by a test, and
`sync.policy.emit` and `sync.policy.evaluate` give the two meanings, which a property test holds equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sync.policy.syntax import Kind


class Argument(StrEnum):
    """What a function takes at one position."""

    TEXT = "text"
    TIME = "a date"
    WORDS = "quoted text"
    PATTERN = "a quoted regular expression"
    DAYS = "a whole number of days"
    ANY = "a value"
    NUMBER = "a number"
    LEAD_FIELD = "a field of Lead"
    FIELD_VALUE = "a quoted value"


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function of the language."""

    name: str
    arguments: tuple[Argument, ...]
    result: Kind | None
    """`None` = the kind of its arguments."""
    doc: str
    more: bool = False
    """The last argument may be repeated."""
    signals_only: bool = False
    history_only: bool = False

    @property
    def usage(self) -> str:
        """How it is written: `contains(text, 'words')`."""
        arguments = [_PLACEHOLDER[argument] for argument in self.arguments] + ["…"] * self.more
        return f"{self.name}({', '.join(arguments)})"


_PLACEHOLDER: Mapping[Argument, str] = {
    Argument.TEXT: "text",
    Argument.TIME: "date",
    Argument.WORDS: "'words'",
    Argument.PATTERN: "'regex'",
    Argument.DAYS: "n",
    Argument.ANY: "value",
    Argument.NUMBER: "number",
    Argument.LEAD_FIELD: "lead_field",
    Argument.FIELD_VALUE: "'value'",
}

_A = Argument

FUNCTIONS: Mapping[str, Function] = {
    function.name: function
    for function in (
        Function(name="now", arguments=(), result=Kind.DATETIME, doc="The run's clock, in UTC."),
        Function(name="today", arguments=(), result=Kind.DATE, doc="The run's day in UTC; `current_date` is the same."),
        Function(name="days_ago", arguments=(_A.DAYS,), result=Kind.DATE, doc="The day that many days before today."),
        Function(name="days_ahead", arguments=(_A.DAYS,), result=Kind.DATE, doc="The day that many days after today."),
        Function(
            name="days_since",
            arguments=(_A.TIME,),
            result=Kind.NUMBER,
            doc="Whole days from that day to today; negative when it lies ahead.",
        ),
        Function(
            name="days_until",
            arguments=(_A.TIME,),
            result=Kind.NUMBER,
            doc="Whole days from today to that day; negative when it is past.",
        ),
        Function(name="lower", arguments=(_A.TEXT,), result=Kind.TEXT, doc="The text in lower case."),
        Function(name="length", arguments=(_A.TEXT,), result=Kind.NUMBER, doc="How many characters the text has."),
        Function(
            name="coalesce",
            arguments=(_A.ANY, _A.ANY),
            more=True,
            result=None,
            doc="The first value that is not null; all of one type.",
        ),
        Function(name="abs", arguments=(_A.NUMBER,), result=Kind.NUMBER, doc="The number without its sign."),
        Function(
            name="contains",
            arguments=(_A.TEXT, _A.WORDS),
            result=Kind.BOOLEAN,
            doc="Whether the words occur in the text; upper and lower case are the same.",
        ),
        Function(
            name="starts_with",
            arguments=(_A.TEXT, _A.WORDS),
            result=Kind.BOOLEAN,
            doc="Whether the text starts with the words; upper and lower case are the same.",
        ),
        Function(
            name="ends_with",
            arguments=(_A.TEXT, _A.WORDS),
            result=Kind.BOOLEAN,
            doc="Whether the text ends with the words; upper and lower case are the same.",
        ),
        Function(
            name="includes",
            arguments=(_A.TEXT, _A.WORDS),
            more=True,
            result=Kind.BOOLEAN,
            doc="Whether a multi-select picklist has at least one of the values, as SOQL's INCLUDES.",
        ),
        Function(
            name="email_domain",
            arguments=(_A.TEXT,),
            result=Kind.TEXT,
            doc="What follows the @ of an e-mail address, in lower case; null when there is none.",
        ),
        Function(
            name="matches",
            arguments=(_A.TEXT, _A.PATTERN),
            result=Kind.BOOLEAN,
            signals_only=True,
            doc="Whether the RE2 regular expression occurs in the text; upper and lower case are the same. "
            "Only in signals, because what it finds is quoted as evidence.",
        ),
        Function(
            name="changed",
            arguments=(_A.LEAD_FIELD,),
            result=Kind.BOOLEAN,
            history_only=True,
            doc="Whether the history row records a change of that field.",
        ),
        Function(
            name="changed_to",
            arguments=(_A.LEAD_FIELD, _A.FIELD_VALUE),
            result=Kind.BOOLEAN,
            history_only=True,
            doc="Whether the history row records that the field became the value.",
        ),
        Function(
            name="changed_from",
            arguments=(_A.LEAD_FIELD, _A.FIELD_VALUE),
            result=Kind.BOOLEAN,
            history_only=True,
            doc="Whether the history row records that the field had the value before.",
        ),
    )
}
"""Every function by name; `current_date` is another way to write `today()`."""
