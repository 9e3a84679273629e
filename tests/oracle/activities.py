"""What staff did on a ticket."""

from datetime import datetime

from oracle.desk import Ticket
from oracle.records import Rec

NAMES = {
    "note": "note",
    "status": "status",
    "assign": "assign",
    "tag_added": "tag",
    "tag_removed": "tag",
    "time_entry": "time_entry",
}


def activity_recs(ticket: Ticket) -> list[tuple[Rec, datetime]]:
    """(row filed at its own time, instant that the ticket's clocks read) of each activity (ruling 29).

    By staff or unnamed staff; bots do none, nor does the requester on their own ticket (ruling 74), calls included.
    """
    out = []
    for event, state in zip(ticket.events, ticket.states, strict=True):
        name = NAMES.get(event.kind)
        if event.kind == "message":
            name = "opening" if event.is_opening else "reply"
        elif event.kind == "merged" and event.is_moved:
            name = "merge"
        if name is None or event.who != "staff":
            continue
        rec = Rec(ticket.world, event.own_at, ticket, state, agent=event.actor)
        rec.more["activity"] = name
        rec.more["message_channel"] = event.channel if event.kind == "message" else None
        out.append((rec, event.at))
    for call in ticket.calls:
        answered = call.get("answered_at")
        if answered is not None and not ticket.is_by_requester(call):
            at = ticket.answer_at(call)
            position = ticket.position_at(at, inclusive=True) or 0
            rec = Rec(ticket.world, answered, ticket, ticket.states[position], agent=call.get("agent"))
            rec.more["activity"] = "call"
            out.append((rec, at))
    return out
