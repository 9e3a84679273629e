"""Schedules with their weekly hours, holidays and zones; what the source says of offsets is only checked."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.base.time import from_micros
from deskmeter.connectors.fivetran_zendesk.cells import Cells, ids, numbers
from deskmeter.connectors.fivetran_zendesk.zone_names import iana_zone, unknown_zone
from deskmeter.connectors.warehouse import TableRows, Understood

_DAY_MIN = 1440
_WEEK_MIN = 7 * _DAY_MIN
_NOWHEN = np.iinfo(np.int64).max


@dataclass(frozen=True)
class _Stretch:
    """One row of the table `schedule`: hours from `start` to `end` minutes after Sunday midnight."""

    schedule: int
    name: str | None
    zone: str
    created_us: int
    start: int
    end: int
    line: int


@dataclass
class Schedules:
    """The rows of `schedule`, held until all are there: the oldest schedule is the default of the desk."""

    held: list[_Stretch] = field(default_factory=list)

    def read(self, rows: TableRows) -> Understood:
        """Nothing yet but the rows that cannot be read."""
        cells = Cells(rows)
        schedules, zones = cells.whole("id", required=True), cells.text("time_zone", required=True)
        starts, ends = cells.whole("start_time", required=True), cells.whole("end_time", required=True)
        created = numbers(cells.instant("created_at", is_past=False), _NOWHEN)
        first, last = numbers(starts), numbers(ends)
        cells.refuse(
            (first < 0) | (last <= first) | (last > 2 * _WEEK_MIN) | (last - first > _WEEK_MIN),
            "end_time",
            "hours must end after they start and within a week, in minutes after Sunday midnight",
        )
        _refuse_zones(cells, zones)
        cells.refuse_deleted()
        names = cells.text("name").to_pylist()
        for row in np.flatnonzero(cells.good):
            zone = iana_zone(zones[row].as_py())
            assert zone is not None
            stretch = (int(created[row]), int(first[row]), int(last[row]), int(cells.lines[row]))
            self.held.append(_Stretch(schedules[row].as_py(), names[row], zone, *stretch))
        return cells.understood()

    def rows(self) -> dict[str, pa.Table]:
        """The canonical rows of all schedules."""
        if not self.held:
            return {}
        heads: dict[int, _Stretch] = {}
        for stretch in self.held:
            heads.setdefault(stretch.schedule, stretch)
        default = min(heads.values(), key=lambda head: (head.created_us, head.schedule))
        schedules = [
            {
                "id": str(head.schedule),
                "name": head.name,
                "zone": head.zone,
                "is_default": head is default,
                "raw_line": head.line,
            }
            for head in heads.values()
        ]
        hours = {hour["id"]: hour for stretch in self.held for hour in _hours(stretch)}
        return {"schedule": pa.Table.from_pylist(schedules), "schedule_hours": pa.Table.from_pylist([*hours.values()])}


def _hours(stretch: _Stretch) -> Iterable[dict[str, str | int]]:
    """One row a day, cut at midnight; Zendesk's week begins on Sunday, ours on Monday."""
    start = stretch.start
    while start < stretch.end:
        midnight = (start // _DAY_MIN + 1) * _DAY_MIN
        end = min(stretch.end, midnight)
        yield {
            "id": f"{stretch.schedule}:{start % _WEEK_MIN}-{end - start}",
            "schedule": str(stretch.schedule),
            "weekday": (start // _DAY_MIN + 6) % 7,
            "open_minute": start % _DAY_MIN,
            "close_minute": start % _DAY_MIN + end - start,
            "raw_line": stretch.line,
        }
        start = end


def _refuse_zones(cells: Cells, zones: pa.StringArray) -> None:
    for name in pc.unique(zones).drop_null().to_pylist():
        if iana_zone(name) is None:
            named = pc.fill_null(pc.equal(zones, name), False).to_numpy(zero_copy_only=False)
            cells.refuse(named, "time_zone", unknown_zone(name))


def read_holidays(rows: TableRows) -> Understood:
    """Whole local days; Zendesk's last day is included."""
    cells = Cells(rows)
    holidays, schedules = cells.whole("id", required=True), cells.whole("schedule_id", required=True)
    first, last = cells.day("start_date"), cells.day("end_date")
    is_backward = pc.fill_null(pc.less(last, first), False).to_numpy(zero_copy_only=False)
    cells.refuse(is_backward, "end_date", "a holiday ends before it starts")
    cells.refuse_deleted()
    made = {
        "id": ids(holidays),
        "schedule": ids(schedules),
        "name": cells.text("name"),
        "first_date": first,
        "last_date": last,
    }
    return cells.understood({"holiday": cells.made(cells.good, made)})


def check_zones(rows: TableRows) -> Understood:
    """The zones that the source knows; a standard offset that is not ours is noted."""
    cells = Cells(rows)
    zones = cells.text("time_zone", required=True)
    _refuse_zones(cells, zones)
    offsets = cells.text("standard_offset")
    for row in np.flatnonzero(cells.good):
        name, said = iana_zone(zones[row].as_py()), offsets[row].as_py()
        if name is None or said is None or _standard_offset(name, from_micros(rows.now_us)) == _offset(said):
            continue
        is_this = np.arange(cells.count) == row
        cells.note(
            "zone differs",
            f"zone `{zones[row]}`: the source says {said}, the zone `{name}` has another offset",
            is_this,
        )
    return cells.understood()


def check_daylight(rows: TableRows) -> Understood:
    """Daylight saving comes from the IANA zones; where the source says otherwise is noted."""
    cells = Cells(rows)
    zones = cells.text("time_zone", required=True)
    _refuse_zones(cells, zones)
    starts = cells.instant("daylight_start_utc", is_past=False)
    ends = cells.instant("daylight_end_utc", is_past=False)
    differs = np.zeros(cells.count, dtype=bool)
    for row in np.flatnonzero(cells.good):
        name = iana_zone(zones[row].as_py())
        marks = [(starts[row].as_py(), 1), (ends[row].as_py(), -1)]
        differs[row] = name is not None and any(at and not _changes(name, from_micros(at), sign) for at, sign in marks)
    cells.note(
        "daylight saving differs",
        "daylight saving begins or ends at another instant in the IANA zone, which holds",
        differs,
    )
    return cells.understood()


def _changes(zone: str, at: datetime, sign: int) -> bool:
    """Whether the clocks of a zone go forward (1) or back (-1) at an instant."""
    before = (at - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).utcoffset()
    after = at.astimezone(ZoneInfo(zone)).utcoffset()
    assert before is not None and after is not None
    return (after - before) * sign > timedelta(0)


def _standard_offset(zone: str, now: datetime) -> timedelta | None:
    """The smaller of the offsets in winter and in summer."""
    days = (datetime(now.year, month, 1, tzinfo=UTC).astimezone(ZoneInfo(zone)) for month in (1, 7))
    return min(offset for day in days if (offset := day.utcoffset()) is not None)


def _offset(text: str) -> timedelta | None:
    try:
        return datetime.fromisoformat(f"2000-01-01T00:00:00{text}").utcoffset()
    except ValueError:
        return None
