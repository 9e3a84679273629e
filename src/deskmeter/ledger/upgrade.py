"""Makes the tables of an empty store, and adds to an older one what the canonical schema has gained."""

import apsw

from deskmeter.base.errors import DataError
from deskmeter.canon.schema import TABLES
from deskmeter.ledger.asking import there_is, whole
from deskmeter.ledger.layout import (
    BLOCK_BOOKS,
    ERASURE_BOOKS,
    FORMAT,
    SQL_TYPES,
    all_statements,
    canonical_statements,
    quoted,
    stored_columns,
)


def make_ready(db: apsw.Connection) -> None:
    """Bring the store to the layout of this build.

    Raises:
        DataError: it was written by a later build, or is not a ledger at all.
    """
    known = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not known:
        for statement in all_statements():
            db.execute(statement)
        db.execute("INSERT INTO ledger_meta (name, value) VALUES ('format', ?), ('version', 0)", (FORMAT,))
        return
    if "ledger_meta" not in known:
        raise DataError("the file is a database but not a ledger; name another folder")
    found = whole(db, "SELECT value FROM ledger_meta WHERE name = 'format'")
    if found == 1:
        for statement in BLOCK_BOOKS:
            db.execute(statement)
        db.execute("UPDATE ledger_meta SET value = ? WHERE name = 'format'", (FORMAT,))
    elif found != FORMAT:
        raise DataError(f"the ledger has format {found}, this build reads {FORMAT}; use the build that wrote it")
    for statement in ERASURE_BOOKS:
        db.execute(statement)
    for name, table in TABLES.items():
        if name not in known:
            for statement in canonical_statements(table):
                db.execute(statement)
            continue
        held = {row[1] for row in db.execute(f"PRAGMA table_info({quoted(name)})")}
        for column in stored_columns(table):
            if column not in held:
                kind = SQL_TYPES[table.column(column).type]
                db.execute(f"ALTER TABLE {quoted(name)} ADD COLUMN {quoted(column)} {kind}")


def empty_tables(db: apsw.Connection) -> list[str]:
    """The canonical tables without a row."""
    return [name for name in TABLES if not _has_any(db, name)]


def _has_any(db: apsw.Connection, name: str) -> bool:
    return there_is(db, f"SELECT 1 FROM {quoted(name)} LIMIT 1") or there_is(
        db, "SELECT 1 FROM ledger_block WHERE table_name = ? LIMIT 1", (name,)
    )
