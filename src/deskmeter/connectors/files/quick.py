"""The quick way through delimited text: a whole block at once, taken only where it must equal the careful way."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from deskmeter.connectors.files.records import without_line_end
from deskmeter.connectors.files.text import count_lines, count_of, readable, split_lines


@dataclass(frozen=True)
class QuickBlock:
    """Rows of the records that `text` holds whole; `rest` is what a quote keeps open at the block's end."""

    table: pa.Table
    lines: pa.Int64Array
    raw: Callable[[int], str]
    rest: bytes


def read_quickly(
    block: bytes, first_line: int, header: tuple[str, ...], names: tuple[str, ...], delimiter: str
) -> QuickBlock | None:
    """The rows of `block`, which begins with a record; None if it holds anything out of the ordinary.

    Ordinary is: UTF-8 without NUL, no blank line, no lone carriage return, every quote opens a field, closes it
    or is written twice inside it, every record as wide as the header and none like it. Then there is one way to
    read the text, and RFC 4180, the csv module and Arrow agree on it.
    """
    text = _whole_records(block)
    if not text or b"\0" in text or (b"\r" in text and count_of(b"\r", text) != text.count(b"\r\n")):
        return None
    if not _is_well_quoted(text, delimiter.encode()):
        return None
    table = _parsed(text, names, delimiter)
    if table is None or (header and _has_value(table.column(0), header[0])):
        return None
    lines = _first_lines(table, first_line, count_lines(text))
    if lines is None:
        return None
    return QuickBlock(table, lines, _RawLines(text, lines, first_line), block[len(text) :])


def _whole_records(block: bytes) -> bytes:
    """`block` up to the last line end before which all quotes are paired."""
    is_open = count_of(b'"', block) % 2 == 1
    end = len(block)
    while is_open and end > 0:
        start = block.rfind(b"\n", 0, end - 1) + 1
        is_open = is_open != (block.count(b'"', start, end) % 2 == 1)
        end = start
    return block[:end]


def _is_well_quoted(text: bytes, delimiter: bytes) -> bool:
    """Whether each quote opens a field, closes it, or is written twice inside it.

    Every second quote opens, the others close. Between one that closes and the next that opens there is nothing,
    which is a quote written twice, or what begins where a field can end and ends where one can begin.
    """
    if b'"' not in text:
        return True
    content = np.frombuffer(b"\n" + text + b"\n", dtype=np.uint8)  # a field can begin and end at the text's own ends
    quotes = np.flatnonzero(content == ord('"'))
    opening, closing = quotes[0::2], quotes[1::2]
    may_end = np.isin(content[closing + 1], list(delimiter + b"\r\n"))
    may_begin = np.isin(content[opening - 1], list(delimiter + b"\n"))
    is_twice = opening[1:] == closing[:-1] + 1
    may_end[:-1] |= is_twice
    may_begin[1:] |= is_twice
    return bool(may_end.all() and may_begin.all())


def _parsed(text: bytes, names: tuple[str, ...], delimiter: str) -> pa.Table | None:
    positions = [str(index) for index in range(len(names))]
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(text),
            read_options=pa_csv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=positions),
            parse_options=pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pa_csv.ConvertOptions(column_types=dict.fromkeys(positions, pa.string())),
        )
    except pa.ArrowInvalid:
        return None  # ragged or not UTF-8: the careful way finds the row and says why
    return table.rename_columns(list(names)).combine_chunks()


def _has_value(column: pa.ChunkedArray, value: str) -> bool:
    return bool(pc.any(pc.equal(column, value)).as_py())


def _first_lines(table: pa.Table, first_line: int, lines_n: int) -> pa.Int64Array | None:
    """The line on which each row begins, from the line feeds inside the rows before it.

    None if the rows do not fill the lines: then there are blank lines, which Arrow leaves out.
    """
    rows_n = table.num_rows
    if rows_n == lines_n:
        return pa.array(np.arange(first_line, first_line + rows_n, dtype=np.int64))
    spans = pa.chunked_array([pa.array(np.ones(rows_n, dtype=np.int64))])
    for column in table.columns:
        if _has_line_feed(column):
            spans = pc.add(spans, pc.cast(pc.count_substring(column, "\n"), pa.int64()))
    ends = pc.cumulative_sum(spans)
    if rows_n == 0 or ends[-1].as_py() != lines_n:
        return None
    starts = pc.add(pc.subtract(ends, spans), first_line)
    return starts.combine_chunks()


def _has_line_feed(column: pa.ChunkedArray) -> bool:
    """Whether there may be one, by a look at the bytes of all values at once."""
    contents = (chunk.buffers()[2] for chunk in column.chunks)
    return any(
        content is not None and bool((np.frombuffer(content, dtype=np.uint8) == ord("\n")).any())
        for content in contents
    )


class _RawLines:
    """Gives the raw text of a row; the block is split at the first question, as most are never asked."""

    def __init__(self, text: bytes, lines: pa.Int64Array, first_line: int) -> None:
        self._text = text
        self._lines = lines
        self._first_line = first_line
        self._split: list[bytes] = []

    def __call__(self, index: int) -> str:
        if not self._split:
            self._split = split_lines(self._text)
        start = self._lines[index].as_py() - self._first_line
        end = self._lines[index + 1].as_py() - self._first_line if index + 1 < len(self._lines) else None
        return readable(without_line_end(b"".join(self._split[start:end])))
