"""What every file reader hands on: raw rows with their line, before anyone has understood them."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import pyarrow as pa

Format = Literal["delimited", "json", "jsonl", "parquet", "xlsx"]
FORMATS: tuple[Format, ...] = ("delimited", "json", "jsonl", "parquet", "xlsx")
Compression = Literal["none", "gzip"]

WHOLE_DOCUMENT = "."
"""The `records_path` that takes a JSON document as one record, whatever lists it holds."""

MIXED = "mixed"
"""The `encoding` that reads a line as UTF-8 where it is UTF-8 and as cp1252 where it is not."""


@dataclass(frozen=True)
class ReadLimits:
    """What a file may cost before it is refused; the message always names the limit."""

    block_bytes: int = 4 << 20
    """Text decoded at a time; a batch is what one block holds."""
    batch_rows_n: int = 50_000
    """Rows in a batch of Parquet, XLSX and JSON."""
    record_bytes: int = 64 << 20
    """Longest single record, its quoted newlines included."""
    columns_n: int = 10_000
    unpacked_bytes: int = 32 << 30
    """Most that a compressed file may unpack to."""
    unpacked_ratio: int = 200
    """Most bytes out of one byte in, once `free_bytes` have come out."""
    free_bytes: int = 256 << 20
    """A compressed file may unpack to this much at any ratio."""
    held_bytes: int = 1 << 30
    """Most that a format which cannot be read as a stream (XLSX, packed Parquet) may unpack to."""
    cells_n: int = 50_000_000
    """Most cells in the rectangle that a sheet's furthest cells span."""


@dataclass(frozen=True)
class ReadHints:
    """What is known of a file beforehand; None is detected from the content.

    `delimiter` is one character. `header_row` is the line (of a sheet: the row) of the column names, from 1;
    0 says that there are none and the columns are `column_1`, `column_2`, ... `sheet` is a sheet's name.
    `records_path` leads with dots to the array of records in a JSON document (`data.tickets`).
    """

    format: Format | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header_row: int | None = None
    sheet: str | None = None
    records_path: str | None = None
    limits: ReadLimits = field(default_factory=ReadLimits)


@dataclass(frozen=True)
class FileFacts:
    """What a file turned out to be; enough to read it without looking twice.

    A fact that the format does not have is None: a Parquet file has no encoding, a CSV no sheet.
    `header_row` 0: the file has no header. `types` are the file's own words for its columns (`string` for all
    text formats, else `int64`, `timestamp[us, tz=UTC]`, `list` ...). `sample` are the first rows, as strings.
    `notes` say in one line each what was assumed or renamed. `unpacked_bytes` is the size after gunzip.
    For JSON and JSONL `columns` are those of the first records; later ones may add some.
    """

    path: Path
    format: Format
    compression: Compression
    encoding: str | None
    delimiter: str | None
    header_row: int | None
    sheet: str | None
    records_path: str | None
    columns: tuple[str, ...]
    types: tuple[str, ...]
    sample: tuple[tuple[str | None, ...], ...]
    size_bytes: int
    unpacked_bytes: int
    sha256: str
    notes: tuple[str, ...] = ()
    limits: ReadLimits = field(default_factory=ReadLimits)
    is_classic_mac: bool = False
    """Lines end in a carriage return alone."""

    @property
    def hints(self) -> ReadHints:
        """The same facts as hints, nothing left to detect."""
        return ReadHints(
            self.format, self.encoding, self.delimiter, self.header_row, self.sheet, self.records_path, self.limits
        )

    def moved(self, path: Path) -> "FileFacts":
        """The same facts of a copy that lies at `path`."""
        return replace(self, path=path)


@dataclass(frozen=True)
class RowProblem:
    """A record that is no row: set aside with its first line, one clear reason and its raw text."""

    line: int
    reason: str
    raw_text: str


@dataclass(frozen=True)
class RawBatch:
    """Some rows of a file in the file's order; grain: one record of the file.

    `table` has one **string** column per name of `columns`, whatever the format:

    * delimited: the field's text; an empty field is `""`, never null.
    * json, jsonl: objects are opened to dotted columns (`requester.id`); lists (and objects deeper than
      four levels) are JSON text; true and false are `true` and `false`; numbers are their shortest text; an
      absent key and null are null. A later batch may have more columns than an earlier one, never fewer.
    * parquet: instants are ISO 8601 (with `Z` if zoned), dates `YYYY-MM-DD`, whole floats have no `.0`, structs and
      lists as in JSON.
    * xlsx: as parquet; an empty cell is null.

    `lines[i]` (int64) is where row i begins: the physical line from 1 of text formats (header and blank lines
    count), the row of a sheet, the number of the record from 1 in JSON and Parquet.
    `problems` are the records between these rows that were set aside; rows + problems = records received.
    """

    columns: tuple[str, ...]
    table: pa.Table
    lines: pa.Int64Array
    problems: tuple[RowProblem, ...]
    raw: Callable[[int], str]

    def raw_text(self, index: int) -> str:
        """Row `index` as it stood in the file (of Parquet and XLSX: as JSON)."""
        return self.raw(index)
