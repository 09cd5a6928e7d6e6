"""Writing an org's records to a folder that `load_folder` reads back: the same ids, the same values."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from ..schema import FieldType
from ..store import quoted

if TYPE_CHECKING:
    from ..org import Org
    from ..schema import Field, ObjectType, Value


def dump_folder(org: Org, folder: Path | str) -> tuple[Path, ...]:
    """Write one CSV per object that has records, and org.yaml; returns the files written."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    written = []
    with org.lock:
        for type_ in org.schema:
            path = target / f"{type_.name}.csv"
            if _dump(org, type_, path):
                written.append(path)
        settings = target / "org.yaml"
        settings.write_text(_org_yaml(org), encoding="utf-8")
    return (*written, settings)


def _dump(org: Org, type_: ObjectType, path: Path) -> bool:
    fields = type_.stored_fields
    columns = ", ".join(quoted(field.name) for field in fields)
    rows = org.store.db.execute(
        f'SELECT {columns} FROM {quoted(type_.name)} WHERE "_pending" IS NULL ORDER BY "Id"'  # noqa: S608 - names are the schema's
    )
    first = rows.fetchone()
    if first is None:
        return False
    with path.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(field.name for field in fields)
        writer.writerow(_cells(fields, first))
        writer.writerows(_cells(fields, row) for row in rows)
    return True


def _cells(fields: tuple[Field, ...], row: tuple[Value, ...]) -> list[str]:
    return [_cell(field, value) for field, value in zip(fields, row, strict=True)]


def _cell(field: Field, value: Value) -> str:
    if value is None:
        return ""
    if field.type is FieldType.BOOLEAN:
        return "true" if value else "false"
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value)


def _org_yaml(org: Org) -> str:
    text = io.StringIO()
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.dump(org.settings.model_dump(mode="json", exclude_defaults=True), text)
    return text.getvalue()
