"""Section 4: backlog and flow."""

from collections.abc import Callable
from datetime import datetime

from oracle.asked import Ask
from oracle.business import micros
from oracle.demand import at_creation
from oracle.desk import Desk, Ticket
from oracle.dims import response_band
from oracle.episodes import is_human_reply
from oracle.numbers_of import SECOND, count, share, values
from oracle.records import Cell, Outcome, Parts, Rec, Window, cell
from oracle.running import open_tickets, open_wait, unanswered_recs, waiting_recs


class CannotSplit(Exception):
    """The metric has no meaning for these dimensions."""


def stock(recs: list[Rec], ask: Ask) -> Outcome:
    """A count; with a statistic asked for, that of the values."""
    aggregate = count if ask.stat is None else values(ask.stat, ask.within_s)
    return Outcome({"rows": recs}, aggregate, every_bucket=True, is_filed=False)


def backlog(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Unresolved tickets."""
    recs = [rec for _, rec, _ in open_tickets(desk, window)]
    return Outcome({"rows": recs}, count, every_bucket=True, is_filed=False)


def backlog_average(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Ruling 69: mean over [from, min(to, as_of)); null if that window is empty."""
    end = min(window.end, desk.as_of)
    recs = []
    for ticket in desk.tickets:
        edges = [*(event.at for event in ticket.events), desk.as_of]
        for position, state in enumerate(ticket.states):
            a, b = max(edges[position], window.start), min(edges[position + 1], end)
            if not state.is_resolved and a < b:
                rec = Rec(ticket.world, a, ticket, state, key=(ticket.world.source, ticket.id), value=micros(b - a))
                recs.append(rec)
    length = micros(end - window.start)

    def mean(parts: Parts) -> Cell:
        total = sum(rec.value for rec in parts["rows"])
        n = len({rec.key for rec in parts["rows"]})
        if length <= 0:
            return cell(None, 0)
        return cell(total / length, n, total / SECOND, length / SECOND)

    return Outcome({"rows": recs}, mean, every_bucket=True, is_filed=False)


def backlog_age(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Ages then, in calendar seconds since creation."""
    recs = [rec for _, rec, _ in open_tickets(desk, window)]
    aggregate = values(ask.stat or "median", ask.within_s)
    return Outcome({"rows": recs}, aggregate, every_bucket=True, is_filed=False)


def _at_event(ticket: Ticket, position: int, flow: str | None = None) -> Rec:
    more = {"flow": flow} if flow else {}
    return Rec(ticket.world, ticket.events[position].at, ticket, ticket.states[position], more=more)


def _inflow(desk: Desk) -> list[Rec]:
    recs = []
    for ticket in desk.tickets:
        recs.append(_at_event(ticket, 0, "created"))  # the value at the instant itself (ruling 9)
        for leaving in ticket.life.leavings:
            flow = "new_contact" if leaving.is_new_contact else "reopened"
            recs.append(_at_event(ticket, leaving.position, flow))
    return recs


def _outflow(desk: Desk) -> list[Rec]:
    return [_at_event(ticket, res.position, "resolved") for ticket in desk.tickets for res in ticket.life.resolutions]


def inflow(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Created + reopened + new contacts."""
    return Outcome({"rows": _inflow(desk)}, count)


def outflow(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Resolutions, under the assignee then (ruling 11)."""
    return Outcome({"rows": _outflow(desk)}, count)


def net_flow(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """The difference."""

    def difference(parts: Parts) -> Cell:
        into, out = len(parts["in"]), len(parts["out"])
        return cell(into - out, into + out)

    return Outcome({"in": _inflow(desk), "out": _outflow(desk)}, difference)


def _moves(desk: Desk, ask: Ask, side: int) -> Outcome:
    """Changes of agent or team while unresolved (rulings 9, 11); nobody is a place to move from and to."""
    watched = [dimension for dimension in ("agent", "team") if dimension in ask.by]
    if not watched:
        raise CannotSplit("moved_in and moved_out need agent or team")
    names = {"agent": "assignee", "team": "team"}
    recs = []
    for ticket in desk.tickets:
        for position in range(1, len(ticket.events)):
            pair = ticket.states[position - 1], ticket.states[position]
            if pair[0].is_resolved or pair[1].is_resolved:
                continue
            if any(getattr(pair[0], names[d]) != getattr(pair[1], names[d]) for d in watched):
                rec = _at_event(ticket, position, ("moved_out", "moved_in")[side])
                rec.state = pair[side]
                recs.append(rec)
    return Outcome({"rows": recs}, count)


def moved_in(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Unresolved tickets that came to an agent or team; a first assignment is one."""
    return _moves(desk, ask, 1)


def moved_out(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Unresolved tickets that left an agent or team."""
    return _moves(desk, ask, 0)


def unresolved_share(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Of the tickets created in the period, the share unresolved at `as_of`; agent and team at `as_of`."""
    recs = []
    for ticket in desk.tickets:
        rec = at_creation(ticket)
        last = ticket.states[-1]
        rec.agent, rec.team, rec.value = last.assignee, last.team, not last.is_resolved
        recs.append(rec)
    return share(recs, lambda rec: rec.value)


def unanswered(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Rulings 69, 77: unresolved, and the clock of the first reply has started and not ended."""
    return stock(unanswered_recs(desk, window), ask)


def waiting_now(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Tickets with an open wait; with a statistic, the waits' length by either clock."""
    return stock(waiting_recs(desk, window, ask), ask)


def open_by_last_response(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Tickets with an open wait (all=true: every unresolved one) by time since the last human reply."""
    recs = []
    for ticket, rec, position in open_tickets(desk, window):
        if open_wait(ticket, window) or ask.options.get("all"):
            replied: datetime | None = next(
                (event.at for event in reversed(ticket.events[: position + 1]) if is_human_reply(event)), None
            )
            rec.more["response_band"] = response_band(window.stock_at - replied if replied else None)
            recs.append(rec)
    return Outcome({"rows": recs}, count, every_bucket=True, is_filed=False)


METRICS: dict[str, Callable[[Desk, Window, Ask], Outcome]] = {
    "backlog": backlog,
    "backlog_average": backlog_average,
    "backlog_age": backlog_age,
    "inflow": inflow,
    "outflow": outflow,
    "net_flow": net_flow,
    "moved_in": moved_in,
    "moved_out": moved_out,
    "unresolved_share": unresolved_share,
    "unanswered": unanswered,
    "waiting_now": waiting_now,
    "open_by_last_response": open_by_last_response,
}
