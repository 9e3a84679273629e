"""The business clock at its edges, counted by hand: changed clocks, holidays that cut shifts, the calendar's ends."""

from datetime import UTC, date, datetime, timedelta

import duckdb
import ibis
import pyarrow as pa
import pytest

from deskmeter.base.errors import BugError, DataError
from deskmeter.base.time import to_micros
from deskmeter.facts.calendar import Calendar, calendar, elapsed, reach

HOUR_US = 3_600_000_000
SCHEDULE = pa.schema([("source", pa.string()), ("id", pa.string()), ("zone", pa.string()), ("is_always", pa.bool_())])
HOURS = pa.schema(
    [
        ("source", pa.string()),
        ("id", pa.string()),
        ("schedule", pa.string()),
        ("weekday", pa.int64()),
        ("open_minute", pa.int64()),
        ("close_minute", pa.int64()),
        ("from_date", pa.date32()),
        ("to_date", pa.date32()),
    ]
)
HOLIDAY = pa.schema(
    [
        ("source", pa.string()),
        ("id", pa.string()),
        ("schedule", pa.string()),
        ("first_date", pa.date32()),
        ("last_date", pa.date32()),
        ("from_minute", pa.int64()),
        ("to_minute", pa.int64()),
    ]
)
Row = dict[str, object]


def clock_of(
    zone: str = "UTC",
    hours: list[Row] | None = None,
    holidays: list[Row] | None = None,
    is_always: bool | None = None,
    days: tuple[date, date] = (date(2024, 1, 1), date(2027, 12, 31)),
) -> Calendar:
    """One schedule `a/1` of the given rows; missing columns are null."""
    one = {"source": "a", "schedule": "1", "id": "x"}
    return calendar(
        pa.Table.from_pylist([{"source": "a", "id": "1", "zone": zone, "is_always": is_always}], SCHEDULE),
        pa.Table.from_pylist([one | row for row in hours or []], HOURS),
        pa.Table.from_pylist([one | row for row in holidays or []], HOLIDAY),
        *days,
    )


def every_day(open_minute: int, close_minute: int) -> list[Row]:
    return [{"weekday": d, "open_minute": open_minute, "close_minute": close_minute} for d in range(7)]


def ask(clock: Calendar, start: datetime, end: datetime, needed_us: int = 0) -> tuple[int | None, datetime | None]:
    """(business hours from start to end, first instant after `needed_us` from start)."""
    span = pa.table(
        {"schedule": ["a/1"], "a": [to_micros(start)], "b": [to_micros(end)], "needed": [needed_us]},
    )
    tables = {"span": span, "days": clock.days, "cuts": clock.reach}
    bound = {name: ibis.table(ibis.Schema.from_pyarrow(table.schema), name=name) for name, table in tables.items()}
    timed = elapsed(bound["span"], bound["days"], "schedule", "a", "b", "elapsed_us")
    timed = reach(timed, bound["days"], bound["cuts"], "schedule", "a", "needed", "reached_us")
    with duckdb.connect() as connection:
        for name, table in tables.items():
            connection.register(name, table)
        sql = str(ibis.to_sql(timed.select("elapsed_us", "reached_us"), dialect="duckdb"))
        [(elapsed_us, reached_us)] = connection.execute(sql).fetchall()
    hours = None if elapsed_us is None else elapsed_us / HOUR_US
    reached = None if reached_us is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=reached_us)
    return hours, reached


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def test_wall_time_shown_twice_counts_twice_as_two_stretches() -> None:
    # New York, 2024-11-03: 01:30-02:00 at 05:30 UTC, 01:30-02:30 again from 06:30 UTC.
    clock = clock_of("America/New_York", every_day(90, 150))
    assert ask(clock, at(2024, 11, 3, 4), at(2024, 11, 3, 12))[0] == 1.5
    assert ask(clock, at(2024, 11, 3, 6), at(2024, 11, 3, 6, 30))[0] == 0
    assert ask(clock, at(2024, 11, 3, 4), at(2024, 11, 4), HOUR_US)[1] == at(2024, 11, 3, 7, 0)


def test_wall_time_that_is_skipped_does_not_count() -> None:
    # New York, 2024-03-10: 02:00 becomes 03:00, so 01:30-02:30 ends after half an hour.
    assert ask(clock_of("America/New_York", every_day(90, 150)), at(2024, 3, 10), at(2024, 3, 11))[0] == 0.5
    assert ask(clock_of("America/New_York", every_day(120, 180)), at(2024, 3, 10), at(2024, 3, 11))[0] == 0


def test_half_hour_of_lord_howe_counts_twice() -> None:
    # 2024-04-07 02:00 (+11) becomes 01:30 (+10:30).
    clock = clock_of("Australia/Lord_Howe", every_day(90, 120))
    assert ask(clock, at(2024, 4, 6, 12), at(2024, 4, 6, 18))[0] == 1.0


def test_a_local_day_that_never_was_holds_nothing() -> None:
    # Apia skipped 2011-12-30, a Friday.
    clock = clock_of("Pacific/Apia", every_day(0, 1440), days=(date(2011, 12, 20), date(2012, 1, 10)))
    friday = [row for row in every_day(540, 1020) if row["weekday"] == 4]
    skipped = clock_of("Pacific/Apia", friday, days=(date(2011, 12, 20), date(2012, 1, 10)))
    assert ask(clock, at(2011, 12, 29), at(2011, 12, 31))[0] == 48
    assert ask(skipped, at(2011, 12, 26), at(2012, 1, 2))[0] == 0


def test_a_saturday_holiday_leaves_two_hours_of_the_friday_night_shift() -> None:
    night: list[Row] = [{"weekday": 4, "open_minute": 1320, "close_minute": 1800}]
    holiday: list[Row] = [{"first_date": date(2024, 3, 2)}]
    assert ask(clock_of("UTC", night, holiday), at(2024, 3, 1), at(2024, 3, 4))[0] == 2
    assert ask(clock_of("UTC", night), at(2024, 3, 1), at(2024, 3, 4))[0] == 8


def test_a_holiday_without_a_schedule_holds_for_its_source_alone() -> None:
    hours = every_day(540, 1020)
    both = pa.Table.from_pylist(
        [{"source": s, "id": "1", "zone": "UTC", "is_always": None} for s in ("a", "b")], SCHEDULE
    )
    rows = [{"source": s, "schedule": "1", "id": "x"} | row for s in ("a", "b") for row in hours]
    holiday = pa.Table.from_pylist(
        [{"source": "b", "id": "h", "first_date": date(2024, 1, 2), "last_date": date(2024, 1, 3)}], HOLIDAY
    )
    clock = calendar(both, pa.Table.from_pylist(rows, HOURS), holiday, date(2024, 1, 1), date(2024, 1, 4))
    total = {
        s: clock.days.filter(pa.compute.equal(clock.days["schedule"], s))["cum_us"][-1].as_py() for s in ("a/1", "b/1")
    }
    assert total == {"a/1": 24 * HOUR_US, "b/1": 8 * HOUR_US}


def test_always_open_ignores_hours_holidays_and_clock_changes() -> None:
    clock = clock_of("Europe/London", every_day(540, 1020), [{"first_date": date(2024, 3, 31)}], is_always=True)
    assert ask(clock, at(2024, 3, 30), at(2024, 4, 1))[0] == 48
    assert clock.reach.num_rows == 1


def test_hours_that_changed_hold_for_the_day_on_which_a_stretch_begins() -> None:
    last_night: list[Row] = [
        {"weekday": d, "open_minute": 1320, "close_minute": 1560, "to_date": date(2024, 5, 31)} for d in range(7)
    ]
    clock = clock_of("UTC", last_night)
    assert ask(clock, at(2024, 5, 31, 12), at(2024, 6, 3))[0] == 4


def test_72_weeks_open_are_72_weeks_of_business_time() -> None:
    weekdays = [row for row in every_day(540, 1020) if row["weekday"] in range(5)]
    assert ask(clock_of("UTC", weekdays), at(2024, 1, 1), at(2024, 1, 1) + timedelta(weeks=72))[0] == 72 * 40


def test_a_target_is_used_up_as_the_hours_close_and_nothing_needed_is_now() -> None:
    clock = clock_of("UTC", every_day(540, 1020))
    start = at(2024, 5, 6, 10)
    assert ask(clock, start, start, 7 * HOUR_US)[1] == at(2024, 5, 6, 17)
    assert ask(clock, start, start, 7 * HOUR_US + 1)[1] == at(2024, 5, 7, 9) + timedelta(microseconds=1)
    assert ask(clock, at(2024, 5, 6, 20), start, HOUR_US)[1] == at(2024, 5, 7, 10)
    assert ask(clock, at(2024, 5, 6, 20), start, 0)[1] == at(2024, 5, 6, 20)


def test_a_target_beyond_the_calendar_is_unknown() -> None:
    clock = clock_of("UTC", every_day(540, 1020), days=(date(2024, 5, 6), date(2024, 5, 7)))
    assert ask(clock, at(2024, 5, 6), at(2024, 5, 6), 16 * HOUR_US)[1] == at(2024, 5, 7, 17)
    assert ask(clock, at(2024, 5, 6), at(2024, 5, 6), 16 * HOUR_US + 1)[1] is None
    assert ask(clock_of("UTC"), at(2024, 5, 6), at(2024, 5, 9), 1) == (0, None)


def test_an_instant_outside_the_calendar_is_an_error() -> None:
    clock = clock_of("UTC", days=(date(2024, 5, 6), date(2024, 5, 7)))
    clock.must_cover(to_micros(at(2024, 5, 6)), to_micros(at(2024, 5, 8)) - 1)
    with pytest.raises(BugError, match="2024-05-08T00:00:00"):
        clock.must_cover(to_micros(at(2024, 5, 6)), to_micros(at(2024, 5, 8)))


@pytest.mark.parametrize(
    ("zone", "hours", "holidays", "says"),
    [
        ("Europe/Lodnon", [], [], "schedule `a/1`: no time zone `Europe/Lodnon`; did you mean `Europe/London`"),
        ("UTC", [{"weekday": 7, "open_minute": 0, "close_minute": 60}], [], "weekday 7"),
        ("UTC", [{"weekday": 0, "open_minute": 1440, "close_minute": 1500}], [], "opening minute 1440"),
        ("UTC", [{"weekday": 0, "open_minute": 1320, "close_minute": 360}], [], "closing minute 360"),
        ("UTC", [], [{"first_date": date(2024, 1, 2), "last_date": date(2024, 1, 1)}], "last day 2024-01-01"),
        ("UTC", [], [{"first_date": date(2024, 1, 2), "from_minute": 700, "to_minute": 600}], "minutes 700 to 600"),
    ],
)
def test_rows_that_cannot_be_are_named(zone: str, hours: list[Row], holidays: list[Row], says: str) -> None:
    with pytest.raises(DataError) as caught:
        clock_of(zone, hours, holidays)
    assert says in str(caught.value)


def test_the_expressions_compile_for_spark_too() -> None:
    clock = clock_of("UTC", every_day(540, 1020))
    span = ibis.table({"schedule": "string", "a": "int64", "b": "int64"}, name="span")
    days = ibis.table(ibis.Schema.from_pyarrow(clock.days.schema), name="days")
    cuts = ibis.table(ibis.Schema.from_pyarrow(clock.reach.schema), name="cuts")
    timed = reach(elapsed(span, days, "schedule", "a", "b", "bh"), days, cuts, "schedule", "a", "b", "due")
    sql = str(ibis.to_sql(timed, dialect="pyspark"))
    assert sql.count("LEFT OUTER JOIN") == 4
    assert "ASOF" not in sql
