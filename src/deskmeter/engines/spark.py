"""The engine for what outgrows one machine: Spark, local, in worker processes, or a cluster."""

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from deskmeter.base.errors import DataError, EngineError
from deskmeter.base.extras import extra

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

JAVA = 17
_INSTALL = "pip install 'deskmeter[spark]'"
_MANIFEST = "tables.json"
_PLACEHOLDER = re.compile(r"\$([is]\d+(?:_\d+)?)\b")
_SPARK_TYPES = {
    "int8": "TINYINT", "int16": "SMALLINT", "int32": "INT", "int64": "BIGINT", "float64": "DOUBLE", "boolean": "BOOLEAN",
    "string": "STRING",
}  # fmt: skip


class SparkEngine:
    """Spark behind the engine protocol; the only file that imports it.

    Tables are Parquet in `folder`, which the driver and all workers must see under one path. A build writes into a
    folder of its own, and a manifest that is replaced at once says which tables are to be read: a build that dies
    leaves the one before it.
    """

    name = "spark"

    def __init__(self, folder: Path, master: str = "local[2]", settings: Mapping[str, str] | None = None) -> None:
        """`master`: as Spark names it, such as `local[2]`, `local-cluster[2,1,2048]` or `spark://host:7077`.

        Raises:
            EngineError: no Java of at least 17.
            AskerError: PySpark is not installed; the message says the install line.
        """
        _refuse_without_java()
        self._folder = folder
        self._lock = threading.RLock()
        self._build: Path | None = None
        self._made: dict[str, dict[str, str]] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self._spark = _session(master, settings or {})
        self._spark.sparkContext.setLogLevel("ERROR")
        ibis.pyspark.connect(self._spark)  # the compiler asks for settings that only a connection brings
        self._known = self._read_manifest()
        for name, known in self._known.items():
            self._show(name, Path(known["path"]))

    def load(self, name: str, table: pa.Table, is_kept: bool = True) -> None:
        with self._lock:
            path = self._place(name)
            path.mkdir(parents=True)
            pq.write_table(table, path / "part-0.parquet")
            self._keep(name, path, ibis.Schema.from_pyarrow(table.schema), is_kept)

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
                frame = self._spark.read.parquet(str(folder))
            else:
                kinds = {"timestamp": "TIMESTAMP", "date": "DATE", **_SPARK_TYPES}
                empty = ", ".join(f"`{column}` {kinds[kind].upper()}" for column, kind in columns.items())
                frame = self._spark.createDataFrame([], schema=empty)
            frame.selectExpr(*chosen).createOrReplaceTempView(name)
            self._made[name] = {"path": "", "columns": "{}", "is_kept": "no"}

    def prepare(self, expr: ibis.Table) -> str:
        columns = ", ".join(
            f"CAST(`{column}` AS {_SPARK_TYPES[str(kind)]}) AS `{column}`"
            if str(kind) in _SPARK_TYPES
            else f"`{column}`"
            for column, kind in ((column, kind.copy(nullable=True)) for column, kind in expr.schema().items())
        )
        return f"SELECT {columns} FROM ({self.compile(expr)})"

    def create(self, name: str, text: str, is_kept: bool = True) -> None:
        with self._lock:
            path = self._place(name)
            try:
                frame = self._spark.sql(text)
                frame.write.parquet(str(path))
            except Exception as error:  # Spark raises trees of its own and of the JVM
                raise EngineError(f"cannot build table `{name}`: {_first_line(error)}") from error
            self._keep(name, path, _schema(frame), is_kept)

    def begin(self) -> None:
        with self._lock:
            taken = {int(path.name.split("-")[1]) for path in self._folder.glob("build-*")}
            self._build = self._folder / f"build-{max(taken, default=0) + 1}"
            self._made = {}

    def commit(self) -> None:
        with self._lock:
            kept = {name: known for name, known in self._made.items() if known["is_kept"] == "yes"}
            for name, known in self._made.items():
                if name not in kept:
                    self._spark.catalog.dropTempView(name)
                    if known["path"]:  # what is only attached is not ours to remove
                        shutil.rmtree(known["path"])
            before = {Path(known["path"]).parent for known in self._known.values()}
            self._known = kept
            self._write_manifest()
            for path in before - {self._build}:
                shutil.rmtree(path, ignore_errors=True)
            self._build = None

    def roll_back(self) -> None:
        with self._lock:
            if self._build is not None:
                shutil.rmtree(self._build, ignore_errors=True)
            self._build = None
            for name, known in self._known.items():
                self._show(name, Path(known["path"]))

    def read(self, name: str) -> pa.Table:
        with self._lock:
            return _plain(self._spark.table(name).toArrow())

    def is_empty(self, name: str) -> bool:
        with self._lock:
            return not self._spark.table(name).take(1)

    def compile(self, expr: ibis.Table) -> str:
        return str(ibis.to_sql(expr, dialect="pyspark", pretty=False))

    def run(self, text: str, values: Mapping[str, object], tables: Mapping[str, pa.Table]) -> pa.Table:
        with self._lock:
            try:
                for name, table in tables.items():
                    self._spark.createDataFrame(table).createOrReplaceTempView(name)
                return _plain(self._spark.sql(_PLACEHOLDER.sub(r":\1", text), args=dict(values)).toArrow())
            except Exception as error:
                raise EngineError(f"the question failed in the engine: {_first_line(error)}") from error

    def fetch(self, expr: ibis.Table) -> pa.Table:
        return self.run(self.compile(expr), {}, {})

    def schemas(self) -> dict[str, dict[str, str]]:
        with self._lock:
            known = self._known if self._build is None else self._known | self._made
            return {name: json.loads(one["columns"]) for name, one in sorted(known.items())}

    def sizes(self) -> dict[str, int]:
        with self._lock:
            return {name: int(self._spark.table(name).count()) for name in sorted(self._known)}

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

    def _keep(self, name: str, path: Path, schema: ibis.Schema, is_kept: bool) -> None:
        columns = json.dumps({column: str(kind.copy(nullable=True)) for column, kind in schema.items()})
        self._made[name] = {"path": str(path), "columns": columns, "is_kept": "yes" if is_kept else "no"}
        self._show(name, path)

    def _show(self, name: str, path: Path) -> None:
        self._spark.read.parquet(str(path)).createOrReplaceTempView(name)

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


def _session(master: str, settings: Mapping[str, str]) -> "SparkSession":
    sql = extra("pyspark.sql", "the engine `spark`", _INSTALL)
    plain = {
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "8",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.parquet.compression.codec": "zstd",
        # a source called 007 stays a text
        "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        # one build has long plans; their text is of no use to anybody
        "spark.sql.maxPlanStringLength": "2000",
    }
    if not master.startswith("local"):
        # a cluster must reach the driver: let Spark find its own address
        del plain["spark.driver.bindAddress"], plain["spark.driver.host"]
    builder = sql.SparkSession.builder.master(master).appName("deskmeter")
    for key, value in {**plain, **settings}.items():
        builder = builder.config(key, value)
    session: SparkSession = builder.getOrCreate()
    return session


def _refuse_without_java() -> None:
    """EngineError unless a Java that Spark can run on is there."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    missing = f"Spark needs Java {JAVA} or later; install it (Debian: apt-get install openjdk-17-jre-headless)"
    if java is None or not Path(java).exists():
        raise EngineError(missing)
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < JAVA:
        raise EngineError(f"{missing}; found: {said.splitlines()[0] if said else 'nothing that runs'}")


def _schema(frame: "DataFrame") -> ibis.Schema:
    names = {"bigint": "int64", "int": "int32", "smallint": "int16", "tinyint": "int8", "double": "float64"}
    return ibis.schema({column: names.get(kind, kind) for column, kind in frame.dtypes})


def _plain(table: pa.Table) -> pa.Table:
    """`table` without dictionary or large types, so that all engines hand out the same ones."""
    plain = {pa.large_string(): pa.string(), pa.string_view(): pa.string()}
    fields = [field.with_type(plain.get(field.type, field.type)) for field in table.schema]
    return table.cast(pa.schema(fields))


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
