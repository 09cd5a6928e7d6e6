"""Likelihoods learnt from worlds whose law is known, and the commands, from training to a policy that reads them."""

from __future__ import annotations

import json
import random
import shutil
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from likelihood_world import HORIZON, MAPPING, NOW, ROOT, World, lawful_world

from sync.cli.main import main
from sync.insight.likelihood.fit import Examples, LearningUnavailable, fit, refuse_without_extra
from sync.insight.likelihood.levels import Kind
from sync.insight.likelihood.measures import measure
from sync.insight.likelihood.model import Model
from sync.insight.likelihood.scoring import score_leads
from sync.insight.likelihood.training import NotEnoughData, NothingLearnt, Split, judge, train
from sync.workspace import Workspace

pytestmark = pytest.mark.slow


def learnt(world: World, *, seed: int = 1, copies: int = 5) -> Model:
    with world.mirror().session() as session:
        return train(session, MAPPING, known_until=NOW, now=NOW, horizon_days=HORIZON, seed=seed, copies=copies)


@pytest.fixture(scope="module")
def lawful() -> World:
    return lawful_world(3000)


@pytest.fixture(scope="module")
def model(lawful: World) -> Model:
    return learnt(lawful)


def test_planted_leaks_are_named_and_not_learnt_from(model: Model) -> None:
    assert {leak.column for leak in model.leaks} == {"budget", "rating"}
    assert not {"budget", "rating"} & {each.levels.column for each in model.scorecard.columns}


def test_a_leak_that_is_not_left_out_would_show(lawful: World, model: Model) -> None:
    """The detection is what keeps it out: without it the test leads are told almost perfectly, as no real ones are."""
    draw = random.Random(1)  # noqa: S311 -- an invented world
    outcomes = [draw.random() < 0.2 for _ in range(1500)]
    cells: list[Any] = [1.0 if outcome else None for outcome in outcomes]
    leaky = Examples(
        kinds={"x": Kind.NUMBER}, cells={"x": cells}, outcomes=outcomes, leads=[str(n) for n in range(1500)]
    )
    measures, _ = judge(leaky, Split(earlier=range(1200), latest=range(1200, 1500)), seed=1, copies=2)
    assert measures.auc > 0.99
    assert model.measures.auc < 0.95


def test_what_was_learnt_holds_for_later_leads_and_is_calibrated(model: Model) -> None:
    assert model.measures.auc > 0.7
    assert model.measures.log_loss < model.average.log_loss * 0.95
    assert model.measures.calibration_error < 0.06
    assert model.leads + sum(model.left_out.values()) == 3000


def test_the_strongest_reasons_are_those_of_the_law(lawful: World, model: Model) -> None:
    newest = [str(row["id"]) for row in lawful.rows["lead"] if row["created_at"] > NOW - timedelta(days=10)]
    with lawful.mirror().session() as session:
        scores = dict(score_leads(session, MAPPING, model, at=NOW, lead_ids=newest))
    named = {reason.column for score in scores.values() for reason in score.reasons}
    assert {"lead_source", "industry"} <= named
    assert "number_of_employees" not in {score.reasons[0].column for score in scores.values()}
    ranked = sorted(scores, key=lambda lead: scores[lead].likelihood)
    third = len(ranked) // 3
    low, high = ([lawful.truth[lead] for lead in part] for part in (ranked[:third], ranked[-third:]))
    assert sum(low) / third < sum(high) / third - 0.2


def test_the_same_mirror_and_seed_give_the_same_model_and_another_seed_another(lawful: World, model: Model) -> None:
    assert learnt(lawful) == model
    assert learnt(lawful, seed=2).model_id != model.model_id


def test_what_no_longer_holds_for_the_latest_leads_gives_no_model() -> None:
    draw = random.Random(5)  # noqa: S311 -- an invented world
    sizes: list[Any] = [draw.random() for _ in range(2000)]
    large = [(size > 0.5) == (place < 1600) for place, size in enumerate(sizes)]  # what was large then is small now
    outcomes = [draw.random() < (0.4 if each else 0.1) for each in large]
    turned = Examples(
        kinds={"x": Kind.NUMBER}, cells={"x": sizes}, outcomes=outcomes, leads=[str(n) for n in range(2000)]
    )
    with pytest.raises(NothingLearnt, match="nothing was learnt that holds for later leads"):
        judge(turned, Split(earlier=range(1600), latest=range(1600, 2000)), seed=1, copies=3)


def test_a_thin_past_gives_no_model() -> None:
    with pytest.raises(NotEnoughData, match="not enough data"):
        learnt(lawful_world(700))


def one_law(count: int, seed: int) -> tuple[Examples, list[float]]:
    """Two columns, one with blanks, and the chance that the law gives to each case."""
    draw = random.Random(seed)  # noqa: S311 -- an invented world
    kinds = {"source": Kind.CATEGORY, "size": Kind.NUMBER}
    cells: dict[str, list[Any]] = {"source": [], "size": []}
    chances: list[float] = []
    for _ in range(count):
        source = draw.choice(["a", "b", "c"])
        size = None if draw.random() < 0.2 else draw.uniform(0, 10)
        chances.append({"a": 0.1, "b": 0.25, "c": 0.4}[source] * (0.6 if size is None or size < 5 else 1.2))
        cells["source"].append(source)
        cells["size"].append(size)
    outcomes = [draw.random() < chance for chance in chances]
    return Examples(kinds=kinds, cells=cells, outcomes=outcomes, leads=[f"l{n}" for n in range(count)]), chances


def test_intervals_hold_the_true_chance_of_most_leads() -> None:
    inside, cases = 0, 0
    for seed in range(3):
        examples, _ = one_law(2500, seed)
        scorecard = fit(examples, seed=seed)
        fresh, chances = one_law(400, seed + 100)
        for place, chance in enumerate(chances):
            found = scorecard.score({name: fresh.cells[name][place] for name in fresh.kinds})
            inside += found.low <= chance <= found.high
            cases += 1
    assert inside / cases > 0.7


def test_blanks_and_categories_that_were_never_seen_are_scored_soundly() -> None:
    examples, _ = one_law(2000, 1)
    scorecard = fit(examples, seed=1, copies=5)
    known = [scorecard.score({"source": source, "size": 7.0}).likelihood for source in ("a", "b", "c")]
    assert known == sorted(known)
    for cells in ({"source": "new", "size": 7.0}, {"source": None, "size": None}, {"source": "b", "size": 1e9}):
        found = scorecard.score(cells)
        assert 0 < found.low <= found.likelihood <= found.high < 1
    fresh, _ = one_law(1000, 7)
    likelihoods = [
        scorecard.score({"source": fresh.cells["source"][n], "size": fresh.cells["size"][n]}).likelihood
        for n in range(1000)
    ]
    assert measure(fresh.outcomes, likelihoods).calibration_error < 0.06


def test_a_column_without_anything_to_tell_changes_nothing() -> None:
    draw = random.Random(2)  # noqa: S311 -- an invented world
    outcomes = [draw.random() < 0.3 for _ in range(600)]
    same: list[Any] = ["x"] * 600
    found = fit(Examples(kinds={"c": Kind.CATEGORY}, cells={"c": same}, outcomes=outcomes, leads=["l"] * 600), seed=1)
    assert found.columns == ()
    assert found.score({"c": "x"}).likelihood == pytest.approx(sum(outcomes) / 600, abs=0.01)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(LearningUnavailable) as refused:
        refuse_without_extra()
    assert refused.value.fix == "pip install 'leadgate[score]'"
    assert refused.value.exit_code == 2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder whose mirror holds a lawful world, at the world's clock."""
    for name in ("mappings", "config"):
        shutil.copytree(ROOT / name, tmp_path / name)
    env = tmp_path / ".env"
    env.touch(mode=0o600)
    env.write_text("LEADGATE_INSTANCE_URL=https://x.my.salesforce.com\nLEADGATE_ACCESS_TOKEN=t\n")
    workspace = Workspace.open(tmp_path)
    mirror = lawful_world(2600, seed=4).mirror(workspace.mirror_path)
    mirror._connection.close()
    workspace.mirror_path.chmod(0o600)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str, folder: Path) -> tuple[int, dict[str, Any]]:
    code = main([*arguments, "--folder", str(folder), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_from_training_to_a_policy_that_reads_the_score(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, refused = run(capsys, "score", "show", folder=folder)
    assert (code, refused["error"]["fix"]) == (2, "run `leadgate score train`")

    code, trained = run(capsys, "score", "train", "--horizon", str(HORIZON), folder=folder)
    assert code == 0
    assert {leak["column"] for leak in trained["model"]["leaks"]} == {"budget", "rating"}
    assert trained["scored"] > 1000
    (path,) = folder.glob(".leadgate/*/likelihood.json")
    assert path.stat().st_mode & 0o777 == 0o600

    code, shown = run(capsys, "score", "show", "--top", "3", folder=folder)
    assert code == 0
    assert shown["model"] == trained["model"]
    likeliest = shown["leads"][0]
    assert likeliest["low"] <= likeliest["likelihood"] <= likeliest["high"]
    code, one = run(capsys, "score", "show", likeliest["lead_id"], folder=folder)
    assert (code, one["leads"]) == (0, [likeliest])

    written = folder / "likely.yaml"
    bound = f"{likeliest['likelihood'] * 0.9:.6f}"
    head = (
        f'policy: likely\ncriteria:\n  likely: "likelihood >= {bound}"\n  working: "status = \'Working - Contacted\'"\n'
    )
    written.write_text(head + 'ready: "likely"\n')
    code, refused = run(capsys, "check", "--policy", str(written), folder=folder)
    assert code == 2
    assert "by its likelihood alone" in refused["error"]["message"]
    written.write_text(head + 'ready: "likely AND working"\n')
    code, checked = run(capsys, "check", "--policy", str(written), "--list", "ready", folder=folder)
    assert code == 0
    assert likeliest["lead_id"] in {lead["lead_id"] for lead in checked["leads"]}
    code, before = run(capsys, "check", "--policy", str(written), "--as-of", "2026-06-01", folder=folder)
    assert before["by_criterion"]["likely"]["met"] == 0  # nothing was known of it then

    code, explained = run(capsys, "explain", likeliest["lead_id"], "--policy", str(written), folder=folder)
    assert code == 0
    assert explained["likelihood"] == likeliest
    assert explained["findings"][0]["values"]["likelihood"] == pytest.approx(likeliest["likelihood"], abs=1e-4)
    assert main(["explain", likeliest["lead_id"], "--policy", str(written), "--folder", str(folder)]) == 0
    assert "likelihood " in capsys.readouterr().out
    assert main(["score", "show", "--folder", str(folder)]) == 0
    assert "give the answer away" in capsys.readouterr().out


def test_training_needs_enough_and_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, refused = run(capsys, "score", "train", "--horizon", "480", folder=folder)
    assert (code, refused["error"]["code"]) == (6, "not_enough_data")
    assert not list(folder.glob(".leadgate/*/likelihood.json"))
