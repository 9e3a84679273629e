"""The tables of the store, in SQL that SQLite and PostgreSQL both speak; one table per canonical table."""

from deskmeter.canon.schema import TABLES, Kind, Table

FORMAT = 2
"""Raised when a store of an earlier build can no longer be read as it is."""

STORED, SET_ASIDE, REJECTED = 0, 1, 2
"""What was made of a raw row; where two readings of one row differ, the smaller number counts."""

SQL_TYPES: dict[Kind, str] = {
    "string": "TEXT",
    "int64": "INTEGER",
    "float64": "REAL",
    "boolean": "INTEGER",
    "timestamp": "INTEGER",
    "date": "INTEGER",
}

# The ledger knows these from the import that a row came in with: not a name and a hash on every row.
DERIVED = ("source", "raw_object")
NOT_CONTENT = ("source", "id", "raw_object", "raw_line", "revision")

BOOKS = (
    "CREATE TABLE ledger_meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL)",
    "CREATE TABLE ledger_source (source_no INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    """CREATE TABLE ledger_object (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, size INTEGER NOT NULL, received_us INTEGER NOT NULL)""",
    """CREATE TABLE ledger_import (
        import_no INTEGER PRIMARY KEY, source_no INTEGER NOT NULL, object_id TEXT NOT NULL, mapping_id TEXT NOT NULL,
        state TEXT NOT NULL, began_us INTEGER NOT NULL, finished_us INTEGER, replaced_by INTEGER,
        received INTEGER NOT NULL, stored INTEGER NOT NULL, duplicates INTEGER NOT NULL,
        set_aside INTEGER NOT NULL, rejected INTEGER NOT NULL, last_event_us INTEGER)""",
    "CREATE INDEX ledger_import_object ON ledger_import (source_no, object_id, state)",
    # A raw row is counted once, where it was first seen (`import_no` is its home) ...
    """CREATE TABLE ledger_raw_row (
        source_no INTEGER NOT NULL, key BLOB NOT NULL, import_no INTEGER NOT NULL, raw_line INTEGER,
        state INTEGER NOT NULL, PRIMARY KEY (source_no, key)) WITHOUT ROWID""",
    # ... and the other imports that hold it are remembered, should the first be replaced by a better mapping.
    """CREATE TABLE ledger_raw_duplicate (
        source_no INTEGER NOT NULL, key BLOB NOT NULL, import_no INTEGER NOT NULL, raw_line INTEGER,
        state INTEGER NOT NULL, PRIMARY KEY (source_no, key, import_no)) WITHOUT ROWID""",
    """CREATE TABLE ledger_set_aside (
        source_no INTEGER NOT NULL, key BLOB NOT NULL, import_no INTEGER NOT NULL, state INTEGER NOT NULL,
        raw_line INTEGER, at_column TEXT, value TEXT, reason TEXT NOT NULL, raw TEXT NOT NULL,
        PRIMARY KEY (source_no, import_no, key))""",
    # The same two thoughts for canonical rows: held with the same content elsewhere, or lost with other content.
    """CREATE TABLE ledger_duplicate (
        table_name TEXT NOT NULL, source_no INTEGER NOT NULL, id TEXT NOT NULL, import_no INTEGER NOT NULL,
        raw_line INTEGER, revision INTEGER, PRIMARY KEY (table_name, source_no, id, import_no)) WITHOUT ROWID""",
    """CREATE TABLE ledger_superseded (
        table_name TEXT NOT NULL, source_no INTEGER NOT NULL, id TEXT NOT NULL, import_no INTEGER NOT NULL,
        raw_line INTEGER, revision INTEGER, content TEXT NOT NULL)""",
    "CREATE INDEX ledger_superseded_id ON ledger_superseded (table_name, source_no, id)",
    """CREATE TABLE ledger_document (
        kind TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, text TEXT NOT NULL, at_us INTEGER NOT NULL,
        PRIMARY KEY (kind, name, version))""",
)

BLOCK_BOOKS = (
    # Rows of a large import, kept together as columns while nobody else claims them. The keys are those of the order.
    """CREATE TABLE IF NOT EXISTS ledger_block (
        block_no INTEGER PRIMARY KEY, table_name TEXT NOT NULL, source_no INTEGER NOT NULL, import_no INTEGER NOT NULL,
        rows_n INTEGER NOT NULL, first_key TEXT NOT NULL, last_key TEXT NOT NULL, content BLOB NOT NULL)""",
    """CREATE INDEX IF NOT EXISTS ledger_block_keys
        ON ledger_block (table_name, source_no, first_key, last_key, import_no, rows_n)""",
    # The same for raw rows that were understood.
    """CREATE TABLE IF NOT EXISTS ledger_raw_block (
        block_no INTEGER PRIMARY KEY, source_no INTEGER NOT NULL, import_no INTEGER NOT NULL,
        rows_n INTEGER NOT NULL, content BLOB NOT NULL)""",
)
"""Made also in stores of format 1, which lack nothing else."""

ERASURE_BOOKS = (
    # Who was erased: keyed hashes to know them again by. A key of its own a row, so that rows may come from a copy.
    """CREATE TABLE IF NOT EXISTS ledger_forgotten (
        source TEXT NOT NULL, kind TEXT NOT NULL, digest BLOB NOT NULL, length INTEGER NOT NULL,
        words_n INTEGER NOT NULL, token TEXT NOT NULL, hash_key BLOB NOT NULL,
        PRIMARY KEY (source, kind, digest)) WITHOUT ROWID""",
    # Which object stands for one that was redacted: the sha256 that it had, and the one that it has.
    """CREATE TABLE IF NOT EXISTS ledger_redacted (
        original_id TEXT PRIMARY KEY, object_id TEXT NOT NULL) WITHOUT ROWID""",
    # A redacted row keeps the rank that it had among claims of one revision, or another one might win.
    """CREATE TABLE IF NOT EXISTS ledger_rank (
        digest BLOB PRIMARY KEY, ranks_as BLOB NOT NULL) WITHOUT ROWID""",
)
"""Made also in stores of earlier builds."""


def quoted(name: str) -> str:
    """A name of ours as an SQL identifier (`order` is a word of SQL)."""
    return f'"{name}"'


def stored_columns(table: Table) -> tuple[str, ...]:
    """The canonical columns that a row of `table` holds itself, in order."""
    return tuple(name for name in table.names if name not in DERIVED)


def content_columns(table: Table) -> tuple[str, ...]:
    """The columns by which two rows with one identity are the same or in conflict."""
    return tuple(name for name in table.names if name not in NOT_CONTENT)


def is_clustered_by_ticket(table: Table) -> bool:
    """Every row names its ticket, so the rows of a ticket lie side by side."""
    return table.name == "event"


def names_ticket(table: Table) -> bool:
    """Rows can be found by ticket."""
    return table.name == "ticket" or "ticket" in table.names


def ticket_column(table: Table) -> str:
    """The column that holds the ticket: the table `ticket` is the ticket itself."""
    return "id" if table.name == "ticket" else "ticket"


def identity_index(table: Table) -> str | None:
    """The statement that makes the index of (source, id), or None where the primary key is that."""
    if not is_clustered_by_ticket(table):
        return None
    return f"CREATE UNIQUE INDEX {table.name}_identity ON {quoted(table.name)} (source_no, id)"


def canonical_statements(table: Table) -> tuple[str, ...]:
    """What creates the table of one canonical table, with its indexes."""
    columns = ", ".join(
        f"{quoted(name)} {SQL_TYPES[table.column(name).type]}{' NOT NULL' if _is_key(table, name) else ''}"
        for name in stored_columns(table)
    )
    key = "source_no, ticket, id" if is_clustered_by_ticket(table) else "source_no, id"
    made = (
        f"CREATE TABLE {quoted(table.name)} (source_no INTEGER NOT NULL, import_no INTEGER NOT NULL, {columns}, "
        f"PRIMARY KEY ({key})) WITHOUT ROWID"
    )
    identity = identity_index(table)
    if identity is not None:
        return made, identity
    if "ticket" in table.names:
        return made, f"CREATE INDEX {table.name}_ticket ON {quoted(table.name)} (source_no, ticket)"
    return (made,)


def _is_key(table: Table, name: str) -> bool:
    return name == "id" or (name == "ticket" and is_clustered_by_ticket(table))


def all_statements() -> tuple[str, ...]:
    """Everything that an empty store needs."""
    return (
        BOOKS
        + BLOCK_BOOKS
        + ERASURE_BOOKS
        + tuple(statement for table in TABLES.values() for statement in canonical_statements(table))
    )
