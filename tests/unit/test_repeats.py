"""Within one question a text runs once for the same values and small tables; the next question runs it again."""

import pyarrow as pa

from deskmeter.engines.duckdb import DuckDBEngine
from deskmeter.query.repeats import Repeats

TEXT = 'SELECT count(*) + $more AS n, (SELECT sum(bucket) FROM bucket) AS buckets FROM "fact"'


def _buckets(*numbers: int) -> dict[str, pa.Table]:
    return {"bucket": pa.table({"bucket": pa.array(numbers, pa.int64())})}


def _given(repeats: Repeats, engine: DuckDBEngine, more: int, *buckets: int) -> tuple[int, int]:
    (row,) = repeats.run(engine, TEXT, {"more": more}, _buckets(*buckets)).to_pylist()
    return row["n"], row["buckets"]


def test_the_same_text_runs_once_in_a_question_and_others_run() -> None:
    engine, repeats = DuckDBEngine(), Repeats()
    engine.load("fact", pa.table({"id": [1, 2]}))
    assert _given(repeats, engine, 0, 1, 2) == (2, 3)
    engine.load("fact", pa.table({"id": [1, 2, 3]}))
    assert _given(repeats, engine, 0, 1, 2) == (2, 3)  # what this question has been told
    assert _given(repeats, engine, 10, 1, 2) == (13, 3)
    assert _given(repeats, engine, 0, 1, 3) == (3, 4)
    assert _given(Repeats(), engine, 0, 1, 2) == (3, 3)
    engine.close()
