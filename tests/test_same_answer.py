"""One number, the same digits wherever it is read: terminal, JSON, CSV, Python, and the rows behind it."""

import csv
import io
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import deskmeter
from deskmeter.metrics.catalogue import BUILT_IN
from deskmeter.metrics.spec import Count, Ratio, Share
from deskmeter.python import Answer, Desk
from deskmeter.query.format import format_cell
from deskmeter.query.result import Cell

PERIOD = "2026-03-01..2026-06-01"
IDS = sorted(BUILT_IN)


def said(folder: Path, *words: str) -> str:
    """What a real process prints for `deskmeter ask`."""
    line = [sys.executable, "-m", "deskmeter", "ask", "--desk", str(folder), *words]
    env = {**os.environ, "COLUMNS": "110", "NO_COLOR": "1"}
    done = subprocess.run(line, capture_output=True, text=True, env=env, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture(scope="module")
def printed(demo_folder: Path) -> dict[str, str]:
    """All metrics in one command, in each of its forms."""
    forms = {"json": ["--json"], "csv": ["--csv"], "table": []}
    return {form: said(demo_folder, *IDS, "--period", PERIOD, *words) for form, words in forms.items()}


@pytest.fixture(scope="module")
def desk(printed: dict[str, str], demo_folder: Path) -> Iterator[Desk]:
    with deskmeter.open(demo_folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def answer(desk: Desk) -> Answer:
    return desk.ask(IDS, period=PERIOD)


def cell(answer: Answer, id: str) -> Cell:
    return answer.rows[0].cells[id]


def test_json_holds_the_cells_of_python(printed: dict[str, str], answer: Answer) -> None:
    (row,) = json.loads(printed["json"])["rows"]
    for id in IDS:
        mine = cell(answer, id)
        for part in ("value", "n", "low", "high", "numerator", "denominator"):
            assert row[id][part] == getattr(mine, part), f"{id}.{part}"


def test_csv_holds_the_cells_of_python(printed: dict[str, str], answer: Answer) -> None:
    (row,) = csv.DictReader(io.StringIO(printed["csv"]))
    for id in IDS:
        mine = cell(answer, id)
        assert (float(row[id]) if row[id] else None) == mine.value, id
        assert int(row[f"{id}_n"]) == mine.n, id


def test_the_terminal_shows_the_same_digits_in_order(printed: dict[str, str], answer: Answer) -> None:
    table = printed["table"]
    place = 0
    for info in answer.metrics:
        shown = format_cell(cell(answer, info.key), info)
        found = table.find(shown, place)
        assert found >= 0, f"{info.id} should show {shown}"
        place = found + len(shown)


def test_arrow_and_the_dictionary_hold_the_same(answer: Answer) -> None:
    table = answer.to_arrow()
    (row,) = answer.to_dict()["rows"]  # type: ignore[misc]
    for id in IDS:
        assert table[id][0].as_py() == cell(answer, id).value
        assert row[id]["value"] == cell(answer, id).value  # type: ignore[index, call-overload]


@pytest.mark.parametrize("id", IDS)
def test_the_rows_behind_a_number_add_up_to_it(desk: Desk, answer: Answer, id: str) -> None:
    drill = answer.drill(metric=id)
    mine = cell(answer, id)
    assert drill.value == mine.value
    assert len(drill) == drill.result.total_n
    aggregate = BUILT_IN[id].aggregate
    if isinstance(aggregate, Count):
        assert drill.result.numerator in (mine.value, None if mine.value else mine.value)
    if isinstance(aggregate, Share | Ratio) and mine.denominator is not None:
        assert math.isclose(drill.result.numerator or 0, mine.numerator or 0)
        assert math.isclose(drill.result.denominator or 0, mine.denominator)


def test_a_split_answer_is_the_same_in_all_forms(desk: Desk, demo_folder: Path) -> None:
    mine = desk.ask(["tickets_created", "csat"], by=["team", "month"], period=PERIOD)
    desk.close()
    words = ["tickets_created", "csat", "--by", "team,month", "--period", PERIOD]
    rows = json.loads(said(demo_folder, *words, "--json"))["rows"]
    listed = list(csv.DictReader(io.StringIO(said(demo_folder, *words, "--csv"))))
    assert len(rows) == len(listed) == len(mine.rows) > 6
    for row, line, ours in zip(rows, listed, mine.rows, strict=True):
        assert (row["team"], row["period"]) == (line["team"], line["period"])
        assert row["team"] == ours.keys[0]
        for id in ("tickets_created", "csat"):
            assert row[id]["value"] == ours.cells[id].value
            assert (float(line[id]) if line[id] else None) == ours.cells[id].value
