"""Username and password by SOAP login(), for orgs that have nothing better set up.

Salesforce retires it: it isn't in API 65.0 and newer, is off in new orgs, and ends for all with Summer '27. So the call
goes out as 64.0 at most, and each login warns. simple-salesforce speaks this call; its error texts may hold whole
answers, so only the code is passed on.
"""

from __future__ import annotations

from urllib.parse import urlsplit
from xml.parsers.expat import ExpatError

import requests
from simple_salesforce.exceptions import SalesforceAuthenticationFailed
from simple_salesforce.login import SalesforceLogin

from sync import events
from sync.errors import AccessRefused
from sync.org_credentials import SHARED_LOGIN_HOSTS, base_url
from sync.org_settings import Password
from sync.salesforce.auth.session import Session, session_of
from sync.salesforce.failures import NeverSent, network_error
from sync.salesforce.faults import explain

_LAST_VERSION_WITH_LOGIN = 64


def soap_login(http: requests.Session, given: Password, *, api_version: str) -> Session:
    """A session for username, password and security token.

    Raises:
        AccessRefused: Salesforce doesn't accept them, or login() is off in the org.
        NeverSent: The login server can't be reached.
    """
    events.warning("salesforce.password_login_retires", last_release="Spring '27")
    host = urlsplit(given.login_url).hostname or given.login_url
    version = min(float(api_version), float(_LAST_VERSION_WITH_LOGIN))
    try:
        access_token, instance = SalesforceLogin(
            username=given.username,
            password=given.password.get_secret_value(),
            security_token=given.security_token.get_secret_value(),
            sf_version=f"{version:.1f}",
            client_id="leadgate",
            scratch_url=given.login_url,
            session=http,
        )
    except (ExpatError, UnicodeDecodeError):
        raise _not_salesforce(host) from None
    except SalesforceAuthenticationFailed as refused:
        code = str(refused.code or "")
        if not code or code.isdigit():  # nothing or a bare status: the answer was no SOAP fault
            raise _not_salesforce(host) from None
        fault = explain(code)
        raise AccessRefused(
            f"{host} refused the login: {code}: {fault.cause}", place=host, fix=fault.fix, code=code
        ) from None
    except OSError as error:  # those of `requests` are, too
        found = network_error(error, host)
        raise NeverSent(found.message, place=host, fix=found.fix) from error
    # at a My Domain the login address is the org's own; only the shared hosts must be told where the org lives
    if given.login_url not in SHARED_LOGIN_HOSTS:
        return session_of(access_token, given.login_url)
    return session_of(access_token, base_url(instance, place="the login's serverUrl"))


def _not_salesforce(host: str) -> NeverSent:
    return NeverSent(
        f"{host} doesn't answer like Salesforce's login server",
        place=host,
        fix="check LEADGATE_DOMAIN and the proxy",
        code="NOT_SALESFORCE",
    )
