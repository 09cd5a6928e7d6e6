"""Salesforce's own words to a failure, without the values of people that they quote.

They go to terminals, JSON documents and so into logs of whoever runs leadgate. What was wrong, and in which field, is
what they are kept for; the address or name that was refused stands in the org.
"""

from __future__ import annotations

import re

_LONGEST = 500
_ADDRESS = re.compile(r"[^\s<>\"'(),;:]+@[^\s<>\"'(),;:]+\.[^\s<>\"'(),;:.]+")
_TOO_LARGE = re.compile(r"(data value too large): .*? \(max length", re.DOTALL)
_BAD_ADDRESS = re.compile(r"(invalid (?:email )?address): .*", re.DOTALL | re.IGNORECASE)
_SOQL = re.compile(r"\bSELECT\b.*?\bFROM\b.*", re.DOTALL)


def without_values(message: str) -> str:
    """The message on one line of at most 500 characters: no query, no address, no text that its field refused."""
    lines = [line.strip() for line in message.strip().splitlines() if line.strip()]
    for number, line in enumerate(lines):
        if line.startswith("ERROR at Row"):  # what stands before it is the query
            lines = lines[number + 1 :] or [line]
            break
    text = " ".join(lines)
    text = _TOO_LARGE.sub(r"\1 (max length", text)
    text = _BAD_ADDRESS.sub(r"\1", text)
    text = _SOQL.sub("(query)", text)
    return _ADDRESS.sub("(address)", text)[:_LONGEST]
