"""From one org's raw settings to one way of logging in, or to the variable that is missing.

The mode is inferred where only one can be meant; where two can, the message asks for `LEADGATE_AUTH`. Addresses are
brought to one form here, and plain http is refused for everything but this machine. Pure: no files, no network.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, assert_never
from urllib.parse import urlsplit

from pydantic import SecretStr

from sync.errors import SettingsInvalid
from sync.org_settings import (
    CONNECT_TIMEOUT,
    DEFAULT_API_VERSION,
    PARALLEL_CALLS,
    READ_TIMEOUT,
    AccessToken,
    AuthMode,
    ClientCredentials,
    Connection,
    Credentials,
    JwtBearer,
    OrgFields,
    OrgSettings,
    Password,
    RefreshToken,
    SfCli,
)

T = TypeVar("T")

LOGIN_HOST = "https://login.salesforce.com"
SHARED_LOGIN_HOSTS = {LOGIN_HOST, "https://test.salesforce.com"}
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?|::1")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}

_NEEDED = {
    AuthMode.ACCESS_TOKEN: ("instance_url", "access_token"),
    AuthMode.CLIENT_CREDENTIALS: ("client_id", "client_secret"),
    AuthMode.JWT_BEARER: ("client_id", "username"),
    AuthMode.REFRESH_TOKEN: ("client_id", "refresh_token"),
    AuthMode.SF_CLI: ("sf_cli_org",),
    AuthMode.PASSWORD: ("username", "password"),
}

_SECRETS_BESIDE = {
    "client_id": ("client_secret", "private_key_file", "refresh_token"),
    "username": ("password", "private_key_file"),
    "instance_url": ("access_token",),
}
"""What is a login by half → the secrets of which one makes it whole."""


def resolve(
    name: str, raw: OrgFields, *, shared: Connection, state_dir: Path, variable: Callable[[str], str]
) -> OrgSettings:
    """One org's settings, complete and without contradiction.

    Args:
        name: The org's name among the settings.
        raw: Its own values.
        shared: Values for all orgs, which its own override.
        state_dir: Where a rotated refresh token is kept unless a file is named.
        variable: From a field's name to the environment variable that sets it, for messages.

    Raises:
        SettingsInvalid: With every missing or contradictory setting named.
    """
    mode = raw.auth or _inferred(name, raw, variable)
    missing = [variable(field) for field in _NEEDED[mode] if getattr(raw, field) is None]
    if mode is AuthMode.JWT_BEARER and raw.private_key is None and raw.private_key_file is None:
        missing.append(variable("private_key_file"))
    if missing:
        raise SettingsInvalid(
            f"org {name}: logging in by {mode} also needs {' and '.join(missing)}",
            place=missing[0],
            fix=f"set {' and '.join(missing)} in the environment or in .env",
        )
    instance = None if raw.instance_url is None else base_url(raw.instance_url, place=variable("instance_url"))
    return OrgSettings(
        name=name,
        credentials=_credentials(mode, raw, instance=instance, state_dir=state_dir / name, variable=variable),
        instance_url=instance,
        api_version=_first(raw.api_version, shared.api_version, DEFAULT_API_VERSION),
        ca_file=raw.ca_file or shared.ca_file,
        connect_timeout=_first(raw.connect_timeout, shared.connect_timeout, CONNECT_TIMEOUT),
        read_timeout=_first(raw.read_timeout, shared.read_timeout, READ_TIMEOUT),
        parallel_calls=_first(raw.parallel_calls, shared.parallel_calls, PARALLEL_CALLS),
    )


def base_url(text: str, *, place: str) -> str:
    """An org's address as `https://host`, from what people paste: with or without scheme, path, Lightning host.

    Raises:
        SettingsInvalid: Not an address, or plain http to another machine.
    """
    given = text.strip()
    try:
        parts = urlsplit(given if "://" in given else f"https://{given}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(host):
        raise SettingsInvalid(
            f"{place} is no address of an org", place=place, fix="e.g. https://acme.my.salesforce.com"
        )
    if parts.username is not None or parts.password is not None:
        raise SettingsInvalid(f"{place} holds a user name; take it out", place=place)
    if parts.scheme == "http" and not is_loopback(host):
        raise SettingsInvalid(f"{place}: plain http would send secrets readable to all", place=place, fix="use https")
    host = host.replace(".lightning.force.com", ".my.salesforce.com")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port else "")


def is_loopback(host: str) -> bool:
    """Whether a host name means this machine."""
    return host in _LOOPBACK


def login_url(domain: str, *, place: str) -> str:
    """The login address of `login`, `test`, a My Domain (`acme.my`, `acme.my.salesforce.com`) or a whole URL."""
    short = domain.strip().rstrip("/")
    if "://" in short or ".salesforce." in short or ".force.com" in short:
        return base_url(short, place=place)
    return base_url(f"https://{short}.salesforce.com", place=place)


def _inferred(name: str, raw: OrgFields, variable: Callable[[str], str]) -> AuthMode:
    """The only mode that the given secrets can mean."""
    signs = {
        AuthMode.ACCESS_TOKEN: raw.access_token is not None,
        AuthMode.SF_CLI: raw.sf_cli_org is not None,
        AuthMode.REFRESH_TOKEN: raw.refresh_token is not None,
        AuthMode.JWT_BEARER: raw.private_key is not None or raw.private_key_file is not None,
        AuthMode.PASSWORD: raw.password is not None,
    }
    found = [mode for mode, given in signs.items() if given]
    # the app's id and secret also go with a refresh token, so they mean their own mode only where they stand alone
    if raw.client_secret is not None and found in ([], [AuthMode.PASSWORD]):
        found.append(AuthMode.CLIENT_CREDENTIALS)
    if len(found) == 1:
        return found[0]
    if found:
        raise SettingsInvalid(
            f"org {name}: the settings fit several ways to log in: {', '.join(found)}",
            place=variable("auth"),
            fix=f"set {variable('auth')} to the one you mean",
        )
    half = [field for field in _SECRETS_BESIDE if getattr(raw, field) is not None]
    if half:
        secrets = " or ".join(variable(field) for field in _SECRETS_BESIDE[half[0]])
        raise SettingsInvalid(
            f"org {name}: {variable(half[0])} is set, but no secret to log in with",
            place=variable(_SECRETS_BESIDE[half[0]][0]),
            fix=f"set {secrets} too, in the environment or in .env",
        )
    raise SettingsInvalid(
        f"org {name}: nothing to log in with",
        place=variable("access_token"),
        fix=f"set {variable('instance_url')} and {variable('access_token')}, or another way that .env.example lists",
    )


def _credentials(
    mode: AuthMode, raw: OrgFields, *, instance: str | None, state_dir: Path, variable: Callable[[str], str]
) -> Credentials:
    given = None if raw.domain is None else login_url(raw.domain, place=variable("domain"))
    login = given or instance or LOGIN_HOST
    match mode:
        case AuthMode.ACCESS_TOKEN:
            return AccessToken(token=_there(raw.access_token), instance_url=_there(instance))
        case AuthMode.CLIENT_CREDENTIALS:
            if login in SHARED_LOGIN_HOSTS:
                raise SettingsInvalid(
                    f"{urlsplit(login).hostname}: client credentials work at the org's My Domain only",
                    place=variable("domain"),
                    fix=f"set {variable('domain')} to it, e.g. acme.my",
                )
            return ClientCredentials(
                login_url=login, client_id=_there(raw.client_id), client_secret=_there(raw.client_secret)
            )
        case AuthMode.JWT_BEARER:
            if raw.private_key is not None and raw.private_key_file is not None:
                raise SettingsInvalid(
                    f"{variable('private_key')} and {variable('private_key_file')} are both set",
                    place=variable("private_key"),
                    fix="take one of them out",
                )
            return JwtBearer(
                login_url=login,
                client_id=_there(raw.client_id),
                username=_there(raw.username),
                private_key=raw.private_key,
                private_key_file=raw.private_key_file,
            )
        case AuthMode.REFRESH_TOKEN:
            return RefreshToken(
                login_url=login,
                client_id=_there(raw.client_id),
                client_secret=raw.client_secret,
                token=_there(raw.refresh_token),
                store=raw.refresh_token_file or state_dir / "refresh_token.json",
            )
        case AuthMode.SF_CLI:
            return SfCli(target_org=_there(raw.sf_cli_org))
        case AuthMode.PASSWORD:
            return Password(
                login_url=login,
                username=_there(raw.username),
                password=_there(raw.password),
                security_token=raw.security_token or SecretStr(""),
            )
        case _:
            assert_never(mode)


def _there(value: T | None) -> T:
    """A value that `_NEEDED` has already asked for."""
    if value is None:
        raise AssertionError("a needed setting was not checked")
    return value


def _first(own: T | None, shared: T | None, default: T) -> T:
    return own if own is not None else shared if shared is not None else default
