"""Scores follow the mirror: every pull renews them, and what can't be renewed is taken away and told."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from likelihood_world import ROOT
from test_likelihood_parts import a_model

from sync.cli.likelihoods import model_path
from sync.cli.main import main
from sync.insight.likelihood.columns import LeadColumn, Taken
from sync.insight.likelihood.model import write_model
from sync.mockorg import MockOrg
from sync.mockorg.seed import write_world
from sync.workspace import Workspace

pytestmark = pytest.mark.slow


def scored(folder: Path) -> dict[str, str]:
    with Workspace.open(folder).mirror() as mirror:
        return {score.lead_id: score.model_id for score in mirror.scores()}


def test_every_pull_scores_the_open_leads_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = write_world(tmp_path / "world", seed=7, leads=200, today=datetime.now(UTC).date())
    folder = tmp_path / "work"
    for name in ("mappings", "config"):
        shutil.copytree(ROOT / name, folder / name)
    pull = ["pull", "--folder", str(folder), "--json"]
    mock = MockOrg(data=world.folder, seed=7)
    with mock.in_process():
        env = folder / ".env"
        env.touch(mode=0o600)
        env.write_text(f"LEADGATE_INSTANCE_URL={mock.instance_url}\nLEADGATE_ACCESS_TOKEN={mock.login()}\n")
        assert main(pull) == 0
        assert scored(folder) == {}

        workspace, model = Workspace.open(folder), a_model()
        with workspace.mirror() as mirror:
            still_open = mirror.open_leads()
        write_model(model_path(workspace), model)
        assert main(pull) == 0
        kept = scored(folder)
        assert len(kept) == still_open
        assert set(kept.values()) == {model.model_id}

        write_model(model_path(workspace), a_model(lead_columns=(LeadColumn(field="gone", taken=Taken.AS_NUMBER),)))
        capsys.readouterr()
        assert main(pull) == 0
        told = capsys.readouterr()
        assert scored(folder) == {}
        assert "no lead has a likelihood now" in told.err
        assert json.loads(told.out)["objects"]

        model_path(workspace).write_text("{}")
        assert main(pull) == 0
        assert "damaged" in capsys.readouterr().err
