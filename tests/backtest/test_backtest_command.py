"""`leadgate policy backtest` from arguments to files."""

from __future__ import annotations

import csv
import json
import re
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sync.cli.main import main
from sync.mockorg import MockOrg
from sync.mockorg.seed import write_world

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("backtest")
    write_world(root / "world", seed=7, leads=300, today=datetime.now(UTC).date())
    folder = root / "work"
    for name in ("mappings", "config"):
        shutil.copytree(ROOT / name, folder / name)
    mock = MockOrg(data=root / "world", seed=7)
    env = folder / ".env"
    env.write_text(f"LEADGATE_INSTANCE_URL={mock.instance_url}\nLEADGATE_ACCESS_TOKEN={mock.login()}\n")
    with mock.in_process():
        assert main(["pull", "-C", str(folder), "--json"]) == 0
    return folder


def run(folder: Path, *arguments: str) -> int:
    return main(["policy", "backtest", "-C", str(folder), *arguments])


def document(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert run(folder, *arguments, "--json") == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.slow
def test_without_a_policy_ones_own_stands_beside_the_three_moments(
    pulled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = document(pulled, capsys)
    assert [each["policy"] for each in found["policies"]] == ["pricing-discussed", "interest-shown", "meeting-agreed"]
    assert [each["against"] for each in found["differences"]] == ["pricing-discussed"] * 2
    for each in found["policies"]:
        parts = each["taken_by_people"] + each["later"] + each["never"]
        assert parts == found["people"]["converted"]
        assert each["taken"] == each["taken_by_people"] + each["turned_down"] + each["still_open"]
        assert sum(group["taken"] for group in each["by"]["month"].values()) == each["taken"]


@pytest.mark.slow
def test_files_are_private_whole_and_without_names(
    pulled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    leads, page, picture = tmp_path / "leads.csv", tmp_path / "page.html", tmp_path / "charts.png"
    files = ("--csv", str(leads), "--html", str(page), "--png", str(picture))
    assert run(pulled, "--moments", "--by", "owner", *files) == 0
    said = capsys.readouterr().out
    assert "not enough data" in said
    assert "taken as constant" in said
    assert picture.read_bytes().startswith(b"\x89PNG")
    for file in (leads, page, picture):
        assert file.stat().st_mode & 0o777 == 0o600
    text = page.read_text("utf-8")
    assert "data:image/png;base64," in text
    assert not re.search(r"(?:src|href)=\"(?!data:)", text)
    with leads.open(encoding="utf-8", newline="") as file_:
        rows = list(csv.DictReader(file_))
    assert {row["policy"] for row in rows} == {"interest-shown", "meeting-agreed", "pricing-discussed"}
    assert {row["verdict"] for row in rows} <= {"taken", "later", "never", "left"}
    people = {person for line in (pulled.parent / "world" / "Lead.csv").read_text("utf-8").splitlines()[1:]
              for person in re.findall(r"[\w.]+@[\w.-]+\.example", line)}  # fmt: skip
    everything = leads.read_text("utf-8") + text + said
    assert not [person for person in people if person in everything]


@pytest.mark.slow
def test_a_backtest_comes_out_the_same_again(pulled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert document(pulled, capsys, "--moments") == document(pulled, capsys, "--moments")


@pytest.mark.slow
def test_what_cannot_be_meant_is_refused(pulled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(pulled, "--policy", "nothing") == 2
    assert "neither a policy file nor a shipped pack" in capsys.readouterr().err
    assert run(pulled, "--to", "2999-01-01") == 2
    assert "the mirror knows the org up to" in capsys.readouterr().err
    assert run(pulled, "--from", "2026-02-01", "--to", "2026-01-01") == 2
    assert "is after" in capsys.readouterr().err
    assert run(pulled, "--csv", str(pulled / "no" / "such" / "folder.csv")) == 2
    assert "can't be written" in capsys.readouterr().err


def test_without_matplotlib_the_extra_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert run(tmp_path, "--html", str(tmp_path / "page.html")) == 2
    assert "leadgate[charts]" in capsys.readouterr().err
