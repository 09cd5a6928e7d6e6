"""Sessions: which access tokens are good, whose they are, and until when.

Opaque tokens look like the real ones (`00D…!…`) and open every API. Tokens in JWT form open REST only, as Salesforce
documents, so that a client which would later speak SOAP finds out here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from .behaviours import behaviour

if TYPE_CHECKING:
    from datetime import datetime

    from .clock import Clock

LIFETIME = timedelta(hours=2)
"""Default session time-out of an org; a used session is prolonged."""


class TokenKind(StrEnum):
    """The two forms of access token."""

    OPAQUE = "opaque"
    JWT = "jwt"


@dataclass(slots=True, kw_only=True)
class Session:
    """One session. `expires` moves on as the session is used."""

    token: str
    user_id: str
    kind: TokenKind
    client_id: str | None
    scope: str
    issued: datetime
    expires: datetime


@dataclass(slots=True)
class Sessions:
    """All sessions of the org. Tokens come from the seed, so that a run can be run again byte for byte."""

    org_id: str
    clock: Clock
    seed: int = 0
    lifetime: timedelta = LIFETIME
    _open: dict[str, Session] = field(default_factory=dict)
    _made: int = 0

    def open(
        self,
        user_id: str,
        *,
        kind: TokenKind = TokenKind.OPAQUE,
        client_id: str | None = None,
        scope: str = "refresh_token api",
    ) -> Session:
        """Begin a session for a user."""
        now = self.clock.now()
        self._made += 1
        secret = self.secret("access", user_id)
        match kind:
            case TokenKind.OPAQUE:
                token = f"{self.org_id[:15]}!AQ{secret}"
            case TokenKind.JWT:
                token = self._jwt(user_id, secret, now)
        session = Session(
            token=token,
            user_id=user_id,
            kind=kind,
            client_id=client_id,
            scope=scope,
            issued=now,
            expires=now + self.lifetime,
        )
        self._open[token] = session
        return session

    @behaviour("A session ends after the org's time-out without use", mark="uncertain", source="session settings")
    def find(self, token: str) -> Session | None:
        """The session of a token, prolonged by this use; None if there is none or it has run out."""
        session = self._open.get(token)
        if session is None:
            return None
        now = self.clock.now()
        if now >= session.expires:
            del self._open[token]
            return None
        if session.kind is TokenKind.OPAQUE:
            session.expires = now + self.lifetime
        return session

    def end(self, token: str) -> bool:
        """End one session; whether there was one."""
        return self._open.pop(token, None) is not None

    def end_all(self) -> int:
        """End every session, as an admin or an expiry would; returns how many."""
        ended = len(self._open)
        self._open.clear()
        return ended

    def secret(self, purpose: str, subject: str) -> str:
        """A new unguessable-looking text of 90 characters, the same for the same seed and order of calls."""
        self._made += 1
        digest = hashlib.shake_256(f"{self.seed}:{self.org_id}:{purpose}:{subject}:{self._made}".encode()).digest(68)
        return base64.b64encode(digest, altchars=b"._").decode("ascii").rstrip("=")[:90]

    def _jwt(self, user_id: str, secret: str, now: datetime) -> str:
        claims = {
            "sub": f"uid:{user_id}",
            "iss": "https://login.salesforce.com",
            "iat": int(now.timestamp()),
            "exp": int((now + self.lifetime).timestamp()),
            "jti": secret[:24],
        }
        head = _b64url(json.dumps({"alg": "HS256", "typ": "JWT", "tnk": "core"}).encode())
        body = _b64url(json.dumps(claims).encode())
        signature = hmac.new(secret.encode(), f"{head}.{body}".encode(), hashlib.sha256).digest()
        return f"{head}.{body}.{_b64url(signature)}"


def _b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")
