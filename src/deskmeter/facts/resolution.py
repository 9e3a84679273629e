"""Resolutions, leavings and episodes of every ticket, and which leaving was a new contact."""

from __future__ import annotations

from collections.abc import Mapping

from deskmeter.engines.expressions import ibis
from deskmeter.facts.held_state import NUMBER, STATES, with_state
from deskmeter.facts.tables import Tables, known_or


def new_contact_messages(t: Tables) -> Mapping[str, ibis.Table]:
    """`new_contact`: customer messages on a resolved ticket after `episode_gap` of silence (rulings 15, 79, 80).

    Silence runs since both the resolution and the last public message of a customer or of staff.
    A message in the instant of the leaving counts whichever stands first.
    """
    rows = t["timeline"]
    rows = rows.mutate(speaks=rows.is_customer_message | (rows.is_public_message & (rows.who == "staff")))
    # nothing else moves silence or resolution: the windows run over these rows alone
    rows = rows.filter(rows.speaks | rows.is_resolution | rows.is_leaving)
    before = ibis.window(group_by="ticket_id", order_by="ord", preceding=(None, 1))
    so_far = ibis.window(group_by="ticket_id", order_by="ord", following=0)
    never = ibis.null("int64")
    seen = rows.select(
        "ticket_id", "source", "pos", "ord", "eff_us", "is_customer_message", "is_leaving", "is_resolved",
        "resolutions_n", "replies_n", NUMBER,
        spoken_us=rows.speaks.ifelse(rows.eff_us, never).max().over(before),
        resolved_us=rows.is_resolution.ifelse(rows.eff_us, never).max().over(so_far),
        left_us=rows.is_leaving.ifelse(rows.eff_us, never).max().over(so_far),
    )  # fmt: skip
    was_resolved = seen.is_resolved | known_or(seen.left_us == seen.eff_us, ibis.literal(False))
    wrote = seen.filter(seen.is_customer_message & seen.resolved_us.notnull() & was_resolved)
    wrote = wrote.union(_behind_a_new_resolution(seen).select(*wrote.columns))
    quiet_since = ibis.greatest(wrote.resolved_us, known_or(wrote.spoken_us, wrote.resolved_us))
    wrote = wrote.filter(wrote.eff_us - quiet_since >= t.settings.episode_gap_us)
    return {"new_contact": wrote.drop("is_leaving")}


def _behind_a_new_resolution(seen: ibis.Table) -> ibis.Table:
    """Messages in the instant of a leaving that stand behind the next resolution of that instant (ruling 80).

    They are read against the resolution that was left.
    """
    left = seen.filter(seen.is_leaving).select(
        _ticket="ticket_id", _pos="pos", _eff_us="eff_us", _resolutions_n="resolutions_n", _resolved_us="resolved_us"
    )
    wrote = seen.filter(seen.is_customer_message)
    both = wrote.join(left, [("ticket_id", "_ticket"), ("eff_us", "_eff_us")])
    both = both.filter((both.pos > both._pos) & (both.resolutions_n > both._resolutions_n))
    return both.mutate(resolutions_n=both._resolutions_n, resolved_us=both._resolved_us)


def leavings(t: Tables) -> Mapping[str, ibis.Table]:
    """`leaving`: every change out of solved or closed, with the message that woke it if it is a new contact."""
    timeline, messages = t["timeline"], t["new_contact"]
    left = timeline.filter(timeline.is_leaving).select(
        "ticket_id", "source", "pos", "eff_us", "resolutions_n", "leavings_n", "replies_n", NUMBER,
    )  # fmt: skip
    waking = messages.select(
        "ticket_id", _resolutions_n="resolutions_n", _pos="pos", _eff_us="eff_us", _replies_n="replies_n"
    )
    pairs = left.join(waking, ["ticket_id", (left.resolutions_n == waking._resolutions_n)])
    unanswered = (pairs._pos < pairs.pos) & (pairs._replies_n == pairs.replies_n)
    same_instant = (pairs._pos > pairs.pos) & (pairs._eff_us == pairs.eff_us)
    pairs = pairs.filter(unanswered | same_instant)
    woken = pairs.group_by("pos").aggregate(woken_us=pairs._eff_us.min()).rename(_woken_pos="pos")
    left = left.left_join(woken, left.pos == woken._woken_pos).drop("_woken_pos")
    return {
        "leaving": left.mutate(is_new_contact=left.woken_us.notnull(), starts_us=known_or(left.woken_us, left.eff_us))
    }


def resolutions(t: Tables) -> Mapping[str, ibis.Table]:
    """`resolution`: one row a resolution, with its owner, the start of its episode and what undid it.

    Owner: the assignee, else the author if staff or bot, else nobody (ruling 9).
    """
    timeline, left = t["timeline"], t["leaving"]
    done = timeline.filter(timeline.is_resolution)
    done = done.left_join(t["opener"].select(_ticket="ticket_id", opener="opener"), [("ticket_id", "_ticket")]).drop(
        "_ticket"
    )
    author = done.who.isin(["staff", "bot"]).ifelse(done.actor_label, ibis.null("string"))
    # a ticket born solved is credited to its opener, if staff or bot (ruling 73)
    author = done.is_creation.ifelse(done.opener, author)
    done = done.mutate(author=author)
    done = with_state(done, t[STATES], assignee_agent="agent")
    before = t["stage_name"].select(_stage_no="stage_no", prev_stage="stage")
    done = done.join(before, [("prev_stage_no", "_stage_no")])
    done = done.select(
        "ticket_id", "source", "pos", "ord", "eff_us", "created_us", "resolutions_n", "leavings_n", "prev_stage",
        NUMBER, agent=known_or(done.assignee_agent, done.author),
    )  # fmt: skip
    starts = left.select("ticket_id", _leavings_n="leavings_n", _starts_us="starts_us")
    done = done.left_join(starts, ["ticket_id", (done.leavings_n == starts._leavings_n)]).drop(
        "_leavings_n", "ticket_id_right"
    )
    undone = left.select("ticket_id", _undone_n="resolutions_n", undone_us="eff_us", _is_new="is_new_contact")
    done = done.left_join(undone, ["ticket_id", (done.resolutions_n == undone._undone_n)]).drop(
        "_undone_n", "ticket_id_right"
    )
    per_ticket = ibis.window(group_by="ticket_id")
    return {
        "resolution": done.mutate(
            started_us=known_or(done._starts_us, done.created_us),
            reopened_us=(~known_or(done._is_new, ibis.literal(True))).ifelse(done.undone_us, ibis.null("int64")),
            is_first=done.resolutions_n == 1,
            is_last=(done.resolutions_n == done.resolutions_n.max().over(per_ticket)) & done.undone_us.isnull(),
        ).drop("_starts_us", "_is_new")
    }


def woken_leavings(t: Tables) -> Mapping[str, ibis.Table]:
    """`woken_leaving`: leavings with a customer message since the resolution, new contact or not."""
    timeline, left = t["timeline"], t["leaving"]
    resolved_us = t["resolution"].select(_ticket="ticket_id", _number="resolutions_n", resolved_us="eff_us", _pos="pos")
    left = left.join(resolved_us, [("ticket_id", "_ticket"), ("resolutions_n", "_number")]).drop("_ticket", "_number")
    wrote = timeline.filter(timeline.is_customer_message).select(
        _ticket="ticket_id", _wrote_pos="pos", _wrote_us="eff_us"
    )
    both = left.join(
        wrote, [left.ticket_id == wrote._ticket, wrote._wrote_pos > left._pos, wrote._wrote_us <= left.eff_us]
    )
    return {"woken_leaving": both.select("ticket_id", "eff_us").distinct()}


def resolution_facts(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_resolution`: resolutions by owner; `f_reopen`: reopens, credited to the owner at the resolution undone."""
    done, left = t["resolution"], t["leaving"]
    facts = done.select(
        "source",
        "ticket_id",
        "agent",
        NUMBER,
        "reopened_us",
        at_us="eff_us",
        event_pos="pos",
        stage_before="prev_stage",
    )
    owner = with_state(done, t[STATES], owner_team="team")
    owner = owner.select("owner_team", _ticket="ticket_id", _number="resolutions_n", owner_agent="agent")
    back = left.filter(~left.is_new_contact)
    back = back.join(owner, [("ticket_id", "_ticket"), ("resolutions_n", "_number")])
    return {
        "f_resolution": facts,
        "f_reopen": back.select(
            "source", "ticket_id", NUMBER,
            at_us="eff_us", event_pos="pos", agent="owner_agent", team="owner_team",
        ),
    }  # fmt: skip
