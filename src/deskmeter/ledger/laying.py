"""Lays the rows of many parts into an empty table in its own order, so that each page is written once.

The parts are sorted by themselves (the spool sees to that); here they are merged range by range, and never more than
the rows of one range are in memory.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import apsw
import pyarrow as pa

from deskmeter.base.arrow_compute import pc
from deskmeter.canon.schema import Table
from deskmeter.ledger.bulk import insert_rows
from deskmeter.ledger.layout import is_clustered_by_ticket, quoted, stored_columns
from deskmeter.ledger.tables import SqlRows

RANGE_ROWS = 50_000
SAMPLES_PER_RANGE = 8
CHUNK_ROWS = 2_000

Key = TypeVar("Key", str, bytes)


@dataclass(frozen=True)
class Heap:
    """Sorted rows of one part, with the numbers of their source and import."""

    source_no: int
    import_no: int
    rows: pa.Table


class KeysOf(Sequence[Key]):
    """The keys of sorted rows, looked at one by one."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        self._column = column

    def __len__(self) -> int:
        return len(self._column)

    def __getitem__(self, place: int) -> Key:  # type: ignore[override]
        key: Key = self._column[place].as_py()
        return key


def order_key(table: Table) -> str:
    """The column by which the rows of a table lie side by side."""
    return "ticket" if is_clustered_by_ticket(table) else "id"


def in_order(rows: pa.Table, key: str) -> pa.Table:
    """The rows sorted by `key` as bytes, as the store sorts text; themselves where they are."""
    column = rows[key].combine_chunks()
    if len(column) < 2 or pc.all(pc.less_equal(column.slice(0, len(column) - 1), column.slice(1))).as_py():
        return rows
    # many rows share a key: its words are sorted once, and then only numbers
    coded = column.dictionary_encode()
    ranks = pc.rank(coded.dictionary, tiebreaker="dense").take(coded.indices)
    return rows.combine_chunks().take(pc.sort_indices(ranks))


def lay_rows(db: apsw.Connection, table: Table, heaps: Sequence[Heap]) -> Iterator[int]:
    """Insert all rows of all heaps, which have ids of their own; how many are in, after each range.

    The caller has found the table empty: nothing is settled here.
    """
    key, done = order_key(table), 0
    numbered = [replace(heap, rows=_numbered(heap)) for heap in heaps]
    for rows in in_ranges(numbered, key):
        rows = rows.sort_by([("source_no", "ascending"), (key, "ascending"), ("id", "ascending")])
        _insert(db, table, rows)
        done += len(rows)
        yield done


def in_ranges(heaps: Sequence[Heap], key: str) -> Iterator[pa.Table]:
    """The rows of all heaps in ranges of `key`; within a range they are in no order."""
    keys: list[KeysOf[str]] = [KeysOf(heap.rows[key]) for heap in heaps]
    starts = [0] * len(heaps)
    for bound in [*_bounds(keys), None]:
        ends = [
            len(own) if bound is None else max(start, bisect_left(own, bound))
            for start, own in zip(starts, keys, strict=True)
        ]
        pieces = [
            heap.rows.slice(start, end - start)
            for heap, start, end in zip(heaps, starts, ends, strict=True)
            if end > start
        ]
        starts = ends
        if pieces:
            yield pa.concat_tables(pieces, promote_options="default").combine_chunks()


def _numbered(heap: Heap) -> pa.Table:
    rows = heap.rows
    for name, number in (("source_no", heap.source_no), ("import_no", heap.import_no)):
        rows = rows.append_column(name, pa.repeat(pa.scalar(number, pa.int64()), len(rows)))
    return rows


def _bounds(keys: Sequence[Sequence[str]]) -> list[str]:
    """Keys that cut all rows into ranges of about `RANGE_ROWS`, found from a sample of each heap."""
    step = max(1, RANGE_ROWS // SAMPLES_PER_RANGE // max(1, len(keys)))
    sample = sorted(own[place] for own in keys for place in range(0, len(own), step))
    per_range = max(1, RANGE_ROWS // step)
    return sorted(set(sample[per_range::per_range]))


def _insert(db: apsw.Connection, table: Table, rows: pa.Table) -> None:
    given = ["source_no", "import_no", *(name for name in stored_columns(table) if name in rows.column_names)]
    head = f"INSERT INTO {quoted(table.name)} ({', '.join(map(quoted, given))})"
    one = f"({', '.join('?' * len(given))})"
    values = SqlRows(rows, given)
    for chunk in values.chunks(CHUNK_ROWS):
        insert_rows(db, head, one, values.of(chunk))
