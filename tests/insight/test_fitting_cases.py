"""The shipped cases in a new folder hold for the policy that stands beside them, whatever org it was fitted to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest
from shipped import MAPPING, PACKS

from sync.insight.fitting import fit_policy, renamed_statuses
from sync.insight.fitting_cases import fit_cases
from sync.insight.policy_cases import CaseDatabase, run_cases
from sync.mapping import OrgMapping
from sync.policy.case_reader import load_cases
from sync.policy.lint import OrgWords
from sync.policy.loader import load_policy_text
from sync.policy.parsed import parse_policy

POLICY = (PACKS / "pricing-discussed.yaml").read_text("utf-8")
CASES = (PACKS / "tests" / "pricing-discussed.yaml").read_text("utf-8")
SHIPPED = OrgWords(
    statuses=["Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted"],
    converted_statuses=["Closed - Converted"],
    stages=["Qualification"],
)
OWN = replace(SHIPPED, statuses=["New", 'In "work"', "Qualified: yes"], converted_statuses=["Qualified: yes"])


def without(fields: Collection[str]) -> OrgMapping:
    lead = MAPPING["lead"]
    kept = {name: field for name, field in lead.fields.items() if name not in fields}
    return OrgMapping(objects={**MAPPING.objects, "lead": replace(lead, fields=kept)})


def fitted(words: OrgWords, default: str, mapping: OrgMapping) -> tuple[str, str, tuple[str, ...]]:
    policy = fit_policy(POLICY, words, default_status=default, names=set(mapping["lead"].fields)).text
    cases = fit_cases(CASES, policy, mapping, statuses=renamed_statuses(words, default))
    assert cases is not None
    parsed = parse_policy(load_policy_text(policy, "policy.yaml", mapping), mapping)
    with CaseDatabase(load_cases(cases.text, "cases.yaml", parsed.policy, mapping).cases, mapping) as database:
        assert [str(d) for result in run_cases(database, parsed) for d in result.differences] == []
    return policy, cases.text, cases.notes


def test_where_everything_fits_nothing_changes() -> None:
    assert fitted(SHIPPED, "Open - Not Contacted", MAPPING) == (POLICY, CASES, ())


def test_cases_of_fields_that_the_org_lacks_are_left_out_and_counted() -> None:
    _, text, notes = fitted(SHIPPED, "Open - Not Contacted", without({"pricing_discussed", "budget"}))
    assert "pricing_discussed" not in text
    assert "name: a quote" in text
    assert "# Each word of the pattern counts by itself." in text
    assert notes[0].endswith("don't fit this org's fields and statuses: left out")


def test_statuses_are_called_as_the_org_calls_them() -> None:
    _, text, _ = fitted(OWN, "New", MAPPING)
    assert "Open - Not Contacted" not in text
    assert 'status: "New"' in text


@pytest.mark.parametrize("policy", ["policy: p", "policy: p\ncriteria: {other: company = 'x'}\nready: other"])
def test_where_no_case_can_be_kept_there_is_no_file(policy: str) -> None:
    cases = "now: 2026-06-15\ncases:\n  - {name: x, expect: {met: [priced]}}\n"
    assert fit_cases(cases, policy, MAPPING, statuses={}) is None
