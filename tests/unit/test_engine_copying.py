"""A build of a file is made in memory and copied meanwhile: readers see the old tables or all of the new ones."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from deskmeter.base.errors import AskerError, EngineError
from deskmeter.engines.duckdb import DuckDBEngine
from deskmeter.engines.protocol import Purpose


def _numbers(*values: int) -> pa.Table:
    return pa.table({"n": pa.array(values, pa.int64())})


def _seen(engine: DuckDBEngine, name: str) -> list[int]:
    return sorted(engine.run(f'SELECT n FROM "{name}"', {}, {})["n"].to_pylist())


def _built(engine: DuckDBEngine, *values: int) -> None:
    engine.begin()
    engine.load("raw", _numbers(*values), is_kept=False)
    engine.create("f_twice", 'SELECT n * 2 AS n FROM "raw"')
    engine.commit()


def test_readers_see_nothing_of_a_build_before_it_is_whole(tmp_path: Path) -> None:
    engine = DuckDBEngine(tmp_path / "facts.duckdb")
    _built(engine, 1, 2)
    engine.begin()
    engine.load("raw", _numbers(5), is_kept=False)
    engine.create("f_twice", 'SELECT n * 2 AS n FROM "raw"')
    engine.load("f_new", _numbers(7))
    assert _seen(engine, "f_twice") == [2, 4]
    with pytest.raises(EngineError):
        _seen(engine, "f_new")
    engine.commit()
    assert (_seen(engine, "f_twice"), _seen(engine, "f_new")) == ([10], [7])
    assert engine.schemas() == {"f_new": {"n": "int64"}, "f_twice": {"n": "int64"}}
    assert engine.sizes() == {"f_new": 1, "f_twice": 1}
    engine.close()
    again = DuckDBEngine(tmp_path / "facts.duckdb")
    assert _seen(again, "f_twice") == [10]
    again.close()


def test_a_table_that_is_made_anew_in_one_build_is_kept_as_it_was_last(tmp_path: Path) -> None:
    engine = DuckDBEngine(tmp_path / "facts.duckdb")
    engine.begin()
    for last in range(20):
        engine.load("f_last", _numbers(last))
        assert engine.read("f_last")["n"].to_pylist() == [last]
    engine.commit()
    assert _seen(engine, "f_last") == [19]
    engine.close()


def test_a_build_taken_back_leaves_what_was_there(tmp_path: Path) -> None:
    engine = DuckDBEngine(tmp_path / "facts.duckdb")
    _built(engine, 1)
    for _ in range(3):
        engine.begin()
        engine.load("f_twice", _numbers(*range(300_000)))
        engine.load("f_new", _numbers(7))
        engine.roll_back()
        assert engine.sizes() == {"f_twice": 1}
    _built(engine, 4)
    assert _seen(engine, "f_twice") == [8]
    engine.close()


def test_an_expression_that_fails_is_told_and_the_build_can_be_taken_back(tmp_path: Path) -> None:
    engine = DuckDBEngine(tmp_path / "facts.duckdb")
    _built(engine, 1)
    engine.begin()
    with pytest.raises(EngineError, match="cannot build table `f_twice`"):
        engine.create("f_twice", "SELECT CAST('x' AS BIGINT) AS n")
    engine.roll_back()
    assert _seen(engine, "f_twice") == [2]
    engine.close()


def test_a_table_for_questions_alone_is_made_in_the_file_and_its_error_names_it(tmp_path: Path) -> None:
    engine = DuckDBEngine(tmp_path / "facts.duckdb")
    alone = Purpose(is_read=False)
    engine.begin()
    engine.load("raw", _numbers(1, 2), is_kept=False)
    engine.create("f_wide", 'SELECT n, n + 1 AS more FROM "raw"', Purpose(columns=("n",)))
    engine.create("f_twice", 'SELECT n * 2 AS n FROM "raw"', alone)
    engine.commit()
    assert engine.schemas() == {"f_twice": {"n": "int64"}, "f_wide": {"n": "int64"}}
    assert _seen(engine, "f_twice") == [2, 4]
    engine.begin()
    engine.load("raw", _numbers(5), is_kept=False)
    engine.create("f_twice", 'SELECT n * 2 AS n FROM "raw"', alone)
    engine.create("f_wrong", "SELECT CAST('x' AS BIGINT) AS n", alone)
    with pytest.raises(EngineError, match="cannot build table `f_wrong`"):
        engine.commit()
    engine.roll_back()
    assert _seen(engine, "f_twice") == [2, 4]
    assert sorted(engine.schemas()) == ["f_twice", "f_wide"]
    engine.close()


def test_rows_in_parts_are_one_table(tmp_path: Path) -> None:
    engine = DuckDBEngine(tmp_path / "facts.duckdb")
    engine.begin()
    engine.load("raw", (_numbers(*range(first, first + 3)) for first in (0, 3, 6)), is_kept=False)
    engine.load("f_kept", iter([_numbers(7), _numbers(), _numbers(8, 9)]))
    engine.create("f_all", 'SELECT n FROM "raw"')
    engine.commit()
    assert (_seen(engine, "f_all"), _seen(engine, "f_kept")) == (list(range(9)), [7, 8, 9])
    engine.close()


def test_a_build_larger_than_its_memory_goes_on_on_disk_and_leaves_nothing_there(tmp_path: Path) -> None:
    engine = DuckDBEngine(tmp_path / "facts.duckdb", memory="60MB")
    engine.begin()
    part = pa.table({"n": np.random.default_rng(7).integers(2**62, size=200_000)})
    for table in range(12):
        engine.load(f"f_{table}", [part] * 7)
    assert (tmp_path / "facts.duckdb.tmp").is_dir()
    engine.commit()
    assert set(engine.sizes().values()) == {1_400_000}
    engine.close()
    assert [path.name for path in tmp_path.iterdir()] == ["facts.duckdb"]


def test_a_size_of_memory_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESKMETER_MEMORY", "much")
    with pytest.raises(AskerError, match="DESKMETER_MEMORY is `much`, which is no size; write it like 4GB"):
        DuckDBEngine()
    monkeypatch.setenv("DESKMETER_MEMORY", "500MB")
    DuckDBEngine().close()


def _created(engine: DuckDBEngine, text: str, purpose: Purpose) -> None:
    engine.create("f_large", text, purpose)
    engine.commit()


def test_memory_that_is_too_little_is_told_in_one_line_with_the_way_out(tmp_path: Path) -> None:
    engine = DuckDBEngine(tmp_path / "facts.duckdb", memory="30MB")
    large = "SELECT list(repeat('x', 100) || range) AS n FROM range(3000000)"
    for purpose in (Purpose(), Purpose(is_read=False)):
        engine.begin()
        with pytest.raises(EngineError) as told:
            _created(engine, large, purpose)
        said = (
            "cannot build table `f_large`: 28.6 MiB of memory are too little for it; allow more with DESKMETER_MEMORY"
        )
        assert str(told.value) == said
        engine.roll_back()
    engine.close()


_INTERRUPTED = """
import os, signal, sys, threading
from pathlib import Path
from deskmeter.engines.duckdb import DuckDBEngine
from deskmeter.engines.protocol import Purpose
signal.signal(signal.SIGINT, signal.default_int_handler)
engine = DuckDBEngine(Path(sys.argv[1]))
engine.begin()
threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    for name in ("f_a", "f_b"):
        text = "SELECT sum(a.range * b.range) AS n FROM range(100000000) a, range(10000) b"
        engine.create(name, text, Purpose(is_read=sys.argv[2] == "read"))
    engine.commit()
except KeyboardInterrupt:
    engine.roll_back()
    engine.close()
    print("interrupted")
"""


@pytest.mark.parametrize("purpose", ["read", "alone"])
def test_a_build_interrupted_by_hand_ends_at_once_and_leaves_what_was_there(tmp_path: Path, purpose: str) -> None:
    path = tmp_path / "facts.duckdb"
    engine = DuckDBEngine(path)
    _built(engine, 1)
    engine.close()
    words = [sys.executable, "-c", _INTERRUPTED, str(path), purpose]
    ended = subprocess.run(words, check=False, capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "interrupted\n", "")
    engine = DuckDBEngine(path)
    assert (engine.schemas(), _seen(engine, "f_twice")) == ({"f_twice": {"n": "int64"}}, [2])
    engine.close()


_DIES = """
import os, sys, time
from pathlib import Path
import pyarrow as pa
from deskmeter.engines.duckdb import DuckDBEngine
engine = DuckDBEngine(Path(sys.argv[1]))
engine.begin()
for number in range(40):
    engine.load(f"f_{number}", pa.table({"n": pa.array(range(20_000), pa.int64())}))
    if number == int(sys.argv[2]):
        time.sleep(float(sys.argv[3]))
        os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize(("after", "wait_s"), [(0, 0.0), (12, 0.0), (39, 0.0), (39, 0.3)])
def test_a_build_that_is_killed_leaves_what_was_there(tmp_path: Path, after: int, wait_s: float) -> None:
    path = tmp_path / "facts.duckdb"
    engine = DuckDBEngine(path)
    _built(engine, 1)
    engine.close()
    died = subprocess.run([sys.executable, "-c", _DIES, str(path), str(after), str(wait_s)], check=False)
    assert died.returncode == -9
    engine = DuckDBEngine(path)
    assert engine.schemas() == {"f_twice": {"n": "int64"}}
    _built(engine, 3)
    assert _seen(engine, "f_twice") == [6]
    assert engine.sizes() == {"f_twice": 1}
    left = engine.run("SELECT count(*) AS n FROM duckdb_tables() WHERE starts_with(table_name, 'next ')", {}, {})
    assert left["n"].to_pylist() == [0]
    engine.close()


class DiskGoneError(Exception):
    """What a maker of parts may raise."""


def test_parts_become_one_table_and_an_error_of_their_maker_stays_what_it_is(tmp_path: Path) -> None:
    def parts(is_whole: bool) -> Iterator[pa.Table]:
        yield _numbers(1, 2)
        if not is_whole:
            raise DiskGoneError("the disk is gone")
        yield _numbers(3)

    engine = DuckDBEngine(tmp_path / "facts.duckdb")
    engine.load("f_parts", parts(is_whole=True))
    assert _seen(engine, "f_parts") == [1, 2, 3]
    with pytest.raises(DiskGoneError, match="the disk is gone"):
        engine.load("f_parts", parts(is_whole=False))
    assert _seen(engine, "f_parts") == [1, 2, 3]
    engine.close()
