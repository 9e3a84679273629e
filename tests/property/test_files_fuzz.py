"""Whatever bytes a file holds, reading it ends in rows and reasons or in one DataError, and nothing else."""

import gzip
import io
import json
import runpy
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskmeter.base.errors import DataError
from deskmeter.connectors.files.read import read_rows
from deskmeter.connectors.protocol import FORMATS, Format, ReadHints, ReadLimits

MADE = runpy.run_path(str(Path(__file__).parents[1] / "data" / "make_hostile.py"))
LIMITS = ReadLimits(block_bytes=64, record_bytes=1 << 16, held_bytes=1 << 22, cells_n=100_000)
ENDINGS: dict[Format, str] = {
    "delimited": ".csv", "json": ".json", "jsonl": ".jsonl", "parquet": ".parquet", "xlsx": ".xlsx"
}  # fmt: skip


def _parquet() -> bytes:
    target = io.BytesIO()
    nested = pa.table({"id": [1, 2], "note": ["a", None], "by": [{"x": 1}, None], "tags": [["a"], []]})
    pq.write_table(nested, target)
    return target.getvalue()


WHOLE: dict[Format, bytes] = {
    "delimited": MADE["FILES"]["quoted_newlines.csv"],
    "json": MADE["FILES"]["one_array.json"],
    "jsonl": MADE["FILES"]["lines.jsonl"],
    "parquet": _parquet(),
    "xlsx": MADE["FILES"]["plain.xlsx"],
}
SYNTAX = st.lists(
    st.sampled_from(
        [b"{", b"}", b"[", b"]", b'"', b":", b",", b"1", b"-", b"1e9", b"null", b"\\u", b"\n", b"a", b"\xff"]
    )
).map(b"".join)
EDITS = st.lists(st.tuples(st.integers(0, 1 << 14), st.binary(max_size=3), st.integers(0, 3)), max_size=6)


def edited(content: bytes, edits: list[tuple[int, bytes, int]]) -> bytes:
    for place, put, cut_n in edits:
        at = place % (len(content) + 1)
        content = content[:at] + put + content[at + cut_n :]
    return content


def ends_well(content: bytes, ending: str, hints: ReadHints) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"made{ending}"
        path.write_bytes(content)
        try:
            for batch in read_rows(path, hints):
                assert batch.table.num_rows == len(batch.lines) or not batch.columns
                assert tuple(batch.table.column_names) == batch.columns
                assert all(problem.reason for problem in batch.problems)
                for index in range(batch.table.num_rows):
                    batch.raw_text(index).encode("utf-8", "backslashreplace")
        except DataError as error:
            said = str(error)
        else:
            return
    assert "\n" not in said
    assert "made" in said


@pytest.mark.parametrize("kind", FORMATS)
@settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=300) | SYNTAX, is_named=st.booleans())
def test_random_bytes_never_break_a_reader(kind: Format, content: bytes, is_named: bool) -> None:
    ends_well(content, ENDINGS[kind], ReadHints(format=kind if is_named else None, limits=LIMITS))


@pytest.mark.parametrize("kind", FORMATS)
@settings(max_examples=150, deadline=None)
@given(edits=EDITS, is_packed=st.booleans())
def test_damaged_files_never_break_a_reader(kind: Format, edits: list[tuple[int, bytes, int]], is_packed: bool) -> None:
    content = edited(WHOLE[kind], edits)
    if is_packed:
        content = gzip.compress(content, mtime=0)
    ends_well(content, ENDINGS[kind] + ".gz" * is_packed, ReadHints(limits=LIMITS))


@settings(max_examples=150, deadline=None)
@given(edits=EDITS)
def test_damaged_gzip_never_breaks_a_reader(edits: list[tuple[int, bytes, int]]) -> None:
    ends_well(edited(gzip.compress(WHOLE["delimited"], mtime=0), edits), ".csv.gz", ReadHints(limits=LIMITS))


@settings(max_examples=100, deadline=None)
@given(
    content=st.binary(max_size=200),
    encoding=st.sampled_from(["utf-8", "utf-16", "utf-7", "cp1252", "mixed", "shift_jis"]),
)
def test_random_bytes_in_any_encoding_never_break_a_reader(content: bytes, encoding: str) -> None:
    ends_well(content, ".csv", ReadHints(format="delimited", encoding=encoding, limits=LIMITS))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(VALUES, max_size=6), st.integers(1, 40))
def test_json_reads_the_same_in_any_blocks(values: list[object], block_bytes: int) -> None:
    blocks = [ReadLimits(), ReadLimits(block_bytes=block_bytes)]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "made.json"
        path.write_text(json.dumps({"count": 1, "rows": values}), "utf-8")
        small, large = (
            [
                (line, {name: cell for name, cell in row.items() if cell is not None}, batch.raw_text(index))
                for batch in read_rows(path, ReadHints(records_path="rows", limits=limits))
                for index, (line, row) in enumerate(zip(batch.lines.to_pylist(), batch.table.to_pylist(), strict=True))
            ]
            for limits in blocks
        )
    assert small == large
