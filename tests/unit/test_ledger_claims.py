"""One identity with several contents, and a corrected mapping for a file that was read before."""

from pathlib import Path

import pytest
from ledger_rows import NOW, bad, balance, key, keys, record, subjects, tickets

from deskmeter.ledger.protocol import Batch
from deskmeter.ledger.sqlite import SqliteLedger, open_ledger


@pytest.fixture
def ledger(tmp_path: Path):
    with open_ledger(tmp_path / "ledger") as opened:
        yield opened


def whole(subject: str, revision: int | None, row: str = "row") -> Batch:
    return Batch({"ticket": tickets(("1", subject, revision))}, keys(row))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_greatest_revision_counts_whatever_came_first(ledger: SqliteLedger, order: tuple[int, ...]) -> None:
    versions = [whole("oldest", None, "a"), whole("older", 1, "b"), whole("newest", 2, "c")]
    for place in order:
        record(ledger, versions[place], f"file {place}".encode())
    assert subjects(ledger) == {"1": "newest"}
    lost = {each.lost["subject"] for each in ledger.conflicts()}
    assert lost == {"oldest", "older"}
    assert all(each.counts == {"subject": "newest"} for each in ledger.conflicts("desk"))
    assert ledger.conflicts("another") == ()
    assert balance(ledger) == (3, 3, 0, 0, 0)


def test_without_revisions_the_content_decides_whatever_came_first(tmp_path: Path) -> None:
    counted = []
    for name, order in (("ab", ("a", "b")), ("ba", ("b", "a"))):
        with open_ledger(tmp_path / name) as ledger:
            for subject in order:
                record(ledger, whole(subject, None, subject), subject.encode())
            counted.append(subjects(ledger))
            assert len(ledger.conflicts()) == 1
    assert counted[0] == counted[1]


def test_the_same_content_under_a_later_revision_is_no_conflict(ledger: SqliteLedger) -> None:
    record(ledger, whole("same", 1), b"one")
    record(ledger, whole("same", 5), b"two")
    record(ledger, whole("other", 3, "x"), b"three")
    assert subjects(ledger) == {"1": "same"}
    assert ledger.read("ticket")["revision"].to_pylist() == [5]
    assert [each.lost["subject"] for each in ledger.conflicts()] == ["other"]


def test_a_conflict_within_one_file_is_settled_too(ledger: SqliteLedger) -> None:
    batch = Batch({"ticket": tickets(("1", "b", 2), ("1", "a", 1), ("1", "b", 2))}, keys("1", "2", "3"))
    counts = record(ledger, batch)
    assert counts.stored == 3
    assert subjects(ledger) == {"1": "b"}
    (lost,) = ledger.conflicts()
    assert (lost.table, lost.id, lost.raw_line, lost.lost) == ("ticket", "1", 2, {"subject": "a"})


def test_a_corrected_mapping_stores_what_was_set_aside(ledger: SqliteLedger) -> None:
    first = Batch({"ticket": tickets(("1", "a", None))}, keys("1"), [bad("2"), bad("3")])
    second = Batch({"ticket": tickets(("1", "a", None), ("2", "b", None))}, keys("1", "2"), [bad("3")])
    record(ledger, first, mapping="m1")
    assert balance(ledger) == (3, 1, 0, 2, 0)
    assert [each.row.raw for each in ledger.set_aside_rows()] == ["2", "3"]

    counts = record(ledger, second, mapping="m2")

    assert counts.replaced == 1
    assert balance(ledger) == (3, 2, 0, 1, 0)
    assert [(each.row.raw, each.import_number) for each in ledger.set_aside_rows("desk")] == [("3", 2)]
    assert subjects(ledger) == {"1": "a", "2": "b"}
    assert [(each.state, each.replaced_by) for each in ledger.imports()] == [("replaced", 2), ("done", None)]
    assert ledger.conflicts() == ()
    assert ledger.check() == ()


def test_a_corrected_mapping_replaces_every_row_of_the_first_reading(ledger: SqliteLedger) -> None:
    record(ledger, Batch({"ticket": tickets(("01", "wrong", 9), ("02", "wrong", 9))}, keys("1", "2")), mapping="m1")
    record(ledger, Batch({"ticket": tickets(("01", "right", 1))}, keys("1"), [bad("2")]), mapping="m2")
    assert subjects(ledger) == {"01": "right"}
    assert ledger.conflicts() == ()
    assert balance(ledger) == (2, 1, 0, 1, 0)


def test_rows_that_another_file_holds_survive_the_replacement(ledger: SqliteLedger) -> None:
    rows = {"ticket": tickets(("1", "a", None), ("2", "b", None))}
    record(ledger, Batch(rows, keys("1", "2")), b"first", "m1")
    record(ledger, Batch(rows, keys("1", "2")), b"second", "m1")
    record(ledger, Batch({"ticket": tickets(("1", "c", 1))}, keys("1"), [bad("2")]), b"first", "m2")
    assert subjects(ledger) == {"1": "c", "2": "b"}
    assert {each.lost["subject"] for each in ledger.conflicts()} == {"a"}
    rows_by_id = {row["id"]: row for row in ledger.read("ticket").to_pylist()}
    assert ledger.object_path(rows_by_id["2"]["raw_object"]).read_bytes() == b"second"
    assert balance(ledger) == (4, 2, 2, 0, 0)
    assert ledger.set_aside_rows() == ()
    assert ledger.check() == ()


def test_a_row_that_lost_counts_again_when_the_winner_is_taken_back(ledger: SqliteLedger) -> None:
    record(ledger, whole("low", 1, "a"), b"first")
    record(ledger, whole("high", 2, "b"), b"second", "m1")
    assert subjects(ledger) == {"1": "high"}
    record(ledger, Batch({}, keys(), [bad("b")]), b"second", "m2")
    assert subjects(ledger) == {"1": "low"}
    assert ledger.conflicts() == ()
    assert balance(ledger) == (2, 1, 0, 1, 0)


def test_going_back_to_an_earlier_mapping_is_a_replacement_too(ledger: SqliteLedger) -> None:
    record(ledger, whole("one", None), mapping="m1")
    record(ledger, whole("two", None), mapping="m2")
    counts = record(ledger, whole("one", None), mapping="m1")
    assert (counts.replaced, counts.is_repeat) == (2, False)
    assert subjects(ledger) == {"1": "one"}
    assert [each.state for each in ledger.imports()] == ["replaced", "replaced", "done"]


def test_a_row_set_aside_in_one_file_and_understood_in_another_is_stored(ledger: SqliteLedger) -> None:
    record(ledger, Batch({}, keys(), [bad("1")]), b"first", "m1")
    counts = record(ledger, whole("a", None, "1"), b"second", "m2")
    assert (counts.stored, counts.duplicates) == (1, 0)
    assert balance(ledger) == (2, 1, 1, 0, 0)
    assert ledger.set_aside_rows() == ()
    assert ledger.check() == ()


def test_a_rejected_row_is_listed_with_its_reason(ledger: SqliteLedger) -> None:
    record(ledger, Batch({}, keys(), [], [bad("x", 7, "the header once more")]))
    (row,) = ledger.set_aside_rows()
    assert row.is_rejected
    assert (row.row.line, row.row.reason, row.row.key) == (7, "the header once more", key("x"))
    assert balance(ledger) == (1, 0, 0, 0, 1)
    assert ledger.imports()[0].finished_at == NOW


def test_of_two_revisions_in_one_file_the_greater_is_remembered(ledger: SqliteLedger) -> None:
    record(ledger, whole("same", 2), b"first", "m1")
    kept = ledger.put_object(b"second", "second", NOW)
    ticket = ledger.begin_import("desk", kept.id, "m1", NOW)
    ledger.append(ticket, whole("same", 1))
    ledger.append(ticket, whole("same", 2))
    ledger.finish(ticket, NOW)
    record(ledger, Batch({}, keys()), b"first", "m2")
    assert ledger.read("ticket")["revision"].to_pylist() == [2]
