"""`leadgate policy docs` as people run it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shipped import ROOT

from sync.cli.main import main


def run(*args: str) -> int:
    return main(["policy", "docs", "-C", str(ROOT), *args])


def test_the_page_goes_to_the_terminal_or_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 0
    page = capsys.readouterr().out
    assert page.startswith("# When a lead becomes an opportunity: pricing-discussed\n")
    file = tmp_path / "policy.md"
    assert run("-o", str(file)) == 0
    assert file.read_text("utf-8") == page
    assert run("--json") == 0
    assert json.loads(capsys.readouterr().out.split("\n", 1)[1])["markdown"] == page


def test_a_pack_has_a_page_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("bant") == 0
    assert "**Timing**" in capsys.readouterr().out


def test_a_page_that_cannot_be_written_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("-o", str(tmp_path / "none" / "page.md")) == 2
    assert "can't be written" in capsys.readouterr().err
