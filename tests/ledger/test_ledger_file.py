from __future__ import annotations

import stat
from pathlib import Path

import pytest
from ledger_subjects import ORG, run_raw, start
from sqlalchemy import text

from sync.errors import SettingsInvalid, WrongUse
from sync.ledger.store import Ledger


def test_the_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "org" / "ledger.sqlite"
    with Ledger.open(path) as ledger, ledger.lease(ORG) as lease:
        ledger.begin_run(lease, start())
        for file in path.parent.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_ledger_never_loses_a_commit_that_it_acknowledged(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "l.sqlite") as ledger, ledger._engine.begin() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2


def test_a_newer_ledger_is_left_alone(ledger: Ledger, location: str) -> None:
    run_raw(ledger, "UPDATE ledger_meta SET format = 99")
    with pytest.raises(WrongUse, match="format 99"):
        Ledger.open(location)


def test_a_damaged_file_is_refused_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(WrongUse, match="can't be opened") as refused:
        Ledger.open(path)
    assert refused.value.place == str(path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WrongUse, match="can't be written"):
        Ledger.open(tmp_path / "file" / "ledger.sqlite")


@pytest.mark.parametrize(("url", "problem"), [("mysql://h/d", "not mysql"), ("postgresql://h:port/d", "can't be read")])
def test_a_url_that_cannot_be_meant_is_refused(url: str, problem: str) -> None:
    with pytest.raises(SettingsInvalid, match=problem):
        Ledger.open(url)


def test_an_unreachable_server_is_refused_without_its_password() -> None:
    with pytest.raises(WrongUse, match="can't be opened") as refused:
        Ledger.open("postgresql://ann:secret@127.0.0.1:1/ledger?connect_timeout=1")
    assert "secret" not in f"{refused.value} {refused.value.place}"
