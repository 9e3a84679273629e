"""Telephone calls: one row a leg, and the logged-in time of agents."""

from __future__ import annotations

from collections.abc import Mapping

from deskmeter.engines.expressions import ibis
from deskmeter.facts.attribution import with_home_ticket, with_team_then, with_ticket_state
from deskmeter.facts.people import with_label
from deskmeter.facts.places import with_customer_kind, with_whereabouts
from deskmeter.facts.tables import FAR_FUTURE, Tables, key, known_or, whole_seconds


def calls(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_call`: one row a call leg, filed at its end, credited to the agent who answered (metrics 7)."""
    rows = t.canonical("call")
    rows = rows.mutate(
        row=key(rows.source, rows.id), agent_key=key(rows.source, rows.agent), has_ticket=rows.ticket.notnull()
    ).rename(agent_id="agent")
    rows = with_home_ticket(rows, t)
    rows = with_label(rows, t["person"], "source", "agent_id", "agent")
    rows = with_whereabouts(rows, t, "person", None)
    tickets = t["ticket"].select(_of="ticket_id", _channel="channel")
    rows = rows.left_join(tickets, [("ticket_id", "_of")])
    # the channel is the ticket's; a call without one is `phone` (rulings 74, 79)
    rows = rows.mutate(channel=rows._of.notnull().ifelse(rows._channel, ibis.literal("phone"))).drop("_of", "_channel")
    rows = rows.mutate(filed_us=known_or(rows.ended_at, rows.ringing_at))
    rows = with_customer_kind(rows, t, "asker_key", "filed_us")
    rows = with_ticket_state(rows, t, "filed_us", "row", "agent_key")
    waited = known_or(rows.queue_s, whole_seconds(known_or(rows.answered_at, rows.ended_at) - rows.ringing_at))
    return {
        "f_call": rows.select(
            "source", "ticket_id", "has_ticket", "customer", "account", "agent", "team", "priority", "status", "stage",
            "queue", "direction", "outcome", "talk_s", "hold_s", "wrap_s", "is_transferred",
            "country", "language", "requester", "customer_kind", "asker_key", "channel",
            call="id", at_us="ended_at", ringing_us="ringing_at", answered_us="answered_at", queue_s=waited,
            handle_s=rows.talk_s + rows.hold_s + rows.wrap_s,
        )
    }  # fmt: skip


def availability(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_availability`: logged-in stretches of agents by state, cut where their team changes, for occupancy."""
    rows = _cut_at_moves(t.canonical("availability_span"), t)
    rows = rows.mutate(
        row=key(rows.source, rows.id.concat("/", rows.from_at.cast("string"))),
        agent_key=key(rows.source, rows.person),
    )
    rows = with_label(rows, t["person"], "source", "person", "agent")
    rows = with_team_then(rows, t, "from_at", "row", "agent_key")
    return {"f_availability": rows.select("source", "agent", "team", "state", from_us="from_at", to_us="to_at")}


def _cut_at_moves(spans: ibis.Table, t: Tables) -> ibis.Table:
    """`spans` of agents cut wherever a membership of theirs begins or ends, so that each piece lies in one team."""
    members = t.canonical("membership_span")
    begins = members.select(_source="source", _person="person", _edge="from_at")
    edges = begins.union(members.select(_source="source", _person="person", _edge="to_at"))
    inside = spans.join(edges, [("source", "_source"), ("person", "_person"), spans.from_at < edges._edge])
    inside = inside.filter(inside._edge < known_or(inside.to_at, ibis.literal(FAR_FUTURE)))
    starts = spans.select("source", "id", "from_at").union(inside.select("source", "id", from_at="_edge")).distinct()
    in_order = ibis.window(group_by=["source", "id"], order_by="from_at")
    starts = starts.mutate(_next=starts.from_at.lead().over(in_order))
    whole = spans.select("source", "id", "person", "state", "to_at")
    pieces = starts.join(whole, ["source", "id"])
    return pieces.mutate(to_at=known_or(pieces._next, pieces.to_at)).drop("_next")
