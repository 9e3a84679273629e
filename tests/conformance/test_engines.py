"""Every engine says the same: the same facts, the same numbers, one desk on DuckDB and its lake on Spark."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import pytest

from deskmeter.base.config import DeskConfig, write_config
from deskmeter.base.errors import AskerError
from deskmeter.canon.schema import TABLES
from deskmeter.engines.duckdb import DuckDBEngine
from deskmeter.engines.spark import SparkEngine, what_is_missing
from deskmeter.facts.tables import is_arrived, is_kept, purpose
from deskmeter.on_lake import FACTS
from deskmeter.query.access import Access
from deskmeter.service import Desk, OnLake
from oracle.compare import PARTS, Question, arrow_tables, ask_product, cells_of, many_histories, reader, request_of
from oracle.draw import AS_OF
from oracle.questions import NEEDS, compared, plain_questions

HISTORIES, MANY_HISTORIES = 4, 60
WORKERS = "local-cluster[2,1,1024]"  # a driver and two worker processes of their own, as on a cluster
ALONE = "local[1]"  # a question of few rows costs Spark a tenth of the work without workers
PERIOD = ("2024-03-01", "2024-04-12")
ASKED = ("backlog", "first_reply_time", "mrr", "sla_attainment", "csat")

# What tiny data gains by: Spark plans for large tables, and most of its work here would be compiling for them.
SPARK_DEFAULTS = """
spark.driver.extraJavaOptions    -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
spark.executor.extraJavaOptions  -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
spark.default.parallelism        1
spark.sql.shuffle.partitions     2
spark.sql.adaptive.enabled       false
spark.sql.codegen.wholeStage     false
spark.sql.codegen.factoryMode    NO_CODEGEN
spark.sql.lightweightPlanChangeValidation  false
spark.sql.parquet.compression.codec        uncompressed
spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs  false
spark.shuffle.compress           false
spark.broadcast.compress         false
spark.locality.wait              0s
spark.cleaner.referenceTracking  false
spark.ui.liveUpdate.period       -1
spark.ui.retainedJobs            10
spark.ui.retainedStages          10
spark.ui.retainedTasks           100
spark.sql.ui.retainedExecutions  2
"""

# py4j, by which Python talks to Spark, leaves its sockets to the collector
pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore:unclosed:ResourceWarning"
)


@dataclass(frozen=True)
class Lake:
    """A desk, its lake with facts that workers built, and what both said to the same questions."""

    desk: Path
    lake: Path
    said: dict[str, object]
    said_by_lake: dict[str, object]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, is_long: bool) -> Iterator[Lake]:
    folder = tmp_path_factory.mktemp("spark")
    (folder / "spark-defaults.conf").write_text(SPARK_DEFAULTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_CONF_DIR", str(folder))
        missing = what_is_missing()
        if missing is not None:  # a Spark that is there and does not start fails
            pytest.skip(f"not run: {missing}")
        SparkEngine(folder / "nothing", ALONE).close()
        yield _built(folder, MANY_HISTORIES if is_long else HISTORIES)


def _built(folder: Path, histories_n: int) -> Lake:
    desk, lake = folder / "desk", folder / "lake"
    desk.mkdir()
    write_config(desk, DeskConfig(name="histories", as_of=AS_OF.replace(tzinfo=UTC)))
    with Desk.open(desk) as own:
        for seed in range(5000, 5000 + histories_n):
            histories = many_histories([seed])
            assert set(histories) == set(TABLES)
            own.import_tables(f"s{seed}", arrow_tables(histories))
        own.lake(lake)
        said = {id: _asked(own, id) for id in ASKED}
    with Desk.open(desk, on=OnLake(lake, WORKERS)) as on_workers:
        on_workers.build()
        return Lake(desk, lake, said, {id: _asked(on_workers, id) for id in ASKED})


def _asked(desk: Desk, id: str) -> object:
    return cells_of(desk.ask(request_of({"metric": id, "by": ("source",), "period": PERIOD, "grain": "week"})))


@dataclass(frozen=True)
class Pair:
    """The same facts in two engines."""

    reference: Access
    other: Access


@pytest.fixture(scope="module")
def pair(lake: Lake) -> Iterator[Pair]:
    mine, theirs = DuckDBEngine(lake.desk / "analytics.duckdb"), SparkEngine(lake.lake / FACTS, ALONE)
    yield Pair(reader(mine), reader(theirs))
    mine.close()
    theirs.close()


def test_a_lake_answers_as_its_desk_does(lake: Lake) -> None:
    assert lake.said_by_lake == lake.said
    assert all(lake.said[id] for id in ("backlog", "first_reply_time", "mrr"))


def test_facts_not_built_are_refused(lake: Lake, tmp_path: Path) -> None:
    with Desk.open(lake.desk) as desk:
        desk.lake(tmp_path / "lake")
    new = OnLake(tmp_path / "lake", ALONE)
    with Desk.open(lake.desk, on=new) as unbuilt, pytest.raises(AskerError, match="are not built yet"):
        _asked(unbuilt, "backlog")


def test_facts_that_are_moved_and_without_their_lake_answer_on_the_command_line(lake: Lake, tmp_path: Path) -> None:
    shutil.copytree(lake.lake / FACTS, tmp_path / "moved" / FACTS)
    shutil.copy(lake.lake / "lake.json", tmp_path / "moved")
    words = ["ask", "backlog", "--by", "source", "--desk", str(lake.desk), "--csv"]
    on_spark = ["--engine", "spark", "--master", ALONE, "--lake", "moved"]
    mine, theirs = (
        subprocess.run(
            [sys.executable, "-m", "deskmeter", *words, *more],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        for more in ([], on_spark)
    )
    assert (theirs.returncode, theirs.stdout, theirs.stderr) == (mine.returncode, mine.stdout, mine.stderr)
    assert mine.returncode == 0


def test_facts_are_the_same_row_for_row(pair: Pair) -> None:
    wrong = []
    # rows as they arrived are kept by an engine that can change its facts in part; elsewhere they stay where they lie
    made = {name for name in pair.reference.schemas if not is_arrived(name)}
    assert set(pair.other.schemas) == made
    for name in filter(is_kept, made):
        mine, theirs = pair.reference.engine.read(name), pair.other.engine.read(name)
        columns = list(purpose(name).columns or theirs.column_names)
        assert mine.column_names == columns, name
        sort = [tuple(repr(row[column]) for column in columns) for row in mine.to_pylist()]
        other = [tuple(repr(row[column]) for column in columns) for row in theirs.to_pylist()]
        if sorted(sort) != sorted(other):
            wrong.append(f"{name}: {len(set(sort) ^ set(other))} of {len(sort)} rows differ")
    assert not wrong


def _questions(pair: Pair, is_long: bool) -> Iterator[Question]:
    ids = compared(pair.reference)
    if is_long:
        yield from plain_questions(pair.reference, ids)
        return
    for id in ids:
        yield {"metric": id, "by": ("source", *NEEDS.get(id, ())[:1]), "period": PERIOD, "grain": "week"}


def test_every_metric_is_the_same(pair: Pair, is_long: bool) -> None:
    wrong = []
    for question in _questions(pair, is_long):
        mine, theirs = ask_product(pair.reference, question), ask_product(pair.other, question)
        for key in sorted(mine.keys() | theirs.keys(), key=str):
            left, right = mine.get(key), theirs.get(key)
            if left is None or right is None or not all(_same(left[part], right[part]) for part in PARTS):
                wrong.append(f"{question} {key}: {left} is not {right}")
    assert not wrong, "\n".join(wrong[:20])


def _same(left: object, right: object) -> bool:
    """Whole numbers and quantiles are equal; means of floating numbers within 1e-12 of their size."""
    if left is None or right is None:
        return left is right
    assert isinstance(left, int | float)
    assert isinstance(right, int | float)
    return left == right or abs(left - right) <= 1e-12 * max(1.0, abs(left), abs(right))
