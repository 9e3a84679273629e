"""What may be said of a change between two periods: its size, its interval, and whether it is one at all (metrics 12)."""

from collections.abc import Callable, Sequence

from deskmeter.metrics.spec import Count, Metric, Nps, Ratio, Share, Stat
from deskmeter.query.result import Cell, Change, Verdict
from deskmeter.stats.change import count_change, value_change
from deskmeter.stats.intervals import Interval, NpsCounts, newcombe, nps_difference

Daily = Callable[[], tuple[Sequence[int], Sequence[int]]]
Values = Callable[[], tuple[Sequence[float], Sequence[float]]]


def change(
    metric: Metric, stat: str, now: Cell, before: Cell, daily: Daily | None, values: Values | None
) -> Change | None:
    """The change from `before` to `now`; null where one side has no value.

    Shares: Newcombe. NPS: the two adjusted variances. Counts: quasi-Poisson on daily totals, which `daily` gives.
    Means and medians of lengths: bootstrap with a fixed seed over `values`. Stocks: no verdict.
    """
    if now.value is None or before.value is None:
        return None
    difference = now.value - before.value
    relative = difference / abs(before.value) if before.value else None
    bounds, is_relative = _interval(metric, stat, now, before, daily, values)
    if bounds is None:
        return Change(difference, relative, None, None, "no verdict")
    low, high = bounds.low, bounds.high
    if is_relative and before.value and low is not None and high is not None:
        low, high = low * before.value, high * before.value
    if low is None or high is None:
        return Change(difference, relative, None, None, "too few")
    return Change(difference, relative, low, high, _verdict(metric, low, high))


def _verdict(metric: Metric, low: float, high: float) -> Verdict:
    if low <= 0 <= high:
        return "no clear change"
    is_up = low > 0
    if metric.good == "neither":
        return "higher" if is_up else "lower"
    return "better" if is_up == (metric.good == "up") else "worse"


def _interval(
    metric: Metric, stat: str, now: Cell, before: Cell, daily: Daily | None, values: Values | None
) -> tuple[Interval | None, bool]:
    aggregate = metric.aggregate
    if metric.is_stock:
        return None, False
    is_share = isinstance(aggregate, Share) and aggregate.is_countable
    is_share = is_share or (isinstance(aggregate, Ratio) and aggregate.is_share) or stat == "share_within"
    if is_share and now.denominator and before.denominator:
        return newcombe(_n(now.numerator), now.n, _n(before.numerator), before.n), False
    if isinstance(aggregate, Nps):
        return nps_difference(_nps_counts(now), _nps_counts(before)), False
    if isinstance(aggregate, Count) and aggregate.key is None and daily is not None:
        later_days, earlier_days = daily()
        return count_change(earlier_days, later_days).interval, True
    if isinstance(aggregate, Stat) and stat in ("mean", "median") and values is not None:
        later, earlier = values()
        return value_change(earlier, later, "mean" if stat == "mean" else "median").interval, False
    return None, False


def _n(value: float | None) -> int:
    return int(value or 0)


def _nps_counts(cell: Cell) -> NpsCounts:
    promoters, detractors = cell.promoters or 0, cell.detractors or 0
    return NpsCounts(promoters, cell.n - promoters - detractors, detractors)
