"""A small desk in memory for hand-counted cases: canonical rows in, cells out."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import pyarrow as pa

from deskmeter.base.time import to_micros
from deskmeter.canon.schema import TABLES, Kind
from deskmeter.engines.duckdb import DuckDBEngine
from deskmeter.facts.build import build, load_canonical
from deskmeter.facts.tables import BuildSettings
from deskmeter.metrics.catalogue import Catalogue
from deskmeter.metrics.dimensions import Dimension
from deskmeter.metrics.spec import Metric
from deskmeter.query.access import Access
from deskmeter.query.request import Clock, Filter, MetricAsk, Period, Request
from deskmeter.query.result import Cell
from deskmeter.query.run import measure

HandRow = dict[str, object]
ARROW: dict[Kind, pa.DataType] = {
    "string": pa.string(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
    "date": pa.date32(),
}


def at(text: str) -> datetime:
    """`2026-03-02 09:00` as a naive UTC instant, as canonical rows hold it."""
    return datetime.fromisoformat(text)


def hand_desk(
    tables: Mapping[str, list[HandRow]],
    as_of: str,
    metrics: Iterable[Metric] = (),
    dimensions: Mapping[str, Dimension] | None = None,
    rates: tuple[tuple[str, float], ...] = (),
) -> Access:
    """The facts of these rows. A row without source or id gets `s` and its place in the table."""
    arrow = {}
    for name, rows in tables.items():
        full = [{"source": "s", "id": f"{name}-{place:03}"} | row for place, row in enumerate(rows)]
        for row in full:
            assert set(row) <= set(TABLES[name].names), f"{name} has no {set(row) - set(TABLES[name].names)}"
        columns = TABLES[name].columns
        arrow[name] = pa.table({c.name: pa.array([row.get(c.name) for row in full], ARROW[c.type]) for c in columns})
    engine = DuckDBEngine(threads=1)
    load_canonical(engine, arrow)
    as_of_us = to_micros(at(as_of).replace(tzinfo=UTC))
    build(engine, BuildSettings(as_of_us=as_of_us, rates=rates))
    return Access(engine, as_of_us, Catalogue(metrics), dict(dimensions or {}), {})


def request(
    metric: str, period: tuple[str, str], by: tuple[str, ...] = (), where: tuple[Filter, ...] = (),
    stat: str | None = None, clock: Clock = "calendar",
) -> Request:  # fmt: skip
    """A question about one metric in UTC, without a grain."""
    first, last = (at(edge).replace(tzinfo=UTC) for edge in period)
    return Request((MetricAsk(metric, stat),), Period(first, last), "UTC", by, None, where, clock)


def cells(access: Access, asked: Request) -> dict[tuple[str, ...], Cell]:
    """The cell of every group."""
    found = measure(access, asked, asked.metrics[0], asked.period, asked.by, False)
    return {key: cell for (key, _), cell in found.cells.items()}


def values(access: Access, asked: Request) -> dict[tuple[str, ...], tuple[float | None, int]]:
    """Value and n of every group."""
    return {key: (cell.value, cell.n) for key, cell in cells(access, asked).items()}
