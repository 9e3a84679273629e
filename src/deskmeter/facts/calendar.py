"""The business clock as a closed form: two small tables and the expressions that read them.

F(t) is the business time of a schedule from the calendar's start up to t. One row per (schedule, UTC day) gives
F(t) = cum_us + sum_k clamp(t - midnight - o_k, 0, c_k - o_k), so business time between two instants is
F(b) - F(a): two equi-joins and integer arithmetic, on any engine, exact to the microsecond. A second table, cut along
the axis of F, gives the inverse: the first instant at which F reaches a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from deskmeter.base.errors import AskerError, BugError, DataError
from deskmeter.base.time import EPOCH, MICROS_PER_DAY, from_micros, zone
from deskmeter.engines.expressions import ibis
from deskmeter.facts.calendar_local import (
    MINUTES_PER_DAY,
    Closure,
    Hours,
    Stretch,
    regimes,
    utc_stretches,
    wall_stretches,
)
from deskmeter.facts.calendar_tables import ScheduleTime, day_table, reach_table

_EPOCH_DAY = EPOCH.toordinal()
_LONGEST_MINUTES = 7 * MINUTES_PER_DAY


@dataclass(frozen=True)
class Calendar:
    """The business clocks of all schedules, known from `first_us` to `last_us` (both included, UTC microseconds).

    `days` has one row per (schedule, UTC day): `schedule` is source + "/" + id, `day` counts from 1970-01-01,
    `bucket_us` is the width of the schedule's buckets in `reach`. Nine to five in UTC on a Thursday and a Friday:

        schedule  day  cum_us       bucket_us    o0           c0
        s/1       0    0            28800000000  32400000000  61200000000
        s/1       1    28800000000  28800000000  32400000000  61200000000

    `reach` has one row per (schedule, bucket of F). A value v of F that lies at offset x = v - 1 - bucket * bucket_us,
    x < `length_us`, is first reached at the instant v + shift0 + all g_j with s_j <= x:

        schedule  bucket  length_us    shift0       s1  g1
        s/1       0       28800000000  32400000000  0   0
        s/1       1       28800000000  90000000000  0   0
    """

    days: pa.Table
    reach: pa.Table
    first_us: int
    last_us: int
    schedules: frozenset[str]

    def must_cover(self, low_us: int, high_us: int) -> None:
        """Raise BugError unless both instants lie in the calendar: outside it the clock knows nothing."""
        for at_us in (low_us, high_us):
            if not self.first_us <= at_us <= self.last_us:
                raise BugError(
                    f"the instant {from_micros(at_us).isoformat()} lies outside the business calendar "
                    f"({from_micros(self.first_us).date()} to {from_micros(self.last_us).date()}); "
                    "it must be built over all instants of the data"
                )


def calendar(schedules: pa.Table, hours: pa.Table, holidays: pa.Table, first_day: date, last_day: date) -> Calendar:
    """The calendar of canonical schedules over the UTC days `first_day` to `last_day`, both included.

    An instant is business time if the wall clock of the schedule's zone then lies in its hours and in no holiday; a
    schedule that is always open has neither. Hours and holidays of a schedule that is not there are of no effect.

    Args:
        schedules: rows of the canonical table `schedule`.
        hours: rows of `schedule_hours`.
        holidays: rows of `holiday`; without a schedule they hold for every schedule of their source.
        first_day: first UTC day.
        last_day: last UTC day.

    Raises:
        DataError: an unknown zone, a weekday, minute or date that cannot be, or two schedules of one id.
    """
    first, last = _day_number(first_day), _day_number(last_day)
    hours_of: dict[tuple[str, str], list[Hours]] = {}
    for row in hours.to_pylist():
        hours_of.setdefault((row["source"], row["schedule"]), []).append(_hours(row))
    closures_of: dict[tuple[str, str | None], list[Closure]] = {}
    for row in holidays.to_pylist():
        closures_of.setdefault((row["source"], row["schedule"]), []).append(_closure(row))
    built: dict[str, ScheduleTime] = {}
    for row in schedules.to_pylist():
        source, schedule = row["source"], row["id"]
        key = f"{source}/{schedule}"
        if key in built:
            raise DataError(f"schedule `{key}` is there twice; one row per schedule is needed")
        closures = [*closures_of.get((source, schedule), ()), *closures_of.get((source, None), ())]
        stretches = _stretches(row, key, hours_of.get((source, schedule), ()), closures, first, last)
        built[key] = ScheduleTime(key, tuple(stretches))
    return Calendar(
        days=day_table(tuple(built.values()), first, last),
        reach=reach_table(tuple(built.values())),
        first_us=first * MICROS_PER_DAY,
        last_us=(last + 1) * MICROS_PER_DAY - 1,
        schedules=frozenset(built),
    )


def _stretches(
    row: dict[str, Any], key: str, hours: Sequence[Hours], closures: Sequence[Closure], first: int, last: int
) -> list[Stretch]:
    """Business time of one schedule on the UTC days `first` to `last`."""
    start_us, end_us = first * MICROS_PER_DAY, (last + 1) * MICROS_PER_DAY
    if row["is_always"]:
        return [(start_us, end_us)]
    try:
        tz = zone(row["zone"])
    except AskerError as error:
        raise DataError(f"schedule `{key}`: {error}") from error
    # The wall clock of a zone may show the day before or after the UTC day.
    wall = wall_stretches(hours, closures, first - 2, last + 2)
    return utc_stretches(wall, regimes(tz, start_us, end_us))


def _day_number(day: date) -> int:
    return day.toordinal() - _EPOCH_DAY


def _hours(row: dict[str, Any]) -> Hours:
    weekday, open_minute, close_minute = row["weekday"], row["open_minute"], row["close_minute"]
    place = f"hours `{row['id']}` of schedule `{row['source']}/{row['schedule']}`"
    if not 0 <= weekday <= 6:
        raise DataError(f"{place}: weekday {weekday} is not one of 0 (Monday) to 6 (Sunday)")
    if not 0 <= open_minute < MINUTES_PER_DAY:
        raise DataError(f"{place}: opening minute {open_minute} is not one of 0 to 1439")
    if not open_minute < close_minute <= open_minute + _LONGEST_MINUTES:
        raise DataError(
            f"{place}: closing minute {close_minute} does not come after opening minute {open_minute} within a week; "
            "a stretch past midnight closes past 1440"
        )
    from_date, to_date = row["from_date"], row["to_date"]
    return Hours(
        weekday=weekday,
        open_minute=open_minute,
        close_minute=close_minute,
        first_day=None if from_date is None else _day_number(from_date),
        last_day=None if to_date is None else _day_number(to_date),
    )


def _closure(row: dict[str, Any]) -> Closure:
    first = row["first_date"]
    last = first if row["last_date"] is None else row["last_date"]
    from_minute = 0 if row["from_minute"] is None else row["from_minute"]
    to_minute = MINUTES_PER_DAY if row["to_minute"] is None else row["to_minute"]
    place = f"holiday `{row['id']}` of source `{row['source']}`"
    if last < first:
        raise DataError(f"{place}: its last day {last} comes before its first day {first}")
    if not 0 <= from_minute < to_minute <= MINUTES_PER_DAY:
        raise DataError(f"{place}: minutes {from_minute} to {to_minute} are no part of a day of 0 to 1440")
    return Closure(_day_number(first), _day_number(last), from_minute, to_minute)


def position(table: ibis.Table, calendar_table: ibis.Table, schedule: str, at_us: str, name: str) -> ibis.Table:
    """`table` with F of an instant added as `name`: business microseconds since the calendar's start.

    Differences of positions of one schedule are business time, so an instant that bounds several spans needs one join
    only. Null where the schedule or the instant is null, unknown to the calendar or outside it (`must_cover`).

    Args:
        table: any rows.
        calendar_table: `Calendar.days`.
        schedule: column with the schedule's key, source + "/" + id.
        at_us: column with the instant in UTC microseconds.
        name: name of the new column.
    """
    result = _with_days(table, calendar_table, schedule, at_us).mutate(
        **{name: lambda joined: _position(joined, at_us, calendar_table.columns)}
    )
    return result.select(*table.columns, name)


def elapsed(
    table: ibis.Table, calendar_table: ibis.Table, schedule: str, from_us: str, to_us: str, name: str
) -> ibis.Table:
    """`table` with the business microseconds between two instants added as `name`.

        schedule  from_us      to_us         name
        s/1       36000000000  126000000000  32400000000     (Thursday 10:00 to Friday 11:00, nine to five)
        null      36000000000  126000000000  null
        s/1       36000000000  null          null

    Negative where `to_us` lies before `from_us`. Null where the schedule or an instant is null, unknown to the
    calendar or outside it (`must_cover`).

    Args:
        table: any rows.
        calendar_table: `Calendar.days`.
        schedule: column with the schedule's key, source + "/" + id.
        from_us: column with the start in UTC microseconds.
        to_us: column with the end in UTC microseconds.
        name: name of the new column.
    """
    started = position(table, calendar_table, schedule, from_us, "_clock_from")
    both = position(started, calendar_table, schedule, to_us, "_clock_to")
    result = both.mutate(**{name: both["_clock_to"] - both["_clock_from"]})
    return result.select(*table.columns, name)


def reach(
    table: ibis.Table,
    calendar_table: ibis.Table,
    reach_table: ibis.Table,
    schedule: str,
    from_us: str,
    needed_us: str,
    name: str,
) -> ibis.Table:
    """`table` with the first instant added as `name` at which `needed_us` of business time after `from_us` is used up.

    That is the first t with F(t) = F(from_us) + needed_us: a target that is used up as the hours close is reached at
    the closing, not at the next opening. Nothing needed (0 or less): `from_us` itself.

        schedule  from_us      needed_us    name
        s/1       36000000000  25200000000  61200000000      (Thursday 10:00 + 7 h: Thursday 17:00)
        s/1       36000000000  25200000001  118800000001     (a microsecond into Friday)
        null      36000000000  25200000000  null

    Null where an input is null, the schedule is unknown to the calendar, the start lies outside it (`must_cover`) or
    the instant lies beyond its end.

    Args:
        table: any rows.
        calendar_table: `Calendar.days`.
        reach_table: `Calendar.reach`.
        schedule: column with the schedule's key, source + "/" + id.
        from_us: column with the start in UTC microseconds.
        needed_us: column with the business microseconds needed.
        name: name of the new column.
    """
    started = _with_days(table, calendar_table, schedule, from_us)
    aimed = started.mutate(
        _clock_from=lambda joined: _position(joined, from_us, calendar_table.columns),
        _clock_width=started["_clock_bucket_us"],
    )
    aimed = aimed.mutate(_clock_to=aimed["_clock_from"] + aimed[needed_us])
    aimed = aimed.mutate(_clock_bucket=(aimed["_clock_to"] - 1) // aimed["_clock_width"])
    aimed = aimed.select(*table.columns, "_clock_from", "_clock_to", "_clock_bucket", "_clock_width")
    cuts = reach_table.rename(lambda column: f"_cut_{column}")
    joined = aimed.left_join(
        cuts, [aimed[schedule] == cuts["_cut_schedule"], aimed["_clock_bucket"] == cuts["_cut_bucket"]]
    )
    result = joined.mutate(**{name: _reached(joined, from_us, needed_us, reach_table.columns)})
    return result.select(*table.columns, name)


def _with_days(table: ibis.Table, calendar_table: ibis.Table, schedule: str, at_us: str) -> ibis.Table:
    """`table` beside the calendar's row of each instant, its columns as `_clock_...`."""
    days = calendar_table.rename(lambda column: f"_clock_{column}")
    # `//` compiles to a floor of a floating division; it is exact below 2**53 microseconds, the year 2255.
    dated = table.mutate(_clock_at_day=table[at_us] // MICROS_PER_DAY)
    return dated.left_join(
        days, [dated[schedule] == days["_clock_schedule"], dated["_clock_at_day"] == days["_clock_day"]]
    )


def _position(joined: ibis.Table, at_us: str, columns: Sequence[str]) -> ibis.expr.types.IntegerValue:
    """F of the instant, null without a calendar row because cum_us is null there."""
    since_midnight = joined[at_us] - joined["_clock_day"] * MICROS_PER_DAY
    result = joined["_clock_cum_us"]
    for k in range(sum(column.startswith("o") for column in columns)):
        opened, closed = joined[f"_clock_o{k}"], joined[f"_clock_c{k}"]
        result = result + ibis.least(ibis.greatest(since_midnight - opened, 0), closed - opened)
    return result


def _reached(joined: ibis.Table, from_us: str, needed_us: str, columns: Sequence[str]) -> ibis.expr.types.IntegerValue:
    """The instant from the row of `reach`; null beyond its length."""
    offset = joined["_clock_to"] - 1 - joined["_clock_bucket"] * joined["_clock_width"]
    instant = joined["_clock_to"] + joined["_cut_shift0"]
    for j in range(1, 1 + sum(column.startswith("g") for column in columns)):
        has_begun = ibis.least(ibis.greatest(offset - joined[f"_cut_s{j}"] + 1, 0), 1)
        instant = instant + has_begun * joined[f"_cut_g{j}"]
    nowhere = ibis.null("int64")
    later = (offset < joined["_cut_length_us"]).ifelse(instant, nowhere)
    return joined["_clock_from"].notnull().ifelse((joined[needed_us] <= 0).ifelse(joined[from_us], later), nowhere)
