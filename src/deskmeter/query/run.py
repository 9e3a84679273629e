"""A question from its text to its answer, as one list of steps: resolve, plan, compile, run, gather, finish."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property, lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from deskmeter.base.collector import collector_paused
from deskmeter.base.errors import AskerError
from deskmeter.base.time import MICROS_PER_SECOND, Grain, buckets, from_micros, to_micros, zone
from deskmeter.engines.expressions import ibis
from deskmeter.metrics.spec import Metric, Stat, Survival, Targets
from deskmeter.query import running
from deskmeter.query.access import Access
from deskmeter.query.aggregate import QUANTILES, counted_for, statistic
from deskmeter.query.binding import Binding, bind, placeholders, used
from deskmeter.query.finish import Choice, Group, finish
from deskmeter.query.making import Making
from deskmeter.query.plan import Split, check_dimensions
from deskmeter.query.request import MetricAsk, Period, Request
from deskmeter.query.result import Cell
from deskmeter.query.targets import attainment
from deskmeter.stats.intervals import order_statistic_ranks

Key = tuple[str, ...]
UNKNOWN = Cell(None, 0)  # a stock at a time of which nothing is known yet
QUARTER_HOUR = 900 * MICROS_PER_SECOND
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class Frame:
    """The time of one question: its buckets' edges (n + 1 instants) and the instant of knowledge."""

    edges: tuple[int, ...]
    as_of_us: int
    zone: str
    has_grain: bool

    @property
    def count(self) -> int:
        """Number of buckets."""
        return len(self.edges) - 1

    @cached_property
    def steps(self) -> tuple[int, int, NDArray[np.int64]]:
        """Steps of one length that tile the buckets: where they begin, their length in µs, each one's bucket.

        As long as the buckets allow (a day where all are whole days of one length), so that they are few; never
        shorter than a quarter of an hour: an edge inside a quarter leaves that quarter to the bucket that begins in it.
        """
        quarters = [self.edges[0] // QUARTER_HOUR, *(-(-edge // QUARTER_HOUR) for edge in self.edges[1:])]
        at = np.array(quarters, np.int64)
        lengths: NDArray[np.int64] = at[1:] - at[:-1]
        step = max(1, int(np.gcd.reduce(lengths)))
        return quarters[0] * QUARTER_HOUR, step * QUARTER_HOUR, np.repeat(np.arange(self.count), lengths // step)

    @cached_property
    def known(self) -> range:
        """The buckets that begin by the instant of knowledge."""
        return range(sum(1 for edge in self.edges[:-1] if edge <= self.as_of_us))


def frame(access: Access, request: Request, period: Period) -> Frame:
    """The buckets of `period` in the viewer's zone."""
    if period.to_at <= period.from_at:
        raise AskerError(
            f"the period ends ({period.to_at.isoformat()}) before it begins ({period.from_at.isoformat()})"
        )
    edges = _edges(period.from_at, period.to_at, request.grain, request.zone, request.week_start)
    return Frame(edges, access.as_of_us, request.zone, request.grain is not None)


@lru_cache(maxsize=64)
def _edges(from_at: datetime, to_at: datetime, grain: Grain | None, zone_name: str, week_start: int) -> tuple[int, ...]:
    # a page asks many metrics of one period
    return tuple(to_micros(edge) for edge in buckets(from_at, to_at, grain, zone(zone_name), week_start))


def small_tables(at: Frame, top: Sequence[str] | None, needs_hours: bool) -> dict[str, pa.Table]:
    """The small tables that a question brings along: its buckets, the local hours, the values kept by name."""
    # what has not begun by `as_of` has no stock to read and no rows
    begun = list(at.known)
    starts, ends = [at.edges[number] for number in begun], [at.edges[number + 1] for number in begun]
    whole = pa.int64()
    tables = {
        "bucket": pa.table(
            {
                "bucket": pa.array(begun, whole),
                "from_us": pa.array(starts, whole),
                "to_us": pa.array(ends, whole),
                "start_us": pa.array([start - 1 for start in starts], whole),
                "end_us": pa.array([min(end - 1, at.as_of_us) for end in ends], whole),
                "limit_us": pa.array([min(end, at.as_of_us) for end in ends], whole),
            }
        )
    }
    if at.has_grain:
        numbers = at.steps[2]
        tables["bucket_of"] = pa.table({"q": np.arange(len(numbers)), "bucket": numbers})
    if needs_hours:
        tables["hour_of"] = _hours(at)
    if top is not None:
        tables["top_value"] = pa.table({"value": pa.array(top, pa.string())})
    return tables


def _hours(at: Frame) -> pa.Table:
    tz = zone(at.zone)
    first, last = at.edges[0] // QUARTER_HOUR, at.edges[-1] // QUARTER_HOUR
    local = [from_micros(q * QUARTER_HOUR).astimezone(tz) for q in range(first, last + 1)]
    return pa.table(
        {
            "q": pa.array(range(first, last + 1), pa.int64()),
            "hour": pa.array([f"{wall.hour:02}" for wall in local], pa.string()),
            "weekday": pa.array([_WEEKDAYS[wall.weekday()] for wall in local], pa.string()),
        }
    )


@dataclass(frozen=True)
class Numbers:
    """One metric's cells by (dimension values, bucket)."""

    metric: Metric
    stat: str
    cells: dict[tuple[Key, int], Cell]


def measure(
    access: Access, request: Request, ask: MetricAsk, period: Period, dims: tuple[str, ...], has_grain: bool,
    top: Sequence[str] | None = None,
) -> Numbers:  # fmt: skip
    """All cells of one metric over one period."""
    metric = access.metrics[ask.id]
    stat = statistic(metric, ask.stat)
    within_s = ask.within_s if ask.within_s is not None else metric.default_within_s
    if stat == "share_within" and within_s is None:
        raise AskerError(f"`{metric.id}` needs a limit for share_within; write for instance `{metric.id}:within=4h`")
    where_dims = tuple(condition.dimension for condition in request.where)
    check_dimensions(metric, (*dims, *where_dims), access.columns, access.dimensions)
    at = frame(access, replace(request, grain=request.grain if has_grain else None), period)
    if isinstance(metric.aggregate, Targets):
        return Numbers(metric, stat, attainment(access, request, period, dims, at.edges, measure))
    step = at.steps[:2] if has_grain else (0, 1)
    quantile = QUANTILES.get(stat, 0.5)
    binding = bind(access.as_of_us, at.edges[0], at.edges[-1], within_s, request.where, step, quantile)
    hours = bool({"hour", "weekday"} & {*dims, *where_dims})
    small = small_tables(at, top, hours)
    split = Split(dims, has_grain, top is not None)
    groups: dict[tuple[Key, int], Group] = {}
    shared: list[tuple[int, dict[tuple[Key, int], Group]]] = []
    for number in range(len(metric.parts)):
        found = _part(access, request, ask, metric, number, split, binding, small, stat, at)
        if metric.parts[number].broadcast & set(dims):
            shared.append((number, found))
            continue
        for key, group in found.items():
            mine = groups.setdefault(key, Group())
            mine.numbers.update(group.numbers)
            mine.steps.extend(group.steps)
    for number, found in shared:
        hidden = [index for index, id in enumerate(dims) if id in metric.parts[number].broadcast]
        for (values, bucket), group in groups.items():
            plain = tuple("" if index in hidden else value for index, value in enumerate(values))
            if (plain, bucket) in found:
                group.numbers.update(found[plain, bucket].numbers)
    if not dims:
        for bucket in range(at.count):
            groups.setdefault(((), bucket), Group())
    cells = {
        (key, bucket): UNKNOWN
        if metric.is_stock and bucket not in at.known
        else finish(metric, group, _choice(at, bucket, stat, within_s, request))
        for (key, bucket), group in groups.items()
    }
    return Numbers(metric, stat, cells)


def _choice(at: Frame, bucket: int, stat: str, within_s: int | None, request: Request) -> Choice:
    start, end = at.edges[bucket], min(at.edges[bucket + 1], at.as_of_us)
    months = dict(request.options).get("months")
    return Choice(stat, within_s, end - start, float(months) if months else None)


def _part(
    access: Access, request: Request, ask: MetricAsk, metric: Metric, number: int, split: Split, binding: Binding,
    small: dict[str, pa.Table], stat: str, at: Frame,
) -> dict[tuple[Key, int], Group]:  # fmt: skip
    part, what = metric.parts[number], counted_for(metric, stat)
    filters = [condition.dimension for condition in request.where]
    is_running = running.is_running(
        metric, part, split, filters, access.columns, access.dimensions, at.edges, QUARTER_HOUR
    )
    plan = plan_of(request, ask, metric, number, split, "changes" if is_running else what)

    making = Making(access, request, ask, metric, number, split, binding, small, what, is_running)
    if plan not in access.texts:
        with collector_paused():
            access.texts[plan] = placeholders(access.engine.compile(making.grouped.expr))
    table = run_text(access, access.texts[plan], binding, small)
    if is_running:
        held = running.counts(table, len(split.dims), at.known)
        return {key: Group({"n": float(n)}) for key, n in held.items()}
    groups = _gather(table, len(split.dims), isinstance(metric.aggregate, Survival))
    if stat in QUANTILES and isinstance(metric.aggregate, Stat) and request.intervals and number == 0:
        _add_ranks(access, making, groups, split, binding, small, stat, (plan, "ranks"))
    return groups


def plan_of(request: Request, ask: MetricAsk, metric: Metric, number: int, split: Split, what: str) -> object:
    """All that a part's text depends on, besides the tables: two questions of one plan share their text."""
    return (
        metric.id, metric.version, number, split, what, ask.clock or request.clock, request.schedule_policy,
        tuple((c.dimension, c.operator, len(c.values), tuple(map(_is_number, c.values))) for c in request.where),
        request.options, request.by,
    )  # fmt: skip


def run_text(access: Access, text: str, binding: Binding, small: Mapping[str, pa.Table]) -> pa.Table:
    """Run compiled text with the question's values and small tables."""
    tables = {name: table for name, table in small.items() if reads(text, name)}
    values = used(text, binding.values)
    if access.repeats is None:
        return access.engine.run(text, values, tables)
    return access.repeats.run(access.engine, text, values, tables)


def reads(text: str, name: str) -> bool:
    """Whether compiled text reads table `name`; engines quote it with one or the other, and columns may be called so.

    >>> reads('SELECT 0 AS "bucket" FROM "f_ticket"', "bucket"), reads("SELECT q FROM `bucket_of` AS t", "bucket_of")
    (False, True)
    """
    return re.search(rf'\b(?:FROM|JOIN) ["`]{name}["`]', text) is not None


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _gather(table: pa.Table, dims: int, is_survival: bool) -> dict[tuple[Key, int], Group]:
    groups: dict[tuple[Key, int], Group] = {}
    names = [name for name in table.column_names if not name.startswith("dim_") and name != "bucket"]
    for row in table.to_pylist():
        key = (tuple(str(row[f"dim_{index}"]) for index in range(dims)), int(row["bucket"]))
        group = groups.setdefault(key, Group())
        if is_survival:
            events = int(row["events"])
            group.steps.append((int(row["_length"]), events, int(row["n"]) - events))
            continue
        for name in names:
            value = row[name]
            group.numbers[name] = None if value is None else float(value)
    return groups


def _add_ranks(
    access: Access, making: Making, groups: dict[tuple[Key, int], Group], split: Split, binding: Binding,
    small: Mapping[str, pa.Table], stat: str, plan: object,
) -> None:  # fmt: skip
    """Adds low and high: the values at the ranks that bound the quantile (order statistics, ruling 53)."""
    sizes = {int(group.numbers.get("n") or 0) for group in groups.values()}
    ranks = {n: order_statistic_ranks(n, QUANTILES[stat]) for n in sizes}
    known = [(n, *rank) for n, rank in ranks.items() if rank is not None]
    if not known:
        return
    bounds = pa.table(
        {name: pa.array([row[index] for row in known], pa.int64()) for index, name in enumerate(("size", "lo", "hi"))}
    )
    if plan not in access.texts:
        values = making.grouped.values
        assert values is not None
        keys = [*(f"dim_{index}" for index in range(len(split.dims))), "bucket"]
        ordered = values.mutate(
            rank=ibis.row_number().over(ibis.window(group_by=keys, order_by="value")) + 1,
            _size=values.count().over(ibis.window(group_by=keys)),
        )
        table = ibis.table(ibis.Schema.from_pyarrow(bounds.schema), name="rank_bound")
        hits = ordered.join(table, [("_size", "size")])
        hits = hits.filter((hits["rank"] == hits.lo) | (hits["rank"] == hits.hi))
        text = access.engine.compile(hits.group_by(keys).aggregate(low=hits.value.min(), high=hits.value.max()))
        access.texts[plan] = placeholders(text)
    found = run_text(access, access.texts[plan], binding, {**small, "rank_bound": bounds})
    for key, group in _gather(found, len(split.dims), False).items():
        groups[key].numbers.update(group.numbers)


def bucket_starts(access: Access, request: Request) -> list[datetime]:
    """The first instant of every bucket of the question."""
    return [from_micros(edge) for edge in frame(access, request, request.period).edges[:-1]]


ONE_INSTANT = timedelta(microseconds=1)
