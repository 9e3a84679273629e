"""Both clocks of any stretch of a ticket's life: calendar time, and business time as lived or by the last schedule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import pyarrow as pa

from deskmeter.base.time import EPOCH, MICROS_PER_DAY, from_micros
from deskmeter.engines.expressions import ibis
from deskmeter.facts.calendar import Calendar, calendar, elapsed
from deskmeter.facts.tables import FAR_FUTURE, FAR_PAST, Facts, Tables, key, known_or, whole_seconds

_AHEAD = timedelta(days=3 * 366)  # due times lie ahead of the data


def life(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_life`: the first and the last instant of all histories, answers and follow-ups, one row.

    `clocked`: the same with the calls too, of which a ticket may be born before it is written: what clocks may run over.
    """
    instants = t["timeline"].select(at_us="eff_us")
    for name, column in (("survey_answer", "at"), ("follow_up", "done_at")):
        instants = instants.union(t.canonical(name).select(at_us=column))
    clocked = instants
    for column in CALL_INSTANTS:
        clocked = clocked.union(t.canonical("call").select(at_us=column))
    return {
        "f_life": instants.aggregate(low=instants.at_us.min(), high=instants.at_us.max()),
        "clocked": clocked.aggregate(low=clocked.at_us.min(), high=clocked.at_us.max()),
    }


def calendars(t: Tables) -> None:
    """Loads `calendar_day` and `calendar_reach` over all that clocks may run over and some years ahead of it."""
    row = t.engine.read("clocked").to_pylist()[0]
    days = calendar_days(row["low"], row["high"], t.settings.as_of_us)
    found = calendar_of({name: t.engine.read(f"c_{name}") for name in CALENDAR_OF}, *days)
    t.load("calendar_day", found.days)
    t.load("calendar_reach", found.reach)


CALL_INSTANTS = ("ringing_at", "answered_at")
CALENDAR_OF = ("schedule", "schedule_hours", "holiday")  # canonical tables


def calendar_days(low_us: int | None, high_us: int | None, as_of_us: int) -> tuple[date, date]:
    """The first and the last day that the calendar of a desk must hold whose life is `low_us` to `high_us`."""
    if low_us is None or high_us is None:
        low_us = high_us = as_of_us
    return from_micros(low_us - MICROS_PER_DAY).date(), (from_micros(max(high_us, as_of_us)) + _AHEAD).date()


def day_of(number: int) -> date:
    """The day that the column `day` of the calendar counts as `number`."""
    return EPOCH.date() + timedelta(days=number)


def calendar_of(loaded: Mapping[str, pa.Table], first: date, last: date) -> Calendar:
    """The calendar from `first` to `last` of the tables CALENDAR_OF as a build holds them, dates as days since 1970."""
    tables = {}
    for name, arrow in loaded.items():
        for column in [c for c in arrow.column_names if c.endswith("_date")]:
            at = arrow.schema.get_field_index(column)
            arrow = arrow.set_column(at, column, arrow[column].cast(pa.int32()).cast(pa.date32()))
        tables[name] = arrow
    return calendar(tables["schedule"], tables["schedule_hours"], tables["holiday"], first, last)


def schedules_lived(t: Tables) -> Mapping[str, ibis.Table]:
    """`ticket_schedule`: which schedule each ticket lived under, when; tickets with only the default have no row.

    The stretches of a ticket tile all of time. A gap uses the default schedule (ruling 14). last_schedule: the
    last one begun by then, though it may have ended (ruling 75).
    """
    known = t.canonical("schedule")
    known = known.select(_schedule=key(known.source, known.id))
    timeline = t["timeline"]
    events = timeline.filter((timeline.kind == "schedule") & (timeline.is_moved == 0))
    events = events.select(
        "ticket_id",
        "source",
        at_us="eff_us",
        rank="ord",
        id=ibis.literal(""),
        schedule=key(events.source, events.to_value),
    )
    tickets = t["standing"].select("source", "ticket", "ticket_id")
    spans = t.canonical("schedule_span").join(tickets, ["source", "ticket"])
    begin = spans.select(
        "ticket_id", "source",
        at_us=known_or(spans.from_at, ibis.literal(FAR_PAST + 1)),
        rank=ibis.literal(0).cast("int64"),
        id="id",
        schedule=key(spans.source, spans.schedule),
    )  # fmt: skip
    # an end comes before whatever begins in the same instant
    end = spans.filter(spans.to_at.notnull()).select(
        "ticket_id", "source", at_us="to_at", rank=ibis.literal(-1).cast("int64"), id="id", schedule=ibis.null("string")
    )
    marks = events.union(begin.select(*events.columns)).union(end.select(*events.columns))
    tickets = marks.select("ticket_id", "source").distinct()
    start = tickets.select(
        "ticket_id", "source",
        at_us=ibis.literal(FAR_PAST).cast("int64"),
        rank=ibis.literal(-2).cast("int64"),
        id=ibis.literal(""),
        schedule=ibis.null("string"),
    )  # fmt: skip
    marks = marks.union(start.select(*marks.columns))
    marks = marks.left_join(known, marks.schedule == known._schedule)
    marks = marks.left_join(t["default_schedule"].rename(_source="source"), [("source", "_source")])
    # of two that begin in one instant the one with the greater id holds, as with roles and teams
    in_order = ibis.window(group_by="ticket_id", order_by=["at_us", "rank", "id"])
    marks = marks.select("ticket_id", "at_us", "rank", "id", "_schedule", "default_schedule")
    marks = marks.mutate(_nth=ibis.row_number().over(in_order))
    named_nth = marks._schedule.notnull().ifelse(marks._nth, ibis.null("int64"))
    so_far = ibis.window(group_by="ticket_id", order_by="_nth", following=0)
    marks = marks.mutate(_last_nth=named_nth.max().over(so_far))
    named = marks.select(_of="ticket_id", _at_nth="_nth", _last="_schedule")
    marks = marks.left_join(named, [("ticket_id", "_of"), ("_last_nth", "_at_nth")]).drop("_of", "_at_nth")
    lived = marks.select(
        "ticket_id",
        schedule=known_or(marks._schedule, marks.default_schedule),
        last_schedule=known_or(marks._last, marks.default_schedule),
        from_us="at_us",
        to_us=known_or(marks.at_us.lead().over(in_order), ibis.literal(FAR_FUTURE)),
    )
    return {"ticket_schedule": lived.filter(lived.to_us > lived.from_us)}


def default_schedules(t: Tables) -> Mapping[str, ibis.Table]:
    """`default_schedule`: per source the schedule of tickets that have none, and of answers without a ticket.

    Null where there is none at all.
    """
    schedules = t.canonical("schedule")
    own = schedules.filter(schedules.is_default).group_by("source").aggregate(id=schedules.id.min())
    sources = t["ticket_number"].select("source").union(t.canonical("survey_answer").select("source")).distinct()
    joined = sources.left_join(own, "source").drop("source_right")
    fallback = ibis.literal(t.settings.default_schedule) if t.settings.default_schedule else ibis.null("string")
    return {
        "default_schedule": joined.select("source", default_schedule=known_or(key(joined.source, joined.id), fallback))
    }


def with_clocks(
    table: ibis.Table, t: Facts, row: str, from_us: str = "from_us", to_us: str = "to_us", end_us: str | None = None
) -> ibis.Table:
    """`table` with calendar_us, business_us (as lived) and business_last_us between two instants.

    `row` is the unique key of `table`, which has ticket_id and source. The last schedule is the last that began
    by `end_us` (by default `to_us`). Null business time: some part lies in no schedule (ruling 14).
    """
    asked = table.select(
        row, "ticket_id", "source", _from=table[from_us], _to=table[to_us], _end=table[end_us or to_us]
    )
    pieces = schedule_pieces(asked, t)
    pieces = elapsed(pieces, t["calendar_day"], "schedule", "piece_from_us", "piece_to_us", "_us")
    summed = pieces.group_by(row).aggregate(
        _lived_us=pieces._us.sum().cast("int64"), _gaps=pieces._us.isnull().cast("int64").sum()
    )
    summed = summed.rename(_row=row)
    last = last_schedule_at(asked, t, "_end")
    last = elapsed(last, t["calendar_day"], "schedule", "_from", "_to", "_last_us")
    last = last.select(_last_row=row, _last_us="_last_us")
    joined = table.left_join(summed, table[row] == summed._row)
    joined = joined.left_join(last, joined[row] == last._last_row)
    return joined.mutate(
        calendar_us=joined[to_us] - joined[from_us],
        business_us=(joined._gaps == 0).ifelse(joined._lived_us, ibis.null("int64")),
        business_last_us=joined._last_us,
    ).drop("_row", "_lived_us", "_gaps", "_last_row", "_last_us")


def last_schedule_at(asked: ibis.Table, t: Facts, at: str) -> ibis.Table:
    """`asked` with `schedule`: the last one that began on its ticket by the instant `at` (ruling 75)."""
    lived = t["ticket_schedule"].select(
        _ticket="ticket_id", _schedule="last_schedule", _from_us="from_us", _to_us="to_us"
    )
    default = t["default_schedule"].rename(_source="source")
    joined = asked.left_join(
        lived, [asked.ticket_id == lived._ticket, lived._from_us <= asked[at], lived._to_us > asked[at]]
    )
    joined = joined.left_join(default, joined.source == default._source)
    return joined.mutate(schedule=joined._ticket.isnull().ifelse(joined.default_schedule, joined._schedule)).drop(
        "_ticket", "_schedule", "_from_us", "_to_us", "_source", "default_schedule"
    )


def schedule_pieces(asked: ibis.Table, t: Facts) -> ibis.Table:
    """[_from, _to) of each row cut where the ticket's schedule changes.

    Adds schedule, schedule_from_us, schedule_to_us, piece_from_us and piece_to_us. A piece of no length stays only
    where the whole is of no length.
    """
    lived = t["ticket_schedule"].select(
        _ticket="ticket_id", schedule="schedule", schedule_from_us="from_us", schedule_to_us="to_us"
    )
    default = t["default_schedule"].rename(_source="source")
    # a stretch of no length counts as one instant; plain comparisons let an outer join hash
    asked = asked.mutate(_until=ibis.greatest(asked._to, asked._from + 1))
    joined = asked.left_join(
        lived,
        [
            asked.ticket_id == lived._ticket,
            lived.schedule_from_us < asked._until,
            lived.schedule_to_us > asked._from,
        ],
    ).drop("_until")
    joined = joined.left_join(default, joined.source == default._source)
    is_default = joined._ticket.isnull()
    joined = joined.mutate(
        schedule=is_default.ifelse(joined.default_schedule, joined.schedule),
        schedule_from_us=known_or(joined.schedule_from_us, ibis.literal(FAR_PAST)),
        schedule_to_us=known_or(joined.schedule_to_us, ibis.literal(FAR_FUTURE)),
    ).drop("_ticket", "_source", "default_schedule")
    return joined.mutate(
        piece_from_us=ibis.greatest(joined._from, joined.schedule_from_us),
        piece_to_us=ibis.least(joined._to, joined.schedule_to_us),
    )


def in_seconds(table: ibis.Table) -> ibis.Table:
    """`table` with the three lengths of `with_clocks` in whole seconds."""
    return table.mutate(
        calendar_s=whole_seconds(table.calendar_us),
        business_s=whole_seconds(table.business_us),
        business_last_s=whole_seconds(table.business_last_us),
    ).drop("calendar_us", "business_us", "business_last_us")
