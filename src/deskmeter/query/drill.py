"""The rows behind a number: the same plan without its last aggregation, so they always add up to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from math import fsum
from typing import TYPE_CHECKING

import pyarrow as pa

from deskmeter.base.arrow_compute import pc
from deskmeter.base.collector import collector_paused
from deskmeter.base.errors import AskerError
from deskmeter.base.late import late
from deskmeter.base.time import from_micros
from deskmeter.engines.expressions import ibis
from deskmeter.metrics.spec import (
    Asked,
    Count,
    Formula,
    Metric,
    Nps,
    Ratio,
    Share,
    Stat,
    Sum,
    Survival,
    Targets,
    TimeMean,
    View,
)
from deskmeter.query.access import Access
from deskmeter.query.aggregate import statistic, summed_per
from deskmeter.query.binding import bind, placeholders
from deskmeter.query.making import asked_of
from deskmeter.query.plan import Split, part_rows
from deskmeter.query.request import Filter, MetricAsk, Period, Request
from deskmeter.query.result import Cell, DrillResult, MetricInfo
from deskmeter.query.run import Key, frame, measure, plan_of, run_text, small_tables
from deskmeter.query.targets import listed_periods

if TYPE_CHECKING:
    from deskmeter.facts import tables as facts_tables
else:  # an answer lists no rows
    facts_tables = late("deskmeter.facts.tables")

_LIMIT = 1000


def cell_request(access: Access, request: Request, keys: dict[str, str], bucket: datetime | None) -> Request:
    """The request for one cell alone: its dimension values as filters, its bucket as the period."""
    where = list(request.where)
    for dimension in request.by:
        if dimension not in keys:
            raise AskerError(f"the drill needs a value of `{dimension}`; write for instance --where {dimension}=...")
        where.append(Filter(dimension, "=", (keys[dimension],)))
    period = request.period
    if request.grain is not None and bucket is not None:
        edges = [from_micros(edge) for edge in frame(access, request, request.period).edges]
        if bucket not in edges[:-1]:
            raise AskerError(f"no bucket of this question begins at {bucket.isoformat()}")
        number = edges.index(bucket)
        period = Period(edges[number], edges[number + 1])
    return replace(request, by=(), grain=None, where=tuple(where), period=period, compare=None, top=None)


def drill(access: Access, request: Request, metric_info: MetricInfo, limit: int | None = _LIMIT) -> DrillResult:
    """The rows of the (one) metric of `request`, which has no dimensions and no grain: see `cell_request`."""
    ask = request.metrics[0]
    metric = access.metrics[ask.id]
    cell = measure(access, request, ask, request.period, (), False).cells[(), 0]
    if isinstance(metric.aggregate, Targets):
        return listed_periods(access, request, metric_info, cell, limit, measure)
    # what is still running is in no value yet
    running = metric.aggregate.running if isinstance(metric.aggregate, Stat) else None
    counted = range(len(metric.parts) if running is None else running)
    tables = [_rows(access, request, ask, metric, number) for number in counted]
    # a cell may have a million rows: those that nobody will see stay as they are
    seen, left = [], limit
    for table in tables:
        seen.append(_readable(table if left is None else table.slice(0, left)))
        left = None if left is None else max(0, left - table.num_rows)
    names = list(dict.fromkeys(name for table in seen for name in table.column_names))
    rows: list[tuple[object, ...]] = []
    for table in seen:
        nothing = [None] * table.num_rows
        columns = [_values(table[name]) if name in table.column_names else nothing for name in names]
        rows.extend(zip(*columns, strict=True))
    # what must not be pooled has no sum
    top, bottom = (None, None) if metric.splits_by and cell.value is None else _sums(metric, cell, tables)
    return DrillResult(
        metric_info, tuple(names), tuple(rows), sum(table.num_rows for table in tables), top, bottom, cell.value
    )


def _values(column: pa.ChunkedArray) -> list[object]:
    if pa.types.is_timestamp(column.type):
        return [None if at is None else from_micros(at) for at in column.cast(pa.int64()).to_pylist()]
    found: list[object] = column.to_pylist()
    return found


def _sums(metric: Metric, cell: Cell, tables: list[pa.Table]) -> tuple[float | None, float | None]:
    """Both parts added up from the drilled rows themselves, not from the number."""
    top = bottom = None
    for table in tables:
        for name in ("numerator", "value", "count"):
            if name in table.column_names and top is None:
                top = fsum(value or 0 for value in table[name].to_pylist())
        if "denominator" in table.column_names:
            bottom = (bottom or 0.0) + fsum(value or 0 for value in table["denominator"].to_pylist())
    if isinstance(metric.aggregate, Stat) and bottom is None:
        bottom = float(cell.n)
    return top, bottom


def _rows(access: Access, request: Request, ask: MetricAsk, metric: Metric, number: int) -> pa.Table:
    at = frame(access, request, request.period)
    within_s = ask.within_s if ask.within_s is not None else metric.default_within_s
    binding = bind(access.as_of_us, at.edges[0], at.edges[-1], within_s, request.where)
    hours = any(condition.dimension in ("hour", "weekday") for condition in request.where)
    small = small_tables(at, None, hours)
    part, split = metric.parts[number], Split((), False)
    plan = plan_of(request, ask, metric, number, split, "rows")
    if plan not in access.texts:
        with collector_paused():
            asked = asked_of(access, request, ask, binding, small)
            rows = part_rows(metric, part, asked, request, split, binding, access.dimensions)
            listed = _listed(access, metric, _measured(metric, number, rows, asked))
            access.texts[plan] = placeholders(access.engine.compile(listed))
    return run_text(access, access.texts[plan], binding, small)


def _listed(access: Access, metric: Metric, rows: ibis.Table) -> ibis.Table:
    """What is shown of the rows, in the order of time."""
    rows = _with_ticket(access, rows)
    view = metric.aggregate if isinstance(metric.aggregate, View) else None
    shown = rows.select(*view.columns) if view else rows.select(**_columns(rows))
    keys = list(view.columns[:1]) if view else [name for name in ("at", "ticket") if name in shown.columns]
    return shown.order_by(keys) if keys else shown


def _measured(metric: Metric, number: int, rows: ibis.Table, asked: Asked) -> ibis.Table:
    """What each row gives to the number: count, value, or numerator and denominator."""
    aggregate = metric.aggregate
    one = ibis.literal(1).cast("int64")
    if isinstance(aggregate, Count):
        return rows.mutate(count=one) if aggregate.key is None else _first_of(rows, aggregate.key, "count")
    if isinstance(aggregate, Sum):
        return rows.mutate(value=_in_units(aggregate.of(rows, asked), aggregate.divisor))
    if isinstance(aggregate, Share):
        base = ibis.coalesce(aggregate.base(rows, asked) if aggregate.base else ibis.literal(True), False)
        rows = rows.filter(base)
        hit = ibis.coalesce(aggregate.hit(rows, asked), False)
        if aggregate.key:
            rows = _first_of(rows.mutate(_hit=hit), aggregate.key, "denominator", "_hit")
            return rows.mutate(numerator=(rows._hit & (rows.denominator == 1)).cast("int64")).drop("_hit")
        return rows.mutate(numerator=hit.cast("int64"), denominator=one)
    if isinstance(aggregate, Ratio):
        return _ratio(aggregate, number, rows, asked)
    if isinstance(aggregate, Nps):
        up, down = aggregate.promoter(rows, asked), aggregate.detractor(rows, asked)
        return rows.mutate(numerator=up.cast("int64") - down.cast("int64"), denominator=one)
    if isinstance(aggregate, Stat):
        rows = rows.mutate(_value=aggregate.of(rows, asked))
        if aggregate.per:
            rows = summed_per(aggregate, rows, [name for name in ("source", aggregate.per) if name in rows.columns])
        return rows.filter(rows._value.notnull()).mutate(value=lambda kept: kept._value)
    if isinstance(aggregate, Survival):
        length = (aggregate.length(rows, asked) // aggregate.divisor).cast("int64")
        seen = aggregate.seen(rows, asked).cast("int64")
        return rows.mutate(length_s=length, numerator=seen, denominator=one)
    if isinstance(aggregate, TimeMean):
        return rows.mutate(numerator=(rows.clip_to_us - rows.clip_from_us) / 1e6)
    if isinstance(aggregate, Formula):
        return rows.mutate(**{m.name: m.of(rows, asked) for m in aggregate.measures if m.part == number})
    return rows.mutate(count=one)


def _in_units(value: ibis.Value, divisor: int) -> ibis.Value:
    """`value` in its unit where it was added up in parts of it (millionths of a currency)."""
    return value if divisor == 1 else value / divisor


def _ratio(ratio: Ratio, number: int, rows: ibis.Table, asked: Asked) -> ibis.Table:
    one = ibis.literal(1).cast("int64")
    if number == 0:
        if ratio.top_key:
            rows = _first_of(rows, ratio.top_key, "numerator")
        else:
            rows = rows.mutate(numerator=_in_units(ratio.top(rows, asked), ratio.top_divisor) if ratio.top else one)
    if number == ratio.bottom_part:
        if ratio.bottom_key:
            rows = _first_of(rows, ratio.bottom_key, "denominator")
        else:
            rows = rows.mutate(
                denominator=_in_units(ratio.bottom(rows, asked), ratio.bottom_divisor) if ratio.bottom else one
            )
    return rows


def _first_of(rows: ibis.Table, key: str, name: str, best: str | None = None) -> ibis.Table:
    """1 for the first row of each thing that is counted once, 0 for its others and for nobody."""
    order = [ibis.desc(best), "_at_us"] if best else ["_at_us"]
    nth = ibis.row_number().over(ibis.window(group_by=key, order_by=order))
    return rows.mutate(**{name: ((nth == 0) & rows[key].notnull()).cast("int64")})


def _with_ticket(access: Access, rows: ibis.Table) -> ibis.Table:
    if "ticket_id" not in rows.columns or "ticket" in rows.columns:
        return rows
    tickets = access.table("ticket").select(_ticket_id="ticket_id", ticket="ticket")
    return rows.left_join(tickets, [("ticket_id", "_ticket_id")]).drop("_ticket_id")


def _columns(rows: ibis.Table) -> dict[str, ibis.Value]:
    """What a reader wants to see of a row: the ticket first, instants as such, nothing internal."""
    hidden = ("ticket_id", "pos", "bucket", "row", "requester_key", "customer", "account_key")
    names = [
        name
        for name in rows.columns
        if not name.startswith(("_", "dim_", "bucket_")) and not name.endswith("_pos") and name not in hidden
    ]
    first = [name for name in ("ticket", "source") if name in names]
    found: dict[str, ibis.Value] = {name: rows[name] for name in first}
    found["at"] = rows._at_us
    for name in names:
        if name not in first and name != "at_us":
            found[name] = rows[name]
    return found


def _readable(table: pa.Table) -> pa.Table:
    """Instants as UTC timestamps, whole numbers as such."""
    for index, name in enumerate(table.column_names):
        column = table[name]
        if pa.types.is_decimal(column.type):
            column = column.cast(pa.int64())
        if name == "at" or name.endswith("_us"):
            is_length = name in (
                "calendar_us",
                "business_us",
                "business_last_us",
                "age_us",
                "busy_us",
                "all_us",
                "time_us",
            )
            if not is_length and pa.types.is_int64(column.type):
                # ends that are always or never lie beyond any date: they are shown as none
                is_real = pc.less(pc.abs(column), facts_tables.FAR_FUTURE // 2)
                column = pc.if_else(is_real, column, pa.scalar(None, pa.int64()))
                column = column.cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
        if name.endswith("_date") and pa.types.is_integer(column.type):
            column = column.cast(pa.int32()).cast(pa.date32())
        label = (
            name.removesuffix("_us") + "_at" if name.endswith("_us") and pa.types.is_timestamp(column.type) else name
        )
        table = table.set_column(index, label, column)
    return table


def part_values(access: Access, request: Request, ask: MetricAsk, period: Period, group: Key) -> list[float]:
    """The single values behind one cell of a statistic."""
    where = (*request.where, *(Filter(d, "=", (v,)) for d, v in zip(request.by, group, strict=True)))
    plain = replace(request, by=(), grain=None, where=where, period=period, compare=None, top=None)
    metric = access.metrics[ask.id]
    statistic(metric, ask.stat)
    return [float(value) for value in _rows(access, plain, ask, metric, 0)["value"].to_pylist()]
