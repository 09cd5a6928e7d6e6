"""The shipped policies with the cases that are shipped beside them."""

from __future__ import annotations

from pathlib import Path

from sync.insight.policy_suites import Suite, load_suites
from sync.mapping import load_mapping

ROOT = Path(__file__).parents[2]
PACKS = ROOT / "sync" / "policy" / "packs"
MAPPING = load_mapping(ROOT / "mappings")
CASE_FILES = [ROOT / "config" / "tests" / "readiness.yaml", *sorted((PACKS / "tests").glob("*.yaml"))]


def suite(file: Path) -> Suite:
    [found] = load_suites(file, MAPPING, policy=None, folder=ROOT)
    return found
