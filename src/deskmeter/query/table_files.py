"""Whole tables as files, part by part, so that no table need fit into memory twice."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from deskmeter.base.errors import AskerError, nearest
from deskmeter.query.sheets import FORMULA_STARTS

FORMATS = ("parquet", "csv")
_RISKY = f"^[{''.join(FORMULA_STARTS).replace('-', '')}-]"  # the hyphen last, where it is no range


def table_format(name: str) -> str:
    """The name of a known format; AskerError with the nearest if there is none of that name."""
    if name not in FORMATS:
        raise AskerError(f"no format `{name}`{nearest(name, FORMATS)}; there are {', '.join(FORMATS)}")
    return name


def write_tables(
    tables: Mapping[str, Callable[[], Iterable[pa.Table]]], folder: Path, format: str,
    progress: Callable[[str, int, int | None], None],
) -> tuple[tuple[str, int], ...]:  # fmt: skip
    """Writes each table as `folder`/NAME.FORMAT, where a name may begin with a folder; gives names and rows."""
    written = []
    for number, (name, parts) in enumerate(tables.items()):
        progress("write tables", number, len(tables))
        file = folder / f"{name}.{format}"
        file.parent.mkdir(parents=True, exist_ok=True)
        written.append((name, write_table(parts(), file, format)))
    progress("write tables", len(tables), len(tables))
    return tuple(written)


def write_table(parts: Iterable[pa.Table], file: Path, format: str) -> int:
    """Writes the parts (one at least, all with the same columns) into one file and counts their rows."""
    written = 0
    writer: pq.ParquetWriter | pa_csv.CSVWriter | None = None
    try:
        for part in parts:
            table = _neutral(part) if format == "csv" else part
            if writer is None:
                writer = (
                    pa_csv.CSVWriter(file, table.schema)
                    if format == "csv"
                    else pq.ParquetWriter(file, table.schema, compression="zstd")
                )
            writer.write_table(table)
            written += table.num_rows
    finally:
        if writer is not None:
            writer.close()
    return written


def _neutral(table: pa.Table) -> pa.Table:
    """The table with an apostrophe before each text that a spreadsheet might take for a formula.

    >>> _neutral(pa.table({"a": ["=1+1", "x-1", "-2", None]}))["a"].to_pylist()
    ["'=1+1", 'x-1', "'-2", None]
    """
    for place, field in enumerate(table.schema):
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            column = table.column(place)
            risky = pc.match_substring_regex(column, _RISKY)
            quoted = pc.binary_join_element_wise(pa.scalar("'", field.type), column, pa.scalar("", field.type))
            table = table.set_column(place, field, pc.if_else(risky, quoted, column))
    return table
