from __future__ import annotations

import re

import pytest

from sync.mockorg.seed import phrases
from sync.mockorg.seed.phrases import Note

PRICING_TALK = "pric(e|ing)|quote|proposal"
OBJECTION = "no budget|too expensive"
GROUPS = {name: notes for name, notes in vars(phrases).items() if name.isupper()}


def texts(name: str) -> list[str]:
    notes: tuple[Note | str, ...] = GROUPS[name]
    return [note if isinstance(note, str) else f"{note.subject} {note.body}" for note in notes]


@pytest.mark.parametrize("name", [name for name in GROUPS if name.startswith("PRICING")])
def test_each_pricing_note_talks_of_pricing_in_lower_case_and_has_no_objection(name: str) -> None:
    assert [text for text in texts(name) if not re.search(PRICING_TALK, text)] == []
    assert [text for text in texts(name) if re.search(OBJECTION, text, re.IGNORECASE)] == []


def test_each_objection_is_one_and_has_no_pricing_word() -> None:
    assert [text for text in texts("OBJECTIONS") if not re.search(OBJECTION, text)] == []
    assert [text for text in texts("OBJECTIONS") if re.search(PRICING_TALK, text, re.IGNORECASE)] == []


@pytest.mark.parametrize("name", [name for name in GROUPS if not name.startswith(("PRICING", "OBJECTIONS"))])
def test_no_other_note_has_a_word_of_either(name: str) -> None:
    assert [text for text in texts(name) if re.search(f"{PRICING_TALK}|{OBJECTION}", text, re.IGNORECASE)] == []
