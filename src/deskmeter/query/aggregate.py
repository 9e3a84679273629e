"""From a part's rows to a few numbers per group: what each kind of aggregate asks of the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from deskmeter.base.errors import AskerError
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
    TimeMean,
    View,
)
from deskmeter.query.plan import Split
from deskmeter.query.request import MetricAsk, Request

QUANTILES = {"median": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95}


@dataclass(frozen=True)
class Grouped:
    """The aggregated expression of one part; `value` names the column of single values where there is one."""

    part: int
    expr: ibis.Table
    values: ibis.Table | None = None  # dims, bucket, value: the rows that a statistic was taken from


def statistic(metric: Metric, asked_stat: str | None) -> str:
    """The statistic that this metric gives for the one asked (None: its own)."""
    aggregate = metric.aggregate
    if isinstance(aggregate, Stat):
        return asked_stat or aggregate.default
    if isinstance(aggregate, Survival) and aggregate.read == "quantile":
        return asked_stat or "median"
    if asked_stat is not None:
        raise AskerError(f"`{metric.id}` has no statistic `{asked_stat}`: it is not a length or a score")
    return {"Count": "count", "Sum": "sum", "Share": "share", "Ratio": "ratio", "Nps": "score"}.get(
        type(aggregate).__name__, "value"
    )


def counted_for(metric: Metric, stat: str) -> str:
    """What the numbers of `grouped` are for: statistics that are read off the same numbers share them.

    The quantiles differ in a bound value alone, mean and sum in what is made of n and total.
    """
    if not isinstance(metric.aggregate, Stat):
        return "all"
    if stat in QUANTILES:
        return "quantile"
    return stat if stat == "share_within" else "total"


def with_lengths(metrics: Mapping[str, Metric], request: Request) -> Request:
    """`request` where a statistic of a count of running things is asked of their lengths (`unanswered:median`)."""

    def meant(ask: MetricAsk) -> MetricAsk:
        other = metrics[ask.id].lengths
        return ask if other is None or ask.stat is None else replace(ask, id=other)

    return replace(request, metrics=tuple(meant(ask) for ask in request.metrics))


def grouped(metric: Metric, part: int, rows: ibis.Table, split: Split, asked: Asked, what: str) -> Grouped:
    """The numbers of part `part` per group of its rows; `what`: see `counted_for`."""
    keys = [*(f"dim_{i}" for i in range(len(split.dims))), "bucket"]
    aggregate = metric.aggregate
    if isinstance(aggregate, Stat) and part == aggregate.running:
        return Grouped(part, rows.group_by(keys).aggregate(n_open=rows.count()))
    if isinstance(aggregate, Stat):
        return _statistic(aggregate, part, rows, keys, asked, what, _apart(metric, part, rows, split))
    if isinstance(aggregate, Survival):
        length = (aggregate.length(rows, asked) // aggregate.divisor).cast("int64")
        rows = rows.mutate(_length=length, _seen=aggregate.seen(rows, asked))
        rows = rows.filter(rows._length.notnull())
        return Grouped(
            part, rows.group_by([*keys, "_length"]).aggregate(events=_total(rows._seen.cast("int64")), n=rows.count())
        )
    if isinstance(aggregate, Share):
        rows = _marked(aggregate, rows, asked)
    found = _components(metric, part, rows, asked)
    for name, column in _apart(metric, part, rows, split).items():
        found[name] = rows[column].nunique()
    for number, beside in enumerate(metric.beside):
        if beside.part == part:
            found[f"beside_{number}"] = _total(beside.of(rows, asked))
    return Grouped(part, rows.group_by(keys).aggregate(**found))


def _apart(metric: Metric, part: int, rows: ibis.Table, split: Split) -> dict[str, str]:
    """The columns that must not differ within a group: mixed_<part>_<dimension> -> column (ruling 34)."""
    found: dict[str, str] = {}
    for id in metric.splits_by:
        if id not in split.dims:
            names = (f"summed_{id}", metric.parts[part].dims.get(id, id))
            found.update({f"mixed_{part}_{id}": name for name in reversed(names) if name in rows.columns})
    return found


def _total(value: ibis.Value) -> ibis.Value:
    return value.sum()


def _components(metric: Metric, part: int, rows: ibis.Table, asked: Asked) -> dict[str, ibis.Value]:
    aggregate = metric.aggregate
    if isinstance(aggregate, Count):
        return {"n": rows[aggregate.key].nunique() if aggregate.key else _row_count(rows)}
    if isinstance(aggregate, Sum):
        return {"n": rows.count(), "value": _total(aggregate.of(rows, asked))}
    if isinstance(aggregate, Share):
        return _share(aggregate, rows, asked)
    if isinstance(aggregate, Ratio):
        return _ratio(aggregate, part, rows, asked)
    if isinstance(aggregate, Nps):
        return {
            "n": rows.count(),
            "promoters": _total(aggregate.promoter(rows, asked).cast("int64")),
            "detractors": _total(aggregate.detractor(rows, asked).cast("int64")),
        }
    if isinstance(aggregate, Formula):
        return {m.name: _measure(m.kind, m.of(rows, asked)) for m in aggregate.measures if m.part == part}
    if isinstance(aggregate, TimeMean):
        return {"n": rows[aggregate.key].nunique(), "time_us": _total(rows.clip_to_us - rows.clip_from_us)}
    if isinstance(aggregate, View):
        return {"n": rows.count()}
    raise AssertionError(f"no aggregation of {type(aggregate).__name__}")


def _row_count(rows: ibis.Table) -> ibis.Value:
    """Rows, each once where a multi-valued dimension has multiplied them."""
    return rows["_row"].nunique() if "_row" in rows.columns else rows.count()


def _measure(kind: str, value: ibis.Value) -> ibis.Value:
    if kind == "distinct":
        return value.nunique()
    return {"sum": value.sum, "max": value.max, "first": value.max}[kind]()


def _marked(share: Share, rows: ibis.Table, asked: Asked) -> ibis.Table:
    """Adds _base and _hit: whether a row is in the denominator and in the numerator; unknown is in neither."""
    base = share.base(rows, asked) if share.base else ibis.literal(True)
    rows = rows.mutate(_base=ibis.coalesce(base, ibis.literal(False)))
    return rows.mutate(_hit=ibis.coalesce(share.hit(rows, asked), ibis.literal(False)) & rows._base)


def _share(share: Share, rows: ibis.Table, asked: Asked) -> dict[str, ibis.Value]:
    if share.key or "_row" in rows.columns:
        thing = rows[share.key or "_row"]
        found = {"numerator": thing.nunique(where=rows._hit), "denominator": thing.nunique(where=rows._base)}
    else:
        found = {"numerator": rows._hit.cast("int64").sum(), "denominator": rows._base.cast("int64").sum()}
    if share.maturing is not None:
        found["maturing"] = share.maturing(rows, asked).cast("int64").sum()
    return found


def _ratio(ratio: Ratio, part: int, rows: ibis.Table, asked: Asked) -> dict[str, ibis.Value]:
    found: dict[str, ibis.Value] = {}
    if part == 0:
        found["numerator"] = _side(ratio.top, ratio.top_key, rows, asked)
    if part == ratio.bottom_part:
        found["denominator"] = _side(ratio.bottom, ratio.bottom_key, rows, asked)
        if ratio.n_key:
            found["n"] = rows[ratio.n_key].nunique()
    return found


def _side(of: object, key: str | None, rows: ibis.Table, asked: Asked) -> ibis.Value:
    if key:
        return rows[key].nunique()
    return of(rows, asked).sum() if callable(of) else _row_count(rows)


def summed_per(stat: Stat, rows: ibis.Table, keys: list[str]) -> ibis.Table:
    """`_value` summed by `keys`, with the last instant of each; a sum with an unknown part is unknown and left out."""
    summed = rows.group_by(keys).aggregate(
        _value=rows._value.sum(), _unknown=rows._value.isnull().cast("int64").sum(), _at_us=rows._at_us.max()
    )
    summed = summed.filter(summed._unknown == 0).drop("_unknown")
    return summed.mutate(_value=(summed._value // stat.divisor).cast("int64"))


def _statistic(
    stat: Stat, part: int, rows: ibis.Table, keys: list[str], asked: Asked, name: str, apart: dict[str, str]
) -> Grouped:
    rows = rows.mutate(_value=stat.of(rows, asked))
    if stat.per:
        rows = summed_per(stat, rows, [*keys, stat.per])
    rows = rows.filter(rows._value.notnull())
    values = rows.select(*keys, value="_value", **({} if stat.per else apart))
    numbers: dict[str, ibis.Value] = {"n": values.count(), "total": values.value.sum()}
    if name == "quantile":
        numbers["quantile"] = values.value.quantile(asked.quantile)
    if name == "share_within":
        numbers["numerator"] = (values.value <= asked.within_s).cast("int64").sum()
    numbers.update({column: values[column].nunique() for column in apart if not stat.per})
    return Grouped(part, values.group_by(keys).aggregate(**numbers), values)
