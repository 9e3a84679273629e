"""The only reader of the clock, and the instants, zones and grains that all else speaks of."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from deskmeter.base.errors import AskerError, nearest

Grain = Literal["hour", "day", "week", "month", "quarter", "year"]
GRAINS: tuple[Grain, ...] = ("hour", "day", "week", "month", "quarter", "year")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MICROS_PER_SECOND = 1_000_000
MICROS_PER_DAY = 86_400 * MICROS_PER_SECOND


def now() -> datetime:
    """The present instant in UTC. Nothing else in deskmeter reads the clock."""
    return datetime.now(UTC)


def to_micros(at: datetime) -> int:
    """Microseconds since 1970 of an aware instant.

    >>> to_micros(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000000
    """
    return (at - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware UTC instant of microseconds since 1970.

    >>> from_micros(1_000_000).isoformat()
    '1970-01-01T00:00:01+00:00'
    """
    return EPOCH + timedelta(microseconds=micros)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())  # it walks through folders at every call


def zone(name: str) -> ZoneInfo:
    """The IANA zone called `name`; AskerError with the nearest names if there is none."""
    if name != "UTC" and name not in _zones():
        raise AskerError(f"no time zone `{name}`{nearest(name, _zones())}")
    return ZoneInfo(name)


def local_instant(day: date, minute: int, tz: ZoneInfo, fold: int = 0) -> datetime:
    """The UTC instant at which the wall clock of `tz` shows `minute` of `day`.

    A wall time that does not exist (clocks go forward) is the first existing instant after the gap;
    one that exists twice is the first (`fold=0`) or the second (`fold=1`).

    >>> local_instant(date(2026, 3, 29), 90, ZoneInfo("Europe/London")).isoformat()
    '2026-03-29T01:00:00+00:00'
    """
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
    at = wall.replace(tzinfo=tz, fold=fold).astimezone(UTC)
    if at.astimezone(tz).replace(tzinfo=None) == wall:
        return at
    before = wall.replace(tzinfo=tz, fold=0).utcoffset()
    after = wall.replace(tzinfo=tz, fold=1).utcoffset()
    assert before is not None and after is not None
    return _first_after_gap(wall, min(before, after), max(before, after), tz)


def _first_after_gap(wall: datetime, low: timedelta, high: timedelta, tz: ZoneInfo) -> datetime:
    """The instant of the transition that swallowed `wall`, found by halving between the two readings."""
    early = (wall - high).replace(tzinfo=UTC)
    late = (wall - low).replace(tzinfo=UTC)
    while late - early > MICROSECOND:
        middle = early + (late - early) // 2
        if middle.astimezone(tz).utcoffset() == high:
            late = middle
        else:
            early = middle
    return late


def start_of_day(day: date, tz: ZoneInfo) -> datetime:
    """The first instant of a local day, also where midnight does not exist."""
    return local_instant(day, 0, tz)


def floor_date(day: date, grain: Grain, week_start: int = 0) -> date:
    """First local day of the bucket that holds `day` (`week_start` 0 Monday to 6 Sunday).

    >>> floor_date(date(2026, 11, 22), "week")
    datetime.date(2026, 11, 16)
    """
    if grain == "week":
        return day - timedelta(days=(day.weekday() - week_start) % 7)
    if grain == "month":
        return day.replace(day=1)
    if grain == "quarter":
        return day.replace(month=3 * ((day.month - 1) // 3) + 1, day=1)
    if grain == "year":
        return day.replace(month=1, day=1)
    return day


def add_grains(day: date, grain: Grain, count: int) -> date:
    """`day` (a bucket's first day) moved by `count` buckets of a grain of a day or more.

    >>> add_grains(date(2026, 1, 1), "quarter", -1)
    datetime.date(2025, 10, 1)
    """
    if grain in ("hour", "day"):
        return day + timedelta(days=count)
    if grain == "week":
        return day + timedelta(weeks=count)
    months = {"month": 1, "quarter": 3, "year": 12}[grain] * count
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def buckets(start: datetime, end: datetime, grain: Grain | None, tz: ZoneInfo, week_start: int = 0) -> list[datetime]:
    """The edges of the buckets of [start, end) in `tz`: n + 1 UTC instants, the outer two clipped.

    >>> [e.hour for e in buckets(datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC), None, ZoneInfo("UTC"))]
    [0, 0]
    """
    if grain is None:
        return [start, end]
    edges = [start]
    if grain == "hour":
        edge = start.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        offset = start.astimezone(tz).utcoffset() or timedelta()
        edge -= timedelta(seconds=offset.total_seconds() % 3600)
        if edge <= start:
            edge += timedelta(hours=1)
        while edge < end:
            edges.append(edge)
            edge += timedelta(hours=1)
    else:
        day = add_grains(floor_date(start.astimezone(tz).date(), grain, week_start), grain, 1)
        while (edge := start_of_day(day, tz)) < end:
            if edge > edges[-1]:
                edges.append(edge)
            day = add_grains(day, grain, 1)
    return [*edges, end]
