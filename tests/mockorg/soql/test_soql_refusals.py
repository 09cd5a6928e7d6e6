from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from sizes import examples
from soql_world import World, new_world

from sync.mockorg.errors import NOT_MODELLED_HEADER, SalesforceError

RECORDINGS = Path(os.environ.get("LEADGATE_RECORDINGS") or Path(__file__).parents[4] / "shared" / "recordings")
SHARED = new_world()
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


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="recorded exchanges are not at hand")
def test_a_recorded_error_is_ours_to_the_letter(org_world: World) -> None:
    path = RECORDINGS / "cumulusci" / "TestCountSObjects.test_count_sobjects__errors.yaml"
    (exchange,) = YAML(typ="safe").load(path)["interactions"]
    recorded = json.loads(exchange["response"]["body"]["string"])["compositeResponse"][1]["body"][0]

    error = org_world.refusal("select count() from XYZZY")

    assert {"message": error.message, "errorCode": error.code} == recorded


VOCABULARY = r"""
SELECT FROM WHERE AND OR NOT IN LIKE GROUP BY HAVING ORDER ASC DESC NULLS FIRST LIMIT OFFSET USING SCOPE mine FOR VIEW
TYPEOF WHEN THEN ELSE END INCLUDES null true TODAY LAST_N_DAYS:5 2026-01-01 2026-01-01T00:00:00Z 5 -1.5 'x' 'a%' ''
Id Name City Owner.Name Owner Who What Lead Task Contacts Tasks COUNT SUM FIELDS toLabel CALENDAR_YEAR Address Type
Description Interests__c Budget__c CreatedDate IsConverted ALL ( ) ( ) , , = != < >= : * ; \ é
"""
WORDS = st.sampled_from(VOCABULARY.split())
FRAMES = st.sampled_from(
    [
        "{}",
        "SELECT {} FROM Lead",
        "SELECT Id FROM Lead WHERE {}",
        "SELECT Id FROM Lead {}",
        "SELECT COUNT(Id) FROM Lead {}",
    ]
)


@settings(max_examples=examples(600), deadline=None)
@given(frame=FRAMES, words=st.lists(WORDS, max_size=9))
def test_any_text_is_answered_or_refused_never_a_crash(frame: str, words: list[str]) -> None:
    with suppress(SalesforceError):
        SHARED.page(frame.format(" ".join(words)))
