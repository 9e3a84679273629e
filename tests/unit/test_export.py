"""One answer, the same in every format, and no cell that a spreadsheet would run."""

import csv
import io
import json
import re
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from answers import CSAT, FIRST_REPLY, drill, result, weekly
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from deskmeter.base.errors import AskerError, BugError
from deskmeter.query.export import Grid, GridColumn, drill_grid, drill_object, result_grid, result_object, to_json
from deskmeter.query.result import DrillResult
from deskmeter.query.sheets import (
    FORMULA_STARTS,
    ending,
    grid_bytes,
    neutral,
    to_arrow,
    to_csv,
    to_parquet,
    to_xlsx,
    write_whole,
)


def sheet_of(data: bytes) -> list[list[object]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_name("rows").to_python()


def test_the_json_object_has_what_the_contract_names() -> None:
    whole = json.loads(to_json(result_object(result((CSAT, FIRST_REPLY)))))
    assert whole["as_of"] == "2026-05-25T10:30:00+01:00"
    assert whole["period"] == {"from": "2026-05-04T00:00:00+01:00", "to": "2026-05-25T00:00:00+01:00", "grain": None}
    assert whole["metrics"][1]["id"] == "first_reply_time"
    assert {"id", "unit", "date_basis", "credit", "clock", "statistic", "definition", "version"} <= set(
        whole["metrics"][0]
    )
    row = whole["rows"][0]
    assert (row["team"], row["period"]) == ("Billing", None)
    assert row["csat"]["value"] == 0.9
    assert {"value", "n", "low", "high", "numerator", "denominator", "previous"} <= set(row["csat"])
    assert row["csat"]["change"]["verdict"] == "better"
    assert whole["rows"][1]["csat"] == {
        "value": None, "n": 0, "low": None, "high": None, "numerator": 0.0, "denominator": 0.0, "previous": None,
    }  # fmt: skip
    assert whole["freshness"][0]["source"] == "helpdesk"


def test_a_bucket_is_its_first_local_day() -> None:
    whole = json.loads(to_json(result_object(weekly())))
    assert [row["period"] for row in whole["rows"][:2]] == ["2026-05-04", "2026-05-11"]
    assert whole["rows"][-1]["is_total"] is True


def test_csv_holds_the_full_number_and_nothing_for_null() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(result_grid(result())))))
    assert rows[0]["csat"] == "0.9"
    assert rows[0]["csat_high"] == "0.9821"
    assert rows[0]["csat_verdict"] == "better"
    assert (rows[1]["team"], rows[1]["csat"], rows[1]["csat_n"]) == ("'=Field", "", "0")


def test_json_csv_arrow_parquet_and_xlsx_say_the_same() -> None:
    answer = weekly((CSAT, FIRST_REPLY))
    grid = result_grid(answer)
    values = [row["first_reply_time"]["value"] for row in json.loads(to_json(result_object(answer)))["rows"]]
    table = to_arrow(grid)
    assert table["first_reply_time"].to_pylist() == values
    assert pq.read_table(io.BytesIO(to_parquet(grid))).equals(table)
    assert [float(row["first_reply_time"]) for row in csv.DictReader(io.StringIO(to_csv(grid)))] == values
    header, *rows = sheet_of(to_xlsx(grid))
    assert [row[header.index("first_reply_time")] for row in rows] == values


def test_arrow_has_types_and_the_definition_beside_the_numbers() -> None:
    table = to_arrow(result_grid(weekly()))
    assert table.schema.field("period").type == pa.date32()
    assert table.schema.field("csat_n").type == pa.int64()
    assert table["period"][0].as_py() == date(2026, 5, 4)
    about = json.loads(table.schema.metadata[b"deskmeter"])
    assert about["csat.definition"] == "Satisfied answers / answers."


def test_an_empty_answer_still_has_its_columns() -> None:
    grid = result_grid(result(rows=()))
    assert to_csv(grid) == "team,csat,csat_n\r\n"
    assert to_arrow(grid).num_rows == 0


def test_a_drill_keeps_its_columns_kinds() -> None:
    table = to_arrow(drill_grid(drill()))
    assert table.schema.names == ["ticket", "replied_at", "seconds", "is_open"]
    assert table["replied_at"][0].as_py() == datetime(2026, 5, 4, 9, tzinfo=UTC)
    whole = drill_object(drill(), "Europe/London")
    assert whole["rows"] == [
        {"ticket": "T-1", "replied_at": "2026-05-04T10:00:00+01:00", "seconds": 60, "is_open": False},
        {"ticket": "@T-2", "replied_at": None, "seconds": 120, "is_open": None},
    ]


def test_a_drill_column_of_mixed_kinds_becomes_text() -> None:
    grid = drill_grid(DrillResult(CSAT, ("a", "b"), ((1, 1), ("x", 2.5)), 2, None, None, None))
    assert grid.rows == (("1", 1), ("x", 2.5))
    assert [column.kind for column in grid.columns] == ["text", "number"]


def test_a_drill_value_of_a_strange_type_is_our_bug() -> None:
    with pytest.raises(BugError, match="a drill holds a list"):
        drill_grid(DrillResult(CSAT, ("a",), (([1],),), 1, None, None, None))


hostile = st.builds(str.__add__, st.sampled_from(["", *FORMULA_STARTS]), st.text(max_size=8))


@given(name=hostile, cells=st.lists(hostile, min_size=1, max_size=5))
def test_no_csv_cell_begins_like_a_formula(name: str, cells: list[str]) -> None:
    text = to_csv(Grid((GridColumn(name, "text"),), tuple((cell,) for cell in cells)))
    back = list(csv.reader(io.StringIO(text, newline="")))
    assert not any(cell.startswith(FORMULA_STARTS) for row in back for cell in row)
    kept = [row[0] if row else "" for row in back[1:]]
    assert kept == [neutral(cell) for cell in cells]


@given(name=hostile, cells=st.lists(hostile, min_size=1, max_size=5))
def test_no_xlsx_cell_is_a_formula_and_every_text_is_a_text(name: str, cells: list[str]) -> None:
    data = to_xlsx(Grid((GridColumn(name, "text"),), tuple((cell,) for cell in cells)))
    sheet = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")
    assert b"<f" not in sheet
    assert set(re.findall(rb' t="(\w+)"', sheet)) <= {b"s"}
    back = sheet_of(data)[1:]
    for cell, row in zip(cells, back, strict=False):
        if cell and cell.isascii() and cell.isprintable():
            assert row[0] == cell


def test_text_that_looks_like_a_formula_a_link_or_a_number_stays_text_in_xlsx() -> None:
    cells = ("=1+1", "http://example.com", "007", "-5", "{=A1}", "x" * 40_000)
    data = to_xlsx(Grid((GridColumn("cell", "text"),), tuple((cell,) for cell in cells)))
    back = [row[0] for row in sheet_of(data)[1:]]
    assert back[:5] == list(cells[:5])
    assert back[5] == "x" * 32_766 + "…"


def test_dates_before_sheets_and_whole_numbers_beyond_floats_are_written_as_text() -> None:
    columns = (GridColumn("on", "date"), GridColumn("at", "instant"), GridColumn("n", "whole"), GridColumn("f", "flag"))
    old = (date(1850, 1, 2), datetime(1850, 1, 2, tzinfo=UTC), 2**60, True)
    new = (date(2026, 1, 2), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), 17, False)
    first, second = sheet_of(to_xlsx(Grid(columns, (old, new))))[1:]
    assert first == ["1850-01-02", "1850-01-02T00:00:00+00:00", str(2**60), True]
    assert second == [date(2026, 1, 2), datetime(2026, 1, 2, 3, 4, 5), 17, False]


def test_the_ending_of_a_file_names_its_format(tmp_path: Path) -> None:
    assert ending(Path("a/B.XLSX")) == ".xlsx"
    with pytest.raises(AskerError, match=r"no format for `a.cvs`; did you mean `.csv`"):
        ending(Path("a.cvs"))
    for suffix in (".csv", ".parquet", ".xlsx"):
        write_whole(grid_bytes(result_grid(result()), suffix), tmp_path / f"answer{suffix}")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["answer.csv", "answer.parquet", "answer.xlsx"]
    with pytest.raises(BugError):
        grid_bytes(result_grid(result()), ".json")


def test_a_file_that_cannot_be_replaced_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "answer.csv").mkdir()
    with pytest.raises(OSError, match="answer"):
        write_whole(b"x", tmp_path / "answer.csv")
    assert [file.name for file in tmp_path.iterdir()] == ["answer.csv"]
