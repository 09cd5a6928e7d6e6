from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import SettingsInvalid
from sync.org_credentials import base_url, login_url
from sync.org_settings import (
    AccessToken,
    AuthMode,
    ClientCredentials,
    JwtBearer,
    OrgFields,
    Password,
    RefreshToken,
    SfCli,
)
from sync.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parent.parent
TOKEN = {"LEADGATE_INSTANCE_URL": "https://acme.my.salesforce.com", "LEADGATE_ACCESS_TOKEN": "00Dsecret!token"}


def folder(tmp_path: Path, yaml: str = "", env: str = "") -> Path:
    (tmp_path / "config").mkdir(exist_ok=True)
    (tmp_path / "config" / "settings.yaml").write_text(yaml, "utf-8")
    (tmp_path / ".env").write_text(env, "utf-8")
    return tmp_path


def refused(tmp_path: Path, yaml: str = "", env: str = "", environ: dict[str, str] | None = None) -> str:
    with pytest.raises(SettingsInvalid) as error:
        load_settings(folder(tmp_path, yaml, env), environ or {}).org()
    return f"{error.value.message} | {error.value.place} | {error.value.fix}"


def test_address_and_token_are_enough_for_one_org(tmp_path: Path) -> None:
    org = load_settings(tmp_path, TOKEN).org()
    assert org.name == "default"
    assert isinstance(org.credentials, AccessToken)
    assert org.credentials.instance_url == "https://acme.my.salesforce.com"
    assert (org.api_version, org.connect_timeout, org.read_timeout) == ("66.0", 10, 120)


def test_the_environment_wins_over_dotenv_and_dotenv_over_the_file(tmp_path: Path) -> None:
    here = folder(
        tmp_path,
        yaml="read_timeout: 1\nconnect_timeout: 1\napi_version: 63.0\n",
        env="LEADGATE_READ_TIMEOUT=2\nLEADGATE_CONNECT_TIMEOUT=2\n",
    )
    org = load_settings(here, {**TOKEN, "LEADGATE_READ_TIMEOUT": "3"}).org()
    assert (org.read_timeout, org.connect_timeout, org.api_version) == (3, 2, "63.0")


def test_calls_at_once_are_set_for_all_orgs_or_for_one(tmp_path: Path) -> None:
    assert load_settings(tmp_path, TOKEN).org().parallel_calls == 4
    yaml = "parallel_calls: 2\norgs:\n  dev: {sf_cli_org: dev, parallel_calls: 1}\n  live: {sf_cli_org: live}\n"
    settings = load_settings(folder(tmp_path, yaml=yaml), {})
    assert [settings.org(name).parallel_calls for name in ("dev", "live")] == [1, 2]


def test_an_empty_variable_is_as_good_as_none(tmp_path: Path) -> None:
    here = folder(tmp_path, yaml="read_timeout: 7\n")
    assert load_settings(here, {**TOKEN, "LEADGATE_READ_TIMEOUT": "", "LEADGATE_AUTH": " "}).org().read_timeout == 7


def test_a_dollar_in_a_secret_stays_a_dollar(tmp_path: Path) -> None:
    here = folder(tmp_path, env="LEADGATE_USERNAME=u\nLEADGATE_PASSWORD='a$b${HOME}'\n")
    credentials = load_settings(here, {}).org().credentials
    assert isinstance(credentials, Password)
    assert credentials.password.get_secret_value() == "a$b${HOME}"


def test_several_orgs_share_what_they_do_not_set(tmp_path: Path) -> None:
    here = folder(
        tmp_path,
        yaml="""
read_timeout: 30
orgs:
  EU-Production: {domain: acme.my, client_id: abc, read_timeout: 60}
  uat: {sf_cli_org: uat}
default_org: uat
""",
        env="LEADGATE_ORGS__EU_PRODUCTION__CLIENT_SECRET=s\n",
    )
    settings = load_settings(here, {})
    assert settings.org_names == ("eu_production", "uat")
    assert settings.org().credentials == SfCli(target_org="uat")
    assert settings.org().read_timeout == 30
    for name in ("EU-Production", "eu_production"):
        production = settings.org(name)
        assert isinstance(production.credentials, ClientCredentials)
        assert production.credentials.login_url == "https://acme.my.salesforce.com"
        assert production.read_timeout == 60


def test_several_orgs_and_none_named_asks_which(tmp_path: Path) -> None:
    said = refused(tmp_path, yaml="orgs:\n  a: {sf_cli_org: a}\n  b: {sf_cli_org: b}\n")
    assert "a, b" in said
    assert "--org" in said
    assert "default_org" in said


def test_an_unknown_org_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    settings = load_settings(folder(tmp_path, yaml="orgs:\n  a: {sf_cli_org: a}\n  b: {sf_cli_org: b}\n"), {})
    with pytest.raises(SettingsInvalid, match="no org 'c'; set up: a, b"):
        settings.org("c")


@pytest.mark.parametrize(
    ("given", "secret"),
    [
        ("LEADGATE_CLIENT_ID", "LEADGATE_CLIENT_SECRET or LEADGATE_PRIVATE_KEY_FILE or LEADGATE_REFRESH_TOKEN"),
        ("LEADGATE_USERNAME", "LEADGATE_PASSWORD or LEADGATE_PRIVATE_KEY_FILE"),
        ("LEADGATE_INSTANCE_URL", "LEADGATE_ACCESS_TOKEN"),
    ],
)
def test_half_a_login_names_the_secret_that_makes_it_whole(tmp_path: Path, given: str, secret: str) -> None:
    with pytest.raises(SettingsInvalid, match="no secret to log in with") as refused:
        load_settings(folder(tmp_path), {given: "acme.my.salesforce.com"}).org()
    assert refused.value.fix is not None
    assert secret in refused.value.fix


def test_without_any_setting_the_first_two_are_named(tmp_path: Path) -> None:
    said = refused(tmp_path)
    assert "LEADGATE_INSTANCE_URL and LEADGATE_ACCESS_TOKEN" in said


@pytest.mark.parametrize(
    ("given", "mode"),
    [
        ({"INSTANCE_URL": "acme.my.salesforce.com", "ACCESS_TOKEN": "t"}, AccessToken),
        ({"DOMAIN": "acme.my", "CLIENT_ID": "i", "CLIENT_SECRET": "s"}, ClientCredentials),
        ({"CLIENT_ID": "i", "USERNAME": "u", "PRIVATE_KEY": "k"}, JwtBearer),
        ({"CLIENT_ID": "i", "CLIENT_SECRET": "s", "REFRESH_TOKEN": "r"}, RefreshToken),
        ({"SF_CLI_ORG": "a"}, SfCli),
        ({"USERNAME": "u", "PASSWORD": "p"}, Password),
    ],
)
def test_the_way_to_log_in_is_inferred(tmp_path: Path, given: dict[str, str], mode: type) -> None:
    org = load_settings(tmp_path, {f"LEADGATE_{name}": value for name, value in given.items()}).org()
    assert type(org.credentials) is mode


@pytest.mark.parametrize(
    "given",
    [
        {**TOKEN, "LEADGATE_SF_CLI_ORG": "a"},
        {"LEADGATE_USERNAME": "u", "LEADGATE_PASSWORD": "p", "LEADGATE_CLIENT_ID": "i", "LEADGATE_CLIENT_SECRET": "s"},
        {"LEADGATE_REFRESH_TOKEN": "r", "LEADGATE_PRIVATE_KEY": "k"},
    ],
)
def test_what_can_be_meant_in_two_ways_asks_for_the_mode(tmp_path: Path, given: dict[str, str]) -> None:
    assert "LEADGATE_AUTH" in refused(tmp_path, environ=given)


@pytest.mark.parametrize(
    ("mode", "missing"),
    [
        ("access_token", "LEADGATE_INSTANCE_URL and LEADGATE_ACCESS_TOKEN"),
        ("client_credentials", "LEADGATE_CLIENT_ID and LEADGATE_CLIENT_SECRET"),
        ("jwt_bearer", "LEADGATE_CLIENT_ID and LEADGATE_USERNAME and LEADGATE_PRIVATE_KEY_FILE"),
        ("refresh-token", "LEADGATE_CLIENT_ID and LEADGATE_REFRESH_TOKEN"),
        ("SF_CLI", "LEADGATE_SF_CLI_ORG"),
        ("password", "LEADGATE_USERNAME and LEADGATE_PASSWORD"),
    ],
)
def test_each_missing_setting_is_named_by_its_variable(tmp_path: Path, mode: str, missing: str) -> None:
    assert missing in refused(tmp_path, environ={"LEADGATE_AUTH": mode})


def test_a_missing_setting_of_one_org_among_several_is_named_by_its_own_variable(tmp_path: Path) -> None:
    said = refused(tmp_path, yaml="orgs:\n  uat: {auth: password, username: u}\n")
    assert "LEADGATE_ORGS__UAT__PASSWORD" in said


def test_client_credentials_need_the_orgs_own_domain(tmp_path: Path) -> None:
    given = {"LEADGATE_CLIENT_ID": "i", "LEADGATE_CLIENT_SECRET": "s"}
    assert "LEADGATE_DOMAIN" in refused(tmp_path, environ=given)
    assert "My Domain" in refused(tmp_path, environ={**given, "LEADGATE_DOMAIN": "login"})


@pytest.mark.parametrize("secret", [n for n, f in OrgFields.model_fields.items() if "SecretStr" in str(f.annotation)])
def test_a_secret_in_the_settings_file_is_refused_with_its_line(tmp_path: Path, secret: str) -> None:
    said = refused(tmp_path, yaml=f"orgs:\n  uat:\n    {secret}: hush-hush\n")
    assert f"config/settings.yaml:3: {secret} is a secret" in said
    assert f"LEADGATE_ORGS__UAT__{secret.upper()}" in said
    assert "hush-hush" not in said


def test_a_ledger_password_in_the_settings_file_is_refused(tmp_path: Path) -> None:
    said = refused(tmp_path, yaml="ledger_url: postgresql://u:hush-hush@db/x\n")
    assert "config/settings.yaml:1" in said
    assert "hush-hush" not in said


@pytest.mark.parametrize(
    ("yaml", "said"),
    [
        ("log_level: loud\n", "config/settings.yaml:1: log_level: must be 'debug', 'info', 'warning' or 'error'"),
        ("a: 1\n", "config/settings.yaml:1: a: no setting of leadgate"),
        ("orgs:\n  uat:\n    domane: x\n", "config/settings.yaml:3: domane: no setting of leadgate"),
        ("parallel_calls: 17\n", "config/settings.yaml:1: parallel_calls: must be less than or equal to 16"),
        ("orgs:\n  uat: {read_timeout: -1}\n", "config/settings.yaml:2: read_timeout: must be greater than 0"),
        ("read_timeout: 1\nread_timeout: 2\n", "config/settings.yaml:2: not valid YAML"),
        ("orgs: [\n", "config/settings.yaml:2: not valid YAML"),
        ("- a\n", "config/settings.yaml:1: settings are written as"),
        ("api_version: 66.5\n", "config/settings.yaml:1: api_version: must be 60.0 or newer"),
        ("api_version: 48\n", "config/settings.yaml:1: api_version: must be 60.0 or newer"),
        ("api_version: new\n", "config/settings.yaml:1: api_version: write it as 66.0"),
        ("orgs: {'a b': {sf_cli_org: x}}\n", "'a b' is no name for an org"),
    ],
)
def test_a_mistake_in_the_file_is_shown_with_its_line(tmp_path: Path, yaml: str, said: str) -> None:
    assert said in refused(tmp_path, yaml=yaml)


def test_all_mistakes_are_shown_at_once(tmp_path: Path) -> None:
    said = refused(tmp_path, yaml="log_level: loud\nnonsense: 1\n", environ={"LEADGATE_READ_TIMEOUT": "soon"})
    assert "settings.yaml:1" in said
    assert "settings.yaml:2" in said
    assert "LEADGATE_READ_TIMEOUT: must be a valid number" in said


def test_a_mistyped_name_in_dotenv_is_refused(tmp_path: Path) -> None:
    assert ".env: LEADGATE_ACESS_TOKEN" in refused(tmp_path, env="LEADGATE_ACESS_TOKEN=x\n")


def test_variables_of_others_in_the_environment_are_left_alone(tmp_path: Path) -> None:
    assert load_settings(tmp_path, {**TOKEN, "LEADGATE_RECORDINGS": "x", "HOME": "/"}).org()


def test_a_wrong_value_is_never_shown(tmp_path: Path) -> None:
    said = refused(tmp_path, environ={**TOKEN, "LEADGATE_READ_TIMEOUT": "hush-hush", "LEADGATE_AUTH": "hush-hush"})
    assert "hush-hush" not in said


def test_settings_never_print_their_secrets(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, {**TOKEN, "LEADGATE_LEDGER_URL": "postgresql://u:hush@db/x"})
    assert "secret" not in f"{settings!r} {settings.org()!r}".replace("client_secret", "").replace("SecretStr", "")
    assert "hush" not in repr(settings)


def test_relative_paths_start_at_the_working_folder(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("x")
    settings = load_settings(tmp_path, {**TOKEN, "LEADGATE_CA_FILE": "ca.pem"})
    assert settings.org().ca_file == tmp_path / "ca.pem"
    assert settings.state_dir == tmp_path / ".leadgate"


def test_a_file_that_is_named_and_not_there_is_said(tmp_path: Path) -> None:
    assert "LEADGATE_CA_FILE: there is no file" in refused(tmp_path, environ={**TOKEN, "LEADGATE_CA_FILE": "no.pem"})


@pytest.mark.parametrize(
    ("pasted", "meant"),
    [
        ("https://acme.my.salesforce.com/", "https://acme.my.salesforce.com"),
        ("acme.my.salesforce.com", "https://acme.my.salesforce.com"),
        ("https://acme.lightning.force.com/lightning/o/Lead/list", "https://acme.my.salesforce.com"),
        ("https://acme--uat.sandbox.lightning.force.com", "https://acme--uat.sandbox.my.salesforce.com"),
        ("http://127.0.0.1:8080/x", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_addresses_are_taken_as_people_paste_them(pasted: str, meant: str) -> None:
    assert base_url(pasted, place="x") == meant


@pytest.mark.parametrize(
    "wrong", ["http://acme.my.salesforce.com", "ftp://a.b", "https://u:p@a.b", "", "https://", "a b", "https://a:x"]
)
def test_an_address_that_is_unsafe_or_none_is_refused(wrong: str) -> None:
    with pytest.raises(SettingsInvalid, match="LEADGATE_INSTANCE_URL"):
        base_url(wrong, place="LEADGATE_INSTANCE_URL")


@pytest.mark.parametrize(
    ("domain", "url"),
    [
        ("login", "https://login.salesforce.com"),
        ("test", "https://test.salesforce.com"),
        ("acme.my", "https://acme.my.salesforce.com"),
        ("acme--uat.sandbox.my", "https://acme--uat.sandbox.my.salesforce.com"),
        ("acme.my.salesforce.com", "https://acme.my.salesforce.com"),
        ("http://localhost:1", "http://localhost:1"),
    ],
)
def test_a_domain_may_be_short_or_whole(domain: str, url: str) -> None:
    assert login_url(domain, place="x") == url


@given(st.text())
def test_any_text_is_an_address_or_a_clear_refusal(text: str) -> None:
    try:
        url = base_url(text, place="x")
    except SettingsInvalid:
        return
    assert base_url(url, place="x") == url
    assert url.startswith("https://") or re.match(r"http://(localhost|127\.0\.0\.1|\[::1\])", url)


def test_every_setting_stands_in_the_example_and_the_other_way_round() -> None:
    shown = set(re.findall(r"^#?(LEADGATE_[A-Z_]+)=", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE))
    known = {f"LEADGATE_{name.upper()}" for name in Settings.model_fields if name not in {"folder", "orgs"}}
    assert {name for name in shown if "__" not in name} == known
    assert all(mode.value in (ROOT / ".env.example").read_text("utf-8") for mode in AuthMode)


def test_the_shipped_settings_file_loads_and_so_does_all_that_it_shows(tmp_path: Path) -> None:
    text = (ROOT / "config" / "settings.yaml").read_text("utf-8")
    assert load_settings(folder(tmp_path, yaml=text), TOKEN).org()
    shown = re.sub(r"^# (?=[a-z_]+:( |$)| )", "", text, flags=re.MULTILINE).replace("ca_file: company-ca.pem", "")
    settings = load_settings(folder(tmp_path, yaml=shown), {"LEADGATE_ORGS__PRODUCTION__CLIENT_SECRET": "s"})
    assert settings.org_names == ("production", "uat")
    assert isinstance(settings.org("production").credentials, ClientCredentials)
