"""Words and dates -> periods: half-open spans of a zone's local time, and the periods they are compared with.

What the words mean:

* `12w`, `30d`, `6m`, `2q`, `1y`, `24h` (with or without `last`): that many *complete* units before the running
  one. `7d` on a Wednesday afternoon ends with Tuesday; `1m` in May is the whole of April. So a period does not
  move while a day goes on, and no half week looks like a bad one.
* `last week`, `last month` ...: one complete unit. `yesterday` is `last day`.
* `this week`, `today` ...: the running unit so far, up to `as_of`.
* `2026`, `2026-05`, `2026-Q2`, `2026-W21`, `2026-05-04`: that year, month, quarter, ISO week or day, whole.
* `2026-01-01..2026-03-01`: from the first instant of the one to the first instant of the other, which is not in it.
* `all`: from the local day of the desk's first event to the end of that of its last one, or of `as_of` before it.

Days, weeks and longer units are those of the wall clock; an hour is 3,600 seconds.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from deskmeter.base.errors import AskerError, nearest
from deskmeter.base.time import EPOCH, GRAINS, Grain, add_grains, floor_date, local_instant, start_of_day, zone
from deskmeter.query.request import Comparison, Period

_UNITS: dict[str, Grain] = {
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "hour"),
    **dict.fromkeys(("d", "day", "days"), "day"),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), "week"),
    **dict.fromkeys(("m", "mo", "mon", "month", "months"), "month"),
    **dict.fromkeys(("q", "qtr", "quarter", "quarters"), "quarter"),
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), "year"),
}  # fmt: skip
_WORDS = ("today", "yesterday", "all", *(f"{which} {grain}" for which in ("this", "last") for grain in GRAINS))
_YEARS = (1900, 2200)  # what zone arithmetic and every engine can hold

_COUNTED = re.compile(r"(\d{1,6})?\s*([a-z]+)")
_INSTANT = re.compile(
    r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?\s?(Z|[+-]\d{2}:?\d{2})?)?)?)?",
    re.ASCII | re.IGNORECASE,
)
_NAMED = re.compile(r"(\d{4})(?:-(?:(Q)([1-4])|(W)(\d{2})|(\d{2})(?:-(\d{2}))?))?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Setting:
    """Where and when a question is put: what words such as `today` need.

    Attributes:
        begins_at, ends_at: the desk's first and last event, the ends of `all`; None: no event, then 1970 and `as_of`.
    """

    as_of: datetime
    zone: str
    week_start: int = 0
    begins_at: datetime | None = None
    ends_at: datetime | None = None

    @property
    def tz(self) -> ZoneInfo:
        """The zone itself."""
        return zone(self.zone)


def parse_period(text: str, setting: Setting) -> Period:
    """The period that `text` names; the words are listed at the top of this file.

    >>> at = Setting(datetime(2026, 5, 6, 15, tzinfo=UTC), "Europe/London")
    >>> format_period(parse_period("last 2w", at), at.tz)
    '2026-04-20..2026-05-04'

    Raises:
        AskerError: no such word or date, or the period is empty.
    """
    words = " ".join(text.lower().split())
    if words == "all":
        return _everything(setting)
    if words == "today":
        return this_unit("day", setting)
    if words == "yesterday":
        return last_units(1, "day", setting)
    if words.startswith("this "):
        return this_unit(_unit(words.removeprefix("this "), text), setting)
    if ".." in words:
        from_text, to_text = text.strip().split("..", 1)
        return period_between(from_text, to_text or None, setting)
    if _NAMED.fullmatch(words):
        return _named(words, setting.tz)
    counted = _COUNTED.fullmatch(words.removeprefix("last ").strip())
    if not counted:
        raise _no_period(text)
    if counted[1] is None and not words.startswith("last "):
        raise _no_period(text)
    return last_units(int(counted[1] or 1), _unit(counted[2], text), setting)


def last_units(count: int, grain: Grain, setting: Setting) -> Period:
    """The `count` complete units of `grain` before the running one; AskerError for 0 or beyond 1900."""
    if count < 1:
        raise AskerError(f"`last {count} {grain}` is empty; ask for at least 1 {grain}")
    tz, local = setting.tz, setting.as_of.astimezone(setting.tz)
    if grain == "hour":
        end = setting.as_of - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        _in_range(end.year - count // 8_766, f"last {count}h")
        return Period((end - timedelta(hours=count)).astimezone(UTC), end.astimezone(UTC))
    last_day = floor_date(local.date(), grain, setting.week_start)
    years = {"day": count // 365, "week": count // 52, "month": count // 12, "quarter": count // 4, "year": count}
    _in_range(last_day.year - years[grain], f"last {count} {grain}s")
    return Period(start_of_day(add_grains(last_day, grain, -count), tz), start_of_day(last_day, tz))


def this_unit(grain: Grain, setting: Setting) -> Period:
    """The running unit so far: from its first instant to `as_of`; AskerError if it begins at that very instant."""
    local = setting.as_of.astimezone(setting.tz)
    if grain == "hour":
        start = setting.as_of - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    else:
        start = start_of_day(floor_date(local.date(), grain, setting.week_start), setting.tz)
    if start >= setting.as_of:
        raise AskerError(f"`this {grain}` only begins at {local.isoformat()}; try `last {grain}`")
    return Period(start.astimezone(UTC), setting.as_of.astimezone(UTC))


def period_between(from_text: str, to_text: str | None, setting: Setting) -> Period:
    """[from, to) of two dates or instants; without `to_text` up to the end of the local day of `as_of`."""
    start = parse_instant(from_text, setting.tz, "from")
    if to_text is None:
        end = start_of_day(setting.as_of.astimezone(setting.tz).date() + timedelta(days=1), setting.tz)
    else:
        end = parse_instant(to_text, setting.tz, "to")
    return _checked(start, end, f"{from_text.strip()}..{(to_text or '').strip()}")


def parse_instant(text: str, tz: ZoneInfo, name: str = "time") -> datetime:
    """The UTC instant of a date (its first instant in `tz`) or of a time; one without an offset is read in `tz`.

    >>> parse_instant("2026-03-29", ZoneInfo("Europe/London")).isoformat()
    '2026-03-29T00:00:00+00:00'
    >>> parse_instant("2026-03-29 14:00", ZoneInfo("Europe/London")).isoformat()
    '2026-03-29T13:00:00+00:00'
    """
    found = _INSTANT.fullmatch(text.strip())
    if not found:
        raise AskerError(f"`{name}` cannot read `{text.strip()}`; write 2026-05-04 or 2026-05-04T09:30 or ...T09:30Z")
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    _in_range(int(year), text)
    try:
        on = date(int(year), int(month or 1), int(day or 1))
        wall = datetime(on.year, on.month, on.day, int(hour or 0), int(minute or 0), int(second or 0))
    except ValueError as error:
        raise AskerError(f"`{name}`: `{text.strip()}` does not exist ({error})") from None
    micros = timedelta(microseconds=int((fraction or "0").ljust(6, "0")))
    if offset is None:
        return local_instant(on, wall.hour * 60 + wall.minute, tz) + timedelta(seconds=wall.second) + micros
    return wall.replace(tzinfo=UTC) - _offset(offset, text) + micros


def format_instant(at: datetime, tz: ZoneInfo) -> str:
    """The shortest text that `parse_instant` reads back as `at`: a local date, or a UTC instant.

    >>> format_instant(datetime(2026, 6, 30, 23, tzinfo=UTC), ZoneInfo("Europe/London"))
    '2026-07-01'
    """
    day = at.astimezone(tz).date()
    return day.isoformat() if start_of_day(day, tz) == at else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def format_period(period: Period, tz: ZoneInfo) -> str:
    """`from..to`, which `parse_period` reads back as the same period."""
    return f"{format_instant(period.from_at, tz)}..{format_instant(period.to_at, tz)}"


def parse_comparison(text: str) -> Comparison | None:
    """previous, year or weekday; `none` is None."""
    known = get_args(Comparison)
    word = {"prev": "previous", "last year": "year", "weekdays": "weekday"}.get(
        text.strip().lower(), text.strip().lower()
    )
    if word == "none":
        return None
    for comparison in known:
        if word == comparison:
            return comparison  # type: ignore[no-any-return]  # get_args forgets the type of its own words
    raise AskerError(f"cannot compare with `{text}`{nearest(word, known)}; known: previous, year, weekday, none")


def comparison_period(period: Period, comparison: Comparison, tz: ZoneInfo) -> Period:
    """The period to compare with; it is always as long as `period` itself.

    previous: directly before. year: from the same local date a year earlier (29 February: from the 28th).
    weekday: moved back by the fewest whole weeks that clear the period, so that weekdays match.
    A period of whole local days is compared with as many local days, whatever the clocks did; any other with
    as many seconds, from the same wall-clock time on.
    """
    first, after = period.from_at.astimezone(tz).date(), period.to_at.astimezone(tz).date()
    is_whole_days = start_of_day(first, tz) == period.from_at and start_of_day(after, tz) == period.to_at
    length, days = period.to_at - period.from_at, (after - first).days
    if comparison == "previous":
        start = start_of_day(first - timedelta(days=days), tz) if is_whole_days else period.from_at - length
        return Period(start, period.from_at)
    if comparison == "year":
        moved = first.replace(year=first.year - 1, day=28 if (first.month, first.day) == (2, 29) else first.day)
    else:
        weeks = -(-days // 7) if is_whole_days else -(-length // timedelta(weeks=1))
        moved = first - timedelta(weeks=weeks)
    if is_whole_days:
        return Period(start_of_day(moved, tz), start_of_day(moved + timedelta(days=days), tz))
    wall = period.from_at.astimezone(tz)
    start = local_instant(moved, wall.hour * 60 + wall.minute, tz, wall.fold)
    start += timedelta(seconds=wall.second, microseconds=wall.microsecond)
    return Period(start, start + length)


def _everything(setting: Setting) -> Period:
    tz = setting.tz
    last = min(setting.as_of, setting.ends_at or setting.as_of)
    first = min(setting.begins_at or EPOCH, last)
    after = last.astimezone(tz).date() + timedelta(days=1)
    return Period(start_of_day(first.astimezone(tz).date(), tz), start_of_day(after, tz))


def _named(words: str, tz: ZoneInfo) -> Period:
    found = _NAMED.fullmatch(words)
    assert found is not None
    year, _, quarter, _, week, month, day = found.groups()
    _in_range(int(year), words)
    try:
        if week:
            first, grain = date.fromisocalendar(int(year), int(week), 1), "week"
        elif quarter:
            first, grain = date(int(year), 3 * int(quarter) - 2, 1), "quarter"
        else:
            first, grain = (
                date(int(year), int(month or 1), int(day or 1)),
                "day" if day else "month" if month else "year",
            )
    except ValueError as error:
        raise AskerError(f"the period `{words}` does not exist ({error})") from None
    return Period(start_of_day(first, tz), start_of_day(add_grains(first, _UNITS[grain], 1), tz))


def _unit(word: str, text: str) -> Grain:
    if word not in _UNITS:
        raise AskerError(f"no unit `{word}` in the period `{text}`{nearest(word, _UNITS)}; write h, d, w, m, q or y")
    return _UNITS[word]


def _offset(text: str, whole: str) -> timedelta:
    if text in "Zz":
        return timedelta()
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 18 or minutes > 59:
        raise AskerError(f"no offset `{text}` in `{whole.strip()}`; write Z or +02:00")
    return (1 if text[0] == "+" else -1) * timedelta(hours=hours, minutes=minutes)


def _checked(start: datetime, end: datetime, text: str) -> Period:
    if end <= start:
        raise AskerError(f"the period `{text}` is empty: it ends ({end.isoformat()}) before it starts")
    return Period(start, end)


def _in_range(year: int, text: str) -> None:
    if not _YEARS[0] <= year <= _YEARS[1]:
        raise AskerError(f"`{text}` reaches outside the years {_YEARS[0]} to {_YEARS[1]}")


def _no_period(text: str) -> AskerError:
    return AskerError(
        f"no period `{text}`{nearest(text, _WORDS)}; write 12w, 30d, this month, 2026-05 or 2026-01-01..2026-03-01"
    )
