"""Refresh tokens that the org may rotate: the new one is on disk before the session is used.

With rotation on, each use of a refresh token kills it and brings the next. Losing the new one locks leadgate out, so it
is written beside, flushed, and moved into place; the file is readable to its owner only. The file remembers which
configured token it descends from, so that a token newly put into `.env` wins over an old descendant.

File: `{"descends_from": sha256 of the configured token, "refresh_token": newest}`.
"""

from __future__ import annotations

import hashlib
import json

import requests

from sync.errors import AccessRefused, SettingsInvalid
from sync.org_settings import RefreshToken
from sync.private_file import write_private
from sync.salesforce.auth.oauth import token
from sync.salesforce.auth.session import Session


def exchange(http: requests.Session, given: RefreshToken) -> Session:
    """A session for the refresh token, whose successor, if there is one, is kept first.

    Another process may have rotated the token since we read it; then its successor is used.

    Raises:
        AccessRefused: The token is dead.
        SettingsInvalid: The successor can't be kept.
        NeverSent: The login server can't be reached.
    """
    current = newest(given)
    try:
        return _exchanged(http, given, current)
    except AccessRefused:
        moved = newest(given)
        if moved == current:
            raise
    return _exchanged(http, given, moved)


def newest(given: RefreshToken) -> str:
    """The configured token, or its latest descendant on disk."""
    configured = given.token.get_secret_value()
    try:
        kept = json.loads(given.store.read_text("utf-8"))
    except (OSError, ValueError):
        return configured
    if not isinstance(kept, dict) or kept.get("descends_from") != _fingerprint(configured):
        return configured
    return str(kept.get("refresh_token") or configured)


def keep(given: RefreshToken, fresh: str) -> None:
    """Write the newest token so that a crash leaves either the old file or the new one.

    Raises:
        SettingsInvalid: The folder or file can't be written.
    """
    text = json.dumps({"descends_from": _fingerprint(given.token.get_secret_value()), "refresh_token": fresh})
    try:
        given.store.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(given.store, text)
    except OSError as unwritable:
        raise SettingsInvalid(
            f"the new refresh token can't be kept: {type(unwritable).__name__}",
            place="LEADGATE_REFRESH_TOKEN_FILE",
            fix=f"make {given.store.parent} writable; the org rotates refresh tokens",
        ) from unwritable


def _exchanged(http: requests.Session, given: RefreshToken, current: str) -> Session:
    form = {"grant_type": "refresh_token", "client_id": given.client_id, "refresh_token": current}
    if given.client_secret is not None:
        form["client_secret"] = given.client_secret.get_secret_value()
    grant = token(http, given.login_url, form)
    if grant.refresh_token is not None and grant.refresh_token != current:
        keep(given, grant.refresh_token)
    return grant.session


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
