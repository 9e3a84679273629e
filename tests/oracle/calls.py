"""Section 7: calls (basis: ended; credit: the agent who answered)."""

from collections.abc import Callable
from datetime import datetime
from itertools import pairwise

from oracle.asked import Ask
from oracle.business import micros
from oracle.desk import Desk, World
from oracle.numbers_of import SECOND, count, ratio, share, values
from oracle.records import Cell, Outcome, Parts, Rec, Window, cell
from oracle.rows import Row

Metric = Callable[[Desk, Window, Ask], Outcome]
SHORT_S = 5


def _queue(call: Row) -> int:
    """Microseconds in the queue: `queue_s`, else ringing to answer or end."""
    if call.get("queue_s") is not None:
        return int(call["queue_s"]) * SECOND
    return micros((call.get("answered_at") or call["ended_at"]) - call["ringing_at"])


def call_rec(world: World, call: Row, at: datetime) -> Rec:
    """A row for a call; the team is that of its ticket then, else the agent's (house decision 3)."""
    ticket = world.by_id.get(world.home.get(call.get("ticket") or "", ""))
    agent = call.get("agent")
    rec = Rec(world, at, ticket, agent=agent, person=call.get("person"))
    if ticket is None:
        rec.team, rec.channel = world.people.team(agent, at), "phone"
    else:
        rec.state = ticket.state_then(at)
    names = {"call_direction": "direction", "queue": "queue", "outcome": "outcome"}
    rec.more.update({dimension: call.get(column) for dimension, column in names.items()})
    return rec


def _over(desk: Desk, *directions: str) -> list[Rec]:
    """Every call of these directions that is over with one of the three outcomes (ruling 31)."""
    recs = []
    for world in desk.worlds:
        for call in world.tables["call"]:
            over = call.get("ended_at") is not None and call.get("outcome") in ("answered", "abandoned", "flowed_out")
            if over and call.get("direction") in directions:
                rec = call_rec(world, call, call["ended_at"])
                rec.key = call
                recs.append(rec)
    return recs


def _offered(desk: Desk, outcome: str | None = None) -> list[Rec]:
    return [rec for rec in _over(desk, "in") if outcome in (None, rec.key["outcome"])]


def _handled(desk: Desk) -> list[Rec]:
    return [rec for rec in _over(desk, "in", "out") if rec.key["outcome"] == "answered"]


def _is_short(rec: Rec) -> bool:
    return rec.key["outcome"] == "abandoned" and _queue(rec.key) < SHORT_S * SECOND


def _counted(outcome: str | None) -> Metric:
    return lambda desk, window, ask: Outcome({"rows": _offered(desk, outcome)}, count)


def _abandonment(keep: Callable[[Rec], bool]) -> Metric:
    def metric(desk: Desk, window: Window, ask: Ask) -> Outcome:
        return share([r for r in _offered(desk) if keep(r)], lambda r: r.key["outcome"] == "abandoned")

    return metric


def _service_level(keep: Callable[[Rec], bool]) -> Metric:
    def metric(desk: Desk, window: Window, ask: Ask) -> Outcome:
        limit = desk.settings.service_level_s * SECOND

        def hit(rec: Rec) -> bool:
            return rec.key["outcome"] == "answered" and _queue(rec.key) <= limit

        return share([rec for rec in _offered(desk) if keep(rec)], hit)

    return metric


def _lengths(recs: list[Rec], ask: Ask, seconds_of: Callable[[Row], int | None]) -> Outcome:
    for rec in recs:
        seconds = seconds_of(rec.key)
        rec.value = None if seconds is None else seconds * SECOND
    known = [rec for rec in recs if rec.value is not None]
    return Outcome({"rows": known}, values(ask.stat or "mean", ask.within_s))


def speed_of_answer(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Queue time of answered calls."""
    return _lengths(_offered(desk, "answered"), ask, lambda call: _queue(call) // SECOND)


def _handle_s(call: Row) -> int | None:
    parts = [call.get("talk_s"), call.get("hold_s"), call.get("wrap_s")]
    return None if None in parts else sum(part for part in parts if part is not None)


def average_handle_time(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """(talk + hold + wrap) / calls handled; a call with an unknown part is left out (ruling 32)."""
    return _lengths(_handled(desk), ask, _handle_s)


def _part(column: str) -> Metric:
    return lambda desk, window, ask: _lengths(_handled(desk), ask, lambda call: call.get(column))


def call_transfer_rate(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Transferred / handled with known transfer (ruling 62)."""
    known = [rec for rec in _handled(desk) if rec.key.get("is_transferred") is not None]
    return share(known, lambda rec: bool(rec.key["is_transferred"]))


def occupancy(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """On contact / (on contact + available), of availability spans clipped to the period."""
    parts: Parts = {"num": [], "den": []}
    for world in desk.worlds:
        for span in world.tables["availability_span"]:
            start = max(span["from_at"], window.start)
            end = min(span.get("to_at") or desk.as_of, window.end, desk.as_of)
            if start >= end or span["state"] not in ("on_contact", "available"):
                continue
            # a stretch belongs to the team of each of its moments
            edges = world.people.changes_of_team(span["person"], start, end)
            for first, last in pairwise([start, *edges, end]):
                rec = Rec(world, first, agent=span["person"], team=world.people.team(span["person"], first))
                rec.weight = micros(last - first)
                parts["den"].append(rec)
                if span["state"] == "on_contact":
                    parts["num"].append(rec)

    def aggregate(groups: Parts) -> Cell:
        whole = ratio(groups)
        busy, logged_in = whole["numerator"] // SECOND, whole["denominator"] // SECOND
        return cell(busy / logged_in if logged_in else None, whole["n"], busy, logged_in)

    return Outcome(parts, aggregate, every_bucket=True, is_filed=False)


METRICS: dict[str, Metric] = {
    "calls_offered": _counted(None),
    "calls_answered": _counted("answered"),
    "calls_abandoned": _counted("abandoned"),
    "abandonment_rate": _abandonment(lambda rec: True),
    "abandonment_rate_excl_short": _abandonment(lambda rec: not _is_short(rec)),
    "service_level": _service_level(lambda rec: True),
    "service_level_excl_short": _service_level(lambda rec: not _is_short(rec)),
    "service_level_answered": _service_level(lambda rec: rec.key["outcome"] == "answered"),
    "speed_of_answer": speed_of_answer,
    "average_handle_time": average_handle_time,
    "talk_time": _part("talk_s"),
    "hold_time": _part("hold_s"),
    "wrap_time": _part("wrap_s"),
    "call_transfer_rate": call_transfer_rate,
    "occupancy": occupancy,
}
