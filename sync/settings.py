"""Settings: the environment over `.env` over `config/settings.yaml`, for one org or several.

First thing that every command loads, from the working folder. Variables are `LEADGATE_` and the setting's name; an
org among several is `LEADGATE_ORGS__NAME__…`. Secrets come from the environment, `.env` or a key file only. What one
org's values mean is decided in `sync.org_credentials`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from sync.errors import SettingsInvalid
from sync.org_credentials import resolve
from sync.org_settings import JwtBearer, OrgFields, OrgSettings
from sync.settings_file import SettingsFile, read_settings_file

PREFIX = "LEADGATE_"
SETTINGS_FILE = Path("config/settings.yaml")
ONLY_ORG = "default"
"""What the org of the short form is called."""

_ORG_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PATHS = ("ca_file", "private_key_file", "refresh_token_file")


class Settings(OrgFields, BaseSettings):
    """Everything that can be set. The org fields at this level are the short form for a single org."""

    model_config = SettingsConfigDict(extra="forbid")

    folder: Path = Field(description="the working folder; relative paths start there")
    state_dir: Path = Field(default=Path(".leadgate"), description="mirror, ledger, plans and reports of each org")
    ledger_url: SecretStr | None = Field(default=None, description="a PostgreSQL ledger shared by several machines")
    default_org: str | None = Field(default=None, description="the org that commands mean without --org")
    log_level: Literal["debug", "info", "warning", "error"] | None = Field(
        default=None, description="what to log at least; default: warning on a terminal, else info"
    )
    log_format: Literal["auto", "console", "json"] = Field(
        default="auto", description="auto: console on a terminal, else json"
    )
    log_file: Path | None = Field(default=None, description="beside stderr, where logs always go")
    orgs: dict[str, OrgFields] = Field(default_factory=dict)

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value

    @property
    def org_names(self) -> tuple[str, ...]:
        """The orgs that are set up."""
        return (*self.orgs, *((ONLY_ORG,) if self.names_an_org() else ()))

    def org(self, name: str | None = None) -> OrgSettings:
        """One org's settings: the one named, the default, or the only one.

        Raises:
            SettingsInvalid: No such org, several and none named, or its settings are incomplete or contradictory.
        """
        chosen = self._chosen(name)
        raw = self if chosen == ONLY_ORG and chosen not in self.orgs else self.orgs[chosen]
        prefix = PREFIX if raw is self else f"{PREFIX}ORGS__{chosen.upper()}__"
        found = resolve(
            chosen, raw, shared=self, state_dir=self.state_dir, variable=lambda field: prefix + field.upper()
        )
        files = {"CA_FILE": found.ca_file}
        if isinstance(found.credentials, JwtBearer):
            files["PRIVATE_KEY_FILE"] = found.credentials.private_key_file
        for field, path in files.items():
            if path is not None and not path.is_file():
                raise SettingsInvalid(f"{prefix}{field}: there is no file {path}", place=prefix + field)
        return found

    def state_name(self, name: str | None = None) -> str:
        """The folder under `state_dir` of the org meant; needs no credentials, so that offline commands do without.

        Raises:
            SettingsInvalid: No such org, or several and none named.
        """
        return self._chosen(name) if name or self.default_org or self.org_names else ONLY_ORG

    def _chosen(self, name: str | None) -> str:
        names = self.org_names
        known = ", ".join(names)
        wanted = name or self.default_org
        if wanted is not None:
            canonical = _canonical(wanted)
            if canonical in names:
                return canonical
            raise SettingsInvalid(
                f"there is no org {wanted!r}; set up: {known or 'none'}",
                place="--org" if name else f"{PREFIX}DEFAULT_ORG",
                fix="name one of them, or add it under `orgs:` in config/settings.yaml",
            )
        if not names:
            raise SettingsInvalid(
                "no org is set up",
                place=f"{PREFIX}INSTANCE_URL",
                fix=f"set {PREFIX}INSTANCE_URL and {PREFIX}ACCESS_TOKEN, or another way that .env.example lists",
            )
        if len(names) > 1:
            raise SettingsInvalid(
                f"several orgs are set up: {known}",
                place="--org",
                fix=f"give --org, or set default_org in config/settings.yaml ({PREFIX}DEFAULT_ORG)",
            )
        return names[0]


def load_settings(folder: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """Settings of a working folder.

    Args:
        folder: Holds `.env` and `config/settings.yaml`, both optional.
        environ: The environment; `os.environ` if not given.

    Raises:
        SettingsInvalid: With every problem found, each with its file and line or its variable.
    """
    file = read_settings_file(folder / SETTINGS_FILE, shown=str(SETTINGS_FILE), canonical=_canonical)
    problems = [*file.problems, *_misplaced_secrets(file)]
    dotenv = _variables(_dotenv(folder), strict=problems, place=".env")
    variables = _variables(os.environ if environ is None else environ, strict=None, place="environment")
    sources = {"environment": variables, ".env": dotenv, "file": file.values}
    if problems:
        raise SettingsInvalid("\n".join(problems), place=problems[0].split(": ")[0])

    class Here(Settings):
        """Settings that read these three sources and no others."""

        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_own: Any, **_named: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            """The order of precedence."""
            return (init_settings, *(_Given(settings_cls, values) for values in sources.values()))

    try:
        settings: Settings = Here(folder=folder)
    except ValidationError as invalid:
        raise _explained(invalid, sources, file) from None
    _anchor(settings, folder)
    return settings


class _Given(PydanticBaseSettingsSource):
    """Values that were read already."""

    def __init__(self, settings_cls: type[BaseSettings], values: Mapping[str, Any]) -> None:
        super().__init__(settings_cls)
        self._values = values

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 -- its base's
        """One value, which the base class asks for."""
        return self._values.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return dict(self._values)


def _dotenv(folder: Path) -> Mapping[str, str]:
    path = folder / ".env"
    if not path.is_file():
        return {}
    try:
        # without interpolation: a `$` in a password is a `$`
        return {name: value for name, value in dotenv_values(path, interpolate=False).items() if value is not None}
    except (OSError, UnicodeDecodeError) as unreadable:
        raise SettingsInvalid(
            f".env can't be read: {type(unreadable).__name__}", place=".env", fix="save it as UTF-8"
        ) from None


def _variables(environ: Mapping[str, str], *, strict: list[str] | None, place: str) -> dict[str, Any]:
    """`LEADGATE_…` variables as nested values; empty ones are as good as unset.

    The environment may hold variables of others with our prefix; `.env` is ours, so an unknown name there is a typing
    error and goes to `strict`.
    """
    values: dict[str, Any] = {}
    for variable, value in environ.items():
        if not variable.upper().startswith(PREFIX) or not value.strip():
            continue
        parts = variable[len(PREFIX) :].lower().split("__")
        match parts:
            case ["orgs", org, field] if org and field:
                values.setdefault("orgs", {}).setdefault(_canonical(org), {})[field] = value
            case [field] if field in Settings.model_fields and field not in {"orgs", "folder"}:
                values[field] = value
            case _ if strict is not None or parts[0] == "orgs":
                message = f"{place}: {variable.upper()}: no setting of leadgate (see .env.example)"
                if strict is None:
                    raise SettingsInvalid(message, place=variable.upper())
                strict.append(message)
            case _:
                continue
    return values


def _misplaced_secrets(file: SettingsFile) -> list[str]:
    """Secrets that stand in the settings file, which people commit."""
    secret = {name for name, field in OrgFields.model_fields.items() if "SecretStr" in str(field.annotation)}
    found = []
    for path in file.paths():
        variable = PREFIX + "__".join(path).upper()
        if path[-1] in secret:
            found.append(f"{file.place(path)}: {path[-1]} is a secret; set {variable} in the environment or in .env")
        elif path == ("ledger_url",) and urlsplit(str(file.values["ledger_url"])).password:
            found.append(f"{file.place(path)}: this URL holds a password; set {variable} in the environment or in .env")
    return found


def _explained(
    invalid: ValidationError, sources: Mapping[str, Mapping[str, Any]], file: SettingsFile
) -> SettingsInvalid:
    """Every problem with its place, without the values: they may be secrets."""
    lines = []
    for error in invalid.errors(include_input=False, include_url=False, include_context=False):
        path = tuple(str(step) for step in error["loc"] if step != "[key]")
        variable = PREFIX + "__".join(path).upper()
        places = {"environment": variable, ".env": f".env: {variable}", "file": f"{file.place(path)}: {path[-1]}"}
        source = next((name for name, values in sources.items() if _holds(values, path)), "environment")
        unknown = error["type"] == "extra_forbidden"
        lines.append(f"{places[source]}: {'no setting of leadgate' if unknown else _plain_words(error['msg'])}")
    return SettingsInvalid("\n".join(lines), place=lines[0].split(": ")[0], fix=".env.example lists every setting")


def _plain_words(message: str) -> str:
    return message.removeprefix("Value error, ").replace("Input should be", "must be")


def _holds(values: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    here: Any = values
    for step in path:
        if not isinstance(here, Mapping) or step not in here:
            return False
        here = here[step]
    return True


def _anchor(settings: Settings, folder: Path) -> None:
    """Make relative paths start at the working folder, wherever the command was called from."""
    for org in settings.orgs:
        if not _ORG_NAME.fullmatch(org):
            raise SettingsInvalid(f"{org!r} is no name for an org", place="orgs", fix="use letters, digits and _")
    settings.state_dir = folder / settings.state_dir.expanduser()
    if settings.log_file is not None:
        settings.log_file = folder / settings.log_file.expanduser()
    for fields in (settings, *settings.orgs.values()):
        for name in _PATHS:
            path: Path | None = getattr(fields, name)
            if path is not None:
                setattr(fields, name, folder / path.expanduser())


def _canonical(name: str) -> str:
    """An org's name as variables can spell it: `EU-Prod` is `eu_prod`."""
    return name.strip().lower().replace("-", "_")
