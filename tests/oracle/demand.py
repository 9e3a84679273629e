"""Section 3: what comes in."""

from collections.abc import Callable
from datetime import timedelta

from oracle.asked import Ask
from oracle.desk import Desk, Ticket, World
from oracle.numbers_of import count, distinct, ratio, share
from oracle.records import Outcome, Rec, Window
from oracle.rows import Row

WEEK = timedelta(days=7)
TOPIC = frozenset({"reason", "type", "tag", "product", "reason_1", "reason_2", "reason_3"})


def at_creation(ticket: Ticket) -> Rec:
    """Ruling 9: a metric filed at creation takes the first agent, team and priority ever; status and stage then."""
    return Rec(
        ticket.world,
        ticket.created_at,
        ticket,
        ticket.states[0],
        agent=ticket.first_ever("assignee"),
        team=ticket.first_ever("team"),
        priority=ticket.first_ever("priority"),
        key=(ticket.world.source, ticket.id),
        more={"flow": "created"},
    )


def tickets_created(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Submissions."""
    return Outcome({"rows": [at_creation(ticket) for ticket in desk.tickets]}, count)


def tickets_active(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Ruling 24: unresolved for more than 0 s within [from, min(to, as_of)); under each agent that had it then."""
    recs = []
    for ticket in desk.tickets:
        edges = [*(event.at for event in ticket.events), desk.as_of]
        for position, state in enumerate(ticket.states):
            start = max(edges[position], window.start)
            end = min(edges[position + 1], window.end, desk.as_of)
            if not state.is_resolved and start < end:
                recs.append(Rec(ticket.world, start, ticket, state, key=(ticket.world.source, ticket.id)))
    return Outcome({"rows": recs}, distinct, every_bucket=True, is_filed=False)


def new_contact_recs(ticket: Ticket) -> list[Rec]:
    """Ruling 79: each message after a silence is a contact."""
    return [
        Rec(ticket.world, ticket.events[p].at, ticket, ticket.states[p], more={"flow": "new_contact"})
        for p in ticket.life.new_contacts
    ]


def ticketless_calls(world: World) -> list[Row]:
    """Ruling 31: inbound calls without a ticket, whatever their outcome but flowed out."""
    return [
        call
        for call in world.tables["call"]
        if call.get("ticket") is None and call.get("direction") == "in" and call.get("outcome") != "flowed_out"
    ]


def _call_rec(world: World, call: Row) -> Rec:
    at, agent = call["ringing_at"], call.get("agent")
    return Rec(world, at, agent=agent, team=world.people.team(agent, at), person=call.get("person"), channel="phone")


def contacts(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Tickets created + new contacts + inbound calls without a ticket."""
    recs = [at_creation(ticket) for ticket in desk.tickets]
    recs += [rec for ticket in desk.tickets for rec in new_contact_recs(ticket)]
    recs += [_call_rec(world, call) for world in desk.worlds for call in ticketless_calls(world)]
    return Outcome({"rows": recs}, count)


def repeat_contact_rate(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Tickets followed by another of the same customer within 7 days; unknown customers in neither part."""
    known = [t for world in desk.worlds for t in world.in_order_of_creation if t.requester is not None]
    recs = []
    for place, ticket in enumerate(known):
        followed = any(
            other.world is ticket.world
            and other.requester == ticket.requester
            and other.created_at - ticket.created_at <= WEEK
            for other in known[place + 1 :]
        )
        rec = at_creation(ticket)
        rec.value = followed
        recs.append(rec)
    return share(recs, lambda rec: rec.value)


def topic_share(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Ruling 27: all tickets created are the denominator."""
    recs = [at_creation(ticket) for ticket in desk.tickets]
    unsplit = TOPIC | {f"{name}_then" for name in TOPIC}
    return Outcome({"num": recs, "den": list(recs)}, ratio, broadcast={"den": unsplit})


METRICS: dict[str, Callable[[Desk, Window, Ask], Outcome]] = {
    "tickets_created": tickets_created,
    "tickets_active": tickets_active,
    "contacts": contacts,
    "repeat_contact_rate": repeat_contact_rate,
    "topic_share": topic_share,
}
