"""Parsers of the doors under arbitrary input: they give back what was written, or refuse in a way that is theirs."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from sync.mockorg.api.references import ReferenceIsMissing, resolved
from sync.mockorg.http import BodyIsNotGzip, Headers, compressed, decompressed
from sync.mockorg.soap.envelope import PARTNER, EnvelopeIsBroken, Node, read, text, write

XML_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet="abc@{}.[]0"),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet="abc"), inner),
    max_leaves=10,
)


@given(XML_TEXT)
def test_text_written_to_an_envelope_is_read_back(words: str) -> None:
    call = read(write(PARTNER, Node("query", [Node("queryString", words)]))).call

    assert text(call, "queryString") == (words if words.strip() else None)


@given(st.binary())
def test_bytes_are_an_envelope_or_refused_as_none(body: bytes) -> None:
    try:
        read(body)
    except EnvelopeIsBroken:
        return
    etree.fromstring(body)


@given(st.binary())
def test_what_was_packed_is_unpacked_again(body: bytes) -> None:
    assert decompressed(compressed(body)) == body


@given(st.binary(), st.integers(min_value=1, max_value=8))
def test_a_cut_body_is_never_taken_for_whole(body: bytes, cut: int) -> None:
    try:
        decompressed(compressed(body)[:-cut])
    except BodyIsNotGzip:
        return
    raise AssertionError("a cut gzip body was taken")


@given(JSON)
def test_values_without_references_stay_as_they_are_and_others_are_refused(value: object) -> None:
    try:
        answer = resolved(value, {})
    except ReferenceIsMissing:
        assert "@{" in json.dumps(value)
    else:
        assert answer == value


@given(st.dictionaries(st.text(alphabet="abc", min_size=1), st.integers() | st.booleans() | st.text(min_size=1)))
def test_a_whole_reference_takes_the_values_own_type(body: dict[str, object]) -> None:
    for name, value in body.items():
        assert resolved(f"@{{ref.{name}}}", {"ref": body}) == value


@given(st.lists(st.tuples(st.sampled_from(["A-b", "a-B", "C"]), st.text(alphabet="xyz"))))
def test_header_names_are_one_in_any_case(pairs: list[tuple[str, str]]) -> None:
    headers = Headers(pairs)

    assert len(headers) == len({name.lower() for name, _ in pairs})
    for name, value in pairs:
        assert value in headers[name.swapcase()]
