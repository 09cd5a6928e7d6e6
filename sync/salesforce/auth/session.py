"""What a login yields, whichever way it went."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sync.model import normal_id

_OPAQUE = re.compile(r"(00D[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?)!")
_IDENTITY_URL = re.compile(r"/id/(00D[A-Za-z0-9]{12,15})/(005[A-Za-z0-9]{12,15})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """An access token and where it is good for."""

    access_token: str = field(repr=False)
    instance_url: str
    org_id: str | None = None
    user_id: str | None = None

    @property
    def token_kind(self) -> str:
        """`jwt` for a JWT-based token, which SOAP refuses, else `opaque`.

        An opaque token starts with the org's id and `!`; a JWT has three parts of which the first is JSON, so `eyJ`.
        """
        return "jwt" if self.access_token.startswith("eyJ") and self.access_token.count(".") == 2 else "opaque"


def session_of(access_token: str, instance_url: str, *, identity_url: str | None = None) -> Session:
    """A session with the ids that the token itself and the login's identity URL tell."""
    named = _IDENTITY_URL.search(identity_url or "")
    opaque = _OPAQUE.match(access_token)
    org = named[1] if named else opaque[1] if opaque else None
    return Session(
        access_token=access_token,
        instance_url=instance_url,
        org_id=normal_id(org) if org else None,
        user_id=normal_id(named[2]) if named else None,
    )
