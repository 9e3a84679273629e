"""The two tables of the business clock, cut from the stretches of each schedule."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from deskmeter.base.time import MICROS_PER_DAY
from deskmeter.facts.calendar_local import MICROS_PER_MINUTE, Stretch

_Row = tuple[str, int, int, int, list[Stretch]]


@dataclass(frozen=True)
class ScheduleTime:
    """A schedule's business time within the calendar: sorted UTC stretches in microseconds."""

    key: str
    stretches: tuple[Stretch, ...]

    @cached_property
    def bucket_us(self) -> int:
        """Width of a bucket of cumulated time: the mean stretch, so that few stretches begin in one bucket."""
        total = sum(end - start for start, end in self.stretches)
        return max(MICROS_PER_MINUTE, total // max(1, len(self.stretches)))


def day_table(schedules: Sequence[ScheduleTime], first: int, last: int) -> pa.Table:
    """One row per schedule and UTC day from `first` to `last`; columns as in `Calendar.days`."""
    rows: list[_Row] = []
    for schedule in schedules:
        of_day: dict[int, list[Stretch]] = {}
        for start, end in schedule.stretches:
            for day in range(start // MICROS_PER_DAY, (end - 1) // MICROS_PER_DAY + 1):
                midnight = day * MICROS_PER_DAY
                cut = (max(start - midnight, 0), min(end - midnight, MICROS_PER_DAY))
                of_day.setdefault(day, []).append(cut)
        before = 0
        for day in range(first, last + 1):
            inside = of_day.get(day, [])
            rows.append((schedule.key, day, before, schedule.bucket_us, inside))
            before += sum(close - open_ for open_, close in inside)
    return _wide_table(rows, ("day", "cum_us", "bucket_us"), ("o", "c"), first_pair=0)


def reach_table(schedules: Sequence[ScheduleTime]) -> pa.Table:
    """One row per schedule and bucket of cumulated time; columns as in `Calendar.reach`."""
    rows: list[_Row] = []
    for schedule in schedules:
        width = schedule.bucket_us
        shift, before = 0, 0
        begun: dict[int, list[Stretch]] = {}
        first_shift: dict[int, int] = {}
        for start, end in schedule.stretches:
            gap = start - before - shift
            shift += gap
            bucket, offset = divmod(before, width)
            if offset == 0:
                first_shift[bucket] = shift
            else:
                begun.setdefault(bucket, []).append((offset, gap))
            before += end - start
            for later in range(bucket + 1, (before - 1) // width + 1):
                first_shift[later] = shift
        rows += [
            (schedule.key, bucket, min(width, before - bucket * width), bucket_shift, begun.get(bucket, []))
            for bucket, bucket_shift in sorted(first_shift.items())
        ]
    return _wide_table(rows, ("bucket", "length_us", "shift0"), ("s", "g"), first_pair=1)


def _wide_table(rows: list[_Row], names: tuple[str, str, str], pair: tuple[str, str], first_pair: int) -> pa.Table:
    """Rows with their pairs spread over columns, (0, 0) where a row has fewer; at least one pair."""
    whole = pa.int64()
    columns = {"schedule": pa.array([row[0] for row in rows], pa.string())}
    columns[names[0]] = pa.array([row[1] for row in rows], whole)
    columns[names[1]] = pa.array([row[2] for row in rows], whole)
    columns[names[2]] = pa.array([row[3] for row in rows], whole)
    for k in range(max((len(row[4]) for row in rows), default=1) or 1):
        for side in (0, 1):
            values = [row[4][k][side] if k < len(row[4]) else 0 for row in rows]
            columns[f"{pair[side]}{k + first_pair}"] = pa.array(values, whole)
    return pa.table(columns)
