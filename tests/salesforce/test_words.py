from __future__ import annotations

import pytest

from sync.salesforce.words import without_values


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("Email: invalid email address: jane@x", "Email: invalid email address"),
        (
            "First Name: data value too large: Jane\nDoe: a (max length=40)",
            "First Name: data value too large (max length=40)",
        ),
        ("jane.doe+1@mail.example.co.uk may not own leads.", "(address) may not own leads."),
        ("\nEmail = 'jane@x.example'\n^\nERROR at Row:1:Column:8\nNo such column 'Emial'", "No such column 'Emial'"),
        ("unexpected token in SELECT Id FROM Lead WHERE LastName = 'Doe'", "unexpected token in (query)"),
        ("Select a reason from the list.", "Select a reason from the list."),
        ("Company: Required fields are missing", "Company: Required fields are missing"),
        ("System.LimitException: Too many SOQL queries: 101", "System.LimitException: Too many SOQL queries: 101"),
        ("", ""),
    ],
)
def test_a_refusal_is_told_without_the_values_that_it_quotes(told: str, kept: str) -> None:
    assert without_values(told) == kept


def test_a_long_message_is_cut() -> None:
    assert len(without_values("word " * 1000)) == 500
