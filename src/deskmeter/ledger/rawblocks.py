"""Raw rows that were understood, kept together: their keys and lines in blocks.

A raw row that arrives again is a duplicate of the one in the block, whatever is made of it now: there is no better
reading than one that was understood. A block is opened when its import is taken back while others hold its rows.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import apsw
import numpy as np
import pyarrow as pa

from deskmeter.base.arrow_compute import pc
from deskmeter.ledger.asking import rows, there_is, whole
from deskmeter.ledger.blocks import read_back, written
from deskmeter.ledger.bulk import insert_rows
from deskmeter.ledger.keys import Prefixes, key_prefixes
from deskmeter.ledger.layout import STORED
from deskmeter.ledger.protocol import KEY_BYTES
from deskmeter.ledger.tables import SqlRows

BLOCK_ROWS = 100_000
CHUNK_ROWS = 2_000


@dataclass(frozen=True)
class RawBlock:
    """Where raw rows of one import lie."""

    number: int
    source_no: int
    import_no: int


def are_all_new(db: apsw.Connection, source_no: int, keys: Sequence[pa.ChunkedArray]) -> bool:
    """Whether all of these keys differ and none of them is known; in doubt not."""
    if there_is(db, "SELECT 1 FROM ledger_raw_row WHERE source_no = ? LIMIT 1", (source_no,)):
        return False
    found = np.sort(np.concatenate([key_prefixes(column) for column in keys]))
    return not bool((found[1:] == found[:-1]).any()) and not clashing(db, source_no, found)


def clashing(db: apsw.Connection, source_no: int, found: Prefixes) -> list[RawBlock]:
    """The blocks of a source in which one of these keys may stand; `found` is sorted."""
    places = rows(db, "SELECT block_no, source_no, import_no FROM ledger_raw_block WHERE source_no = ?", (source_no,))
    return [
        block for block in (RawBlock(*row) for row in places) if _meet(key_prefixes(_content(db, block)["key"]), found)
    ]


def _meet(held: Prefixes, found: Prefixes) -> bool:
    if not len(found):
        return False
    at = np.minimum(np.searchsorted(found, held), len(found) - 1)
    return bool((found[at] == held).any())


def pack_raw_rows(db: apsw.Connection, source_no: int, import_no: int, arrived: Iterable[pa.Table]) -> None:
    """Keep the keys and lines of an import in blocks; the caller has found that all of them are new."""
    for part in arrived:
        for start in range(0, len(part), BLOCK_ROWS):
            piece = part.slice(start, BLOCK_ROWS)
            db.execute(
                "INSERT INTO ledger_raw_block (source_no, import_no, rows_n, content) VALUES (?, ?, ?, ?)",
                (source_no, import_no, len(piece), written(piece)),
            )


def known_keys(db: apsw.Connection, source_no: int, keys: Sequence[pa.ChunkedArray]) -> pa.Array:
    """Those of some keys that stand in blocks."""
    known = [pa.array([], pa.binary(KEY_BYTES))]
    if keys:
        wanted = pa.chunked_array([chunk for column in keys for chunk in column.chunks], pa.binary(KEY_BYTES))
        for block in clashing(db, source_no, np.sort(key_prefixes(wanted))):
            held = _content(db, block)["key"].combine_chunks()
            known.append(held.filter(pc.is_in(held, wanted.combine_chunks())))
    return pa.concat_arrays(known)


def open_raw_blocks(db: apsw.Connection, blocks: Sequence[RawBlock]) -> None:
    """Put the raw rows of some blocks into their table."""
    for block in blocks:
        found = _content(db, block).sort_by("key")
        head = "INSERT INTO ledger_raw_row (source_no, import_no, key, raw_line, state)"
        values = SqlRows(found, ["key", "raw_line"])
        for chunk in values.chunks(CHUNK_ROWS):
            insert_rows(db, head, f"({block.source_no}, {block.import_no}, ?, ?, {STORED})", values.of(chunk))
        db.execute("DELETE FROM ledger_raw_block WHERE block_no = ?", (block.number,))


def all_raw_blocks(db: apsw.Connection) -> list[RawBlock]:
    """Every block."""
    return [RawBlock(*row) for row in rows(db, "SELECT block_no, source_no, import_no FROM ledger_raw_block")]


def withdraw_raw_blocks(db: apsw.Connection, source_no: int, import_no: int) -> None:
    """Take the blocks of an import back; those with rows that other imports hold as well are opened before."""
    held = [row[0] for row in rows(db, "SELECT key FROM ledger_raw_duplicate WHERE source_no = ?", (source_no,))]
    others = np.sort(key_prefixes(pa.chunked_array([held], pa.binary(KEY_BYTES))))
    open_raw_blocks(db, [one for one in clashing(db, source_no, others) if one.import_no == import_no])
    db.execute("DELETE FROM ledger_raw_block WHERE source_no = ? AND import_no = ?", (source_no, import_no))


def raw_rows_in_blocks(db: apsw.Connection, source: str) -> int:
    """How many raw rows of a source lie in blocks."""
    return whole(
        db,
        "SELECT COALESCE(SUM(b.rows_n), 0) FROM ledger_raw_block b "
        "JOIN ledger_source s ON s.source_no = b.source_no WHERE s.name = ?",
        (source,),
    )


def damaged_raw_blocks(db: apsw.Connection) -> Iterator[str]:
    """Blocks that cannot be read back, or hold another number of rows than the books say, one line each."""
    for block in all_raw_blocks(db):
        expected = whole(db, "SELECT rows_n FROM ledger_raw_block WHERE block_no = ?", (block.number,))
        try:
            held = len(_content(db, block))
        except pa.ArrowException as error:
            yield f"block {block.number} of raw rows cannot be read: {error}"
            continue
        if held != expected:
            yield f"block {block.number} of raw rows holds {held} rows, not {expected}"


def _content(db: apsw.Connection, block: RawBlock) -> pa.Table:
    return read_back(rows(db, "SELECT content FROM ledger_raw_block WHERE block_no = ?", (block.number,))[0][0])
