"""Reads Parquet, every column as strings."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from deskmeter.base.errors import DataError
from deskmeter.connectors.files.arrow_text import as_text, opened, type_word, value_text
from deskmeter.connectors.files.columns import check_width, column_names
from deskmeter.connectors.files.refusal import refusing
from deskmeter.connectors.files.source import shown, whole_content
from deskmeter.connectors.protocol import Compression, RawBatch, ReadLimits, RowProblem

KIND = "Parquet"


def parquet_types(path: Path, packed: Compression, limits: ReadLimits) -> tuple[str, ...]:
    """The types of the columns that `read_parquet` gives, in its order."""
    with whole_content(path, packed, limits) as content, refusing(path, KIND):
        table = opened(pq.ParquetFile(content).schema_arrow.empty_table())
        return tuple(type_word(column.type) for column in table.columns)


def read_parquet(path: Path, packed: Compression, limits: ReadLimits) -> Iterator[RawBatch]:
    """The rows of a Parquet file, numbered from 1; a row with a NUL character is set aside.

    Raises:
        DataError: a damaged file, also after some batches; text that is not UTF-8.
    """
    with whole_content(path, packed, limits) as content, refusing(path, KIND):
        file = pq.ParquetFile(content)
        check_width(len(file.schema), path, limits)
        _check_size(file.metadata, path, limits)
        number = 1
        for records in file.iter_batches(batch_size=limits.batch_rows_n):
            yield typed_batch(pa.Table.from_batches([records]), number)
            number += records.num_rows
        if number == 1:
            yield typed_batch(file.schema_arrow.empty_table(), number)


def _check_size(metadata: pq.FileMetaData, path: Path, limits: ReadLimits) -> None:
    unpacked_n = sum(metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups))
    if unpacked_n > limits.unpacked_bytes:
        raise DataError(f"{shown(path)} unpacks to {unpacked_n:,} bytes, more than {limits.unpacked_bytes:,}; split it")


def typed_batch(typed: pa.Table, number: int) -> RawBatch:
    """Typed records as a batch of strings; the first one is record `number`."""
    typed.validate(full=True)
    flat = opened(typed)
    names, _ = column_names(flat.column_names)
    table = pa.table([as_text(column) for column in flat.columns], names=list(names))
    raw = _raw_rows(typed)
    lines = pa.array(range(number, number + typed.num_rows), pa.int64())
    bad = _rows_with_nul(table)
    problems = tuple(RowProblem(number + row, "the row holds a NUL character", raw(row)) for row in bad)
    if not bad:
        return RawBatch(names, table, lines, problems, raw)
    good = sorted(set(range(typed.num_rows)) - set(bad))
    return RawBatch(names, table.take(good), lines.take(pa.array(good, pa.int64())), problems, lambda i: raw(good[i]))


def _rows_with_nul(table: pa.Table) -> list[int]:
    rows: set[int] = set()
    for column in table.columns:
        has_nul = pc.match_substring(column, "\0")
        if pc.any(has_nul).as_py():
            rows.update(index for index, found in enumerate(has_nul.to_pylist()) if found)
    return sorted(rows)


def _raw_rows(typed: pa.Table) -> Callable[[int], str]:
    def raw(index: int) -> str:
        cells = zip(typed.column_names, (column[index].as_py() for column in typed.columns), strict=True)
        return json.dumps(dict(cells), ensure_ascii=False, default=value_text)

    return raw
