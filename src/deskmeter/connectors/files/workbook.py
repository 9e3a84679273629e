"""Reads a sheet of an XLSX workbook, every cell as a string."""

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from deskmeter.base.errors import DataError, nearest
from deskmeter.connectors.files.archive import check_workbook
from deskmeter.connectors.files.arrow_text import types_of, value_text
from deskmeter.connectors.files.header import Header, find_header
from deskmeter.connectors.files.records import Record
from deskmeter.connectors.files.refusal import refusing
from deskmeter.connectors.files.source import shown, whole_content
from deskmeter.connectors.protocol import Compression, RawBatch, ReadLimits, RowProblem

KIND = "an XLSX workbook"
SAMPLE_ROWS_N = 200

Cells = Sequence[object]


@dataclass(frozen=True)
class SheetRows:
    """The rows of one sheet that hold anything, with their number in it, from 1."""

    name: str
    rows: Iterator[tuple[int, Cells]]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class SheetFacts:
    """What a sheet turned out to be: its name, its header, the types below it."""

    name: str
    header: Header
    types: tuple[str, ...]
    sample: tuple[tuple[str | None, ...], ...]
    notes: tuple[str, ...]


def sniff_sheet(
    path: Path, packed: Compression, sheet: str | None, header_row: int | None, limits: ReadLimits
) -> SheetFacts:
    """The facts of the sheet called `sheet`, or of the first visible one that holds anything."""
    with _opened(path, packed, sheet, limits) as opened:
        first = [row for row, _ in zip(opened.rows, range(SAMPLE_ROWS_N), strict=False)]
        if not first:
            raise DataError(f"sheet `{opened.name}` of {shown(path)} is empty")
        records = [
            Record(number, [value_text(cell) or "" for cell in _trimmed(cells)], None, b"") for number, cells in first
        ]
        header = find_header(records, header_row, path, limits)
        places = range(len(header.cells))
        below = [cells for number, cells in first if number > header.row and len(_trimmed(cells)) <= len(places)]
        types = tuple(types_of(cells[place] for cells in below if place < len(cells)) for place in places)
        sample = tuple(
            tuple((value_text(cells[place]) or None) if place < len(cells) else None for place in places)
            for cells in below
        )
        return SheetFacts(opened.name, header, types, sample, (*opened.notes, *header.notes))


def read_sheet(
    path: Path, packed: Compression, sheet: str, header_row: int, names: tuple[str, ...], limits: ReadLimits
) -> Iterator[RawBatch]:
    """The rows below the header; a row with a cell beyond the header or a NUL character is set aside."""
    with _opened(path, packed, sheet, limits) as opened:
        rows = _SheetBatch(names)
        header: list[str | None] = []
        is_first = True
        for number, cells in opened.rows:
            texts = [value_text(cell) or None for cell in _trimmed(cells)]
            if number == header_row:
                header = texts
                continue
            rows.add(number, texts, cells, _reason(number, texts, header_row, header, len(names)))
            if len(rows.lines) + len(rows.problems) >= limits.batch_rows_n:
                yield rows.take()
                rows, is_first = _SheetBatch(names), False
        if is_first or rows.lines or rows.problems:
            yield rows.take()


def _reason(number: int, texts: list[str | None], header_row: int, header: list[str | None], width: int) -> str | None:
    if number < header_row:
        return "the row stands above the header"
    if len(texts) > width:
        return f"row has {len(texts):,} fields, header has {width:,}"
    if header and texts == header:
        return "the row repeats the header"
    if any(text and "\0" in text for text in texts):
        return "the row holds a NUL character"
    return None


def _trimmed(cells: Cells) -> Cells:
    """The cells up to the last that holds anything."""
    end = len(cells)
    while end and cells[end - 1] in ("", None):
        end -= 1
    return cells[:end]


class _SheetBatch:
    """Rows of a sheet on their way into one batch."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._rows: list[list[str | None]] = []
        self._cells: list[Cells] = []
        self.lines: list[int] = []
        self.problems: list[RowProblem] = []

    def add(self, number: int, texts: list[str | None], cells: Cells, reason: str | None) -> None:
        if reason is not None:
            self.problems.append(RowProblem(number, reason, _raw(_trimmed(cells))))
            return
        self.lines.append(number)
        self._rows.append(texts + [None] * (len(self._names) - len(texts)))
        self._cells.append(cells)

    def take(self) -> RawBatch:
        columns = zip(*self._rows, strict=True) if self._rows else ([] for _ in self._names)
        table = pa.table([pa.array(column, pa.string()) for column in columns], names=list(self._names))
        lines = pa.array(self.lines, pa.int64())
        return RawBatch(self._names, table, lines, tuple(self.problems), lambda index: _raw(self._cells[index]))


def _raw(cells: Cells) -> str:
    return json.dumps([value_text(cell) or None for cell in cells], ensure_ascii=False)


@contextmanager
def _opened(path: Path, packed: Compression, sheet: str | None, limits: ReadLimits) -> Iterator[SheetRows]:
    with whole_content(path, packed, limits) as content, refusing(path, KIND):
        errors_n = check_workbook(content, content.seek(0, io.SEEK_END), path, limits)
        book = CalamineWorkbook.from_filelike(content)
        chosen, notes = _chosen(book, sheet, path)
        if errors_n:
            notes = (
                *notes,
                f"cells with an Excel error (#N/A ...): {errors_n:,}; they are read as empty",
            )
        yield SheetRows(chosen.name, _numbered_rows(chosen), notes)


def _chosen(book: CalamineWorkbook, sheet: str | None, path: Path) -> tuple[CalamineSheet, tuple[str, ...]]:
    tables = [meta for meta in book.sheets_metadata if meta.typ == SheetTypeEnum.WorkSheet]
    names = [meta.name for meta in tables]
    if sheet is not None:
        if sheet not in names:
            raise DataError(f"{shown(path)} has no sheet `{sheet}`{nearest(sheet, names)} (it has {', '.join(names)})")
        return book.get_sheet_by_name(sheet), ()
    visible = [meta.name for meta in tables if meta.visible == SheetVisibleEnum.Visible] or names
    for name in visible:
        found = book.get_sheet_by_name(name)
        if found.end is not None:
            others = ", ".join(f"`{other}`" for other in visible if other != name)
            return found, (f"sheet `{name}` is read; there are also {others} (name one as `sheet`)",) if others else ()
    raise DataError(f"{shown(path)} is empty: none of its sheets holds a cell")


def _numbered_rows(sheet: CalamineSheet) -> Iterator[tuple[int, Cells]]:
    # The rows that calamine gives begin at the sheet's first row, its columns at the first that holds anything.
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        if any(cell not in ("", None) for cell in cells):
            yield number, cells
