"""The clocks of one ticket: first reply, waits, resolution, episodes and time in stages."""

from collections.abc import Iterator

from deskmeter.query.clock_marks import End, Mark, Running, paused_clock
from deskmeter.query.promise_marks import promises
from deskmeter.query.ticket_record import TicketRecord

_REQUESTER_WAITS = ("new", "open", "hold")
_AGENT_WAITS = ("pending",)
_FIRST = {
    "first_reply": "first_reply_time",
    "first_reply_any": "first_reply_time_any",
    "assignment_to_first_reply": "assignment_to_first_reply",
}


def marks(record: TicketRecord, now_us: int) -> tuple[list[Mark], list[Running]]:
    """All effects of all events, and the clocks that have not stopped by `now_us`."""
    found: list[Mark | Running] = []
    for part in (_first_replies, _waits, _resolutions, _episodes, _stage_waits, promises):
        found += part(record, now_us)
    return [one for one in found if isinstance(one, Mark)], [one for one in found if isinstance(one, Running)]


def _first_replies(record: TicketRecord, now_us: int) -> Iterator[Mark | Running]:
    """The clocks that end with a first reply; the reply ends them once and for all."""
    done = {length.kind: length for length in record.lengths if length.kind in _FIRST}
    start_us = record.sums.reply_start_us
    for kind, clock in _FIRST.items():
        if kind in done:
            length = done[kind]
            yield Mark(_start_pos(record, kind, length.from_us), clock, "starts")
            yield Mark(length.pos, clock, "stops", ((length.from_us, length.at_us),))
        elif kind == "first_reply" and start_us is not None and record.sums.first_reply_us is None:
            yield Mark(_start_pos(record, kind, start_us), clock, "starts")
            if not record.sums.is_resolved:
                yield Running(clock, False, ((start_us, now_us),))


def _start_pos(record: TicketRecord, kind: str, at_us: int) -> int:
    if kind == "assignment_to_first_reply":
        return record.pos_at(at_us, lambda event: event.kind in ("assign", "handoff") or event.is_creation)
    if any(event.is_birth for event in record.events):
        return next(event.pos for event in record.events if event.is_birth)
    if record.traits.opened_by == "staff":
        return record.pos_at(at_us, lambda event: event.is_customer_message)
    return record.created_pos


def _waits(record: TicketRecord, now_us: int) -> Iterator[Mark | Running]:
    """Every wait; one that a resolution ends is in no reply time, so it is cancelled."""
    for wait in record.waits:
        if wait.open_us == wait.first_us:
            yield Mark(record.pos_at(wait.first_us, lambda event: event.is_customer_message), "reply_time", "starts")
        else:
            pos = record.pos_at(wait.open_us, lambda event: event.is_leaving)
            yield Mark(pos, "reply_time", "starts", ((wait.first_us, wait.open_us),))
        if wait.ended_us is None or wait.end_pos is None:
            yield Running("reply_time", False, ((wait.first_us, now_us),))
        else:
            effect = "stops" if wait.ended_by == "reply" else "cancels"
            yield Mark(wait.end_pos, "reply_time", effect, ((wait.first_us, wait.ended_us),))


def _resolutions(record: TicketRecord, now_us: int) -> Iterator[Mark | Running]:
    """From creation to the first and to the last resolution; what is left again goes on counting from creation."""
    created_us, done = record.sums.created_us, record.resolutions
    yield Mark(record.created_pos, "resolution_time_first", "starts")
    yield Mark(record.created_pos, "resolution_time", "starts")
    if done:
        yield Mark(done[0].pos, "resolution_time_first", "stops", ((created_us, done[0].eff_us),))
    else:
        yield Running("resolution_time_first", False, ((created_us, now_us),))
    for resolution in done:
        yield Mark(resolution.pos, "resolution_time", "stops", ((created_us, resolution.eff_us),))
    for leaving in record.leavings:
        yield Mark(leaving.pos, "resolution_time", "resumes", ((created_us, leaving.eff_us),))
    if not record.sums.is_resolved:
        yield Running("resolution_time", False, ((created_us, now_us),))
    for length in record.lengths:
        if length.kind == "first_reply_to_resolution":
            start = record.pos_at(length.from_us, lambda event: event.is_human_reply)
            yield Mark(start, "first_reply_to_resolution", "starts")
            yield Mark(length.pos, "first_reply_to_resolution", "stops", ((length.from_us, length.at_us),))


def _episodes(record: TicketRecord, now_us: int) -> Iterator[Mark | Running]:
    """Each episode from creation or leaving; a new contact counts from the message that woke it."""
    clock = "resolution_time_episode"
    yield Mark(record.created_pos, clock, "starts")
    for leaving in record.leavings:
        waited = ((leaving.starts_us, leaving.eff_us),) if leaving.starts_us < leaving.eff_us else ()
        yield Mark(leaving.pos, clock, "starts", waited)
    for resolution in record.resolutions:
        yield Mark(resolution.pos, clock, "stops", ((resolution.started_us, resolution.eff_us),))
    if not record.sums.is_resolved:
        start_us = record.leavings[-1].starts_us if record.leavings else record.sums.created_us
        yield Running(clock, False, ((start_us, now_us),))


def _stage_waits(record: TicketRecord, now_us: int) -> Iterator[Mark | Running]:
    """Time in stages: it pauses and goes on with the stage, and stops with the last resolution."""
    begins = {stretch.from_us: stretch.pos for stretch in record.stretches}
    end_us = record.sums.resolved_us
    end = None if end_us is None else End(record.resolutions[-1].pos, end_us, "stops")
    for clock, stages in (("requester_wait_time", _REQUESTER_WAITS), ("agent_wait_time", _AGENT_WAITS)):
        running = [
            stretch
            for stretch in record.stretches
            if stretch.stage in stages and (end_us is None or stretch.from_us < end_us)
        ]
        yield from paused_clock(clock, running, begins, end, now_us)
