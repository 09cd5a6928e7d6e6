"""The mock org's errors: Salesforce's codes and words, never Python's.

Two kinds, as in Salesforce. A `SalesforceError` fails a whole call and is raised; the doors turn it into the JSON
array, the OAuth object or the SOAP fault that a real org answers. A `RowError` is what became of one record and is
returned, since a call of 200 records answers 200 even when each of them failed.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .duplicate_result import DuplicateResult

NOT_MODELLED_HEADER = "X-Mock-Org-Not-Modelled"


def not_modelled_header(*what: str) -> dict[str, str]:
    """The header that names what is not modelled, in characters that a header can carry."""
    text = "; ".join(what).encode("ascii", "backslashreplace").decode("ascii")
    return {NOT_MODELLED_HEADER: " ".join(text.split())} if what else {}


def unknown_object_header(name: str) -> dict[str, str]:
    """The header for an object that this org does not have; a custom object is one that org.yaml would name."""
    return {} if "__" in name else not_modelled_header(f"the object {name[:80]}")


class SalesforceError(Exception):
    """A call that Salesforce refuses as a whole: `code` and `message` as on the wire, `status` for REST.

    Refusals of a record always say their `fields`, be it none; the other refusals have None.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 400,
        fields: Sequence[str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = None if fields is None else tuple(fields)
        self.headers: Mapping[str, str] = MappingProxyType(dict(headers or {}))


class NotModelled(SalesforceError):
    """Something that a real org may well do and this one does not: refused, with a header that says so.

    The answer carries Salesforce's own code for a feature that is off, so that a client takes its error path,
    and `X-Mock-Org-Not-Modelled`, so that a developer sees at once that the mock org is the limit.
    """

    def __init__(self, what: str, *, code: str = "FUNCTIONALITY_NOT_ENABLED", status: int = 400) -> None:
        super().__init__(code, f"The mock org does not model {what}.", status=status, headers=not_modelled_header(what))
        self.what = what


@dataclass(frozen=True, slots=True, kw_only=True)
class RowError:
    """Why one record failed: `statusCode`, `message` and `fields` of collections, SOAP results and Bulk."""

    code: str
    message: str
    fields: tuple[str, ...] = ()
    duplicate: DuplicateResult | None = None
    not_modelled: str | None = None


class RowRefused(Exception):
    """Carries a record's errors from where they are found to where its savepoint is rolled back."""

    def __init__(self, *errors: RowError) -> None:
        super().__init__("; ".join(error.code for error in errors))
        self.errors = errors


def refuse(code: str, message: str, *, fields: Sequence[str] = ()) -> RowRefused:
    """One record's error, ready to be raised."""
    return RowRefused(RowError(code=code, message=message, fields=tuple(fields)))


def as_call_error(error: RowError, *, status: int = 400) -> SalesforceError:
    """The record's error as single-record REST calls answer it (`errorCode` instead of `statusCode`)."""
    headers = not_modelled_header(error.not_modelled) if error.not_modelled else None
    return SalesforceError(error.code, error.message, status=status, fields=error.fields, headers=headers)
