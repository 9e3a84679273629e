"""A question, read; and the buckets of its period."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from oracle.business import offset
from oracle.records import Window
from oracle.rows import naive_utc


@dataclass(frozen=True)
class Ask:
    """One question, as DESIGN's convention has it, with its instants as naive UTC."""

    metric: str
    by: tuple[str, ...]
    grain: str | None
    start: datetime
    end: datetime
    zone: str
    week_start: int
    where: tuple[tuple[str, str, tuple[Any, ...]], ...]
    stat: str | None
    within_s: float | None
    clock: str
    policy: str
    as_of: datetime
    options: dict[str, Any] = field(default_factory=dict)


def read(question: dict[str, Any], as_of: datetime) -> Ask:
    """The question with every default filled in."""
    zone = question.get("zone") or "UTC"
    start, end = (instant(edge, zone) for edge in question["period"])
    where = tuple((d, op, tuple(vs)) for d, op, vs in question.get("where") or ())
    return Ask(
        metric=question["metric"],
        by=tuple(question.get("by") or ()),
        grain=question.get("grain"),
        start=start,
        end=end,
        zone=zone,
        week_start=question.get("week_start") or 0,
        where=where,
        stat=question.get("stat"),
        within_s=question.get("within_s"),
        clock=question.get("clock") or "calendar",
        policy=question.get("schedule_policy") or "as_lived",
        as_of=as_of,
        options=question.get("options") or {},
    )


def instant(edge: Any, zone: str) -> datetime:
    """A UTC instant, or the start of a local date of `zone`."""
    if isinstance(edge, datetime):
        return naive_utc(edge)
    if isinstance(edge, date):
        return day_start(edge, zone)
    if len(edge) == 10:
        return day_start(date.fromisoformat(edge), zone)
    return naive_utc(datetime.fromisoformat(edge))


def local(at: datetime, zone: str) -> datetime:
    """The wall clock of `zone` at a naive UTC instant."""
    return at + offset(zone, at)


def day_start(day: date, zone: str) -> datetime:
    """The first instant of a local day; in a clock gap its first existing instant (ruling 12)."""
    wall = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    at = wall.astimezone(UTC).replace(tzinfo=None)
    while local(at - timedelta(minutes=1), zone).date() >= day:
        at -= timedelta(minutes=1)
    return at


def bucket_start(at: datetime, grain: str, zone: str, week_start: int) -> datetime:
    """Where the grain's bucket that holds `at` begins."""
    wall = local(at, zone)
    if grain == "hour":
        return at - timedelta(minutes=wall.minute, seconds=wall.second, microseconds=wall.microsecond)
    day = wall.date()
    if grain == "week":
        day -= timedelta(days=(day.weekday() - week_start) % 7)
    elif grain == "month":
        day = day.replace(day=1)
    elif grain == "quarter":
        day = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    elif grain == "year":
        day = day.replace(month=1, day=1)
    return day_start(day, zone)


def next_start(start: datetime, grain: str, zone: str, week_start: int) -> datetime:
    """Where the following bucket begins."""
    if grain == "hour":
        return bucket_start(start + timedelta(hours=1), grain, zone, week_start)
    step = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}[grain]
    day = local(start, zone).date()
    if grain in ("day", "week"):
        return day_start(day + timedelta(days=step), zone)
    return bucket_start(day_start(day + timedelta(days=step), zone), grain, zone, week_start)


def windows(ask: Ask) -> list[tuple[datetime | None, Window]]:
    """(bucket start or null, window) in order; a bucket is cut to the period but keeps its own start as its name."""
    if ask.grain is None:
        return [(None, Window(ask.start, ask.end, ask.as_of))]
    out: list[tuple[datetime | None, Window]] = []
    start = bucket_start(ask.start, ask.grain, ask.zone, ask.week_start)
    while start < ask.end:
        following = next_start(start, ask.grain, ask.zone, ask.week_start)
        out.append((start, Window(max(start, ask.start), min(following, ask.end), ask.as_of)))
        start = following
    return out
