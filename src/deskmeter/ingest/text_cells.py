"""Cells of a file become text values as the mapping says: trimmed, without null words, joined, renamed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.ingest.mapping import Mapping, Only, Value, named_group
from deskmeter.ingest.trouble import Index, Mask, Trouble, told

NOTHING = pa.scalar(None, pa.string())


@dataclass
class Rows:
    """Some rows of one batch as the mapping sees them.

    `index[i]` is the position of row i in the batch; troubles are told by that. `cells` remembers the columns
    that were already cleaned.
    """

    table: pa.Table
    index: Index
    mapping: Mapping
    trouble: Trouble
    cells: dict[tuple[str, tuple[str, ...]], pa.Array] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.index)

    def where(self, only: Only) -> "Rows":
        """The rows in which each of these columns holds one of these values."""
        return self.at(holds(self, only)) if only else self

    def having(self, columns: tuple[str, ...], table: str) -> "Rows":
        """The rows in which none of these columns is empty; the others are noted."""
        rows = self
        for column in columns:
            there = pc.is_valid(cell(rows, column, self.mapping.nulls)).to_numpy(zero_copy_only=False)
            said = f"`{column}` is empty: the row gives no `{table}`"
            rows.trouble.note("empty", said, rows.index[~there])
            rows = rows.at(there)
        return rows

    def at(self, mask: Mask) -> "Rows":
        """The rows where `mask` is true."""
        if mask.all():
            return self
        return Rows(self.table.filter(pa.array(mask)), self.index[mask], self.mapping, self.trouble)

    def lines(self) -> Index:
        """The line of each row in the file."""
        return self.trouble.lines[self.index]


def holds(rows: Rows, only: Only) -> Mask:
    """Where each of these columns holds one of these values (as written, but for outer blanks)."""
    mask = np.ones(rows.count, dtype=bool)
    for column, words in only.items():
        found = pc.is_in(cell(rows, column, ()), pa.array(words, pa.string()))
        mask &= found.to_numpy(zero_copy_only=False)
    return mask


def cell(rows: Rows, column: str, nulls: tuple[str, ...]) -> pa.Array:
    """One column of the file: outer blanks gone; empty cells and null words null."""
    key = (column, nulls)
    if key not in rows.cells:
        if column not in rows.table.column_names:
            return pa.nulls(rows.count, pa.string())  # a batch of JSON whose records all lack it
        written = pc.utf8_trim_whitespace(rows.table.column(column).combine_chunks().cast(pa.string()))
        empty = pc.is_in(written, pa.array(["", *nulls], pa.string()))
        rows.cells[key] = pc.if_else(empty, NOTHING, written)
    return rows.cells[key]


def text_values(rows: Rows, value: Value, name: str) -> pa.Array:
    """The text of one canonical column `name`, null where there is no value; bad cells are set aside."""
    found = _origin(rows, value)
    if value.pattern:
        found = _part(rows, found, value.pattern, name)
    if value.values or value.otherwise is not None:
        found = _renamed(rows, found, value, name)
    if value.if_empty is not None:
        found = pc.fill_null(found, value.if_empty)
    if value.hashed:
        found = _hashed(found)
    if value.prefix:
        found = pc.binary_join_element_wise(value.prefix, found, "")
    if value.when:
        found = pc.if_else(pa.array(holds(rows, value.when)), found, NOTHING)
    return found


def outer_blanks(rows: Rows, value: Value) -> Mask:
    """Where a cell had blanks around it that were taken off, though it is not all blank."""
    column = value.column
    if column is None or column not in rows.table.column_names:
        return np.zeros(rows.count, dtype=bool)
    raw = rows.table.column(column).combine_chunks()
    trimmed = pc.utf8_trim_whitespace(raw)
    differs = pc.and_(pc.not_equal(raw, trimmed), pc.not_equal(trimmed, ""))
    result: Mask = pc.fill_null(differs, False).to_numpy(zero_copy_only=False)
    return result


def _origin(rows: Rows, value: Value) -> pa.Array:
    nulls = rows.mapping.nulls if value.nulls is None else value.nulls
    read: Callable[[str], pa.Array] = lambda column: cell(rows, column, nulls)  # noqa: E731 - one line reads better
    if value.constant is not None:
        return pa.array([value.constant], pa.string()).take(pa.array(np.zeros(rows.count, dtype=np.int64)))
    if value.column is not None:
        return read(value.column)
    if value.first_of:
        return pc.coalesce(*(read(column) for column in value.first_of))
    found, going = read(value.join[0]), None
    for column in value.join[1:]:
        more = read(column)
        going = pc.is_valid(more) if going is None else pc.and_(going, pc.is_valid(more))
        longer = pc.binary_join_element_wise(found, more, value.joined_by)
        found = pc.if_else(going, longer, found)
    return found


def _part(rows: Rows, values: pa.Array, pattern: str, name: str) -> pa.Array:
    found = pc.struct_field(pc.extract_regex(values, named_group(pattern)), "value")
    lost = pc.and_(pc.is_valid(values), pc.is_null(found)).to_numpy(zero_copy_only=False)
    _set_aside(rows, values, lost, name, f" does not fit the pattern `{pattern}`")
    return pc.if_else(pc.equal(found, ""), NOTHING, found)


def _renamed(rows: Rows, values: pa.Array, value: Value, name: str) -> pa.Array:
    place = pc.index_in(values, pa.array(list(value.values), pa.string()))
    renamed = pa.array(list(value.values.values()), pa.string()).take(place)
    known = pc.is_valid(place)
    if value.others == "set_aside":
        lost = pc.and_(pc.is_valid(values), pc.invert(known)).to_numpy(zero_copy_only=False)
        _set_aside(rows, values, lost, name, " is not among the `values` of the mapping")
    kept = values if value.others == "keep" else NOTHING
    if value.otherwise is not None:
        kept = pc.if_else(pc.is_valid(values), value.otherwise, NOTHING)
    return pc.if_else(known, renamed, kept)


def _hashed(values: pa.Array) -> pa.Array:
    """A short hash of each value, the same for the same value whatever the case of its letters."""
    coded = pc.utf8_lower(values).dictionary_encode()
    texts = [text.encode("utf-8", "surrogatepass") for text in coded.dictionary.to_pylist()]
    return pa.array([blake2b(text, digest_size=8).hexdigest() for text in texts], pa.string()).take(coded.indices)


def _set_aside(rows: Rows, values: pa.Array, lost: Mask, name: str, reason: str) -> None:
    at = np.flatnonzero(lost)
    if len(at):
        bad = values.take(pa.array(at))
        rows.trouble.set_aside(rows.index[at], told(bad, reason), name, bad)
