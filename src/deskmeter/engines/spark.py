"""The engine for what outgrows one machine: Spark, local, in worker processes, or a cluster."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from deskmeter.base.errors import AskerError, DataError, EngineError
from deskmeter.base.extras import extra
from deskmeter.base.pandas_absent import pandas_present
from deskmeter.engines.protocol import QUESTIONS, Purpose
from deskmeter.engines.written import before, is_short, lines

if TYPE_CHECKING:
    from py4j.java_gateway import JavaGateway
    from pyspark.sql import SparkSession

JAVA = 17
_INSTALL = "pip install 'deskmeter[spark]'"
_MANIFEST = "tables.json"
_PLACEHOLDER = re.compile(r"\$([is]\d+(?:_\d+)?)\b")
_SPARK_TYPES = {
    "int8": "TINYINT", "int16": "SMALLINT", "int32": "INT", "int64": "BIGINT", "float64": "DOUBLE", "boolean": "BOOLEAN",
    "string": "STRING",
}  # fmt: skip
_OF_SPARK = {kind.lower(): name for name, kind in _SPARK_TYPES.items()}


class SparkEngine:
    """Spark behind the engine protocol; the only file that imports it.

    Tables are Parquet in `folder`, which the driver and all workers must see under one path. A build writes into a
    folder of its own, and a manifest that is replaced at once says which tables are to be read: a build that dies
    leaves the one before it.
    """

    name = "spark"

    def __init__(self, folder: Path, master: str = "local[2]") -> None:
        """`master`: as Spark names it, such as `local[2]`, `local-cluster[2,1,2048]` or `spark://host:7077`.

        All else that Spark can be told stands where it always does: in the spark-defaults.conf of SPARK_CONF_DIR.

        Raises:
            EngineError: no Java of at least 17, or Spark does not start.
            AskerError: PySpark is not installed; the message says the install line.
        """
        missing = _missing_java()
        if missing is not None:
            raise EngineError(missing)
        self._folder = folder.resolve()  # workers have working folders of their own
        self._lock = threading.RLock()
        self._build: Path | None = None
        self._made: dict[str, dict[str, str]] = {}
        self._attached: dict[str, Path] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self._spark = _session(master)
        with pandas_present():
            ibis.pyspark.connect(self._spark)  # the compiler asks for settings that only a connection brings
        self._known = self._read_manifest()
        self._hidden = dict(self._known)  # a question reads few tables, and each costs Spark a while to be told of

    def load(self, name: str, rows: pa.Table | Iterable[pa.Table], is_kept: bool = True) -> None:
        with self._lock:
            path = self._place(name)
            path.mkdir(parents=True)
            for number, part in enumerate([rows] if isinstance(rows, pa.Table) else rows):
                pq.write_table(part, path / f"part-{number}.parquet")
                schema = part.schema
            self._keep(name, path, {column: str(kind) for column, kind in _kinds(schema)}, is_kept)

    def attach(self, name: str, folder: Path, columns: Mapping[str, str]) -> None:
        """Shows the Parquet files below `folder` as table `name`: instants as microseconds, dates as days since 1970.

        columns: name -> string, int64, float64, boolean, timestamp or date; a table without files is empty.
        """
        reads = {
            "timestamp": "unix_micros(CAST(`{}` AS TIMESTAMP))", "date": "CAST(unix_date(`{}`) AS BIGINT)",
            "string": "CAST(`{}` AS STRING)", "int64": "CAST(`{}` AS BIGINT)", "float64": "CAST(`{}` AS DOUBLE)",
            "boolean": "CAST(`{}` AS BOOLEAN)",
        }  # fmt: skip
        chosen = [f"{reads[kind].format(column)} AS `{column}`" for column, kind in columns.items()]
        with self._lock:
            if folder.exists():
                frame = self._spark.read.parquet(_local(folder))
            else:
                kinds = {"timestamp": "TIMESTAMP", "date": "DATE", **_SPARK_TYPES}
                empty = ", ".join(f"`{column}` {kinds[kind].upper()}" for column, kind in columns.items())
                frame = self._spark.createDataFrame([], schema=empty)
            frame.selectExpr(*chosen).createOrReplaceTempView(name)
            self._attached[name] = folder

    def prepare(self, expr: ibis.Table) -> str:
        columns = ", ".join(
            f"CAST(`{column}` AS {_SPARK_TYPES[str(kind)]}) AS `{column}`"
            if str(kind) in _SPARK_TYPES
            else f"`{column}`"
            for column, kind in ((column, kind.copy(nullable=True)) for column, kind in expr.schema().items())
        )
        return f"SELECT {columns} FROM ({self.compile(expr)})"

    def create(self, name: str, text: str, purpose: Purpose = QUESTIONS) -> None:
        with self._lock:
            path = self._place(name)
            try:
                self._show_read(text)
                frame = self._spark.sql(text)
                frame.write.parquet(_local(path))
            except Exception as error:  # Spark raises trees of its own and of the JVM
                raise EngineError(f"cannot build table `{name}`: {_first_line(error)}") from error
            self._keep(
                name, path, {column: _OF_SPARK.get(kind, kind) for column, kind in frame.dtypes}, purpose.is_kept
            )

    def begin(self) -> None:
        with self._lock:
            taken = {int(path.name.split("-")[1]) for path in self._folder.glob("build-*")}
            self._build = self._folder / f"build-{max(taken, default=0) + 1}"
            self._made, self._attached = {}, {}

    def commit(self) -> None:
        with self._lock:
            assert self._build is not None
            kept = {name: known for name, known in self._made.items() if known["is_kept"] == "yes"}
            for name, known in self._made.items():
                if name not in kept:
                    self._spark.catalog.dropTempView(name)
                    shutil.rmtree(self._folder / known["path"])
            for name in self._attached:  # what is only attached is not ours to remove
                self._spark.catalog.dropTempView(name)
            self._known, self._made, self._attached = kept, {}, {}
            self._write_manifest()
            for path in self._folder.glob("build-*"):  # also what builds left that died
                if path != self._build:
                    shutil.rmtree(path, ignore_errors=True)
            self._build = None

    def roll_back(self) -> None:
        with self._lock:
            if self._build is not None:
                shutil.rmtree(self._build, ignore_errors=True)
            self._build = None
            self._made, self._attached = {}, {}
            self._hidden = dict(self._known)

    def read(self, name: str) -> pa.Table:
        with self._lock:
            if name in self._attached:
                return _plain(self._spark.table(name).toArrow())
            # the driver sees the files: a job of Spark would cost a second
            return pq.read_table(self._files(name))

    def is_empty(self, name: str) -> bool:
        with self._lock:
            return not any(_rows(self._files(name)))

    def compile(self, expr: ibis.Table) -> str:
        return str(ibis.to_sql(expr, dialect="pyspark", pretty=False))

    def run(self, text: str, values: Mapping[str, object], tables: Mapping[str, pa.Table]) -> pa.Table:
        text = _PLACEHOLDER.sub(r":\1", text)
        written = {f"`{name}`": _values(table) for name, table in tables.items() if is_short(table)}
        with self._lock:
            try:
                for name, table in tables.items():
                    if not is_short(table):
                        self._spark.createDataFrame(table).createOrReplaceTempView(name)
                self._show_read(text)
                return _plain(self._spark.sql(before(text, written), args=dict(values)).toArrow())
            except Exception as error:
                raise EngineError(f"the question failed in the engine: {_first_line(error)}") from error

    def fetch(self, expr: ibis.Table) -> pa.Table:
        return self.run(self.compile(expr), {}, {})

    def schemas(self) -> dict[str, dict[str, str]]:
        with self._lock:
            tables = sorted((self._known | self._made).items())
            return {name: json.loads(known["columns"]) for name, known in tables}

    def sizes(self) -> dict[str, int]:
        with self._lock:
            return {name: sum(_rows(self._files(name))) for name in sorted(self._known)}

    def close(self) -> None:
        with self._lock:
            self._spark.stop()

    def _place(self, name: str) -> Path:
        """Where the table goes: into the running build, else into a build of its own."""
        if self._build is None:
            self.begin()
        assert self._build is not None
        path = self._build / name
        number = 1
        while path.exists():  # a table that is made anew may still be read while it is
            number += 1
            path = self._build / f"{name}.{number}"
        return path

    def _keep(self, name: str, path: Path, columns: Mapping[str, str], is_kept: bool) -> None:
        known = {
            "path": str(path.relative_to(self._folder)),
            "columns": json.dumps(columns),
            "is_kept": "yes" if is_kept else "no",
        }
        self._made[name] = known
        self._hidden.pop(name, None)
        self._show(name, known)

    def _show(self, name: str, known: Mapping[str, str]) -> None:
        columns = json.loads(known["columns"]).items()
        # told, not asked: Spark would run a job over the files of each table to learn its columns
        schema = ", ".join(f"`{column}` {_SPARK_TYPES[kind]}" for column, kind in columns)
        files = _local(self._folder / known["path"])
        self._spark.read.schema(schema).parquet(files).createOrReplaceTempView(name)

    def _show_read(self, text: str) -> None:
        for name in [name for name in self._hidden if f"`{name}`" in text]:
            self._show(name, self._hidden.pop(name))

    def _files(self, name: str) -> Path:
        return self._attached.get(name) or self._folder / (self._made.get(name) or self._known[name])["path"]

    def _read_manifest(self) -> dict[str, dict[str, str]]:
        path = self._folder / _MANIFEST
        if not path.exists():
            return {}
        try:
            return dict(json.loads(path.read_text(encoding="utf-8")))
        except ValueError as error:
            raise DataError(
                f"`{path}` is damaged; build the facts anew with `deskmeter build --engine spark`"
            ) from error

    def _write_manifest(self) -> None:
        part = self._folder / f"{_MANIFEST}.part"
        with part.open("w", encoding="utf-8") as file:
            json.dump(self._known, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._folder / _MANIFEST)


def _session(master: str) -> "SparkSession":
    """A session with what the answers depend on; the rest is as spark-defaults.conf has it."""
    pyspark = extra("pyspark", "the engine `spark`", _INSTALL)
    sql = extra("pyspark.sql", "the engine `spark`", _INSTALL)
    needed = {
        "spark.master": master,
        "spark.app.name": "deskmeter",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        # a source called 007 stays a text
        "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
        # its own bar would be drawn in the middle of ours
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }
    usual = {
        "spark.ui.enabled": "false",
        "spark.sql.parquet.compression.codec": "zstd",
        # one build has long plans; their text is of no use to anybody
        "spark.sql.maxPlanStringLength": "2000",
        "spark.sql.ui.explainMode": "simple",
    }
    if master.startswith("local"):  # a cluster must reach the driver, and has more places for the parts of a table
        usual |= {
            "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1",
            "spark.sql.shuffle.partitions": "8",
        }  # fmt: skip
    gateway = _gateway()
    conf = pyspark.SparkConf(_jvm=gateway.jvm)
    for key, value in usual.items():
        conf.setIfMissing(key, value)
    conf.setAll(list(needed.items()))
    try:
        session: SparkSession = sql.SparkSession(pyspark.SparkContext(gateway=gateway, conf=conf))
    except Exception as error:  # what the JVM says, in a tree of its own
        raise EngineError(f"Spark does not start on `{master}`: {_first_line(error)}") from error
    return session


@cache
def _gateway() -> "JavaGateway":
    """The one JVM of this process, which outlives its sessions; what it says to the terminal is kept from it."""
    pyspark = extra("pyspark", "the engine `spark`", _INSTALL)
    with tempfile.TemporaryFile() as said:
        try:
            return pyspark.java_gateway.launch_gateway(popen_kwargs={"stderr": said})
        except Exception as error:
            said.seek(0)
            lines = said.read().decode(errors="replace").strip().splitlines()
            raise EngineError(f"Java does not start: {lines[0] if lines else _first_line(error)}") from error


def what_is_missing() -> str | None:
    """The line that says what to install for Spark; None where Java and PySpark are there."""
    try:
        extra("pyspark", "the engine `spark`", _INSTALL)
    except AskerError as error:
        return str(error)
    return _missing_java()


def _missing_java() -> str | None:
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    missing = f"Spark needs Java {JAVA} or later; install it (Debian: apt-get install openjdk-17-jre-headless)"
    if java is None or not Path(java).exists():
        return missing
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < JAVA:
        return f"{missing}; found: {said.splitlines()[0] if said else 'nothing that runs'}"
    return None


def _kinds(schema: pa.Schema) -> Iterator[tuple[str, ibis.DataType]]:
    for column, kind in ibis.Schema.from_pyarrow(schema).items():
        yield column, kind.copy(nullable=True)


def _local(path: Path) -> str:
    """`path` as Spark names it, whatever file system is a cluster's own."""
    return f"file://{path.resolve()}"


def _rows(folder: Path) -> Iterator[int]:
    """How many rows each file below `folder` has, by what it says of itself."""
    return (int(pq.read_metadata(file).num_rows) for file in folder.rglob("*.parquet"))


def _values(table: pa.Table) -> str:
    rows = [", ".join(row) for row in lines(table)]
    columns = ", ".join(f"CAST(col{number} AS BIGINT) AS `{name}`" for number, name in enumerate(table.column_names, 1))
    return f"SELECT {columns} FROM VALUES {', '.join(f'({row})' for row in rows)}"


def _plain(table: pa.Table) -> pa.Table:
    """`table` without dictionary or large types, so that all engines hand out the same ones."""
    plain = {pa.large_string(): pa.string(), pa.string_view(): pa.string()}
    fields = [field.with_type(plain.get(field.type, field.type)) for field in table.schema]
    return table.cast(pa.schema(fields))


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
