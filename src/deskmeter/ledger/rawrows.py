"""Accounts for raw rows: each arrives once, is known by its key, and is counted in exactly one place."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import apsw
import pyarrow as pa

from deskmeter.base.arrow_compute import pc
from deskmeter.ledger.asking import rows
from deskmeter.ledger.bulk import insert_rows
from deskmeter.ledger.laying import KeysOf
from deskmeter.ledger.layout import STORED
from deskmeter.ledger.rawblocks import known_keys, pack_raw_rows, withdraw_raw_blocks
from deskmeter.ledger.spool import SET_ASIDE_SCHEMA, Part
from deskmeter.ledger.tables import SqlRows, Value

CHUNK_ROWS = 2_000
RANGE_ROWS = 100_000

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


def count_rows(
    db: apsw.Connection, parts: Sequence[Part], source_no: int, import_no: int, tally: Tally, are_new: bool = False
) -> None:
    """Take in the raw rows of an import: new keys find their home here, known ones are duplicates.

    They come in the order of their keys, whatever part they stand in: each page of the table is written once.
    `are_new`: no key of the import is known or comes twice; those of understood rows are then kept in blocks.
    """
    tally.received += sum(part.received for part in parts)
    if are_new:
        pack_raw_rows(db, source_no, import_no, (part.row_keys for part in parts))
        tally.by_state[STORED] += sum(len(part.row_keys) for part in parts)
        heaps = [part.set_aside.select(["key", "raw_line", "state"]) for part in parts]
    else:
        heaps = [heap for part in parts for heap in _arrivals(part)]
        known = known_keys(db, source_no, [heap["key"] for heap in heaps])
        if len(known):
            _note_known(db, [heap.filter(pc.is_in(heap["key"], known)) for heap in heaps], source_no, import_no, tally)
            heaps = [heap.filter(pc.invert(pc.is_in(heap["key"], known))) for heap in heaps]
    head = "INSERT INTO ledger_raw_row (source_no, import_no, key, raw_line, state)"
    one = f"({source_no}, {import_no}, ?, ?, ?)"
    for arrived in _by_key(heaps):
        for state, values in _by_state(arrived):
            for chunk in values.chunks(CHUNK_ROWS):
                before = db.total_changes()
                insert_rows(db, head, one, values.of(chunk))
                inserted = db.total_changes() - before
                tally.by_state[state] += inserted
                if inserted < len(chunk):
                    tally.duplicates += len(chunk) - inserted
                    _settle_known(db, list(values.of(chunk)), source_no, import_no, tally)
    for part in parts:
        _keep_set_aside(db, part.set_aside, source_no, import_no)


def _note_known(db: apsw.Connection, heaps: Sequence[pa.Table], source_no: int, import_no: int, tally: Tally) -> None:
    """Rows that lie in blocks have their home there, and are duplicates here."""
    arrived = pa.concat_tables(heaps).sort_by([("state", "ascending"), ("raw_line", "ascending")])
    tally.duplicates += len(arrived)
    values = SqlRows(arrived, ["key", "raw_line", "state"]).of(range(len(arrived)))
    _note_duplicates(db, source_no, [(key, import_no, line, state) for key, line, state in values])


def _note_duplicates(db: apsw.Connection, source_no: int, found: Sequence[tuple[Value, ...]]) -> None:
    """Remember (key, import, line, state) of rows that have their home elsewhere; of one key the best state."""
    db.executemany(
        "INSERT INTO ledger_raw_duplicate (source_no, key, import_no, raw_line, state) "
        f"VALUES ({source_no}, ?, ?, ?, ?) ON CONFLICT (source_no, key, import_no) "
        "DO UPDATE SET state = excluded.state WHERE excluded.state < ledger_raw_duplicate.state",
        found,
    )


def _arrivals(part: Part) -> Iterator[pa.Table]:
    """The rows of a part: those that were understood, and those that were not."""
    stored = pa.repeat(pa.scalar(STORED, pa.int64()), len(part.row_keys))
    yield part.row_keys.append_column("state", stored).select(["key", "raw_line", "state"])
    yield part.set_aside.select(["key", "raw_line", "state"])


def _by_key(heaps: Sequence[pa.Table]) -> Iterator[pa.Table]:
    """All rows, sorted by key and state, in ranges of the key; keys are hashes, so that even ranges hold as many.

    Each heap is sorted by key (the spool sees to that); one that is not only gives ranges that overlap.
    """
    if not heaps:
        return
    ranges_n = min(sum(len(heap) for heap in heaps) // RANGE_ROWS + 1, 1 << 16)
    keys: list[KeysOf[bytes]] = [KeysOf(heap["key"]) for heap in heaps]
    starts = [0] * len(heaps)
    for number in range(1, ranges_n + 1):
        bound = ((number << 16) // ranges_n).to_bytes(3, "big")[1:] if number < ranges_n else None
        ends = [
            len(own) if bound is None else max(start, bisect_left(own, bound))
            for start, own in zip(starts, keys, strict=True)
        ]
        pieces = [heap.slice(start, end - start) for heap, start, end in zip(heaps, starts, ends, strict=True)]
        starts = ends
        whole = pa.concat_tables(pieces)
        yield whole.take(pc.sort_indices(whole, sort_keys=[("key", "ascending"), ("state", "ascending")]))


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
    _note_duplicates(db, source_no, duplicates)


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
    withdraw_raw_blocks(db, source_no, import_no)
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
