"""Takes the canonical rows of one import back, as if it had never come; the next best claim counts then."""

import apsw

from deskmeter.canon.schema import TABLES
from deskmeter.ledger.asking import rows
from deskmeter.ledger.blocks import withdraw_blocks
from deskmeter.ledger.claims import ClaimBook
from deskmeter.ledger.layout import quoted


def withdraw_canonical(db: apsw.Connection, source_no: int, import_no: int) -> None:
    """Remove every claim of an import from every canonical table."""
    for book in ("ledger_duplicate", "ledger_superseded"):
        db.execute(f"DELETE FROM {book} WHERE source_no = ? AND import_no = ?", (source_no, import_no))
    withdraw_blocks(db, source_no, import_no)
    for table in TABLES.values():
        here = (table.name, source_no, import_no)
        for row_id in _contested(db, here):
            ClaimBook(db, table, source_no).resolve(row_id, [], without=import_no)
        _move_home(db, here)
        db.execute(f"DELETE FROM {quoted(table.name)} WHERE source_no = ? AND import_no = ?", (source_no, import_no))


def _contested(db: apsw.Connection, here: tuple[str, int, int]) -> list[str]:
    """Ids whose row came with this import while others claim other content for it."""
    found = rows(db, f"SELECT DISTINCT c.id FROM ledger_superseded c {_joined(here)}", here)
    return [row[0] for row in found]


def _move_home(db: apsw.Connection, here: tuple[str, int, int]) -> None:
    """Rows that other imports hold just the same stay, and count as theirs: many at once, no content is touched."""
    table, source_no, _ = here
    best: dict[str, tuple[int, int | None, int | None]] = {}
    found = rows(db, f"SELECT c.id, c.import_no, c.raw_line, c.revision FROM ledger_duplicate c {_joined(here)}", here)
    for row_id, *claim in sorted(found, key=lambda row: (row[3] is None, -(row[3] or 0), row[1], row[2] or 0)):
        best.setdefault(row_id, (claim[0], claim[1], claim[2]))
    db.executemany(
        f"UPDATE {quoted(table)} SET import_no = ?, raw_line = ?, revision = ? WHERE source_no = ? AND id = ?",
        [(*claim, source_no, row_id) for row_id, claim in best.items()],
    )
    db.executemany(
        "DELETE FROM ledger_duplicate WHERE table_name = ? AND source_no = ? AND id = ? AND import_no = ?",
        [(table, source_no, row_id, claim[0]) for row_id, claim in best.items()],
    )


def _joined(here: tuple[str, int, int]) -> str:
    return (
        f"JOIN {quoted(here[0])} m ON m.source_no = c.source_no AND m.id = c.id "
        "WHERE c.table_name = ? AND c.source_no = ? AND m.import_no = ?"
    )
