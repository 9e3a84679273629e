"""Helpers for the tests of the Zendesk warehouse: the hand-written tables, changed at will, and what came of them."""

import csv
import io
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from deskmeter.ingest.run import ImportReport
from deskmeter.ingest.warehouse import connector_called, import_warehouse
from deskmeter.ledger.sqlite import SqliteLedger, open_ledger

DATA = Path(__file__).parents[1] / "data" / "zendesk"
NOW = datetime(2026, 4, 1, tzinfo=UTC)
Row = dict[str, object]


def tables_in(folder: Path, changes: Mapping[str, str | None] | None = None) -> Path:
    """A copy of the hand-written tables in `folder`; a text takes the place of a table, None takes it away."""
    shutil.copytree(DATA, folder)
    for name, text in (changes or {}).items():
        path = folder / (name if "." in name else f"{name}.csv")
        if text is None:
            path.unlink()
        else:
            path.write_text(text, encoding="utf-8")
    return folder


def with_lines(name: str, *lines: str) -> str:
    """The text of a hand-written table with more lines at its end."""
    return (DATA / f"{name}.csv").read_text(encoding="utf-8") + "".join(f"{line}\n" for line in lines)


def load(ledger: SqliteLedger, path: Path, source: str | None = None, now: datetime = NOW) -> ImportReport:
    """Import by the connector."""
    return import_warehouse(ledger, path, connector_called("fivetran_zendesk"), now, source)


class Loaded:
    """The hand-written tables (or another folder) in a ledger of their own."""

    def __init__(self, home: Path, folder: Path = DATA, now: datetime = NOW) -> None:
        self.ledger = open_ledger(home / "ledger")
        self.report = load(self.ledger, folder, now=now)

    def rows(self, table: str, **where: object) -> list[Row]:
        """Canonical rows by id, without what is null and where they came from."""
        found = self.ledger.read(table).to_pylist()
        kept = [row for row in found if all(row[name] == value for name, value in where.items())]
        hidden = ("source", "raw_object", "raw_line", "revision")
        return [
            {name: _plain(value) for name, value in row.items() if value is not None and name not in hidden}
            for row in sorted(kept, key=lambda row: str(row["id"]))
        ]

    def row(self, table: str, **where: object) -> Row:
        """The only such row."""
        found = self.rows(table, **where)
        assert len(found) == 1, found
        return found[0]

    def reasons(self) -> dict[tuple[str, int | None], str]:
        """Why rows were set aside, by file and line."""
        names = {record.object_id: record.object_name for record in self.ledger.imports()}
        return {(names[one.object_id], one.row.line): one.row.reason for one in self.ledger.set_aside_rows()}


def _plain(value: object) -> object:
    return f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else value


def canonical(ledger: SqliteLedger, table: str) -> list[Row]:
    """All rows of a table but where they came from, in one order."""
    found = ledger.read(table).drop_columns(["raw_object", "raw_line"]).to_pylist()
    return sorted(found, key=lambda row: str(row["id"]))


def csv_table(text: str) -> pa.Table:
    """CSV as a table of strings; an empty field is null."""
    rows = list(csv.DictReader(io.StringIO(text)))
    names = list(rows[0]) if rows else next(csv.reader(io.StringIO(text)))
    return pa.table({name: pa.array([row[name] or None for row in rows], pa.string()) for name in names})
