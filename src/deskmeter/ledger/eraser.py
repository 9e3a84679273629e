"""Erases a person from a store: the one transaction that makes it so, and the cleaning after it.

Kept objects are redacted and read again, so that the store becomes what it would be had the redacted objects arrived in
the first place: ids, keys and hashes made of their content agree with whatever arrives later. New objects are on disk
before the transaction, old ones go after it; in between the store is marked, and the next opening goes on.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import apsw

from deskmeter.base.errors import DataError
from deskmeter.base.time import to_micros
from deskmeter.canon.schema import TABLES
from deskmeter.ledger import people, reports
from deskmeter.ledger.asking import rows, there_is, whole
from deskmeter.ledger.blocks import block_places, open_blocks
from deskmeter.ledger.claims import Claim, ClaimBook, digest_of
from deskmeter.ledger.connection import Store
from deskmeter.ledger.forgetting import forget_part
from deskmeter.ledger.forgotten import Forgotten, Person, Tombstone
from deskmeter.ledger.imports import merge_again
from deskmeter.ledger.objects import ObjectFolder
from deskmeter.ledger.protocol import Batch, ImportTicket, Progress
from deskmeter.ledger.rawblocks import all_raw_blocks, open_raw_blocks
from deskmeter.ledger.rawrows import withdraw_rows
from deskmeter.ledger.spool import Spool, checked
from deskmeter.ledger.withdraw import withdraw_canonical

PENDING = "erasing"
"""In ledger_meta: 1 from the transaction of an erasure until nothing of the person is left on disk."""


@dataclass(frozen=True)
class Erasure:
    """What an erasure changes: `objects` and `mappings` by their old id, the readings that are put in place anew.

    `documents` are (kind, name, text) to keep, `dropped` are (kind, name) to forget with all their versions.
    """

    tombstones: tuple[Tombstone, ...]
    objects: Mapping[str, "NewObject"] = field(default_factory=dict)
    mappings: Mapping[str, str] = field(default_factory=dict)
    readings: tuple[ImportTicket, ...] = ()
    documents: tuple[tuple[str, str, str], ...] = ()
    dropped: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class NewObject:
    """A redacted object that is on disk and not in the books yet."""

    id: str
    name: str
    size: int


@dataclass(frozen=True)
class KeptObject:
    """An object in the books: its name may name a person as well."""

    id: str
    name: str


class Eraser:
    """The part of a store's work that only an erasure needs."""

    def __init__(self, store: Store, objects: ObjectFolder, spool: Spool, forget: Callable[[], None]) -> None:
        """`forget`: what the ledger keeps in memory of its rows and of the erased is out of date."""
        self._store = store
        self._objects = objects
        self._spool = spool
        self._forget = forget

    @contextmanager
    def _reading_rows(self) -> Iterator[apsw.Connection]:
        """The store with every row by itself: a person is sought in tables, not in blocks."""
        with self._store.reading() as db:
            has_blocks = bool(block_places(db))
        if has_blocks:
            with self._store.writing() as db:
                _open_all(db)
        with self._store.reading() as db:
            yield db

    def people(self) -> tuple[people.Known, ...]:
        """Everybody whom the store knows."""
        with self._reading_rows() as db:
            return people.known_people(db)

    def person(self, source: str, person: str) -> Person:
        """All that is known of one."""
        with self._reading_rows() as db:
            return people.person_of(db, source, person)

    def mentions(self, source: str, person: str) -> Mapping[str, int]:
        """Rows that name one, by table."""
        with self._reading_rows() as db:
            return people.mentions(db, source, person)

    def imports_naming(self, source: str, person: str) -> frozenset[int]:
        """Imports that hold such a row."""
        with self._reading_rows() as db:
            return people.imports_naming(db, source, person)

    def tombstones(self) -> tuple[Tombstone, ...]:
        """Everybody who was erased before."""
        with self._store.reading() as db:
            return read_tombstones(db)

    def objects(self) -> tuple[KeptObject, ...]:
        """The objects in the books."""
        with self._store.reading() as db:
            return tuple(KeptObject(*row) for row in rows(db, "SELECT id, name FROM ledger_object ORDER BY id"))

    def keep(self, content: bytes, name: str) -> NewObject:
        """Put a redacted object on disk; it counts when the erasure does."""
        self._store.refuse_if_failed()
        try:
            object_id, size, _ = self._objects.put(content)
        except OSError as error:
            raise self._store.fail(error) from error
        return NewObject(object_id, name, size)

    def read_again(self, reading: ImportTicket, batch: Batch, forgotten: Forgotten) -> None:
        """Put a part of a new reading of an object aside until `carry_out`."""
        self._spool.add(reading.number, forget_part(checked(reading.source, reading.object_id, batch), forgotten))

    def give_up(self, readings: tuple[ImportTicket, ...]) -> None:
        """Forget what was put aside."""
        for reading in readings:
            self._spool.drop(reading.number)

    def drop_strays(self) -> None:
        """Delete the objects that are in no book: those that were replaced, or made for an erasure that was not."""
        with self._store.reading() as db:
            kept = frozenset(row[0] for row in rows(db, "SELECT id FROM ledger_object"))
        self._objects.drop_others(kept)

    def carry_out(self, erasure: Erasure, at: datetime, progress: Progress | None = None) -> None:
        """The one transaction; DataError, and nothing is changed, if any count would change."""
        with self._store.writing() as db:
            _open_all(db)
            before = _counts(db)
            ranks = _old_ranks(db, erasure.readings)
            _note_tombstones(db, erasure.tombstones)
            for reading in erasure.readings:
                source_no = _source_no(db, reading.source)
                withdraw_rows(db, source_no, reading.number)
                withdraw_canonical(db, source_no, reading.number)
                db.execute("DELETE FROM ledger_set_aside WHERE import_no = ?", (reading.number,))
            # what imports that no longer count had set aside is shown nowhere, and would stay
            db.execute(
                "DELETE FROM ledger_set_aside WHERE import_no IN (SELECT import_no FROM ledger_import WHERE state <> 'done')"
            )
            _change_books(db, erasure, at)
            for done, reading in enumerate(erasure.readings, 1):
                merge_again(db, reading, list(self._spool.parts(reading.number)))
                if progress is not None:
                    progress(done, len(erasure.readings))
            _keep_ranks(db, ranks, erasure.tombstones)
            _refuse_other_counts(before, _counts(db))
            db.execute("UPDATE ledger_meta SET value = value + 1 WHERE name = 'version'")
            db.execute(
                f"INSERT INTO ledger_meta (name, value) VALUES ('{PENDING}', 1) "
                "ON CONFLICT (name) DO UPDATE SET value = 1"
            )
        self._forget()

    def is_pending(self) -> bool:
        """Whether an erasure has been made and not everything been cleaned up."""
        with self._store.reading() as db:
            return there_is(db, f"SELECT 1 FROM ledger_meta WHERE name = '{PENDING}' AND value = 1")

    def clean(self) -> None:
        """Take what was erased from the disk: old objects, batches, free pages, the log; then take the mark away."""
        self.drop_strays()
        self._spool.clear()
        self._store.compact()
        with self._store.writing() as db:
            db.execute(f"DELETE FROM ledger_meta WHERE name = '{PENDING}'")
        self._store.empty_log()


def read_tombstones(db: apsw.Connection, source: str | None = None) -> tuple[Tombstone, ...]:
    """The tombstones of one source, or of all."""
    asked = "SELECT source, kind, digest, length, words_n, token, hash_key FROM ledger_forgotten"
    return tuple(Tombstone(*row) for row in rows(db, f"{asked} WHERE ? IS NULL OR source = ?", (source, source)))


def _note_tombstones(db: apsw.Connection, tombstones: tuple[Tombstone, ...]) -> None:
    db.executemany(
        "INSERT INTO ledger_forgotten (source, kind, digest, length, words_n, token, hash_key) "
        "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [(one.source, one.kind, one.digest, one.length, one.words_n, one.token, one.key) for one in tombstones],
    )


def _open_all(db: apsw.Connection) -> None:
    open_blocks(db, block_places(db))
    open_raw_blocks(db, all_raw_blocks(db))


def _source_no(db: apsw.Connection, source: str) -> int:
    return whole(db, "SELECT source_no FROM ledger_source WHERE name = ?", (source,))


def _change_books(db: apsw.Connection, erasure: Erasure, at: datetime) -> None:
    for old, new in erasure.objects.items():
        if old == new.id:
            db.execute("UPDATE ledger_object SET name = ? WHERE id = ?", (new.name, old))
            continue
        if there_is(db, "SELECT 1 FROM ledger_object WHERE id = ?", (new.id,)):
            raise DataError(f"without the person, `{new.name}` is the same as another kept file; nothing was erased")
        db.execute(
            "INSERT INTO ledger_object (id, name, size, received_us) "
            "SELECT ?, ?, ?, received_us FROM ledger_object WHERE id = ?",
            (new.id, new.name, new.size, old),
        )
        db.execute("DELETE FROM ledger_object WHERE id = ?", (old,))
        db.execute("UPDATE ledger_import SET object_id = ? WHERE object_id = ?", (new.id, old))
        db.execute("UPDATE ledger_redacted SET object_id = ? WHERE object_id = ?", (new.id, old))
        db.execute("INSERT INTO ledger_redacted (original_id, object_id) VALUES (?, ?)", (old, new.id))
    for old_id, new_id in erasure.mappings.items():
        db.execute("UPDATE ledger_import SET mapping_id = ? WHERE mapping_id = ?", (new_id, old_id))
    db.executemany("DELETE FROM ledger_document WHERE kind = ? AND name = ?", erasure.dropped)
    db.executemany(
        "INSERT INTO ledger_document (kind, name, version, text, at_us) VALUES (?, ?, 1, ?, ?) ON CONFLICT DO NOTHING",
        [(*document, to_micros(at)) for document in erasure.documents],
    )


Counts = Mapping[str, object]


def _counts(db: apsw.Connection) -> Counts:
    """What an erasure leaves as it is."""
    balances = {f"source `{one.source}`": one for one in reports.balances(db)}
    return balances | {name: reports.row_count(db, name) for name in TABLES}


def _refuse_other_counts(before: Counts, after: Counts) -> None:
    for name in {**before, **after}:
        if before.get(name) != after.get(name):
            raise DataError(
                f"nothing was erased: read again without the person, {name} would hold {after.get(name)} in place of "
                f"{before.get(name)}; import the files of that source again with this version, then erase"
            )


# --- what won, wins -------------------------------------------------------------------------------------------------

Place = tuple[str, int, int | None]
"""A claim before and after: its table, its import, its line."""


def _old_ranks(db: apsw.Connection, readings: tuple[ImportTicket, ...]) -> dict[Place, list[tuple[str, bytes]]]:
    """(id, rank) of every claim to a contested row, by place."""
    found: dict[Place, list[tuple[str, bytes]]] = {}
    sources = {_source_no(db, reading.source) for reading in readings}
    for table, source_no, row_id in _contested(db, sources):
        book = ClaimBook(db, TABLES[table], source_no)
        for claim in book.claims(row_id):
            ranked = digest_of(claim.content)
            known = rows(db, "SELECT ranks_as FROM ledger_rank WHERE digest = ?", (ranked,))
            place = (table, claim.import_no, claim.raw_line)
            found.setdefault(place, []).append((row_id, known[0][0] if known else ranked))
    return found


def _contested(db: apsw.Connection, sources: set[int]) -> list[tuple[str, int, str]]:
    found = rows(db, "SELECT DISTINCT table_name, source_no, id FROM ledger_superseded")
    return [(table, source_no, row_id) for table, source_no, row_id in found if source_no in sources]


def _keep_ranks(
    db: apsw.Connection, old: Mapping[Place, list[tuple[str, bytes]]], tombstones: tuple[Tombstone, ...]
) -> None:
    """Give each contested claim the rank that it had, and settle those rows once more."""
    tokens = tuple(one.token for one in tombstones)
    sources = {row[0] for row in rows(db, "SELECT source_no FROM ledger_source")}
    contested = _contested(db, sources)
    for table, source_no, row_id in contested:
        for claim in ClaimBook(db, TABLES[table], source_no).claims(row_id):
            was = _rank_of(claim, old.get((table, claim.import_no, claim.raw_line), []), row_id, tokens)
            now = digest_of(claim.content)
            if was is not None and was != now:
                db.execute(
                    "INSERT INTO ledger_rank (digest, ranks_as) VALUES (?, ?) ON CONFLICT DO NOTHING", (now, was)
                )
    for table, source_no, row_id in contested:
        ClaimBook(db, TABLES[table], source_no).resolve(row_id, [])


def _rank_of(claim: Claim, known: list[tuple[str, bytes]], row_id: str, tokens: tuple[str, ...]) -> bytes | None:
    """The rank of the claim with this id at its place; of an id that was made anew the only one there."""
    same = [rank for old_id, rank in known if old_id == row_id]
    if same:
        return same[0]
    if any(token in row_id for token in tokens) and len(known) == 1:
        return known[0][1]
    return None
