"""Turns typed Arrow columns into columns of strings that lose nothing."""

import json
import math
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.connectors.files.json_values import OPENED_LEVELS

EXACT_WHOLE = 2**53


def opened(table: pa.Table) -> pa.Table:
    """`table` with its structs opened to dotted columns."""
    for _ in range(OPENED_LEVELS - 1):
        if not any(pa.types.is_struct(column.type) for column in table.columns):
            break
        table = table.flatten()
    return table


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column as strings; null stays null.

    Instants become ISO 8601 (`2024-01-05T10:00:00.000000`, with `Z` if they have a zone), whole floats lose
    their `.0`, bytes that are no UTF-8 become hexadecimal, lists and maps JSON.
    """
    kind = column.type
    if isinstance(kind, pa.ExtensionType):
        return as_text(pa.chunked_array([chunk.storage for chunk in column.chunks], kind.storage_type))
    if pa.types.is_dictionary(kind):
        return as_text(pc.cast(column, kind.value_type))
    if pa.types.is_timestamp(kind):
        return pc.replace_substring(pc.cast(column, pa.string()), " ", "T")
    if _is_plain(kind):
        return pc.cast(column, pa.string())
    return pa.chunked_array([pa.array([value_text(value) for value in column.to_pylist()], pa.string())])


def _is_plain(kind: pa.DataType) -> bool:
    checks = (
        pa.types.is_string, pa.types.is_large_string, pa.types.is_integer, pa.types.is_boolean, pa.types.is_decimal,
        pa.types.is_date32, pa.types.is_time, pa.types.is_null,
    )  # fmt: skip
    return any(check(kind) for check in checks)


def value_text(value: object) -> str | None:
    """One typed value as text.

    >>> [value_text(v) for v in (5.0, 1.5, timedelta(hours=30), b"ab", b"\\xff")]
    ['5', '1.5', '30:00:00', 'ab', 'ff']
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return str(int(value)) if value.is_integer() and abs(value) <= EXACT_WHOLE else repr(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return _length_text(value)
    if isinstance(value, bytes):
        return _bytes_text(value)
    if isinstance(value, list | dict | tuple):
        return json.dumps(value, ensure_ascii=False, default=value_text)
    return str(value)


def _length_text(value: timedelta) -> str:
    seconds, rest = divmod(abs(value), timedelta(seconds=1))
    fraction = f".{rest.microseconds:06d}" if rest else ""
    sign = "-" if value < timedelta() else ""
    return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{fraction}"


def _bytes_text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.hex()


def type_word(kind: pa.DataType) -> str:
    """The word for a column's type in a file's facts."""
    if pa.types.is_dictionary(kind):
        return type_word(kind.value_type)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return "list"
    return "string" if pa.types.is_large_string(kind) else str(kind)


def types_of(values: Iterable[object]) -> str:
    """The word for the type of a sheet's column: that of its values, `string` if they differ."""
    words = {_word(value) for value in values if value is not None and value != ""}
    if words == {"int64", "double"}:
        return "double"
    return words.pop() if len(words) == 1 else "string"


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, float):
        return "int64" if value.is_integer() else "double"
    for kind, word in ((datetime, "timestamp[us]"), (date, "date32[day]"), (time, "time"), (timedelta, "duration")):
        if isinstance(value, kind):
            return word
    return "int64" if isinstance(value, int) else "decimal" if isinstance(value, Decimal) else "string"
