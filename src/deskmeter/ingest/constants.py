"""Canonical rows that a mapping states by itself: schedules, holidays, rules of scales, who is staff or a bot."""

from datetime import date

import pyarrow as pa

from deskmeter.ingest.hours import weekly_hours
from deskmeter.ingest.mapping import Holiday, Mapping, Schedule
from deskmeter.ingest.parts import canonical


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
