"""The import of a warehouse's tables: keep each file raw, look, read, append, and make all of it count at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.base.errors import AskerError, BugError, DataError, nearest
from deskmeter.base.time import to_micros
from deskmeter.connectors.fivetran_zendesk import layout as zendesk
from deskmeter.connectors.fivetran_zendesk.reader import ZendeskReader
from deskmeter.connectors.protocol import RawBatch
from deskmeter.connectors.warehouse import TableRows, TableSpec, Understood, WarehouseReader
from deskmeter.ingest.apply import Tables
from deskmeter.ingest.digests import digests
from deskmeter.ingest.parts import SEPARATOR
from deskmeter.ingest.run import ImportReport, Progress, no_progress, oddities_text
from deskmeter.ingest.shelves import Found, Shelf, file_shelf, find_tables, is_database, stored_shelves
from deskmeter.ingest.trouble import Oddities
from deskmeter.ledger.protocol import KEY_BYTES, ROW_KEYS_SCHEMA, Batch, ImportCounts, ImportTicket, Ledger, SetAside

STEPS = ("keep raw", "look", "read", "finish")
_SYNCED = "_fivetran_synced"
"""When a row was fetched, not what it says: the same row fetched again is a duplicate."""


@dataclass(frozen=True)
class Connector:
    """A connector to the tables of a warehouse: by which names it knows them, and who reads them."""

    name: str
    source: str
    reading: str
    specs: tuple[TableSpec, ...]
    looks: tuple[str, ...]
    required: tuple[str, ...]
    one_of: tuple[str, ...]
    table_called: Callable[[str], str | None]
    reader: Callable[[], WarehouseReader]


CONNECTORS = {
    zendesk.NAME: Connector(
        zendesk.NAME, zendesk.SOURCE, zendesk.READING, zendesk.SPECS, zendesk.LOOKS, zendesk.REQUIRED, zendesk.ONE_OF,
        zendesk.table_called, ZendeskReader,
    )
}  # fmt: skip


def recognised(path: Path) -> Connector | None:
    """The connector whose tables lie at a path, told by the tables that no other source has; None for other data."""
    if not path.is_dir() and not is_database(path):
        return None
    for connector in CONNECTORS.values():
        tables = find_tables(path, connector.table_called).files
        if all(name in tables for name in connector.required) and any(name in tables for name in connector.one_of):
            return connector
    return None


def connector_called(name: str) -> Connector:
    """The connector of a name; AskerError with the nearest if there is none."""
    if name not in CONNECTORS:
        raise AskerError(f"no connector `{name}`{nearest(name, CONNECTORS) or '; there is ' + ', '.join(CONNECTORS)}")
    return CONNECTORS[name]


def import_warehouse(
    ledger: Ledger,
    path: Path,
    connector: Connector,
    now: datetime,
    source: str | None = None,
    progress: Progress = no_progress,
) -> ImportReport:
    """Import all tables at a path; all of them become visible in one durable step, or none does.

    Raises:
        AskerError: the path holds no such tables.
        DataError: a file cannot be read, or lacks a column; the message names it.
    """
    name = source or connector.source
    if ledger.forgotten(name):
        raise DataError(
            f"people were erased from `{name}`; its tables cannot be imported again without bringing them back"
        )
    found = find_tables(path, connector.table_called)
    _refuse_incomplete(path, connector, found)
    progress(STEPS[0], 0, None)
    kept = {file: ledger.put_object(file, file.name, now).id for file in dict.fromkeys(found.files.values())}
    objects = {table: kept[file] for table, file in found.files.items()}
    shelves = _shelves(ledger, found, objects)
    _refuse_unreadable(connector, shelves, objects)
    work = _Work(ledger, connector, shelves, now, progress)
    return work.done(name, objects, found)


def _refuse_incomplete(path: Path, connector: Connector, found: Found) -> None:
    missing = [name for name in connector.required if name not in found.files]
    if missing:
        raise AskerError(f"`{path}` has no table `{missing[0]}`: it does not hold what `{connector.name}` reads")
    if not any(name in found.files for name in connector.one_of):
        raise AskerError(f"`{path}` has none of the tables {' and '.join(f'`{name}`' for name in connector.one_of)}")


def _shelves(ledger: Ledger, found: Found, objects: Mapping[str, str]) -> dict[str, Shelf]:
    if found.is_database:
        kept = ledger.object_path(next(iter(objects.values())))
        return {shelf.table: shelf for shelf in stored_shelves(kept, found.stored)}
    return {
        table: file_shelf(table, file.name, ledger.object_path(objects[table])) for table, file in found.files.items()
    }


def _refuse_unreadable(connector: Connector, shelves: Mapping[str, Shelf], objects: Mapping[str, str]) -> None:
    for spec in connector.specs:
        shelf = shelves.get(spec.name)
        for column in spec.needs if shelf else ():
            if shelf and column not in shelf.columns:
                raise DataError(f"`{shelf.place}` has no column `{column}`{nearest(column, shelf.columns)}")
    is_one_file = len(set(objects.values())) == 1
    owners: dict[str, str] = {}
    for table, object_id in () if is_one_file and len(objects) > 1 else objects.items():
        if owners.setdefault(object_id, table) != table:
            raise DataError(f"the files of `{owners[object_id]}` and `{table}` are the same, byte for byte; mend one")


class _Work:
    """One import under way."""

    def __init__(
        self, ledger: Ledger, connector: Connector, shelves: Mapping[str, Shelf], now: datetime, progress: Progress
    ) -> None:
        self._ledger, self._connector, self._shelves = ledger, connector, shelves
        self._now, self._now_us, self._progress = now, to_micros(now), progress
        self._reader = connector.reader()
        self._oddities: dict[str, Oddities] = {}
        self._rows = 0

    def done(self, source: str, objects: Mapping[str, str], found: Found) -> ImportReport:
        """Begin, look, read, append and finish; given up whole if anything fails."""
        tickets = self._begin(source, objects)
        try:
            if not all(ticket.is_repeat for ticket in tickets.values()):
                self._look()
                for spec in self._connector.specs:
                    if spec.name in self._shelves:
                        self._read(spec.name, tickets[objects[spec.name]])
                self._keep_oddities(tickets)
            step = STEPS[3]
            counts = self._ledger.finish_all(
                tuple(tickets.values()), self._now, lambda done, total: self._progress(step, done, total)
            )
        except BaseException:  # also an interruption by hand: what was begun is taken back before it goes on
            for ticket in tickets.values():
                self._ledger.abandon(ticket)
            raise
        return self._report(source, counts, found)

    def _begin(self, source: str, objects: Mapping[str, str]) -> dict[str, ImportTicket]:
        """One import for each kept object, by its id; what it leans on is part of how it is read."""
        tickets: dict[str, ImportTicket] = {}
        for spec in self._connector.specs:
            object_id = objects.get(spec.name)
            if object_id is None or object_id in tickets:
                continue
            leans_on = spec.leans_on if object_id not in [objects.get(other) for other in spec.leans_on] else ()
            known = [f"{other}={objects.get(other, '-')}" for other in leans_on]
            digest = blake2b("\n".join(known).encode(), digest_size=8).hexdigest()
            mapping_id = f"{self._connector.name}-{self._connector.reading}-{digest}"
            tickets[object_id] = self._ledger.begin_import(source, object_id, mapping_id, self._now)
        return tickets

    def _look(self) -> None:
        for table in self._connector.looks:
            if table in self._shelves:
                self._progress(STEPS[1], 0, None)
                for batch in self._shelves[table].batches():
                    self._reader.look(self._table_rows(table, batch))
                self._reader.looked(table)

    def _read(self, table: str, ticket: ImportTicket) -> None:
        """Read a table; of a repeated import only what others need of it is kept."""
        oddities = self._oddities.setdefault(ticket.object_id, Oddities())
        for batch in self._shelves[table].batches():
            understood = self._reader.read(self._table_rows(table, batch))
            for note in understood.notes:
                oddities.add(note.code, f"`{self._shelves[table].place}`: {note.text}", note.lines)
            if not ticket.is_repeat:
                self._ledger.append(ticket, _as_batch(table, batch, understood))
            self._rows += len(batch.lines) + len(batch.problems)
            self._progress(STEPS[2], self._rows, None)
        rest = self._reader.close(table).tables
        if rest and not ticket.is_repeat:
            self._ledger.append(ticket, Batch(rest, ROW_KEYS_SCHEMA.empty_table()))

    def _table_rows(self, table: str, batch: RawBatch) -> TableRows:
        return TableRows(table, batch.table, batch.lines.to_numpy(), self._now_us)

    def _keep_oddities(self, tickets: Mapping[str, ImportTicket]) -> None:
        for object_id, oddities in self._oddities.items():
            if not tickets[object_id].is_repeat:
                name = f"{tickets[object_id].source}/{object_id}"
                self._ledger.put_document("oddities", name, oddities_text(oddities), self._now)

    def _report(self, source: str, counts: Sequence[ImportCounts], found: Found) -> ImportReport:
        rows: dict[str, int] = {}
        for count in counts:
            for name, new in count.rows.items():
                rows[name] = rows.get(name, 0) + new
        received, stored, duplicates, set_aside, rejected = (
            sum(column)
            for column in zip(
                *((one.received, one.stored, one.duplicates, one.set_aside, one.rejected) for one in counts),
                strict=True,
            )
        )
        if received != stored + duplicates + set_aside + rejected:
            raise BugError(f"rows of `{source}` do not add up: {counts}")
        oddities = tuple(oddity for each in self._oddities.values() for oddity in each)
        is_repeat = all(count.is_repeat for count in counts)
        return ImportReport(
            source,
            received,
            stored,
            duplicates,
            set_aside,
            rejected,
            rows,
            oddities,
            _notes(self._connector, found),
            is_repeat,
        )


def _notes(connector: Connector, found: Found) -> tuple[str, ...]:
    missing = [spec.name for spec in connector.specs if spec.name not in found.files]
    notes = [f"not there: {', '.join(missing)}"] if missing else []
    return (*notes, *([f"not read: {', '.join(found.unread)}"] if found.unread else []))


def _as_batch(table: str, batch: RawBatch, understood: Understood) -> Batch:
    """What was understood of some raw rows, with each of them accounted for."""
    keys = row_keys(table, batch.table)
    problems = [_problem(table, problem.line, problem.reason, problem.raw_text) for problem in batch.problems]
    faults = [
        SetAside(
            keys[fault.row].as_py(), batch.lines[fault.row].as_py(), fault.column, fault.value, fault.reason,
            batch.raw_text(fault.row),
        )
        for fault in understood.faults
    ]  # fmt: skip
    known = pa.table({"raw_line": batch.lines, "key": keys}, ROW_KEYS_SCHEMA)
    if faults:
        bad = pa.array(sorted(fault.row for fault in understood.faults), pa.int64())
        known = known.filter(pc.invert(pc.is_in(pa.array(range(len(keys)), pa.int64()), bad)))
    tables: Tables = understood.tables
    return Batch(tables, known, (*problems, *faults))


def _problem(table: str, line: int, reason: str, raw: str) -> SetAside:
    key = blake2b(f"{table}{SEPARATOR}{raw}".encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()
    return SetAside(key, line, None, None, reason, raw)


def row_keys(table: str, rows: pa.Table) -> pa.Array:
    """16 bytes a row that identify it by its table and content, whenever it was fetched."""
    columns = [pc.fill_null(rows[name].combine_chunks(), "") for name in sorted(rows.column_names) if name != _SYNCED]
    whole = pc.utf8_rtrim(pc.binary_join_element_wise(table, *columns, SEPARATOR), SEPARATOR)
    return digests(whole)
