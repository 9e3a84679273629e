"""Section 6: resolution quality and effort."""

from collections.abc import Callable
from datetime import datetime, timedelta

from oracle.activities import activity_recs
from oracle.asked import Ask
from oracle.demand import at_creation, ticketless_calls
from oracle.desk import Desk, Ticket
from oracle.numbers_of import count, distinct, plain_values, ratio, share
from oracle.records import Cell, Outcome, Parts, Rec, Window, cell
from oracle.speed import at_resolution, replies_until

WEEK = timedelta(days=7)


def _resolution_recs(desk: Desk) -> list[Rec]:
    return [at_resolution(ticket, res) for ticket in desk.tickets for res in ticket.life.resolutions]


def resolutions(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Resolutions."""
    return Outcome({"rows": _resolution_recs(desk)}, count)


def tickets_resolved(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Distinct tickets resolved in the period."""
    return Outcome({"rows": _resolution_recs(desk)}, distinct)


def _created_with_owner(ticket: Ticket) -> Rec:
    """Rulings 9, 68: filed at creation; agent and team are the owner's at the resolution, else those at `as_of`."""
    rec = at_creation(ticket)
    last = ticket.states[-1]
    rec.agent, rec.team = last.assignee, last.team
    if ticket.resolution:
        rec.agent, rec.team = ticket.resolution.owner, ticket.states[ticket.resolution.position].team
    return rec


def _created(desk: Desk, hit: Callable[[Ticket], bool]) -> Outcome:
    recs = []
    for ticket in desk.tickets:
        rec = _created_with_owner(ticket)
        rec.value = hit(ticket)
        recs.append(rec)
    return share(recs, lambda rec: rec.value)


def _resolved(desk: Desk, hit: Callable[[Ticket], bool], keep: Callable[[Ticket], bool] = lambda t: True) -> Outcome:
    recs = []
    for ticket in desk.tickets:
        if ticket.resolution and keep(ticket):
            rec = at_resolution(ticket, ticket.resolution)
            rec.value = hit(ticket)
            recs.append(rec)
    return share(recs, lambda rec: rec.value)


def resolution_rate(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Of the tickets created in the period, the share resolved at `as_of`."""
    return _created(desk, lambda ticket: ticket.resolution is not None)


def resolution_rate_flow(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Resolutions / tickets created, each filed and credited its own way."""
    return Outcome({"num": _resolution_recs(desk), "den": [at_creation(ticket) for ticket in desk.tickets]}, ratio)


def first_contact_resolution(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Resolved with exactly one contact and never reopened / tickets created."""
    return _created(desk, lambda ticket: ticket.is_one_contact)


def one_touch_rate(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """The same test on tickets by last resolution."""
    return _resolved(desk, lambda ticket: ticket.is_one_contact)


def resolved_without_contact(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Resolved with no contact by staff."""
    return _resolved(desk, lambda ticket: ticket.contacts_n == 0)


def _came_back(ticket: Ticket, resolved_at: datetime) -> bool:
    """Ruling 26: a ticket, a new-contact message, a leaving after a message or a call, in (resolution, +7 d]."""

    def soon(at: datetime) -> bool:
        return resolved_at < at <= resolved_at + WEEK

    for other in ticket.world.tickets:
        if other.requester != ticket.requester:
            continue
        if other is not ticket and soon(other.created_at):
            return True
        if any(soon(other.events[p].at) for p in other.life.new_contacts):
            return True
        if any(soon(leaving.at) and leaving.is_after_message for leaving in other.life.leavings):
            return True
    calls = ticketless_calls(ticket.world)
    return any(call.get("person") == ticket.requester and soon(call["ringing_at"]) for call in calls)


def fcr_no_repeat(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """The customer did not come back within 7 days; only mature ones, known requesters."""

    def keep(ticket: Ticket) -> bool:
        assert ticket.resolution is not None
        return ticket.requester is not None and desk.as_of - ticket.resolution.at > WEEK

    return _resolved(desk, lambda t: t.resolution is not None and not _came_back(t, t.resolution.at), keep)


def reopens(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Ruling 25: filed at the leaving; credit the owner at the resolution that was undone, and the team then."""
    recs = []
    for ticket in desk.tickets:
        for leaving in ticket.life.leavings:
            if not leaving.is_new_contact:
                undone = leaving.resolution
                state = ticket.states[leaving.position]
                rec = Rec(ticket.world, leaving.at, ticket, state, agent=undone.owner)
                rec.team = ticket.states[undone.position].team
                recs.append(rec)
    return Outcome({"rows": recs}, count)


def _is_reopened(ticket: Ticket) -> bool:
    return any(not leaving.is_new_contact for leaving in ticket.life.leavings)


def reopen_rate(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Tickets by first resolution that were reopened by `as_of` / those tickets."""
    recs = []
    for ticket in desk.tickets:
        for resolution in ticket.life.resolutions[:1]:
            rec = at_resolution(ticket, resolution)
            rec.value = _is_reopened(ticket)
            recs.append(rec)
    return share(recs, lambda rec: rec.value)


def durable_resolution_rate(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Resolutions not reopened within 7 days / resolutions older than 7 days (strictly)."""
    recs = []
    for ticket in desk.tickets:
        for resolution in ticket.life.resolutions:
            if desk.as_of - resolution.at > WEEK:
                leaving = resolution.leaving
                undone = leaving is not None and not leaving.is_new_contact and leaving.at - resolution.at <= WEEK
                rec = at_resolution(ticket, resolution)
                rec.value = not undone
                recs.append(rec)
    return share(recs, lambda rec: rec.value)


def _per_resolved(desk: Desk, ask: Ask, n_of: Callable[[Ticket, datetime], int]) -> Outcome:
    recs = []
    for ticket in desk.tickets:
        if ticket.resolution:
            rec = at_resolution(ticket, ticket.resolution)
            rec.value = n_of(ticket, ticket.resolution.at)
            recs.append(rec)
    return Outcome({"rows": recs}, plain_values(ask.stat or "mean", ask.within_s))


def replies_per_ticket(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Human replies up to the last resolution."""
    return _per_resolved(desk, ask, replies_until)


def exchanges_per_ticket(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Waits that a reply ended, up to the last resolution."""

    def n_of(ticket: Ticket, at: datetime) -> int:
        return sum(1 for w in ticket.waits if w.ended_by == "reply" and w.end is not None and w.end <= at)

    return _per_resolved(desk, ask, n_of)


def activities(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Staff activities by type, at their own time."""
    return Outcome({"rows": [rec for ticket in desk.tickets for rec, _ in activity_recs(ticket)]}, count)


def activities_per_resolution(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Activities up to the last resolution, per ticket resolved in the period."""
    return _per_resolved(desk, ask, lambda t, until: sum(1 for _, at in activity_recs(t) if at <= until))


def _asked_by(who: str, field: str | None) -> str | None:
    return field or {"customer": "customer", "staff": "agent", "bot": "rule", "system": "rule"}.get(who)


def escalations(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Requests for a higher tier, at their own time, by who asked."""
    recs = []
    for ticket in desk.tickets:
        for event, state in zip(ticket.events, ticket.states, strict=True):
            if event.kind == "escalation":
                rec = Rec(ticket.world, event.own_at, ticket, state)
                rec.more["asked_by"] = _asked_by(event.who, event.row.get("field"))
                recs.append(rec)
    return Outcome({"rows": recs}, count)


def escalation_rate(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Tickets created in the period with an escalation / tickets created."""
    recs = []
    for ticket in desk.tickets:
        rec = at_creation(ticket)
        rec.value = any(event.kind == "escalation" for event in ticket.events)
        recs.append(rec)
    return share(recs, lambda rec: rec.value)


def reassignments(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Ruling 25: from one human to another; gaps and bots between are skipped; credit the one who lost it."""
    recs = []
    for ticket in desk.tickets:
        holder = None
        for event, state in zip(ticket.events, ticket.states, strict=True):
            if event.is_moved or event.kind not in ("created", "assign"):
                continue
            if ticket.world.people.is_human(state.assignee, event.at):
                if holder is not None and holder != state.assignee:
                    recs.append(Rec(ticket.world, event.at, ticket, state, agent=holder))
                holder = state.assignee
    return Outcome({"rows": recs}, count)


def transfers(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """From one team to another; the team that lost it."""
    recs = []
    for ticket in desk.tickets:
        holder = None
        for event, state in zip(ticket.events, ticket.states, strict=True):
            if not event.is_moved and event.kind in ("created", "team") and state.team is not None:
                if holder is not None and holder != state.team:
                    recs.append(Rec(ticket.world, event.at, ticket, state, team=holder))
                holder = state.team
    return Outcome({"rows": recs}, count)


def tickets_per_agent(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Distinct tickets assigned to a human in the period / agents with one (ruling 24)."""
    recs = []
    for ticket in desk.tickets:
        for event, state in zip(ticket.events, ticket.states, strict=True):
            given = not event.is_moved and event.kind in ("created", "assign")
            if given and ticket.world.people.is_human(state.assignee, event.at):
                rec = Rec(ticket.world, event.at, ticket, state, key=(ticket.world.source, ticket.id))
                rec.value = (ticket.world.source, state.assignee)
                recs.append(rec)

    def aggregate(parts: Parts) -> Cell:
        tickets = len({rec.key for rec in parts["rows"]})
        agents = len({rec.value for rec in parts["rows"]})
        return cell(tickets / agents if agents else None, agents, tickets, agents)

    return Outcome({"rows": recs}, aggregate)


METRICS: dict[str, Callable[[Desk, Window, Ask], Outcome]] = {
    "resolutions": resolutions,
    "tickets_resolved": tickets_resolved,
    "resolution_rate": resolution_rate,
    "resolution_rate_flow": resolution_rate_flow,
    "first_contact_resolution": first_contact_resolution,
    "one_touch_rate": one_touch_rate,
    "resolved_without_contact": resolved_without_contact,
    "fcr_no_repeat": fcr_no_repeat,
    "reopens": reopens,
    "reopen_rate": reopen_rate,
    "durable_resolution_rate": durable_resolution_rate,
    "replies_per_ticket": replies_per_ticket,
    "exchanges_per_ticket": exchanges_per_ticket,
    "activities": activities,
    "activities_per_resolution": activities_per_resolution,
    "escalations": escalations,
    "escalation_rate": escalation_rate,
    "reassignments": reassignments,
    "transfers": transfers,
    "tickets_per_agent": tickets_per_agent,
}
