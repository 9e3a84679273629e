"""Imports from their first line in the list to the one transaction that makes them count."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import apsw
import pyarrow as pa

from deskmeter.base.arrow_compute import pc
from deskmeter.base.errors import BugError
from deskmeter.base.time import to_micros
from deskmeter.canon.schema import TABLES, Table
from deskmeter.ledger.asking import rows, there_is, whole
from deskmeter.ledger.blocks import clashing, has_rows, pack
from deskmeter.ledger.laying import Heap
from deskmeter.ledger.merge import merge_rows, settle_in_blocks
from deskmeter.ledger.protocol import ImportCounts, ImportTicket, Progress
from deskmeter.ledger.rawblocks import are_all_new
from deskmeter.ledger.rawrows import Tally, count_rows, withdraw_rows
from deskmeter.ledger.spool import Part
from deskmeter.ledger.withdraw import withdraw_canonical

BULK_ROWS = 20_000
"""From here on the rows of an import are kept in blocks if nothing else claims their ids."""

BULK_AT_MOST = 5_000_000
"""Beyond this the check that all ids differ would not fit in memory; the slower way needs none."""


def source_number(db: apsw.Connection, source: str) -> int:
    """The number of a source, given when it is first seen."""
    if not source:
        raise BugError("a source needs a name")
    db.execute(
        "INSERT INTO ledger_source (source_no, name) "
        "SELECT COALESCE(MAX(source_no), 0) + 1, ? FROM ledger_source WHERE 1 = 1 ON CONFLICT DO NOTHING",
        (source,),
    )
    return whole(db, "SELECT source_no FROM ledger_source WHERE name = ?", (source,))


def standing_import(db: apsw.Connection, source: str, object_id: str) -> tuple[int, str] | None:
    """Number and mapping of the import that reads an object of a source now, if there is one."""
    found = rows(
        db,
        "SELECT i.import_no, i.mapping_id FROM ledger_import i JOIN ledger_source s ON s.source_no = i.source_no "
        "WHERE s.name = ? AND i.object_id = ? AND i.state = 'done'",
        (source, object_id),
    )
    return (found[0][0], found[0][1]) if found else None


def open_import(db: apsw.Connection, source: str, object_id: str, mapping_id: str, at: datetime) -> ImportTicket:
    """A new line in the list of imports; an unfinished one of the same three is marked interrupted."""
    if not there_is(db, "SELECT 1 FROM ledger_object WHERE id = ?", (object_id,)):
        raise BugError(f"object `{object_id}` was never kept; put_object comes before begin_import")
    source_no = source_number(db, source)
    db.execute(
        "UPDATE ledger_import SET state = 'interrupted' "
        "WHERE source_no = ? AND object_id = ? AND mapping_id = ? AND state = 'running'",
        (source_no, object_id, mapping_id),
    )
    import_no = whole(db, "SELECT COALESCE(MAX(import_no), 0) + 1 FROM ledger_import")
    db.execute(
        "INSERT INTO ledger_import (import_no, source_no, object_id, mapping_id, state, began_us, received, stored, "
        "duplicates, set_aside, rejected) VALUES (?, ?, ?, ?, 'running', ?, 0, 0, 0, 0, 0)",
        (import_no, source_no, object_id, mapping_id, to_micros(at)),
    )
    stands = standing_import(db, source, object_id)
    is_repeat = stands is not None and stands[1] == mapping_id
    replaces = stands[0] if stands is not None and not is_repeat else None
    return ImportTicket(import_no, source, object_id, mapping_id, is_repeat, replaces)


def refuse_unless_running(db: apsw.Connection, ticket: ImportTicket) -> None:
    """BugError if the import was finished, given up or begun again meanwhile."""
    state = rows(db, "SELECT state FROM ledger_import WHERE import_no = ?", (ticket.number,))
    if state != [("running",)]:
        said = state[0][0] if state else "unknown"
        raise BugError(f"import {ticket.number} of `{ticket.source}` is {said}, not running; begin it again")


def finish_imports(
    db: apsw.Connection, works: Sequence["Work"], at: datetime, progress: Progress | None
) -> tuple[ImportCounts, ...]:
    """Make several imports count, whole; the caller's transaction makes them atomic and durable.

    First what they replace is taken back; then many rows that nobody else claims are kept together in blocks.
    """
    if len({(ticket.source, ticket.object_id) for ticket, _ in works}) < len(works):  # one of them replaces another
        return tuple(finish_import(db, ticket, parts, at, progress) for ticket, parts in works)
    rooms = [_make_room(db, ticket) for ticket, _ in works]
    packed = _pack(db, [work for work, room in zip(works, rooms, strict=True) if room.repeats is None], progress)
    return tuple(
        _finish(db, ticket, parts, at, progress, room, packed)
        for (ticket, parts), room in zip(works, rooms, strict=True)
    )


def finish_import(
    db: apsw.Connection, ticket: ImportTicket, parts: Sequence[Part], at: datetime, progress: Progress | None
) -> ImportCounts:
    """Make one import count."""
    return finish_imports(db, [(ticket, parts)], at, progress)[0]


@dataclass(frozen=True)
class _Room:
    """What stands where an import goes: the same reading of the object (repeats), or one that it has replaced."""

    repeats: int | None = None
    replaced: int | None = None


def _make_room(db: apsw.Connection, ticket: ImportTicket) -> _Room:
    """Take another reading of the same object back."""
    refuse_unless_running(db, ticket)
    stands = standing_import(db, ticket.source, ticket.object_id)
    if stands is None:
        return _Room()
    if stands[1] == ticket.mapping_id:
        return _Room(repeats=stands[0])
    source_no = source_number(db, ticket.source)
    withdraw_rows(db, source_no, stands[0])
    withdraw_canonical(db, source_no, stands[0])
    db.execute(
        "UPDATE ledger_import SET state = 'replaced', replaced_by = ? WHERE import_no = ?", (ticket.number, stands[0])
    )
    return _Room(replaced=stands[0])


Work = tuple[ImportTicket, Sequence[Part]]


@dataclass(frozen=True)
class _Packed:
    """What of some imports needs no settling.

    `rivals`: by table whose rows lie in blocks the ids that several rows claim, whose rows do not. `are_keys_new`:
    all raw rows may lie in blocks.
    """

    rivals: Mapping[str, pa.Array] = field(default_factory=dict)
    are_keys_new: bool = False

    def left(self, name: str, arrived: pa.Table) -> pa.Table:
        """The rows of a part that are still to be settled."""
        if name not in self.rivals:
            return arrived
        several = self.rivals[name]
        return arrived.filter(pc.is_in(arrived["id"], several)) if len(several) else arrived.slice(0, 0)


def _pack(db: apsw.Connection, works: Sequence[Work], progress: Progress | None) -> _Packed:
    """Put the rows of large imports into blocks, table by table, where nothing else claims their ids."""
    sources = {ticket.source for ticket, _ in works}
    if len(sources) != 1:  # imports that belong together are of one source; of several each row is settled by itself
        return _Packed()
    source_no = source_number(db, *sources)
    parts = [part for _, own in works for part in own]
    rivals = {
        name: several
        for name, several in _bulk_tables(parts).items()
        if _nobody_else(db, TABLES[name], source_no, parts)
    }
    total = sum(len(part.tables[name]) for part in parts for name in rivals if name in part.tables)
    done = 0
    for name, several in rivals.items():
        for ticket, own in works:
            heaps = [Heap(source_no, ticket.number, part.tables[name]) for part in own if name in part.tables]
            before = done
            for count in pack(db, TABLES[name], heaps, several) if heaps else ():
                done = before + count
                if progress is not None:
                    progress(done, total)
    keys = [column for part in parts for column in (part.row_keys["key"], part.set_aside["key"])]
    is_large = sum(len(column) for column in keys) >= BULK_ROWS
    return _Packed(rivals, is_large and are_all_new(db, source_no, keys))


def _nobody_else(db: apsw.Connection, table: Table, source_no: int, parts: Sequence[Part]) -> bool:
    """Whether no row of the source claims an id of these parts; where rows stand in the table, it may be so."""
    if has_rows(db, table, source_no):
        return False
    return not clashing(db, table, source_no, _ids(table.name, parts))


def _ids(name: str, parts: Sequence[Part]) -> pa.ChunkedArray:
    chunks = [chunk for part in parts if name in part.tables for chunk in part.tables[name]["id"].chunks]
    return pa.chunked_array(chunks, pa.string())


def _finish(
    db: apsw.Connection,
    ticket: ImportTicket,
    parts: Sequence[Part],
    at: datetime,
    progress: Progress | None,
    room: _Room,
    packed: _Packed,
) -> ImportCounts:
    if room.repeats is not None:
        return _finish_repeat(db, ticket, room.repeats, at)
    tally = Tally()
    new, is_changed = _merge_parts(db, ticket, parts, source_number(db, ticket.source), tally, progress, packed)
    if not tally.is_balanced:
        raise BugError(f"import {ticket.number} of `{ticket.source}` does not balance: {tally}")
    stored, set_aside, rejected = tally.by_state
    counts = (tally.received, stored, tally.duplicates, set_aside, rejected)
    _close(db, ticket, "done", at, counts, _last_event_us(parts))
    if is_changed or room.replaced is not None:
        db.execute("UPDATE ledger_meta SET value = value + 1 WHERE name = 'version'")
    return ImportCounts(ticket.source, *counts, rows=new, replaced=room.replaced)


def merge_again(db: apsw.Connection, ticket: ImportTicket, parts: Sequence[Part]) -> None:
    """Put another reading of an object in the place of a withdrawn one; the import keeps its number and its times."""
    tally = Tally()
    _merge_parts(db, ticket, parts, source_number(db, ticket.source), tally, None, _Packed())
    stored, set_aside, rejected = tally.by_state
    db.execute(
        "UPDATE ledger_import SET mapping_id = ?, received = ?, stored = ?, duplicates = ?, set_aside = ?, "
        "rejected = ? WHERE import_no = ?",
        (ticket.mapping_id, tally.received, stored, tally.duplicates, set_aside, rejected, ticket.number),
    )


def _finish_repeat(db: apsw.Connection, ticket: ImportTicket, stands: int, at: datetime) -> ImportCounts:
    received = whole(db, "SELECT received FROM ledger_import WHERE import_no = ?", (stands,))
    counts = (received, 0, received, 0, 0)
    _close(db, ticket, "repeated", at, counts, None)
    return ImportCounts(ticket.source, *counts, is_repeat=True)


def _close(
    db: apsw.Connection,
    ticket: ImportTicket,
    state: str,
    at: datetime,
    counts: tuple[int, int, int, int, int],
    last_event_us: int | None,
) -> None:
    db.execute(
        "UPDATE ledger_import SET state = ?, finished_us = ?, received = ?, stored = ?, duplicates = ?, "
        "set_aside = ?, rejected = ?, last_event_us = ? WHERE import_no = ?",
        (state, to_micros(at), *counts, last_event_us, ticket.number),
    )


def _merge_parts(
    db: apsw.Connection,
    ticket: ImportTicket,
    parts: Sequence[Part],
    source_no: int,
    tally: Tally,
    progress: Progress | None,
    packed: _Packed,
) -> tuple[dict[str, int], bool]:
    """Merge every part; the new rows by table, and whether any row of a table changed."""
    total = sum(len(arrived) for part in parts for name, arrived in part.tables.items() if name not in packed.rivals)
    done, is_changed = 0, False
    new: dict[str, int] = {}
    count_rows(db, parts, source_no, ticket.number, tally, packed.are_keys_new)
    settled = {}
    for name in {name for part in parts for name in part.tables}.difference(packed.rivals):
        own = [part.tables[name] for part in parts if name in part.tables]
        settled[name] = settle_in_blocks(db, TABLES[name], own, source_no, ticket.number)
    for part in parts:
        for name, arrived in part.tables.items():
            left = packed.left(name, arrived)
            packed_n = len(arrived) - len(left)
            if len(settled.get(name, ())):
                left = left.filter(pc.invert(pc.is_in(left["id"], settled[name])))
            merged = merge_rows(db, TABLES[name], left, source_no, ticket.number)
            if name not in packed.rivals:
                done += len(arrived)
                if progress is not None:
                    progress(done, total)
            new[name] = new.get(name, 0) + merged.new + packed_n
            is_changed = is_changed or merged.is_changed or packed_n > 0
    return new, is_changed


def _bulk_tables(parts: Sequence[Part]) -> dict[str, pa.Array]:
    """Tables that get many rows with ids of their own; by table the ids that come more than once, maybe none."""
    found = {}
    for name in sorted({name for part in parts for name in part.tables}):
        ids = _ids(name, parts)
        if BULK_ROWS <= len(ids) <= BULK_AT_MOST:
            # in groups: counting distinct texts takes five times as long
            groups = pa.table({"id": ids}).group_by("id", use_threads=False).aggregate([([], "count_all")])
            rivals = groups.filter(pc.greater(groups["count_all"], 1))["id"].combine_chunks()
            if len(groups) - len(rivals) >= BULK_ROWS:
                found[name] = rivals
    return found


def _last_event_us(parts: Sequence[Part]) -> int | None:
    latest = [pc.max(part.tables["event"]["at"].cast(pa.int64())).as_py() for part in parts if "event" in part.tables]
    return max(latest, default=None)


def clear_of_interrupted(db: apsw.Connection) -> None:
    """At opening nobody else can be importing: what still runs in the list has died."""
    db.execute("UPDATE ledger_import SET state = 'interrupted' WHERE state = 'running'")
