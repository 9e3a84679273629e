"""Rows that nobody else claims lie in blocks; whatever happens to them, the ledger shows what it would show without."""

from pathlib import Path

import apsw
import pyarrow as pa
import pytest
from ledger_rows import NOW, bad, events, keys, record, subjects, tickets

from deskmeter.ledger import imports
from deskmeter.ledger.protocol import Batch
from deskmeter.ledger.sqlite import SqliteLedger, open_ledger

FIRST = Batch({"ticket": tickets(("T1", "a", 1), ("T2", "b", 1)), "event": events(("E1", "T1", NOW), ("E2", "T2", NOW))},
              keys("1", "2"), [bad("3")])  # fmt: skip


@pytest.fixture(autouse=True)
def blocks_for_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """An import of one row is large."""
    monkeypatch.setattr(imports, "BULK_ROWS", 1)


def asked(folder: Path, statement: str) -> list[tuple[object, ...]]:
    db = apsw.Connection(str(folder / "ledger.sqlite"))
    try:
        return list(db.execute(statement))
    finally:
        db.close()


def blocks_n(folder: Path) -> dict[str, int]:
    """Blocks by table, those of raw rows under `raw`."""
    found = dict(asked(folder, "SELECT table_name, COUNT(*) FROM ledger_block GROUP BY table_name"))
    raw = asked(folder, "SELECT COUNT(*) FROM ledger_raw_block")[0][0]
    return {**found, **({"raw": raw} if raw else {})}


def sound(ledger: SqliteLedger) -> None:
    assert ledger.check() == ()


def test_rows_in_blocks_are_read_counted_and_found_by_ticket(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        assert record(ledger, FIRST).rows == {"ticket": 2, "event": 2}
    assert blocks_n(tmp_path) == {"ticket": 1, "event": 1, "raw": 1}
    with open_ledger(tmp_path) as ledger:  # a process that did not import reads from the store
        assert subjects(ledger) == {"T1": "a", "T2": "b"}
        assert ledger.read("ticket")["source"].to_pylist() == ["desk", "desk"]
        assert set(ledger.read("event")["raw_object"].to_pylist()) == {ledger.imports()[0].object_id}
        assert ledger.read_tickets("event", [("desk", "T2"), ("desk", "T2")])["id"].to_pylist() == ["E2"]
        assert ledger.read_tickets("ticket", [("desk", "T1"), ("desk", "T9")])["id"].to_pylist() == ["T1"]
        assert [len(part) for part in ledger.read_batches("event", 1)] == [1, 1]
        assert ledger.counters()["event"] == 2
        assert len(ledger.set_aside_rows()) == 1
        sound(ledger)


def test_rows_without_a_rival_make_blocks_of_their_own(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        record(ledger, Batch({"ticket": tickets(("T1", "a", 1))}, keys("1")))
        record(ledger, Batch({"ticket": tickets(("T2", "b", 1))}, keys("2")), b"two")
        assert blocks_n(tmp_path) == {"ticket": 2, "raw": 2}
        assert subjects(ledger) == {"T1": "a", "T2": "b"}
        sound(ledger)


def test_a_rival_opens_the_block_that_holds_the_row_and_no_other(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        record(ledger, Batch({"ticket": tickets(("T1", "a", 1))}, keys("1")))
        record(ledger, Batch({"ticket": tickets(("T2", "b", 1))}, keys("2")), b"two")
        counts = record(ledger, Batch({"ticket": tickets(("T2", "c", 2))}, keys("2")), b"three")
        assert (counts.stored, counts.duplicates, counts.rows) == (0, 1, {"ticket": 0})
        assert blocks_n(tmp_path) == {"ticket": 1, "raw": 2}
        assert subjects(ledger) == {"T1": "a", "T2": "c"}
        assert [conflict.lost for conflict in ledger.conflicts()] == [{"subject": "b"}]
        sound(ledger)


def test_rows_that_come_again_as_they_are_open_no_block(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        record(ledger, FIRST)
        again = record(
            ledger, Batch({"ticket": tickets(("T2", "b", 1), ("T3", "c", 1))}, keys("2"), [bad("1")]), b"two"
        )
        assert (again.stored, again.set_aside, again.duplicates, again.rows) == (0, 0, 2, {"ticket": 1})
        assert blocks_n(tmp_path) == {"ticket": 1, "event": 1, "raw": 1}
        assert ledger.conflicts() == ()
        sound(ledger)


def test_what_another_import_holds_stays_when_a_block_is_taken_back(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        record(ledger, FIRST)
        record(ledger, Batch({"ticket": tickets(("T2", "b", 1))}, keys("2")), b"two")
        record(ledger, Batch({"ticket": tickets(("T1", "z", 1))}, keys("1")), mapping="m2")
        assert subjects(ledger) == {"T1": "z", "T2": "b"}
        assert [(one.received, one.stored, one.duplicates) for one in ledger.balance()] == [(2, 2, 0)]
        sound(ledger)


def test_another_mapping_takes_the_blocks_of_the_first_reading_back(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        record(ledger, FIRST)
        counts = record(ledger, Batch({"ticket": tickets(("T1", "z", 1))}, keys("1", "2", "3")), mapping="m2")
        assert (counts.received, counts.stored, counts.replaced) == (3, 3, 1)
        assert blocks_n(tmp_path) == {"ticket": 1, "raw": 1}
        assert subjects(ledger) == {"T1": "z"}
        assert not ledger.read("event").num_rows
        sound(ledger)


def test_a_row_that_comes_twice_in_one_import_is_settled_as_ever(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        counts = record(ledger, Batch({"ticket": tickets(("T1", "a", 1), ("T1", "b", 2))}, keys("1", "1")))
        assert (counts.stored, counts.duplicates) == (1, 1)
        assert blocks_n(tmp_path) == {}
        assert subjects(ledger) == {"T1": "b"}
        sound(ledger)


def test_rows_that_come_twice_keep_the_others_from_no_block(tmp_path: Path) -> None:
    rows = tickets(("T1", "a", 1), ("T2", "b", 1), ("T1", "c", 2), ("T3", "d", 1))
    with open_ledger(tmp_path) as ledger:
        counts = record(ledger, Batch({"ticket": rows}, keys("1", "2", "3", "4")))
        assert counts.rows == {"ticket": 3}
        assert subjects(ledger) == {"T1": "c", "T2": "b", "T3": "d"}
        assert blocks_n(tmp_path) == {"ticket": 1, "raw": 1}
        assert [conflict.id for conflict in ledger.conflicts()] == ["T1"]
        sound(ledger)
    with open_ledger(tmp_path) as ledger:
        assert subjects(ledger) == {"T1": "c", "T2": "b", "T3": "d"}


def test_a_raw_row_that_was_set_aside_elsewhere_in_the_import_counts_once(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        counts = record(ledger, Batch({}, keys("1", "2"), [bad("2")]))
        assert (counts.stored, counts.set_aside, counts.duplicates) == (2, 0, 1)
        sound(ledger)


def test_whoever_seeks_a_person_finds_them_in_blocks(tmp_path: Path) -> None:
    people = pa.table({"id": ["P1", "P2"], "name": ["Ada", "Bo"]})
    asks = pa.table({"id": ["T1"], "requester": ["P1"]})
    with open_ledger(tmp_path) as ledger:
        record(ledger, Batch({"person": people, "ticket": asks}, keys("1", "2")))
        eraser = ledger.eraser()
        assert [known.id for known in eraser.people()] == ["P1", "P2"]
        assert eraser.mentions("desk", "P1") == {"person": 1, "ticket": 1}
        assert eraser.imports_naming("desk", "P1") == {1}
        sound(ledger)
    assert "person" not in blocks_n(tmp_path)


def test_a_check_names_a_damaged_block(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        record(ledger, FIRST)
    asked(tmp_path, "UPDATE ledger_block SET content = x'00' WHERE table_name = 'event'")
    asked(tmp_path, "UPDATE ledger_block SET rows_n = 3 WHERE table_name = 'ticket'")
    asked(tmp_path, "UPDATE ledger_raw_block SET rows_n = 3")
    with open_ledger(tmp_path) as ledger:
        wrong = "\n".join(ledger.check())
        assert "of `event` cannot be read" in wrong
        assert "of `ticket` holds 2 rows, not 3" in wrong
        assert "of raw rows holds 2 rows, not 3" in wrong


def test_a_column_that_the_schema_gained_is_null_in_an_older_block(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        record(ledger, FIRST)
    with open_ledger(tmp_path) as ledger:
        assert ledger.read("ticket")["channel"].to_pylist() == [None, None]


def test_a_store_of_the_first_format_gains_blocks(tmp_path: Path) -> None:
    with open_ledger(tmp_path):
        pass
    for statement in ("DROP TABLE ledger_block", "DROP TABLE ledger_raw_block",
                      "UPDATE ledger_meta SET value = 1 WHERE name = 'format'"):  # fmt: skip
        asked(tmp_path, statement)
    with open_ledger(tmp_path) as ledger:
        record(ledger, FIRST)
        sound(ledger)
    assert blocks_n(tmp_path) == {"ticket": 1, "event": 1, "raw": 1}
    assert asked(tmp_path, "SELECT value FROM ledger_meta WHERE name = 'format'") == [(2,)]
