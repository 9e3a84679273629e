"""Finds the row of column names, or that there is none."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deskmeter.base.errors import DataError
from deskmeter.connectors.files.columns import check_width
from deskmeter.connectors.files.records import Record
from deskmeter.connectors.files.source import shown
from deskmeter.connectors.protocol import ReadLimits

_NUMBER = re.compile(r"[-+]?[0-9][0-9.,' ]*%?")
_DATE = re.compile(r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}([ T].*)?")
_SHAPED_CELLS_N = 64


@dataclass(frozen=True)
class Header:
    """The header's line (0: none), the names of the columns as they stand, and notes on what was assumed."""

    row: int
    cells: tuple[str, ...]
    notes: tuple[str, ...] = ()


def find_header(sample: Sequence[Record], hint: int | None, path: Path, limits: ReadLimits) -> Header:
    """The header among the first records; without one the columns have empty names.

    Raises:
        DataError: no record on the line that the hint names, a header that cannot be read, too many columns.
    """
    bare = data_like_cell(sample) if hint is None else None
    if hint == 0 or bare is not None:
        width = usual_width(sample)
        check_width(width, path, limits)
        said = f"the first row ({bare}) looks like data, not like names: columns are called column_1, column_2 ..."
        return Header(0, ("",) * width, (said,) if bare else ())
    header = _first_below_titles(sample) if hint is None else _record_on(hint, sample, path)
    if header.reason:
        raise DataError(f"line {header.line} of {shown(path)}, the column names, cannot be read: {header.reason}")
    check_width(len(header.fields), path, limits)
    return Header(header.line, tuple(header.fields))


def usual_width(sample: Sequence[Record]) -> int:
    """The most frequent number of fields, the larger of two equally frequent ones."""
    counts = Counter(len(record.fields) for record in sample if record.reason is None)
    return max(counts, key=lambda width: (counts[width], width), default=1)


def data_like_cell(sample: Sequence[Record]) -> str | None:
    """The cell by which the first record is seen to be data: a number or date, as all cells below it are.

    A word above numbers says the opposite, and wins.
    """
    rows = [record.fields for record in sample if record.reason is None]
    first, below = rows[0] if rows else [], rows[1:]
    if not below or len(first) != len(below[0]):
        return None
    like_data: str | None = None
    for index, cell in enumerate(first[:_SHAPED_CELLS_N]):
        column = [row[index] for row in below if len(row) > index and row[index].strip()]
        if not cell.strip() or not column or None in {_shape(value) for value in column}:
            continue
        if _shape(cell) is None:
            return None
        like_data = like_data or f"`{cell.strip()[:40]}`"
    return like_data


def _shape(cell: str) -> re.Pattern[str] | None:
    """The pattern of a number or date that a cell is; None for any other text."""
    return next((shape for shape in (_DATE, _NUMBER) if shape.fullmatch(cell.strip())), None)


def _record_on(line: int, sample: Sequence[Record], path: Path) -> Record:
    found = next((record for record in sample if record.line == line), None)
    if found is None:
        lines = ", ".join(str(record.line) for record in sample[:5])
        raise DataError(f"no record begins on line {line} of {shown(path)} (the first begin on {lines})")
    return found


def _first_below_titles(sample: Sequence[Record]) -> Record:
    """The first record that is no title: a title is a line of one cell above a table of several columns."""
    width = usual_width(sample)
    if width > 1:
        for record in sample:
            if record.reason or sum(1 for cell in record.fields if cell.strip()) > 1:
                is_names = len(record.fields) == width and not any(_shape(cell) for cell in record.fields)
                return record if is_names and not record.reason else sample[0]
    return sample[0]
