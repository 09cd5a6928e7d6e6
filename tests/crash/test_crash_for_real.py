from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from crash_points import ORG_YAML, Scene

from sync.ledger.store import Ledger
from sync.mockorg import MockOrg
from sync.plan.document import encode

CHILD = Path(__file__).with_name("crash_child.py")


def child(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 -- our own script
        [sys.executable, str(CHILD), *arguments], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.slow
def test_a_process_killed_by_the_system_leaves_nothing_that_the_next_one_cannot_close(tmp_path: Path) -> None:
    mock = MockOrg(seed=5, org_yaml=ORG_YAML)
    with mock.in_process():
        scene = Scene(mock, tmp_path)
        leads = [*scene.leads(2, Company="Acme Inc."), *scene.leads(1)]
        plan = tmp_path / "plan.json"
        plan.write_text(encode(scene.plan(leads, amount=100.0)), "utf-8")
        scene.ledger.dispose()
        before = mock.snapshot()
    with mock.serve() as server:
        whole = child(server.url, scene.token, str(plan), str(tmp_path / "whole.sqlite"), "-1")
        assert whole.returncode == 0, whole.stderr
        points = int(whole.stdout.split()[0])
        for number, point in enumerate(range(0, points, max(1, points // 12))):
            mock.restore(before)
            ledger_file = str(tmp_path / f"ledger{number}.sqlite")
            killed = child(server.url, scene.token, str(plan), ledger_file, str(point))
            assert killed.returncode == -9, (point, killed.stderr)
            again = child(server.url, scene.token, str(plan), ledger_file, "-1")
            assert again.returncode == 0, (point, again.stderr)
            db = mock.org.store.db
            assert db.execute("SELECT COUNT(*) FROM Lead WHERE IsConverted = 1").fetchone()[0] == 3
            assert db.execute("SELECT COUNT(*) FROM Account").fetchone()[0] == 2
            assert db.execute("SELECT COUNT(*) FROM Opportunity").fetchone()[0] == 3
            with Ledger.open(ledger_file) as ledger:
                (org_id,) = ledger.org_ids()
                assert ledger.verify_chain(org_id).intact
                applied = [e.key for e in ledger.audit(org_id) if (e.kind, e.state) == ("convert_lead", "applied")]
                assert len(applied) == len(set(applied)) == 3
