"""Recorded exchanges of real orgs: where they are, how they are read, how an answer is compared with a recorded one."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("LEADGATE_RECORDINGS") or ROOT.parent / "shared" / "recordings")

needed = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no recordings of real orgs in {FOLDER}")

_RUBY_TAG = re.compile(r"!ruby\S*")
_HOST = re.compile(r"https://[^/]+")
_VERSION = re.compile(r"(?<=/services/data/)(?:vxx\.0|<api_version>)")
_SAYING = frozenset(
    {"errorCode", "statusCode", "message", "success", "created", "done", "httpStatusCode", "referenceId"}
)
"""Keys whose values are compared, not only their types."""


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One request and what a real org answered."""

    method: str
    target: str
    sent: str | None
    status: int
    headers: Mapping[str, str]
    answer: Any

    @property
    def asks_for_data(self) -> bool:
        """Whether it is a call of the REST API, rather than of another one."""
        return self.target.startswith("/services/data/") and not self.target.endswith("/describe")


def conversation(name: str, *, version: str) -> list[Exchange]:
    """The exchanges of one file of cumulusci/ or restforce-db/, in order, for that API version."""
    text = _RUBY_TAG.sub("", (FOLDER / name).read_text(encoding="utf-8"))
    yaml = YAML(typ="safe")
    yaml.allow_duplicate_keys = True  # cassettes that were put together by hand have some
    loaded = yaml.load(text)
    return [_exchange(each, version) for each in _interactions(loaded)]


def _interactions(loaded: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for each in loaded.get("interactions") or loaded["http_interactions"]:
        if "request" in each:
            yield each


def _exchange(interaction: Mapping[str, Any], version: str) -> Exchange:
    request, response = interaction["request"], interaction["response"]
    body = request.get("body")
    sent = body["string"] if isinstance(body, dict) else body
    text = str(response["body"]["string"] or "")
    headers = {name: values[0] if isinstance(values, list) else values for name, values in response["headers"].items()}
    return Exchange(
        method=request["method"].upper(),
        target=_VERSION.sub(version, _HOST.sub("", request["uri"], count=1)),
        sent=_VERSION.sub(version, sent) if sent else None,
        status=int(response["status"]["code"]),
        headers=headers,
        answer=json.loads(text) if text.lstrip().startswith(("{", "[")) else text,
    )


def har(name: str) -> list[Exchange]:
    """The exchanges of one HAR file."""
    entries = json.loads((FOLDER / name).read_text(encoding="utf-8"))["log"]["entries"]
    return [
        Exchange(
            method=each["request"]["method"],
            target=_HOST.sub("", each["request"]["url"], count=1),
            sent=each["request"].get("postData", {}).get("text"),
            status=each["response"]["status"],
            headers={header["name"].lower(): header["value"] for header in each["response"]["headers"]},
            answer=json.loads(each["response"]["content"]["text"]),
        )
        for each in entries
    ]


def document(name: str) -> Any:
    """A recorded answer that is a file of its own."""
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def differences(ours: Any, recorded: Any, place: str = "") -> list[str]:
    """Where an answer departs from a recorded one in keys, types, or the values that say how the call went.

    A null goes with every type, and an empty list with every list: they show nothing of what would be in them.
    """
    if ours is None or recorded is None:
        return []
    if isinstance(recorded, dict) and isinstance(ours, dict):
        found = [f"{place}.{key} is missing" for key in recorded.keys() - ours.keys()]
        found += [f"{place}.{key} is extra" for key in ours.keys() - recorded.keys()]
        for key in recorded.keys() & ours.keys():
            if key in _SAYING and ours[key] != recorded[key]:
                found.append(f"{place}.{key} is {ours[key]!r}, recorded {recorded[key]!r}")
            found += differences(ours[key], recorded[key], f"{place}.{key}")
        return sorted(found)
    if isinstance(recorded, list) and isinstance(ours, list):
        matched = list(recorded) if len(recorded) == len(ours) else recorded[:1] * len(ours)
        pairs = zip(ours, matched, strict=False)  # an empty recorded list shows nothing of its items
        return [line for n, (one, other) in enumerate(pairs) for line in differences(one, other, f"{place}[{n}]")]
    if _kind(ours) != _kind(recorded):
        return [f"{place} is {_kind(ours)}, recorded {_kind(recorded)}"]
    return []


def _kind(value: Any) -> str:
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
