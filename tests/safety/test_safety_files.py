from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from safety_desk import Desk

from sync.cli.exits import unexpected
from sync.cli.main import main
from sync.mirror.pull.pages import page_folder, remove_left_behind
from sync.mockorg.faults import Fault, FaultKind
from sync.org_settings import RefreshToken
from sync.private_file import replacing, write_private
from sync.salesforce.auth.refresh_token import keep

pytestmark = pytest.mark.slow  # whole commands and killed processes

WRITER = """
import sys
from pathlib import Path
from sync.private_file import replacing
with replacing(Path(sys.argv[1])) as file:
    file.write("half of it")
    file.flush()
    print("writing", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def open_umask() -> Iterator[None]:
    """Files would be readable and writable to everybody, if nobody took care."""
    mask = os.umask(0)
    try:
        yield
    finally:
        os.umask(mask)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_everything_that_the_chain_keeps_is_its_owners_alone(desk: Desk, open_umask: None, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    desk.settle(LEADGATE_LOG_FILE="log.txt", LEADGATE_LOG_LEVEL="info")
    desk.run("pull")
    desk.run("check", "--csv", str(out / "check.csv"))
    desk.run("plan")
    desk.run("plan", "-o", str(out / "plan.json"))
    desk.run("apply", str(out / "plan.json"), "--yes", "--max-failures", "100%", codes=(0, 4))
    desk.run("report", "--csv", str(out / "report.csv"))
    desk.run("forget", min(desk.world.convertible), "--yes")
    for path in (desk.state, *desk.state.rglob("*"), *out.iterdir(), desk.folder / "log.txt"):
        assert mode(path) == (0o700 if path.is_dir() else 0o600), path


def test_a_state_folder_that_was_left_open_is_closed(desk: Desk) -> None:
    desk.state.mkdir(parents=True)
    desk.state.chmod(0o755)
    desk.run("audit")
    assert mode(desk.state) == 0o700


def test_init_writes_env_for_its_owner_alone(tmp_path: Path, open_umask: None) -> None:
    assert main(["init", "--offline", "--json", "--folder", str(tmp_path / "new")]) == 0
    assert mode(tmp_path / "new" / ".env") == 0o600


def test_doctor_warns_of_secrets_that_others_can_read(desk: Desk) -> None:
    def warned() -> bool:
        return any(check["area"] == "secrets" for check in desk.json("doctor")["checks"])

    assert not warned()
    (desk.folder / ".env").chmod(0o644)
    assert warned()


def test_a_pull_killed_while_reading_leaves_pages_that_the_next_one_removes(desk: Desk) -> None:
    with desk.mock.serve() as server:
        desk.settle(LEADGATE_INSTANCE_URL=server.url)
        desk.mock.add_fault(Fault(kind=FaultKind.LATENCY, route="composite", skip=2, times=None, seconds=120))
        command = [sys.executable, "-m", "sync", "pull", "--folder", str(desk.folder)]
        pull = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 -- this Python
        with pull:
            until = time.monotonic() + 60
            while not list(desk.state.glob("pull-*")):
                assert pull.poll() is None
                assert time.monotonic() < until, "the pull makes no folder"
                time.sleep(0.02)
            pull.kill()
        desk.mock.clear_faults()
        (left,) = desk.state.glob("pull-*")
        (left / "lead-00000.csv").write_text("Jane", "utf-8")
        os.utime(left, (0, 0))
        desk.run("pull")
    assert not list(desk.state.glob("pull-*"))


def test_a_crash_report_is_private_and_holds_places_only(
    tmp_path: Path, open_umask: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    content = "jane@doe.example"
    with pytest.raises(ValueError, match="jane") as raised:
        int(content)
    unexpected(raised.value, as_json=False)
    (report,) = tmp_path.iterdir()
    assert mode(report) == 0o600
    assert "jane" not in report.read_text("utf-8") + "".join(capsys.readouterr())
    assert "ValueError" in report.read_text("utf-8")


def test_a_crash_is_told_even_where_no_report_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    assert unexpected(ValueError(), as_json=False) == 1
    assert "unexpected ValueError" in capsys.readouterr().err


def test_a_rotated_refresh_token_is_kept_private(tmp_path: Path, open_umask: None) -> None:
    store = tmp_path / "state" / "token.json"
    given = RefreshToken(
        login_url="https://x.example", client_id="c", client_secret=None, token=SecretStr("first"), store=store
    )
    keep(given, "second")
    assert mode(store) == 0o600
    assert mode(store.parent) == 0o700
    assert names(store.parent) == ["token.json"]


def test_a_link_put_in_the_way_is_replaced_and_never_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine", "utf-8")
    link = tmp_path / "plan.json"
    link.symlink_to(victim)
    write_private(link, "a plan")
    assert victim.read_text("utf-8") == "mine"
    assert not link.is_symlink()
    assert link.read_text("utf-8") == "a plan"


def test_a_device_is_written_to_and_not_replaced() -> None:
    write_private(Path(os.devnull), "nothing")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_an_error_on_the_way_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    write_private(file, "old")

    def stumble() -> None:
        with replacing(file) as opened:
            opened.write("new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        stumble()
    assert file.read_text("utf-8") == "old"
    assert names(tmp_path) == ["plan.json"]


def test_half_a_character_is_written_as_a_question_mark(tmp_path: Path) -> None:
    write_private(tmp_path / "x", "a\ud83db")
    assert (tmp_path / "x").read_bytes() == b"a?b"


def test_a_killed_writer_leaves_the_old_file_and_its_draft_goes_with_the_next_write(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    write_private(file, "old")
    writer = subprocess.Popen(  # noqa: S603 -- this Python, this text
        [sys.executable, "-c", WRITER, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        (draft,) = set(tmp_path.iterdir()) - {file}
        assert mode(draft) == 0o600
        os.utime(draft, (0, 0))
        write_private(tmp_path / "other", "text")
        assert draft.exists(), "its writer is at work"
        writer.send_signal(signal.SIGKILL)
    assert file.read_text("utf-8") == "old"
    write_private(tmp_path / "another", "text")
    assert names(tmp_path) == ["another", "other", "plan.json"]


def test_pages_of_a_killed_pull_go_with_the_next_one_and_pages_of_a_running_one_stay(tmp_path: Path) -> None:
    from datetime import UTC, datetime  # noqa: PLC0415 -- only here

    now = datetime.now(UTC)
    dead = tmp_path / "pull-1-dead"
    dead.mkdir()
    (dead / "lead-00000.csv").write_text("Jane", "utf-8")
    os.utime(dead, (0, 0))
    with page_folder(tmp_path, "running", now=now) as running:
        os.utime(running, (time.time() - 7200,) * 2)
        assert not dead.exists()
        assert remove_left_behind(tmp_path, now=now) == []
        assert mode(running) == 0o700
    assert names(tmp_path) == []


def test_what_cannot_be_written_is_told_with_its_place(desk: Desk) -> None:
    desk.run("pull")
    nowhere = desk.folder / "nowhere" / "file"
    for command in (("plan", "-o"), ("check", "--csv")):
        said = desk.json(*command, str(nowhere), codes=(2,))
        assert str(nowhere) in said["error"]["message"] + said["error"]["place"]
    desk.settle(LEADGATE_STATE_DIR=str(desk.folder / ".env"))
    assert desk.json("check", codes=(2,))["error"]["fix"].startswith("set LEADGATE_STATE_DIR")


def test_no_failing_log_stops_a_command(desk: Desk) -> None:
    desk.settle(LEADGATE_LOG_FILE="/dev/full", LEADGATE_LOG_LEVEL="debug")
    desk.run("pull")
