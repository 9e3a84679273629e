"""From canonical tables to all facts, at two sizes: what an event costs must not grow with their number."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
from companies import TICKETS, company
from measure import Measured, apart, timed

from deskmeter.base.time import to_micros
from deskmeter.canon.schema import TABLES
from deskmeter.engines.duckdb import DuckDBEngine
from deskmeter.facts.build import build, load_parts
from deskmeter.facts.tables import BuildSettings

AS_OF_US = to_micros(datetime(2026, 11, 1, tzinfo=UTC))


def make(engine: DuckDBEngine, tables: Mapping[str, Iterable[pa.Table]]) -> None:
    """All facts into `engine`, as a desk does it."""
    engine.begin()
    for name in TABLES:
        load_parts(engine, name, tables.get(name, [None]))
    build(engine, BuildSettings(AS_OF_US, is_live=True))
    engine.commit()


def measure(copies: int) -> list[Measured]:
    """One line for `copies` sources."""
    tables = company(copies)
    with tempfile.TemporaryDirectory() as folder:
        engine = DuckDBEngine(Path(folder) / "facts.duckdb")
        spent = timed(lambda: make(engine, tables))
        engine.close()
    return [
        Measured(
            f"all facts, {copies * TICKETS:,} tickets", sum(part.num_rows for part in tables["event"]), "events", *spent
        )
    ]


def growth(sizes: Sequence[int]) -> Iterator[Measured]:
    """One line a size, smallest first; the ratio is CPU per event to the line above."""
    before: Measured | None = None
    for copies in sizes:
        (line,) = apart(measure, copies)
        if before is not None:
            ratio = (line.cpu_s / line.n) / (before.cpu_s / before.n)
            line = replace(line, ratio=ratio, reference="the line above, CPU per event")
        yield line
        before = line
