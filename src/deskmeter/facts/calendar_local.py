"""Local hours and holidays of one schedule turned into business stretches on the UTC axis.

A stretch is a pair (start, end), half-open. Wall-clock stretches are in minutes since 1970-01-01 00:00 of the local
wall clock, UTC stretches in microseconds since 1970. Local days are numbered from 1970-01-01 = 0.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from deskmeter.base.time import MICROS_PER_DAY, MICROS_PER_SECOND, MICROSECOND, from_micros

Stretch = tuple[int, int]

MINUTES_PER_DAY = 1440
MICROS_PER_MINUTE = 60 * MICROS_PER_SECOND
_THURSDAY = 3  # weekday of 1970-01-01, counted from Monday = 0
_PROBE_US = MICROS_PER_DAY // 4  # no zone has changed its clocks twice within six hours


@dataclass(frozen=True)
class Hours:
    """One stretch of weekly hours; it belongs to the weekday on which it begins.

    `close_minute` is past 1440 where the stretch runs past midnight. `first_day` and `last_day` bound the days on
    which it may begin (null: no bound).
    """

    weekday: int
    open_minute: int
    close_minute: int
    first_day: int | None = None
    last_day: int | None = None


@dataclass(frozen=True)
class Closure:
    """A holiday: on each local day from `first_day` to `last_day`, both included, the minutes [from, to)."""

    first_day: int
    last_day: int
    from_minute: int = 0
    to_minute: int = MINUTES_PER_DAY


@dataclass(frozen=True)
class Regime:
    """Part [start_us, end_us) of the UTC axis during which a zone keeps one offset (wall clock minus UTC)."""

    start_us: int
    end_us: int
    offset_us: int


def united(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same time as sorted stretches that neither overlap nor touch.

    >>> united([(5, 7), (1, 3), (2, 5), (9, 9)])
    [(1, 7)]
    """
    result: list[Stretch] = []
    for start, end in sorted(stretches):
        if start >= end:
            continue
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def without(stretches: Sequence[Stretch], cuts: Sequence[Stretch]) -> list[Stretch]:
    """What remains of united `stretches` outside united `cuts`.

    >>> without([(0, 10), (20, 30)], [(3, 5), (8, 22)])
    [(0, 3), (5, 8), (22, 30)]
    """
    result: list[Stretch] = []
    index = 0
    for start, end in stretches:
        while index < len(cuts) and cuts[index][1] <= start:
            index += 1
        position = index
        while start < end and position < len(cuts) and cuts[position][0] < end:
            if cuts[position][0] > start:
                result.append((start, cuts[position][0]))
            start = max(start, cuts[position][1])
            position += 1
        if start < end:
            result.append((start, end))
    return result


def wall_stretches(hours: Iterable[Hours], closures: Iterable[Closure], first_day: int, last_day: int) -> list[Stretch]:
    """Business time on the wall clock that covers the local days `first_day` to `last_day`, both included.

    Overlapping hours are united; a closure cuts local calendar time whatever shift it is.

    >>> wall_stretches([Hours(3, 1320, 1800)], [Closure(1, 1)], 0, 7)
    [(1320, 1440), (11400, 11880)]
    """
    opened = []
    for row in hours:
        longest = row.close_minute // MINUTES_PER_DAY
        day = first_day - longest if row.first_day is None else max(first_day - longest, row.first_day)
        day += (row.weekday - day - _THURSDAY) % 7
        until = last_day if row.last_day is None else min(last_day, row.last_day)
        opened += [
            (d * MINUTES_PER_DAY + row.open_minute, d * MINUTES_PER_DAY + row.close_minute)
            for d in range(day, until + 1, 7)
        ]
    closed = []
    for closure in closures:
        # The day before first_day may hold a closure that runs past its midnight.
        days = range(max(first_day - 1, closure.first_day), min(last_day, closure.last_day) + 1)
        closed += [(d * MINUTES_PER_DAY + closure.from_minute, d * MINUTES_PER_DAY + closure.to_minute) for d in days]
    return without(united(opened), united(closed))


@lru_cache(maxsize=64)
def regimes(tz: ZoneInfo, start_us: int, end_us: int) -> tuple[Regime, ...]:
    """The offsets of a zone over [start_us, end_us), in order and without gaps.

    >>> day = 20_538 * MICROS_PER_DAY  # 2026-03-26, London changes on the 29th at 01:00 UTC
    >>> week = regimes(ZoneInfo("Europe/London"), day, day + 7 * MICROS_PER_DAY)
    >>> [(part.start_us - day) // MICROS_PER_MINUTE for part in week]
    [0, 4380]
    """
    result: list[Regime] = []
    begun, offset, at = start_us, _offset_us(tz, start_us), start_us
    while at < end_us:
        probe = min(at + _PROBE_US, end_us)
        then = _offset_us(tz, probe)
        if then != offset:
            change = _change(tz, at, probe)
            result.append(Regime(begun, change, offset))
            begun, offset = change, then
        at = probe
    if begun < end_us:
        result.append(Regime(begun, end_us, offset))
    return tuple(result)


def _offset_us(tz: ZoneInfo, at_us: int) -> int:
    offset = from_micros(at_us).astimezone(tz).utcoffset() or timedelta()
    return offset // MICROSECOND


def _change(tz: ZoneInfo, before_us: int, after_us: int) -> int:
    """The first instant of the offset that holds at `after_us` but not at `before_us`."""
    old = _offset_us(tz, before_us)
    while after_us - before_us > 1:
        middle = (before_us + after_us) // 2
        if _offset_us(tz, middle) == old:
            before_us = middle
        else:
            after_us = middle
    return after_us


def utc_stretches(wall: Sequence[Stretch], offsets: Iterable[Regime]) -> list[Stretch]:
    """United wall-clock `wall` (minutes) on the UTC axis (microseconds).

    Each regime is a copy of a piece of the wall clock. So wall time that is shown twice when clocks go back counts
    twice, as one stretch or as two, and wall time that is skipped does not count.

    >>> hour = 60 * MICROS_PER_MINUTE
    >>> back = [Regime(0, 2 * hour, hour), Regime(2 * hour, 4 * hour, 0)]  # 01:00-03:00, then 02:00-04:00
    >>> [(a / hour, b / hour) for a, b in utc_stretches([(90, 150)], back)]
    [(0.5, 1.5), (2.0, 2.5)]
    """
    ends = [end for _, end in wall]
    result: list[Stretch] = []
    for regime in offsets:
        low, high = regime.start_us + regime.offset_us, regime.end_us + regime.offset_us
        index = bisect_right(ends, low // MICROS_PER_MINUTE)
        while index < len(wall) and wall[index][0] * MICROS_PER_MINUTE < high:
            start = max(low, wall[index][0] * MICROS_PER_MINUTE)
            end = min(high, wall[index][1] * MICROS_PER_MINUTE)
            result.append((start - regime.offset_us, end - regime.offset_us))
            index += 1
    return united(result)
