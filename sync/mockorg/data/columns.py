"""One column of a CSV file: cells of text to stored values, many at a time.

Cells are converted column by column over some thousand rows, with a memory of values seen, since most columns repeat
a few. Numbers, dates and flags that cannot be read are reported with their line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import RowRefused
from ..schema import ID_TYPES, TEXT_TYPES, FieldType
from ..values import stored_value
from .keys import AmbiguousKey

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..schema import Field, ObjectType, Value
    from .keys import Keys
    from .problems import Problems

_MEMORY = 20_000


class Column:
    """Converts the cells of one column of one file."""

    def __init__(
        self,
        type_: ObjectType,
        field: Field,
        file: str,
        *,
        line_of: Callable[[int], int],
        keys: Keys,
        problems: Problems,
    ) -> None:
        self.field = field
        self._type = type_
        self._file = file
        self._line_of = line_of
        self._keys = keys
        self._problems = problems
        self._memory: dict[str, Value] = {"": 0 if field.type is FieldType.BOOLEAN else None}
        self._required = field.required and field.type not in ID_TYPES
        self.blank = False
        self._record = 0
        self._convert: Callable[[str], Value] = self._converter()

    def _converter(self) -> Callable[[str], Value]:
        if self.field.name == "Id":
            return lambda cell: self._keys.own(self._type, cell)
        if self.field.type is FieldType.REFERENCE:
            return self._reference
        return lambda cell: stored_value(self.field, cell)

    def values(self, cells: Sequence[str], start: int) -> Sequence[Value]:
        """The stored values of the cells, of which the first belongs to record number `start`."""
        blank = "" in cells
        self.blank = self.blank or blank
        if blank and self._required:
            self._report(start + list(cells).index(""), "a value is needed here")
        if self.field.name == "Id":
            if self._keys.exact(self._type):
                self._keys.check_exact(cells)
                return cells
            return [self._keys.own(self._type, cell) for cell in cells]
        if self.field.type in TEXT_TYPES:
            return self._texts(cells, start)
        memory = self._memory
        try:
            return [memory[cell] for cell in cells]
        except KeyError:
            return [
                memory[cell] if cell in memory else self._one(cell, record) for record, cell in enumerate(cells, start)
            ]

    def _report(self, record: int, text: str) -> None:
        self._problems.add(self._file, self._line_of(record), self.field.name, text)

    def _texts(self, cells: Sequence[str], start: int) -> Sequence[Value]:
        most = self.field.length
        if most and max(map(len, cells), default=0) > most:
            for record, cell in enumerate(cells, start):
                if len(cell) > most:
                    self._report(record, f"{len(cell)} characters, but the field holds {most}")
        return [cell or None for cell in cells] if self.blank else cells

    def _one(self, cell: str, record: int) -> Value:
        self._record = record
        value: Value = None
        try:
            value = self._convert(cell)
        except RowRefused as refused:
            kind = self.field.type.value
            text = f"{_shown(cell)} is not a value of type {kind} ({refused.errors[0].code})"
            self._report(record, text)
        if len(self._memory) < _MEMORY:
            self._memory[cell] = value
        return value

    def _reference(self, cell: str) -> Value:
        try:
            found = self._keys.reference(self.field, cell)
        except AmbiguousKey as ambiguous:
            found = ""
            files = " and in ".join(f"{name}.csv" for name in ambiguous.objects)
            text = f"the key {_shown(cell)} is in {files}; rename one"
            self._report(self._record, text)
        if found is None:
            files = " or ".join(f"{name}.csv" for name in self.field.reference_to)
            text = f"the key {_shown(cell)} is in no Id column of {files}"
            self._report(self._record, text)
        return found


def _shown(cell: str) -> str:
    return repr(cell if len(cell) <= 40 else cell[:40] + "…")
