"""Imports into a real ledger on disk: conserved, repeatable, and independent of order, batches and duplicates."""

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ingest_rows import NOW

from deskmeter.base.errors import DataError
from deskmeter.ingest import run
from deskmeter.ingest.mapping_text import parse_mapping
from deskmeter.ingest.ready import import_ready
from deskmeter.ingest.run import ImportReport, import_file, read_oddities
from deskmeter.ledger.protocol import Ledger
from deskmeter.ledger.sqlite import open_ledger

MAPPING = parse_mapping(
    """source: desk
tables:
  event:
    columns:
      ticket: ticket
      at: at
      kind: kind
      actor: who
      to_value: value
stages: {shut: closed}
"""
)
HEAD = "ticket,at,kind,who,value\n"
ROWS = (
    "1,2024-03-01 10:00,created,ann,\n",
    "1,2024-03-01 11:00,status,bob,shut\n",
    "2,2024-03-01 10:00,created,ann,\n",
    "2,2024-03-01 10:00,tag_added,ann,vip\n",
    "2,2024-03-01 10:00,tag_added,ann,eu\n",
    "3,2024-03-01 12:00,status,bob,limbo\n",
    "3,yesterday,status,bob,shut\n",
    "4,2024-03-01 12:00,sang,bob,shut\n",
)


@pytest.fixture
def ledger(tmp_path: Path):
    store = open_ledger(tmp_path / "ledger")
    yield store
    store.close()


def bring(ledger: Ledger, folder: Path, text: str, name: str = "events.csv") -> ImportReport:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return import_file(ledger, path, MAPPING, NOW)


def content(ledger: Ledger) -> dict[str, list[dict[str, object]]]:
    """All canonical rows, without what tells how they came here."""
    hidden = ("raw_object", "raw_line")
    return {
        table: sorted(
            ({k: v for k, v in row.items() if k not in hidden} for row in ledger.read(table).to_pylist()), key=str
        )
        for table in ("event", "ticket", "status_stage", "role_span")
    }


def test_every_row_is_stored_or_set_aside_and_an_import_can_be_repeated(ledger: Ledger, tmp_path: Path):
    first = bring(ledger, tmp_path, HEAD + "".join(ROWS) + ROWS[0])
    assert (first.received, first.stored, first.duplicates, first.set_aside) == (9, 6, 1, 2)
    assert first.tables == {"event": 6, "status_stage": 1}
    again = bring(ledger, tmp_path, HEAD + "".join(ROWS) + ROWS[0])
    assert (again.is_repeat, again.stored, again.duplicates + again.set_aside) == (True, 0, 9)
    assert again.oddities == first.oddities == read_oddities(ledger, "desk")
    assert [odd.code for odd in first.oddities] == ["equal rows", "status without stage"]
    reasons = {row.row.line: row.row.reason for row in ledger.set_aside_rows("desk")}
    assert reasons[8] == "`yesterday` is no time of the form `iso`"
    assert reasons[9].startswith("`sang` is no `kind`; known: created, message")


def test_progress_names_the_steps_in_order(ledger: Ledger, tmp_path: Path):
    seen: list[str] = []
    path = tmp_path / "events.csv"
    path.write_text(HEAD + "".join(ROWS), encoding="utf-8")
    import_file(ledger, path, MAPPING, NOW, lambda step, done, total: seen.append(step))
    assert list(dict.fromkeys(seen)) == list(run.STEPS)


def test_an_interrupted_import_leaves_nothing_and_can_be_run_again(ledger: Ledger, tmp_path: Path):
    def stop(step: str, done: int, total: int | None) -> None:
        if step == run.STEPS[2]:
            raise KeyboardInterrupt

    path = tmp_path / "events.csv"
    path.write_text(HEAD + "".join(ROWS), encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        import_file(ledger, path, MAPPING, NOW, stop)
    assert ledger.read("event").num_rows == 0
    assert ledger.balance() == () or ledger.balance()[0].received == 0
    assert import_file(ledger, path, MAPPING, NOW).stored == 6


def test_a_mapping_that_does_not_fit_the_file_is_refused_before_anything_is_stored(ledger: Ledger, tmp_path: Path):
    with pytest.raises(DataError, match=r"mapping.yml:5: the file has no column `ticket`; did you mean `tickets`\?"):
        bring(ledger, tmp_path, "tickets,at,kind,who,value\n1,2,3,4,5\n")
    assert ledger.imports() == ()


def test_a_corrected_mapping_replaces_what_the_first_one_read(ledger: Ledger, tmp_path: Path):
    path = tmp_path / "events.csv"
    path.write_text(HEAD + "".join(ROWS), encoding="utf-8")
    import_file(ledger, path, MAPPING, NOW)
    columns = dict(MAPPING.mapping.tables["event"].columns)
    columns["kind"] = columns["kind"].model_copy(update={"values": {"sang": "note"}})
    part = MAPPING.mapping.tables["event"].model_copy(update={"columns": columns})
    better = type(MAPPING)(MAPPING.mapping.model_copy(update={"tables": {"event": part}}), MAPPING.name, MAPPING.lines)
    import_file(ledger, path, better, NOW)
    assert [row.row.line for row in ledger.set_aside_rows("desk")] == [8]
    assert ledger.read("event").num_rows == 7


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_splitting_shuffling_and_doubling_files_of_events_changes_nothing(tmp_path_factory, data: st.DataObject):
    folder = tmp_path_factory.mktemp("import")
    whole = open_ledger(folder / "whole")
    bring(whole, folder, HEAD + "".join(ROWS))
    rows = data.draw(st.permutations(ROWS + tuple(data.draw(st.lists(st.sampled_from(ROWS), max_size=4)))))
    cuts = sorted({0, len(rows), *data.draw(st.lists(st.integers(0, len(rows)), max_size=3))})
    parts = open_ledger(folder / "parts")
    for i, (start, end) in enumerate(pairwise(cuts)):
        report = bring(parts, folder, HEAD + "".join(rows[start:end]), f"part{i}.csv")
        assert report.received == end - start
    expected, found = content(whole), content(parts)
    whole.close()
    parts.close()
    assert found == expected


def test_ready_tables_go_in_by_the_same_door(ledger: Ledger):
    tables = {"team": pa.table({"id": ["t1", "t2"], "name": ["One", None]})}
    first = import_ready(ledger, "demo", tables, NOW)
    assert (first.received, first.stored, dict(first.rows)) == (2, 2, {"team": 2})
    assert import_ready(ledger, "demo", tables, datetime(2026, 1, 2, tzinfo=UTC)).is_repeat
    assert sorted(row["name"] or "" for row in ledger.read("team").to_pylist()) == ["", "One"]


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"tema": pa.table({"id": ["1"]})}, r"no canonical table `tema`; did you mean `team`"),
        ({"team": pa.table({"id": ["1"], "nam": ["x"]})}, r"table `team` has no column `nam`; did you mean `name`\?"),
        ({"team": pa.table({"name": ["x"]})}, "every row needs an `id`"),
        ({"team": pa.table({"id": ["1"], "source": ["other"]})}, "not of `demo` alone"),
        ({"event": pa.table({"id": ["1"], "sequence": ["x"]})}, "does not fit its type"),
    ],
)
def test_ready_tables_that_are_not_canonical_are_refused(ledger: Ledger, tables: dict[str, pa.Table], said: str):
    with pytest.raises(DataError, match=said):
        import_ready(ledger, "demo", tables, NOW)
