"""Bulk API 2.0's CSV: delimiters, line endings, quoting, `#N/A`, and what Salesforce finds wrong with an upload."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ..behaviours import behaviour
from .jobs import invalid_job, text_of

if TYPE_CHECKING:
    from ..soql.shape import Json

NULL = "#N/A"
MAX_FIELD = 131_072


class Delimiter(StrEnum):
    """Column delimiters by their names in a job's JSON."""

    BACKQUOTE = "`"
    CARET = "^"
    COMMA = ","
    PIPE = "|"
    SEMICOLON = ";"
    TAB = "\t"


class LineEnding(StrEnum):
    """Line endings by their names in a job's JSON."""

    LF = "\n"
    CRLF = "\r\n"


class UploadIsUnreadable(Exception):
    """A CSV upload that makes its job fail; the text is the job's errorMessage."""


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """The delimiter and line ending of a job."""

    delimiter: Delimiter = Delimiter.COMMA
    line_ending: LineEnding = LineEnding.LF

    @classmethod
    def of_job(cls, body: Mapping[str, Json]) -> CsvFormat:
        """The format that a job's JSON asks for; comma and LF where it says nothing.

        Raises:
            SalesforceError: for names that Salesforce does not know, and for another content type than CSV.
        """
        content_type = text_of(body, "contentType", "CSV")
        if content_type != "CSV":
            raise invalid_job(f"Invalid contentType: {content_type}")
        delimiter = text_of(body, "columnDelimiter", "COMMA") or "COMMA"
        ending = text_of(body, "lineEnding", "LF") or "LF"
        if delimiter not in Delimiter.__members__:
            raise invalid_job(f"Invalid columnDelimiter: {delimiter}")
        if ending not in LineEnding.__members__:
            raise invalid_job(f"Invalid lineEnding: {ending}")
        return cls(Delimiter[delimiter], LineEnding[ending])

    def as_json(self) -> dict[str, Json]:
        """The format's two fields of a job's JSON."""
        return {"lineEnding": self.line_ending.name, "columnDelimiter": self.delimiter.name}

    def write(self, rows: Iterable[Sequence[str]]) -> bytes:
        """Rows as CSV with every value quoted."""
        text = io.StringIO()
        writer = csv.writer(
            text, delimiter=self.delimiter.value, lineterminator=self.line_ending.value, quoting=csv.QUOTE_ALL
        )
        writer.writerows(rows)
        return text.getvalue().encode()


@dataclass(frozen=True, slots=True)
class Upload:
    """An ingest job's data: the header's column names, and rows of as many texts."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@behaviour(
    "Bulk ingest CSV",
    "confirmed",
    "Bulk API 2.0 Guide, Prepare CSV Files; error texts of line endings and rows from logs",
)
def read_upload(data: bytes, form: CsvFormat) -> Upload:
    """Read an upload. Its line endings must be the job's, and every row as long as the header.

    Raises:
        UploadIsUnreadable: with the job's errorMessage.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise UploadIsUnreadable("ClientInputError : The uploaded data is not valid UTF-8") from problem
    if not text.strip():
        raise UploadIsUnreadable("InvalidBatch : The 'batch' has no data")
    if _line_ending(text) not in {form.line_ending, None}:
        raise UploadIsUnreadable(
            "ClientInputError : LineEnding is invalid on user data. "
            f"Current LineEnding setting is {form.line_ending.name}"
        )
    reader = _parsed(text, form)
    columns = tuple(name.strip() for name in next(reader, []))
    rows: list[tuple[str, ...]] = []
    for row in reader:
        if not row:
            continue
        if len(row) != len(columns):
            raise UploadIsUnreadable(
                "InvalidBatch : Failed to parse CSV header or row. "
                f"Expected {len(columns)} columns, found {len(row)} in row {len(rows) + 1}"
            )
        rows.append(tuple(row))
    return Upload(columns, tuple(rows))


def _parsed(text: str, form: CsvFormat) -> Iterator[list[str]]:
    csv.field_size_limit(max(csv.field_size_limit(), MAX_FIELD))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=form.delimiter.value, strict=True)
    try:
        yield from reader
    except csv.Error as problem:
        raise UploadIsUnreadable(f"InvalidBatch : Failed to parse CSV in line {reader.line_num}") from problem


def _line_ending(text: str) -> LineEnding | None:
    """How the header line ends; a line break inside quotes does not count."""
    quoted = False
    for number, char in enumerate(text):
        if char == '"':
            quoted = not quoted
        elif char == "\n" and not quoted:
            return LineEnding.CRLF if number and text[number - 1] == "\r" else LineEnding.LF
    return None


def given_values(columns: Sequence[str], row: Sequence[str]) -> dict[str, str | None]:
    """A row's values: an empty one changes nothing, `#N/A` clears the field."""
    return {column: None if value == NULL else value for column, value in zip(columns, row, strict=True) if value != ""}
