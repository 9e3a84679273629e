"""Stretches that a stock counts at an instant: unanswered tickets and open waits."""

from __future__ import annotations

from collections.abc import Mapping

from deskmeter.engines.expressions import ibis
from deskmeter.facts.held_state import NUMBER
from deskmeter.facts.tables import Tables, known_or


def stock_spans(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_open`: unresolved stretches of every ticket, with what was open in them.

    One row per stretch of one state, so that a stock at an instant reads one row per ticket. clock_us: when the
    first-reply clock started, replied_us and any_us: when a human, and when anybody, first replied; handed_us: when
    it was first given to a human; was_resolved: it was resolved before. Null: not yet.
    """
    state = t["state_span"]
    state = state.filter(~state.is_resolved)
    tickets = t["f_ticket"].select("ticket_id", "created_us", "reply_start_us", "first_reply_us", "first_resolved_us")
    first = t["first_reply"].select("ticket_id", "any_pos", "assigned_us", "handoff_us")
    replies = t["timeline"].select(any_pos="pos", any_us="eff_us")
    tickets = tickets.join(first, "ticket_id").left_join(replies, "any_pos").drop("any_pos_right")
    spans = state.join(tickets, "ticket_id")
    return {
        "f_open": spans.select(
            "source", "ticket_id", NUMBER, "from_us", "to_us", "created_us", "any_us",
            clock_us=spans.reply_start_us, replied_us=spans.first_reply_us,
            handed_us=ibis.least(
                known_or(spans.assigned_us, spans.handoff_us), known_or(spans.handoff_us, spans.assigned_us)
            ),
            was_resolved=known_or(spans.first_resolved_us <= spans.from_us, ibis.literal(False)),
        )
    }  # fmt: skip


def wait_spans(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_waiting`: open waits by the state that their ticket had meanwhile; from_us and to_us bound each stretch."""
    wait, state = t["wait"], t["state_span"]
    wait = wait.select(_ticket="ticket_id", first_us="first_us", open_us="open_us", ended_us="ended_us")
    both = state.join(
        wait,
        [
            state.ticket_id == wait._ticket,
            wait.ended_us.isnull() | (state.from_us < wait.ended_us),
            state.to_us.isnull() | (state.to_us > wait.open_us),
        ],
    )
    return {
        "f_waiting": both.select(
            "source", "ticket_id", NUMBER, "first_us",
            from_us=ibis.greatest(both.from_us, both.open_us),
            to_us=ibis.coalesce(ibis.least(known_or(both.to_us, both.ended_us), known_or(both.ended_us, both.to_us))),
        )
    }  # fmt: skip


def reply_instants(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_reply`: every human reply's instant with the next one's, to read the last reply before any instant."""
    timeline = t["timeline"]
    replies = timeline.filter(timeline.is_human_reply)
    in_order = ibis.window(group_by="ticket_id", order_by="ord")
    return {"f_reply": replies.select("ticket_id", from_us="eff_us", to_us=replies.eff_us.lead().over(in_order))}
