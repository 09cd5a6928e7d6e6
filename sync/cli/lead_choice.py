"""Which leads an admin means: ids on the command line, a CSV of ids, or an expression of the policy language."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sync.errors import InputInvalid
from sync.model import normal_id

if TYPE_CHECKING:
    from sync.mapping import OrgMapping
    from sync.mirror.store import Mirror
    from sync.policy.compile import CompiledPolicy

ID_COLUMNS = ("id", "leadid", "lead_id", "lead id")
"""Names of a CSV's id column, whatever their capitalisation."""

WHERE = "--where"


def lead_id_of(text: str, place: str) -> str:
    """The 18-character id of a lead.

    Raises:
        InputInvalid: It is no id, or the id of something else.
    """
    found = normal_id(text)
    if found is None:
        raise InputInvalid(
            f"{text!r} is no Salesforce id",
            place=place,
            fix="an id has 15 characters, or 18 with the right checksum; copy it from the lead's address",
        )
    if not found.startswith("00Q"):
        raise InputInvalid(f"{found} is not a lead's id", place=place, fix="lead ids begin with 00Q")
    return found


def ids_in_csv(path: Path) -> list[str]:
    """Lead ids of a CSV with an id column.

    Raises:
        InputInvalid: With file and line: unreadable, without an id column, or with something that is no lead id.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return list(_rows(csv.reader(file, strict=True), path))
    except UnicodeDecodeError as broken:
        raise InputInvalid(f"{path} is not UTF-8 text", place=str(path), fix="export it as UTF-8") from broken
    except csv.Error as broken:
        raise InputInvalid(
            f"{path} is no CSV: {broken}", place=str(path), fix="export it as comma-separated CSV"
        ) from broken
    except OSError as missing:
        raise InputInvalid(
            f"{path} can't be read: {missing.strerror}", place="--csv", fix="check the path"
        ) from missing


def _rows(reader: Iterator[list[str]], path: Path) -> Iterator[str]:
    header = [name.strip().lower() for name in next(reader, [])]
    column = next((i for i, name in enumerate(header) if name in ID_COLUMNS), None)
    if column is None:
        raise InputInvalid(
            f"the header has no column of lead ids (it has: {', '.join(header) or 'nothing'})",
            place=f"{path}:1",
            fix="name the column Id",
        )
    for number, row in enumerate(reader, start=2):
        if not any(cell.strip() for cell in row):
            continue
        if column >= len(row):
            raise InputInvalid("this row has no id", place=f"{path}:{number}", fix="fill it or remove the row")
        yield lead_id_of(row[column].strip(), f"{path}:{number}")


def compile_where(expression: str, mapping: OrgMapping, now: datetime) -> CompiledPolicy:
    """An expression of the policy language over lead fields, as a policy whose ready leads are those chosen.

    Raises:
        PolicyInvalid: The expression isn't of the language, with what is wrong.
    """
    from io import StringIO

    from ruamel.yaml import YAML

    from sync.policy.compile import compile_policy
    from sync.policy.loader import load_policy_text

    text = StringIO()
    chosen = {"label": "chosen on the command line", "when": expression}
    YAML(typ="safe").dump({"policy": "where", "criteria": {"chosen": chosen}, "ready": "chosen"}, text)
    policy = load_policy_text(text.getvalue(), WHERE, mapping)
    return compile_policy(policy, mapping, now)


def ids_where(chosen: CompiledPolicy, mirror: Mirror) -> list[str]:
    """Open leads of the mirror for which the expression is true."""
    from sync.policy.decision import Verdict

    return [d.lead_id for d in mirror.decide(chosen) if d.verdict is Verdict.READY]


def distinct(ids: Sequence[str]) -> list[str]:
    """Each id once, in the order given."""
    return list(dict.fromkeys(ids))
