"""Conditional requests: If-Modified-Since (304) and If-Unmodified-Since (412), to the second.

On rows of any object, describe and describe global; not on DELETE. `If-Match` and `If-None-Match` work for rows of
Account only, as documented.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from ..behaviours import behaviour
from ..clock import from_iso_z
from ..errors import NotModelled, SalesforceError

if TYPE_CHECKING:
    from ..http import Headers

CONDITIONAL_HEADERS = ("If-Modified-Since", "If-Unmodified-Since", "If-Match", "If-None-Match")


@behaviour("If-Modified-Since answers 304", source="REST Developer Guide; recordings of describe")
def not_modified(headers: Headers, last_modified: str) -> bool:
    """Whether a read may be answered 304; `last_modified` is a stored time."""
    since = _date(headers, "If-Modified-Since")
    return since is not None and from_iso_z(last_modified) <= since


@behaviour("If-Unmodified-Since answers 412", source="REST Developer Guide; the body of the 412 is uncertain")
def check_unmodified(headers: Headers, last_modified: str) -> None:
    """Refuse a call on something that has changed since the client looked; later within the second counts as unchanged.

    Raises:
        SalesforceError: 412, or 400 for a date that cannot be read.
    """
    since = _date(headers, "If-Unmodified-Since")
    if since is not None and from_iso_z(last_modified) > since:
        raise precondition_failed()


def check_match(headers: Headers, etag: str | None) -> None:
    """Refuse a call whose `If-Match` names another state; `etag` is None where the resource has none.

    Raises:
        SalesforceError: 412.
        NotModelled: entity tags on anything but Account rows.
    """
    wanted = headers.get("If-Match")
    if wanted is None:
        return
    if etag is None:
        raise NotModelled("If-Match on anything but rows of Account")
    tags = {tag.strip().removeprefix("W/").removesuffix('--gzip"').rstrip('"') + '"' for tag in wanted.split(",")}
    if wanted.strip() != "*" and etag not in tags:
        raise precondition_failed()


def none_matches(headers: Headers, etag: str | None) -> bool:
    """Whether `If-None-Match` names the present state, so that a read may be answered 304.

    Raises:
        NotModelled: entity tags on anything but Account rows.
    """
    known = headers.get("If-None-Match")
    if known is None:
        return False
    if etag is None:
        raise NotModelled("If-None-Match on anything but rows of Account")
    return known.strip() == "*" or etag in {tag.strip() for tag in known.split(",")}


def refuse_conditions(headers: Headers, what: str) -> None:
    """Refuse conditional headers where they would silently have no effect.

    Raises:
        NotModelled: names the header and the resource.
    """
    for name in CONDITIONAL_HEADERS:
        if name in headers:
            raise NotModelled(f"{name} on {what}")


def precondition_failed() -> SalesforceError:
    """412: the record is not as the client last saw it."""
    return SalesforceError(
        "PRECONDITION_FAILED", "The record has been modified since the time given in the request.", status=412
    )


def _date(headers: Headers, name: str) -> datetime | None:
    given = headers.get(name)
    if given is None:
        return None
    try:
        found = parsedate_to_datetime(given)
    except ValueError as error:
        raise SalesforceError("INVALID_HEADER", f"{name} is not an HTTP date: {given}") from error
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
