"""Whoever made something of the rows can learn which came since, and what they took the place of."""

from pathlib import Path

import pytest
from ledger_rows import NOW, events, keys, record, tickets

from deskmeter.ledger import imports
from deskmeter.ledger.protocol import Batch
from deskmeter.ledger.sqlite import open_ledger

FIRST = Batch({"ticket": tickets(("T1", "a", 1), ("T2", "b", 1)), "event": events(("E1", "T1", NOW), ("E2", "T2", NOW))},
              keys("1", "2"))  # fmt: skip
# T2 has another subject, E3 is new, and T1 comes again as it was
SECOND = Batch({"ticket": tickets(("T1", "a", 1), ("T2", "c", 2)), "event": events(("E3", "T3", NOW))}, keys("1", "3"))


@pytest.mark.parametrize("in_blocks", [1, 1_000], ids=["blocks", "tables"])
def test_what_arrived_is_what_counts_of_the_new_imports(
    in_blocks: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "BULK_ROWS", in_blocks)
    with open_ledger(tmp_path) as ledger:
        record(ledger, FIRST)
        known = ledger.counting_imports()
        record(ledger, SECOND, b"two")
        new = ledger.counting_imports() - known
        assert (known, new) == ({1}, {2})
        assert ledger.arrived("ticket", new)["id"].to_pylist() == ["T2"]
        assert ledger.arrived("ticket", new)["subject"].to_pylist() == ["c"]
        assert ledger.arrived("event", new)["id"].to_pylist() == ["E3"]
        assert ledger.arrived("ticket", known)["id"].to_pylist() == ["T1"]
        assert len(ledger.arrived("ticket", ())) == 0
        assert ledger.displaced("ticket", new) == (("desk", {"subject": "b"}),)
        assert ledger.displaced("event", new) == ()


def test_a_row_that_lost_at_once_changes_nothing(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        record(ledger, Batch({"ticket": tickets(("T1", "newest", 2))}, keys("1")))
        record(ledger, Batch({"ticket": tickets(("T1", "older", 1))}, keys("2")), b"two")
        assert len(ledger.arrived("ticket", {2})) == 0
        assert ledger.displaced("ticket", {2}) == ()


def test_a_replaced_import_counts_no_more(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        record(ledger, FIRST, mapping="m1")
        record(ledger, SECOND, mapping="m2")  # the same object
        assert ledger.counting_imports() == {2}
