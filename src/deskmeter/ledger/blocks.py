"""Many canonical rows kept together: the rows of a large import lie in blocks of columns, not each by itself.

Every row is in one place, a block or its table. Those in a block have no rival: other imports may bring them again as
they are, which is remembered, but none claims their id with other content. As soon as one does, the block is opened and
its rows go to their table, where claims are settled one by one; so is a block whose import is taken back while others
hold its rows. Whatever is true of rows in tables is so true of all rows.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import apsw
import numpy as np
import pyarrow as pa

from deskmeter.base.arrow_compute import pc
from deskmeter.canon.schema import TABLES, Table
from deskmeter.ledger.asking import rows, there_is, whole
from deskmeter.ledger.laying import Heap, in_order, in_ranges, lay_rows, order_key
from deskmeter.ledger.layout import identity_index, quoted

LOOKED_AT_ONCE = 64
"""Blocks whose ids are compared with those of an import in one go."""

_COMPRESSED = pa.ipc.IpcWriteOptions(compression="zstd")
_IDS_ALONE = pa.ipc.IpcReadOptions(included_fields=[0])


@dataclass(frozen=True)
class Block:
    """Where rows of one import lie: which table, source and import."""

    number: int
    table: str
    source_no: int
    import_no: int
    first_key: str


_PLACE = "SELECT block_no, table_name, source_no, import_no, first_key FROM ledger_block"


def pack(db: apsw.Connection, table: Table, heaps: Sequence[Heap], rivals: pa.Array) -> Iterator[int]:
    """Keep the rows of one import in blocks, sorted by what they are looked up by; how many are in, after each block.

    Rows with one of the ids `rivals` are left out. The caller has found that nothing else claims the other ids.
    """
    key, done = order_key(table), 0
    for found in in_ranges(heaps, key):
        if len(rivals):
            found = found.filter(pc.invert(pc.is_in(found["id"], rivals)))
        if not len(found):
            continue
        found = in_order(found, key)
        stored = found.select(["id", *(name for name in found.column_names if name != "id")])
        head = (heaps[0].source_no, heaps[0].import_no, len(stored), _at(stored, key, 0), _at(stored, key, -1))
        db.execute(
            "INSERT INTO ledger_block (table_name, source_no, import_no, rows_n, first_key, last_key, content) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (table.name, *head, written(stored)),
        )
        done += len(stored)
        yield done


def _at(found: pa.Table, key: str, place: int) -> str:
    value: str = found[key][place].as_py()
    return value


def written(found: pa.Table) -> bytes:
    """Rows as the bytes of a block."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, found.schema, options=_COMPRESSED) as writer:
        writer.write_table(found.combine_chunks())
    content: bytes = sink.getvalue().to_pybytes()
    return content


def read_back(content: bytes) -> pa.Table:
    """The rows of a block."""
    return pa.ipc.open_stream(content).read_all()


def block_places(db: apsw.Connection, table: str | None = None, source_no: int | None = None) -> list[Block]:
    """All blocks, or those of one table, or of one source, in the order in which they came."""
    found = rows(
        db,
        f"{_PLACE} WHERE (? IS NULL OR table_name = ?) AND (? IS NULL OR source_no = ?) ORDER BY block_no",
        (table, table, source_no, source_no),
    )
    return [Block(*row) for row in found]


def content_of(db: apsw.Connection, block: Block) -> bytes:
    """The bytes of one block; one at a time, so that no more of them are in memory."""
    content: bytes = rows(db, "SELECT content FROM ledger_block WHERE block_no = ?", (block.number,))[0][0]
    return content


def blocks_around(db: apsw.Connection, table: Table, source_no: int, keys: Sequence[str]) -> list[Block]:
    """The blocks of a source that may hold rows looked up by one of these keys."""
    found: dict[int, Block] = {}
    asked = f"{_PLACE} WHERE table_name = ? AND source_no = ? AND first_key <= ? AND last_key >= ?"
    for row in db.executemany(asked, [(table.name, source_no, key, key) for key in keys]):
        found.setdefault(row[0], Block(*row))
    return list(found.values())


def has_rows(db: apsw.Connection, table: Table, source_no: int) -> bool:
    """Whether rows of a source stand in the table itself."""
    return there_is(db, f"SELECT 1 FROM {quoted(table.name)} WHERE source_no = ? LIMIT 1", (source_no,))


def clashing(db: apsw.Connection, table: Table, source_no: int, ids: pa.ChunkedArray) -> list[Block]:
    """The blocks of a source in which one of these ids stands."""
    found = []
    places = block_places(db, table.name, source_no)
    wanted = ids.combine_chunks() if places else None
    for start in range(0, len(places), LOOKED_AT_ONCE):
        group = places[start : start + LOOKED_AT_ONCE]
        held = [pa.ipc.open_stream(content_of(db, block), options=_IDS_ALONE).read_all()["id"] for block in group]
        known = pc.is_in(pa.concat_arrays([column.combine_chunks() for column in held]), wanted)
        starts = np.cumsum([0, *(len(column) for column in held)])[:-1]
        hits = np.logical_or.reduceat(known.to_numpy(zero_copy_only=False), starts)
        found += [block for block, is_hit in zip(group, hits, strict=True) if is_hit]
    return found


def open_blocks(db: apsw.Connection, blocks: Sequence[Block]) -> None:
    """Put the rows of some blocks into their tables."""
    for name in sorted({block.table for block in blocks}):
        own = [block for block in blocks if block.table == name]
        table, identity = TABLES[name], identity_index(TABLES[name])
        is_empty = identity is not None and not there_is(db, f"SELECT 1 FROM {quoted(name)} LIMIT 1")
        if is_empty:  # an index that is made after the rows costs less than one that grows with them
            db.execute(f"DROP INDEX {name}_identity")
        for block in sorted(own, key=lambda one: (one.source_no, one.first_key)):
            for _ in lay_rows(db, table, [Heap(block.source_no, block.import_no, read_back(content_of(db, block)))]):
                pass  # it tells how far it is; one block is done at once
        if is_empty and identity is not None:
            db.execute(identity)
        drop_blocks(db, own)


def drop_blocks(db: apsw.Connection, blocks: Iterable[Block]) -> None:
    """Forget some blocks with all that is in them."""
    db.executemany("DELETE FROM ledger_block WHERE block_no = ?", [(block.number,) for block in blocks])


def withdraw_blocks(db: apsw.Connection, source_no: int, import_no: int) -> None:
    """Take the blocks of an import back; those with rows that other imports hold as well are opened before."""
    for name in {block.table for block in block_places(db, source_no=source_no) if block.import_no == import_no}:
        held = rows(
            db, "SELECT DISTINCT id FROM ledger_duplicate WHERE table_name = ? AND source_no = ?", (name, source_no)
        )
        ids = pa.chunked_array([[row[0] for row in held]], pa.string())
        shared = [one for one in clashing(db, TABLES[name], source_no, ids) if one.import_no == import_no]
        open_blocks(db, shared)
    db.execute("DELETE FROM ledger_block WHERE source_no = ? AND import_no = ?", (source_no, import_no))


def rows_in_blocks(db: apsw.Connection, table: str) -> int:
    """How many rows of a table lie in blocks."""
    return whole(db, "SELECT COALESCE(SUM(rows_n), 0) FROM ledger_block WHERE table_name = ?", (table,))


def damaged_blocks(db: apsw.Connection) -> Iterator[str]:
    """Blocks that cannot be read back, or hold another number of rows than the books say, one line each."""
    for block in block_places(db):
        expected = whole(db, "SELECT rows_n FROM ledger_block WHERE block_no = ?", (block.number,))
        try:
            held = len(read_back(content_of(db, block)))
        except pa.ArrowException as error:
            yield f"block {block.number} of `{block.table}` cannot be read: {error}"
            continue
        if held != expected:
            yield f"block {block.number} of `{block.table}` holds {held} rows, not {expected}"
