"""The catalogue as readers see it: every metric with its dimensions and statistics, and every dimension."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from deskmeter.base.errors import AskerError
from deskmeter.metrics.dimensions import BUILT_IN, Dimension
from deskmeter.metrics.spec import Metric, Stat, Survival
from deskmeter.query.parse import Names
from deskmeter.query.plan import check_dimensions
from deskmeter.query.reports import DimensionEntry, MetricEntry
from deskmeter.query.request import STATISTICS


def entries(
    metrics: Mapping[str, Metric], tables: Mapping[str, Mapping[str, str]], own: Mapping[str, Dimension]
) -> tuple[MetricEntry, ...]:
    """Every metric with all that a reader needs to defend its number."""
    return tuple(_entry(metric, tables, own) for metric in metrics.values())


def _entry(metric: Metric, tables: Mapping[str, Mapping[str, str]], own: Mapping[str, Dimension]) -> MetricEntry:
    return MetricEntry(
        id=metric.id,
        label=metric.label,
        family=metric.family,
        definition=metric.definition,
        formula=metric.formula,
        unit=metric.unit,
        date_basis=metric.basis,
        clocks=metric.clocks,
        credit=metric.credit,
        leaves_out=metric.leaves_out,
        good=metric.good,
        dimensions=splits(metric, tables, own),
        sources=metric.sources,
        version=metric.version,
        statistics=statistics(metric),
        lengths=metric.lengths or "",
        golden=metric.golden,
        is_own=metric.origin == "user",
    )


def names_of(metrics: Mapping[str, Metric], own: Mapping[str, Dimension]) -> Names:
    """The names of a desk's catalogue, as a question needs them."""
    return Names(
        {id: statistics(metric) for id, metric in metrics.items()},
        (*BUILT_IN, *own),
        {id: metric.lengths for id, metric in metrics.items() if metric.lengths},
    )


def statistics(metric: Metric) -> tuple[str, ...]:
    """The statistics that may be asked, the metric's own first; none where it has only one."""
    aggregate = metric.aggregate
    if isinstance(aggregate, Stat):
        own = aggregate.default
        return (own, *(name for name in STATISTICS if name != own))
    if isinstance(aggregate, Survival) and aggregate.read == "quantile":
        return ("median", "p75", "p90", "p95")
    return ()


def splits(metric: Metric, tables: Mapping[str, Mapping[str, str]], own: Mapping[str, Dimension]) -> tuple[str, ...]:
    """The dimensions that this metric can be split by."""
    found = []
    for id in (*BUILT_IN, *own):
        try:
            check_dimensions(metric, (id,), tables, own)
        except AskerError:
            continue
        found.append(id)
    return tuple(found)


def dimension_entries(own: Mapping[str, Dimension]) -> tuple[DimensionEntry, ...]:
    """Every dimension, the desk's own last."""
    return tuple(
        DimensionEntry(dimension.id, dimension.label, dimension.definition, dimension.id in own)
        for dimension in (*BUILT_IN.values(), *own.values())
    )


def with_golden(metrics: Mapping[str, Metric], golden: Mapping[str, tuple[str, ...]]) -> dict[str, Metric]:
    """The metrics with the ids of the hand-counted stories that hold them."""
    return {id: replace(metric, golden=golden.get(id, ())) for id, metric in metrics.items()}
