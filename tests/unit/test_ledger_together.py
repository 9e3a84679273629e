"""Imports that are finished together, and tables that are filled in their own order."""

import random
from datetime import timedelta
from pathlib import Path

import apsw
import pyarrow as pa
import pytest
from ledger_rows import NOW, events, keys, tickets

from deskmeter.base.errors import BugError
from deskmeter.ledger import imports, laying
from deskmeter.ledger.bulk import ROWS_AT_ONCE, insert_rows
from deskmeter.ledger.protocol import Batch, ImportTicket
from deskmeter.ledger.sqlite import SqliteLedger, open_ledger

TICKETS = 3_000
EVENTS = 9


def begin(ledger: SqliteLedger, content: bytes, mapping: str = "m1") -> ImportTicket:
    return ledger.begin_import("desk", ledger.put_object(content, "file.csv", NOW).id, mapping, NOW)


def test_imports_finished_together_become_visible_together(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        one, two = begin(ledger, b"one"), begin(ledger, b"two")
        ledger.append(one, Batch({"ticket": tickets(("T1", "a", None))}, keys("row 1")))
        ledger.append(two, Batch({"event": events(("E1", "T1", NOW))}, keys("row 1", "row 2")))
        assert not ledger.sources()
        counts = ledger.finish_all((one, two), NOW)
        assert [(count.received, count.stored, count.duplicates) for count in counts] == [(1, 1, 0), (2, 1, 1)]
        assert ledger.read("ticket").num_rows == ledger.read("event").num_rows == 1
        assert [record.state for record in ledger.imports()] == ["done", "done"]


def test_if_one_import_cannot_be_finished_none_is(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        one, two = begin(ledger, b"one"), begin(ledger, b"two")
        ledger.append(one, Batch({"ticket": tickets(("T1", "a", None))}, keys("row 1")))
        ledger.abandon(two)
        with pytest.raises(BugError, match="begin it again"):
            ledger.finish_all((one, two), NOW)
        assert not ledger.sources() and not ledger.read("ticket").num_rows
        assert ledger.finish(one, NOW).stored == 1


def test_repeats_among_new_imports_bring_nothing(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        one = begin(ledger, b"one")
        ledger.append(one, Batch({"ticket": tickets(("T1", "a", None))}, keys("row 1")))
        ledger.finish(one, NOW)
        again, two = begin(ledger, b"one"), begin(ledger, b"two")
        ledger.append(two, Batch({"ticket": tickets(("T2", "b", None))}, keys("row 2")))
        first, second = ledger.finish_all((again, two), NOW)
        assert (first.is_repeat, first.duplicates, second.stored) == (True, 1, 1)


def large(ledger: SqliteLedger) -> list[int]:
    """Two imports with the events of the same tickets, each in several parts in no order; new rows of each."""
    works = [begin(ledger, b"messages"), begin(ledger, b"changes")]
    chance = random.Random(7)
    rows = [
        (f"{number % EVENTS}:{number}", f"T{number // EVENTS}", NOW + timedelta(seconds=number))
        for number in range(TICKETS * EVENTS)
    ]
    chance.shuffle(rows)
    for part in range(6):
        some = rows[part::6]
        batch = Batch({"event": events(*some)}, keys(*(row[0] for row in some)))
        ledger.append(works[part % 2], batch)
    return [count.rows["event"] for count in ledger.finish_all(works, NOW)]


@pytest.mark.parametrize("range_rows", [1_000, 50_000])
def test_a_table_filled_in_its_own_order_holds_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, range_rows: int
) -> None:
    monkeypatch.setattr(laying, "RANGE_ROWS", range_rows)
    with open_ledger(tmp_path / "laid") as laid:
        told = large(laid)
        assert told == [TICKETS * EVENTS // 2] * 2
        assert laid.check() == ()
    monkeypatch.setattr(imports, "BULK_AT_MOST", 0)
    with open_ledger(tmp_path / "merged") as merged:
        assert large(merged) == told
    with open_ledger(tmp_path / "laid") as laid, open_ledger(tmp_path / "merged") as merged:
        order = [("id", "ascending")]
        assert laid.read("event").sort_by(order).equals(merged.read("event").sort_by(order))
        assert laid.read_tickets("event", [("desk", "T17")]).num_rows == EVENTS
        # the index of ids is there again: the same rows once more are found by it
        more = begin(laid, b"more")
        laid.append(more, Batch({"event": events(("0:0", "T0", NOW))}, keys("0:0")))
        assert dict(laid.finish(more, NOW).rows) == {"event": 0}


@pytest.mark.parametrize("count", [0, 1, ROWS_AT_ONCE - 1, ROWS_AT_ONCE, ROWS_AT_ONCE + 1, 3 * ROWS_AT_ONCE + 7])
def test_rows_are_inserted_however_many_there_are(count: int) -> None:
    db = apsw.Connection(":memory:")
    db.execute("CREATE TABLE t (a INTEGER NOT NULL, b INTEGER PRIMARY KEY, c TEXT)")
    for _ in range(2):  # the second time all are known
        insert_rows(
            db, "INSERT INTO t (a, b, c)", "(7, ?, ?)", iter([(number, f"r{number}") for number in range(count)])
        )
    assert list(db.execute("SELECT * FROM t ORDER BY b")) == [(7, number, f"r{number}") for number in range(count)]


def test_rows_are_sorted_as_the_store_sorts_text() -> None:
    words = ["10", "9", "é", "z", "Z", "1", "😀", "9"]
    rows = pa.table({"ticket": words, "id": [str(number) for number in range(len(words))]})
    done = laying.in_order(rows, "ticket")
    assert done["ticket"].to_pylist() == sorted(words, key=lambda word: word.encode())
    assert laying.in_order(done, "ticket") is done
