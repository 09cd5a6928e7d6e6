"""Tables on a terminal that is too narrow for them."""

from __future__ import annotations

import pytest

from sync.cli import output

COLUMNS = ("policy", "what", "win rate (95 %)", "pipeline")
ROWS = [("pricing-discussed", "a long sentence of many short words", "58.4 % (53.2–63.4)", "16,000,000")]


def _drawn(capsys: pytest.CaptureFixture[str]) -> str:
    output.stdout().print(output.table(None, COLUMNS, ROWS))
    return capsys.readouterr().out


@pytest.mark.parametrize("width", [55, 60, 70, 80, 100])
def test_a_table_breaks_between_words_and_keeps_figures_whole(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    said = _drawn(capsys)
    assert set(said.split()) == {word for row in (COLUMNS, *ROWS) for cell in row for word in cell.split()}
    assert max(map(len, said.splitlines())) <= width


def test_where_not_even_words_fit_only_the_longest_are_cut(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "48")
    said = _drawn(capsys)
    assert "pricing-discussed" not in said
    assert {"16,000,000", "sentence", "58.4"} <= set(said.split())
    assert max(map(len, said.splitlines())) <= 48
