"""Every engine says the same: the same expressions, the same facts, the same numbers (a new engine joins ENGINES)."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import pytest

from deskmeter.base.config import DeskConfig, write_config
from deskmeter.base.errors import AskerError, EngineError
from deskmeter.base.time import to_micros
from deskmeter.canon.schema import TABLES
from deskmeter.engines.spark import SparkEngine
from deskmeter.facts.build import build, load_canonical
from deskmeter.facts.tables import BuildSettings
from deskmeter.query.access import Access
from deskmeter.service import Desk, OnLake
from oracle.compare import (
    PARTS,
    Question,
    arrow_tables,
    ask_product,
    cells_of,
    many_histories,
    product_of,
    reader,
    request_of,
)
from oracle.draw import AS_OF
from oracle.questions import NEEDS, compared, plain_questions

HISTORIES, MANY_HISTORIES = 4, 60
WORKERS = "local-cluster[2,1,1024]"  # a driver and two worker processes of their own, as on a cluster
PERIOD = ("2024-03-01", "2024-04-12")

# py4j, by which Python talks to Spark, leaves its sockets to the collector
pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore:unclosed:ResourceWarning"
)


@dataclass
class Pair:
    """The same histories in two engines."""

    reference: Access
    other: Access


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkEngine]:
    try:
        engine = SparkEngine(tmp_path_factory.mktemp("spark") / "facts", WORKERS)
    except (AskerError, EngineError) as missing:
        pytest.skip(f"not run: {missing}")
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def pair(spark: SparkEngine, is_long: bool) -> Iterator[Pair]:
    tables = arrow_tables(many_histories(range(5000, 5000 + (MANY_HISTORIES if is_long else HISTORIES))))
    reference = product_of(tables)
    spark.begin()
    load_canonical(spark, tables)
    build(spark, BuildSettings(to_micros(AS_OF.replace(tzinfo=UTC))))
    spark.commit()
    yield Pair(reference, reader(spark))
    reference.engine.close()


def test_facts_are_the_same_row_for_row(pair: Pair) -> None:
    wrong = []
    assert set(pair.other.schemas) == set(pair.reference.schemas)
    for name in pair.reference.schemas:
        mine, theirs = pair.reference.engine.read(name), pair.other.engine.read(name)
        columns = mine.column_names
        assert theirs.column_names == columns, name
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


def test_a_lake_answers_as_its_desk_does(spark: SparkEngine, tmp_path: Path) -> None:
    spark.close()  # one Spark a process: the desk on a lake starts its own
    (tmp_path / "desk").mkdir()
    write_config(tmp_path / "desk", DeskConfig(name="histories", as_of=AS_OF.replace(tzinfo=UTC)))
    histories = many_histories([5100])
    assert set(histories) == set(TABLES)
    on = OnLake(tmp_path / "lake", WORKERS)
    with Desk.open(tmp_path / "desk") as desk:
        desk.import_tables("s5100", arrow_tables(histories))
        desk.lake(on.lake)
        asked = [_asked(desk, id) for id in ("backlog", "first_reply_time", "mrr")]
    with Desk.open(tmp_path / "desk", on=on) as unbuilt, pytest.raises(AskerError, match="are not built yet"):
        _asked(unbuilt, "backlog")
    with Desk.open(tmp_path / "desk", on=on) as built:
        built.build()
        assert [_asked(built, id) for id in ("backlog", "first_reply_time", "mrr")] == asked
    shutil.rmtree(on.lake / "canonical")  # the facts stand on their own
    with Desk.open(tmp_path / "desk", on=on) as again:
        assert _asked(again, "backlog") == asked[0]


def _asked(desk: Desk, id: str) -> object:
    return cells_of(desk.ask(request_of({"metric": id, "by": ("source",), "period": PERIOD, "grain": "week"})))
