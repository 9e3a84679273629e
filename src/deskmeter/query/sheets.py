"""Grids as files: CSV, XLSX, Parquet, Arrow. No cell of a file can become a formula."""

import csv
import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from deskmeter.base.errors import AskerError, BugError, nearest
from deskmeter.base.late import late
from deskmeter.query.export import Grid, Kind, Scalar

if TYPE_CHECKING:
    import pyarrow.parquet as pq
    import xlsxwriter
else:
    pq, xlsxwriter = late("pyarrow.parquet"), late("xlsxwriter")

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
ENDINGS = (".csv", ".json", ".parquet", ".xlsx")
_SHEET_ROWS, _SHEET_COLUMNS, _SHEET_TEXT = 1_048_576, 16_384, 32_767  # the format's own limits
_ARROW = {
    "text": pa.string(),
    "number": pa.float64(),
    "whole": pa.int64(),
    "flag": pa.bool_(),
    "date": pa.date32(),
    "instant": pa.timestamp("us", "UTC"),
}


def neutral(text: str) -> str:
    """The text with an apostrophe before it if a spreadsheet might take it for a formula.

    >>> [neutral("=1+1"), neutral("a=1"), neutral("＠x")]
    ["'=1+1", 'a=1', "'＠x"]
    """
    return "'" + text if text.startswith(FORMULA_STARTS) else text


def ending(path: Path) -> str:
    """The known ending of a file to write; AskerError with the nearest if there is no such format."""
    suffix = path.suffix.lower()
    if suffix not in ENDINGS:
        raise AskerError(f"no format for `{path.name}`{nearest(suffix, ENDINGS)}; write {', '.join(ENDINGS)}")
    return suffix


def to_csv(grid: Grid) -> str:
    """CSV text with CRLF ends; numbers in full, null as nothing, text neutralised against formulas."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([neutral(column.name) for column in grid.columns])
    for row in grid.rows:
        writer.writerow([_csv_cell(value) for value in row])
    return out.getvalue().encode("utf-8", "backslashreplace").decode("utf-8")


def to_arrow(grid: Grid) -> pa.Table:
    """An Arrow table; what must stand beside the numbers is in the schema's metadata under `deskmeter`."""
    arrays = [
        pa.array([_arrow_cell(row[place], column.kind) for row in grid.rows], _ARROW[column.kind])
        for place, column in enumerate(grid.columns)
    ]
    about = json.dumps(dict(grid.about), ensure_ascii=True).encode()
    names = [_encodable(column.name) for column in grid.columns]
    return pa.table(arrays, names=names).replace_schema_metadata({b"deskmeter": about})


def to_parquet(grid: Grid) -> bytes:
    """A Parquet file, zstd-compressed."""
    out = io.BytesIO()
    pq.write_table(to_arrow(grid), out, compression="zstd")
    return out.getvalue()


def to_xlsx(grid: Grid) -> bytes:
    """A workbook of two sheets, the rows and what they mean; text is text, never a formula or a link.

    Raises:
        AskerError: more rows or columns than a sheet can hold.
    """
    if len(grid.rows) >= _SHEET_ROWS or len(grid.columns) > _SHEET_COLUMNS:
        raise AskerError(f"{len(grid.rows):,} rows do not fit into a sheet of {_SHEET_ROWS:,}; write .parquet or .csv")
    out = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
    with xlsxwriter.Workbook(out, options) as book:
        if grid.as_of is not None:  # else the file would read the clock
            book.set_properties({"created": grid.as_of.astimezone(UTC).replace(tzinfo=None)})
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        formats = {
            "date": book.add_format({"num_format": "yyyy-mm-dd"}),
            "instant": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        }
        sheet = book.add_worksheet("rows")
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(grid.columns):
            sheet.write_string(0, place, _sheet_text(column.name), bold)
        for line, row in enumerate(grid.rows, 1):
            for place, value in enumerate(row):
                _write(sheet, line, place, value, formats)
        about = book.add_worksheet("definitions")
        about.set_column(0, 0, 36)
        about.set_column(1, 1, 100)
        for line, (name, text) in enumerate(grid.about):
            about.write_string(line, 0, _sheet_text(name), bold)
            about.write_string(line, 1, _sheet_text(text))
    return out.getvalue()


def grid_bytes(grid: Grid, suffix: str) -> bytes:
    """The content of a file with this ending (not `.json`, which is no grid)."""
    if suffix == ".csv":
        return to_csv(grid).encode()
    if suffix == ".parquet":
        return to_parquet(grid)
    if suffix == ".xlsx":
        return to_xlsx(grid)
    raise BugError(f"a grid is not written as {suffix}")


def write_whole(data: bytes, path: Path) -> None:
    """Writes a file as a whole or not at all: an interrupted export leaves the old file as it was."""
    half = path.with_name(f".{path.name}.part")
    try:
        half.write_bytes(data)
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)


def _csv_cell(value: Scalar) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):  # an instant too
        return value.isoformat()
    return neutral(value) if isinstance(value, str) else repr(value)


def _arrow_cell(value: Scalar, kind: Kind) -> Scalar:
    if value is None:
        return None
    if kind == "number":
        return float(value)  # type: ignore[arg-type]  # a number column holds ints and floats alone
    if kind == "instant" and isinstance(value, datetime):
        return value.astimezone(UTC)
    return _encodable(value) if isinstance(value, str) else value


def _encodable(text: str) -> str:
    """The text with lone surrogates written out: no file format can hold them."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _sheet_text(text: str) -> str:
    shown = _encodable(text)
    return shown if len(shown) <= _SHEET_TEXT else shown[: _SHEET_TEXT - 1] + "…"


def _write(
    sheet: "xlsxwriter.worksheet.Worksheet", line: int, place: int, value: Scalar, formats: dict[str, object]
) -> None:
    """Writes what a sheet can hold exactly as itself, and all else as text."""
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(line, place, value)
    elif isinstance(value, str):
        sheet.write_string(line, place, _sheet_text(value))
    elif isinstance(value, date) and value.year < 1900:  # before the first day of a sheet
        sheet.write_string(line, place, value.isoformat())
    elif isinstance(value, datetime):
        sheet.write_datetime(line, place, value.replace(tzinfo=None), formats["instant"])
    elif isinstance(value, date):
        sheet.write_datetime(line, place, datetime(value.year, value.month, value.day), formats["date"])
    elif isinstance(value, int) and abs(value) > 2**53:
        sheet.write_string(line, place, str(value))
    else:
        sheet.write_number(line, place, value)
