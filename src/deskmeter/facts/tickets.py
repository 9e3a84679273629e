"""One row per ticket: who asked, how it was answered, what it took, and how it stands at `as_of`."""

from __future__ import annotations

from collections.abc import Mapping

from deskmeter.canon.vocab import RESERVED_FIELDS
from deskmeter.engines.expressions import ibis
from deskmeter.facts.held_state import NUMBER, STATES, TEXTS, with_state
from deskmeter.facts.tables import FAR_PAST, Tables, key, known_or

_SESSION_GAP_US = 1_800_000_000  # messages less than 30 minutes apart are one chat session


def fields(t: Tables) -> Mapping[str, ibis.Table]:
    """`field_span`: the value of each field of each ticket over time; `tag_span`: its tags.

    By instants, and by the events (from_pos, to_pos) between which it held: a row that is itself an event has the
    value just after it, whatever follows in the same instant (ruling 5). What was set in the instant of the creation
    held before it too, for calls and surveys that are older than their ticket.
    """
    timeline = t["timeline"]
    own = timeline.filter(timeline.is_moved == 0)
    sets = _spans(own.filter((own.kind == "field") & own.field.notnull()), "field")
    tags = _spans(own.filter(own.kind.isin(["tag_added", "tag_removed"]) & own.to_value.notnull()), "to_value")
    until = ("ticket_id", "to_us", "to_pos")
    return {
        "field_span": sets.select(*until, "field", value="to_value", from_us="since_us", from_pos="pos"),
        "tag_span": tags.filter(tags.kind == "tag_added").select(
            *until, value="to_value", from_us="since_us", from_pos="pos"
        ),
    }


def _spans(sets: ibis.Table, name: str) -> ibis.Table:
    """`sets` with since_us, and to_us and to_pos of the next of the same `name` on the ticket."""
    in_order = ibis.window(group_by=["ticket_id", name], order_by="ord")
    sets = sets.mutate(to_us=sets.eff_us.lead().over(in_order), to_pos=sets.pos.lead().over(in_order))
    # what did not outlast the instant of the creation never held at any instant
    is_from_birth = (sets.eff_us == sets.created_us) & known_or(sets.to_us > sets.eff_us, ibis.literal(True))
    return sets.mutate(since_us=is_from_birth.ifelse(ibis.literal(FAR_PAST), sets.eff_us))


def ticket_rows(t: Tables) -> Mapping[str, ibis.Table]:
    """`ticket`: the dimensions of each ticket that counts, as they are at `as_of`."""
    timeline = t["timeline"]
    alive = timeline.group_by("ticket_id").aggregate(
        created_us=timeline.created_us.min(), is_staff_opened=timeline.is_staff_opened.max(where=timeline.is_moved == 0)
    )
    rows = t.canonical("ticket").select(
        "source", "requester", "account", "channel", "order", "call", "subject", ticket="id"
    )
    found = t["ticket_number"].join(alive, "ticket_id")
    found = found.left_join(rows, ["source", "ticket"]).drop("source_right", "ticket_right")
    found = found.mutate(requester_key=key(found.source, found.requester), account_key=key(found.source, found.account))
    people = t["person"].select(
        _key="key", requester_label="label", _account="account", _language="language", _country="country"
    )
    found = found.left_join(people, found.requester_key == people._key)
    found = found.mutate(account_key=known_or(found.account_key, found._account))
    accounts = t["account"].select(
        _account_key="key", account_label="label", _a_country="country", _a_language="language"
    )
    found = found.left_join(accounts, found.account_key == accounts._account_key)
    found = found.mutate(
        customer=known_or(found.account_key, found.requester_key),
        account=known_or(found.account_label, found.account_key),
        requester_name=known_or(found.requester_label, found.requester),
        language=known_or(found._language, found._a_language),
        country=known_or(found._country, found._a_country),
        opened_by=found.is_staff_opened.ifelse("staff", "customer"),
    )
    # of two tickets of one second the smaller id comes first (ruling 70)
    found = found.mutate(_created_s=found.created_us // 1_000_000)
    before = ibis.window(group_by="requester_key", order_by=["_created_s", "ticket"])
    nth = ibis.row_number().over(before)
    found = found.mutate(
        customer_kind=ibis.cases(
            (found.requester_key.isnull(), ibis.null("string")), (nth == 0, ibis.literal("new")), else_="returning"
        )
    )
    found = found.select(
        "source", "ticket_id", "ticket", "created_us", "requester_key", "customer", "account_key", "account", "channel",
        "language", "country", "opened_by", "customer_kind", "order", "call", "subject", requester="requester_name",
    )  # fmt: skip
    spans = t["field_span"]
    for name in RESERVED_FIELDS:
        now = spans.filter((spans.field == name) & spans.to_us.isnull()).select(_ticket="ticket_id", **{name: "value"})
        found = found.left_join(now, found.ticket_id == now._ticket).drop("_ticket")
    return {"ticket": found}


def counts(t: Tables) -> Mapping[str, ibis.Table]:
    """`ticket_count`: per ticket what it took, up to and including the last resolution if it is resolved (ruling 10)."""
    timeline, done = t["timeline"], t["resolution"]
    ends = done.filter(done.is_last).select("ticket_id", end_us="eff_us", end_pos="pos")
    rows = timeline.left_join(ends, "ticket_id").drop("ticket_id_right")
    rows = rows.filter(rows.end_us.isnull() | (rows.eff_us <= rows.end_us))
    is_chat = known_or(rows.channel == "chat", ibis.literal(False))
    is_phone = known_or(rows.channel == "phone", ibis.literal(False))
    counted = rows.group_by("ticket_id").aggregate(
        replies=rows.is_human_reply.cast("int64").sum().cast("int64"),
        async_contacts=(rows.is_human_reply & ~rows.is_birth & ~is_chat & ~is_phone).cast("int64").sum().cast("int64"),
        calls=(rows.kind == "call").cast("int64").sum().cast("int64"),
    )
    # by their own times: what a merge moved into one instant were conversations of different days
    chats = rows.filter(is_chat & rows.is_public_message)
    in_order = ibis.window(group_by="ticket_id", order_by=["own_eff_us", "ord"])
    gap = chats.own_eff_us - chats.own_eff_us.lag().over(in_order)
    chats = chats.mutate(begins=(known_or(gap, ibis.literal(_SESSION_GAP_US)) >= _SESSION_GAP_US).cast("int64"))
    chats = chats.mutate(
        session=chats.begins.sum().over(ibis.window(group_by="ticket_id", order_by=["own_eff_us", "ord"], following=0))
    )
    sessions = chats.group_by("ticket_id").aggregate(
        chat_sessions=chats.session.nunique(where=chats.is_human_reply).cast("int64")
    )
    waits = t["wait"].left_join(ends, "ticket_id")
    waits = waits.filter((waits.ended_by == "reply") & (waits.end_us.isnull() | (waits.ended_us <= waits.end_us)))
    exchanges = waits.group_by("ticket_id").aggregate(exchanges=waits.count())
    work = t["f_activity"].left_join(ends, "ticket_id")
    work = work.filter(work.end_us.isnull() | (work.counted_us <= work.end_us))
    activity = work.group_by("ticket_id").aggregate(activities=work.count())
    for part in (sessions, exchanges, activity):
        counted = counted.left_join(part, "ticket_id").drop("ticket_id_right")
    zero = ibis.literal(0).cast("int64")
    counted = counted.mutate(
        exchanges=known_or(counted.exchanges, zero),
        activities=known_or(counted.activities, zero),
        contacts=counted.async_contacts + counted.calls + known_or(counted.chat_sessions, zero),
    )
    return {"ticket_count": counted.drop("chat_sessions", "async_contacts")}


def ticket_standings(t: Tables) -> Mapping[str, ibis.Table]:
    """`ticket_standing`: `f_ticket` but for what other tickets say about it; see there.

    The owner is that of the last resolution if the ticket is resolved at `as_of`, else the assignee then.
    """
    timeline, done = t["timeline"], t["resolution"]
    own = timeline.is_moved == 0
    per = timeline.group_by("source", "ticket_id").aggregate(
        escalations=(timeline.kind == "escalation").cast("int64").sum().cast("int64"),
        created_pos=timeline.pos.min(where=own),
        end_pos=timeline.pos.max(),
    )
    per = per.left_join(_first_values(t), [("ticket_id", "_ticket")]).drop("_ticket")
    states = t[STATES]
    created = timeline.select(_pos="pos", _created=NUMBER)
    per = per.join(created, per.created_pos == created._pos).drop("_pos")
    per = with_state(per, states, number="_created", created_status="status", created_stage="stage").drop("_created")
    now = timeline.select("is_resolved", _pos="pos", _now=NUMBER)
    per = per.join(now, per.end_pos == now._pos).drop("_pos", "end_pos")
    per = with_state(per, states, number="_now", **{f"now_{name}": name for name in TEXTS}).drop("_now")
    own_texts = [name for name in TEXTS if name != "agent"]  # the agent is the owner, who may be the author
    last = with_state(
        done.filter(done.is_last), states, **{f"resolved_{name}": name for name in own_texts}
    ).select(
        *(f"resolved_{name}" for name in own_texts),
        _t1="ticket_id", resolved_us="eff_us", resolved_pos="pos", resolved_agent="agent",
    )  # fmt: skip
    first_done = with_state(
        done.filter(done.is_first), states, **{f"first_resolved_{name}": name for name in own_texts}
    ).select(
        *(f"first_resolved_{name}" for name in own_texts),
        _t2="ticket_id", first_resolved_us="eff_us", first_resolved_pos="pos", first_resolved_agent="agent",
    )  # fmt: skip
    left = t["leaving"]
    undone = left.group_by(_t3=left.ticket_id).aggregate(
        reopens=(~left.is_new_contact).cast("int64").sum().cast("int64"),
        new_contacts=left.is_new_contact.cast("int64").sum().cast("int64"),
    )
    per = per.left_join(last, per.ticket_id == last._t1)
    per = per.left_join(first_done, per.ticket_id == first_done._t2)
    per = per.left_join(undone, per.ticket_id == undone._t3).drop("_t1", "_t2", "_t3")
    per = per.join(t["ticket_count"], "ticket_id")
    first_reply = t["first_reply"].select(
        _t4="ticket_id", reply_start_us="start_us", reply_pos="human_pos", message_us="message_us"
    )
    per = per.left_join(first_reply, per.ticket_id == first_reply._t4).drop("_t4")
    replied = timeline.select(_reply_pos="pos", first_reply_us="eff_us")
    per = per.left_join(replied, per.reply_pos == replied._reply_pos).drop("_reply_pos", "reply_pos")
    handed = (
        t["f_handover"]
        .group_by("ticket_id")
        .aggregate(
            reassignments=(t["f_handover"].kind == "reassignment").cast("int64").sum().cast("int64"),
            transfers=(t["f_handover"].kind == "transfer").cast("int64").sum().cast("int64"),
        )
    )
    per = per.left_join(handed, "ticket_id").drop("ticket_id_right")
    zero = ibis.literal(0).cast("int64")
    resolved = per.resolved_us.notnull()
    per = per.mutate(
        reopens=known_or(per.reopens, zero),
        new_contacts=known_or(per.new_contacts, zero),
        reassignments=known_or(per.reassignments, zero),
        transfers=known_or(per.transfers, zero),
        owner_agent=resolved.ifelse(per.resolved_agent, per.now_agent),
        owner_team=resolved.ifelse(per.resolved_team, per.now_team),
    )
    dims = t["ticket"].select("ticket_id", "created_us", "requester_key", "customer", "channel")
    return {"ticket_standing": per.join(dims, "ticket_id")}


def _first_values(t: Tables) -> ibis.Table:
    """_ticket, first_agent, first_team, first_priority: the first values that a ticket ever had."""
    timeline = t["timeline"]
    sets = timeline.filter((timeline.is_moved == 0) & timeline.kind.isin(["assign", "team", "priority", "created"]))
    sets = with_state(sets.select("ticket_id", "ord", NUMBER), t[STATES], "agent", "team", "priority")
    return sets.group_by(_ticket=sets.ticket_id).aggregate(
        **{
            f"first_{name}": sets[name].argmin(sets.ord, where=sets[name].notnull())
            for name in ("agent", "team", "priority")
        }
    )


def ticket_facts(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_ticket`: one row a ticket. first_*: the first values it ever had; owner_*: credit of a later outcome.

    next_us: when the same requester's next ticket was created; came_back_us: their first sign of life after the
    last resolution.
    """
    per = t["ticket_standing"]
    for part in (_repeats(t["ticket"]), _returns(t, per)):
        per = per.left_join(part, [("ticket_id", "_ticket")]).drop("_ticket")
    return {"f_ticket": per}


def _repeats(tickets: ibis.Table) -> ibis.Table:
    """_ticket, next_us: when the same requester's next ticket was created, whoever it is about."""
    known = tickets.filter(tickets.requester_key.notnull())
    known = known.select("ticket_id", "ticket", "requester_key", "created_us", created_s=known.created_us // 1_000_000)
    in_order = ibis.window(group_by="requester_key", order_by=["created_s", "ticket"])
    return known.select(_ticket="ticket_id", next_us=known.created_us.lead().over(in_order))


def _returns(t: Tables, per: ibis.Table) -> ibis.Table:
    """_ticket, came_back_us: the requester's first sign of life after the last resolution (ruling 26).

    A ticket, a new-contact message or a leaving after a message of theirs on any of their tickets, or their
    inbound call without a ticket.
    """
    who = per.select("ticket_id", "requester_key")
    created = per.filter(per.requester_key.notnull()).select("requester_key", back_us="created_us")
    again = t["new_contact"].join(who, "ticket_id").select("requester_key", back_us="eff_us")
    woken = t["woken_leaving"].join(who, "ticket_id").select("requester_key", back_us="eff_us")
    calls = t.canonical("call")
    flowed_out = known_or(calls.outcome == "flowed_out", ibis.literal(False))
    calls = calls.filter(calls.ticket.isnull() & (calls.direction == "in") & calls.person.notnull() & ~flowed_out)
    rang = calls.select(requester_key=key(calls.source, calls.person), back_us="ringing_at")
    signs = created.union(again.select(*created.columns)).union(woken.select(*created.columns))
    signs = signs.union(rang.select(*created.columns)).rename(_who="requester_key")
    resolved = per.filter(per.resolved_us.notnull() & per.requester_key.notnull())
    resolved = resolved.select("ticket_id", "requester_key", "resolved_us")
    hits = resolved.join(signs, [resolved.requester_key == signs._who, signs.back_us > resolved.resolved_us])
    return hits.group_by(_ticket=hits.ticket_id).aggregate(came_back_us=hits.back_us.min())


def work(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_work`: one row a record of seconds worked on a ticket, at its own time, by three ways of measuring.

    kind: entries (time entries), active (viewing or editing), calls (talk + hold + wrap). Null stays null: a
    ticket without a record has no row (ruling 23). A call with an unknown part is left out.
    """
    timeline = t["timeline"]
    calls = t.canonical("call")
    calls = calls.select(_source="source", _call="id", call_s=calls.talk_s + calls.hold_s + calls.wrap_s)
    rows = timeline.filter(timeline.kind.isin(["time_entry", "viewing", "call"]))
    rows = rows.left_join(calls, [rows.source == calls._source, rows.to_value == calls._call])
    # what a customer, a bot or the system did is not work; a worker unknown by name is
    rows = rows.filter(rows.who.isin(["staff", "nobody"]))
    seconds = (rows.kind == "call").ifelse(rows.call_s, rows.seconds)
    kind = ibis.cases((rows.kind == "time_entry", "entries"), (rows.kind == "viewing", "active"), else_="calls")
    rows = rows.mutate(worked=kind, worked_s=seconds).filter(lambda r: r.worked_s.notnull())
    rows = with_state(rows, t[STATES], "team")
    return {
        "f_work": rows.select(
            "source", "ticket_id", "team", kind="worked", seconds="worked_s", at_us="eff_us", agent="actor_label"
        )
    }


def agent_times(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_agent_time`: the work on tickets that are resolved, up to the last resolution and filed by it."""
    done = t["resolution"]
    ends = done.filter(done.is_last).select(NUMBER, _ticket="ticket_id", end_us="eff_us", event_pos="pos")
    rows = t["f_work"].rename(worked_us="at_us").join(ends, [("ticket_id", "_ticket")])
    rows = rows.filter(rows.worked_us <= rows.end_us)
    return {"f_agent_time": rows.drop("_ticket", "worked_us").rename(at_us="end_us")}
