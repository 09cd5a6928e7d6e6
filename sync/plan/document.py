r"""The plan as a file: a few lines about the whole, one line for each action, and an id that is the hash of all of it.

Keys are those that machines may rely on (`plan_id, format, org_id, created_at, policy, …, actions[]`). The file has
one action to a line, so that two plans compare with any diff. The id is the SHA-256 of the canonical form without
`plan_id`: keys sorted, no blanks, UTF-8, numbers without exponent. Times are ISO 8601 in UTC, dates `2026-05-01`.
`sync.plan.lines` writes the actions, `sync.plan.codec` reads the file back. Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sync.plan.actions import Plan
from sync.plan.canonical import Json, canonical
from sync.plan.lines import json_time, lines_of

FORMAT = 2
"""Version of the file's form; a reader refuses any other."""

_BETWEEN = ",\n    "
"""What stands between two actions; no JSON text has a line break in it."""


def identified(plan: Plan) -> Plan:
    """The plan with its id, the hash of everything else."""
    lines = lines_of(plan.org_id, plan.actions)
    named = replace(plan, plan_id=_id_of(_head(plan), lines))
    object.__setattr__(named, "lines", lines)  # the one place that fills it; `replace` never carries it on
    return named


def encode(plan: Plan) -> str:
    """The plan's file."""
    above, below = _around({"plan_id": plan.plan_id, **_head(plan)})
    lines = plan.lines or lines_of(plan.org_id, plan.actions)
    return "".join((above, "\n    ", _BETWEEN.join(lines), "\n  ", below) if lines else (above, below))


def untouched(document: Mapping[str, Json], text: str) -> bool:
    """Whether a file is, to the letter, what `encode` made of a plan with the id that stands in it.

    Answered from the text as it is, so that nothing has to be written again to be hashed. Of a file without actions
    nothing is said.

    Args:
        document: The parsed file.
        text: The file.
    """
    head = {name: value for name, value in document.items() if name != "actions"}
    above, below = _around(head)
    above, below = f"{above}\n    ", f"\n  {below}"
    if not (text.startswith(above) and text.endswith(below)):
        return False
    return head.pop("plan_id", None) == _id_of(head, text[len(above) : -len(below)].split(_BETWEEN))


def _around(head: Mapping[str, Json]) -> tuple[str, str]:
    """What a plan's file has before its actions, which is everything else of it, and after them."""
    members = ",\n".join(f"  {canonical(name)}: {canonical(value)}" for name, value in head.items())
    return f'{{\n{members},\n  "actions": [', "]\n}\n"


def _head(plan: Plan) -> dict[str, Json]:
    return {
        "format": plan.format,
        "org_id": plan.org_id,
        "created_at": json_time(plan.created_at),
        "clock": json_time(plan.clock),
        "policy": plan.policy,
        "policy_digest": plan.policy_digest,
        "mapping_digest": plan.mapping_digest,
        "mirror_watermark": json_time(plan.mirror_watermark),
        "forecast": {"api_calls": plan.forecast_calls},
        "counts": dict(plan.counts),
        "remarks": list(plan.remarks),
    }


def _id_of(head: Mapping[str, Json], lines: Sequence[str]) -> str:
    """`content_id` of a document whose actions are in canonical form already."""
    hashed = hashlib.sha256()
    for place, name in enumerate(sorted({*head, "actions"})):
        hashed.update(f"{',' if place else '{'}{canonical(name)}:".encode())
        if name == "actions":
            for number, line in enumerate(lines):
                hashed.update(f"{',' if number else '['}{line}".encode())
            hashed.update(b"]" if lines else b"[]")
        else:
            hashed.update(canonical(head[name]).encode())
    hashed.update(b"}")
    return hashed.hexdigest()


def content_id(content: Mapping[str, Json]) -> str:
    """The plan id that fits a content (the document without `plan_id`)."""
    return hashlib.sha256(canonical(dict(content)).encode()).hexdigest()
