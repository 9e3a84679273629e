"""Reads delimited text in batches, quickly where it is plain and carefully where it is not."""

from collections.abc import Iterator, Sequence

import pyarrow as pa

from deskmeter.connectors.files.quick import read_quickly
from deskmeter.connectors.files.records import Dialect, Record, RecordReader
from deskmeter.connectors.files.text import Lines, count_lines
from deskmeter.connectors.protocol import RawBatch, ReadLimits, RowProblem


def read_delimited(
    lines: Lines, dialect: Dialect, names: tuple[str, ...], header_row: int, limits: ReadLimits, is_quick: bool = True
) -> Iterator[RawBatch]:
    """The rows below the header, in batches of about a block each; what precedes the header is set aside.

    Args:
        lines: the file's lines from the first on.
        dialect: delimiter and encoding.
        names: names of the columns.
        header_row: the line on which the header begins; 0 if there is none.
        limits: sizes of blocks and records.
        is_quick: False reads everything the careful way; the outcome is the same.
    """
    reader = RecordReader(lines, dialect, limits.record_bytes)
    above, header = _down_to_header(reader, header_row)
    before = tuple(RowProblem(r.line, r.reason or "the row stands above the header", r.raw_text) for r in above)
    reader = RecordReader(lines, dialect, limits.record_bytes, len(names))
    is_first = True
    while True:
        first_line = lines.number
        block = lines.take_block()
        if not block:
            break
        quick = read_quickly(block, first_line, header, names, dialect.delimiter) if is_quick else None
        if quick is not None and not reader.is_doubtful:
            lines.give_back_text(quick.rest)
            yield RawBatch(names, quick.table, quick.lines, before, quick.raw)
        else:
            lines.give_back_text(block)
            yield _careful_batch(reader.records(first_line + count_lines(block)), header, names, before)
        before, is_first = (), False
    if is_first:
        yield _careful_batch(iter(()), header, names, before)


def _down_to_header(reader: RecordReader, header_row: int) -> tuple[list[Record], tuple[str, ...]]:
    above: list[Record] = []
    if header_row:
        for record in reader.records():
            if record.line >= header_row:
                return above, tuple(record.fields)
            above.append(record)
    return above, ()


def _careful_batch(
    records: Iterator[Record], header: Sequence[str], names: tuple[str, ...], before: tuple[RowProblem, ...]
) -> RawBatch:
    rows: list[Record] = []
    problems = list(before)
    head = list(header)
    for record in records:
        reason = record.reason
        if reason is None and record.fields == head:
            reason = "the row repeats the header"
        if reason is None:
            rows.append(record)
        else:
            problems.append(RowProblem(record.line, reason, record.raw_text))
    columns = zip(*(row.fields for row in rows), strict=True) if rows else ([] for _ in names)
    table = pa.table([pa.array(column, pa.string()) for column in columns], names=list(names))
    lines = pa.array([row.line for row in rows], pa.int64())
    return RawBatch(names, table, lines, tuple(problems), lambda index: rows[index].raw_text)
