"""The lake: the canonical tables as partitioned Parquet, for Spark and for those who bring their own engine.

    lake.json                                              what it was made of, and the rows of each table
    canonical/event/source=helpdesk/month=2026-05/part-0.parquet
    canonical/ticket/source=helpdesk/part-0.parquet

Instants are UTC timestamps in microseconds, dates are dates. A table without rows has no files.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from deskmeter.base.arrow_compute import pc
from deskmeter.base.errors import AskerError, DataError
from deskmeter.base.late import late
from deskmeter.canon.schema import TABLES

if TYPE_CHECKING:
    import pyarrow.dataset as ds
else:  # whoever reads a lake's note does not write one
    ds = late("pyarrow.dataset")

FILE = "lake.json"
CANONICAL = "canonical"
_FORMAT = 1
_ROWS_A_FILE = 5_000_000


@dataclass(frozen=True)
class LakeNote:
    """What a lake says of itself: the ledger's version it was made of, and the rows of each table."""

    version: int
    rows: Mapping[str, int]


def write_lake(
    tables: Mapping[str, Callable[[], Iterable[pa.Table]]], version: int, folder: Path,
    progress: Callable[[str, int, int | None], None],
) -> LakeNote:  # fmt: skip
    """Writes each canonical table part by part; no table need fit into memory."""
    rows = {}
    for number, (name, parts) in enumerate(tables.items()):
        progress("write the lake", number, len(tables))
        rows[name] = _write(name, parts(), folder / CANONICAL / name)
    progress("write the lake", len(tables), len(tables))
    note = LakeNote(version, rows)
    text = json.dumps({"format": _FORMAT, "version": version, "rows": rows}, indent=2)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")
    return note


def read_note(folder: Path) -> LakeNote:
    """What the lake in `folder` says of itself.

    Raises:
        AskerError: there is no lake.
        DataError: its note is damaged, or of a format that this version does not know.
    """
    path = folder / FILE
    if not path.exists():
        raise AskerError(f"no lake in {folder}: it has no {FILE}; `deskmeter lake {folder}` writes one")
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        if known["format"] != _FORMAT:
            raise DataError(f"{path} is of format {known['format']}; this version reads format {_FORMAT}")
        return LakeNote(int(known["version"]), {name: int(count) for name, count in known["rows"].items()})
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is damaged ({error}); write the lake anew into another folder") from error


def _write(name: str, parts: Iterable[pa.Table], folder: Path) -> int:
    keys = ["source", "month"] if TABLES[name].known_at else ["source"]
    first = next(iterator := iter(parts))
    schema = _with_month(name, first).schema
    counted = 0

    def batches() -> Iterator[pa.RecordBatch]:
        nonlocal counted
        for part in chain([first], iterator):
            counted += part.num_rows
            yield from _with_month(name, part).to_batches()

    if first.num_rows == 0:
        return 0
    ds.write_dataset(
        batches(),
        folder,
        schema=schema,
        format="parquet",
        partitioning=ds.partitioning(pa.schema([(key, pa.string()) for key in keys]), flavor="hive"),
        max_rows_per_file=_ROWS_A_FILE,
        max_rows_per_group=min(_ROWS_A_FILE, 1_000_000),
        file_options=ds.ParquetFileFormat().make_write_options(compression="zstd"),
    )
    return counted


def _with_month(name: str, table: pa.Table) -> pa.Table:
    """`table` with the month of the instant at which its rows become known, by which it is laid out."""
    known_at = TABLES[name].known_at
    if known_at is None:
        return table
    month = pc.strftime(table[known_at].cast(pa.timestamp("s"), safe=False), format="%Y-%m")
    return table.append_column("month", pc.fill_null(month, "none"))
