"""The Python API: the same words as the command line, tables for whatever reads tables."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import deskmeter
from deskmeter.base.errors import AskerError, LockedError
from deskmeter.python import Desk

PERIOD = "2026-03-01..2026-06-01"


@pytest.fixture(scope="module")
def desk(demo_folder: Path) -> Iterator[Desk]:
    with deskmeter.open(demo_folder) as opened:
        yield opened


def test_an_answer_is_a_table(desk: Desk, tmp_path: Path) -> None:
    answer = desk.ask(
        "first_reply_time", by=["team", "month"], where={"channel": "email"}, stat="median", period=PERIOD
    )
    table = answer.to_arrow()
    assert table.column_names[:3] == ["team", "period", "first_reply_time"]
    assert table.num_rows == len(answer) == len(answer.rows)
    assert pa.table(answer).num_rows == len(answer)  # by the capsule protocol
    assert "human reply" in answer.definition
    answer.save(tmp_path / "answer.parquet")
    assert pq.read_table(tmp_path / "answer.parquet").num_rows == len(answer)
    assert answer.to_csv().splitlines()[0].startswith("team,period,first_reply_time,")
    assert "<table" in answer._repr_html_()
    assert repr(answer) == f"<Answer of first_reply_time: {len(answer)} rows>"


def test_one_number_has_a_value_and_a_table_has_none(desk: Desk) -> None:
    one = desk.ask("tickets_created", period=PERIOD)
    assert one.value is not None and one.value > 0
    with pytest.raises(AskerError, match="rows of 2 metrics; read `rows`"):
        _ = desk.ask("tickets_created", "csat", period=PERIOD).value


def test_a_drill_of_a_cell_adds_up_to_it(desk: Desk) -> None:
    answer = desk.ask("tickets_created", by="team", period=PERIOD)
    row = max(answer.rows, key=lambda one: one.cells["tickets_created"].value or 0)
    drill = answer.drill(team=row.keys[0])
    assert drill.value == len(drill) == row.cells["tickets_created"].value
    assert "ticket" in drill.to_arrow().column_names
    with pytest.raises(AskerError, match="the answer is not split by `agent`; it is by team"):
        answer.drill(agent="Ana")


def test_wrong_words_name_the_nearest_good_ones(desk: Desk) -> None:
    with pytest.raises(AskerError, match="`first_reply_time`"):
        desk.ask("frist_reply_time", period=PERIOD)
    with pytest.raises(AskerError, match="`team`"):
        desk.ask("csat", by="teem", period=PERIOD)


def test_a_ticket_explains_itself(desk: Desk) -> None:
    ticket = desk.ask("tickets_created", period=PERIOD).drill(limit=1).to_arrow()["ticket"][0].as_py()
    story = desk.explain(ticket)
    assert story.ticket == ticket
    assert any(line.effects for line in story.lines)
    assert {one.metric: one.is_counted for one in story.metrics}["tickets_created"]
    with pytest.raises(AskerError, match="no ticket `nothing`"):
        desk.explain("nothing")


def test_the_catalogue_the_dimensions_and_the_doctor_are_there(desk: Desk) -> None:
    ids = {entry.id for entry in desk.metrics()}
    assert {"first_reply_time", "csat", "backlog"} <= ids
    assert {"team", "agent", "channel"} <= {entry.id for entry in desk.dimensions()}
    report = desk.doctor()
    assert report.problems == ()
    assert all(source.is_balanced for source in report.sources)
    assert {left.why for left in report.left_out} >= {"marked as spam", "deleted"}
    assert dict(report.tables)["ticket"] > 900


def test_a_past_instant_knows_less(desk: Desk) -> None:
    now = desk.ask("tickets_created", period="2026-05").value
    then = desk.ask("tickets_created", period="2026-05", as_of="2026-05-10").value
    assert now is not None and then is not None
    assert 0 < then < now


def test_a_desk_has_one_owner(desk: Desk, demo_folder: Path) -> None:
    with pytest.raises(LockedError):
        deskmeter.open(demo_folder)
