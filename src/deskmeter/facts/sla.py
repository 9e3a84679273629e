"""SLA instances: what was promised, what paused it, when it was due, and whether it was kept (metrics 11, ruling 30)."""

from __future__ import annotations

from collections.abc import Mapping

from deskmeter.canon.vocab import SLA_KINDS, SLA_PAUSES
from deskmeter.engines.expressions import ibis
from deskmeter.facts.calendar import elapsed, reach
from deskmeter.facts.clocks import schedule_pieces
from deskmeter.facts.held_state import NUMBER, STATES, with_state
from deskmeter.facts.tables import FAR_FUTURE, Tables, key, known_or

_REPLY_KINDS = ("first_reply", "next_reply")
_SECOND_US = 1_000_000
_STATE = ("agent", "team", "stage", "status")
_AT_RISK = (4, 5)  # 80 % of the target used


def sla_applied(t: Tables) -> Mapping[str, ibis.Table]:
    """`sla_start`: one row per promise: kind, policy, priority, target and clock frozen when it was applied.

    starts_us is when its clock begins: applied on a resolved ticket it starts when the ticket leaves solved or
    closed (ruling 71). superseded_us: the next application of the same kind on the ticket.
    """
    timeline = t["timeline"]
    events = timeline.filter((timeline.kind == "sla_applied") & (timeline.is_moved == 0))
    events = with_state(events, t[STATES], "priority")
    events = events.select(
        "source", "ticket_id", "pos", "ord", "eff_us", "is_resolved", "resolutions_n", "priority",
        _kind="field", _policy=key(events.source, events.to_value), _target_s="seconds", policy_id="to_value",
    )  # fmt: skip
    rules = t.canonical("sla_policy")
    rules = rules.select(
        rule_policy=key(rules.source, rules.policy), sla_kind="kind", rule_priority="priority", rule_s="target_s",
        rule_clock="clock", pause_stages="pause_stages", policy_name="name", rule_id="id",
    )  # fmt: skip
    both = events.join(
        rules,
        [
            events._policy == rules.rule_policy,
            events._kind.isnull() | (events._kind == rules.sla_kind),
            rules.rule_priority.isnull() | (rules.rule_priority == events.priority),
        ],
    )
    # a rule for the priority itself goes before one for every priority
    best = ibis.window(group_by=["pos", "sla_kind"], order_by=[both.rule_priority.isnull(), "rule_id"])
    both = both.mutate(_nth=ibis.row_number().over(best))
    both = both.filter(both._nth == 0).drop("_nth", "rule_policy", "_policy", "_kind")
    left = t["leaving"].select(_ticket="ticket_id", _number="resolutions_n", left_us="eff_us", left_pos="pos")
    both = both.left_join(left, [("ticket_id", "_ticket"), ("resolutions_n", "_number")]).drop("_ticket", "_number")
    both = both.mutate(
        starts_us=both.is_resolved.ifelse(both.left_us, both.eff_us),
        start_pos=both.is_resolved.ifelse(both.left_pos, both.pos),
        target_us=known_or(both._target_s, both.rule_s) * _SECOND_US,
        sla_policy=known_or(both.policy_name, both.policy_id),
    )
    in_order = ibis.window(group_by=["ticket_id", "sla_kind"], order_by="ord")
    both = both.mutate(superseded_us=both.eff_us.lead().over(in_order))
    return {
        "sla_start": both.select(
            "source", "ticket_id", "pos", "sla_kind", "sla_policy", "priority", "target_us", "pause_stages",
            "starts_us", "start_pos", "superseded_us",
            clock=known_or(both.rule_clock, ibis.literal("business")), applied_us="eff_us",
            row=ibis.row_number().over(ibis.window(order_by=["pos", "sla_kind"])),
        )
    }  # fmt: skip


def sla_ends(t: Tables) -> Mapping[str, ibis.Table]:
    """`sla_end`: the promises with the instant that ends them: the next human reply, or the next resolution.

    resolved_us: of a reply promise the next resolution without a reply in the same instant, which cancels it
    unless the promise was broken before (rulings 30, 71).
    """
    start, timeline = t["sla_start"], t["timeline"]
    first = t["first_reply"].select(_birth_ticket="ticket_id", _birth_pos="birth_pos")
    marks = timeline.left_join(first, [("ticket_id", "_birth_ticket")]).drop("_birth_ticket")
    is_birth = known_or(marks._birth_pos == marks.pos, ibis.literal(False))
    marks = marks.mutate(is_reply=marks.is_human_reply | is_birth)
    marks = marks.filter(marks.is_reply | marks.is_resolution)
    marks = marks.select(
        _ticket="ticket_id", _pos="pos", _eff="eff_us", is_reply="is_reply", is_resolution="is_resolution"
    )
    both = start.join(marks, [start.ticket_id == marks._ticket, marks._pos > start.start_pos])
    no = ibis.null("int64")
    ends = both.group_by(_row=both["row"]).aggregate(
        replied_us=both.is_reply.ifelse(both._eff, no).min(),
        replied_pos=both.is_reply.ifelse(both._pos, no).min(),
        done_us=both.is_resolution.ifelse(both._eff, no).min(),
        done_pos=both.is_resolution.ifelse(both._pos, no).min(),
    )
    joined = start.left_join(ends, [("row", "_row")]).drop("_row")
    is_reply = joined.sla_kind.isin(list(_REPLY_KINDS))
    cancels = is_reply & joined.done_us.notnull() & (joined.replied_us.isnull() | (joined.replied_us > joined.done_us))
    return {
        "sla_end": joined.mutate(
            fulfilled_us=is_reply.ifelse(cancels.ifelse(no, joined.replied_us), joined.done_us),
            fulfilled_pos=is_reply.ifelse(cancels.ifelse(no, joined.replied_pos), joined.done_pos),
            cancelled_us=cancels.ifelse(joined.done_us, no),
        ).filter(joined.starts_us.notnull())
    }


def sla_pieces(t: Tables) -> Mapping[str, ibis.Table]:
    """`sla_piece`: the stretches in which each promise runs, cut by stages that pause it and by schedules.

    used_us: how much of the target a stretch uses; an open stretch ends in the far future and uses no end.
    is_dark: no schedule holds, so nobody knows how much of the target a stretch uses.
    """
    ends = t["sla_end"]
    state = with_state(t["state_span"], t[STATES], "stage")
    state = state.select("stage", "from_us", "to_us", _ticket="ticket_id")
    both = ends.join(
        state, [ends.ticket_id == state._ticket, state.to_us.isnull() | (state.to_us > ends.starts_us)]
    ).drop("_ticket")
    default = ibis.cases(*((both.sla_kind == kind, ibis.literal(",".join(SLA_PAUSES[kind]))) for kind in SLA_KINDS))
    pauses = known_or(both.pause_stages, default)
    runs = ~ibis.literal(",").concat(pauses.replace(" ", ""), ",").contains(ibis.literal(",").concat(both.stage, ","))
    # one about work ends with the resolution; one about replies runs on and is cancelled by it at most
    until = known_or(both.fulfilled_us, ibis.literal(FAR_FUTURE))
    is_reply = both.sla_kind.isin(list(_REPLY_KINDS))
    both = both.filter(runs)
    both = both.mutate(
        _from=ibis.greatest(both.from_us, both.starts_us),
        _to=ibis.least(
            known_or(both.to_us, ibis.literal(FAR_FUTURE)), is_reply.ifelse(ibis.literal(FAR_FUTURE), until)
        ),
    )
    both = both.filter(both._to > both._from)
    asked = both.select("row", "source", "ticket_id", "clock", "target_us", "_from", "_to")
    pieces = schedule_pieces(asked, t)
    is_open = pieces.piece_to_us >= FAR_FUTURE
    pieces = pieces.mutate(measured_to_us=is_open.ifelse(pieces.piece_from_us, pieces.piece_to_us))
    pieces = elapsed(pieces, t["calendar_day"], "schedule", "piece_from_us", "measured_to_us", "_business_us")
    business = pieces.clock == "business"
    length = business.ifelse(pieces._business_us, pieces.measured_to_us - pieces.piece_from_us)
    pieces = pieces.mutate(used_us=is_open.ifelse(ibis.literal(FAR_FUTURE // 4), length), is_open=is_open)
    before = ibis.window(group_by="row", order_by="piece_from_us", preceding=(None, 1))
    return {
        "sla_piece": pieces.select(
            "row", "schedule", "clock", "target_us", "piece_from_us", "is_open", "used_us",
            is_dark=business & pieces.schedule.isnull(),
            before_us=known_or(pieces.used_us.sum().over(before).cast("int64"), ibis.literal(0)),
        )
    }  # fmt: skip


def _lost_sight(t: Tables) -> ibis.Table:
    """Per promise dark_us, from which on nobody knows how much of its target is used; no row: always known."""
    pieces = t["sla_piece"]
    return pieces.filter(pieces.is_dark).group_by(_row=pieces["row"]).aggregate(dark_us=pieces.piece_from_us.min())


def _reached(t: Tables, part: tuple[int, int], name: str) -> ibis.Table:
    """Per promise the first instant at which `part` of the target is used up; no row where it never is."""
    pieces = t["sla_piece"]
    dark = _lost_sight(t)
    pieces = pieces.left_join(dark, [("row", "_row")]).drop("_row")
    pieces = pieces.filter(pieces.dark_us.isnull() | (pieces.piece_from_us < pieces.dark_us)).drop("dark_us")
    goal = (pieces.target_us * part[0] // part[1]).cast("int64")
    pieces = pieces.mutate(_needed=goal - pieces.before_us)
    pieces = pieces.filter((pieces._needed <= pieces.used_us) & (pieces._needed >= 0))
    pieces = reach(pieces, t["calendar_day"], t["calendar_reach"], "schedule", "piece_from_us", "_needed", "_at")
    at = (pieces.clock == "business").ifelse(pieces._at, pieces.piece_from_us + pieces._needed)
    return pieces.group_by(_row=pieces["row"]).aggregate(**{name: at.min()})


def sla_facts(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_sla`: one row per promise with due_us, fulfilled_us, and how it ended: met, breached, or neither.

    at_us: when that was decided: fulfilment, or due. A promise superseded before it was broken or kept is left out,
    and so is one whose clock ran where no schedule holds: unknown (ruling 14).
    """
    ends = t["sla_end"]
    whole = ends.left_join(_reached(t, (1, 1), "due_us"), [("row", "_row")]).drop("_row")
    whole = whole.left_join(_reached(t, _AT_RISK, "risk_us"), [("row", "_row")]).drop("_row")
    whole = whole.left_join(_lost_sight(t), [("row", "_row")]).drop("_row")
    due, done, off = whole.due_us, whole.fulfilled_us, whole.cancelled_us
    in_time = done.notnull() & (due.isnull() | (done <= due))
    # a resolution at due or before takes a reply promise away; after due the breach stands
    is_cancelled = off.notnull() & (due.isnull() | (off <= due))
    decided = ibis.cases((is_cancelled, ibis.null("int64")), (in_time, done), else_=due)
    gone = known_or(whole.superseded_us < known_or(decided, ibis.literal(FAR_FUTURE)), ibis.literal(False))
    whole = whole.mutate(
        decided_us=decided,
        outcome=ibis.cases(
            (is_cancelled, ibis.literal("cancelled")),
            (gone, ibis.literal("superseded")),
            (due.isnull() & (whole.dark_us < known_or(done, ibis.literal(FAR_FUTURE))), ibis.literal("unknown")),
            (in_time, ibis.literal("met")),
            # a due time that lies ahead is filed then, so no question before it sees the breach
            (decided.notnull(), ibis.literal("breached")),
            else_=ibis.literal("open"),
        ),
    )
    no = ibis.null("int64")
    whole = whole.mutate(
        at_us=whole.outcome.isin(["met", "breached"]).ifelse(whole.decided_us, no),
        # at risk from 80 % used until it is due, ended, or superseded
        from_us=whole.risk_us,
        to_us=ibis.least(
            known_or(whole.due_us, ibis.literal(FAR_FUTURE)),
            known_or(whole.fulfilled_us, ibis.literal(FAR_FUTURE)),
            known_or(whole.cancelled_us, ibis.literal(FAR_FUTURE)),
            known_or(whole.superseded_us, ibis.literal(FAR_FUTURE)),
            known_or(whole.dark_us + 1, ibis.literal(FAR_FUTURE)),
        ),
    )
    spans = t["state_span"]
    state = spans.select(
        _ticket="ticket_id", _from="from_us", _to=known_or(spans.to_us, ibis.literal(FAR_FUTURE)), _held=NUMBER
    )
    found = whole.left_join(
        state,
        [
            whole.ticket_id == state._ticket,
            state._from <= whole.at_us,
            state._to > whole.at_us,
        ],
    )
    # what was kept is filed under the state just after the reply or resolution itself (ruling 5)
    kept = t["timeline"].select(_done_pos="pos", _done=NUMBER)
    found = found.left_join(kept, [("fulfilled_pos", "_done_pos")])
    is_met = found.outcome == "met"
    found = found.mutate(_state=is_met.ifelse(found._done, found._held))
    texts = t[STATES].select(*_STATE, _state_no=NUMBER)
    found = found.left_join(texts, [("_state", "_state_no")])
    is_met = found.outcome == "met"
    return {
        "f_sla": found.select(
            "source", "ticket_id", "sla_kind", "sla_policy", "priority", "agent", "team", "stage", "status", "applied_us",
            "starts_us", "due_us", "fulfilled_us", "cancelled_us", "superseded_us", "outcome", "at_us", "from_us", "to_us",
            target_s=(found.target_us // _SECOND_US).cast("int64"), sla_clock="clock",
            event_pos=is_met.ifelse(found.fulfilled_pos, ibis.null("int64")),
        )
    }  # fmt: skip


def sla_risks(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_sla_risk`: the stretches in which promises are at risk, by the state that the ticket had meanwhile."""
    risks = t["f_sla"]
    risks = risks.filter(risks.from_us.notnull() & (risks.from_us < risks.to_us)).drop(
        "agent", "team", "stage", "status"
    )
    state = t["state_span"].select(NUMBER, _ticket="ticket_id", _from="from_us", _to="to_us")
    both = risks.join(
        state,
        [risks.ticket_id == state._ticket, state._from < risks.to_us, state._to.isnull() | (state._to > risks.from_us)],
    )
    return {
        "f_sla_risk": both.select(
            "source", "ticket_id", "sla_kind", "sla_policy", "priority", NUMBER,
            from_us=ibis.greatest(both.from_us, both._from),
            to_us=ibis.least(both.to_us, known_or(both._to, both.to_us)),
        )
    }  # fmt: skip
