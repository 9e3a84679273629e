"""What must hold of any history: the backlog adds up, customers add up, spans tile, and order does not matter."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from deskmeter.query.access import Access
from deskmeter.query.request import MetricAsk, Period, Request
from deskmeter.query.run import measure
from oracle.answer import Key
from oracle.compare import arrow_tables, ask_product, many_histories, product_of
from oracle.rows import History

SEEDS = range(3000, 3080)
DAYS = ("2024-03-01", "2024-03-20", "2024-04-11")  # the second ends before `as_of`
FIRST, SECOND, BOTH = DAYS[:2], DAYS[1:], (DAYS[0], DAYS[2])


@pytest.fixture(scope="module")
def history() -> History:
    return many_histories(SEEDS)


@pytest.fixture(scope="module")
def desk(history: History) -> Iterator[Access]:
    made = product_of(arrow_tables(history))
    yield made
    made.engine.close()


def _values(desk: Access, metric: str, by: tuple[str, ...], period: tuple[str, str]) -> dict[Key, float]:
    cells = ask_product(desk, {"metric": metric, "by": ("source", *by), "period": period})
    return {key: cell["value"] for key, cell in cells.items() if cell["value"]}


def _sum(*signed: tuple[int, dict[Key, float]]) -> dict[Key, float]:
    total: dict[Key, float] = {}
    for sign, found in signed:
        for key, value in found.items():
            total[key] = total.get(key, 0) + sign * value
    return {key: value for key, value in total.items() if value}


@pytest.mark.parametrize("by", [(), ("agent",), ("team",), ("channel",), ("reason",)], ids=str)
def test_backlog_then_is_backlog_before_with_all_that_came_and_went(desk: Access, by: tuple[str, ...]) -> None:
    parts = [(1, _values(desk, "backlog", by, FIRST)), (1, _values(desk, "inflow", by, SECOND))]
    parts.append((-1, _values(desk, "outflow", by, SECOND)))
    if by in (("agent",), ("team",)):
        parts += [(1, _values(desk, "moved_in", by, SECOND)), (-1, _values(desk, "moved_out", by, SECOND))]
    now = _values(desk, "backlog", by, SECOND)
    assert len(now) > 20
    assert _sum(*parts) == now


@pytest.mark.parametrize("by", [(), ("plan",), ("account_segment",)], ids=str)
def test_customers_at_the_end_are_those_of_the_start_and_who_joined_less_who_left(
    desk: Access, by: tuple[str, ...]
) -> None:
    parts = [(sign, _values(desk, metric, by, BOTH)) for sign, metric in ((1, "customers_start"), (1, "customers_new"))]
    parts.append((-1, _values(desk, "customers_lost", by, BOTH)))
    if by == ("plan",):
        parts.append((1, _values(desk, "customers_moved_in", by, BOTH)))
        parts.append((-1, _values(desk, "customers_moved_out", by, BOTH)))
    now = _values(desk, "customers_end", by, BOTH)
    assert len(now) > 20
    assert _sum(*parts) == now


def test_one_periods_end_is_the_next_ones_start(desk: Access) -> None:
    assert _values(desk, "customers_end", (), FIRST) == _values(desk, "customers_start", (), SECOND)


def test_flows_of_two_periods_add_up_to_those_of_both(desk: Access) -> None:
    for metric in ("tickets_created", "inflow", "resolutions", "reopens", "activities", "calls_offered", "orders_paid"):
        if metric in desk.metrics:
            parts = [(1, _values(desk, metric, (), period)) for period in (FIRST, SECOND)]
            assert _sum(*parts) == _values(desk, metric, (), BOTH)


def _rows(desk: Access, table: str, *columns: str) -> list[tuple[object, ...]]:
    found = desk.engine.read(table)
    return list(zip(*(found[name].to_pylist() for name in columns), strict=True))


@pytest.mark.parametrize("table", ["state_span", "ticket_schedule"])
def test_spans_of_a_ticket_tile_its_life_without_overlap_or_hole(desk: Access, table: str) -> None:
    lives: dict[object, list[tuple[int, int | None]]] = {}
    for ticket, begin, end in _rows(desk, table, "ticket_id", "from_us", "to_us"):
        assert isinstance(begin, int)
        assert end is None or isinstance(end, int)
        lives.setdefault(ticket, []).append((begin, end))
    assert lives
    created = dict(_rows(desk, "ticket", "ticket_id", "created_us"))
    for ticket, spans in lives.items():
        spans.sort(key=lambda span: span[0])
        if table == "state_span":
            assert spans[0][0] == created[ticket]
            assert spans[-1][1] is None
        assert all(end == begin for (_, end), (begin, _) in pairwise(spans))
        assert all(end is None or begin < end for begin, end in spans)


def test_time_in_stages_adds_up_to_the_time_to_resolution(desk: Access) -> None:
    for clock, policy in (("calendar", "as_lived"), ("business", "as_lived"), ("business", "last_schedule")):
        manner = {"clock": clock, "schedule_policy": policy, "stat": "sum", "period": BOTH, "by": ("source", "ticket")}
        whole = {k: c["value"] for k, c in ask_product(desk, {"metric": "resolution_time", **manner}).items()}
        stages = {k: c["value"] for k, c in ask_product(desk, {"metric": "time_in_stage", **manner}).items()}
        held = {key for key, value in whole.items() if value}
        assert held
        assert {key: stages.get(key) for key in held} == {key: whole[key] for key in held}


def _facts(desk: Access) -> dict[str, list[str]]:
    """Every fact table as a sorted list of its rows, without the numbers that only tell rows apart."""
    found = {}
    for name in sorted(desk.schemas):
        if name.startswith("f_"):
            table = desk.engine.read(name)
            names = sorted(set(table.column_names) - {"pos", "row", "counted_pos"})
            found[name] = sorted(map(repr, table.select(names).to_pylist()))
    return found


def test_order_of_rows_changes_no_fact(history: History, desk: Access) -> None:
    dice = random.Random(1)
    shuffled: dict[str, pa.Table] = {}
    for name, table in arrow_tables(history).items():
        order = list(range(table.num_rows))
        dice.shuffle(order)
        shuffled[name] = table.take(pa.array(order, pa.int64()))
    other = product_of(shuffled)
    mine, theirs = _facts(desk), _facts(other)
    other.engine.close()
    assert mine.keys() == theirs.keys()
    assert [name for name in mine if mine[name] != theirs[name]] == []


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kathmandu"])
@pytest.mark.parametrize("by", [(), ("agent",), ("source", "team", "status")], ids=str)
def test_the_backlog_of_many_days_is_that_of_each_day_asked_alone(desk: Access, zone: str, by: tuple[str, ...]) -> None:
    ask = MetricAsk("backlog")
    edges = [datetime(2024, 3, 1, tzinfo=ZoneInfo(zone)) + timedelta(days=day) for day in range(48)]  # beyond as_of
    many = Request((ask,), Period(edges[0], edges[-1]), zone, by=by, grain="day", intervals=False)
    together = measure(desk, many, ask, many.period, by, True).cells
    alone = {}
    for number, (start, end) in enumerate(pairwise(edges)):
        one = Request((ask,), Period(start, end), zone, by=by, intervals=False)
        found = measure(desk, one, ask, one.period, by, False).cells
        alone.update(
            {(key, number): cell for (key, _), cell in found.items() if start.timestamp() * 1e6 <= desk.as_of_us}
        )
    held = {where: cell.value for where, cell in together.items() if cell.value}
    assert len(held) > 20
    assert held == {where: cell.value for where, cell in alone.items() if cell.value}
