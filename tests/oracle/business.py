"""The business clock as a walk over intervals, and which schedule a ticket lived under."""

from datetime import date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from oracle.rows import History, Row

MICRO = timedelta(microseconds=1)
DAY = timedelta(days=1)
UTC = ZoneInfo("UTC")


def micros(delta: timedelta) -> int:
    """Whole microseconds of a span."""
    return delta // MICRO


def offset(zone: str, at: datetime) -> timedelta:
    """UTC offset of `zone` at a naive UTC instant."""
    value = at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).utcoffset()
    return value if value is not None else timedelta(0)


@cache
def _change(zone: str, day: date) -> datetime | None:
    """The instant within the UTC day [day, day + 1] at which the offset changes, if it does."""
    low = datetime(day.year, day.month, day.day)
    high = low + DAY
    before = offset(zone, low)
    if offset(zone, high) == before:
        return None
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        low, high = (middle, high) if offset(zone, middle) == before else (low, middle)
    return high


def steady_parts(zone: str, start: datetime, end: datetime) -> list[tuple[datetime, datetime, timedelta]]:
    """[start, end) cut where the offset changes: (from, to, offset)."""
    parts, at, day = [], start, start.date()
    while day <= end.date():
        change = _change(zone, day)
        if change is not None and at < change < end:
            parts.append((at, change, offset(zone, at)))
            at = change
        day += DAY
    parts.append((at, end, offset(zone, at)))
    return parts


class Schedules:
    """The schedules of one source."""

    def __init__(self, tables: History) -> None:
        self.rows = {row["id"]: row for row in tables["schedule"]}
        self.hours = tables["schedule_hours"]
        self.holidays = tables["holiday"]
        self.default = min((i for i, row in self.rows.items() if row.get("is_default")), default=None)
        self._days: dict[tuple[str, date], list[tuple[int, int]]] = {}

    def business(self, schedule: str, start: datetime, end: datetime) -> int:
        """Business microseconds in [start, end): instants whose wall clock lies in the hours (ruling 13)."""
        row = self.rows[schedule]
        if row.get("is_always"):
            return micros(end - start)
        total = 0
        for part_start, part_end, shift in steady_parts(row["zone"], start, end):
            wall_start, wall_end = part_start + shift, part_end + shift
            day = wall_start.date()
            while day <= wall_end.date():
                midnight = datetime(day.year, day.month, day.day)
                for minute_from, minute_to in self.day(schedule, day):
                    a = max(wall_start, midnight + timedelta(minutes=minute_from))
                    b = min(wall_end, midnight + timedelta(minutes=minute_to))
                    total += max(0, micros(b - a))
                day += DAY
        return total

    def day(self, schedule: str, day: date) -> list[tuple[int, int]]:
        """Business minutes [from, to) of one local calendar day: the union of hours less the holidays."""
        if (schedule, day) not in self._days:
            minutes = [False] * 1440
            for row in self.hours:
                if row["schedule"] == schedule:
                    _paint(minutes, row, day)
            for row in self.holidays:
                if row.get("schedule") in (None, schedule):
                    _wipe(minutes, row, day)
            self._days[schedule, day] = _runs(minutes)
        return self._days[schedule, day]


def _paint(minutes: list[bool], row: Row, day: date) -> None:
    """Open the minutes of `day` that a stretch beginning on it or on an earlier day covers."""
    for back in range(row["close_minute"] // 1440 + 1):
        begun = day - back * DAY
        if begun.weekday() != row["weekday"]:
            continue
        if (row.get("from_date") and begun < row["from_date"]) or (row.get("to_date") and begun > row["to_date"]):
            continue
        first, last = row["open_minute"] - back * 1440, row["close_minute"] - back * 1440
        for minute in range(max(0, first), min(1440, last)):
            minutes[minute] = True


def _wipe(minutes: list[bool], row: Row, day: date) -> None:
    """A holiday is local calendar time, whatever shift it cuts (ruling 13)."""
    if row["first_date"] <= day <= (row.get("last_date") or row["first_date"]):
        first, last = row.get("from_minute"), row.get("to_minute")
        for minute in range(first or 0, 1440 if last is None else min(1440, last)):
            minutes[minute] = False


def _runs(minutes: list[bool]) -> list[tuple[int, int]]:
    runs, begun = [], None
    for minute, is_open in enumerate([*minutes, False]):
        if is_open and begun is None:
            begun = minute
        elif not is_open and begun is not None:
            runs.append((begun, minute))
            begun = None
    return runs


class Lived:
    """Which schedule one ticket lived under: spans (from, to, schedule), either end open as None."""

    def __init__(self, schedules: Schedules, spans: list[tuple[datetime | None, datetime | None, str]]) -> None:
        self.schedules = schedules
        self.spans = [span for span in spans if span[2] in schedules.rows]

    def at(self, moment: datetime) -> str | None:
        """The schedule in force: of several spans the one begun last; in a gap the default (ruling 14)."""
        holding = [s for s in self.spans if (s[0] is None or s[0] <= moment) and (s[1] is None or moment < s[1])]
        if not holding:
            return self.schedules.default
        return max(holding, key=lambda s: (s[0] or datetime.min, s[2]))[2]

    def last(self, moment: datetime) -> str | None:
        """Ruling 75: the last schedule known at the end of the span that is measured."""
        begun = [s for s in self.spans if s[0] is None or s[0] <= moment]
        return max(begun, key=lambda s: (s[0] or datetime.min, s[2]))[2] if begun else self.schedules.default

    def business(self, start: datetime, end: datetime, policy: str, last_at: datetime | None = None) -> int | None:
        """Business microseconds of [start, end); null if any part (or a 0 s span itself) has no schedule."""
        if policy == "last_schedule":
            schedule = self.last(last_at or end)
            return None if schedule is None else self.schedules.business(schedule, start, end)
        cuts = sorted({edge for s in self.spans for edge in s[:2] if edge is not None and start < edge < end})
        total = 0
        edges = [start, *cuts, end]
        for a, b in pairwise(edges):
            schedule = self.at(a)
            if schedule is None:
                return None
            total += self.schedules.business(schedule, a, b)
        return total

    def elapsed(
        self, start: datetime, end: datetime, clock: str, policy: str, last_at: datetime | None = None
    ) -> int | None:
        """Microseconds from start to end by the named clock."""
        if clock == "calendar":
            return micros(end - start)
        return self.business(start, end, policy, last_at)
