"""The closed form of the business clock equals a walk minute by minute along the wall clock, forwards and backwards."""

import random
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import accumulate
from zoneinfo import ZoneInfo

import duckdb
import ibis
import pyarrow as pa
import pytest

from deskmeter.facts.calendar import Calendar, calendar, elapsed, reach

ZONES = (
    "America/New_York",
    "Europe/London",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "UTC",
)
FIRST, LAST = date(2023, 12, 1), date(2028, 1, 31)
SCHEDULES_PER_ZONE = 4
MINUTE_US = 60_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Wall:
    """A schedule as the walk sees it: plain rows of hours and holidays, read one local minute at a time."""

    id: str
    zone: str
    is_always: bool = False
    hours: list[tuple[int, int, int, date | None, date | None]] = field(default_factory=list)
    holidays: list[tuple[date, date | None, int | None, int | None]] = field(default_factory=list)

    def is_open(self, local: datetime) -> bool:
        if self.is_always:
            return True
        today, minute = local.date(), local.hour * 60 + local.minute
        for first, last, start, end in self.holidays:
            if first <= today <= (last or first) and (start or 0) <= minute < (1440 if end is None else end):
                return False
        for weekday, opened, closed, from_date, to_date in self.hours:
            days_ago = (today.weekday() - weekday) % 7
            if opened <= minute + 1440 * days_ago < closed:
                begun = today - timedelta(days=days_ago)
                if (from_date is None or from_date <= begun) and (to_date is None or begun <= to_date):
                    return True
        return False


@dataclass
class Walk:
    """Business minutes of one schedule over a window of UTC minutes, summed up as the walk goes."""

    wall: Wall
    start_us: int
    is_open: list[bool]
    sums: list[int]

    def before(self, at_us: int) -> int:
        """Business microseconds from the window's start to `at_us`."""
        minute, rest = divmod(at_us - self.start_us, MINUTE_US)
        return self.sums[minute] * MINUTE_US + (rest if rest and self.is_open[minute] else 0)

    def reached(self, at_us: int, needed_us: int) -> int | None:
        """The first instant after `needed_us` of business time; None beyond the window."""
        if needed_us == 0:
            return at_us
        aim = self.before(at_us) + needed_us
        minute = bisect_left(self.sums, -(-aim // MINUTE_US)) - 1
        if minute >= len(self.is_open):
            return None
        return self.start_us + minute * MINUTE_US + aim - self.sums[minute] * MINUTE_US


def walk(wall: Wall, start: datetime, days: int) -> Walk:
    tz = ZoneInfo(wall.zone)
    instants = (start + timedelta(minutes=m) for m in range(days * 1440))
    is_open = [wall.is_open(instant.astimezone(tz)) for instant in instants]
    start_us = (start - EPOCH) // timedelta(microseconds=1)
    return Walk(wall, start_us, is_open, [0, *accumulate(is_open)])


@cache
def clock_changes(zone: str) -> list[datetime]:
    """The UTC hours in which a zone changes its offset, 2024 to 2027."""
    tz, result = ZoneInfo(zone), []
    hour, last = datetime(2024, 1, 1, tzinfo=UTC), None
    while hour < datetime(2028, 1, 1, tzinfo=UTC):
        offset = hour.astimezone(tz).utcoffset()
        if last is not None and offset != last:
            result.append(hour)
        hour, last = hour + timedelta(hours=1), offset
    return result


def random_wall(number: int, zone: str, changes: list[datetime], rnd: random.Random) -> Wall:
    """Hours of every shape: split, overlapping, overnight, dated; holidays of whole and part days near the changes."""
    wall = Wall(f"w{number}", zone)
    for weekday in range(7):
        for _ in range(rnd.choice((0, 1, 1, 2, 3))):
            opened = rnd.choice((0, 30, 60, 90, 120, 540, 1320, 1439, rnd.randrange(1440)))
            closed = opened + rnd.choice((1, 30, 60, 90, 240, 480, 1440, rnd.randrange(1, 2000)))
            dates: tuple[date | None, date | None] = (None, None)
            if changes and rnd.random() < 0.3:
                near = rnd.choice(changes).date() + timedelta(days=rnd.randrange(-2, 3))
                dates = rnd.choice(((near, None), (None, near), (near, near + timedelta(days=rnd.randrange(300)))))
            wall.hours.append((weekday, opened, closed, *dates))
    for change in changes:
        if rnd.random() < 0.5:
            first = change.date() + timedelta(days=rnd.randrange(-2, 3))
            last = rnd.choice((None, first, first + timedelta(days=2)))
            wall.holidays.append((first, last, *rnd.choice(((None, None), (60, 150), (720, None), (None, 95)))))
    return wall


@cache
def cases() -> tuple[list[Wall], list[Walk]]:
    """Random schedules in each zone, walked around each of its clock changes and at a few other times."""
    rnd = random.Random(20_240_310)
    walls: list[Wall] = []
    walks: list[Walk] = []
    for zone in ZONES:
        changes = clock_changes(zone)
        of_zone = [random_wall(len(walls) + i, zone, changes, rnd) for i in range(SCHEDULES_PER_ZONE)]
        walls += of_zone
        others = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=rnd.randrange(1400)) for _ in range(4)]
        for i, middle in enumerate([*changes, *others]):
            start = middle.replace(hour=0) - timedelta(days=1)
            walks.append(walk(of_zone[i % SCHEDULES_PER_ZONE], start, 4))
            if middle in changes:
                walks.append(walk(of_zone[(i + 1) % SCHEDULES_PER_ZONE], start, 4))
    always = Wall("always", "Europe/London", is_always=True, holidays=[(date(2024, 3, 31), None, None, None)])
    return [*walls, always], [*walks, walk(always, datetime(2024, 3, 30, tzinfo=UTC), 3)]


def rows(columns: dict[str, pa.DataType], data: list[tuple[object, ...]]) -> pa.Table:
    whole = list(zip(*data, strict=True)) or [()] * len(columns)
    return pa.table({name: pa.array(whole[i], kind) for i, (name, kind) in enumerate(columns.items())})


def built(walls: list[Wall], first: date = FIRST, last: date = LAST) -> Calendar:
    text, whole, day = pa.string(), pa.int64(), pa.date32()
    schedules = rows(
        {"source": text, "id": text, "zone": text, "is_always": pa.bool_()},
        [("s", wall.id, wall.zone, wall.is_always) for wall in walls],
    )
    hours = rows(
        {
            "source": text, "id": text, "schedule": text, "weekday": whole,
            "open_minute": whole, "close_minute": whole, "from_date": day, "to_date": day,
        },
        [("s", str(i), wall.id, *row) for wall in walls for i, row in enumerate(wall.hours)],
    )  # fmt: skip
    holidays = rows(
        {
            "source": text, "id": text, "schedule": text, "first_date": day,
            "last_date": day, "from_minute": whole, "to_minute": whole,
        },
        [("s", str(i), wall.id, *row) for wall in walls for i, row in enumerate(wall.holidays)],
    )  # fmt: skip
    return calendar(schedules, hours, holidays, first, last)


@cache
def clock() -> Calendar:
    return built(cases()[0])


def asked(
    clock_: Calendar, spans: Sequence[tuple[str | None, int | None, int | None, int | None]]
) -> list[tuple[int | None, int | None]]:
    """(elapsed, reached) of each (schedule, from, to, needed), computed by the compiled expressions on DuckDB."""
    spans_table = rows(
        {"number": pa.int64(), "schedule": pa.string(), "a": pa.int64(), "b": pa.int64(), "needed": pa.int64()},
        [(i, *span) for i, span in enumerate(spans)],
    )
    tables = {"spans": spans_table, "days": clock_.days, "cuts": clock_.reach}
    bound = {name: ibis.table(ibis.Schema.from_pyarrow(table.schema), name=name) for name, table in tables.items()}
    timed = elapsed(bound["spans"], bound["days"], "schedule", "a", "b", "elapsed_us")
    timed = reach(timed, bound["days"], bound["cuts"], "schedule", "a", "needed", "reached_us")
    timed = timed.order_by("number").select("elapsed_us", "reached_us")
    with duckdb.connect() as connection:
        for name, table in tables.items():
            connection.register(name, table)
        return connection.execute(str(ibis.to_sql(timed, dialect="duckdb"))).fetchall()


def spans_of(walks: list[Walk], per_walk: int, rnd: random.Random) -> Iterator[tuple[Walk, int, int, int]]:
    """(walk, from, to, needed) with instants on and off the minute, forwards and backwards, and needs that just fit."""
    for one in walks:
        length = len(one.is_open) * MINUTE_US
        for _ in range(per_walk):
            unit = rnd.choice((1, 1, MINUTE_US, 30 * MINUTE_US))
            a, b = (one.start_us + rnd.randrange(length) // unit * unit for _ in range(2))
            if b < a and rnd.random() < 0.8:
                a, b = b, a
            exact = max(0, one.before(b) - one.before(a))
            yield one, a, b, rnd.choice((0, 1, exact, exact + 1, rnd.randrange(exact + 1)))


def test_every_zone_with_clock_changes_is_walked_through_eight_of_them() -> None:
    assert {zone: len(clock_changes(zone)) for zone in ZONES if clock_changes(zone)} == {
        zone: 8 for zone in ZONES if zone not in ("Asia/Kathmandu", "America/Sao_Paulo", "UTC")
    }


def test_elapsed_and_reached_equal_the_walk_to_the_microsecond() -> None:
    spans = list(spans_of(cases()[1], 60, random.Random(7)))
    answers = asked(clock(), [(f"s/{one.wall.id}", a, b, needed) for one, a, b, needed in spans])
    wrong: list[tuple[object, ...]] = []
    compared = 0
    for (one, a, b, needed), (elapsed_us, reached_us) in zip(spans, answers, strict=True):
        if elapsed_us != one.before(b) - one.before(a):
            wrong.append((one.wall, a, b, elapsed_us))
        expected = one.reached(a, needed)
        if expected is not None:
            compared += 1
            if reached_us != expected:
                wrong.append((one.wall, a, needed, reached_us, expected))
    assert wrong[:2] == []
    assert compared > len(spans) * 0.8


def test_the_calendar_does_not_depend_on_where_it_starts_and_ends() -> None:
    spans = list(spans_of(cases()[1], 4, random.Random(8)))
    asks = [(f"s/{one.wall.id}", a, b, needed) for one, a, b, needed in spans]
    longer = built(cases()[0], date(2022, 6, 1), date(2030, 1, 1))
    assert [e for e, _ in asked(longer, asks)] == [e for e, _ in asked(clock(), asks)]


@pytest.mark.parametrize(("schedule", "a", "b", "needed"), [(None, 0, 1, 1), ("s/w0", None, 1, 1), ("s/none", 0, 1, 0)])
def test_what_is_unknown_has_no_business_time(
    schedule: str | None, a: int | None, b: int | None, needed: int | None
) -> None:
    at = clock().first_us
    span = (schedule, None if a is None else at + a, None if b is None else at + b, needed)
    assert asked(clock(), [span]) == [(None, None)]
