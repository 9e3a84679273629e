"""Every length of time on a ticket, in one tall table: which clock it is, when it was filed, whom it credits."""

from __future__ import annotations

from collections.abc import Mapping

from deskmeter.engines.expressions import ibis
from deskmeter.facts.clocks import in_seconds, with_clocks
from deskmeter.facts.held_state import NUMBER, STATES, with_state
from deskmeter.facts.tables import Tables, known_or


def lengths(t: Tables) -> Mapping[str, ibis.Table]:
    """`length`: kind, ticket, [from_us, to_us), the event that files it and the credited agent; before the clocks."""
    parts = [*_first_reply_lengths(t), _wait_lengths(t), *_resolution_lengths(t)]
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.union(part.select(*whole.columns))
    # where an end lies before its start the value is null and not open (ruling 22)
    whole = whole.filter(whole.from_us.notnull() & whole.to_us.notnull() & (whole.to_us >= whole.from_us))
    return {"length": whole.mutate(row=ibis.row_number().over(ibis.window(order_by=["kind", "pos"])).cast("int64"))}


def _row(
    table: ibis.Table, kind: str, from_us: ibis.Value, agent: ibis.Value, to_us: ibis.Value | None = None
) -> ibis.Table:
    end = table.eff_us if to_us is None else to_us
    return table.select("source", "ticket_id", "pos", kind=ibis.literal(kind), from_us=from_us, to_us=end, agent=agent)


def _first_reply_lengths(t: Tables) -> list[ibis.Table]:
    timeline, first = t["timeline"], t["first_reply"]
    events = timeline.select("source", "pos", "eff_us", "actor_label")
    human = first.join(events, first.human_pos == events.pos)
    any_reply = first.join(events, first.any_pos == events.pos)
    waiting_since = ibis.least(
        known_or(human.assigned_us, human.handoff_us), known_or(human.handoff_us, human.assigned_us)
    )
    # a call is answered when it is, though its ticket may have been written afterwards
    answered = known_or(human.answered_us, human.eff_us)
    is_birth = known_or(any_reply.pos == any_reply.birth_pos, ibis.literal(False))
    any_end = is_birth.ifelse(any_reply.answered_us, any_reply.eff_us)
    return [
        _row(human, "first_reply", human.start_us, human.actor_label, answered),
        _row(any_reply, "first_reply_any", any_reply.start_us, any_reply.actor_label, any_end),
        _row(human, "assignment_to_first_reply", waiting_since, human.actor_label),
    ]


def _wait_lengths(t: Tables) -> ibis.Table:
    wait = t["wait"]
    wait = wait.filter(wait.ended_by == "reply").mutate(pos=wait.end_pos, eff_us=wait.ended_us)
    return _row(wait, "reply", wait.first_us, wait.author)


def _resolution_lengths(t: Tables) -> list[ibis.Table]:
    done = t["resolution"]
    first, last = done.filter(done.is_first), done.filter(done.is_last)
    replies = t["first_reply"].select(_ticket="ticket_id", _pos="human_pos")
    at = t["timeline"].select(_reply_pos="pos", replied_us="eff_us")
    replied = last.join(replies, [("ticket_id", "_ticket")]).drop("_ticket").join(at, [("_pos", "_reply_pos")])
    return [
        _row(first, "resolution_first", first.created_us, first.agent),
        _row(last, "resolution", last.created_us, last.agent),
        _row(done, "resolution_episode", done.started_us, done.agent),
        _row(replied, "first_reply_to_resolution", replied.replied_us, replied.agent),
    ]


def durations(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_duration`: one row a length of time, in whole seconds of three clocks, filed at its end."""
    clocked = in_seconds(with_clocks(t["length"], t, "row"))
    # the channel of the reply that ended it; a length of a resolution is never asked for it
    state = t["timeline"].select("pos", NUMBER, message_channel="channel")
    filed = clocked.join(state, "pos")
    return {"f_duration": filed.mutate(at_us=filed.to_us, event_pos=filed.pos).drop("row", "to_us")}


def stage_times(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_stage_time`: one row per ticket and stretch of one state, cut at the last resolution of resolved tickets.

    Credit by time share: agent and team are those of the stretch. Under the last schedule the one at the end of
    the whole holds, so that stages add up to the resolution time (rulings 23, 81). Lengths stay in microseconds:
    they are rounded down once, after adding up (ruling 54).
    """
    last = t["resolution"].filter(lambda r: r.is_last)
    ends = with_state(last, t[STATES], end_priority="priority")
    ends = ends.select("ticket_id", "end_priority", end_us="eff_us", end_pos="pos")
    spans = t["state_span"].join(ends, "ticket_id")
    spans = spans.filter(spans.from_us < spans.end_us)
    spans = spans.mutate(until_us=ibis.least(known_or(spans.to_us, spans.end_us), spans.end_us))
    lived = with_clocks(spans, t, "pos", to_us="until_us", end_us="end_us")
    return {
        "f_stage_time": lived.select(
            "source", "ticket_id", NUMBER, "calendar_us", "business_us", "business_last_us",
            priority="end_priority", at_us="end_us", event_pos="end_pos",
        )
    }  # fmt: skip


def stage_zeros(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_stage_zero`: a stretch of no length for every resolved ticket, so that a wait never entered is 0 (ruling 23).

    It belongs to the assignee at the last resolution (ruling 73); null business time if no schedule holds then.
    """
    last = t["resolution"].filter(lambda r: r.is_last)
    still = last.select("source", "ticket_id", "pos", NUMBER, at_us="eff_us")
    zero = with_clocks(still, t, "pos", from_us="at_us", to_us="at_us")
    return {"f_stage_zero": zero.rename(event_pos="pos")}


def status_times(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_status_time`: every stretch of one state of resolved tickets, whole, also those after the last resolution.

    A running one has until_us null: it ends at the instant of the question. For `time_in_status_total`, filed at
    the last resolution.
    """
    last = with_state(t["resolution"].filter(lambda r: r.is_last), t[STATES], end_priority="priority")
    last = last.select("ticket_id", "end_priority", end_us="eff_us", end_pos="pos")
    spans = t["state_span"].join(last, "ticket_id")
    lived = with_clocks(spans.filter(spans.to_us.notnull()), t, "pos")
    running = spans.filter(spans.to_us.isnull())
    no = ibis.null("int64")
    running = running.mutate(calendar_us=no, business_us=no, business_last_us=no)
    whole = lived.union(running.select(*lived.columns))
    return {
        "f_status_time": whole.select(
            "source", "ticket_id", "pos", NUMBER, "from_us", "to_us",
            "calendar_us", "business_us", "business_last_us",
            priority="end_priority", at_us="end_us", event_pos="end_pos",
        )
    }  # fmt: skip
