"""The session in force: made at the first use, renewed once for all threads when the org refuses it.

One class over the ways to log in; each way is a function in a module of its own. A failed login never says whether
some other call ran: it means that nothing was sent yet.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import assert_never

import requests

from sync import events
from sync.errors import AccessRefused
from sync.org_settings import (
    AccessToken,
    ClientCredentials,
    JwtBearer,
    OrgSettings,
    Password,
    RefreshToken,
    SfCli,
)
from sync.salesforce.auth import oauth, refresh_token, sf_cli
from sync.salesforce.auth.session import Session, session_of


class Login:
    """Holds one org's session.

    Args:
        settings: The org, with one kind of credentials.
        http: The `requests` session that login calls go through, time-outs and trust included.
        clock: For the JWT assertion's expiry.
        run: How the Salesforce CLI is called.
    """

    def __init__(
        self,
        settings: OrgSettings,
        http: requests.Session,
        *,
        clock: Callable[[], datetime],
        run: sf_cli.Run = sf_cli.run,
    ) -> None:
        self._settings = settings
        self._http = http
        self._clock = clock
        self._run = run
        self._lock = threading.RLock()
        self._session: Session | None = None

    def session(self) -> Session:
        """The session in force, logging in at the first use.

        Raises:
            AccessRefused: Salesforce doesn't let us in.
            NeverSent: The login server can't be reached.
        """
        with self._lock:
            if self._session is None:
                self._session = self._logged_in()
            return self._session

    def refresh(self, refused: Session) -> Session:
        """A session other than the refused one; threads that were refused together share one new login.

        Raises:
            AccessRefused: These credentials can't get a new session, or Salesforce doesn't give one.
            NeverSent: The login server can't be reached.
        """
        with self._lock:
            if self._session is not None and self._session.access_token != refused.access_token:
                return self._session
            if isinstance(self._settings.credentials, AccessToken):
                raise AccessRefused(
                    "the access token has expired or was revoked",
                    place="LEADGATE_ACCESS_TOKEN",
                    fix="get a new one, or set up a way to log in that can renew itself (see .env.example)",
                    code="INVALID_SESSION_ID",
                )
            self._session = self._logged_in()
            events.info("salesforce.session_renewed", org=self._settings.name)
            return self._session

    def _logged_in(self) -> Session:
        settings = self._settings
        match settings.credentials:
            case AccessToken() as given:
                found = session_of(given.token.get_secret_value(), given.instance_url)
            case ClientCredentials() as given:
                found = oauth.client_credentials(self._http, given)
            case JwtBearer() as given:
                found = oauth.jwt_bearer(self._http, given, now=self._clock())
            case RefreshToken() as given:
                found = refresh_token.exchange(self._http, given)
            case SfCli() as given:
                found = sf_cli.session_from(given.target_org, run=self._run)
            case Password() as given:
                from sync.salesforce.auth import password  # noqa: PLC0415 -- slow to import, and rarely wanted

                found = password.soap_login(self._http, given, api_version=settings.api_version)
            case _:
                assert_never(settings.credentials)
        if settings.instance_url is None or settings.instance_url == found.instance_url:
            return found
        return Session(
            access_token=found.access_token,
            instance_url=settings.instance_url,
            org_id=found.org_id,
            user_id=found.user_id,
        )
