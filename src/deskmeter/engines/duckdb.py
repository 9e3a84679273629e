"""The embedded engine: DuckDB, in memory or in one file that this process owns."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import pyarrow as pa

from deskmeter.base.errors import AskerError, DataError, EngineError, LockedError
from deskmeter.engines.copying import NEXT, Copier
from deskmeter.engines.expressions import ibis
from deskmeter.engines.protocol import QUESTIONS, Purpose
from deskmeter.engines.written import before, is_short, lines

MEMORY = "DESKMETER_MEMORY"  # the environment's word for how much a build may hold
_OF_DEFAULT = 5 / 8  # of what DuckDB would take: 80 % of the memory of the machine, or of the container
_FILE = "desk"  # the database in the file, where there is one
# the copy is made anew at will, so no older version need read it: the newest layout is written sooner. Half of the usual
# group of rows: more tables fill one, and only groups that are full go to the file at once and not by way of its log
_LAYOUT = "STORAGE_VERSION 'latest', ROW_GROUP_SIZE 61440"
_WORK = "work"  # the database in memory in which a build of a file is made


class DuckDBEngine:
    """DuckDB behind the engine protocol; the only file that imports it."""

    name = "duckdb"

    def __init__(self, path: Path | None = None, threads: int | None = None, memory: str | None = None) -> None:
        """`memory`: a size as DuckDB writes it, else the environment's or half the machine's; what is more goes to disk."""
        config: dict[str, str | bool | int | float | list[str]] = {
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "temp_directory": f"{path or Path(tempfile.gettempdir()) / f'deskmeter-{os.getpid()}'}.tmp",
        }
        if threads:
            config["threads"] = threads
        wanted = memory or os.environ.get(MEMORY)
        if wanted:
            config["memory_limit"] = wanted
        try:
            self._connection = duckdb.connect(":memory:", config=config)
            if path:
                self._connection.execute(f"ATTACH {_quoted(path)} AS {_FILE} ({_LAYOUT})")
                self._connection.execute(f"USE {_FILE}")
        except duckdb.IOException as error:
            if "lock" in str(error).lower():
                raise LockedError(f"{path} is in use by another process; stop it or ask its server") from error
            raise EngineError(f"cannot open {path}: {error}") from error
        except duckdb.ParserException as error:
            raise AskerError(f"{MEMORY} is `{wanted}`, which is no size; write it like 4GB") from error
        # else the tables in memory of a build are gone through again and again as if they had to be written somewhere
        self._connection.execute("SET wal_autocheckpoint = '1TB'")
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET preserve_insertion_order = false")
        # its own bar would be drawn on stdout, in the middle of an answer
        self._connection.execute("SET enable_progress_bar = false")
        if not wanted:
            self._connection.execute(f"SET memory_limit = '{self._setting('memory_limit', _OF_DEFAULT)}'")
        self._memory = self._setting("memory_limit")
        self._connection.execute("SET lock_configuration = true")
        self._is_file = path is not None
        self._building = self._connection  # where a build makes its tables
        self._copier: Copier | None = None
        self._lock = threading.RLock()

    def _setting(self, name: str, times: float = 1.0) -> str:
        ((said,),) = self._connection.execute(f"SELECT current_setting('{name}')").fetchall()
        number, unit = str(said).split()
        return f"{float(number) * times:.1f} {unit}"

    def load(self, name: str, rows: pa.Table | Iterable[pa.Table], is_kept: bool = True) -> None:
        with self._lock:
            parts = _Parts(iter([rows] if isinstance(rows, pa.Table) else rows))
            self._building.register("incoming", parts.reader)
            try:
                self._create(name, "SELECT * FROM incoming", is_kept)
            except Exception as error:
                raise parts.error or error from None
            finally:
                self._building.unregister("incoming")
            self._copy(name, is_kept)

    def prepare(self, expr: ibis.Table) -> str:
        # DuckDB adds whole numbers up as HUGEINT; a table has the types that its expression declares
        columns = ", ".join(
            f'CAST("{column}" AS BIGINT) AS "{column}"' if kind.is_int64() else f'"{column}"'
            for column, kind in expr.schema().items()
        )
        return f"SELECT {columns} FROM ({self.compile(expr)})"

    def create(self, name: str, text: str, purpose: Purpose = QUESTIONS) -> None:
        with self._lock:
            if self._copier and purpose.is_kept and not purpose.is_read:
                self._copier.make(name, text)
                return
            try:
                self._create(name, text, purpose.is_kept)
            except (duckdb.Error, EngineError) as error:
                raise EngineError(f"cannot build table `{name}`: {error}") from error
            self._copy(name, purpose.is_kept, purpose.columns)

    def _create(self, name: str, text: str, is_kept: bool) -> None:
        # what only the build needs stays in memory: writing it to the file would cost more than making it
        kind = "TABLE" if is_kept or self._copier else "TEMP TABLE"
        with _plainly(self._memory):
            self._building.execute(f'CREATE OR REPLACE {kind} "{name}" AS {text}').fetchall()

    def _copy(self, name: str, is_kept: bool, columns: Sequence[str] | None = None) -> None:
        if is_kept and self._copier:
            self._copier.add(name, columns)

    def begin(self) -> None:
        with self._lock:
            if not self._is_file:
                self._connection.execute("BEGIN TRANSACTION")
                return
            # a file is written by one processor: made in memory, a table is copied there while others are made,
            # and one that no other reads is made there at once
            self._building = self._connection.cursor()
            self._building.execute(f"ATTACH ':memory:' AS {_WORK}")
            self._building.execute(f"USE {_WORK}")
            first, second = (_Cursor(self._connection.cursor(), self._memory) for _ in range(2))
            self._copier = Copier((first, second), _WORK, _FILE)

    def begin_change(self) -> None:
        with self._lock:
            self._connection.execute("BEGIN TRANSACTION")

    def replace_rows(self, name: str, gone: Sequence[pa.Table], rows: pa.Table) -> None:
        with self._lock, _plainly(self._memory):
            try:
                for those in gone:
                    if len(those):
                        same = " AND ".join(f'held."{column}" = gone."{column}"' for column in those.column_names)
                        self._building.register("gone", those)
                        self._building.execute(f'DELETE FROM "{name}" AS held USING gone WHERE {same}')
                if len(rows):
                    self._building.register("incoming", rows)
                    self._building.execute(f'INSERT INTO "{name}" BY NAME SELECT * FROM incoming')
            except duckdb.Error as error:
                raise EngineError(f"cannot change table `{name}`: {error}") from error
            finally:
                for given in ("gone", "incoming"):
                    self._building.unregister(given)

    def commit(self) -> None:
        with self._lock:
            if self._copier:
                try:
                    self._copier.show()
                except duckdb.Error as error:
                    raise EngineError(f"cannot show the tables of the build: {error}") from error
                self._leave_work()
                with suppress(
                    duckdb.Error
                ):  # a question is being answered: the log is taken up when the file is closed
                    self._connection.execute(f"CHECKPOINT {_FILE}")
                return
            self._connection.execute("COMMIT")
            names = self._connection.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()
            for (name,) in names:
                self._connection.execute(f'DROP TABLE temp."{name}"')

    def roll_back(self) -> None:
        with self._lock:
            if self._copier:
                self._building.interrupt()  # what was interrupted by hand may still have workers
                self._copier.give_up()
                self._leave_work()
                return
            self._connection.execute("ROLLBACK")

    def _leave_work(self) -> None:
        self._copier = None
        self._building.execute(f"USE {_FILE}")
        self._building.execute(f"DETACH {_WORK}")
        self._building.close()
        self._building = self._connection

    def read(self, name: str) -> pa.Table:
        with self._lock, _plainly(self._memory):
            return self._building.execute(f'SELECT * FROM "{name}"').to_arrow_table()

    def is_empty(self, name: str) -> bool:
        with self._lock:
            return not self._building.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchall()

    def compile(self, expr: ibis.Table) -> str:
        # DuckDB folds nested selections itself; folding them while compiling costs a sixth of a question's time
        ibis.options.sql.fuse_selects = False
        return str(ibis.to_sql(expr, dialect="duckdb", pretty=False))

    def run(self, text: str, values: Mapping[str, object], tables: Mapping[str, pa.Table]) -> pa.Table:
        with self._lock:
            cursor = self._connection.cursor()
            if self._is_file:
                cursor.execute(f"USE {_FILE}")
        written: dict[str, str] = {}
        try:
            for name, table in tables.items():
                if is_short(table):
                    written[_named(name, table)] = _values(table)
                else:
                    cursor.register(name, table)
            with _plainly(self._memory):
                return cursor.execute(before(text, written), dict(values) or None).to_arrow_table()
        except duckdb.Error as error:
            raise EngineError(f"the question failed in the engine: {error}") from error
        finally:
            cursor.close()

    def fetch(self, expr: ibis.Table) -> pa.Table:
        return self.run(self.compile(expr), {}, {})

    def schemas(self) -> dict[str, dict[str, str]]:
        with self._lock:
            rows = self._connection.execute(
                "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns "
                "WHERE table_schema = 'main' AND table_catalog = current_database() "
                f"AND NOT starts_with(table_name, '{NEXT}') ORDER BY table_name, ordinal_position"
            ).fetchall()
        found: dict[str, dict[str, str]] = {}
        for table, column, kind, _ in rows:
            found.setdefault(table, {})[column] = _IBIS_TYPES.get(kind, kind.lower())
        return found

    def sizes(self) -> dict[str, int]:
        with self._lock:
            rows = self._connection.execute(
                "SELECT table_name, estimated_size FROM duckdb_tables() "
                "WHERE database_name = current_database() AND NOT temporary "
                f"AND NOT starts_with(table_name, '{NEXT}') ORDER BY table_name"
            ).fetchall()
        return {str(name): int(size) for name, size in rows}

    def close(self) -> None:
        with self._lock:
            self._connection.close()


class DuckDBFile:
    """Somebody's DuckDB file, read and never written; it reaches nothing outside itself."""

    def __init__(self, path: Path) -> None:
        """Opens the file.

        Raises:
            DataError: it cannot be read as a DuckDB database.
        """
        try:
            self._connection = duckdb.connect(
                str(path), read_only=True, config={"enable_external_access": False, "autoload_known_extensions": False}
            )
            self._connection.execute("SET enable_progress_bar = false")
            self._connection.execute("SET TimeZone = 'UTC'")
        except duckdb.Error as error:
            first_line = str(error).splitlines()[0]
            raise DataError(f"`{path.name}` cannot be read as a DuckDB database: {first_line}") from error

    def tables(self) -> tuple[tuple[str, str], ...]:
        """Schema and name of every stored table; views are left alone."""
        found = self._connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal ORDER BY schema_name, table_name"
        ).fetchall()
        return tuple((str(schema), str(name)) for schema, name in found)

    def size(self, schema: str, name: str) -> int:
        """How many rows a stored table has."""
        found = self._connection.execute(f"SELECT count(*) FROM {_stored(schema, name)}").fetchall()
        return int(found[0][0])

    def batches(self, schema: str, name: str, rows_n: int) -> Iterator[pa.Table]:
        """The rows of a stored table in their order; at least one batch, so that the columns are known."""
        cursor = self._connection.cursor()
        try:
            reader = cursor.execute(f"SELECT * FROM {_stored(schema, name)}").to_arrow_reader(rows_n)
            is_empty = True
            for batch in reader:
                is_empty = False
                yield pa.Table.from_batches([batch])
            if is_empty:
                yield reader.schema.empty_table()
        except duckdb.Error as error:
            raise DataError(f"table `{name}` cannot be read: {str(error).splitlines()[0]}") from error
        finally:
            cursor.close()

    def close(self) -> None:
        """Lets go of the file."""
        self._connection.close()


class _Cursor:
    """A connection for whoever writes beside the build."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, memory: str) -> None:
        self._connection, self._memory = connection, memory

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with _plainly(self._memory):
            return self._connection.execute(query).fetchall()

    def interrupt(self) -> None:
        self._connection.interrupt()

    def close(self) -> None:
        self._connection.close()


class _Parts:
    """Parts of a table as one stream: a table that is made at once is not copied from part to part."""

    def __init__(self, parts: Iterator[pa.Table]) -> None:
        self.error: BaseException | None = None  # of whoever makes the parts; the database would tell it as its own
        self._first, self._others = next(parts), parts
        self.reader = pa.RecordBatchReader.from_batches(self._first.schema, self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._first.to_batches()
            del self._first
            for part in self._others:
                yield from part.to_batches()
        except Exception as error:
            self.error = error
            raise


@contextmanager
def _plainly(memory: str) -> Iterator[None]:
    """An interruption by hand stays one; memory that is too little is told in one line with the way out."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise EngineError(f"{memory} of memory are too little for it; allow more with {MEMORY}") from error
    except RuntimeError as error:
        if str(error) != "Query interrupted":
            raise
        raise KeyboardInterrupt from error


def _named(name: str, table: pa.Table) -> str:
    columns = ", ".join(f'"{column}"' for column in table.column_names)
    return f'"{name}" ({columns})'


def _values(table: pa.Table) -> str:
    first, *others = lines(table)
    typed = [f"CAST({value} AS BIGINT)" for value in first]
    rows = [", ".join(row) for row in (typed, *others)]
    return f"VALUES {', '.join(f'({row})' for row in rows)}"


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _stored(schema: str, name: str) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in (schema, name))


_IBIS_TYPES = {
    "VARCHAR": "string",
    "BIGINT": "int64",
    "INTEGER": "int32",
    "SMALLINT": "int16",
    "TINYINT": "int8",
    "BOOLEAN": "boolean",
    "DOUBLE": "float64",
    "HUGEINT": "decimal(38,0)",
}
