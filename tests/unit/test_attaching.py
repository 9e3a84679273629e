"""However a dimension finds its value: the top values with the rest as "other" are the whole, filters the same rows."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deskmeter.query.request import Filter, MetricAsk, Period, Request
from deskmeter.query.result import Cell
from deskmeter.service import Desk

PERIOD = Period(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 9, 1, tzinfo=UTC))
# one of each kind: own column, ticket, path of a reason, account, plan and band of the customer, hours, spans now and then
DIMENSIONS = (
    "agent", "channel", "reason", "reason_1", "account_segment", "plan", "value_band", "hour", "weekday", "product_then",
    "reason_then",
)  # fmt: skip
METRICS = ("tickets_created", "time_to_resolution_km", "reply_time", "resolution_rate", "backlog")
WHOLE = {"tickets_created", "backlog"}


@pytest.fixture(scope="module")
def desk(demo_folder: Path) -> Iterator[Desk]:
    with Desk.open(demo_folder) as opened:
        yield opened


def _ask(
    desk: Desk, metric: str, by: tuple[str, ...], top: int | None = None, where: tuple[Filter, ...] = ()
) -> dict[tuple[str, ...], Cell]:
    request = Request((MetricAsk(metric),), PERIOD, "UTC", by=by, top=top, where=where, intervals=False)
    return {row.keys: row.cells[metric] for row in desk.ask(request).rows}


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_the_top_values_are_those_without_a_limit_and_the_rest_is_other(
    desk: Desk, metric: str, dimension: str
) -> None:
    whole, top = _ask(desk, metric, (dimension,)), _ask(desk, metric, (dimension,), top=2)
    for keys, cell in top.items():
        if keys != ("other",):
            assert cell == whole[keys]
    if metric in WHOLE:
        assert sum(cell.value or 0 for cell in top.values()) == sum(cell.value or 0 for cell in whole.values())


def test_of_several_tags_each_ticket_is_once_in_the_rest(desk: Desk) -> None:
    whole, top = _ask(desk, "tickets_created", ("tag",)), _ask(desk, "tickets_created", ("tag",), top=1)
    (first,) = [keys for keys in top if keys != ("other",)]
    rest = sum(cell.value or 0 for keys, cell in whole.items() if keys != first)
    other = top[("other",)].value
    assert other is not None
    assert 0 < other <= rest


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_a_value_as_a_filter_has_the_number_that_it_has_as_a_split(desk: Desk, metric: str, dimension: str) -> None:
    whole = _ask(desk, metric, (dimension,))
    for keys, cell in sorted(whole.items(), key=lambda found: -found[1].n)[:1]:
        where = (Filter(dimension, "=", keys), Filter("channel", "!=", ("nowhere",)))
        assert _ask(desk, metric, (), where=where) == {(): cell}


def test_many_dimensions_at_once_are_as_many_as_each_alone(desk: Desk) -> None:
    together = _ask(desk, "tickets_created", DIMENSIONS)
    for place, dimension in enumerate(DIMENSIONS):
        alone: dict[tuple[str, ...], float] = {}
        for keys, cell in together.items():
            alone[(keys[place],)] = alone.get((keys[place],), 0) + (cell.value or 0)
        assert alone == {keys: cell.value for keys, cell in _ask(desk, "tickets_created", (dimension,)).items()}
