"""Section 5: how fast."""

from collections.abc import Callable
from datetime import datetime

from oracle.asked import Ask
from oracle.demand import at_creation
from oracle.desk import Desk, Ticket
from oracle.episodes import Resolution, is_human_reply
from oracle.numbers_of import QUANTILES, SECOND, summed_values, survival_quantile, values
from oracle.records import Cell, Outcome, Parts, Rec, Window, cell
from oracle.replies import FirstReply
from oracle.running import answered_recs, unanswered_recs, unresolved_recs, waiting_recs

Metric = Callable[[Desk, Window, Ask], Outcome]


def durations(recs: list[Rec], ask: Ask, running: list[Rec] | None = None) -> Outcome:
    """The asked statistic; the median by default."""
    return Outcome({"rows": recs}, values(ask.stat or "median", ask.within_s), running=running)


def by_author(ticket: Ticket, position: int) -> Rec:
    """A row at an event, credited to its author; the team is the ticket's, then."""
    event = ticket.events[position]
    rec = Rec(ticket.world, event.at, ticket, ticket.states[position], agent=event.actor)
    rec.more["message_channel"] = event.channel
    rec.more["author_kind"] = event.who
    return rec


def at_resolution(ticket: Ticket, resolution: Resolution) -> Rec:
    """A row at a resolution, credited to its owner: the assignee then, else the author of it."""
    state = ticket.states[resolution.position]
    rec = Rec(ticket.world, resolution.at, ticket, state, agent=resolution.owner)
    rec.key = (ticket.world.source, ticket.id)
    rec.more["stage_before"] = resolution.stage_before
    return rec


def _first_replies(ask: Ask, clock_of: Callable[[Ticket], FirstReply]) -> Callable[[Desk], list[Rec]]:
    def rows(desk: Desk) -> list[Rec]:
        recs = []
        for ticket in desk.tickets:
            clock = clock_of(ticket)
            if clock.start is None or clock.end is None or clock.position is None or clock.end < clock.start:
                continue
            rec = by_author(ticket, clock.position)
            rec.at = clock.end
            rec.value = ticket.lived.elapsed(clock.start, clock.end, ask.clock, ask.policy)
            recs.append(rec)
        return recs

    return rows


def first_reply_time(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Creation (the customer's first message, ringing) -> first human reply (answered)."""
    return durations(_first_replies(ask, lambda t: t.first_reply())(desk), ask, unanswered_recs(desk, window))


def first_reply_time_any(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """The same, automation's replies count."""
    recs = _first_replies(ask, lambda t: t.first_reply(count_automation=True))(desk)
    return durations(recs, ask, unanswered_recs(desk, window, count_automation=True))


def _handed_at(ticket: Ticket) -> datetime | None:
    """Ruling 22: the earlier of the first human assignment and the handoff."""
    for event, state in zip(ticket.events, ticket.states, strict=True):
        if event.is_moved:
            continue
        given = event.kind in ("created", "assign") and ticket.world.people.is_human(state.assignee, event.at)
        if event.kind == "handoff" or given:
            return event.at
    return None


def _replied_at(ticket: Ticket, clock: FirstReply) -> datetime:
    """The first reply as the ticket's clocks read it: never before its creation."""
    assert clock.position is not None
    return ticket.events[clock.position].at


def assignment_to_first_reply(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Null, not open, where the reply came first."""

    def clock_of(ticket: Ticket) -> FirstReply:
        clock = ticket.first_reply()
        end = None if clock.end is None else _replied_at(ticket, clock)
        return FirstReply(_handed_at(ticket), end, clock.position)

    running = []
    for rec in unanswered_recs(desk, window):
        handed = _handed_at(rec.ticket) if rec.ticket else None
        if handed is not None and window.before_end(handed):
            running.append(rec)
    return durations(_first_replies(ask, clock_of)(desk), ask, running)


def reply_time(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Every wait that a human reply ended."""
    recs = []
    for ticket in desk.tickets:
        for wait in ticket.waits:
            if wait.ended_by == "reply" and wait.position is not None and wait.end is not None:
                rec = by_author(ticket, wait.position)
                rec.value = ticket.lived.elapsed(wait.start, wait.end, ask.clock, ask.policy)
                rec.more["ended_by"] = "reply"
                recs.append(rec)
    return durations(recs, ask, waiting_recs(desk, window, ask))


Pick = Callable[[Ticket], list[tuple[datetime, Resolution]]]


def _to_resolution(desk: Desk, ask: Ask, running: list[Rec], pick: Pick) -> Outcome:
    recs = []
    for ticket in desk.tickets:
        for start, resolution in pick(ticket):
            rec = at_resolution(ticket, resolution)
            rec.value = ticket.lived.elapsed(start, resolution.at, ask.clock, ask.policy)
            recs.append(rec)
    return durations(recs, ask, running)


def resolution_time_first(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Creation -> first resolution."""
    running = unresolved_recs(desk, window, never_resolved=True)
    return _to_resolution(desk, ask, running, lambda t: [(t.created_at, r) for r in t.life.resolutions[:1]])


def resolution_time(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Creation -> last resolution, of tickets resolved at `as_of`."""
    running = unresolved_recs(desk, window)
    return _to_resolution(desk, ask, running, lambda t: [(t.created_at, t.resolution)] if t.resolution else [])


def resolution_time_episode(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Start of an episode -> its resolution."""
    running = unresolved_recs(desk, window)
    return _to_resolution(desk, ask, running, lambda t: [(r.episode_start, r) for r in t.life.resolutions])


def first_reply_to_resolution(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """First human reply -> last resolution; null where the reply came later."""

    def pick(ticket: Ticket) -> list[tuple[datetime, Resolution]]:
        clock = ticket.first_reply()
        if ticket.resolution is None or clock.end is None or _replied_at(ticket, clock) > ticket.resolution.at:
            return []
        return [(_replied_at(ticket, clock), ticket.resolution)]

    return _to_resolution(desk, ask, answered_recs(desk, window), pick)


def time_to_resolution_km(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Kaplan-Meier by creation cohort; agent and team at `as_of` (ruling 68)."""
    recs = []
    for ticket in desk.tickets:
        rec = at_creation(ticket)
        last = ticket.states[-1]
        rec.agent, rec.team = last.assignee, last.team
        end = ticket.resolution.at if ticket.resolution else desk.as_of
        elapsed = ticket.lived.elapsed(ticket.created_at, end, ask.clock, ask.policy)
        rec.value = None if elapsed is None else (elapsed // SECOND, ticket.resolution is not None)
        recs.append(rec)

    def aggregate(parts: Parts) -> Cell:
        subjects = [rec.value for rec in parts["rows"] if rec.value is not None]
        if not subjects:
            return cell(None, 0)
        seen = sum(1 for _, happened in subjects if happened)
        return cell(survival_quantile(subjects, QUANTILES[ask.stat or "median"]), len(subjects), seen, len(subjects))

    return Outcome({"rows": recs}, aggregate)


def _span_rows(ticket: Ticket, ask: Ask, upto: datetime, last_at: datetime) -> list[Rec]:
    """One row per stretch without a change, of some length; credit by time share, filed at the last resolution."""
    assert ticket.resolution is not None
    recs = []
    edges = [*(event.at for event in ticket.events), upto]
    for position, state in enumerate(ticket.states):
        a, b = edges[position], min(edges[position + 1], upto)
        if a < b:
            rec = at_resolution(ticket, ticket.resolution)
            rec.priority = ticket.states[ticket.resolution.position].priority
            rec.then = rec.state
            rec.state, rec.agent, rec.team = state, state.assignee, state.team
            rec.value = ticket.lived.elapsed(a, b, ask.clock, ask.policy, last_at)
            recs.append(rec)
    return recs


def _stage_rows(
    desk: Desk, ask: Ask, stages: tuple[str, ...] | None, zero: bool, whole: bool = False, stat: str = "median"
) -> Outcome:
    recs = []
    for ticket in desk.tickets:
        if ticket.resolution is None:
            continue
        upto = desk.as_of if whole else ticket.resolution.at
        spans = _span_rows(ticket, ask, upto, upto)
        spans = [rec for rec in spans if stages is None or (rec.state and rec.state.stage in stages)]
        if zero and not spans:
            rec = at_resolution(ticket, ticket.resolution)
            rec.agent = ticket.states[ticket.resolution.position].assignee
            rec.value = ticket.lived.elapsed(ticket.resolution.at, ticket.resolution.at, ask.clock, ask.policy)
            spans = [rec]
        recs.extend(spans)
    return Outcome({"rows": recs}, summed_values(ask.stat or stat, ask.within_s))


def time_in_stage(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Seconds in each stage up to the last resolution; a stage never entered is null."""
    return _stage_rows(desk, ask, None, zero=False)


def time_in_status_total(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """All spans, up to `as_of`."""
    return _stage_rows(desk, ask, None, zero=False, whole=True, stat="sum")


def requester_wait_time(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """new + open + hold; 0 of a ticket that was never there, under the assignee at the last resolution (73)."""
    return _stage_rows(desk, ask, ("new", "open", "hold"), zero=True)


def agent_wait_time(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """pending."""
    return _stage_rows(desk, ask, ("pending",), zero=True)


def _worked(kind: str) -> Metric:
    def metric(desk: Desk, window: Window, ask: Ask) -> Outcome:
        recs = []
        for ticket in desk.tickets:
            for position, event in enumerate(ticket.events):
                seconds = event.row.get("seconds")
                if event.kind == kind and seconds is not None and event.who in ("staff", "unknown"):
                    recs += _work(ticket, event.at, event.actor, position, seconds)
        return Outcome({"rows": recs}, summed_values(ask.stat or "mean", ask.within_s))

    return metric


def _work(ticket: Ticket, at: datetime, agent: str | None, position: int, seconds: int) -> list[Rec]:
    """Ruling 10: up to and including the instant of the last resolution, where it is filed."""
    if ticket.resolution is None or at > ticket.resolution.at:
        return []
    rec = at_resolution(ticket, ticket.resolution)
    rec.agent, rec.team, rec.value = agent, ticket.states[position].team, seconds * SECOND
    return [rec]


def handle_time_calls(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Talk + hold + wrap of the ticket's answered calls, each at its answer: a call in which it was resolved is one.

    A call that its requester took is no work on it (ruling 74).
    """
    recs = []
    for ticket in desk.tickets:
        for call in ticket.calls:
            lengths = [call.get(part) for part in ("talk_s", "hold_s", "wrap_s")]
            answered = call.get("answered_at")
            if answered is not None and not ticket.is_by_requester(call) and None not in lengths:
                at = ticket.answer_at(call)
                position = ticket.position_at(at, inclusive=True)
                assert position is not None
                recs += _work(ticket, at, call.get("agent"), position, sum(s for s in lengths if s is not None))
    return Outcome({"rows": recs}, summed_values(ask.stat or "mean", ask.within_s))


def replies_until(ticket: Ticket, at: datetime) -> int:
    """Human replies up to and including an instant."""
    return sum(1 for event in ticket.events if is_human_reply(event) and event.at <= at)


METRICS: dict[str, Metric] = {
    "first_reply_time": first_reply_time,
    "first_reply_time_any": first_reply_time_any,
    "assignment_to_first_reply": assignment_to_first_reply,
    "reply_time": reply_time,
    "resolution_time_first": resolution_time_first,
    "resolution_time": resolution_time,
    "resolution_time_episode": resolution_time_episode,
    "first_reply_to_resolution": first_reply_to_resolution,
    "time_to_resolution_km": time_to_resolution_km,
    "time_in_stage": time_in_stage,
    "time_in_status_total": time_in_status_total,
    "requester_wait_time": requester_wait_time,
    "agent_wait_time": agent_wait_time,
    "handle_time_entries": _worked("time_entry"),
    "handle_time_active": _worked("viewing"),
    "handle_time_calls": handle_time_calls,
}
