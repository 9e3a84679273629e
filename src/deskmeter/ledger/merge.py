"""Puts canonical rows of an import into their table: new ones in bulk, known ones one by one."""

from collections.abc import Sequence
from dataclasses import dataclass

import apsw
import pyarrow as pa

from deskmeter.base.arrow_compute import pc
from deskmeter.canon.schema import Table
from deskmeter.ledger.blocks import clashing, content_of, open_blocks, read_back
from deskmeter.ledger.bulk import insert_rows
from deskmeter.ledger.claims import Claim, ClaimBook, as_content
from deskmeter.ledger.laying import in_order, order_key
from deskmeter.ledger.layout import content_columns, quoted
from deskmeter.ledger.tables import SqlRows, Value, sql_values

CHUNK_ROWS = 2_000
"""Rows per statement run; where one of them is known already, this many are looked at singly."""


@dataclass(frozen=True)
class Merged:
    """How many rows of a part are new in the ledger, and whether any row there changed."""

    new: int
    is_changed: bool


def merge_rows(db: apsw.Connection, table: Table, rows: pa.Table, source_no: int, import_no: int) -> Merged:
    """Lay claim to `rows` (normalised) for an import; see claims for what counts among several."""
    rows = in_order(rows, order_key(table))
    names = ("id", "raw_line", "revision", *content_columns(table))
    # a column that is null throughout need not be written
    given = [name for name in names if name in rows.column_names]
    head = f"INSERT INTO {quoted(table.name)} (source_no, import_no, {', '.join(map(quoted, given))})"
    one = f"({source_no}, {import_no}, {', '.join('?' * len(given))})"
    values = SqlRows(rows, given)
    new, is_changed = 0, False
    for chunk in values.chunks(CHUNK_ROWS):
        before = db.total_changes()
        insert_rows(db, head, one, values.of(chunk))
        inserted = db.total_changes() - before
        new += inserted
        is_changed = is_changed or inserted > 0
        if inserted < len(chunk):
            whole = SqlRows(rows.slice(chunk.start, len(chunk)), names)
            known = list(whole.of(range(len(chunk))))
            is_changed = _settle_known(db, table, known, source_no, import_no) or is_changed
    return Merged(new, is_changed)


def settle_in_blocks(
    db: apsw.Connection, table: Table, parts: Sequence[pa.Table], source_no: int, import_no: int
) -> pa.Array:
    """The ids of rows that lie in blocks just as they arrive, which is noted; blocks that say otherwise are opened."""
    settled = [pa.array([], pa.string())]
    book = ClaimBook(db, table, source_no)
    ids = pa.chunked_array([chunk for rows in parts for chunk in rows["id"].chunks], pa.string())
    for block in clashing(db, table, source_no, ids):
        held = read_back(content_of(db, block))
        same = [_as_held(table, held, rows) for rows in parts]
        if any(found is None for found in same):
            open_blocks(db, [block])
            continue
        for found in (found for found in same if found is not None):
            claims = zip(*(sql_values(found[name]) for name in ("id", "raw_line", "revision")), strict=True)
            book.note_duplicates([(str(row_id), import_no, _whole(line), _whole(rev)) for row_id, line, rev in claims])
            settled.append(found["id"].combine_chunks())
    return pa.concat_arrays(settled)


def _as_held(table: Table, held: pa.Table, rows: pa.Table) -> pa.Table | None:
    """Of those rows whose ids are held: id, line and revision; None if one of them says anything else."""
    place = pc.index_in(rows["id"], held["id"].combine_chunks())
    here = rows.filter(pc.is_valid(place))
    there = held.take(pc.drop_null(place))
    for name in ("revision", *content_columns(table)):
        if name not in here.column_names and name not in there.column_names:
            continue
        new, old = _column(here, name, there), _column(there, name, here)
        is_same = pc.or_(pc.fill_null(pc.equal(new, old), False), pc.and_(pc.is_null(new), pc.is_null(old)))
        if not pc.all(is_same, min_count=0).as_py():
            return None
    return pa.table({name: _column(here, name, held) for name in ("id", "raw_line", "revision")})


def _column(rows: pa.Table, name: str, like: pa.Table) -> pa.ChunkedArray:
    """A column of rows, null where they lack it, typed as in others that may have it."""
    if name in rows.column_names:
        return rows[name]
    return pa.chunked_array([pa.nulls(len(rows), like[name].type if name in like.column_names else pa.int64())])


def _settle_known(
    db: apsw.Connection, table: Table, rows: Sequence[tuple[Value, ...]], source_no: int, import_no: int
) -> bool:
    """Claims for rows (id, raw_line, revision, content ...) some of which have been in the ledger before."""
    book = ClaimBook(db, table, source_no)
    held = book.held([str(row[0]) for row in rows])
    same: list[tuple[str, int, int | None, int | None]] = []
    others: dict[str, list[Claim]] = {}
    for row in rows:
        row_id, line, revision = str(row[0]), _whole(row[1]), _whole(row[2])
        counts = held[row_id]
        if counts[2:] == row[2:] and row_id not in others:
            if counts[0] != import_no:
                same.append((row_id, import_no, line, revision))
            continue
        others.setdefault(row_id, []).append(Claim(import_no, line, revision, as_content(table, row[3:])))
    book.note_duplicates(same)
    for row_id, claims in others.items():
        book.resolve(row_id, claims)
    return bool(others)


def _whole(value: Value) -> int | None:
    return value if isinstance(value, int) else None
