"""Loading a folder of CSV files into an org: keys, then each file in one stream, then what follows from the rows."""

from __future__ import annotations

import csv
import difflib
import sqlite3
import sys
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ..ids import to18
from ..org import Org
from .columns import Column
from .derive import derive_loaded
from .keys import Keys, KeysAfterAll
from .names import bind_names, make_user
from .problems import DataError, Problems
from .setup_files import SETUP_OBJECTS, apply_setup_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..clock import Clock
    from ..schema import Field, ObjectType, Value

CHUNK = 4000
_PEOPLE = frozenset({"Lead", "Contact"})
_STAMPS = ("CreatedDate", "LastModifiedDate", "SystemModstamp")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """How many records of each object were loaded."""

    records: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    path: Path
    type_: ObjectType
    header: tuple[str, ...]
    fields: tuple[Field | None, ...]

    def records(self) -> Iterator[list[str]]:
        """The cells of each record; blank lines are no records."""
        with self.path.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.reader(opened)
            next(reader)
            yield from filter(None, reader)

    def line_of(self, record: int) -> int:
        """The line on which a record (the first is 0) starts; read again, since only faults ask."""
        with self.path.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.reader(opened)
            next(reader)
            line = reader.line_num + 1
            for cells in reader:
                if cells:
                    if record == 0:
                        return line
                    record -= 1
                line = reader.line_num + 1
        return line

    @property
    def id_column(self) -> int | None:
        """Where the Id column is."""
        return next((at for at, field in enumerate(self.fields) if field and field.name == "Id"), None)


def org_from_folder(folder: Path, *, seed: int = 0, clock: Clock | None = None) -> Org:
    """An org with the records of a folder, and what its org.yaml says if there is one.

    Raises:
        DataError, OrgYamlError: naming file, line, column and fix.
    """
    source = folder / "org.yaml"
    text = source.read_text(encoding="utf-8") if source.is_file() else None
    org = Org.create(seed=seed, org_yaml=text, clock=clock, source=str(source))
    load_folder(org, folder)
    return org


def load_folder(org: Org, folder: Path | str) -> LoadReport:
    """Load every CSV file of a folder; either all records come in or none.

    Nothing but form is checked: an org's records may be older than its rules.

    Raises:
        DataError: with every problem found, each with file, line, column and fix.
    """
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    problems = Problems()
    folder = Path(folder)
    if not folder.is_dir():
        problems.add(str(folder), 1, "", "there is no such folder")
        problems.stop()
    paths = sorted(folder.glob("*.csv"), key=lambda path: path.name.lower())
    files = [file for path in paths if (file := _open(org, path, problems)) is not None]
    problems.stop_if_any()
    with org.lock:
        users, ids = org.access.users, org.ids.state()
        try:
            with org.store.savepoint():
                return LoadReport(records=_load(org, files, problems))
        except BaseException:
            org.access.replace_users(users)
            org.ids.restore(ids)
            raise


def _load(org: Org, files: Sequence[_File], problems: Problems) -> dict[str, int]:
    defined = frozenset(file.type_.name for file in files)
    keys = Keys(org, defined, lambda name: make_user(org, name))
    counts: dict[str, int] = {}
    for file in sorted(files, key=lambda each: _setup_rank(each.type_.name)):
        if file.type_.name in SETUP_OBJECTS:
            counts[file.type_.name] = _load_setup(org, file, keys, problems)
    bind_names(org, keys)
    records = [file for file in files if file.type_.name not in SETUP_OBJECTS]
    loaded = _load_presuming(org, records, keys) or _load_files(org, records, keys, problems, presume=False)
    for file in records:
        given = frozenset(field.name for field in file.fields if field)
        counts[file.type_.name], complete = loaded[file.type_.name]
        derive_loaded(org, file.type_, given, complete)
    return counts


_Loaded: TypeAlias = dict[str, tuple[int, frozenset[str]]]
"""By object: how many records came in, and the columns that have a value in each of them."""


def _load_presuming(org: Org, files: Sequence[_File], keys: Keys) -> _Loaded | None:
    """Load files with one reading each, taking an Id column that begins with ids for one that holds nothing else.

    None, and nothing loaded, where that does not hold or anything else is wrong: a second attempt finds out what.
    """
    users, ids = org.access.users, org.ids.state()
    try:
        with org.store.savepoint():
            return _load_files(org, files, keys.copy(), Problems(), presume=True)
    except (KeysAfterAll, DataError):
        org.access.replace_users(users)
        org.ids.restore(ids)
        return None


def _load_files(org: Org, files: Sequence[_File], keys: Keys, problems: Problems, *, presume: bool) -> _Loaded:
    for file in files:
        _collect_keys(file, keys, presume=presume)
    loaded: _Loaded = {}
    for file in files:
        with org.store.indexed_afterwards(file.type_):
            loaded[file.type_.name] = _load_records(org, file, keys, problems)
    problems.stop_if_any()
    return loaded


def _setup_rank(name: str) -> int:
    return SETUP_OBJECTS.index(name) if name in SETUP_OBJECTS else len(SETUP_OBJECTS)


def _open(org: Org, path: Path, problems: Problems) -> _File | None:
    type_ = org.schema.find(path.stem)
    if type_ is None:
        near = difflib.get_close_matches(path.stem, [each.name for each in org.schema], n=1)
        hint = f"did you mean {near[0]}.csv?" if near else "name each file by an object's API name, as in Lead.csv"
        problems.add(path.name, 1, "", f"the org has no object {path.stem}; {hint}")
        return None
    try:
        with path.open(encoding="utf-8-sig", newline="") as opened:
            header = next(csv.reader(opened), [])
    except UnicodeDecodeError:
        problems.add(path.name, 1, "", "this file is not UTF-8; export it again as UTF-8")
        return None
    if not header:
        problems.add(path.name, 1, "", "the first line must name the fields")
        return None
    fields: list[Field | None] = []
    for name in header:
        field = type_.field(name.strip())
        if field is None:
            near = difflib.get_close_matches(name, [each.name for each in type_.fields], n=1)
            custom = "; a custom field must be in org.yaml under custom_fields" if name.endswith("__c") else ""
            hint = f"; did you mean {near[0]}?" if near else custom
            problems.add(path.name, 1, name, f"{type_.name} has no such field{hint}")
        elif field in fields:
            problems.add(path.name, 1, name, "this column stands here twice")
        fields.append(field if field is None or field.stored else None)
    return _File(path=path, type_=type_, header=tuple(header), fields=tuple(fields))


def _load_setup(org: Org, file: _File, keys: Keys, problems: Problems) -> int:
    columns = [
        Column(file.type_, field, file.path.name, line_of=file.line_of, keys=keys, problems=problems) if field else None
        for field in file.fields
    ]
    count = 0
    for start, table in _chunks(file, problems):
        for offset, cells in enumerate(zip(*table, strict=True)):
            _load_setup_row(org, file, columns, cells, start + offset, keys)
            count += 1
    return count


def _load_setup_row(  # noqa: PLR0917 - the state of one load
    org: Org, file: _File, columns: Sequence[Column | None], cells: Sequence[str], record: int, keys: Keys
) -> None:
    row: dict[str, Value] = {}
    key = None
    for column, cell in zip(columns, cells, strict=True):
        if column is None:
            continue
        if column.field.name == "Id":
            key = cell or None
        elif cell:
            row[column.field.name] = column.values([cell], record)[0]
    apply_setup_row(org, file.type_, key, row, keys)


def _collect_keys(file: _File, keys: Keys, *, presume: bool) -> None:
    at = file.id_column
    if at is None:
        return
    try:
        first = [cells[at] for cells in islice(file.records(), CHUNK) if at < len(cells)]
        if presume and all(to18(cell) == cell for cell in first):
            keys.presume_exact(file.type_)
            return
        keys.collect(file.type_, (cells[at] for cells in file.records() if at < len(cells)))
    except UnicodeDecodeError:
        return  # the second reading says so, with its place


def _load_records(org: Org, file: _File, keys: Keys, problems: Problems) -> tuple[int, frozenset[str]]:
    """How many records came in, and the columns that have a value in each of them."""
    type_ = file.type_
    kept = [(at, field) for at, field in enumerate(file.fields) if field is not None]
    name = file.path.name
    columns = [
        (at, Column(type_, field, name, line_of=file.line_of, keys=keys, problems=problems)) for at, field in kept
    ]
    present = [field.name for _, field in kept]
    extra = _extra_columns(org, type_, frozenset(present))
    named = type_.name in _PEOPLE and "Name" not in present
    names = [*present, *extra, *(["Name"] if named else [])]
    seen: dict[str, int] = {}
    count = 0
    for start, table in _chunks(file, problems):
        size = len(table[0])
        stored: list[Sequence[Value]] = [column.values(table[at], start) for at, column in columns]
        count += size
        if problems.found:
            continue
        if "Id" not in present:
            stored_ids: Sequence[Value] = org.ids.next_many(type_.id_prefix, size)
        else:
            stored_ids = stored[present.index("Id")]
            _check_ids(file, stored_ids, start, seen, problems)
        constants = [stored_ids if name == "Id" else [value] * size for name, value in extra.items()]
        if problems.found:
            continue
        if named:
            constants.append(_full_names(dict(zip(present, stored, strict=True)), size))
        _insert(org, file, names, zip(*stored, *constants, strict=True), problems, start)
    for record_id in list(seen)[-1:]:
        org.ids.observe(record_id)
    full = {column.field.name for _, column in columns if not column.blank} | set(extra)
    return count, frozenset(full)


def _full_names(columns: Mapping[str, Sequence[Value]], size: int) -> Sequence[Value]:
    """The names of people, of whom the file gives only the parts."""
    first, last = (columns.get(name, [None] * size) for name in ("FirstName", "LastName"))
    return [f"{one} {two}" if one and two else one or two for one, two in zip(first, last, strict=True)]


def _check_ids(file: _File, ids: Sequence[Value], start: int, seen: dict[str, int], problems: Problems) -> None:
    prefix = file.type_.id_prefix
    for record, value in enumerate(ids, start):
        record_id = str(value)
        if not record_id.startswith(prefix):
            text = f"{record_id} is not the id of a {file.type_.name}; those start with {prefix}"
            problems.add(file.path.name, file.line_of(record), "Id", text)
        elif record_id in seen:
            text = f"line {file.line_of(seen[record_id])} has this id or key already"
            problems.add(file.path.name, file.line_of(record), "Id", text)
        seen[record_id] = record


def _insert(  # noqa: PLR0917 - the state of one load
    org: Org,
    file: _File,
    names: Sequence[str],
    rows: Iterator[tuple[Value, ...]],
    problems: Problems,
    start: int,
) -> None:
    try:
        org.store.bulk_insert(file.type_, names, rows)
    except sqlite3.IntegrityError:
        text = f"this record or one of the next {CHUNK - 1} has an id that the org has already"
        problems.add(file.path.name, file.line_of(start), "Id", text)


def _extra_columns(org: Org, type_: ObjectType, present: frozenset[str]) -> dict[str, Value]:
    """Columns that every record has and the file does not, with their value; `Id` stands for new ids."""
    extra: dict[str, Value] = {}
    if "Id" not in present:
        extra["Id"] = None
    stamp = org.clock.stamp()
    for name in _STAMPS:
        if type_.field(name) and name not in present and not any(other in present for other in _STAMPS):
            extra[name] = stamp
    for name in ("OwnerId", "CreatedById", "LastModifiedById"):
        if type_.field(name) and name not in present:
            extra[name] = org.access.admin.id
    for field in type_.stored_fields:
        if field.name not in present and field.name not in extra and field.default_value is not None:
            extra[field.name] = (
                int(field.default_value) if isinstance(field.default_value, bool) else field.default_value
            )
    return extra


def _chunks(file: _File, problems: Problems) -> Iterator[tuple[int, list[tuple[str, ...]]]]:
    """The records in portions, turned on their side: the number of the first one, and a tuple of cells per column."""
    width = len(file.header)
    start = 0
    records = file.records()
    try:
        while rows := list(islice(records, CHUNK)):
            whole = rows if set(map(len, rows)) == {width} else _of_width(file, rows, start, problems)
            if whole:
                yield start, list(zip(*whole, strict=True))
            start += len(rows)
    except UnicodeDecodeError:
        problems.add(file.path.name, 1, "", "this file is not UTF-8; export it again as UTF-8")
    except csv.Error as error:
        problems.add(file.path.name, 1, "", f"this is not CSV: {error}")


def _of_width(file: _File, rows: Sequence[list[str]], start: int, problems: Problems) -> list[list[str]]:
    width = len(file.header)
    for record, cells in enumerate(rows, start):
        if len(cells) != width:
            text = f"{len(cells)} cells, but the header has {width} columns"
            problems.add(file.path.name, file.line_of(record), "", text)
    return [cells for cells in rows if len(cells) == width]


__all__ = ["DataError", "LoadReport", "load_folder", "org_from_folder"]
