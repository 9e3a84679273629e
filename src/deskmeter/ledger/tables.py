"""Canonical rows on their way between arrow columns and SQL values; a whole column is converted at once."""

from collections.abc import Iterator, Sequence

import pyarrow as pa

from deskmeter.base.arrow_compute import pc
from deskmeter.base.errors import BugError, nearest
from deskmeter.canon.schema import TABLES, Kind, Table
from deskmeter.ledger.layout import DERIVED, stored_columns

ARROW_TYPES: dict[Kind, pa.DataType] = {
    "string": pa.string(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
    "date": pa.date32(),
}

Value = str | int | float | bytes | None

FEW_VALUES = 256
"""A column with fewer values than this in its first rows is converted by dictionary: each word becomes one str."""


def canonical(name: str) -> Table:
    """The canonical table called `name`; BugError with the nearest names if there is none."""
    if name not in TABLES:
        raise BugError(f"no canonical table `{name}`{nearest(name, TABLES)}")
    return TABLES[name]


def arrow_schema(table: Table) -> pa.Schema:
    """The columns of a canonical table as arrow knows them."""
    return pa.schema([(column.name, ARROW_TYPES[column.type]) for column in table.columns])


def normalised(table: Table, rows: pa.Table, source: str, object_id: str) -> pa.Table:
    """The same rows with the stored columns only, in order, typed; columns of nulls alone are left out.

    Raises:
        BugError: an unknown column, a wrong type, a null where the schema allows none, a foreign source or object.
    """
    for name in rows.column_names:
        if name not in table.names:
            raise BugError(f"table `{table.name}` has no column `{name}`{nearest(name, table.names)}")
    _refuse_foreign(rows, "source", source)
    _refuse_foreign(rows, "raw_object", object_id)
    columns = {
        name: _typed(table, name, rows[name])
        for name in stored_columns(table)
        if name in rows.column_names and rows[name].null_count < len(rows)
    }
    for column in table.columns:
        if column.null == "never null" and column.name not in DERIVED and len(rows):
            _refuse_null(table, column.name, columns.get(column.name))
    return pa.table(columns) if columns else pa.table({"id": pa.array([], pa.string())})


def _typed(table: Table, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = table.column(name).type
    try:
        made = column.cast(ARROW_TYPES[kind])
        made.validate(full=True)
    except pa.ArrowException as error:
        raise BugError(f"`{table.name}.{name}` is not {kind}: {error}") from error
    # SQLite would store NaN as null without a word.
    if kind == "float64" and not pc.all(pc.is_finite(made)).as_py():
        raise BugError(f"`{table.name}.{name}` holds NaN or infinity; set such a row aside")
    return made


def _refuse_null(table: Table, name: str, column: pa.ChunkedArray | None) -> None:
    if column is None or column.null_count:
        raise BugError(f"`{table.name}.{name}` is null, which the schema does not allow; set such a row aside")


def _refuse_foreign(rows: pa.Table, name: str, expected: str) -> None:
    if name not in rows.column_names or not len(rows):
        return
    if rows[name].null_count or not pc.all(pc.equal(rows[name], expected)).as_py():
        raise BugError(f"a batch of `{name}` `{expected}` holds rows of another one")


def sql_values(column: pa.ChunkedArray) -> list[Value]:
    """A column as values that SQL can bind: instants as microseconds, days as days since 1970, flags as 0 and 1.

    >>> sql_values(pa.chunked_array([[True, None]]))
    [1, None]
    """
    array = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if pa.types.is_date(array.type):
        array = array.cast(pa.int32())
    if pa.types.is_timestamp(array.type) or pa.types.is_boolean(array.type) or pa.types.is_int32(array.type):
        array = array.cast(pa.int64())
    if pa.types.is_int64(array.type) and not array.null_count and len(array):
        view = memoryview(array.buffers()[1]).cast("q")[array.offset : array.offset + len(array)]
        numbers: list[Value] = [*view.tolist()]
        return numbers
    if pa.types.is_string(array.type) and pc.count_distinct(array.slice(0, 16 * FEW_VALUES)).as_py() < FEW_VALUES:
        return _words(array)
    values: list[Value] = array.to_pylist()
    return values


def _words(array: pa.StringArray) -> list[Value]:
    """Few different words: each is made into a `str` once and then only pointed at."""
    coded = array.dictionary_encode()
    words: list[Value] = [*coded.dictionary.to_pylist(), None]
    places = coded.indices.fill_null(len(words) - 1)
    view = memoryview(places.buffers()[1]).cast("i")[places.offset : places.offset + len(places)]
    return list(map(words.__getitem__, view.tolist()))


class SqlRows:
    """Arrow rows as tuples that SQL can bind, a stretch at a time; a column that is missing gives null."""

    def __init__(self, rows: pa.Table, names: Sequence[str]) -> None:
        self._count = len(rows)
        self._columns = [sql_values(rows[name]) if name in rows.column_names else [None] * len(rows) for name in names]

    def chunks(self, size: int) -> Iterator[range]:
        """The places of all rows, in stretches of `size`."""
        return (range(start, min(start + size, self._count)) for start in range(0, self._count, size))

    def of(self, places: range) -> Iterator[tuple[Value, ...]]:
        """The rows of one stretch; made anew at each call, since keeping the tuples costs more than making them."""
        return zip(*(column[places.start : places.stop] for column in self._columns), strict=True)


def arrow_column(kind: Kind, values: Sequence[Value]) -> pa.Array:
    """Values read by SQL as an arrow column of a canonical kind."""
    if kind == "boolean":
        return pa.array(values, pa.int64()).cast(pa.bool_())
    if kind == "date":
        return pa.array(values, pa.int64()).cast(pa.int32()).cast(pa.date32())
    if kind == "timestamp":
        return pa.array(values, pa.int64()).cast(pa.timestamp("us"))
    return pa.array(values, ARROW_TYPES[kind])
