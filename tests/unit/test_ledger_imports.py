from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from ledger_rows import NOW, bad, balance, events, keys, record, subjects, tickets

from deskmeter.base.errors import BugError
from deskmeter.canon.schema import TABLES
from deskmeter.ledger.protocol import Batch, Ledger
from deskmeter.ledger.sqlite import SqliteLedger, open_ledger
from deskmeter.ledger.tables import arrow_schema


@pytest.fixture
def ledger(tmp_path: Path):
    with open_ledger(tmp_path / "ledger") as opened:
        yield opened


def test_the_sqlite_ledger_is_a_ledger(ledger: SqliteLedger) -> None:
    promised: Ledger = ledger
    assert promised.sources() == ()
    assert promised.version() == 0


def test_nothing_of_an_import_is_visible_before_it_is_finished(ledger: SqliteLedger) -> None:
    kept = ledger.put_object(b"a,b", "a.csv", NOW)
    ticket = ledger.begin_import("desk", kept.id, "m1", NOW)
    counts = ledger.append(ticket, Batch({"ticket": tickets(("1", "a", None))}, keys("1"), [bad("2")]))
    assert (counts.received, counts.understood, counts.set_aside) == (2, 1, 1)
    assert len(ledger.read("ticket")) == 0
    assert ledger.balance() == ()
    assert ledger.sources() == ()
    assert [each.state for each in ledger.imports()] == ["running"]

    done = ledger.finish(ticket, NOW)

    assert (done.received, done.stored, done.set_aside) == (2, 1, 1)
    assert done.rows == {"ticket": 1}
    assert subjects(ledger) == {"1": "a"}
    assert ledger.sources() == ("desk",)
    assert ledger.version() == 1


def test_an_import_that_died_is_begun_again_and_doubles_nothing(tmp_path: Path) -> None:
    batch = Batch({"ticket": tickets(("1", "a", None))}, keys("1"))
    with open_ledger(tmp_path) as ledger:
        kept = ledger.put_object(b"a,b", "a.csv", NOW)
        ledger.append(ledger.begin_import("desk", kept.id, "m1", NOW), batch)
    with open_ledger(tmp_path) as ledger:
        assert [each.state for each in ledger.imports()] == ["interrupted"]
        assert len(ledger.read("ticket")) == 0
        ticket = ledger.begin_import("desk", kept.id, "m1", NOW)
        ledger.append(ticket, batch)
        assert ledger.finish(ticket, NOW).stored == 1
        assert balance(ledger) == (1, 1, 0, 0, 0)


def test_a_second_begin_makes_the_first_one_stale(ledger: SqliteLedger) -> None:
    kept = ledger.put_object(b"a,b", "a.csv", NOW)
    first = ledger.begin_import("desk", kept.id, "m1", NOW)
    second = ledger.begin_import("desk", kept.id, "m1", NOW)
    with pytest.raises(BugError, match="import 1 of `desk` is interrupted, not running"):
        ledger.append(first, Batch({}, keys("1")))
    assert ledger.finish(second, NOW).received == 0


def test_an_abandoned_import_leaves_only_its_line(ledger: SqliteLedger) -> None:
    kept = ledger.put_object(b"a,b", "a.csv", NOW)
    ticket = ledger.begin_import("desk", kept.id, "m1", NOW)
    ledger.append(ticket, Batch({"ticket": tickets(("1", "a", None))}, keys("1")))
    ledger.abandon(ticket)
    assert [each.state for each in ledger.imports()] == ["interrupted"]
    with pytest.raises(BugError, match="not running"):
        ledger.finish(ticket, NOW)
    assert len(ledger.read("ticket")) == 0


def test_the_same_file_again_is_all_duplicates(ledger: SqliteLedger) -> None:
    batch = Batch({"ticket": tickets(("1", "a", None))}, keys("1"), [bad("2")], [bad("3")])
    record(ledger, batch)
    version = ledger.version()
    kept = ledger.put_object(b"one", "file.csv", NOW)
    assert not kept.is_new
    ticket = ledger.begin_import("desk", kept.id, "m1", NOW)
    assert ticket.is_repeat
    again = ledger.finish(ticket, NOW)
    assert again.is_repeat
    assert (again.received, again.duplicates) == (3, 3)
    assert balance(ledger) == (6, 1, 3, 1, 1)
    assert ledger.version() == version
    assert ledger.check() == ()


def test_rows_that_another_file_brought_are_duplicates(ledger: SqliteLedger) -> None:
    record(ledger, Batch({"ticket": tickets(("1", "a", None))}, keys("1"), [bad("2")]))
    batch = Batch({"ticket": tickets(("1", "a", None), ("3", "c", None))}, keys("1", "3"), [bad("2")])
    counts = record(ledger, batch, b"two")
    assert (counts.received, counts.stored, counts.duplicates, counts.set_aside) == (3, 1, 2, 0)
    assert counts.rows == {"ticket": 1}
    assert balance(ledger) == (5, 2, 2, 1, 0)
    assert ledger.conflicts() == ()


def test_the_same_row_twice_in_one_file_is_one_row_and_a_duplicate(ledger: SqliteLedger) -> None:
    counts = record(ledger, Batch({"ticket": tickets(("1", "a", None), ("1", "a", None))}, keys("1", "1")))
    assert (counts.received, counts.stored, counts.duplicates) == (2, 1, 1)
    assert subjects(ledger) == {"1": "a"}


def test_sources_do_not_mix(ledger: SqliteLedger) -> None:
    record(ledger, Batch({"ticket": tickets(("1", "a", None))}, keys("1")))
    record(ledger, Batch({"ticket": tickets(("1", "b", None))}, keys("1")), source="other")
    assert sorted(ledger.read("ticket")["subject"].to_pylist()) == ["a", "b"]
    assert [each.source for each in ledger.balance()] == ["desk", "other"]
    assert ledger.conflicts() == ()


def test_read_tickets_finds_events_and_tickets_by_index(ledger: SqliteLedger) -> None:
    batch = Batch(
        {"event": events(("1", "A", NOW), ("2", "A", NOW), ("3", "B", NOW)), "ticket": tickets(("A", None, None))},
        keys("1"),
    )
    record(ledger, batch)
    found = ledger.read_tickets("event", [("desk", "A"), ("desk", "A"), ("nowhere", "B")])
    assert found["id"].to_pylist() == ["1", "2"]
    assert ledger.read_tickets("ticket", [("desk", "A")])["id"].to_pylist() == ["A"]
    assert len(ledger.read_tickets("call", [("desk", "A")])) == 0
    with pytest.raises(BugError, match="names no ticket"):
        ledger.read_tickets("person", [("desk", "A")])


def test_the_last_event_is_known_by_source(ledger: SqliteLedger) -> None:
    record(ledger, Batch({"event": events(("1", "A", NOW), ("2", "A", NOW - timedelta(days=1)))}, keys("1")))
    record(ledger, Batch({"ticket": tickets(("A", None, None))}, keys("1")), source="silent")
    assert ledger.last_event_at() == {"desk": NOW}


@pytest.mark.parametrize("name", TABLES)
def test_every_canonical_column_comes_back_as_it_went_in(name: str, tmp_path: Path) -> None:
    values = {
        pa.string(): "ünïcødé \x00 'quoted' \U0001f600",
        pa.int64(): -(2**63),
        pa.float64(): 0.1,
        pa.bool_(): True,
        pa.timestamp("us"): datetime(1969, 12, 31, 23, 59, 59, 999999),
        pa.date32(): datetime(1960, 2, 29, tzinfo=UTC).date(),
    }
    schema = arrow_schema(TABLES[name])
    with open_ledger(tmp_path) as ledger:
        kept = ledger.put_object(b"bytes", "file", NOW)
        fixed = {"source": "desk", "raw_object": kept.id}
        row = {field.name: fixed.get(field.name, values[field.type]) for field in schema}
        empty = {
            field.name: None if TABLES[name].column(field.name).null != "never null" else row[field.name]
            for field in schema
        }
        sent = pa.Table.from_pylist([row, {**empty, **fixed, "id": "2"}], schema)
        ledger.record("desk", kept.id, "m1", NOW, Batch({name: sent}, keys("1", "2")))
        at_hand = ledger.read(name)
    with open_ledger(tmp_path) as ledger:
        stored = ledger.read(name)
    assert at_hand.equals(sent)
    assert sorted(stored.to_pylist(), key=lambda each: each["id"]) == sorted(
        sent.to_pylist(), key=lambda each: each["id"]
    )
    assert stored.schema == schema


def test_reading_in_parts_gives_every_row_once(tmp_path: Path) -> None:
    sent = tickets(*((str(number), "x", None) for number in range(2500)))
    with open_ledger(tmp_path) as ledger:
        record(ledger, Batch({"ticket": sent}, keys("1")))
    with open_ledger(tmp_path) as ledger:
        parts = ledger.read_batches("ticket", 1000)
        first = next(parts)
        record(ledger, Batch({"ticket": tickets(("new", "x", None))}, keys("2")), b"two")
        rest = list(parts)
        assert [len(part) for part in (first, *rest)] == [1000, 1000, 500]
        assert len(ledger.read("ticket")) == 2501
        assert [len(part) for part in ledger.read_batches("call")] == [0]


def test_a_large_first_import_is_indexed_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deskmeter.ledger.laying.RANGE_ROWS", 5_000)  # several ranges, as a larger one has
    count = 25_000
    ids = [f"e{number}" for number in range(count)]
    rows = pa.table(
        {
            "id": ids,
            "ticket": [f"t{number % 1000}" for number in range(count)],
            "at": pa.array(list(range(count)), pa.timestamp("us")),
            "kind": ["message"] * count,
        }
    )
    done: list[tuple[int, int]] = []
    with open_ledger(tmp_path) as ledger:
        kept = ledger.put_object(b"x", "x", NOW)
        ticket = ledger.begin_import("desk", kept.id, "m1", NOW)
        ledger.append(ticket, Batch({"event": rows.slice(0, 10_000)}, keys("1")))
        ledger.append(ticket, Batch({"event": rows.slice(10_000)}, keys("2")))
        ledger.finish(ticket, NOW, lambda part, whole: done.append((part, whole)))
        assert len(done) > 1
        assert [total for _, total in done] == [count] * len(done)
        assert [rows for rows, _ in done] == sorted({rows for rows, _ in done})
        assert done[-1] == (count, count)
        again = record(ledger, Batch({"event": rows}, keys("1", "2", "3")), b"y")
        assert again.rows == {"event": 0}
        assert (again.stored, again.duplicates) == (1, 2)
        assert ledger.check() == ()
    with open_ledger(tmp_path) as ledger:
        assert sorted(ledger.read("event")["id"].to_pylist()) == sorted(ids)


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"tickets": tickets(("1", "a", None))}, r"no canonical table `tickets`; did you mean `ticket`\?"),
        ({"ticket": pa.table({"id": ["1"], "subjekt": ["a"]})}, "has no column `subjekt`; did you mean `subject`"),
        ({"ticket": pa.table({"subject": ["a"]})}, "`ticket.id` is null"),
        ({"event": pa.table({"id": ["1"], "ticket": ["1"], "kind": ["note"]})}, "`event.at` is null"),
        ({"ticket": pa.table({"id": ["1"], "source": ["elsewhere"]})}, "`source` `desk` holds rows of another"),
        ({"ticket": pa.table({"id": ["1"], "is_test": ["perhaps"]})}, "`ticket.is_test` is not boolean"),
        (
            {"survey_answer": pa.table({"id": ["1"], "kind": ["csat"], "at": pa.array([0]), "score": [float("nan")]})},
            "holds NaN or infinity",
        ),
    ],
)
def test_a_batch_that_breaks_the_contract_is_refused_whole(
    ledger: SqliteLedger, tables: dict[str, pa.Table], said: str
) -> None:
    with pytest.raises(BugError, match=said):
        record(ledger, Batch(tables, keys("1")))
    assert ledger.imports() == ()
    assert ledger.balance() == ()


def test_an_import_of_bytes_that_were_never_kept_is_refused(ledger: SqliteLedger) -> None:
    with pytest.raises(BugError, match="was never kept"):
        ledger.begin_import("desk", "0" * 64, "m1", NOW)
