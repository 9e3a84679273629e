"""Has it changed? Counts by quasi-Poisson on daily totals, means and medians by bootstrap."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from deskmeter.base.errors import BugError
from deskmeter.stats.intervals import NO_INTERVAL, Interval
from deskmeter.stats.student import student_quantile

Floats = NDArray[np.float64]
Wholes = NDArray[np.int64]
Statistic = Literal["mean", "median"]

SEED = 20_190_401
RESAMPLES = 4_000
FEWEST_VALUES = 6  # below, no two values hold a median with 95 %
_COUNTED_VALUES = 5_000  # a sample up to here is redrawn value by value
_CHUNK = 2_000_000  # values drawn at once; bounds the memory


@dataclass(frozen=True)
class CountChange:
    """Change of a count per day between two periods; shares of the earlier rate, so 0.1 is 10 % more.

    `relative` is null where a period has no days or the earlier one counted nothing. `dispersion` is the estimate
    (1: as steady as pure chance); null where there are too few days.
    """

    relative: float | None
    interval: Interval
    dispersion: float | None

    @property
    def is_clear(self) -> bool:
        """Whether the interval excludes 0; otherwise there is no clear change."""
        return self.interval.excludes(0)


@dataclass(frozen=True)
class ValueChange:
    """Change of a mean or median, later minus earlier, in the unit of the values and as a share of the earlier one.

    Null where a period has no values; `relative` also where the earlier statistic is 0. No interval below
    `FEWEST_VALUES` in either.
    """

    earlier: float | None
    later: float | None
    difference: float | None
    interval: Interval
    relative: float | None
    relative_interval: Interval

    @property
    def is_clear(self) -> bool:
        """Whether the interval of the difference excludes 0; otherwise there is no clear change."""
        return self.interval.excludes(0)


def count_change(earlier: Sequence[int] | Wholes, later: Sequence[int] | Wholes, level: float = 0.95) -> CountChange:
    """Change of a count from its totals of whole days, days without any included as 0.

    log(later rate / earlier rate) ± t sqrt(phi (1/total + 1/total)), with phi = sum of (y - mean)² / mean over all
    days / (days - 2) and t of as many degrees of freedom. Wedderburn (1974), Biometrika 61:439-447; McCullagh and
    Nelder (1989), Generalized Linear Models, section 6.2. phi is taken as 1 at least: a few equal days are luck and no
    proof of a count steadier than chance. The days of a week differ, which widens the interval; periods should hold
    each weekday equally often. No interval where a period counted nothing or there are fewer than 3 days.

    Args:
        earlier: daily totals of the first period.
        later: daily totals of the second; the numbers of days may differ.
        level: confidence.

    >>> change = count_change([10, 12, 8, 10], [14, 16, 15, 15])
    >>> round(change.relative, 3), change.interval.round(3), change.is_clear
    (0.5, Interval(low=-0.09, high=1.472), False)
    """
    before, after = np.asarray(earlier, dtype=np.int64), np.asarray(later, dtype=np.int64)
    if (before.size and before.min() < 0) or (after.size and after.min() < 0):
        raise BugError("daily totals cannot be negative")
    before_n, after_n = int(before.sum()), int(after.sum())
    if not before.size or not after.size or before_n == 0:
        return CountChange(None, NO_INTERVAL, None)
    ratio = (after_n / after.size) / (before_n / before.size)
    freedom = before.size + after.size - 2
    if after_n == 0 or freedom < 1:
        return CountChange(ratio - 1, NO_INTERVAL, None)
    dispersion = (_pearson(before) + _pearson(after)) / freedom
    half = student_quantile(level, freedom) * sqrt(max(1.0, dispersion) * (1 / before_n + 1 / after_n))
    return CountChange(ratio - 1, Interval(exp(log(ratio) - half) - 1, exp(log(ratio) + half) - 1), dispersion)


def _pearson(totals: Wholes) -> float:
    mean = float(totals.mean())
    return float(((totals - mean) ** 2).sum()) / mean


def value_change(
    earlier: Sequence[float] | Floats, later: Sequence[float] | Floats, statistic: Statistic, level: float = 0.95
) -> ValueChange:
    """Change of the mean or median of values, with percentile intervals of a bootstrap that is the same on every run.

    Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 13. The order of the values plays no part.
    Redrawn medians are drawn exactly, as order statistics of uniform ranks, at a cost that does not grow with the
    values. Redrawn means of more than 5,000 values come from the Pearson III distribution with the mean, variance and
    skewness that a redrawn mean has.

    Args:
        earlier: values of the first period.
        later: values of the second.
        statistic: mean or median.
        level: confidence.

    >>> change = value_change([10, 20, 30, 40, 50, 60], [110, 120, 130, 140, 150, 160], "median")
    >>> change.difference, change.is_clear
    (100.0, True)
    """
    before, after = (np.sort(np.asarray(values, dtype=np.float64)) for values in (earlier, later))
    before_value, after_value = _statistic(before, statistic), _statistic(after, statistic)
    if before_value is None or after_value is None:
        return ValueChange(before_value, after_value, None, NO_INTERVAL, None, NO_INTERVAL)
    relative = after_value / before_value - 1 if before_value else None
    interval = relative_interval = NO_INTERVAL
    if min(before.size, after.size) >= FEWEST_VALUES:
        rng = np.random.default_rng(SEED)
        redrawn, other = _redrawn(before, statistic, rng), _redrawn(after, statistic, rng)
        interval = _middle(other - redrawn, level)
        if relative is not None and redrawn.min() > 0:
            relative_interval = _middle(other / redrawn - 1, level)
    return ValueChange(before_value, after_value, after_value - before_value, interval, relative, relative_interval)


def _statistic(values: Floats, statistic: Statistic) -> float | None:
    if values.size == 0:
        return None
    return float(values.mean() if statistic == "mean" else np.median(values))


def _middle(draws: Floats, level: float) -> Interval:
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def _redrawn(ordered: Floats, statistic: Statistic, rng: np.random.Generator) -> Floats:
    if statistic == "median":
        return _redrawn_medians(ordered, rng)
    return _counted_means(ordered, rng) if ordered.size <= _COUNTED_VALUES else _shaped_means(ordered, rng)


def _redrawn_medians(ordered: Floats, rng: np.random.Generator) -> Floats:
    """Medians of samples drawn with replacement: the k-th of n uniform ranks is beta (k, n + 1 - k)."""
    n = ordered.size
    k = (n + 1) // 2
    rank = rng.beta(k, n + 1 - k, RESAMPLES)
    lower = ordered[np.minimum((rank * n).astype(np.int64), n - 1)]
    if n % 2:
        return lower
    # The next rank above is the smallest of n - k uniform ranks in what remains.
    above = rank + (1 - rank) * (1 - rng.random(RESAMPLES) ** (1 / (n - k)))
    upper: Floats = ordered[np.minimum((above * n).astype(np.int64), n - 1)]
    return (lower + upper) / 2


def _counted_means(ordered: Floats, rng: np.random.Generator) -> Floats:
    n = ordered.size
    rows = max(1, _CHUNK // n)
    sizes = [min(rows, RESAMPLES - start) for start in range(0, RESAMPLES, rows)]
    return np.concatenate([ordered[rng.integers(0, n, (size, n))].mean(axis=1) for size in sizes])


def _shaped_means(values: Floats, rng: np.random.Generator) -> Floats:
    """Means of redrawn samples by their first three cumulants; the rest is of the order of 1 / n."""
    mean, deviation = float(values.mean()), float(values.std())
    if deviation == 0:
        return np.full(RESAMPLES, mean)
    skewness = float((((values - mean) / deviation) ** 3).mean()) / sqrt(values.size)
    if abs(skewness) < 1e-6:
        standard = rng.standard_normal(RESAMPLES)
    else:
        shape = 4 / skewness**2
        standard = (rng.standard_gamma(shape, RESAMPLES) - shape) * skewness / 2
    return mean + deviation / sqrt(values.size) * standard
