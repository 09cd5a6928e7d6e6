from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from soql_world import World, new_world

from sync.mockorg.errors import NOT_MODELLED_HEADER

CASES: list[dict[str, Any]] = YAML(typ="safe").load(Path(__file__).with_name("refused_queries.yaml"))


@pytest.fixture(scope="module")
def org_world() -> World:
    return new_world()


@pytest.mark.parametrize("case", CASES, ids=[case["query"][:60] or "empty" for case in CASES])
def test_a_query_is_refused_in_salesforces_words(org_world: World, case: dict[str, Any]) -> None:
    error = org_world.refusal(case["query"])

    assert (error.code, error.message.rsplit("\n", 1)[-1], error.status) == (case["code"], case["message"], 400)
    if "column" in case:
        found = re.search(r"ERROR at Row:(\d+):Column:(\d+)", error.message)
        assert found
        assert found.groups() == ("1", str(case["column"]))


def test_the_excerpt_and_caret_are_those_of_a_recorded_error(org_world: World) -> None:
    error = org_world.refusal("select count() from XYZZY")

    assert error.message.startswith(
        "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\nsObject type 'XYZZY' is not supp"
    )


def test_the_excerpt_holds_the_words_around_the_fault_only(org_world: World) -> None:
    error = org_world.refusal("SELECT Id, Nickname, ApiName FROM LeadStatus WHERE Nickname IN ('AGENT_SearchAccounts')")

    assert error.message.split("\n")[1:4] == [
        "SELECT Id, Nickname, ApiName FROM LeadStatus",
        "           ^",
        "ERROR at Row:1:Column:12",
    ]


def test_a_fault_in_a_later_line_is_placed_in_that_line(org_world: World) -> None:
    error = org_world.refusal("SELECT Id\nFROM Lead\nWHERE Nope__c = 1")

    assert error.message.split("\n")[1:4] == ["WHERE Nope__c = 1", "      ^", "ERROR at Row:3:Column:7"]


def test_what_is_not_modelled_says_so_in_a_header(org_world: World) -> None:
    error = org_world.refusal("SELECT Id FROM Lead USING SCOPE team")

    assert error.headers[NOT_MODELLED_HEADER] == "USING SCOPE team"


def test_a_query_of_more_than_100000_characters_is_refused(org_world: World) -> None:
    error = org_world.refusal("SELECT Id FROM Lead WHERE City = '" + "x" * 100_000 + "'")

    assert error.code == "MALFORMED_QUERY"


def test_a_string_of_more_than_4000_characters_is_refused(org_world: World) -> None:
    error = org_world.refusal("SELECT Id FROM Lead WHERE City = '" + "x" * 4001 + "'")

    assert error.code == "MALFORMED_QUERY"
