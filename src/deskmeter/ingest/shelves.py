"""The raw tables of a warehouse, wherever they lie: a folder of CSV or Parquet files, or one DuckDB file."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from deskmeter.base.errors import AskerError, DataError
from deskmeter.connectors.files.parquet import typed_batch
from deskmeter.connectors.files.read import read_known, sniff
from deskmeter.connectors.protocol import RawBatch, ReadHints
from deskmeter.engines.duckdb import DuckDBFile

ENDINGS = (".csv", ".csv.gz", ".parquet")
_MAGIC_AT, _MAGIC = 8, b"DUCK"
_BATCH_ROWS = 50_000

TableCalled = Callable[[str], str | None]
"""The table that a file or a stored table of some name is; None for a table that nobody reads."""


@dataclass(frozen=True)
class Shelf:
    """One raw table: where it lies, what its columns are called (in small letters), and its rows."""

    table: str
    place: str
    columns: tuple[str, ...]
    batches: Callable[[], Iterator[RawBatch]]


@dataclass(frozen=True)
class Found:
    """What lies at a path: the file of each table that is read (all the same in a database), and what is not read."""

    files: Mapping[str, Path]
    unread: tuple[str, ...]
    is_database: bool
    stored: Mapping[str, tuple[str, str]]
    """Of a database: schema and name of each table."""


def is_database(path: Path) -> bool:
    """Whether a file is a DuckDB database, by its first bytes."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(_MAGIC_AT + len(_MAGIC))[_MAGIC_AT:] == _MAGIC


def find_tables(path: Path, table_called: TableCalled) -> Found:
    """The tables at a path.

    Raises:
        AskerError: neither a folder nor a database; two files or schemas that hold one table.
        DataError: the database cannot be read.
    """
    if path.is_dir():
        return _in_folder(path, table_called)
    if is_database(path):
        return _in_database(path, table_called)
    what = "there is nothing at" if not path.exists() else "neither a folder of tables nor a DuckDB file:"
    raise AskerError(f"{what} `{path}`")


def _in_folder(path: Path, table_called: TableCalled) -> Found:
    files: dict[str, Path] = {}
    unread = []
    for file in sorted(path.iterdir()):
        ending = next((ending for ending in reversed(ENDINGS) if file.name.lower().endswith(ending)), None)
        if ending is None or not file.is_file():
            continue
        table = table_called(file.name[: -len(ending)].rpartition(".")[2])
        if table is None:
            unread.append(file.name)
        elif table in files:
            raise AskerError(f"`{files[table].name}` and `{file.name}` are both the table `{table}`; keep one of them")
        else:
            files[table] = file
    return Found(files, tuple(unread), False, {})


def _in_database(path: Path, table_called: TableCalled) -> Found:
    log = path.with_name(path.name + ".wal")
    if log.is_file() and log.stat().st_size:
        raise DataError(f"`{path.name}` has changes that are only in `{log.name}`; close whoever writes it first")
    stored: dict[str, tuple[str, str]] = {}
    unread = []
    with closing(DuckDBFile(path)) as database:
        for schema, name in database.tables():
            table = table_called(name)
            if table is None:
                unread.append(f"{schema}.{name}")
            elif table in stored:
                there = ".".join(stored[table])
                raise AskerError(f"`{there}` and `{schema}.{name}` are both the table `{table}`; keep one of them")
            else:
                stored[table] = (schema, name)
    return Found(dict.fromkeys(stored, path), tuple(unread), True, stored)


def file_shelf(table: str, name: str, kept: Path) -> Shelf:
    """A table in a file of its own, read from its kept copy; `name` is what the file is called."""
    is_parquet = name.lower().endswith(".parquet")
    hints = ReadHints(format="parquet") if is_parquet else ReadHints(format="delimited", header_row=1)
    try:
        facts = sniff(kept, hints)
    except DataError as error:
        raise DataError(str(error).replace(str(kept), name)) from error
    return Shelf(table, name, _lowered(facts.columns), lambda: map(_with_lowered, read_known(facts)))


def stored_shelves(path: Path, stored: Mapping[str, tuple[str, str]]) -> list[Shelf]:
    """The tables of a database, their rows numbered through: a line tells the row within the whole file."""
    with closing(DuckDBFile(path)) as database:
        sizes = [database.size(*stored[table]) for table in sorted(stored)]
        starts = [1]
        for size in sizes:
            starts.append(starts[-1] + size)
        shelves = []
        for table, (start, _) in zip(sorted(stored), pairwise(starts), strict=True):
            schema, name = stored[table]
            columns = next(database.batches(schema, name, 1)).column_names
            rows = _stored_rows(path, schema, name, start)
            shelves.append(Shelf(table, f"{schema}.{name}", _lowered(tuple(columns)), rows))
    return shelves


def _stored_rows(path: Path, schema: str, name: str, start: int) -> Callable[[], Iterator[RawBatch]]:
    def rows() -> Iterator[RawBatch]:
        number = start
        with closing(DuckDBFile(path)) as database:
            for typed in database.batches(schema, name, _BATCH_ROWS):
                yield _with_lowered(typed_batch(typed, number))
                number += typed.num_rows

    return rows


def _with_lowered(batch: RawBatch) -> RawBatch:
    """The batch with its columns in small letters (some warehouses shout) and each in one piece."""
    names = _lowered(batch.columns)
    table = batch.table.rename_columns(list(names)).combine_chunks()
    return RawBatch(names, table, batch.lines, batch.problems, batch.raw)


def _lowered(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.lower() for name in names)
