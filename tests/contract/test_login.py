"""Logging in: every mode gets a session, renews it once, and says clearly when it can't."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sync.errors import AccessRefused
from sync.org_settings import OrgSettings
from sync.salesforce.org import Accepted, LeadConvert
from sync.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from org_stage import Stage

    from sync.mockorg import MockOrg

MODES = ["client_credentials", "jwt_bearer", "refresh_token", "password"]


@pytest.fixture(scope="module")
def org_yaml() -> str:
    return """
credentials: {rotate_refresh_tokens: true}
"""


def variables(mode: str, stage: Stage, mock: MockOrg) -> dict[str, str]:
    credentials = mock.org.settings.credentials
    user = mock.org.access.admin
    common = {"LEADGATE_DOMAIN": stage.url, "LEADGATE_READ_TIMEOUT": "1"}
    match mode:
        case "client_credentials":
            given = {"CLIENT_ID": credentials.client_id, "CLIENT_SECRET": credentials.client_secret}
        case "jwt_bearer":
            given = {
                "CLIENT_ID": credentials.client_id,
                "USERNAME": user.username,
                "PRIVATE_KEY": mock.new_jwt_key().replace("\n", "\\n"),
            }
        case "refresh_token":
            given = {
                "CLIENT_ID": credentials.client_id,
                "CLIENT_SECRET": credentials.client_secret,
                "REFRESH_TOKEN": credentials.refresh_token,
            }
        case "password":
            given = {"USERNAME": user.username, "PASSWORD": "leadgate-mock", "SECURITY_TOKEN": ""}
        case _:
            raise ValueError(mode)
    return common | {f"LEADGATE_{name}": value for name, value in given.items()}


def settings_for(mode: str, stage: Stage, mock: MockOrg, folder: Path = Path("/nonexistent")) -> OrgSettings:
    return load_settings(folder, variables(mode, stage, mock)).org()


@pytest.mark.parametrize("mode", MODES)
def test_each_way_to_log_in_reads_writes_and_converts(stage: Stage, mock: MockOrg, tmp_path: Path, mode: str) -> None:
    (lead,) = stage.leads(1)
    stage.settings = settings_for(mode, stage, mock, tmp_path)
    org = stage.client()
    assert org.identity.username == mock.org.access.admin.username
    assert [row["Id"] for row in org.query("SELECT Id FROM Lead")] == [lead]
    (answer,) = org.convert([LeadConvert(lead_id=lead, converted_status="Closed - Converted")])
    assert isinstance(answer, Accepted)


@pytest.mark.parametrize("mode", MODES)
def test_an_expired_session_is_renewed_once_on_both_protocols(
    stage: Stage, mock: MockOrg, tmp_path: Path, mode: str
) -> None:
    (lead,) = stage.leads(1)
    stage.settings = settings_for(mode, stage, mock, tmp_path)
    org = stage.client()
    org.identity  # noqa: B018 -- logs in
    mock.expire_sessions()
    assert [row["Id"] for row in org.query("SELECT Id FROM Lead")] == [lead]
    mock.expire_sessions()
    (answer,) = org.convert([LeadConvert(lead_id=lead, converted_status="Closed - Converted")])
    assert isinstance(answer, Accepted)
    assert stage.slept == []


def test_a_session_refused_again_after_renewal_is_not_renewed_for_ever(
    stage: Stage, mock: MockOrg, tmp_path: Path
) -> None:
    from sync.mockorg.faults import Fault, FaultKind  # noqa: PLC0415 -- this test only

    stage.settings = settings_for("client_credentials", stage, mock, tmp_path)
    org = stage.client()
    org.identity  # noqa: B018 -- logs in
    mock.requests.reset()
    mock.add_fault(Fault(kind=FaultKind.UNAUTHORIZED, route="query", times=None))
    with pytest.raises(AccessRefused) as refused:
        list(org.query("SELECT Id FROM Lead"))
    assert refused.value.code == "INVALID_SESSION_ID"
    assert [entry.operation for entry in mock.requests.last] == ["query", "token", "query"]


def test_a_rotated_refresh_token_is_kept_for_the_next_run(stage: Stage, mock: MockOrg, tmp_path: Path) -> None:
    stage.settings = settings_for("refresh_token", stage, mock, tmp_path)
    assert stage.client().identity
    (kept,) = (tmp_path / ".leadgate").rglob("refresh_token.json")
    assert kept.stat().st_mode & 0o777 == 0o600
    first = json.loads(kept.read_text())["refresh_token"]
    assert first != mock.org.settings.credentials.refresh_token
    assert stage.client().identity
    assert json.loads(kept.read_text())["refresh_token"] != first


@pytest.mark.parametrize(
    ("mode", "setting"),
    [
        ("client_credentials", "CLIENT_SECRET"),
        ("refresh_token", "REFRESH_TOKEN"),
        ("password", "PASSWORD"),
        ("jwt_bearer", "USERNAME"),
    ],
)
def test_wrong_credentials_are_refused_without_being_shown(
    stage: Stage, mock: MockOrg, tmp_path: Path, mode: str, setting: str
) -> None:
    wrong = {**variables(mode, stage, mock), f"LEADGATE_{setting}": "wrong-and-secret"}
    stage.settings = load_settings(tmp_path, wrong).org()
    with pytest.raises(AccessRefused) as refused:
        stage.client().identity  # noqa: B018 -- logs in
    assert "wrong-and-secret" not in f"{refused.value.message} {refused.value.fix}"
    assert refused.value.fix


@pytest.mark.parametrize("generation", ["old", "new"])
def test_the_salesforce_cli_lends_its_session(stage: Stage, mock: MockOrg, tmp_path: Path, generation: str) -> None:
    asked: list[Sequence[str]] = []

    def cli(command: Sequence[str]) -> str:
        asked.append(command)
        shown = stage.token if generation == "old" else "[REDACTED] Use 'sf org auth show-access-token' to view"
        match command[2]:
            case "display":
                result = {"accessToken": shown, "instanceUrl": stage.url, "username": "x"}
            case _ if generation == "new":
                result = {"accessToken": stage.token}
            case _:
                return json.dumps({"status": 1, "name": "CommandNotFound"})
        return "Warning: an update is available\n" + json.dumps({"status": 0, "result": result})

    stage.settings = load_settings(tmp_path, {"LEADGATE_SF_CLI_ORG": "acme"}).org()
    assert stage.client(run_cli=cli).identity.org_id == mock.org_id
    assert len(asked) == (1 if generation == "old" else 2)
    assert stage.token not in str(asked)
