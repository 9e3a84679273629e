"""Quantiles as every part of deskmeter takes them, and the interval around them."""

from collections.abc import Sequence
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from deskmeter.base.errors import BugError
from deskmeter.stats.intervals import NO_INTERVAL, Interval, order_statistic_ranks


def quantile(values: Sequence[float] | NDArray[np.float64], q: float) -> float | None:
    """The q-quantile, interpolated linearly at position q (n - 1) of the sorted values; null of nothing.

    The PERCENTILE_CONT of SQL:2003, type 7 of Hyndman and Fan (1996), The American Statistician 50:361-365.

    >>> quantile([40, 10, 20, 30], 0.5), quantile([1, 2], 0.9), quantile([], 0.5)
    (25.0, 1.9, None)
    """
    if not 0 <= q <= 1:
        raise BugError(f"no quantile {q}; it lies between 0 and 1")
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    if ordered.size == 0:
        return None
    position = q * (ordered.size - 1)
    below, above = float(ordered[floor(position)]), float(ordered[ceil(position)])
    return below + (above - below) * (position - floor(position))


def quantile_interval(values: Sequence[float] | NDArray[np.float64], q: float, level: float = 0.95) -> Interval:
    """Interval for the q-quantile from two of the values themselves; see `order_statistic_ranks`.

    >>> quantile_interval([3, 1, 2, 6, 5, 4], 0.5)
    Interval(low=1.0, high=6.0)
    >>> quantile_interval([3, 1, 2], 0.5)
    Interval(low=None, high=None)
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    ranks = order_statistic_ranks(int(ordered.size), q, level)
    if ranks is None:
        return NO_INTERVAL
    return Interval(float(ordered[ranks[0] - 1]), float(ordered[ranks[1] - 1]))
