"""Reads the columns of one batch into typed columns; a row with a value that cannot be read is set aside."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.base.time import to_micros
from deskmeter.connectors.warehouse import Fault, Lines, Mask, Note, TableRows, Understood

_TRUE, _FALSE = ("true", "t", "1", "yes"), ("false", "f", "0", "no")
_UTC_ENDING = r"\s*(Z|UTC|[+-]00(:?00)?)$"
_WHOLE = r"^-?[0-9]{1,18}$"
_SHOWN = 60
SYSTEM = -1
"""The user id by which Zendesk names itself (an automation, a trigger)."""


class Cells:
    """One batch under reading: typed columns on demand, the faults found, the notes made."""

    def __init__(self, rows: TableRows) -> None:
        self.name = rows.name
        self.count = len(rows.lines)
        self.lines: Lines = rows.lines
        self.now_us = rows.now_us
        self.notes: list[Note] = []
        self._table = rows.table
        self._faults: list[Fault] = []
        self.bad: Mask = np.zeros(self.count, dtype=bool)

    @property
    def good(self) -> Mask:
        """The rows without a fault so far."""
        return ~self.bad

    @property
    def columns(self) -> list[str]:
        """The names of all columns of the table."""
        return list(self._table.column_names)

    def has(self, name: str) -> bool:
        """Whether the table has such a column."""
        return name in self._table.column_names

    def text(self, name: str, required: bool = False) -> pa.StringArray:
        """A column of text; an empty field is null, so is a column that is not there."""
        if not self.has(name):
            return pa.nulls(self.count, pa.string())
        column = self._table[name].combine_chunks()
        found = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
        if required:
            self.refuse(nulls(found), name, f"`{name}` is empty")
        return found

    def whole(self, name: str, required: bool = False) -> pa.Int64Array:
        """A column of whole numbers (ids, minutes); `12.0` is 12."""
        return self.as_whole(self.text(name, required), name)

    def as_whole(self, text: pa.StringArray, name: str) -> pa.Int64Array:
        """Text as whole numbers; a row whose text is none is set aside."""
        try:
            return pc.cast(text, pa.int64())
        except pa.ArrowInvalid:
            plain = pc.replace_substring_regex(text, r"\.0+$", "")
            is_whole = pc.match_substring_regex(plain, _WHOLE)
            self.refuse_values(filled(pc.invert(is_whole)), text, name, "is no whole number")
            return pc.cast(pc.if_else(is_whole, plain, pa.scalar(None, pa.string())), pa.int64())

    def instant(self, name: str, required: bool = False, is_past: bool = True) -> pa.Int64Array:
        """A column of instants in microseconds; times without a zone are UTC, as Fivetran lands them.

        `is_past`: a row that tells of something after the import is set aside; it would hide what came before it.
        """
        text = self.text(name, required)
        found = self._instants(text, name)
        if is_past:
            self.refuse_values(filled(pc.greater(found, self.now_us)), text, name, "lies after the import")
        return found

    def _instants(self, text: pa.StringArray, name: str) -> pa.Int64Array:
        for shape in (_as_it_is, _without_zone):
            try:
                return pc.cast(pc.cast(shape(text), pa.timestamp("us")), pa.int64())
            except pa.ArrowInvalid:
                continue
        coded = text.dictionary_encode()
        known = pa.array([_instant(word) for word in coded.dictionary.to_pylist()], pa.int64())
        found = known.take(coded.indices)
        self.refuse_values(nulls(found) & ~nulls(text), text, name, "is no time")
        return found

    def day(self, name: str) -> pa.Date32Array:
        """A column of dates; the time of day of an instant is cut off."""
        text = self.text(name, required=True)
        coded = text.dictionary_encode()
        known = pa.array([_day(word) for word in coded.dictionary.to_pylist()], pa.date32())
        found = known.take(coded.indices)
        self.refuse_values(nulls(found) & ~nulls(text), text, name, "is no date")
        return found

    def flag(self, name: str) -> pa.BooleanArray:
        """A column of yes and no."""
        text = self.text(name)
        word = pc.utf8_lower(text)
        is_true = pc.is_in(word, pa.array(_TRUE))
        is_known = pc.or_(is_true, pc.is_in(word, pa.array(_FALSE)))
        self.refuse_values(~filled(is_known) & ~nulls(text), text, name, "is neither true nor false")
        return pc.if_else(is_known, is_true, pa.scalar(None, pa.bool_()))

    def mapped(self, name: str, read: Callable[[str], int | None], says: str) -> pa.Int64Array:
        """A column read word by word (each different word once); None sets the row aside with `says`."""
        text = self.text(name, required=True)
        coded = text.dictionary_encode()
        known = pa.array([read(word) for word in coded.dictionary.to_pylist()], pa.int64())
        found = known.take(coded.indices)
        self.refuse_values(nulls(found) & ~nulls(text), text, name, says)
        return found

    def refuse(self, rows: Mask, column: str | None, reason: str) -> None:
        """Set these rows aside with one reason; the first reason of a row is the one that counts."""
        for row in np.flatnonzero(rows & ~self.bad):
            self._faults.append(Fault(int(row), column, None, reason))
        self.bad |= rows

    def refuse_values(self, rows: Mask, values: pa.Array, column: str, says: str) -> None:
        """Set these rows aside for their value: "`column` `value` says"."""
        fresh = np.flatnonzero(rows & ~self.bad)
        if not len(fresh):
            return
        shown = values.take(pa.array(fresh)).cast(pa.string()).to_pylist()
        for row, value in zip(fresh, shown, strict=True):
            word = value if value is None or len(value) <= _SHOWN else value[: _SHOWN - 3] + "..."
            self._faults.append(Fault(int(row), column, value, f"`{column}` `{word}` {says}"))
        self.bad |= rows

    def refuse_deleted(self) -> Mask:
        """Set aside, by that name, what was deleted at the source; which rows those are."""
        if not self.has("_fivetran_deleted"):
            return np.zeros(self.count, dtype=bool)
        is_deleted = filled(self.flag("_fivetran_deleted"))
        self.refuse(
            is_deleted, "_fivetran_deleted", f"deleted at the source: this row of `{self.name}` no longer holds"
        )
        return is_deleted

    def note(self, code: str, text: str, rows: Mask) -> None:
        """Note something odd about rows that are stored all the same."""
        if rows.any():
            self.notes.append(Note(code, text, self.lines[rows]))

    def understood(self, tables: Mapping[str, pa.Table] | None = None) -> Understood:
        """What came of the batch; empty tables are left out."""
        made = {name: table for name, table in (tables or {}).items() if table.num_rows}
        return Understood(made, tuple(self._faults), tuple(self.notes))

    def made(self, keep: Mask, columns: Mapping[str, pa.Array | pa.ChunkedArray]) -> pa.Table:
        """A canonical table of the rows in `keep`, with their lines."""
        whole = pa.table({**columns, "raw_line": pa.array(self.lines, pa.int64())})
        return whole if keep.all() else whole.filter(pa.array(keep))


def filled(values: pa.Array, otherwise: bool = False) -> Mask:
    """A column of yes and no as a mask."""
    mask: Mask = pc.fill_null(values, otherwise).to_numpy(zero_copy_only=False)
    return mask


def nulls(values: pa.Array) -> Mask:
    """Which values are null."""
    mask: Mask = pc.is_null(values).to_numpy(zero_copy_only=False)
    return mask


def numbers(values: pa.Int64Array, otherwise: int = 0) -> Lines:
    """A column of whole numbers as an array."""
    found: Lines = pc.fill_null(values, otherwise).to_numpy(zero_copy_only=False)
    return found


def instants(values: pa.Int64Array | Lines) -> pa.TimestampArray:
    """Microseconds as instants."""
    return pa.array(values, pa.int64()).cast(pa.timestamp("us"))


def ids(values: pa.Int64Array | Lines) -> pa.StringArray:
    """Numbers as the text by which canonical rows name things."""
    return pa.array(values, pa.int64()).cast(pa.string())


def joined(*pieces: pa.Array | str) -> pa.Array:
    """Text put together row by row."""
    return pc.binary_join_element_wise(*pieces, "")


def repeated(word: str | None, count: int) -> pa.StringArray:
    """A column of one word."""
    return pa.array([word], pa.string()).take(pa.array(np.zeros(count, dtype=np.int64)))


def persons(users: pa.Int64Array) -> pa.StringArray:
    """User ids as persons; Zendesk itself is nobody."""
    return ids(pc.if_else(pc.equal(users, SYSTEM), pa.scalar(None, pa.int64()), users))


def _as_it_is(text: pa.StringArray) -> pa.StringArray:
    return text


def _without_zone(text: pa.StringArray) -> pa.StringArray:
    return pc.replace_substring_regex(text, _UTC_ENDING, "")


def _instant(word: str | None) -> int | None:
    """One time in any ISO shape, with or without an offset."""
    if word is None:
        return None
    try:
        at = datetime.fromisoformat(re.sub(r"\s*UTC$", "+00:00", word.strip()))
    except ValueError:
        return None
    return to_micros(at if at.tzinfo else at.replace(tzinfo=UTC))


def _day(word: str | None) -> date | None:
    if word is None:
        return None
    try:
        return date.fromisoformat(word[:10])
    except ValueError:
        return None
