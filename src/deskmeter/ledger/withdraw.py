"""Takes the canonical rows of one import back, as if it had never come; the next best claim counts then."""

import apsw

from deskmeter.canon.schema import TABLES, Table
from deskmeter.ledger.claims import ClaimBook
from deskmeter.ledger.layout import quoted


def withdraw_canonical(db: apsw.Connection, source_no: int, import_no: int) -> None:
    """Remove every claim of an import from every canonical table."""
    for table in TABLES.values():
        for row_id in _contested(db, table, source_no, import_no):
            ClaimBook(db, table, source_no).resolve(row_id, [], without=import_no)
        db.execute(f"DELETE FROM {quoted(table.name)} WHERE source_no = ? AND import_no = ?", (source_no, import_no))
    for book in ("ledger_duplicate", "ledger_superseded"):
        db.execute(f"DELETE FROM {book} WHERE source_no = ? AND import_no = ?", (source_no, import_no))


def _contested(db: apsw.Connection, table: Table, source_no: int, import_no: int) -> list[str]:
    """Ids whose row came with this import while others claim them too."""
    parts = " UNION ".join(
        f"SELECT c.id FROM {book} c JOIN {quoted(table.name)} m ON m.source_no = c.source_no AND m.id = c.id "
        "WHERE c.table_name = ? AND c.source_no = ? AND m.import_no = ?"
        for book in ("ledger_duplicate", "ledger_superseded")
    )
    return [row[0] for row in db.execute(parts, (table.name, source_no, import_no) * 2)]
