"""What events do to a clock: where it starts, pauses, resumes, stops or is cancelled, and what it shows then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

from deskmeter.engines.expressions import ibis
from deskmeter.facts.clocks import with_clocks
from deskmeter.query.access import Access
from deskmeter.query.story import ClockEffect
from deskmeter.query.ticket_record import Stretch, TicketRecord

Span = tuple[int, int]


@dataclass(frozen=True)
class Mark:
    """One event's effect on one clock; `spans` are what the clock has run so far, none: it has just started."""

    pos: int
    clock: str
    effect: str
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Running:
    """A clock that still runs (or is paused) at `as_of`."""

    clock: str
    is_paused: bool
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class End:
    """What ends a clock for good."""

    pos: int
    at_us: int
    effect: str


def paused_clock(
    clock: str, running: list[Stretch], begins: Mapping[int, int], end: End | None, now_us: int,
    asleep: Stretch | None = None,
) -> Iterator[Mark | Running]:  # fmt: skip
    """A clock that runs in some stretches and pauses between them.

    Args:
        running: in order, none after the end; to_us null: still running.
        begins: instant -> the event at which the ticket's state changes then.
        end: null: it has not ended by `now_us`.
        asleep: a stretch of no length, where the clock starts and is paused at once.
    """
    so_far: list[Span] = []
    whole = joined(running)
    if asleep is not None:
        so_far.append((asleep.from_us, asleep.from_us))
        yield Mark(asleep.pos, clock, "starts")
        yield Mark(asleep.pos, clock, "pauses", tuple(so_far))
    for stretch in whole:
        yield Mark(stretch.pos, clock, "resumes" if so_far else "starts", tuple(so_far))
        so_far.append((stretch.from_us, now_us if stretch.to_us is None else stretch.to_us))
        if stretch.to_us is not None and (end is None or stretch.to_us != end.at_us) and stretch.to_us in begins:
            yield Mark(begins[stretch.to_us], clock, "pauses", tuple(so_far))
    if so_far and end is not None:
        yield Mark(end.pos, clock, end.effect, tuple(so_far))
    elif so_far:
        yield Running(clock, not whole or whole[-1].to_us is not None, tuple(so_far))


def joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Stretches that follow one another at once, as one."""
    whole: list[Stretch] = []
    for stretch in stretches:
        if whole and whole[-1].to_us == stretch.from_us:
            last = whole.pop()
            whole.append(Stretch(last.pos, last.stage, last.from_us, stretch.to_us))
        else:
            whole.append(stretch)
    return whole


def effects(access: Access, record: TicketRecord, found: Iterable[Mark]) -> Mapping[int, tuple[ClockEffect, ...]]:
    """The effects of each event by its position, in both clocks."""
    listed = list(found)
    lengths = clock_lengths(access, record, {span for mark in listed for span in mark.spans})
    by_pos: dict[int, list[ClockEffect]] = {}
    for mark in listed:
        calendar_s, business_s = total(mark.spans, lengths)
        by_pos.setdefault(mark.pos, []).append(ClockEffect(mark.clock, mark.effect, calendar_s, business_s))
    return {pos: tuple(of_pos) for pos, of_pos in by_pos.items()}


Lengths = Mapping[Span, tuple[int, int | None]]


def total(spans: tuple[Span, ...], lengths: Lengths) -> tuple[int | None, int | None]:
    """Whole seconds of all spans by both clocks, rounded down once (ruling 54); null where there are no spans."""
    if not spans:
        return None, None
    business = [lengths[span][1] for span in spans]
    known = [part for part in business if part is not None]
    return (
        sum(lengths[span][0] for span in spans) // 1_000_000,
        sum(known) // 1_000_000 if len(known) == len(business) else None,
    )


def clock_lengths(access: Access, record: TicketRecord, spans: set[Span]) -> Lengths:
    """Microseconds of each span by the calendar and by the business clock as lived."""
    if not spans:
        return {}
    ordered = sorted(spans)
    table = pa.table(
        {
            "row": pa.array(range(len(ordered)), pa.int64()),
            "ticket_id": pa.array([record.ticket_id] * len(ordered), pa.int64()),
            "source": pa.array([record.source] * len(ordered), pa.string()),
            "from_us": pa.array([first for first, _ in ordered], pa.int64()),
            "to_us": pa.array([last for _, last in ordered], pa.int64()),
        }
    )
    small = {"story_span": table}
    if "story spans" not in access.texts:
        asked = ibis.table(ibis.Schema.from_pyarrow(table.schema), name="story_span")
        clocked = with_clocks(asked, _Reader(access), "row")
        access.texts["story spans"] = access.engine.compile(clocked.select("row", "calendar_us", "business_us"))
    found = access.engine.run(access.texts["story spans"], {}, small).to_pylist()
    return {ordered[row["row"]]: (int(row["calendar_us"]), _whole(row["business_us"])) for row in found}


@dataclass(frozen=True)
class _Reader:
    """Fact tables by name, for the clocks."""

    access: Access

    def __getitem__(self, name: str) -> ibis.Table:
        return self.access.table(name)


def _whole(value: object) -> int | None:
    return None if value is None else int(str(value))
