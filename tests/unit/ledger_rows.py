"""Small batches for the tests of the ledger."""

from datetime import UTC, datetime
from hashlib import blake2b

import pyarrow as pa

from deskmeter.ledger.protocol import ROW_KEYS_SCHEMA, Batch, ImportCounts, SetAside
from deskmeter.ledger.sqlite import SqliteLedger

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def key(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()


def keys(*texts: str) -> pa.Table:
    rows = {"raw_line": list(range(1, len(texts) + 1)), "key": [key(text) for text in texts]}
    return pa.table(rows, schema=ROW_KEYS_SCHEMA)


def bad(text: str, line: int = 1, reason: str = "no such day") -> SetAside:
    return SetAside(key(text), line, "created", "31/02/2026", reason, text)


def tickets(*rows: tuple[str, str | None, int | None]) -> pa.Table:
    """Rows of table ticket: (id, subject, revision); lines as they come."""
    return pa.table(
        {
            "id": pa.array([row[0] for row in rows], pa.string()),
            "subject": pa.array([row[1] for row in rows], pa.string()),
            "raw_line": pa.array(range(1, len(rows) + 1), pa.int64()),
            "revision": pa.array([row[2] for row in rows], pa.int64()),
        }
    )


def events(*rows: tuple[str, str, datetime]) -> pa.Table:
    """Rows of table event: (id, ticket, at), all of them messages."""
    return pa.table(
        {
            "id": [row[0] for row in rows],
            "ticket": [row[1] for row in rows],
            "at": pa.array([row[2].replace(tzinfo=None) for row in rows], pa.timestamp("us")),
            "kind": ["message"] * len(rows),
        }
    )


def record(
    ledger: SqliteLedger, batch: Batch, content: bytes = b"one", mapping: str = "m1", source: str = "desk"
) -> ImportCounts:
    kept = ledger.put_object(content, "file.csv", NOW)
    return ledger.record(source, kept.id, mapping, NOW, batch)


def subjects(ledger: SqliteLedger) -> dict[str, str | None]:
    rows = ledger.read("ticket")
    return dict(zip(rows["id"].to_pylist(), rows["subject"].to_pylist(), strict=True))


def balance(ledger: SqliteLedger, source: str = "desk") -> tuple[int, int, int, int, int]:
    """received, stored, duplicates, set aside, rejected."""
    found = next(each for each in ledger.balance() if each.source == source)
    return found.received, found.stored, found.duplicates, found.set_aside, found.rejected
