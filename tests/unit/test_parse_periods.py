"""Words and dates become the periods that an analyst expects, in every zone and across every clock change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskmeter.base.errors import AskerError
from deskmeter.base.time import GRAINS, start_of_day
from deskmeter.query.periods import (
    Setting,
    comparison_period,
    format_instant,
    format_period,
    last_units,
    parse_comparison,
    parse_instant,
    parse_period,
    period_between,
    this_unit,
)
from deskmeter.query.request import Comparison, Period

ZONES = (
    "UTC", "Europe/London", "America/New_York", "America/Santiago", "Australia/Lord_Howe", "Asia/Kathmandu",
    "Africa/Cairo", "Asia/Beirut",
)  # fmt: skip
WEDNESDAY = Setting(datetime(2026, 5, 6, 14, 20, 5, tzinfo=UTC), "Europe/London")

instants = st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))
zones = st.sampled_from(ZONES).map(ZoneInfo)


def local(period: Period, zone: str = "Europe/London") -> tuple[str, str]:
    tz = ZoneInfo(zone)
    return period.from_at.astimezone(tz).strftime("%F %H:%M"), period.to_at.astimezone(tz).strftime("%F %H:%M")


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("7d", "2026-04-29 00:00", "2026-05-06 00:00"),
        ("last 7 days", "2026-04-29 00:00", "2026-05-06 00:00"),
        ("2w", "2026-04-20 00:00", "2026-05-04 00:00"),
        ("last week", "2026-04-27 00:00", "2026-05-04 00:00"),
        ("1m", "2026-04-01 00:00", "2026-05-01 00:00"),
        ("6m", "2025-11-01 00:00", "2026-05-01 00:00"),
        ("last quarter", "2026-01-01 00:00", "2026-04-01 00:00"),
        ("1y", "2025-01-01 00:00", "2026-01-01 00:00"),
        ("24h", "2026-05-05 15:00", "2026-05-06 15:00"),
        ("yesterday", "2026-05-05 00:00", "2026-05-06 00:00"),
        ("today", "2026-05-06 00:00", "2026-05-06 15:20"),
        ("This  Week", "2026-05-04 00:00", "2026-05-06 15:20"),
        ("this hour", "2026-05-06 15:00", "2026-05-06 15:20"),
        ("this year", "2026-01-01 00:00", "2026-05-06 15:20"),
        ("2025", "2025-01-01 00:00", "2026-01-01 00:00"),
        ("2026-03", "2026-03-01 00:00", "2026-04-01 00:00"),
        ("2026-Q1", "2026-01-01 00:00", "2026-04-01 00:00"),
        ("2026-w01", "2025-12-29 00:00", "2026-01-05 00:00"),
        ("2026-03-29", "2026-03-29 00:00", "2026-03-30 00:00"),
        ("2026-01-01..2026-03-01", "2026-01-01 00:00", "2026-03-01 00:00"),
        ("2026-01-01T09:30..2026-01-01T10:00Z", "2026-01-01 09:30", "2026-01-01 10:00"),
        ("2026-05-01..", "2026-05-01 00:00", "2026-05-07 00:00"),
        ("all", "1970-01-01 00:00", "2026-05-07 00:00"),
    ],
)
def test_a_period_word_means_one_span(text: str, start: str, end: str) -> None:
    assert local(parse_period(text, WEDNESDAY)) == (start, end)


def test_all_runs_from_the_desks_first_day_to_its_last() -> None:
    first, last = datetime(2025, 7, 1, 9, tzinfo=UTC), datetime(2026, 2, 3, 23, 30, tzinfo=UTC)
    setting = Setting(WEDNESDAY.as_of, "Europe/London", 0, first, last)
    assert local(parse_period("all", setting)) == ("2025-07-01 00:00", "2026-02-04 00:00")
    before = Setting(first.replace(year=2024), "Europe/London", 0, first, last)
    assert local(parse_period("all", before)) == ("2024-07-01 00:00", "2024-07-02 00:00")


def test_a_week_may_start_on_sunday() -> None:
    setting = Setting(WEDNESDAY.as_of, "Europe/London", week_start=6)
    assert local(parse_period("last week", setting)) == ("2026-04-26 00:00", "2026-05-03 00:00")


def test_the_day_on_which_the_clocks_change_has_23_or_25_hours() -> None:
    spring, autumn = parse_period("2026-03-29", WEDNESDAY), parse_period("2026-10-25", WEDNESDAY)
    assert spring.to_at - spring.from_at == timedelta(hours=23)
    assert autumn.to_at - autumn.from_at == timedelta(hours=25)


def test_24_hours_are_24_hours_across_a_change() -> None:
    period = last_units(24, "hour", Setting(datetime(2026, 3, 29, 12, 30, tzinfo=UTC), "Europe/London"))
    assert local(period) == ("2026-03-28 12:00", "2026-03-29 13:00")


def test_hours_are_whole_on_the_wall_of_a_zone_with_odd_minutes() -> None:
    period = last_units(2, "hour", Setting(datetime(2026, 5, 6, 12, 50, tzinfo=UTC), "Asia/Kathmandu"))
    assert local(period, "Asia/Kathmandu") == ("2026-05-06 16:00", "2026-05-06 18:00")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("12x", "no unit `x` in the period `12x`"),
        ("this weak", "did you mean `week`"),
        ("yestrday", "did you mean `yesterday`"),
        ("", "no period ``"),
        ("week", "no period `week`; did you mean"),
        ("0d", "at least 1 day"),
        ("999999y", "outside the years"),
        ("999999d", "outside the years"),
        ("2026-13", "does not exist"),
        ("2026-02-30", "does not exist"),
        ("2026-W60", "does not exist"),
        ("9999", "outside the years"),
        ("2026-03-01..2026-01-01", "is empty"),
        ("2026-03-01..2026-03-01", "is empty"),
        ("2026-3-1..2026-04-01", "`from` cannot read `2026-3-1`"),
        ("2026-03-01..soon", "`to` cannot read `soon`"),
        ("2026-03-01T25:00..2026-04-01", "does not exist"),
        ("2026-03-01T10:00+25:00..2026-04-01", "no offset `+25:00`"),
    ],
)
def test_a_wrong_period_is_one_clear_line(text: str, part: str) -> None:
    with pytest.raises(AskerError) as caught:
        parse_period(text, WEDNESDAY)
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_running_unit_that_only_begins_now_is_refused() -> None:
    midnight = Setting(datetime(2026, 5, 1, tzinfo=UTC), "UTC")
    with pytest.raises(AskerError, match="try `last month`"):
        this_unit("month", midnight)
    assert local(last_units(1, "month", midnight), "UTC") == ("2026-04-01 00:00", "2026-05-01 00:00")


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-03-29T01:30", "2026-03-29T01:00:00+00:00"),  # does not exist: the first existing instant
        ("2026-10-25T01:30", "2026-10-25T00:30:00+00:00"),  # exists twice: the first
        ("2026-10-25T01:30+00:00", "2026-10-25T01:30:00+00:00"),
        ("2026-07-01 09:15:30.5", "2026-07-01T08:15:30.500000+00:00"),
        ("2026-07", "2026-06-30T23:00:00+00:00"),
        ("2026-07-01T12:00-0530", "2026-07-01T17:30:00+00:00"),
    ],
)
def test_an_instant_is_read_in_the_zone(text: str, utc: str) -> None:
    assert parse_instant(text, ZoneInfo("Europe/London")).isoformat() == utc


def test_a_day_without_midnight_begins_at_its_first_instant() -> None:
    assert parse_instant("2026-04-24", ZoneInfo("Africa/Cairo")).isoformat() == "2026-04-23T22:00:00+00:00"


def test_from_without_to_runs_to_the_end_of_today() -> None:
    assert local(period_between("2026-05-01", None, WEDNESDAY))[1] == "2026-05-07 00:00"


@given(at=instants, tz=zones)
def test_an_instant_reads_back_as_itself(at: datetime, tz: ZoneInfo) -> None:
    assert parse_instant(format_instant(at, tz), tz) == at


@given(first=instants, second=instants, zone=st.sampled_from(ZONES))
def test_a_period_reads_back_as_itself(first: datetime, second: datetime, zone: str) -> None:
    if first == second:
        return
    period = Period(min(first, second), max(first, second))
    assert parse_period(format_period(period, ZoneInfo(zone)), Setting(second, zone)) == period


@settings(max_examples=200)
@given(at=instants, zone=st.sampled_from(ZONES), grain=st.sampled_from(GRAINS), count=st.integers(1, 60))
def test_last_units_are_complete_and_end_before_the_running_one(
    at: datetime, zone: str, grain: str, count: int
) -> None:
    setting = Setting(at, zone)
    period = parse_period(f"last {count} {grain}s", setting)
    assert period.from_at < period.to_at <= at
    running = Period(period.to_at, at)
    assert running.to_at == at
    if grain != "hour":
        for edge in (period.from_at, period.to_at):
            assert start_of_day(edge.astimezone(setting.tz).date(), setting.tz) == edge


def test_previous_is_directly_before_and_as_many_local_days() -> None:
    march = parse_period("2026-03", WEDNESDAY)
    assert local(comparison_period(march, "previous", WEDNESDAY.tz)) == ("2026-01-29 00:00", "2026-03-01 00:00")


def test_previous_of_a_running_week_is_as_many_seconds() -> None:
    running = parse_period("this week", WEDNESDAY)
    before = comparison_period(running, "previous", WEDNESDAY.tz)
    assert before.to_at == running.from_at
    assert before.to_at - before.from_at == running.to_at - running.from_at


def test_year_goes_back_to_the_same_local_date() -> None:
    period = parse_period("2026-03", WEDNESDAY)
    assert local(comparison_period(period, "year", WEDNESDAY.tz)) == ("2025-03-01 00:00", "2025-04-01 00:00")


def test_a_leap_day_is_compared_with_the_28th() -> None:
    period = parse_period("2024-02-29", WEDNESDAY)
    assert local(comparison_period(period, "year", WEDNESDAY.tz)) == ("2023-02-28 00:00", "2023-03-01 00:00")


def test_weekday_moves_ten_days_back_by_two_weeks() -> None:
    period = parse_period("2026-05-01..2026-05-11", WEDNESDAY)
    assert local(comparison_period(period, "weekday", WEDNESDAY.tz)) == ("2026-04-17 00:00", "2026-04-27 00:00")


days = st.dates(date(2024, 1, 1), date(2027, 12, 31))


@settings(max_examples=200)
@given(first=days, length=st.integers(1, 400), tz=zones, comparison=st.sampled_from(["previous", "year", "weekday"]))
def test_a_comparison_has_as_many_local_days(first: date, length: int, tz: ZoneInfo, comparison: Comparison) -> None:
    period = Period(start_of_day(first, tz), start_of_day(first + timedelta(days=length), tz))
    other = comparison_period(period, comparison, tz)
    start, end = (at.astimezone(tz).date() for at in (other.from_at, other.to_at))
    assert (end - start).days == length
    assert other.from_at == start_of_day(start, tz)
    if comparison == "weekday":
        assert start.weekday() == first.weekday()
        assert other.to_at <= period.from_at


@given(at=instants, seconds=st.integers(1, 10_000_000), tz=zones)
def test_a_comparison_of_any_span_has_its_length(at: datetime, seconds: int, tz: ZoneInfo) -> None:
    period = Period(at + timedelta(microseconds=7), at + timedelta(seconds=seconds))
    for comparison in ("previous", "year", "weekday"):
        other = comparison_period(period, comparison, tz)  # type: ignore[arg-type]
        assert other.to_at - other.from_at == period.to_at - period.from_at


def test_a_comparison_word_is_checked() -> None:
    assert parse_comparison("Previous") == "previous"
    assert parse_comparison("none") is None
    with pytest.raises(AskerError, match="did you mean `previous`"):
        parse_comparison("previus")
