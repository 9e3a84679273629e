"""Canonical rows that a mapping states by itself: schedules, holidays, rules of scales, who is staff or a bot."""

import re
from datetime import date

import pyarrow as pa

from deskmeter.ingest.mapping import Holiday, Mapping, Schedule
from deskmeter.ingest.parts import canonical

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(
    r"^(?P<first>[a-z]{3})[a-z]*(?:\s*-\s*(?P<last>[a-z]{3})[a-z]*)?\s+"
    r"(?P<open>\d{1,2}:\d{2})\s*-\s*(?P<close>\d{1,2}:\d{2})$",
    re.IGNORECASE,
)


def weekly_hours(text: str) -> list[tuple[int, int, int]]:
    """Weekday (0 Monday), opening and closing minute of each stretch; ValueError if the text is none.

    >>> weekly_hours("Mon-Tue 08:00-18:00")
    [(0, 480, 1080), (1, 480, 1080)]
    >>> weekly_hours("Fri 22:00-06:00")
    [(4, 1320, 1800)]
    """
    found = _HOURS.match(text.strip())
    if not found or {found["first"].lower(), (found["last"] or found["first"]).lower()} - set(_DAYS):
        raise ValueError(f"`{text}` are no hours; write them as `Mon-Fri 08:00-18:00`")
    first, last = _DAYS.index(found["first"].lower()), _DAYS.index((found["last"] or found["first"]).lower())
    opens, closes = _minute(found["open"], text), _minute(found["close"], text)
    if closes <= opens:
        closes += 1440
    return [((first + day) % 7, opens, closes) for day in range((last - first) % 7 + 1)]


def _minute(clock: str, text: str) -> int:
    hours, minutes = (int(part) for part in clock.split(":"))
    if minutes > 59 or hours * 60 + minutes > 1440:
        raise ValueError(f"`{clock}` in `{text}` is no time of day")
    return hours * 60 + minutes


def constant_tables(mapping: Mapping, staff: set[str]) -> dict[str, pa.Table]:
    """The rows that the mapping states, by canonical table; `staff` are the people seen in its staff columns."""
    roles = [(person, "staff") for person in sorted(staff | set(mapping.roles.staff))]
    roles = [(person, role) for person, role in roles if person not in mapping.roles.bots]
    roles += [(person, "bot") for person in mapping.roles.bots]
    tables = {
        "role_span": _table(
            "role_span",
            ("id", "person", "role"),
            [(f"{role}:{person}", person, role) for person, role in roles],
        ),
        "schedule": _table("schedule", ("id", "name", "zone", "is_always", "is_default"), [
            (s.id, s.name or s.id, s.zone, s.always, s.default) for s in mapping.schedules
        ]),
        "schedule_hours": _table("schedule_hours", ("id", "schedule", "weekday", "open_minute", "close_minute"), [
            (f"{s.id}:{weekday}:{opens}", s.id, weekday, opens, closes)
            for s in mapping.schedules for text in s.hours for weekday, opens, closes in weekly_hours(text)
        ]),
        "holiday": _table("holiday", ("id", "schedule", "name", "first_date", "last_date"), [
            _holiday(s, h) for s in mapping.schedules for h in s.holidays
        ]),
        "scale_rule": _table("scale_rule", ("id", "kind", "scale_low", "scale_high", "satisfied_from", "low_to"), [
            (f"{r.kind}:{r.low}-{r.high}", r.kind, r.low, r.high, r.satisfied_from, r.low_to)
            for r in mapping.scale_rules
        ]),
    }  # fmt: skip
    return {name: table for name, table in tables.items() if table.num_rows}


def _holiday(schedule: Schedule, holiday: Holiday) -> tuple[object, ...]:
    first = date.fromisoformat(holiday.first)
    last = date.fromisoformat(holiday.last) if holiday.last else first
    return f"{schedule.id}:{first}", schedule.id, holiday.name, first, last


def _table(name: str, columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> pa.Table:
    if not rows:
        return pa.table({})
    return canonical(name, {column: pa.array([row[i] for row in rows]) for i, column in enumerate(columns)})
