"""The rows behind a cell add up to it: every metric, each dimension under some of them, all pairs with --long."""

import math
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from deskmeter.base.time import from_micros
from deskmeter.connectors.demo import invent
from deskmeter.metrics.spec import Formula, Metric, Stat, TimeMean, View
from deskmeter.query.access import Access
from deskmeter.query.answer import info
from deskmeter.query.drill import cell_request, drill
from deskmeter.query.request import MetricAsk, Period, Request
from deskmeter.query.result import Cell, DrillResult
from deskmeter.query.run import measure
from oracle.compare import arrow_tables, many_histories, product_of
from oracle.draw import AS_OF
from oracle.questions import NOT_COMPARED, dimensions_of

COMPANY_END = datetime(2026, 1, 1)
PERIODS = {
    "company": Period(datetime(2025, 9, 1, tzinfo=UTC), datetime(2025, 12, 1, tzinfo=UTC)),
    "histories": Period(datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 4, 12, tzinfo=UTC)),
}
CELLS = 2  # of one question
TOGETHER = 6  # dimensions in one question
# with --long all of them, in as many questions as that takes; `make long` gives each its own
TOGETHER_LONG = 1 if os.environ.get("DESKMETER_LONG") else 12


@pytest.fixture(scope="module")
def desks() -> Iterator[dict[str, Access]]:
    made = {
        "company": product_of(invent(tickets=1500), COMPANY_END),
        "histories": product_of(arrow_tables(many_histories(range(4000, 4030))), AS_OF),
    }
    yield made
    for access in made.values():
        access.engine.close()


def _requests(access: Access, metric: Metric, period: Period, together: int, turn: int | None) -> Iterator[Request]:
    """The plain question and those by every dimension, so many in one; with a `turn` by one group of them, in turn."""
    plain = Request((MetricAsk(metric.id),), period, "UTC", intervals=False)
    yield plain
    found = dimensions_of(access, metric) if together else []
    groups = [tuple(found[at : at + together]) for at in range(0, len(found), together or 1)]
    for by in groups if turn is None or not groups else [groups[turn % len(groups)]]:
        yield replace(plain, by=by)


def _check(access: Access, metric: Metric, request: Request) -> int:
    """Drill some cells of a question; how many."""
    ask = request.metrics[0]
    numbers = measure(access, request, ask, request.period, request.by, False)
    shown = sorted(numbers.cells.items(), key=lambda pair: (-pair[1].n, pair[0]))
    picked = [*shown[:1], *shown[len(shown) // 2 : len(shown) // 2 + CELLS - 1]]
    for (key, _), cell in picked:
        where = dict(zip(request.by, key, strict=True))
        single = cell_request(access, request, where, None)
        drilled = drill(access, single, info(metric, ask, request, metric.id), None)
        assert _adds_up(metric, cell, drilled), f"{metric.id} {where}: {cell} is not {_told(drilled)}"
    return len(picked)


def _told(drilled: DrillResult) -> str:
    return f"{drilled.numerator} / {drilled.denominator} = {drilled.value} of {drilled.total_n} rows"


def _adds_up(metric: Metric, cell: Cell, drilled: DrillResult) -> bool:
    if not _same(drilled.value, cell.value) or drilled.total_n != len(drilled.rows):
        return False
    if cell.n == 0:
        # of a ratio whose denominator is empty the numerator may still have rows
        return _same(drilled.numerator or 0, cell.numerator or 0) and not drilled.denominator
    aggregate = metric.aggregate
    if isinstance(aggregate, Formula):
        return _formula_adds_up(aggregate, cell, drilled)
    if isinstance(aggregate, Stat):
        values = [row[drilled.columns.index("value")] for row in drilled.rows]
        return len(values) == cell.n and _statistic_is_same(metric, cell, values)
    if isinstance(aggregate, TimeMean):
        return _same(drilled.numerator, cell.numerator)
    if isinstance(aggregate, View):
        return drilled.total_n == cell.n
    if cell.value is None and metric.splits_by:
        return drilled.numerator is None  # what must not be pooled has no sum
    if cell.numerator is not None or cell.denominator is not None:
        return _same(drilled.numerator, cell.numerator) and _same(drilled.denominator, cell.denominator)
    return _same(drilled.numerator, cell.value)


def _statistic_is_same(metric: Metric, cell: Cell, values: list[object]) -> bool:
    numbers = sorted(float(str(value)) for value in values)
    if cell.value is None:
        return bool(metric.splits_by)
    assert isinstance(metric.aggregate, Stat)
    if metric.aggregate.default == "median":
        middle = len(numbers) // 2
        return _same((numbers[middle] + numbers[-middle - 1]) / 2, cell.value)
    total = sum(numbers)
    return _same(total if metric.aggregate.default == "sum" else total / len(numbers), cell.value)


def _formula_adds_up(formula: Formula, cell: Cell, drilled: DrillResult) -> bool:
    if cell.value is None:
        return True
    known = {}
    for measure_ in formula.measures:
        if measure_.name not in drilled.columns:
            return False
        at = drilled.columns.index(measure_.name)
        found = [row[at] for row in drilled.rows if row[at] is not None]
        known[measure_.name] = {
            "sum": lambda found=found: sum(float(str(value)) for value in found),
            "distinct": lambda found=found: float(len(set(found))),
            "max": lambda found=found: max((float(str(value)) for value in found), default=0.0),
            "first": lambda found=found: max((float(str(value)) for value in found), default=0.0),
        }[measure_.kind]()
    return _same(formula.value(known), cell.value)


def _same(left: float | None, right: float | None) -> bool:
    if left is None or right is None:
        return left is right
    return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-6)


@pytest.mark.parametrize("where", ["company", "histories"])
def test_rows_of_every_metric_and_dimension_add_up(desks: dict[str, Access], where: str, is_long: bool) -> None:
    access = desks[where]
    drilled = 0
    together = TOGETHER_LONG if is_long else TOGETHER if where == "company" else 0
    for number, id in enumerate(sorted(set(access.metrics) - NOT_COMPARED)):
        metric = access.metrics[id]
        # each dimension is opened under some metrics, in turn; with --long under all
        for request in _requests(access, metric, PERIODS[where], together, None if is_long else number):
            drilled += _check(access, metric, request)
    assert drilled > (500 if where == "company" or is_long else 100)
    assert from_micros(access.as_of_us)
