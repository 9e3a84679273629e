"""Waits of the customer and the first replies of every ticket."""

from __future__ import annotations

from collections.abc import Mapping

from deskmeter.engines.expressions import ibis
from deskmeter.facts.state import given_to_humans
from deskmeter.facts.tables import Tables, known_or


def waits(t: Tables) -> Mapping[str, ibis.Table]:
    """`wait`: from the first unanswered customer message to the human reply or resolution that ends it.

    Replies and resolutions cut a ticket into stretches; a stretch with a customer message and some unresolved
    time holds one wait (metrics 2, ruling 20). `open_us` is when it becomes a wait: the message, or the
    leaving of solved if the message stood before it. `ended_us` is null while it lasts.
    """
    timeline = t["timeline"]
    no = ibis.null("int64")
    # the stretch of an event is the number of enders before it
    stretch = (timeline.enders_n - timeline.is_ender.cast("int64")).name("stretch")
    rows = timeline.mutate(stretch)
    grouped = rows.group_by("source", "ticket_id", "stretch").aggregate(
        first_us=rows.is_customer_message.ifelse(rows.eff_us, no).min(),
        leaving_us=rows.is_leaving.ifelse(rows.eff_us, no).min(),
    )
    grouped = grouped.filter(grouped.first_us.notnull())
    enders = timeline.filter(timeline.is_ender)
    ended_by = enders.is_human_reply.ifelse("reply", "resolution")
    ends = enders.select(
        "ticket_id", "enders_n", "pos", "eff_us", "is_resolved", kind=ended_by, author=enders.actor_label
    )
    start = ends.select(_ticket="ticket_id", _number="enders_n", was_resolved="is_resolved")
    found = grouped.left_join(start, [grouped.ticket_id == start._ticket, grouped.stretch == start._number])
    found = found.drop("_ticket", "_number")
    was_resolved = known_or(found.was_resolved, ibis.literal(False))
    found = found.filter(~was_resolved | found.leaving_us.notnull())
    found = found.mutate(open_us=was_resolved.ifelse(ibis.greatest(found.first_us, found.leaving_us), found.first_us))
    for number, prefix in ((1, "end"), (2, "next")):
        end = ends.select(
            **{f"{prefix}_{name}": ends[name] for name in ("ticket_id", "enders_n", "pos", "eff_us", "kind", "author")}
        )
        found = found.left_join(
            end,
            [found.ticket_id == end[f"{prefix}_ticket_id"], (found.stretch + number) == end[f"{prefix}_enders_n"]],
        )
    # a reply in the same instant as the resolution ends the wait, whichever stands first
    by_next = (found.end_kind == "resolution") & (found.next_kind == "reply") & (found.next_eff_us == found.end_eff_us)
    by_next = known_or(by_next, ibis.literal(False))
    return {
        "wait": found.select(
            "source",
            "ticket_id",
            "first_us",
            "open_us",
            ended_us=found.end_eff_us,
            ended_by=by_next.ifelse("reply", found.end_kind),
            author=by_next.ifelse(found.next_author, found.end_author),
            end_pos=by_next.ifelse(found.next_pos, found.end_pos),
        )
    }


def first_replies(t: Tables) -> Mapping[str, ibis.Table]:
    """`first_reply`: per ticket when its first-reply clocks start and which event stops them.

    Opened by the customer: from creation. Opened by staff: from the customer's first message, null before it.
    Born from a call that was answered: from its ringing to the answer, for every metric (rulings 18, 21, 77, 81);
    answered_us is then the answer's own time, which may lie before the ticket's creation.
    """
    timeline = t["timeline"]
    no = ibis.null("int64")
    calls = t.canonical("call")
    calls = calls.select(_call_source="source", _call="id", _ringing_us="ringing_at", _answered_us="answered_at")
    born = timeline.filter(timeline.is_birth).left_join(calls, [("source", "_call_source"), ("to_value", "_call")])
    born = born.select(_birth_pos="pos", ringing_us="_ringing_us", answered_us="_answered_us")
    rows = timeline.left_join(born, [("pos", "_birth_pos")]).drop("_birth_pos")
    starts = rows.group_by("ticket_id").aggregate(
        is_staff_opened=rows.is_staff_opened.max(where=rows.is_moved == 0),
        created_us=rows.created_us.min(),
        message_us=rows.is_customer_message.ifelse(rows.eff_us, no).min(),
        ringing_us=rows.is_birth.ifelse(rows.ringing_us, no).max(),
        answered_us=rows.is_birth.ifelse(rows.answered_us, no).max(),
        birth_pos=rows.is_birth.ifelse(rows.pos, no).min(),
    )
    starts = starts.mutate(
        start_us=ibis.cases(
            (starts.birth_pos.notnull(), starts.ringing_us),
            (starts.is_staff_opened, starts.message_us),
            else_=starts.created_us,
        )
    ).drop("created_us")
    rows = rows.join(starts.rename(_ticket="ticket_id", _staff="is_staff_opened"), [("ticket_id", "_ticket")])
    counts = known_or(rows.eff_us >= rows.start_us, ibis.literal(False)) | rows.is_birth
    pos = rows.pos
    # where a call is the first human reply, only automation can be earlier
    is_any = rows.is_any_reply & (rows.birth_pos.isnull() | rows.is_birth | ~rows.is_human_reply)
    first = rows.group_by("ticket_id").aggregate(
        human_pos=(rows.is_human_reply & counts).ifelse(pos, no).min(),
        any_pos=(is_any & counts).ifelse(pos, no).min(),
        handoff_us=((rows.kind == "handoff") & (rows.is_moved == 0)).ifelse(rows.eff_us, no).min(),
    )
    given = given_to_humans(t)
    given = given.group_by(_ticket=given.ticket_id).aggregate(assigned_us=given.eff_us.min())
    joined = starts.join(first, "ticket_id").left_join(given, [("ticket_id", "_ticket")]).drop("_ticket")
    return {"first_reply": joined.mutate(human_pos=known_or(joined.birth_pos, joined.human_pos))}
