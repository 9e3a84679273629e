"""Accounts for raw rows: each arrives once, is known by its key, and is counted in exactly one place."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import apsw
import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.ledger.asking import rows
from deskmeter.ledger.layout import STORED
from deskmeter.ledger.spool import SET_ASIDE_SCHEMA, Part
from deskmeter.ledger.tables import SqlRows, Value

CHUNK_ROWS = 2_000

_COUNT_COLUMNS = ("stored", "set_aside", "rejected")
"""Column of ledger_import for each state of a raw row."""


@dataclass
class Tally:
    """What became of the raw rows of an import while it is being merged."""

    received: int = 0
    duplicates: int = 0
    by_state: list[int] = field(default_factory=lambda: [0, 0, 0])

    @property
    def is_balanced(self) -> bool:
        """received = stored + duplicates + set aside + rejected."""
        return self.received == self.duplicates + sum(self.by_state)


def count_rows(db: apsw.Connection, part: Part, source_no: int, import_no: int, tally: Tally) -> None:
    """Take in the raw rows of a part: new keys find their home here, known ones are duplicates."""
    tally.received += part.received
    arrived = pa.concat_tables(
        [
            part.row_keys.append_column("state", pa.repeat(pa.scalar(STORED, pa.int64()), len(part.row_keys))).select(
                ["key", "raw_line", "state"]
            ),
            part.set_aside.select(["key", "raw_line", "state"]),
        ]
    )
    arrived = arrived.take(pc.sort_indices(arrived, sort_keys=[("key", "ascending"), ("state", "ascending")]))
    insert = (
        "INSERT INTO ledger_raw_row (source_no, import_no, key, raw_line, state) "
        f"VALUES ({source_no}, {import_no}, ?, ?, ?) ON CONFLICT DO NOTHING"
    )
    for state, values in _by_state(arrived):
        for chunk in values.chunks(CHUNK_ROWS):
            before = db.total_changes()
            db.executemany(insert, values.of(chunk))
            inserted = db.total_changes() - before
            tally.by_state[state] += inserted
            if inserted < len(chunk):
                tally.duplicates += len(chunk) - inserted
                _settle_known(db, list(values.of(chunk)), source_no, import_no, tally)
    _keep_set_aside(db, part.set_aside, source_no, import_no)


def _by_state(arrived: pa.Table) -> Iterator[tuple[int, SqlRows]]:
    for state in range(len(_COUNT_COLUMNS)):
        here = arrived.filter(pc.equal(arrived["state"], state))
        if len(here):
            yield state, SqlRows(here, ["key", "raw_line", "state"])


def _settle_known(
    db: apsw.Connection, chunk: list[tuple[Value, ...]], source_no: int, import_no: int, tally: Tally
) -> None:
    """Rows some of which were known: the better reading is the home, the other one stays as a duplicate."""
    look = f"SELECT key, import_no, raw_line, state FROM ledger_raw_row WHERE source_no = {source_no} AND key = ?"
    held = {row[0]: row[1:] for row in db.executemany(look, [(row[0],) for row in chunk])}
    noted: set[Value] = set()
    duplicates: list[tuple[Value, ...]] = []
    for key, line, state in chunk:
        home, home_line, home_state = held[key]
        assert isinstance(state, int)
        if state < home_state:
            db.execute(
                "UPDATE ledger_raw_row SET import_no = ?, raw_line = ?, state = ? WHERE source_no = ? AND key = ?",
                (import_no, line, state, source_no, key),
            )
            held[key] = (import_no, line, state)
            _move_home(db, home, home_state, import_no, state, tally)
            if home != import_no:
                duplicates.append((key, home, home_line, home_state))
        elif home != import_no and key not in noted:
            noted.add(key)
            duplicates.append((key, import_no, line, state))
    db.executemany(
        "INSERT INTO ledger_raw_duplicate (source_no, key, import_no, raw_line, state) "
        f"VALUES ({source_no}, ?, ?, ?, ?) ON CONFLICT (source_no, key, import_no) "
        "DO UPDATE SET state = excluded.state WHERE excluded.state < ledger_raw_duplicate.state",
        duplicates,
    )


def _move_home(db: apsw.Connection, home: int, home_state: int, import_no: int, state: int, tally: Tally) -> None:
    """One raw row is no longer counted at its old home but here; there (or here, earlier) it is a duplicate."""
    tally.by_state[state] += 1
    if home == import_no:
        tally.by_state[home_state] -= 1
        return
    tally.duplicates -= 1
    shift_count(db, home, _COUNT_COLUMNS[home_state], "duplicates", 1)


def shift_count(db: apsw.Connection, import_no: int, from_column: str, to_column: str, count: int) -> None:
    """Move raw rows of a finished import from one count to another; their sum stays."""
    db.execute(
        f"UPDATE ledger_import SET {from_column} = {from_column} - ?, {to_column} = {to_column} + ? "
        "WHERE import_no = ?",
        (count, count, import_no),
    )


def _keep_set_aside(db: apsw.Connection, set_aside: pa.Table, source_no: int, import_no: int) -> None:
    names = SET_ASIDE_SCHEMA.names
    db.executemany(
        f"INSERT INTO ledger_set_aside (source_no, import_no, {', '.join(names)}) "
        f"VALUES ({source_no}, {import_no}, {', '.join('?' * len(names))}) ON CONFLICT DO NOTHING",
        SqlRows(set_aside, names).of(range(len(set_aside))),
    )


def withdraw_rows(db: apsw.Connection, source_no: int, import_no: int) -> None:
    """Take back the raw rows of an import; what other imports hold as well finds its home there."""
    here = (source_no, import_no)
    db.execute("DELETE FROM ledger_raw_duplicate WHERE source_no = ? AND import_no = ?", here)
    shared = rows(
        db,
        "SELECT d.key, d.state, d.import_no, d.raw_line FROM ledger_raw_duplicate d "
        "JOIN ledger_raw_row r ON r.source_no = d.source_no AND r.key = d.key "
        "WHERE d.source_no = ? AND r.import_no = ? ORDER BY d.key, d.state, d.import_no, d.raw_line",
        here,
    )
    rehomed: dict[bytes, tuple[int, int, int | None]] = {}
    for key, state, other, line in shared:
        rehomed.setdefault(key, (state, other, line))
    for key, (state, other, line) in rehomed.items():
        db.execute(
            "UPDATE ledger_raw_row SET import_no = ?, raw_line = ?, state = ? WHERE source_no = ? AND key = ?",
            (other, line, state, source_no, key),
        )
        db.execute(
            "DELETE FROM ledger_raw_duplicate WHERE source_no = ? AND key = ? AND import_no = ?",
            (source_no, key, other),
        )
        shift_count(db, other, "duplicates", _COUNT_COLUMNS[state], 1)
    db.execute("DELETE FROM ledger_raw_row WHERE source_no = ? AND import_no = ?", here)
