"""People's data and secrets stay where they belong: the bytes of everything that is written are searched for them."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from scenario_desk import Desk, Stage, at

from sync.mockorg.faults import Fault, FaultKind

APPLY = ("apply", "plan.json", "--yes", "--max-failures", "100%")
PEOPLE = {"Lead": ("LastName",), "Contact": ("LastName",)}
ADDRESSES = {"Lead": ("Email",), "Contact": ("Email",), "User": ("Email",)}
TALK = {"Task": ("Description",), "Event": ("Description",)}


def values(desk: Desk, fields: dict[str, tuple[str, ...]]) -> Iterator[str]:
    for object_name, names in fields.items():
        for row in desk.rows(object_name).values():
            for name in names:
                if row.get(name):
                    yield str(row[name])


def surnames(desk: Desk) -> set[str]:
    """Surnames that aren't also a word of a company's name, which a plan may hold."""
    companies = set(_WORD.findall(" ".join(values(desk, {"Lead": ("Company",), "Account": ("Name",)})).lower()))
    return {name for name in values(desk, PEOPLE) if len(name) > 4 and not companies & set(_WORD.findall(name.lower()))}


@dataclass(frozen=True)
class Needles:
    """What must be nowhere outside the org, its mirror and the pre-images."""

    words: frozenset[str]
    """Surnames and addresses."""
    texts: tuple[str, ...]
    """The token, and sentences from notes."""

    @classmethod
    def of(cls, desk: Desk) -> Needles:
        talk = sorted({text[:40] for text in values(desk, TALK) if len(text) >= 40})
        me = "lena.gateway@northgate-sales.example", "ada.admin@northgate-sales.example"  # whom the doctor names
        return cls(
            words=frozenset({*surnames(desk), *values(desk, ADDRESSES)}.difference(me)),
            texts=(desk.variables["LEADGATE_ACCESS_TOKEN"], *talk[::5]),
        )

    def found_in(self, data: bytes) -> list[str]:
        text = data.decode("utf-8", "ignore")
        words = {*_WORD.findall(text), *_ADDRESS.findall(text)}
        return sorted(self.words & words) + [each for each in self.texts if each in text]


_WORD = re.compile(r"\w+")
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


@pytest.mark.slow
@at(Stage.PULLED)
def test_nothing_that_a_run_writes_or_says_holds_a_secret_or_a_person(quick_desk: Desk) -> None:
    desk = quick_desk
    desk.settle(LEADGATE_LOG_LEVEL="debug", LEADGATE_LOG_FILE="logs/leadgate.log")
    needles = Needles.of(desk)
    assert len(needles.words) > 200
    desk.mock.add_fault(Fault(kind=FaultKind.TRUNCATE, route="soap.convertLead", effect=True))
    said = [
        desk.run(*command, "--json")
        for command in (
            ("pull",),
            ("check", "--list", "all"),
            ("plan", "-o", "plan.json"),
            APPLY,
            ("sync",),
            ("recover",),
            ("report", "--csv", "report.csv"),
            ("audit",),
        )
    ]
    assert all(each.code in {0, 4} for each in said)
    written = {
        "stdout": b"".join(each.out.encode() for each in said),
        "stderr": b"".join(each.err.encode() for each in said),
        **{
            path.name: path.read_bytes()
            for path in (desk.plan_file, desk.folder / "report.csv", desk.folder / "logs" / "leadgate.log")
        },
        **{path.name: path.read_bytes() for path in desk.state.rglob("*") if path.is_file()},
    }
    assert b"salesforce.call" in written["leadgate.log"]
    ledgers = [name for name in written if name.startswith("ledger.sqlite")]
    assert ledgers
    assert any(name.endswith(".json") for name in written)
    for kept in ("mirror.duckdb", "preimages.sqlite"):
        assert needles.found_in(written.pop(kept)), "the search itself must find people where they are"
    assert {name: found for name, data in written.items() if (found := needles.found_in(data))} == {}


@at(Stage.PLANNED)
def test_errors_of_every_kind_hold_no_secret_and_no_person(quick_desk: Desk) -> None:
    desk = quick_desk
    desk.settle(LEADGATE_LOG_LEVEL="debug")
    needles = Needles.of(desk)
    said = []
    for fault in (
        Fault(kind=FaultKind.UNAUTHORIZED, route="*", times=None),
        Fault(kind=FaultKind.LIMIT, route="*", times=None),
    ):
        desk.mock.add_fault(fault)
        said += [desk.run(*command) for command in (("doctor",), ("pull",), APPLY)]
        desk.mock.clear_faults()
    assert {each.code for each in said} <= {1, 3, 6}
    assert needles.found_in("".join(each.text for each in said).encode()) == []


@pytest.mark.slow
@at(Stage.APPLIED)
def test_state_files_are_private_to_the_user(quick_desk: Desk) -> None:
    quick_desk.run("sync")
    quick_desk.run("plan").expect(0)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in quick_desk.state.rglob("*")}
    assert stat.S_IMODE(quick_desk.state.stat().st_mode) == 0o700
    assert {path: oct(mode) for path, mode in modes.items() if mode & 0o077} == {}
    assert stat.S_IMODE(quick_desk.plan_file.stat().st_mode) == 0o600


@pytest.mark.parametrize("stage", [Stage.APPLIED])
def test_no_log_or_state_is_written_outside_the_folder(quick_desk: Desk, tmp_path: Path) -> None:
    quick_desk.run("sync")
    assert {path.name for path in tmp_path.iterdir()} == {"work"}
