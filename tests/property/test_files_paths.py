"""The quick and the careful way through delimited text give the same, on any text and any block size."""

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from deskmeter.connectors.files.delimited import read_delimited
from deskmeter.connectors.files.read import read_rows
from deskmeter.connectors.files.records import Dialect
from deskmeter.connectors.files.text import Lines
from deskmeter.connectors.protocol import RawBatch, ReadHints, ReadLimits

NAMES = ("id", "note", "status")
HEADER = b"id,note,status\n"

CELLS = st.text(st.sampled_from(list('ab1 ,;"\n\r\té€🙂')), max_size=6)
TABLES = st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=12)
# Pieces that break every rule of quoting, of encodings and of width, between ones that keep them.
LETTERS = (b"a", b"b", b",", b",", b'"', b'""', b"\n", b"\n", b"\r\n", b"\r", b" ", b"\0", b"\xe9", "é".encode())
RECORDS = (b"1,x,open\n", b'2,"x, ""y""\nz",open\n', b"3,x\n", b"\n\n", HEADER, b'4,"a"b,open\n', b'5,",open\n')
PIECES = st.sampled_from([*LETTERS, *RECORDS])
CHAOS = st.lists(PIECES, max_size=40).map(b"".join)
BLOCKS = st.integers(1, 64)


def read(text: bytes, block_bytes: int, is_quick: bool) -> list[RawBatch]:
    limits = ReadLimits(block_bytes=block_bytes, record_bytes=1 << 16)
    content = HEADER + text
    blocks = [content[start : start + block_bytes] for start in range(0, len(content), block_bytes)]
    lines = Lines(blocks, Path("made.csv"), limits)
    return list(read_delimited(lines, Dialect(",", "utf-8"), NAMES, 1, limits, is_quick))


def told(batches: list[RawBatch]) -> tuple[list[object], list[object]]:
    """All rows and all problems with line and raw text, whatever the batches."""
    rows: list[object] = []
    problems: list[object] = []
    for batch in batches:
        cells = zip(*(column.to_pylist() for column in batch.table.columns), strict=True)
        lines = batch.lines.to_pylist()
        rows.extend((line, row, batch.raw_text(i)) for i, (line, row) in enumerate(zip(lines, cells, strict=True)))
        problems.extend((problem.line, problem.reason, problem.raw_text) for problem in batch.problems)
    return rows, problems


def lines_of(batches: list[RawBatch]) -> list[int]:
    return [line for batch in batches for line in [*batch.lines.to_pylist(), *(p.line for p in batch.problems)]]


@settings(max_examples=400, deadline=None)
@given(CHAOS, BLOCKS)
def test_quick_equals_careful_on_any_text(text: bytes, block_bytes: int) -> None:
    careful = told(read(text, 1 << 16, is_quick=False))
    assert told(read(text, block_bytes, is_quick=True)) == careful
    assert told(read(text, block_bytes, is_quick=False)) == careful


@settings(max_examples=200, deadline=None)
@given(CHAOS, BLOCKS)
def test_no_record_is_lost_or_read_twice(text: bytes, block_bytes: int) -> None:
    lines = lines_of(read(text, block_bytes, is_quick=True))
    assert len(lines) == len(set(lines))
    rows, problems = told(read(text, block_bytes, is_quick=True))
    kept = "".join(sorted("".join(entry[2] for entry in [*rows, *problems])))  # type: ignore[index]
    whole = "".join(sorted(text.decode("utf-8", "backslashreplace")))
    for line_end in "\r\n":
        kept, whole = kept.replace(line_end, ""), whole.replace(line_end, "")
    assert kept == whole


@settings(max_examples=300, deadline=None)
@given(TABLES, BLOCKS, st.sampled_from(["\n", "\r\n"]))
def test_what_a_csv_writer_wrote_comes_back(table: list[tuple[str, ...]], block_bytes: int, line_end: str) -> None:
    target = io.StringIO(newline="")
    # With a line feed alone the writer leaves a carriage return bare, which nobody can read back.
    dialect = csv.unix_dialect if line_end == "\n" else csv.excel
    csv.writer(target, dialect).writerows(table)
    rows, problems = told(read(target.getvalue().encode(), block_bytes, is_quick=True))
    assert [row[1] for row in rows] == [row for row in table if row != NAMES]  # type: ignore[index]
    assert problems == []


@settings(max_examples=150, deadline=None)
@given(TABLES, st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["utf-8-sig", "utf-16", "utf-8"]))
def test_a_written_table_comes_back_with_its_hints(table: list[tuple[str, ...]], delimiter: str, encoding: str) -> None:
    target = io.StringIO(newline="")
    csv.writer(target, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([NAMES, *table])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "made.csv"
        path.write_bytes(target.getvalue().encode(encoding))
        rows, problems = told(list(read_rows(path, ReadHints(delimiter=delimiter, header_row=1))))
    assert [row[1] for row in rows] == [row for row in table if row != NAMES]  # type: ignore[index]
    assert len(problems) == sum(row == NAMES for row in table)
