from __future__ import annotations

from datetime import date

import pytest

from benchmarks import proofs


def test_the_page_is_drawn_from_the_kept_runs() -> None:
    drawn = proofs.page(proofs.read_proofs())
    assert proofs.PAGE.read_text(encoding="utf-8") == drawn, "run: python -m benchmarks.proofs"


def test_a_proof_stands_in_its_section_with_what_it_counted() -> None:
    proof = proofs.Proof(
        section="Pull",
        title="Whatever happens between pulls",
        claim="The mirror is the org.",
        test="tests/mirror/test_pull_machine.py",
        seconds=61.4,
        counts=[proofs.Count(name="histories", value=12_000)],
        day=date(2026, 5, 4),
        machine="2 cores",
        versions={"python": "3.11.7"},
    )
    page = proofs.page([proof])
    conversions, pull = page.split("## Pull")
    assert "No full-size run has been kept yet." in conversions
    assert "### Whatever happens between pulls\n\nThe mirror is the org." in pull
    assert "| histories | 12,000 |" in pull
    assert "Run on 2026-05-04 in 61 s on 2 cores; python 3.11.7." in pull


def test_a_proof_of_an_unknown_section_is_refused() -> None:
    with pytest.raises(ValueError, match="Nowhere is no section of the page"):
        proofs.keep("x", section="Nowhere", title="", claim="", test="", seconds=0, counts={})
