"""What a ledger promises: the port that the rest of the river sees, and the frozen things that pass through it."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

import pyarrow as pa

from deskmeter.base.errors import DeskmeterError
from deskmeter.ledger.forgotten import Forgotten
from deskmeter.ledger.tables import Value

ImportState = Literal["running", "done", "repeated", "replaced", "interrupted"]

KEY_BYTES = 16
ROW_KEYS_SCHEMA = pa.schema([("raw_line", pa.int64()), ("key", pa.binary(KEY_BYTES))])


class StoreError(DeskmeterError):
    """The disk failed while something was being made durable; this ledger writes no more."""


@dataclass(frozen=True)
class StoredObject:
    """One raw object, kept byte for byte under the sha256 of its content (`id`)."""

    id: str
    name: str
    size: int
    received_at: datetime
    is_new: bool


@dataclass(frozen=True)
class SetAside:
    """One raw row that was not understood (set aside) or refused whole (rejected), with its reason.

    `key` identifies the raw row by its content (16 bytes, the same hash as in `Batch.row_keys`).
    `line` null: the whole object; `column` and `value` null: the row as a whole is at fault.
    """

    key: bytes
    line: int | None
    column: str | None
    value: str | None
    reason: str
    raw: str


@dataclass(frozen=True)
class Batch:
    """A part of one import: every raw row of the part is in exactly one of the last three fields.

    `tables` holds canonical rows by table name. Columns as in canon.schema, in any order; a column that is
    missing counts as null; `source` and `raw_object` may be left out (the import knows them). `id` is never null.
    `row_keys` has one row per raw row that was understood (`ROW_KEYS_SCHEMA`).
    """

    tables: Mapping[str, pa.Table]
    row_keys: pa.Table
    set_aside: Sequence[SetAside] = ()
    rejected: Sequence[SetAside] = ()


@dataclass(frozen=True)
class ImportTicket:
    """An import under way: which object of which source is read with which mapping.

    `is_repeat`: this very import is already in the ledger; nothing need be parsed, `finish` alone counts the
    rows as duplicates. `replaces` is the number of the import whose reading of the object this one will replace.
    """

    number: int
    source: str
    object_id: str
    mapping_id: str
    is_repeat: bool = False
    replaces: int | None = None


@dataclass(frozen=True)
class BatchCounts:
    """What one batch held: raw rows by what was made of them, canonical rows by table."""

    received: int
    understood: int
    set_aside: int
    rejected: int
    rows: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ImportCounts:
    """What a finished import brought. Raw rows: received = stored + duplicates + set_aside + rejected.

    `rows` counts the canonical rows that are new in the ledger, by table. `is_repeat`: the same object under the
    same mapping was there before. `replaced`: number of the import whose reading this one replaced.
    """

    source: str
    received: int
    stored: int
    duplicates: int
    set_aside: int
    rejected: int
    rows: Mapping[str, int] = field(default_factory=dict)
    is_repeat: bool = False
    replaced: int | None = None


@dataclass(frozen=True)
class SourceBalance:
    """All raw rows of a source: received = stored + duplicates + set_aside + rejected, always."""

    source: str
    received: int
    stored: int
    duplicates: int
    set_aside: int
    rejected: int


@dataclass(frozen=True)
class SetAsideRow:
    """A raw row that is set aside (or rejected) now, with the import and object that it came in."""

    source: str
    object_id: str
    import_number: int
    is_rejected: bool
    row: SetAside


@dataclass(frozen=True)
class Conflict:
    """A canonical row that lost to another row with the same identity and other content.

    `lost` and `counts` hold the columns in which the two differ, as text (null stays null).
    """

    table: str
    source: str
    id: str
    object_id: str
    raw_line: int | None
    lost: Mapping[str, str | None]
    counts: Mapping[str, str | None]


@dataclass(frozen=True)
class ImportRecord:
    """One line of the list of imports. Only `done` and `repeated` imports count in the balance.

    running: not finished yet (nothing of it is visible); interrupted: died while running, import it again;
    repeated: the same object and mapping once more; replaced: a later mapping reads the object now.
    """

    number: int
    source: str
    object_id: str
    object_name: str
    mapping_id: str
    state: ImportState
    began_at: datetime
    finished_at: datetime | None
    replaced_by: int | None
    counts: SourceBalance


@dataclass(frozen=True)
class Document:
    """One version (from 1) of a configuration text: a mapping, the settings, metrics of the user's own."""

    kind: str
    name: str
    version: int
    text: str
    at: datetime


Progress = Callable[[int, int], None]
"""Called with (rows merged so far, rows in all) while a long import finishes."""


class Ledger(Protocol):
    """The durable store. One process owns it; what it has acknowledged survives a crash of process or power.

    An import goes: `put_object` (raw first), `begin_import`, `append` batch by batch, `finish`. Nothing of it is
    visible, and nothing is acknowledged, before `finish` returns: that one transaction is atomic and durable. An
    import that died is simply begun again from its first batch. The state of the canonical tables depends only on
    the set of finished imports, not on their order, their batches or on repeats.

    Times handed in and out as `datetime` are aware UTC; in tables they are naive microseconds.
    """

    def close(self) -> None:
        """Give the store free for another process."""

    def put_object(self, content: Path | bytes, name: str, received_at: datetime) -> StoredObject:
        """Keep a file (streamed, never whole in memory) or payload byte for byte; durable when this returns."""

    def object_path(self, object_id: str) -> Path:
        """Where the bytes of a kept object can be read."""

    def begin_import(self, source: str, object_id: str, mapping_id: str, at: datetime) -> ImportTicket:
        """Open an import of a kept object; what an interrupted run of the same import left behind is dropped."""

    def append(self, ticket: ImportTicket, batch: Batch) -> BatchCounts:
        """Add a part to a running import; it stays out of sight until `finish`."""

    def finish(self, ticket: ImportTicket, at: datetime, progress: Progress | None = None) -> ImportCounts:
        """Merge the whole import in one durable transaction; acknowledged when this returns."""

    def finish_all(
        self, tickets: Sequence[ImportTicket], at: datetime, progress: Progress | None = None
    ) -> tuple[ImportCounts, ...]:
        """Merge several imports that belong together in one durable transaction: all of them count, or none."""

    def abandon(self, ticket: ImportTicket) -> None:
        """Give up a running import: nothing of it remains but its line in `imports()`."""

    def record(self, source: str, object_id: str, mapping_id: str, at: datetime, batch: Batch) -> ImportCounts:
        """A whole import of one batch in one durable transaction (a single payload, a small table)."""

    def read(self, table: str) -> pa.Table:
        """All rows of a canonical table, columns as in canon.schema, in no particular order."""

    def parts(self, table: str) -> Iterator[pa.Table]:
        """All rows of a canonical table in one or several parts, the cheapest way; never none, though it may be empty."""

    def read_batches(self, table: str, size: int = 100_000) -> Iterator[pa.Table]:
        """The same in parts of at most `size` rows, all of one instant; at least one part, maybe empty."""

    def read_tickets(self, table: str, tickets: Sequence[tuple[str, str]]) -> pa.Table:
        """The rows of some tickets, given as (source, ticket id), found by index.

        Table `ticket` by its id; BugError for a table that names no ticket.
        """

    def counting_imports(self) -> frozenset[int]:
        """The numbers of all imports whose rows count now.

        As long as none of them goes, whatever was made of their rows differs from what the rows of all imports make
        by what `arrived` with the others and what that `displaced`. (An erasure changes rows of imports that stay.)
        """

    def arrived(self, table: str, imports: Collection[int]) -> pa.Table:
        """The rows of a canonical table that count now and came with one of these imports."""

    def displaced(self, table: str, imports: Collection[int]) -> tuple[tuple[str, Mapping[str, Value]], ...]:
        """Source and content of the rows that lost to one that came with these imports; maybe of some that lost before."""

    def version(self) -> int:
        """Grows with each finished import that changed a canonical row."""

    def balance(self) -> tuple[SourceBalance, ...]:
        """The ledger balance by source, sorted by name."""

    def set_aside_rows(self, source: str | None = None) -> tuple[SetAsideRow, ...]:
        """Raw rows that are set aside or rejected now, of one source or of all."""

    def conflicts(self, source: str | None = None) -> tuple[Conflict, ...]:
        """Rows that lost to another with the same identity; the greatest (revision, content) counts."""

    def imports(self) -> tuple[ImportRecord, ...]:
        """Every import ever begun, in order."""

    def sources(self) -> tuple[str, ...]:
        """Sources with a finished import, sorted."""

    def last_event_at(self) -> Mapping[str, datetime]:
        """The latest `event.at` by source; sources without events are missing."""

    def put_document(self, kind: str, name: str, text: str, at: datetime) -> Document:
        """Keep a configuration text; an unchanged text makes no new version."""

    def documents(self, kind: str) -> tuple[Document, ...]:
        """The latest version of every document of a kind, by name."""

    def document_history(self, kind: str, name: str) -> tuple[Document, ...]:
        """Every version of one document, the oldest first."""

    def counters(self) -> Mapping[str, int]:
        """Sizes for a health report: rows by canonical table, `objects`, `object_bytes`, `imports`, `superseded`."""

    def check(self) -> tuple[str, ...]:
        """Everything found wrong in a full check of the store, one line each; empty when all is well."""

    def forgotten(self, source: str) -> Forgotten:
        """Who was erased from a source; no row or text that is appended brings them back."""

    def redacted_as(self, object_id: str) -> StoredObject | None:
        """The object that stands for one from which a person was erased; None if there is none."""

    def backup(self, target: Path) -> None:
        """A consistent copy, objects included, in a new folder that `open_ledger` can open."""
