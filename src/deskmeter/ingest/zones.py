"""Local wall-clock times become UTC instants, many at once, exact at every change of the clocks."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from deskmeter.base.time import MICROS_PER_DAY, MICROSECOND, from_micros, to_micros
from deskmeter.base.time import zone as known_zone

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_FIRST = datetime(1900, 1, 1, tzinfo=UTC)
_LAST = datetime(2101, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Offsets:
    """A zone's changes between two years: from `starts[k]` (UTC microseconds) on, local = UTC + `offsets[k]`."""

    starts: Ints
    offsets: Ints


def local_to_utc(local: Ints, zone: str) -> tuple[Ints, Mask, Mask]:
    """UTC microseconds of local ones, and which do not exist or exist twice.

    A time that does not exist is the first existing instant after the gap; one that exists twice is the first.

    >>> spring, autumn = datetime(2026, 3, 29, 1, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    >>> utc, moved, doubled = local_to_utc(np.array([to_micros(spring), to_micros(autumn)]), "Europe/London")
    >>> [from_micros(int(at)).isoformat() for at in utc]
    ['2026-03-29T01:00:00+00:00', '2026-10-25T00:30:00+00:00']
    >>> moved.tolist(), doubled.tolist()
    ([True, False], [False, True])
    """
    nothing = np.zeros(len(local), dtype=bool)
    if zone == "UTC" or not len(local):
        return local, nothing, nothing
    changes = _offsets(zone, _year(int(local.min()) - 2 * MICROS_PER_DAY), _year(int(local.max()) + 2 * MICROS_PER_DAY))
    ends = np.append(changes.starts[1:], np.iinfo(np.int64).max - MICROS_PER_DAY) + changes.offsets
    segment = np.minimum(np.searchsorted(ends, local, side="right"), len(ends) - 1)
    begins = changes.starts[segment] + changes.offsets[segment]
    moved = (local < begins) & (segment > 0)
    utc = np.where(moved, changes.starts[segment], local - changes.offsets[segment])
    after = np.minimum(segment + 1, len(ends) - 1)
    doubled = (after > segment) & (local >= changes.starts[after] + changes.offsets[after])
    return utc, moved, doubled


def _year(micros: int) -> int:
    return from_micros(min(max(micros, to_micros(_FIRST)), to_micros(_LAST))).year


@lru_cache(maxsize=64)
def _offsets(name: str, first_year: int, last_year: int) -> Offsets:
    tz = known_zone(name)
    day = datetime(first_year, 1, 1, tzinfo=UTC)
    end = datetime(last_year + 1, 1, 1, tzinfo=UTC)
    starts, offsets = [to_micros(day) - 400 * MICROS_PER_DAY], [_offset(day, tz)]
    while day < end:
        tomorrow = day + timedelta(days=1)
        if _offset(tomorrow, tz) != offsets[-1]:
            starts.append(to_micros(_change(day, tomorrow, tz)))
            offsets.append(_offset(tomorrow, tz))
        day = tomorrow
    return Offsets(np.array(starts, dtype=np.int64), np.array(offsets, dtype=np.int64))


def _offset(at: datetime, tz: ZoneInfo) -> int:
    """Microseconds by which the wall clock of `tz` runs ahead of UTC at `at`."""
    return to_micros(at.astimezone(tz).replace(tzinfo=UTC)) - to_micros(at)


def _change(early: datetime, late: datetime, tz: ZoneInfo) -> datetime:
    """The instant between the two at which the offset changes, found by halving."""
    before = _offset(early, tz)
    while late - early > MICROSECOND:
        middle = early + (late - early) // 2
        if _offset(middle, tz) == before:
            early = middle
        else:
            late = middle
    return late
