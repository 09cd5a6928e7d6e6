from __future__ import annotations

import pytest

from sync.mockorg.router import Found, NoSuchMethod, Router


@pytest.fixture
def router() -> Router[str]:
    found: Router[str] = Router()
    found.add("GET", "/sobjects/{object}/{id}", "row")
    found.add("GET", "/sobjects/{object}/describe", "describe")
    found.add("PATCH", "/sobjects/{object}/{id}", "change")
    return found


def test_a_literal_segment_wins_over_a_parameter(router: Router[str]) -> None:
    assert router.find("GET", ("sobjects", "Lead", "describe")) == Found(
        "describe", "/sobjects/{object}/describe", {"object": "Lead"}
    )


def test_a_parameter_keeps_its_spelling(router: Router[str]) -> None:
    found = router.find("GET", ("SObjects", "LEAD", "00Qx"))

    assert isinstance(found, Found)
    assert found.parameters == {"object": "LEAD", "id": "00Qx"}


def test_a_method_that_only_the_parameter_route_has_is_found_behind_the_literal(router: Router[str]) -> None:
    found = router.find("PATCH", ("sobjects", "Lead", "describe"))

    assert isinstance(found, Found)
    assert found.handler == "change"


def test_a_path_of_other_methods_is_not_a_missing_path(router: Router[str]) -> None:
    found = router.find("DELETE", ("sobjects", "Lead", "00Qx"))

    assert isinstance(found, NoSuchMethod)
    assert found.allowed == ("GET", "HEAD", "PATCH")


def test_an_unknown_path_is_not_found(router: Router[str]) -> None:
    assert router.find("GET", ("sobjects",)) is None
    assert router.find("GET", ("sobjects", "a", "b", "c")) is None


def test_a_route_cannot_be_registered_twice(router: Router[str]) -> None:
    with pytest.raises(ValueError, match="twice"):
        router.add("GET", "/sobjects/{other}/{name}", "again")
