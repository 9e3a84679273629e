"""A metric's rows for one question: the fact, what time keeps of it, its dimensions, and the filters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deskmeter.base.errors import AskerError
from deskmeter.engines.expressions import ibis
from deskmeter.metrics.attaching import Wanted, attach
from deskmeter.metrics.conditions import holds, is_number
from deskmeter.metrics.dimensions import Dimension, blank, can_attach, find, own_column
from deskmeter.metrics.spec import Always, Asked, Flow, Metric, Overlap, Part, Stock
from deskmeter.query.binding import Binding
from deskmeter.query.request import Filter, Operator, Request

OTHER = "other"
# the event behind the instant that files a row; null or missing: the instant itself counts, with all that happened in it
_POSITION_OF = {
    "at_us": "event_pos", "created_us": "created_pos", "resolved_us": "resolved_pos",
    "first_resolved_us": "first_resolved_pos",
}  # fmt: skip


@dataclass(frozen=True)
class Split:
    """How the rows are cut: the dimensions with their column names, whether into buckets, and the top values kept."""

    dims: tuple[str, ...]
    has_grain: bool
    top: bool = False  # values of the first dimension that table `top_value` does not hold become "other"


def check_dimensions(
    metric: Metric, wanted: tuple[str, ...], tables: Mapping[str, Mapping[str, str]], own: Mapping[str, Dimension]
) -> None:
    """Raise AskerError if some part of `metric` cannot be split by a wanted dimension."""
    for id in wanted:
        dimension = find(id, own)
        name = dimension.base or id
        if name in metric.refuses:
            raise AskerError(f"`{metric.id}` cannot be split by `{id}`: {metric.refuses[name]}")
        for part in metric.parts:
            if id in part.broadcast:
                continue
            if part.only_dims is not None and name not in part.only_dims:
                raise _cannot(metric, id)
            table = part.like if callable(part.fact) else part.fact
            if table is None:
                continue
            columns = (*tables[table], *part.adds)
            column = own_column(part.dims, dimension, columns)
            if {name, dimension.of} & part.lacks or (column is None and not can_attach((*columns, "at_us"), dimension)):
                raise _cannot(metric, id)


def _cannot(metric: Metric, id: str) -> AskerError:
    return AskerError(f"`{metric.id}` cannot be split by `{id}`: its rows have no {id}")


def part_rows(
    metric: Metric,
    part: Part,
    asked: Asked,
    request: Request,
    split: Split,
    bind: Binding,
    own: Mapping[str, Dimension],
) -> ibis.Table:
    """The rows of one part with dim_0 .. dim_k (never null) and bucket: the plan of number and drill alike."""
    rows = rows_in_time(part, asked, split.has_grain)
    rows = filtered(metric, part, rows, asked, request, bind, own)
    return with_dimensions(metric, part, rows, asked, split, own)


def rows_in_time(part: Part, asked: Asked, has_grain: bool) -> ibis.Table:
    """The rows of one part that belong to the period, with bucket, _at_us and, where it is known, _at_pos."""
    rows = part.fact(asked) if callable(part.fact) else asked.tables(part.fact)
    if part.keep is not None:
        rows = rows.filter(part.keep(rows, asked))
    return _in_time(rows, part, asked, has_grain)


def with_dimensions(
    metric: Metric, part: Part, rows: ibis.Table, asked: Asked, split: Split, own: Mapping[str, Dimension]
) -> ibis.Table:
    """`rows` with dim_0 .. dim_k, never null."""
    wanted = [
        _wanted(metric, part, rows, find(id, own), f"dim_{index}", is_blank_named=True)
        for index, id in enumerate(split.dims)
        if id not in part.broadcast
    ]
    rows = attach(rows, asked, wanted)
    hidden = [f"dim_{index}" for index, id in enumerate(split.dims) if id in part.broadcast]
    if hidden:
        rows = rows.mutate(**dict.fromkeys(hidden, ibis.literal("")))
    if split.top and split.dims and split.dims[0] not in part.broadcast:
        rows = _only_top(rows, asked, find(split.dims[0], own))
    return rows


_KEYS = ("ticket_id", "customer", "_at_us", "_at_pos")


def read_by_dimensions(
    part: Part, rows: ibis.Table, request: Request, split: Split, own: Mapping[str, Dimension]
) -> ibis.Table:
    """What `filtered` and `with_dimensions` may read of these rows."""
    columns = tuple(rows.columns)
    named = [*(condition.dimension for condition in request.where), *split.dims]
    found = [own_column(part.dims, find(id, own), columns) for id in named if id not in part.broadcast]
    names = [name for name in found if name is not None]
    return rows.select(*dict.fromkeys([*names, *(name for name in _KEYS if name in columns)]))


def _wanted(
    metric: Metric, part: Part, rows: ibis.Table, dimension: Dimension, name: str, is_blank_named: bool = False
) -> Wanted:
    column = own_column(part.dims, dimension, tuple(rows.columns))
    if column is None and (dimension.of == "row" or not can_attach((*rows.columns, "at_us"), dimension)):
        raise _cannot(metric, dimension.id)
    return Wanted(dimension, column, name, is_blank_named)


def _in_time(rows: ibis.Table, part: Part, asked: Asked, has_grain: bool) -> ibis.Table:
    """Adds bucket and _at_us (the instant of the metric), keeps the rows that belong to the period."""
    when = part.when
    if isinstance(when, Flow):
        at = rows[when.at]
        rows = rows.filter((at >= asked.from_us) & (at < asked.to_us) & (at <= asked.as_of_us))
        at = rows[when.at]
        position = _POSITION_OF.get(when.at)
        added = {"_at_us": at} if position not in rows.columns else {"_at_us": at, "_at_pos": rows[position]}
        if not has_grain:
            return rows.mutate(**added, bucket=ibis.literal(0).cast("int64"))
        steps = asked.tables("bucket_of").select(_q="q", bucket="bucket")
        joined = rows.mutate(**added, _row_q=(at - asked.buckets_us) // asked.bucket_us)
        return joined.join(steps, [("_row_q", "_q")]).drop("_row_q", "_q")
    if isinstance(when, Always):
        if when.at == "at_us" and "event_pos" in rows.columns:
            rows = rows.mutate(_at_pos=rows.event_pos)
        return rows.mutate(_at_us=rows[when.at] if when.at else asked.to_us)
    buckets = asked.buckets.rename({f"bucket_{name}": name for name in asked.buckets.columns if name != "bucket"})
    both = rows.cross_join(buckets)
    start, stop = both[when.start], both[when.stop]
    if isinstance(when, Stock):
        at = both.bucket_start_us if when.at_start else both.bucket_end_us
        both = both.filter((start <= at) & (stop.isnull() | (stop > at)))
        return both.mutate(_at_us=both.bucket_start_us if when.at_start else both.bucket_end_us)
    return _overlapping(both, when)


def _overlapping(both: ibis.Table, when: Overlap) -> ibis.Table:
    start, stop = both[when.start], both[when.stop]
    begins = (start <= both.bucket_end_us) if when.touch else (start < both.bucket_limit_us)
    both = both.filter(begins & (stop.isnull() | (stop > both.bucket_from_us)))
    limit = both.bucket_limit_us
    both = both.mutate(
        clip_from_us=ibis.greatest(both[when.start], both.bucket_from_us),
        clip_to_us=ibis.least(ibis.coalesce(both[when.stop], limit), limit),
        _at_us=ibis.greatest(both[when.start], both.bucket_from_us),
    )
    return both if when.touch else both.filter(both.clip_from_us < both.clip_to_us)


def _only_top(rows: ibis.Table, asked: Asked, dimension: Dimension) -> ibis.Table:
    top = asked.tables("top_value").select(_top="value")
    joined = rows.left_join(top, [("dim_0", "_top")])
    joined = joined.mutate(dim_0=joined._top.isnull().ifelse(ibis.literal(OTHER), joined.dim_0)).drop("_top")
    return joined.distinct() if dimension.multi else joined


def filtered(
    metric: Metric,
    part: Part,
    rows: ibis.Table,
    asked: Asked,
    request: Request,
    bind: Binding,
    own: Mapping[str, Dimension],
) -> ibis.Table:
    """The rows that meet every condition of the question."""
    plain: list[tuple[Filter, Dimension, list[ibis.Value]]] = []
    for number, condition in enumerate(request.where):
        if condition.dimension in part.broadcast:
            continue
        words = [bind.text(number, index) for index in range(len(condition.values))]
        dimension = find(condition.dimension, own)
        if dimension.multi:
            rows = _of_many(rows, asked, condition, words, _wanted(metric, part, rows, dimension, "_filter"))
        else:
            plain.append((condition, dimension, words))
    if not plain:
        return rows
    names = [f"_filter_{number}" for number in range(len(plain))]
    wanted = [
        _wanted(metric, part, rows, dimension, name) for name, (_, dimension, _) in zip(names, plain, strict=True)
    ]
    found = attach(rows, asked, wanted)
    tests = [
        _meets(found[name], condition, words, dimension)
        for name, (condition, dimension, words) in zip(names, plain, strict=True)
    ]
    return found.filter(*tests).drop(*names)


def _of_many(rows: ibis.Table, asked: Asked, condition: Filter, words: list[ibis.Value], wanted: Wanted) -> ibis.Table:
    """The rows of which one value meets the condition; a condition that says no keeps those of which none does not."""
    numbered = rows.mutate(_filter_row=ibis.row_number().over(ibis.window(order_by="_at_us")))
    found = attach(numbered, asked, [wanted])
    positive = condition.operator not in ("!=", "not in", "null")
    test = condition if positive else Filter(condition.dimension, _OPPOSITE[condition.operator], condition.values)
    hits = found.filter(_meets(found[wanted.name], test, words, wanted.dimension)).select("_filter_row").distinct()
    kept = numbered.semi_join(hits, "_filter_row") if positive else numbered.anti_join(hits, "_filter_row")
    return kept.drop("_filter_row")


def _meets(value: ibis.Value, condition: Filter, words: list[ibis.Value], dimension: Dimension) -> ibis.Value:
    are_numbers = all(is_number(word) for word in condition.values)
    return holds(value, condition.operator, words, are_numbers, blank(dimension.base or dimension.id))


_OPPOSITE: Mapping[str, Operator] = {"!=": "=", "not in": "in", "null": "not null"}
