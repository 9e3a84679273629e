"""One part of a mapping read against some rows: typed columns, checked; and how canonical rows are put together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.base.time import to_micros
from deskmeter.canon.schema import TABLES, Kind
from deskmeter.ingest.cells import read_slot
from deskmeter.ingest.mapping import Part
from deskmeter.ingest.shapes import SHAPES, Slot
from deskmeter.ingest.text_cells import Rows
from deskmeter.ingest.trouble import Index, told

CANON_TYPES: dict[Kind, pa.DataType] = {
    "string": pa.string(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
    "date": pa.date32(),
}
_PAST = {"at", "created_at", "first_reply_at", "resolved_at", "closed_at", "updated_at", "paid_at", "ringing_at",
         "answered_at", "ended_at", "sent_at", "made_at", "done_at"}  # fmt: skip
"""Instants that cannot lie after the import; others (due, renewal, the end of a span) may."""

SEPARATOR = "\x1f"


@dataclass(frozen=True)
class PartRead:
    """The rows of one part with their typed columns, by the names of the shape."""

    name: str
    part: Part
    rows: Rows
    columns: Mapping[str, pa.Array]
    fields: Mapping[str, pa.Array]

    def good(self) -> "PartRead":
        """Without the rows that were set aside."""
        bad = self.rows.trouble.bad[self.rows.index]
        if not bad.any():
            return self
        keep = pa.array(~bad)
        return PartRead(
            self.name,
            self.part,
            self.rows.at(~bad),
            {name: values.filter(keep) for name, values in self.columns.items()},
            {name: values.filter(keep) for name, values in self.fields.items()},
        )

    def column(self, name: str) -> pa.Array:
        """The values of a column; all null (text) where the mapping does not name it."""
        found = self.columns.get(name)
        return pa.nulls(self.rows.count, _slot_type(SHAPES[self.name].slots[name])) if found is None else found


def read_part(name: str, part: Part, rows: Rows, now: datetime, skip: tuple[str, ...] = ()) -> PartRead:
    """Read all columns of a part (but those in `skip`) from the rows that it is about."""
    rows = rows.where(part.where).having(part.needs, name)
    slots = SHAPES[name].slots
    columns = {}
    for column, value in part.columns.items():
        if column in skip:
            continue
        columns[column] = read_slot(rows, value, slots[column])
        if slots[column].required:
            refuse_nulls(rows, columns[column], column)
        if column in _PAST:
            refuse_future(rows, columns[column], column, now)
    fields = {name: read_slot(rows, value, Slot(name, "text", name)) for name, value in part.fields.items()}
    return PartRead(name, part, rows, columns, fields)


def refuse_nulls(rows: Rows, values: pa.Array, column: str) -> None:
    """Set aside the rows that lack a value they cannot do without."""
    missing = np.flatnonzero(pc.is_null(values).to_numpy(zero_copy_only=False))
    if len(missing):
        rows.trouble.set_aside(rows.index[missing], f"no `{column}`: there is no value in this row", column)


def refuse_future(rows: Rows, values: pa.Array, column: str, now: datetime) -> None:
    """Set aside the rows that tell of something after the import; one of them would hide what came before."""
    late = pc.greater(values.cast(pa.int64()), to_micros(now))
    at = np.flatnonzero(pc.fill_null(late, False).to_numpy(zero_copy_only=False))
    if len(at):
        shown = pc.strftime(values.take(pa.array(at)).cast(pa.timestamp("s"), safe=False), format="%Y-%m-%d %H:%M:%S")
        rows.trouble.set_aside(rows.index[at], told(shown, " lies after the import", f"`{column}` "), column, shown)


def canonical(table: str, columns: Mapping[str, pa.Array], lines: Index | None = None) -> pa.Table:
    """Rows of a canonical table; columns that are not given stay away (null)."""
    given = {name: values.cast(CANON_TYPES[TABLES[table].column(name).type]) for name, values in columns.items()}
    if lines is not None:
        given["raw_line"] = pa.array(lines, pa.int64())
    return pa.table(given)


def united(tables: Iterable[pa.Table]) -> pa.Table:
    """Rows of several tables of one kind; what one of them lacks is null."""
    return pa.concat_tables(list(tables), promote_options="default")


def content_ids(columns: Mapping[str, pa.Array]) -> pa.Array:
    """An id for rows without one: a hash of all they hold. Equal rows get equal ids.

    >>> a, b = content_ids({"x": pa.array(["1", "1"]), "y": pa.array([None, None], pa.string())}).to_pylist()
    >>> a == b, len(a)
    (True, 32)
    """
    names = sorted(columns)
    texts = [pc.binary_join_element_wise(f"{name}=", as_text(columns[name]), "") for name in names]
    whole = pc.binary_join_element_wise(*texts, SEPARATOR, null_handling="replace", null_replacement="")
    return pa.array([blake2b(text.encode(), digest_size=16).hexdigest() for text in whole.to_pylist()], pa.string())


def as_text(values: pa.Array) -> pa.Array:
    """Values as text, instants as microseconds."""
    if pa.types.is_timestamp(values.type):
        return values.cast(pa.int64()).cast(pa.string())
    return values.cast(pa.string())


def joined(*pieces: pa.Array | str) -> pa.Array:
    """Text put together row by row, null where a piece is null."""
    return pc.binary_join_element_wise(*pieces, "")


def repeated(text: str | None, count: int) -> pa.Array:
    """A column of one and the same text."""
    return pa.array([text], pa.string()).take(pa.array(np.zeros(count, dtype=np.int64)))


def _slot_type(slot: Slot) -> pa.DataType:
    kinds: dict[str, Kind] = {"time": "timestamp", "date": "date", "flag": "boolean", "number": "float64"}
    return CANON_TYPES[kinds.get(slot.kind, "string" if slot.kind in ("id", "text", "tags") else "int64")]
