"""A metric's rows for one question: the fact, what time keeps of it, its dimensions, and the filters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deskmeter.base.errors import AskerError
from deskmeter.engines.expressions import ibis
from deskmeter.metrics.conditions import holds, is_number
from deskmeter.metrics.dimensions import (
    Dimension,
    attach,
    blank,
    can_attach,
    find,
    own_column,
    with_ticket_values,
)
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
    rows = part.fact(asked) if callable(part.fact) else asked.tables(part.fact)
    if part.keep is not None:
        rows = rows.filter(part.keep(rows, asked))
    rows = _in_time(rows, part, asked, split.has_grain)
    named = [*(condition.dimension for condition in request.where), *split.dims]
    read = [find(id, own) for id in dict.fromkeys(named) if id not in part.broadcast]
    rows = with_ticket_values(rows, asked, part.dims, read)
    for number, condition in enumerate(request.where):
        if condition.dimension not in part.broadcast:
            words = [bind.text(number, index) for index in range(len(condition.values))]
            rows = _filtered(metric, rows, part, asked, condition, words, own)
    for index, id in enumerate(split.dims):
        name = f"dim_{index}"
        if id in part.broadcast:
            rows = rows.mutate(**{name: ibis.literal("")})
            continue
        dimension = find(id, own)
        rows = _explodable(rows, dimension)
        rows = _attached(metric, rows, part, asked, dimension, name)
        rows = rows.mutate(**{name: ibis.coalesce(rows[name], ibis.literal(blank(dimension.base or id)))})
        if index == 0 and split.top:
            rows = _only_top(rows, asked, dimension)
    return rows


def _attached(
    metric: Metric, rows: ibis.Table, part: Part, asked: Asked, dimension: Dimension, name: str
) -> ibis.Table:
    column = own_column(part.dims, dimension, tuple(rows.columns))
    if column is None and not can_attach((*rows.columns, "at_us"), dimension):
        raise _cannot(metric, dimension.id)
    if column is None and dimension.of == "row":
        raise _cannot(metric, dimension.id)
    return attach(rows, asked, dimension, column, name)


def _in_time(rows: ibis.Table, part: Part, asked: Asked, has_grain: bool) -> ibis.Table:
    """Adds bucket and _at_us (the instant of the metric), keeps the rows that belong to the period."""
    when = part.when
    if isinstance(when, Flow):
        at = rows[when.at]
        rows = rows.filter((at >= asked.from_us) & (at < asked.to_us) & (at <= asked.as_of_us))
        rows = rows.mutate(_at_us=rows[when.at])
        position = _POSITION_OF.get(when.at)
        if position in rows.columns:
            rows = rows.mutate(_at_pos=rows[position])
        if not has_grain:
            return rows.mutate(bucket=ibis.literal(0).cast("int64"))
        steps = asked.tables("bucket_of").select(_q="q", bucket="bucket")
        step = (rows._at_us - asked.buckets_us) // asked.bucket_us
        joined = rows.mutate(_row_q=step).join(steps, [("_row_q", "_q")])
        return joined.drop("_row_q", "_q")
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


def _explodable(rows: ibis.Table, dimension: Dimension) -> ibis.Table:
    """Rows numbered before a multi-valued dimension multiplies them, so that totals can count each once."""
    if not dimension.multi or "_row" in rows.columns:
        return rows
    return rows.mutate(_row=ibis.row_number().over(ibis.window(order_by="_at_us")))


def _only_top(rows: ibis.Table, asked: Asked, dimension: Dimension) -> ibis.Table:
    top = asked.tables("top_value").select(_top="value")
    joined = rows.left_join(top, [("dim_0", "_top")])
    joined = joined.mutate(dim_0=joined._top.isnull().ifelse(ibis.literal(OTHER), joined.dim_0)).drop("_top")
    return joined.distinct() if dimension.multi else joined


def _filtered(
    metric: Metric,
    rows: ibis.Table,
    part: Part,
    asked: Asked,
    condition: Filter,
    words: list[ibis.Value],
    own: Mapping[str, Dimension],
) -> ibis.Table:
    dimension = find(condition.dimension, own)
    if dimension.multi:
        numbered = rows.mutate(_filter_row=ibis.row_number().over(ibis.window(order_by="_at_us")))
        found = _attached(metric, numbered, part, asked, dimension, "_filter")
        positive = condition.operator not in ("!=", "not in", "null")
        test = condition if positive else Filter(condition.dimension, _OPPOSITE[condition.operator], condition.values)
        hits = found.filter(_meets(found._filter, test, words, dimension)).select("_filter_row").distinct()
        kept = numbered.semi_join(hits, "_filter_row") if positive else numbered.anti_join(hits, "_filter_row")
        return kept.drop("_filter_row")
    found = _attached(metric, rows, part, asked, dimension, "_filter")
    return found.filter(_meets(found._filter, condition, words, dimension)).drop("_filter")


def _meets(value: ibis.Value, condition: Filter, words: list[ibis.Value], dimension: Dimension) -> ibis.Value:
    are_numbers = all(is_number(word) for word in condition.values)
    return holds(value, condition.operator, words, are_numbers, blank(dimension.base or dimension.id))


_OPPOSITE: Mapping[str, Operator] = {"!=": "=", "not in": "in", "null": "not null"}
