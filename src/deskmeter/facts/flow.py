"""What enters and leaves the backlog, contacts, and tickets passed from hand to hand."""

from __future__ import annotations

from collections.abc import Mapping

from deskmeter.engines.expressions import ibis
from deskmeter.facts.attribution import with_team_then
from deskmeter.facts.held_state import NUMBER, STATES, with_state
from deskmeter.facts.places import with_customer_kind
from deskmeter.facts.state import changes_of_hand, given_to_humans
from deskmeter.facts.tables import Tables, key, known_or

_TEXTS = ("agent", "team", "priority", "status", "stage")
_PERSONAL = ("account", "country", "language", "requester", "customer_kind")


def flows(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_flow`: one row for each ticket that enters (+1) or leaves (-1) the backlog or one hand in it.

    flow: created, reopened, new_contact, resolved, moved_in, moved_out. A move happens to unresolved tickets
    alone (ruling 11); `is_agent_move` and `is_team_move` say what changed.
    """
    timeline = t["timeline"]
    born = _flow(timeline.filter(timeline.ord == 1), "created", 1)
    left = t["leaving"]
    back = left.mutate(flow=left.is_new_contact.ifelse("new_contact", "reopened"))
    back = _flow(back, back.flow, 1)
    done = _flow(timeline.filter(timeline.is_resolution), "resolved", -1)
    moves = changes_of_hand(t)
    moves = moves.filter((moves.ord > 1) & ~moves.is_resolved & ~moves.is_leaving)
    agent_moves = known_or(moves.agent != moves.prev_agent, moves.agent.isnull() != moves.prev_agent.isnull())
    team_moves = known_or(moves.team != moves.prev_team, moves.team.isnull() != moves.prev_team.isnull())
    moves = moves.mutate(is_agent_move=agent_moves, is_team_move=team_moves).filter(agent_moves | team_moves)
    came = _flow(moves, "moved_in", 1)
    went = _flow(moves.mutate(**{NUMBER: moves.prev_state_no}), "moved_out", -1)
    whole = born
    for part in (back, done, came, went):
        whole = whole.union(part)
    return {"f_flow": whole}


def _flow(table: ibis.Table, flow: ibis.Value | str, sign: int) -> ibis.Table:
    is_move = "is_agent_move" in table.columns
    return table.select(
        "source",
        "ticket_id",
        NUMBER,
        at_us="eff_us",
        event_pos="pos",
        flow=ibis.literal(flow) if isinstance(flow, str) else flow,
        sign=ibis.literal(sign).cast("int64"),
        is_agent_move=table.is_agent_move if is_move else ibis.literal(False),
        is_team_move=table.is_team_move if is_move else ibis.literal(False),
    )


def contacts(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_contact`: tickets created, new-contact messages, and inbound calls without a ticket (rulings 15, 31, 79).

    call: the id of such a call.
    """
    personal = t["ticket"].select(*_PERSONAL, _of="ticket_id")
    ticket = t["f_ticket"].join(personal, [("ticket_id", "_of")]).drop("_of")
    created = ticket.select(
        "source", "ticket_id", "customer", *_PERSONAL, contact=ibis.literal("created"), at_us="created_us",
        event_pos="created_pos", call=ibis.null("string"), channel="channel",
        agent="first_agent", team="first_team", priority="first_priority", status="created_status", stage="created_stage",
    )  # fmt: skip
    again = with_state(t["new_contact"], t[STATES], *_TEXTS)
    again = again.join(ticket.select("ticket_id", "channel", "customer", *_PERSONAL), "ticket_id")
    again = again.select(
        "source",
        "ticket_id",
        "customer",
        *_PERSONAL,
        *_TEXTS,
        contact=ibis.literal("new_contact"),
        at_us="eff_us",
        event_pos="pos",
        call=ibis.null("string"),
        channel="channel",
    )
    calls = t["f_call"]
    calls = calls.filter(
        ~calls.has_ticket & (calls.direction == "in") & known_or(calls.outcome != "flowed_out", ibis.literal(True))
    )
    blank = ibis.null("string")
    calls = with_customer_kind(calls.drop("customer_kind"), t, "asker_key", "ringing_us")
    calls = _with_team_when_ringing(calls.drop("team"), t)
    calls = calls.select(
        "source", "ticket_id", "customer", *_PERSONAL, "agent", "team", "call",
        contact=ibis.literal("call"), at_us="ringing_us", event_pos=ibis.null("int64"), channel=ibis.literal("phone"),
        priority=blank, status=blank, stage=blank,
    )  # fmt: skip
    return {"f_contact": created.union(again.select(*created.columns)).union(calls.select(*created.columns))}


def _with_team_when_ringing(calls: ibis.Table, t: Tables) -> ibis.Table:
    """A contact is filed by the ringing: its team is the one that the agent belonged to then (ruling 31)."""
    known = t.canonical("call").select(_source="source", _call="id", _agent="agent")
    calls = calls.left_join(known, [("source", "_source"), ("call", "_call")]).drop("_source", "_call")
    calls = calls.mutate(row=key(calls.source, calls.call), agent_key=key(calls.source, calls._agent))
    return with_team_then(calls, t, "ringing_us", "row", "agent_key").drop("row", "agent_key", "_agent")


def handovers(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_handover`: changes from one human assignee or team to another, credited to the one who lost it.

    Gaps and bots between two humans are skipped over (ruling 25).
    """
    in_order = ibis.window(group_by="ticket_id", order_by="ord")
    own = changes_of_hand(t)
    own = own.filter((own.is_moved == 0) & (own.kind.isin(["assign", "team"]) | own.is_creation))
    hands = own.filter(((own.kind == "assign") | own.is_creation) & own.is_human)
    hands = hands.mutate(lost=hands.assignee.lag().over(in_order), lost_agent=hands.agent.lag().over(in_order))
    hands = hands.filter(hands.lost != hands.assignee)
    teams = own.filter(((own.kind == "team") | own.is_creation) & own.team.notnull())
    teams = teams.mutate(lost_team=teams.team.lag().over(in_order))
    teams = teams.filter(teams.lost_team != teams.team)
    common = ("source", "ticket_id", NUMBER)
    agents = hands.select(
        *common,
        kind=ibis.literal("reassignment"),
        at_us="eff_us",
        event_pos="pos",
        agent="lost_agent",
        team="prev_team",
    )
    return {
        "f_handover": agents.union(
            teams.select(
                *common,
                kind=ibis.literal("transfer"),
                at_us="eff_us",
                event_pos="pos",
                agent="prev_agent",
                team="lost_team",
            ).select(*agents.columns)
        )
    }


def assignments(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_assigned`: one row for each time a ticket was given to a human; first values count at creation."""
    given = given_to_humans(t)
    return {"f_assigned": given.select("source", "ticket_id", NUMBER, at_us="eff_us", event_pos="pos")}


ACTIVITIES = {
    "message": "reply", "note": "note", "call": "call", "status": "status", "assign": "assign", "tag_added": "tag",
    "tag_removed": "tag", "merged": "merge", "time_entry": "time_entry",
}  # fmt: skip


def activities(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_activity`: what staff did on tickets, by type, credited to the author (rulings 29, 74)."""
    timeline = t["timeline"]
    done = timeline.filter(timeline.is_staff & timeline.kind.isin(list(ACTIVITIES)))
    kinds = ibis.cases(
        (done.is_opening, ibis.literal("opening")),
        (done.kind.isin(["message", "note"]), done.is_public.ifelse("reply", "note")),
        *((done.kind == kind, ibis.literal(name)) for kind, name in ACTIVITIES.items()),
    )
    done = done.mutate(activity=kinds)
    return {
        "f_activity": done.select(
            "source", "ticket_id", NUMBER, "activity",
            # an answered call is filed at its own answer, though its ticket may have been written afterwards
            at_us=(done.kind == "call").ifelse(done.said_us, done.own_eff_us),
            message_channel=done.activity.isin(["opening", "reply"]).ifelse(done.channel, ibis.null("string")),
            agent="actor_label", counted_us="eff_us", event_pos="pos",
        )
    }  # fmt: skip


def escalations(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_escalation`: requests to speak to a higher tier, by who asked."""
    timeline = t["timeline"]
    asked = timeline.filter(timeline.kind == "escalation")
    by_kind = ibis.cases(
        (asked.who == "customer", ibis.literal("customer")),
        (asked.who == "staff", ibis.literal("agent")),
        (asked.who.isin(["bot", "system"]), ibis.literal("rule")),
        else_=ibis.null("string"),
    )
    return {
        "f_escalation": asked.select(
            "source",
            "ticket_id",
            NUMBER,
            at_us="own_eff_us",
            event_pos="pos",
            asked_by=known_or(asked.field, by_kind),
            tier="to_value",
        )
    }
