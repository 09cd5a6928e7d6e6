from __future__ import annotations

import re
from pathlib import Path

import pytest
from safety_desk import Desk

from sync.mockorg.faults import Fault, FaultKind

pytestmark = pytest.mark.slow

CHAIN = (
    ("doctor",),
    ("pull",),
    ("check", "--list", "all", "--csv", "{out}/check.csv"),
    ("plan", "-o", "{out}/plan.json", "--rows", "1000"),
    ("apply", "{out}/plan.json", "--yes", "--max-failures", "100%"),
    ("recover",),
    ("audit",),
    ("report", "--csv", "{out}/report.csv"),
)
OWN_ADDRESS = "ada.admin@northgate-sales.example"
"""The user that leadgate runs as, whom doctor names."""


def people(desk: Desk) -> set[str]:
    """Addresses, telephone numbers and full names of the world, and its longer notes."""
    found: set[str] = set()
    for name in ("Lead", "Contact"):
        for row in desk.rows(name).values():
            found |= {str(row[field]) for field in ("Email", "Phone", "MobilePhone", "Description") if row.get(field)}
            if row.get("FirstName") and row.get("LastName"):
                found.add(f"{row['FirstName']} {row['LastName']}")
    for name in ("Task", "Event"):
        for row in desk.rows(name).values():
            found |= {str(row[field]) for field in ("Subject", "Description") if len(str(row.get(field) or "")) > 25}
    return {text.lower() for text in found}


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["tables", "json"])
def test_the_whole_chain_tells_logs_and_keeps_nothing_of_people_or_secrets(
    desk: Desk, form: tuple[str, ...], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    desk.settle(LEADGATE_LOG_LEVEL="debug", LEADGATE_LOG_FILE="log.txt", LEADGATE_LOG_FORMAT="json")
    texts: dict[str, str] = {}
    for command in CHAIN:
        said = desk.run(*(part.format(out=out) for part in command), *form, codes=(0, 4))
        texts[f"stdout of {command[0]}"], texts[f"stderr of {command[0]}"] = said.out, said.err
    places_of_people = ("mirror", "preimages")  # what they are for; private, and `forget` reaches them
    kept = [*out.iterdir(), desk.folder / "log.txt"]
    kept += [file for file in desk.files() if not file.name.startswith(places_of_people)]
    texts |= {file.name: file.read_bytes().decode("utf-8", "replace") for file in kept}
    assert {"plan.json", "check.csv", "report.csv", "log.txt", "ledger.sqlite"} <= texts.keys()
    assert "salesforce.call" in texts["log.txt"]
    named = people(desk)
    assert len(named) > 500
    for place, text in texts.items():
        low = text.lower()
        assert not [words for words in named if words in low], place
        assert set(re.findall(r"[\w.+-]+@[\w-]+\.[\w.]+", text)) <= {OWN_ADDRESS}, place
        assert desk.token not in text, place
        assert desk.token.split("!")[1] not in text, place
        assert not re.search(r"\bSELECT Id\b", text), place


def test_a_refusal_that_quotes_a_persons_values_is_told_without_them(desk: Desk, tmp_path: Path) -> None:
    lead = min(desk.world.convertible)
    desk.run("pull")
    plan = tmp_path / "plan.json"
    desk.run("plan", "-o", str(plan))
    quoting = "Last Name: data value too large: Quixworthy (max length=80); ask w@quixworthy.example"
    desk.mock.add_fault(Fault(kind=FaultKind.ROW_LOCK, record=lead, times=None, message=quoting))
    said = desk.run("apply", str(plan), "--yes", "--max-failures", "100%", "--json", codes=(4,))
    assert "quixworthy" not in said.text.lower()
    assert "data value too large" in said.text
