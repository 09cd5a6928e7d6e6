"""The shipped policies: understood, fitting the default org, named after their files."""

from __future__ import annotations

from pathlib import Path

import pytest
from policy_mirror import MAPPING, compiled

from sync.policy.lint import OrgWords, lint_policy
from sync.policy.loader import load_policy_text

ROOT = Path(__file__).parents[2]
PACKS = sorted((ROOT / "sync" / "policy" / "packs").glob("*.yaml"))
DEFAULT = ROOT / "config" / "readiness.yaml"
STATUSES = ["Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted"]
ORG = OrgWords(
    statuses=STATUSES,
    converted_statuses=["Closed - Converted"],
    stages=["Prospecting", "Qualification", "Closed Won"],
    closed_stages={"Closed Won"},
    picklists={"lead": {"priority": ["High", "Medium", "Low"]}},
)


@pytest.mark.parametrize("file", [*PACKS, DEFAULT], ids=lambda file: file.stem)
def test_a_shipped_policy_is_understood_and_fits_the_default_org(file: Path) -> None:
    policy = compiled(file.read_text("utf-8"))
    result = lint_policy(policy.parsed, ORG)
    assert result.errors == ()
    assert result.warnings == ()


def test_every_pack_is_there_and_named_after_its_file() -> None:
    names = {file.stem for file in PACKS}
    assert names == {"interest-shown", "meeting-agreed", "pricing-discussed", "bant", "champ"}
    assert {load_policy_text(file.read_text("utf-8"), file.name, MAPPING).name for file in PACKS} == names


def test_the_default_policy_is_the_pack_pricing_discussed() -> None:
    assert DEFAULT.read_text("utf-8") == (ROOT / "sync/policy/packs/pricing-discussed.yaml").read_text("utf-8")
