"""Parquet and XLSX give strings that lose nothing."""

import gzip
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from deskmeter.base.errors import DataError
from deskmeter.connectors.files.read import read_rows, sniff
from deskmeter.connectors.protocol import ReadHints, ReadLimits

AT = datetime(2024, 1, 5, 10, 0, 1, tzinfo=UTC)

TYPED = {
    "id": pa.array([360008426314, 2]),
    "float_id": pa.array([360008426314.0, None]),
    "score": pa.array([1.5, float("nan")]),
    "at": pa.array([AT, None], pa.timestamp("us", tz="UTC")),
    "local_at": pa.array([AT.replace(tzinfo=None), None], pa.timestamp("ms")),
    "day": pa.array([date(2024, 1, 5), None]),
    "hour": pa.array([time(9, 30), None]),
    "took": pa.array([timedelta(hours=30), None]),
    "paid": pa.array([Decimal("12.50"), None]),
    "is_open": pa.array([True, False]),
    "status": pa.array(["open", "closed"]).dictionary_encode(),
    "large": pa.array(["é", ""], pa.large_string()),
    "bytes": pa.array([b"ab", b"\xff"]),
    "by": pa.array([{"id": 1, "name": {"last": "Ann"}}, None]),
    "messages": pa.array([[{"body": "hi", "at": AT}], []]),
}


@pytest.mark.parametrize("is_packed", [False, True])
def test_parquet_of_every_type_becomes_strings(tmp_path: Path, is_packed: bool) -> None:
    path = tmp_path / "typed.parquet"
    pq.write_table(pa.table(TYPED), path)
    if is_packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    (batch,) = read_rows(path)
    first, second = batch.table.to_pylist()
    assert first == {
        "id": "360008426314",
        "float_id": "360008426314",
        "score": "1.5",
        "at": "2024-01-05T10:00:01.000000Z",
        "local_at": "2024-01-05T10:00:01.000",
        "day": "2024-01-05",
        "hour": "09:30:00.000000",
        "took": "30:00:00",
        "paid": "12.50",
        "is_open": "true",
        "status": "open",
        "large": "é",
        "bytes": "ab",
        "by.id": "1",
        "by.name.last": "Ann",
        "messages": '[{"body": "hi", "at": "2024-01-05T10:00:01+00:00"}]',
    }
    assert (second["score"], second["bytes"], second["by.id"], second["messages"]) == ("NaN", "ff", None, "[]")
    assert all(column.type == pa.string() for column in batch.table.columns)
    assert batch.lines.to_pylist() == [1, 2]
    assert '"paid": "12.50"' in batch.raw_text(0)


def test_the_facts_name_the_types_of_parquet(tmp_path: Path) -> None:
    path = tmp_path / "typed.parquet"
    pq.write_table(pa.table(TYPED), path)
    types = dict(zip(sniff(path).columns, sniff(path).types, strict=True))
    assert types["id"] == "int64"
    assert types["at"] == "timestamp[us, tz=UTC]"
    assert types["messages"] == "list"
    assert types["status"] == types["large"] == types["by.name.last"] == "string"


def test_parquet_comes_in_batches_numbered_through(tmp_path: Path) -> None:
    path = tmp_path / "many.parquet"
    pq.write_table(pa.table({"id": list(range(250))}), path, row_group_size=90)
    batches = list(read_rows(path, ReadHints(limits=ReadLimits(batch_rows_n=100))))
    assert [line for batch in batches for line in batch.lines.to_pylist()] == list(range(1, 251))
    assert max(batch.table.num_rows for batch in batches) <= 100


def test_a_parquet_row_with_a_nul_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "nul.parquet"
    pq.write_table(pa.table({"id": [1, 2], "note": ["a\0b", "ok"]}), path)
    (batch,) = read_rows(path)
    assert batch.table.to_pydict() == {"id": ["2"], "note": ["ok"]}
    assert [(p.line, p.reason) for p in batch.problems] == [(1, "the row holds a NUL character")]
    assert batch.raw_text(0) == '{"id": 2, "note": "ok"}'


def test_parquet_text_that_is_not_utf8_refuses_the_file(tmp_path: Path) -> None:
    path = tmp_path / "latin.parquet"
    bad = pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xe9\xe9"))
    pq.write_table(pa.table({"note": bad}), path)
    with pytest.raises(DataError, match=r"is damaged or not Parquet: .*UTF8"):
        list(read_rows(path))


def test_parquet_without_rows_has_columns(tmp_path: Path) -> None:
    path = tmp_path / "none.parquet"
    pq.write_table(pa.table({"id": pa.array([], pa.int64())}), path)
    (batch,) = read_rows(path)
    assert (batch.columns, batch.table.num_rows) == (("id",), 0)


def test_a_workbook_keeps_dates_numbers_and_places(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("Tickets")
    stamp, day, span = (
        book.add_format({"num_format": form}) for form in ("yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd", "[hh]:mm:ss")
    )
    sheet.write_row(2, 1, ["id", "at", "day", "took", "ok", "id"])
    sheet.write_number(3, 1, 360008426314)
    sheet.write_datetime(3, 2, AT.replace(tzinfo=None), stamp)
    sheet.write_datetime(3, 3, datetime(2024, 1, 5), day)
    sheet.write_number(3, 4, 1.25, span)
    sheet.write_boolean(3, 5, True)
    sheet.write_string(3, 6, "007")
    book.close()
    facts = sniff(path)
    (batch,) = read_rows(path)
    assert batch.table.to_pylist() == [
        {"id": "360008426314", "at": "2024-01-05T10:00:01", "day": "2024-01-05", "took": "30:00:00", "ok": "true",
         "id_2": "007"}
    ]  # fmt: skip
    assert batch.lines.to_pylist() == [4]
    assert facts.types == ("int64", "timestamp[us]", "date32[day]", "duration", "bool", "string")
    packed = tmp_path / "book.xlsx.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert next(read_rows(packed)).table.equals(batch.table)
