"""The ledger in one folder: a SQLite file, the raw objects beside it, and a lock."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType

import apsw
import pyarrow as pa

from deskmeter.base.errors import BugError, DataError
from deskmeter.base.time import from_micros, to_micros
from deskmeter.ledger import arrivals, documents, reports
from deskmeter.ledger.asking import rows, there_is, whole
from deskmeter.ledger.backup import copy_store
from deskmeter.ledger.connection import Store, Tuning
from deskmeter.ledger.copies import ColumnCopies
from deskmeter.ledger.eraser import Eraser, read_tombstones
from deskmeter.ledger.forgetting import forget_part
from deskmeter.ledger.forgotten import Forgotten
from deskmeter.ledger.imports import (
    clear_of_interrupted,
    finish_import,
    finish_imports,
    open_import,
    refuse_unless_running,
)
from deskmeter.ledger.layout import names_ticket
from deskmeter.ledger.lock import StoreLock
from deskmeter.ledger.objects import ObjectFolder
from deskmeter.ledger.protocol import (
    Batch,
    BatchCounts,
    Conflict,
    Document,
    ImportCounts,
    ImportRecord,
    ImportTicket,
    Progress,
    SetAsideRow,
    SourceBalance,
    StoredObject,
    StoreError,
)
from deskmeter.ledger.reading import RowReader
from deskmeter.ledger.spool import Part, Spool, checked
from deskmeter.ledger.tables import Value, arrow_schema, canonical
from deskmeter.ledger.upgrade import empty_tables, make_ready

FILE_NAME = "ledger.sqlite"
OBJECTS = "objects"


def open_ledger(folder: Path, tuning: Tuning = Tuning()) -> "SqliteLedger":  # noqa: B008  a frozen value
    """The ledger in `folder`, made if there is none; use it in a `with` block or close it.

    Raises:
        LockedError: another process (or this one, a second time) has it open.
        DataError: the folder holds something else.
    """
    return SqliteLedger(folder, tuning)


class SqliteLedger:
    """See `protocol.Ledger` for what each method promises."""

    def __init__(self, folder: Path, tuning: Tuning) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = StoreLock(folder)
        except (OSError, apsw.CantOpenError) as error:
            raise DataError(f"no store can be kept in `{folder}`: {error}") from error
        try:
            self._objects = ObjectFolder(folder / OBJECTS)
            self._spool = Spool(folder / "spool")
            self._store = Store(folder / FILE_NAME, tuning)
            with self._store.writing() as db:
                make_ready(db)
                clear_of_interrupted(db)
                self._copies = ColumnCopies(empty_tables(db))
            self._forgotten: dict[str, Forgotten] = {}
        except apsw.NotADBError as error:
            self._lock.release()
            raise DataError(f"`{folder / FILE_NAME}` is not a ledger; name another folder") from error
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> "SqliteLedger":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and give the store free; a second call does nothing."""
        self._store.close()
        self._lock.release()

    def put_object(self, content: Path | bytes, name: str, received_at: datetime) -> StoredObject:
        """Bytes first, then their line in the books."""
        self._store.refuse_if_failed()
        try:
            object_id, size, _ = self._objects.put(content)
        except OSError as error:
            raise self._store.fail(error) from error
        with self._store.writing() as db:
            row = (object_id, name, size, to_micros(received_at))
            is_new = not there_is(db, "SELECT 1 FROM ledger_object WHERE id = ?", (object_id,))
            if is_new:
                db.execute("INSERT INTO ledger_object (id, name, size, received_us) VALUES (?, ?, ?, ?)", row)
        return StoredObject(object_id, name, size, received_at, is_new)

    def object_path(self, object_id: str) -> Path:
        """The file with the bytes as they came."""
        return self._objects.path(object_id)

    def begin_import(self, source: str, object_id: str, mapping_id: str, at: datetime) -> ImportTicket:
        """Durable, so that an import which dies can be seen in the list."""
        with self._store.writing() as db:
            return open_import(db, source, object_id, mapping_id, at)

    def append(self, ticket: ImportTicket, batch: Batch) -> BatchCounts:
        """Checked now, merged at `finish`."""
        self._store.refuse_if_failed()
        part = forget_part(checked(ticket.source, ticket.object_id, batch), self.forgotten(ticket.source))
        with self._store.reading() as db:
            refuse_unless_running(db, ticket)
        try:
            self._spool.add(ticket.number, part)
        except OSError as error:
            raise StoreError(f"no room for a part of an import in `{self._folder}`: {error}") from error
        return _counts(part, batch)

    def finish(self, ticket: ImportTicket, at: datetime, progress: Progress | None = None) -> ImportCounts:
        """The one transaction."""
        return self.finish_all((ticket,), at, progress)[0]

    def finish_all(
        self, tickets: Sequence[ImportTicket], at: datetime, progress: Progress | None = None
    ) -> tuple[ImportCounts, ...]:
        """The one transaction, for all of them."""
        parts = [list(self._spool.parts(ticket.number)) for ticket in tickets]
        with self._store.writing() as db:
            counts = finish_imports(db, list(zip(tickets, parts, strict=True)), at, progress)
        for ticket, own, count in zip(tickets, parts, counts, strict=True):
            self._spool.drop(ticket.number)
            self._copy(count, own, ticket.object_id)
        return counts

    def abandon(self, ticket: ImportTicket) -> None:
        """What was appended goes; a finished import stays as it is."""
        with self._store.writing() as db:
            db.execute(
                "UPDATE ledger_import SET state = 'interrupted' WHERE import_no = ? AND state = 'running'",
                (ticket.number,),
            )
        self._spool.drop(ticket.number)

    def record(self, source: str, object_id: str, mapping_id: str, at: datetime, batch: Batch) -> ImportCounts:
        """Begin, append and finish in the same transaction."""
        part = forget_part(checked(source, object_id, batch), self.forgotten(source))
        with self._store.writing() as db:
            counts = finish_import(db, open_import(db, source, object_id, mapping_id, at), [part], at, None)
        self._copy(counts, [part], object_id)
        return counts

    def _copy(self, counts: ImportCounts, parts: list[Part], object_id: str) -> None:
        if counts.replaced is not None:
            self._copies.forget()
        elif not counts.is_repeat:
            self._copies.add(parts, counts.rows, counts.source, object_id)

    def read(self, table: str) -> pa.Table:
        """One table from one instant."""
        return pa.concat_tables(self.parts(table))

    def parts(self, table: str) -> Iterator[pa.Table]:
        """In one part where this process has just written it, else in batches."""
        copied = self._copies.table(canonical(table).name)
        yield from self.read_batches(table) if copied is None else [copied]

    def read_batches(self, table: str, size: int = 100_000) -> Iterator[pa.Table]:
        """Parts of one instant, whatever is written between them."""
        wanted = canonical(table)
        with self._store.reading() as db:
            is_empty = True
            for part in RowReader(db, wanted).all_rows(size):
                is_empty = False
                yield part
        if is_empty:
            yield arrow_schema(wanted).empty_table()

    def read_tickets(self, table: str, tickets: Sequence[tuple[str, str]]) -> pa.Table:
        """By index, however large the table is."""
        wanted = canonical(table)
        if not names_ticket(wanted):
            raise BugError(f"table `{table}` names no ticket; read it whole")
        with self._store.reading() as db:
            return RowReader(db, wanted).of_tickets(tickets)

    def counting_imports(self) -> frozenset[int]:
        """From the books."""
        with self._store.reading() as db:
            return arrivals.counting_imports(db)

    def arrived(self, table: str, imports: Collection[int]) -> pa.Table:
        """A row bears the number of its import."""
        with self._store.reading() as db:
            return RowReader(db, canonical(table)).of_imports(imports)

    def displaced(self, table: str, imports: Collection[int]) -> tuple[tuple[str, Mapping[str, Value]], ...]:
        """From the books of claims that lost."""
        with self._store.reading() as db:
            return arrivals.displaced(db, canonical(table), imports)

    def version(self) -> int:
        """A counter in the books, raised by the transaction that changes a row."""
        with self._store.reading() as db:
            return whole(db, "SELECT value FROM ledger_meta WHERE name = 'version'")

    def balance(self) -> tuple[SourceBalance, ...]:
        """Sums over the imports that count."""
        with self._store.reading() as db:
            return reports.balances(db)

    def set_aside_rows(self, source: str | None = None) -> tuple[SetAsideRow, ...]:
        """As the import that is their home saw them."""
        with self._store.reading() as db:
            return reports.set_aside(db, source)

    def conflicts(self, source: str | None = None) -> tuple[Conflict, ...]:
        """Each losing content once."""
        with self._store.reading() as db:
            return reports.conflicts(db, source)

    def imports(self) -> tuple[ImportRecord, ...]:
        """Also those that died or were replaced."""
        with self._store.reading() as db:
            return reports.imports(db)

    def sources(self) -> tuple[str, ...]:
        """Those with a balance."""
        with self._store.reading() as db:
            return reports.sources(db)

    def last_event_at(self) -> Mapping[str, datetime]:
        """From the books, without reading an event."""
        with self._store.reading() as db:
            return reports.last_event_at(db)

    def put_document(self, kind: str, name: str, text: str, at: datetime) -> Document:
        """Durable when this returns."""
        with self._store.writing() as db:
            return documents.put(db, kind, name, text, at)

    def documents(self, kind: str) -> tuple[Document, ...]:
        """What holds now."""
        with self._store.reading() as db:
            return documents.latest(db, kind)

    def document_history(self, kind: str, name: str) -> tuple[Document, ...]:
        """What has ever held."""
        with self._store.reading() as db:
            return documents.history(db, kind, name)

    def counters(self) -> Mapping[str, int]:
        """Counted now."""
        with self._store.reading() as db:
            return reports.counters(db)

    def check(self) -> tuple[str, ...]:
        """Reads everything: the file's pages, the sums, every object's bytes."""
        with self._store.reading() as db:
            wrong = reports.found_wrong(db)
            kept = rows(db, "SELECT id, size FROM ledger_object")
        damaged = (self._objects.damaged(object_id, size) for object_id, size in kept)
        return (*wrong, *(line for line in damaged if line is not None))

    def forgotten(self, source: str) -> Forgotten:
        """Read once; an erasure makes it anew."""
        if source not in self._forgotten:
            with self._store.reading() as db:
                self._forgotten[source] = Forgotten(read_tombstones(db, source))
        return self._forgotten[source]

    def redacted_as(self, object_id: str) -> StoredObject | None:
        """From the books of erasures."""
        with self._store.reading() as db:
            found = rows(
                db,
                "SELECT o.id, o.name, o.size, o.received_us FROM ledger_redacted r "
                "JOIN ledger_object o ON o.id = r.object_id WHERE r.original_id = ?",
                (object_id,),
            )
        if not found:
            return None
        new_id, name, size, received_us = found[0]
        return StoredObject(new_id, name, size, from_micros(received_us), is_new=False)

    def eraser(self) -> Eraser:
        """What an erasure needs; people erased with it are known from then on."""
        return Eraser(self._store, self._objects, self._spool, self._forget_copies)

    def _forget_copies(self) -> None:
        self._copies.forget()
        self._forgotten.clear()

    def backup(self, target: Path) -> None:
        """One instant of the file, and the objects it names."""
        with self._store.reading() as db:
            copy_store(db, self._objects, target / FILE_NAME, target / OBJECTS)


def _counts(part: Part, batch: Batch) -> BatchCounts:
    counts = {name: len(table) for name, table in part.tables.items()}
    return BatchCounts(part.received, len(part.row_keys), len(batch.set_aside), len(batch.rejected), counts)
