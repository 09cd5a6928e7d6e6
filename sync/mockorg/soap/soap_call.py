"""One SOAP call as an operation sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..call import session_is_invalid
from ..errors import SalesforceError
from ..ids import is_id, to18
from . import envelope as xml

if TYPE_CHECKING:
    from ..access import User
    from ..call import Call
    from ..org import Org
    from .envelope import Dialect, Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class SoapCall:
    """A call that passed the checks of `partner`; `caller` is None only for `login`."""

    call: Call
    envelope: Envelope
    version: int
    dialect: Dialect
    caller: User | None

    @property
    def org(self) -> Org:
        """The org asked."""
        return self.call.org

    @property
    def user(self) -> User:
        """The user who asks."""
        if self.caller is None:
            raise session_is_invalid()
        return self.caller

    @property
    def server_url(self) -> str:
        """The address of this API for the session, as `login` answers it."""
        kind = self.call.request.segments[2]
        address = self.call.doors.address(self.call.request)
        return f"{address}/services/Soap/{kind}/{self.version}.0/{self.org.org_id[:15]}"

    def header_boolean(self, header: str, name: str, *, default: bool = False) -> bool:
        """A boolean inside a header element; the default if the header was not sent."""
        element = self.envelope.headers.get(header)
        return default if element is None else xml.boolean(element, name, default=default)


def record_id(given: str | None) -> str | None:
    """A record id with 18 characters; None for an absent one.

    Raises:
        SalesforceError: MALFORMED_ID.
    """
    if given is None:
        return None
    if not is_id(given.strip()):
        raise SalesforceError("MALFORMED_ID", f"malformed id {given}", status=500)
    return to18(given.strip())
