"""Configuration kept in versions: mappings, settings, metrics of the user's own."""

from datetime import datetime

import apsw

from deskmeter.base.time import from_micros, to_micros
from deskmeter.ledger.protocol import Document

_ROWS = "SELECT kind, name, version, text, at_us FROM ledger_document"


def put(db: apsw.Connection, kind: str, name: str, text: str, at: datetime) -> Document:
    """Add a version unless the latest one says the same; the version that holds now."""
    known = history(db, kind, name)
    if known and known[-1].text == text:
        return known[-1]
    made = Document(kind, name, len(known) + 1, text, at)
    db.execute(
        "INSERT INTO ledger_document (kind, name, version, text, at_us) VALUES (?, ?, ?, ?, ?)",
        (kind, name, made.version, text, to_micros(at)),
    )
    return made


def latest(db: apsw.Connection, kind: str) -> tuple[Document, ...]:
    """The latest version of each document of a kind, by name."""
    newest = {row[1]: _document(row) for row in db.execute(f"{_ROWS} WHERE kind = ? ORDER BY name, version", (kind,))}
    return tuple(newest.values())


def history(db: apsw.Connection, kind: str, name: str) -> tuple[Document, ...]:
    """All versions of a document, the oldest first."""
    rows = db.execute(f"{_ROWS} WHERE kind = ? AND name = ? ORDER BY version", (kind, name))
    return tuple(_document(row) for row in rows)


def _document(row: tuple[str, str, int, str, int]) -> Document:
    kind, name, version, text, at_us = row
    return Document(kind, name, version, text, from_micros(at_us))
