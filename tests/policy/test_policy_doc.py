"""docs/policy.md is complete and true: every function and key stands in it, and its examples load."""

from __future__ import annotations

import re
from pathlib import Path

from policy_mirror import MAPPING

from sync.policy.case_reader import CASE_KEYS, EXPECT_KEYS, load_cases
from sync.policy.conversion import ACCOUNT_KEYS, CONVERSION_KEYS, LIMIT_KEYS, OPPORTUNITY_KEYS
from sync.policy.functions import FUNCTIONS
from sync.policy.loader import POLICY_KEYS, SIGNAL_KEYS, load_policy_text
from sync.policy.relations import activity_columns

DOC = (Path(__file__).parents[2] / "docs" / "policy.md").read_text("utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", DOC, re.DOTALL)


def test_the_table_of_functions_is_the_list_of_functions() -> None:
    rows = re.findall(r"^\| `([a-z_]+\(.*?\))` \| (.*?) \| (.*?) \| (.*?) \|$", DOC, re.MULTILINE)
    expected = [
        (
            function.usage,
            function.result.value if function.result else "as its values",
            "history signals" if function.history_only else "signals" if function.signals_only else "everywhere",
            function.doc,
        )
        for function in FUNCTIONS.values()
    ]
    assert rows == expected


def test_every_key_is_described() -> None:
    keys = [
        *POLICY_KEYS,
        *SIGNAL_KEYS,
        *(f"account.{key}" for key in ACCOUNT_KEYS),
        *(f"opportunity.{key}" for key in OPPORTUNITY_KEYS),
        *(key for key in CONVERSION_KEYS if key not in {"account", "opportunity"}),
        *LIMIT_KEYS,
        *CASE_KEYS,
        *EXPECT_KEYS,
    ]
    missing = [
        key for key in keys if not re.search(rf"`[^`]*\b{re.escape(key)}\b[^`]*`|^ *-? ?{key}:", DOC, re.MULTILINE)
    ]
    assert missing == []


def test_every_fixed_column_of_activities_is_named() -> None:
    fixed = list(activity_columns(MAPPING))[:12]
    assert [name for name in fixed if f"`{name}`" not in DOC] == []


def test_the_first_example_is_a_policy_and_the_last_its_test() -> None:
    policy = load_policy_text(BLOCKS[0], "docs/policy.md", MAPPING)
    assert list(policy.signals) == ["pricing_talk"]
    [case] = load_cases(BLOCKS[-1], "docs/policy.md", policy, MAPPING).cases
    assert case.name.startswith("a price talked about")


def test_the_parts_that_are_shown_alone_are_understood() -> None:
    assert len(BLOCKS) == 5
    rest = "criteria: {contacted: budget > 1}\nready: contacted\n"
    for part in BLOCKS[1:4]:
        load_policy_text(f"policy: p\n{rest}{part}", "docs/policy.md", MAPPING)
