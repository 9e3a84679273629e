"""Tables that are canonical already (a demo, a connector, a test) go into the ledger by the same door as files."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.base.errors import DataError, nearest
from deskmeter.base.time import to_micros
from deskmeter.canon.schema import TABLES
from deskmeter.ingest.parts import CANON_TYPES, SEPARATOR, as_text
from deskmeter.ledger.forgetting import forget_all
from deskmeter.ledger.forgotten import Forgotten
from deskmeter.ledger.protocol import KEY_BYTES, ROW_KEYS_SCHEMA, Batch, ImportCounts, Ledger, SetAside

MAPPING_ID = "canonical-1"


def import_ready(ledger: Ledger, source: str, tables: Mapping[str, pa.Table], now: datetime) -> ImportCounts:
    """Import canonical tables; each row counts as one raw row.

    Raises:
        DataError: a table or column that is not canonical, or a row without an id.
    """
    checked = {name: _checked(name, table, source) for name, table in sorted(tables.items())}
    checked = without_people(checked, ledger.forgotten(source))
    kept = ledger.put_object(ready_bytes(checked), f"{source}.arrow", now)
    ticket = ledger.begin_import(source, kept.id, MAPPING_ID, now)
    try:
        line = 0
        for name, table in checked.items() if not ticket.is_repeat else ():
            lines = pa.array(range(line + 1, line + 1 + table.num_rows), pa.int64())
            keys = pa.table({"raw_line": lines, "key": _row_keys(name, table)}, ROW_KEYS_SCHEMA)
            is_late = _lies_ahead(table, now)
            aside = [] if is_late is None else _set_aside(table.filter(is_late), keys.filter(is_late))
            if aside:
                table, lines, keys = (part.filter(pc.invert(is_late)) for part in (table, lines, keys))
            ledger.append(ticket, Batch({name: table.append_column("raw_line", lines)}, keys, aside))
            line += len(is_late) if is_late is not None else table.num_rows
        return ledger.finish(ticket, now)
    except BaseException:  # also an interruption by hand: what was begun is taken back before it goes on
        ledger.abandon(ticket)
        raise


def _checked(name: str, table: pa.Table, source: str) -> pa.Table:
    """The table with canonical types, without provenance; DataError names what does not fit."""
    if name not in TABLES:
        raise DataError(f"no canonical table `{name}`{nearest(name, TABLES)}")
    canon = TABLES[name]
    columns = {}
    for column in table.column_names:
        if column not in canon.names:
            raise DataError(f"table `{name}` has no column `{column}`{nearest(column, canon.names)}")
        if column in ("raw_object", "raw_line"):
            continue
        try:
            columns[column] = table[column].combine_chunks().cast(CANON_TYPES[canon.column(column).type])
        except pa.ArrowInvalid as error:
            raise DataError(f"`{name}.{column}` does not fit its type: {error}") from error
    if "id" not in columns or columns["id"].null_count:
        raise DataError(f"table `{name}`: every row needs an `id`")
    given = pc.unique(columns["source"]).to_pylist() if "source" in columns else [source]
    if any(found != source for found in given):
        raise DataError(f"table `{name}` holds rows of the sources {given}, not of `{source}` alone")
    return pa.table(columns)


def _lies_ahead(table: pa.Table, now: datetime) -> pa.Array | None:
    """Which rows tell of something after the import; None for a table without an instant of its own.

    One such event would hide what came before it in its ticket (ruling 2).
    """
    if "at" not in table.column_names:
        return None
    return pc.fill_null(pc.greater(table["at"].combine_chunks().cast(pa.int64()), to_micros(now)), False)


def _set_aside(rows: pa.Table, keys: pa.Table) -> list[SetAside]:
    return [
        SetAside(
            key=key["key"],
            line=key["raw_line"],
            column="at",
            value=str(row["at"]),
            reason=f"`at` {row['at']:%Y-%m-%d %H:%M:%S} lies after the import",
            raw=json.dumps(row, ensure_ascii=False, default=str),
        )
        for row, key in zip(rows.to_pylist(), keys.to_pylist(), strict=True)
    ]


def ready_batches(tables: Mapping[str, pa.Table]) -> Iterator[Batch]:
    """The tables as batches of the ledger; the rows are numbered from 1 through all of them."""
    line = 0
    for name, table in tables.items():
        lines = pa.array(range(line + 1, line + 1 + table.num_rows), pa.int64())
        keys = pa.table({"raw_line": lines, "key": _row_keys(name, table)}, ROW_KEYS_SCHEMA)
        yield Batch({name: table.append_column("raw_line", lines)}, keys)
        line += table.num_rows


def without_people(tables: Mapping[str, pa.Table], forgotten: Forgotten) -> dict[str, pa.Table]:
    """The tables without the people who were erased."""
    if not forgotten:
        return dict(tables)
    return {name: forget_all(TABLES[name], table, forgotten).combine_chunks() for name, table in tables.items()}


def ready_tables(path: Path) -> dict[str, pa.Table]:
    """The tables in a kept object of this kind."""
    tables = {}
    content = pa.py_buffer(path.read_bytes())
    with pa.BufferReader(content) as source:
        while source.tell() < content.size:
            with pa.ipc.open_stream(source) as reader:
                table = reader.read_all()
            tables[table.schema.metadata[b"table"].decode()] = table.replace_schema_metadata(None)
    return tables


def ready_bytes(tables: Mapping[str, pa.Table]) -> bytes:
    """The tables as one stream of bytes, the same for the same rows."""
    parts = []
    for name, table in tables.items():
        sink = pa.BufferOutputStream()
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        with pa.ipc.new_stream(sink, table.schema.with_metadata({"table": name}), options=options) as writer:
            writer.write_table(table)
        parts.append(sink.getvalue().to_pybytes())
    return b"".join(parts)


def _row_keys(name: str, table: pa.Table) -> pa.Array:
    texts = [pc.fill_null(as_text(column.combine_chunks()), "\0") for column in table.columns]
    whole = pc.binary_join_element_wise(name, *texts, SEPARATOR).cast(pa.binary())
    hashed = [blake2b(text, digest_size=KEY_BYTES).digest() for text in whole.to_pylist()]
    return pa.array(hashed, pa.binary(KEY_BYTES))
