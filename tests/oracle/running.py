"""What is open at the stock's instant: tickets, waits, clocks that have not ended."""

from collections.abc import Iterator
from datetime import datetime

from oracle.asked import Ask
from oracle.business import micros
from oracle.desk import Desk, Ticket
from oracle.dims import age_band
from oracle.records import Rec, Window
from oracle.replies import Wait


def open_tickets(desk: Desk, window: Window) -> Iterator[tuple[Ticket, Rec, int]]:
    """(ticket, row, position) of each ticket unresolved at the stock's instant, with its state then."""
    at = window.stock_at
    for ticket in desk.tickets:
        position = ticket.position_at(at, window.inclusive)
        if position is not None and not ticket.states[position].is_resolved:
            age = at - ticket.created_at
            rec = Rec(ticket.world, at, ticket, ticket.states[position], key=(ticket.world.source, ticket.id))
            rec.value = micros(age)
            rec.more["age_band"] = age_band(age)
            rec.is_just_before = not window.inclusive
            yield ticket, rec, position


def _has_happened(ticket: Ticket, window: Window, at: datetime | None) -> bool:
    return at is not None and window.before_end(max(at, ticket.created_at))


def unanswered_recs(desk: Desk, window: Window, count_automation: bool = False) -> list[Rec]:
    """Unresolved, the clock of the first reply has started and not ended."""
    recs = []
    for ticket, rec, _ in open_tickets(desk, window):
        clock = ticket.first_reply(count_automation)
        if _has_happened(ticket, window, clock.start) and not _has_happened(ticket, window, clock.end):
            recs.append(rec)
    return recs


def answered_recs(desk: Desk, window: Window) -> list[Rec]:
    """Unresolved with a first reply."""
    pairs = open_tickets(desk, window)
    return [rec for ticket, rec, _ in pairs if _has_happened(ticket, window, ticket.first_reply().end)]


def open_wait(ticket: Ticket, window: Window) -> Wait | None:
    """The wait that is open at the stock's instant."""
    for wait in ticket.waits:
        ended = wait.end is not None and window.before_end(wait.end)
        if window.before_end(wait.opened_at) and not ended:
            return wait
    return None


def waiting_recs(desk: Desk, window: Window, ask: Ask) -> list[Rec]:
    """Tickets with an open wait; `value` is its length by the asked clock."""
    recs = []
    for ticket, rec, _ in open_tickets(desk, window):
        wait = open_wait(ticket, window)
        if wait:
            rec.value = ticket.lived.elapsed(wait.start, window.stock_at, ask.clock, ask.policy)
            recs.append(rec)
    return recs


def unresolved_recs(desk: Desk, window: Window, never_resolved: bool = False) -> list[Rec]:
    """Unresolved tickets; on request only those that never were resolved before."""
    recs = []
    for ticket, rec, position in open_tickets(desk, window):
        if not never_resolved or not any(state.is_resolved for state in ticket.states[: position + 1]):
            recs.append(rec)
    return recs
