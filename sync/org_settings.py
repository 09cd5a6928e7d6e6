"""What one org's settings mean: how to log in, where, and how to speak.

`sync.settings` collects raw values (`OrgFields`) from environment, `.env` and `config/settings.yaml`;
`sync.org_credentials` turns one org's values into `OrgSettings` with exactly one kind of credentials, which is all
that `sync.salesforce` ever sees.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

DEFAULT_API_VERSION = "66.0"
"""Spring '26; the client goes down to what the org offers."""

OLDEST_API_VERSION = 60
"""The first with everything leadgate sends (`Sforce-Mru`); parallel result pages came with 58."""

CONNECT_TIMEOUT = 10.0
"""Seconds until a connection must stand."""

READ_TIMEOUT = 120.0
"""Seconds without a byte until an answer counts as lost; SOQL itself may take 120."""

PARALLEL_CALLS = 4
"""Conversion calls under way at once. A Developer org bears five of 20 seconds or more; one is left for others."""

MOST_PARALLEL_CALLS = 16
"""The connections that are kept open; a production org bears 25 long calls, of everybody together."""


class AuthMode(StrEnum):
    """The ways to log in."""

    ACCESS_TOKEN = "access_token"  # noqa: S105 -- a mode's name
    CLIENT_CREDENTIALS = "client_credentials"
    JWT_BEARER = "jwt_bearer"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105 -- a mode's name
    SF_CLI = "sf_cli"
    PASSWORD = "password"  # noqa: S105 -- a mode's name


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A token that somebody else got; it can't be renewed from here."""

    token: SecretStr
    instance_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials:
    """An app's own id and secret, at the org's My Domain only."""

    login_url: str
    client_id: str
    client_secret: SecretStr


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtBearer:
    """A signed assertion for a user whom the app is pre-authorised for."""

    login_url: str
    client_id: str
    username: str
    private_key: SecretStr | None
    private_key_file: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """A refresh token, which the org may rotate at each use; the newest one is kept in `store`."""

    login_url: str
    client_id: str
    client_secret: SecretStr | None
    token: SecretStr
    store: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SfCli:
    """An org that the Salesforce CLI is logged in to."""

    target_org: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Password:
    """Username and password over SOAP login(), which Salesforce retires with Summer '27."""

    login_url: str
    username: str
    password: SecretStr
    security_token: SecretStr


Credentials = AccessToken | ClientCredentials | JwtBearer | RefreshToken | SfCli | Password


@dataclass(frozen=True, slots=True, kw_only=True)
class OrgSettings:
    """All that is needed to open one org; checked, so that opening fails only for Salesforce's reasons."""

    name: str
    credentials: Credentials
    instance_url: str | None = None
    """Overrides the address that the login answers with."""
    api_version: str = DEFAULT_API_VERSION
    ca_file: Path | None = None
    connect_timeout: float = CONNECT_TIMEOUT
    read_timeout: float = READ_TIMEOUT
    parallel_calls: int = PARALLEL_CALLS


class Connection(BaseModel):
    """How to speak, the same for all orgs unless an org says otherwise."""

    model_config = ConfigDict(extra="forbid")

    api_version: str | None = Field(default=None, description="REST and SOAP version, e.g. 66.0")
    ca_file: Path | None = Field(default=None, description="extra certificate authority (PEM), e.g. of a proxy")
    connect_timeout: float | None = Field(default=None, gt=0, le=600, description="seconds")
    read_timeout: float | None = Field(default=None, gt=0, le=3600, description="seconds")
    parallel_calls: int | None = Field(
        default=None, ge=1, le=MOST_PARALLEL_CALLS, description="conversion calls under way at once; 1 = one by one"
    )

    @field_validator("api_version", mode="before")
    @classmethod
    def _api_version(cls, value: object) -> object:
        if value is None:
            return None
        text = str(value).strip().lower().removeprefix("v") if isinstance(value, str | int | float) else ""
        try:
            number = float(text)
        except ValueError:
            raise ValueError(f"write it as {DEFAULT_API_VERSION}") from None
        if number != int(number) or not OLDEST_API_VERSION <= number <= 999:
            raise ValueError(f"must be {OLDEST_API_VERSION}.0 or newer")
        return f"{int(number)}.0"


class OrgFields(Connection):
    """One org's raw settings: the short form's `LEADGATE_…`, or one entry under `orgs:`."""

    auth: AuthMode | None = Field(default=None, description="how to log in; inferred where only one way is set up")
    instance_url: str | None = Field(default=None, description="https://acme.my.salesforce.com")
    access_token: SecretStr | None = None
    domain: str | None = Field(default=None, description="login, test, or My Domain: acme.my, acme--uat.sandbox.my")
    client_id: str | None = None
    client_secret: SecretStr | None = None
    username: str | None = None
    password: SecretStr | None = None
    security_token: SecretStr | None = None
    private_key: SecretStr | None = Field(default=None, description="PEM text; or name a file")
    private_key_file: Path | None = None
    refresh_token: SecretStr | None = None
    refresh_token_file: Path | None = Field(default=None, description="where a rotated refresh token is kept")
    sf_cli_org: str | None = Field(default=None, description="alias or username known to the Salesforce CLI")

    @field_validator("auth", mode="before")
    @classmethod
    def _auth(cls, value: object) -> object:
        return value.strip().lower().replace("-", "_") if isinstance(value, str) else value

    def names_an_org(self) -> bool:
        """Whether anything is set that only an org of its own can mean."""
        return any(getattr(self, name) is not None for name in OrgFields.model_fields if name not in _SHARED)


_SHARED = set(Connection.model_fields)
