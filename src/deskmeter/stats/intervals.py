"""Intervals that say how far a share, a Net Promoter Score or a quantile can be trusted."""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor, sqrt
from statistics import NormalDist

import numpy as np

from deskmeter.base.errors import BugError

_ROUNDING = 1 + 1e-12  # two ways to write one tail probability may differ by this factor


@dataclass(frozen=True)
class Interval:
    """Lower and upper limit of a confidence interval; null where there is none."""

    low: float | None
    high: float | None

    def round(self, digits: int) -> "Interval":
        """The same with rounded limits.

        >>> Interval(0.12345, None).round(3)
        Interval(low=0.123, high=None)
        """
        low = None if self.low is None else round(self.low, digits)
        return Interval(low, None if self.high is None else round(self.high, digits))

    def excludes(self, value: float) -> bool:
        """Whether the interval exists on the side of `value` and leaves it out: the test of a clear change.

        >>> Interval(0.1, 0.3).excludes(0), Interval(-0.1, 0.3).excludes(0), Interval(None, None).excludes(0)
        (True, False, False)
        """
        return (self.low is not None and self.low > value) or (self.high is not None and self.high < value)


NO_INTERVAL = Interval(None, None)


@dataclass(frozen=True)
class NpsCounts:
    """The answers behind a Net Promoter Score."""

    promoters_n: int
    passives_n: int
    detractors_n: int

    def __post_init__(self) -> None:
        if min(self.promoters_n, self.passives_n, self.detractors_n) < 0:
            raise BugError(f"counts cannot be negative: {self}")

    @property
    def n(self) -> int:
        """All answers."""
        return self.promoters_n + self.passives_n + self.detractors_n

    @property
    def score(self) -> float | None:
        """The score in points, -100 to 100; null without answers.

        >>> NpsCounts(5, 3, 2).score
        30.0
        """
        return 100 * (self.promoters_n - self.detractors_n) / self.n if self.n else None


def normal_quantile(level: float) -> float:
    """How many standard deviations either side of its mean a normal variable lies with probability `level`.

    >>> round(normal_quantile(0.95), 4)
    1.96
    """
    return NormalDist().inv_cdf((1 + level) / 2)


def wilson(hits_n: int, n: int, level: float = 0.95) -> Interval:
    """Interval for a share that behaves at small n and at 0 and 1.

    (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n), always within 0 to 1. Wilson (1927), Journal of the American
    Statistical Association 22:209-212. For shares of countable things only; n = 0 gives no interval.

    >>> wilson(8, 10).round(3)
    Interval(low=0.49, high=0.943)
    >>> wilson(0, 0)
    Interval(low=None, high=None)
    """
    if not 0 <= hits_n <= n:
        raise BugError(f"{hits_n} hits of {n} are no share")
    if n == 0:
        return NO_INTERVAL
    z = normal_quantile(level)
    centre = hits_n + z * z / 2
    half = z * sqrt(hits_n * (n - hits_n) / n + z * z / 4)
    low = 0.0 if hits_n == 0 else (centre - half) / (n + z * z)
    high = 1.0 if hits_n == n else (centre + half) / (n + z * z)
    return Interval(low, high)


def newcombe(hits_n: int, n: int, other_hits_n: int, other_n: int, level: float = 0.95) -> Interval:
    """Interval for the difference of two independent shares, hits_n / n minus other_hits_n / other_n.

    Method 10, the Wilson limits of both squared and added, without continuity correction: Newcombe (1998), Statistics
    in Medicine 17:873-890. Within -1 to 1; no interval where either n is 0.

    >>> newcombe(56, 70, 48, 80).round(4)
    Interval(low=0.0524, high=0.3339)
    """
    one, other = wilson(hits_n, n, level), wilson(other_hits_n, other_n, level)
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return NO_INTERVAL
    share, other_share = hits_n / n, other_hits_n / other_n
    difference = share - other_share
    down = sqrt((share - one.low) ** 2 + (other.high - other_share) ** 2)
    up = sqrt((one.high - share) ** 2 + (other_share - other.low) ** 2)
    return Interval(max(-1.0, difference - down), min(1.0, difference + up))


def nps(counts: NpsCounts, level: float = 0.95) -> Interval:
    """Interval for a Net Promoter Score in points, clipped to -100 to 100.

    Adjusted Wald: 3/4 of an answer is added to promoters and to detractors, 3/2 to passives, then
    score ± z sqrt((p + d - (p - d)²) / n). Rocks (2016), The American Statistician 70:365-372. At very small n the
    interval may exclude the raw score. No answers, no interval.

    >>> nps(NpsCounts(5, 3, 2)).round(1)
    Interval(low=-19.1, high=65.2)
    """
    if counts.n == 0:
        return NO_INTERVAL
    share, variance = _adjusted_nps(counts)
    half = normal_quantile(level) * sqrt(variance)
    return Interval(max(-100.0, 100 * (share - half)), min(100.0, 100 * (share + half)))


def nps_difference(counts: NpsCounts, other: NpsCounts, level: float = 0.95) -> Interval:
    """Interval for the difference of two independent Net Promoter Scores, `counts` minus `other`, in points.

    The difference of the adjusted scores ± z times the root of their summed variances, both as in `nps`, clipped to
    -200 to 200. No interval where either has no answers.

    >>> nps_difference(NpsCounts(50, 30, 20), NpsCounts(30, 30, 40)).round(1)
    Interval(low=16.9, high=60.8)
    """
    if counts.n == 0 or other.n == 0:
        return NO_INTERVAL
    (share, variance), (other_share, other_variance) = _adjusted_nps(counts), _adjusted_nps(other)
    half = normal_quantile(level) * sqrt(variance + other_variance)
    difference = share - other_share
    return Interval(max(-200.0, 100 * (difference - half)), min(200.0, 100 * (difference + half)))


def _adjusted_nps(counts: NpsCounts) -> tuple[float, float]:
    """Score as a share and its variance after three answers have been added."""
    n = counts.n + 3
    promoters, detractors = (counts.promoters_n + 0.75) / n, (counts.detractors_n + 0.75) / n
    share = promoters - detractors
    return share, (promoters + detractors - share * share) / n


@lru_cache(maxsize=65_536)
def order_statistic_ranks(n: int, q: float, level: float = 0.95) -> tuple[int, int] | None:
    """Ranks (1 = smallest of n values) between which the q-quantile lies with probability `level` or more.

    Free of any assumption about the values: the number of values below the quantile is binomial (n, q), and each rank
    is the tightest that leaves at most half of 1 - level in its own tail. Null where n is too small for one of them (a
    median at 95 % needs 6 values). David and Nagaraja (2003), Order Statistics, 3rd ed., section 7.1.

    Args:
        n: number of values.
        q: the quantile, between 0 and 1, both excluded.
        level: confidence.

    >>> order_statistic_ranks(6, 0.5), order_statistic_ranks(5, 0.5), order_statistic_ranks(100, 0.5)
    ((1, 6), None, (40, 61))
    """
    if n < 0 or not 0 < q < 1:
        raise BugError(f"no order statistics for n = {n}, q = {q}")
    tail = (1 - level) / 2 * _ROUNDING
    # All but about 1e-30 of the binomial lies in this window.
    spread = 12 * sqrt(n * q * (1 - q)) + 60
    first, last = max(0, floor(n * q - spread)), min(n, ceil(n * q + spread))
    counts = np.arange(first, last, dtype=np.float64)
    # Each probability over the one before it; sums of logs keep the far ends from vanishing too early.
    logs = np.concatenate(([0.0], np.cumsum(np.log((n - counts) / (counts + 1)) + np.log(q / (1 - q)))))
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    at_most = np.cumsum(weights)
    at_least = np.cumsum(weights[::-1])
    low = first + int(np.searchsorted(at_most, tail, side="right"))
    high = last + 1 - int(np.searchsorted(at_least, tail, side="right"))
    return (low, high) if low >= 1 and high <= n else None
