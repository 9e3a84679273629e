"""Kaplan-Meier curves: how long until it happens, when for some it has not happened yet."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deskmeter.base.errors import BugError
from deskmeter.stats.intervals import NO_INTERVAL, Interval, normal_quantile

Floats = NDArray[np.float64]
Wholes = NDArray[np.int64]

_ROUNDING = 1e-12  # S is a product of fractions; equal to the last digit but these is equal


@dataclass(frozen=True, eq=False)
class SurvivalCurve:
    """A Kaplan-Meier curve: one entry per distinct event time, rising; S is 1 before the first and flat in between.

        times  at_risk  events  survival  variance
        6      21       3       0.857     0.0079      21 subjects, 3 had the event at 6, 1 was lost right after
        7      17       1       0.807     0.0116

    `variance` is Greenwood's sum of d / (n (n - d)), the variance of log S; infinite where S is 0. `longest` is the
    longest observation, with or without event; null without subjects.
    """

    times: Floats
    at_risk: Wholes
    events: Wholes
    survival: Floats
    variance: Floats
    n: int
    longest: float | None

    def at(self, time: float) -> float | None:
        """S(time), the share for which it has not happened by then; null beyond the longest observation unless S is 0.

        >>> curve = kaplan_meier([1, 2, 2, 5], [True, True, False, False])
        >>> curve.at(0), curve.at(2), curve.at(5), curve.at(6)
        (1.0, 0.5, 0.5, None)
        """
        index = self._step(time)
        survival = 1.0 if index < 0 else float(self.survival[index])
        if self.longest is None or (time > self.longest and survival > 0):
            return None
        return survival

    def interval_at(self, time: float, level: float = 0.95) -> Interval:
        """Interval for S(time) from Greenwood's variance on the log(-log S) scale, so always within 0 to 1.

        S ** exp(±z sqrt(variance) / log S): Kalbfleisch and Prentice (1980), The Statistical Analysis of Failure Time
        Data, section 1.3. None where S is null, 1 (no event yet) or 0, where that scale ends.

        >>> kaplan_meier([1, 2, 2, 5], [True, True, False, False]).interval_at(2).round(3)
        Interval(low=0.058, high=0.845)
        """
        index = self._step(time)
        if self.at(time) is None or index < 0 or self.survival[index] <= 0:
            return NO_INTERVAL
        low, high = self._bands(level)
        return Interval(float(low[index]), float(high[index]))

    def quantile(self, q: float) -> float | None:
        """The smallest time with S <= 1 - q; null where the curve does not come down so far.

        >>> kaplan_meier([1, 2, 2, 5], [True, True, False, False]).quantile(0.5)
        2.0
        """
        if not 0 < q <= 1:
            raise BugError(f"no survival quantile {q}; it lies above 0 and up to 1")
        return self._first_below(self.survival, 1 - q)

    def quantile_interval(self, q: float, level: float = 0.95) -> Interval:
        """Interval for the q-quantile: the times at which the two bands of S come down to 1 - q.

        Brookmeyer and Crowley (1982), Biometrics 38:29-41, with the log-log bands of `interval_at`. A limit is null
        where its band never comes down so far.

        >>> kaplan_meier([1, 2, 2, 5], [True, True, False, False]).quantile_interval(0.5)
        Interval(low=1.0, high=None)
        """
        low, high = self._bands(level)
        return Interval(self._first_below(low, 1 - q), self._first_below(high, 1 - q))

    def _step(self, time: float) -> int:
        return int(np.searchsorted(self.times, time, side="right")) - 1

    def _bands(self, level: float) -> tuple[Floats, Floats]:
        """Lower and upper band at each event time; where S is 0 the lower is 0 and the upper says nothing (1)."""
        low, high = np.zeros_like(self.survival), np.ones_like(self.survival)
        inside = self.survival > 0
        survival = self.survival[inside]
        width = normal_quantile(level) * np.sqrt(self.variance[inside]) / np.log(survival)
        low[inside], high[inside] = survival ** np.exp(-width), survival ** np.exp(width)
        return low, high

    def _first_below(self, values: Floats, limit: float) -> float | None:
        below = np.flatnonzero(values <= limit + _ROUNDING)
        return float(self.times[below[0]]) if below.size else None


def kaplan_meier(durations: Sequence[float] | Floats, is_event: Sequence[bool] | NDArray[np.bool_]) -> SurvivalCurve:
    """The curve of subjects each watched for a duration, at the end of which the event came or the watch ended.

    Kaplan and Meier (1958), Journal of the American Statistical Association 53:457-481. Where both happen at one
    time, events come first: who was lost then was still at risk.

    Args:
        durations: how long each subject was watched, 0 or more.
        is_event: whether the event came (true) or the watch ended without it (false).

    >>> kaplan_meier([3, 1, 3], [True, True, False]).survival.round(3).tolist()
    [0.667, 0.333]
    """
    happened = np.asarray(is_event, dtype=np.int64)
    return kaplan_meier_counts(durations, happened, 1 - happened)


def kaplan_meier_counts(
    durations: Sequence[float] | Floats, events: Sequence[int] | Wholes, censored: Sequence[int] | Wholes
) -> SurvivalCurve:
    """The same curve from counts: `events` and `censored` subjects that ended at each duration, in any order.

    >>> kaplan_meier_counts([1, 3], [1, 1], [0, 1]).survival.round(3).tolist()
    [0.667, 0.333]
    """
    watched = np.asarray(durations, dtype=np.float64)
    happened, lost = np.asarray(events, dtype=np.int64), np.asarray(censored, dtype=np.int64)
    if watched.size and (watched.min() < 0 or min(happened.min(), lost.min()) < 0):
        raise BugError("a survival curve takes durations and counts of 0 or more")
    times, place = np.unique(watched, return_inverse=True)
    events_n, lost_n = np.zeros(times.size, dtype=np.int64), np.zeros(times.size, dtype=np.int64)
    np.add.at(events_n, place, happened)
    np.add.at(lost_n, place, lost)
    ended = events_n + lost_n
    at_risk = ended[::-1].cumsum()[::-1]
    kept = events_n > 0
    at_risk, events_n, seen = at_risk[kept], events_n[kept], times[ended > 0]
    with np.errstate(divide="ignore"):  # the last step down to 0 has an infinite variance of log S
        terms = events_n / (at_risk * (at_risk - events_n).astype(np.float64))
    return SurvivalCurve(
        times=times[kept],
        at_risk=at_risk,
        events=events_n,
        survival=np.cumprod((at_risk - events_n) / at_risk),
        variance=np.cumsum(terms),
        n=int(ended.sum()),
        longest=float(seen[-1]) if seen.size else None,
    )
