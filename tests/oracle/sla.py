"""SLA instances: applied, paused, due, fulfilled, breached, superseded (rulings 30, 71)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from oracle.asked import Ask
from oracle.business import MICRO, micros
from oracle.desk import Desk, Ticket
from oracle.episodes import is_human_reply
from oracle.numbers_of import count, share
from oracle.records import Outcome, Rec, Window
from oracle.rows import Row

DEFAULT_PAUSES = {"requester_wait": ("pending",), "agent_work": ("pending", "hold"), "resolution": ("pending",)}


@dataclass
class Instance:
    """One promise on one ticket; policy and priority are frozen when it is applied."""

    ticket: Ticket
    kind: str
    policy: str
    priority: str | None
    target: int  # microseconds of its clock
    clock: str
    pauses: frozenset[str]
    applied: int  # position
    superseded_at: datetime | None = None

    @property
    def start(self) -> int | None:
        """Position from which it runs: applied on a resolved ticket, the next leaving (ruling 71)."""
        if not self.ticket.states[self.applied].is_resolved:
            return self.applied
        return next((lv.position for lv in self.ticket.life.leavings if lv.position > self.applied), None)

    @property
    def resolved_at(self) -> datetime | None:
        """The next resolution."""
        start = self.start
        if start is None:
            return None
        return next((r.at for r in self.ticket.life.resolutions if r.position > start), None)

    @property
    def fulfilled(self) -> int | None:
        """Position of what ends it: the next human reply (not after the next resolution), or the next resolution."""
        start, resolved = self.start, self.resolved_at
        if start is None:
            return None
        if self.kind not in ("first_reply", "next_reply"):
            return next((r.position for r in self.ticket.life.resolutions if r.position > start), None)
        for position in range(start + 1, len(self.ticket.events)):
            event = self.ticket.events[position]
            if is_human_reply(event):
                return position if resolved is None or event.at <= resolved else None
        return None

    def used(self, until: datetime) -> int | None:
        """Microseconds of the target used by `until`; null where the business clock is."""
        return _walk(self, until)[0]

    def due(self, until: datetime) -> datetime | None:
        """The first instant up to `until` at which the target is used up."""
        return _walk(self, until)[1]


def _walk(instance: Instance, until: datetime) -> tuple[int | None, datetime | None]:
    """(used, due) along the stretches between events, from its start to `until`."""
    start = instance.start
    assert start is not None
    ticket, used = instance.ticket, 0
    edges = [*(event.at for event in ticket.events), until]
    for position in range(start, len(ticket.states)):
        a, b = edges[position], min(edges[position + 1], until)
        if a >= b or ticket.states[position].stage in instance.pauses:
            continue
        found = _reach(instance, a, b, instance.target - used)
        if found is not None:
            return instance.target, found
        length = ticket.lived.elapsed(a, b, instance.clock, "as_lived")
        if length is None:
            return None, None
        used += length
    return used, None


def _reach(instance: Instance, a: datetime, b: datetime, target: int) -> datetime | None:
    """The first instant in (a, b] at which `target` microseconds have passed since `a`."""
    lived = instance.ticket.lived

    def enough(at: datetime) -> bool:
        passed = lived.elapsed(a, at, instance.clock, "as_lived")
        return passed is not None and passed >= target

    edges = [a, *sorted(e for span in lived.spans for e in span[:2] if e is not None and a < e < b), b]
    end = next((edge for edge in edges if enough(edge)), None)
    if end is None:
        return None
    low, high = 0, micros(end - a)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(a + middle * MICRO) else (middle + 1, high)
    return a + high * MICRO


def instances(ticket: Ticket) -> list[Instance]:
    """Every instance in the order of application; the next of the same kind supersedes."""
    out: list[Instance] = []
    for position, event in enumerate(ticket.events):
        if event.kind == "sla_applied" and not event.is_moved:
            for row in _promises(ticket, position, event.row):
                instance = _instance(ticket, position, event.row, row)
                for earlier in out:
                    if earlier.kind == instance.kind and earlier.superseded_at is None and earlier.applied < position:
                        earlier.superseded_at = event.at
                out.append(instance)
    return out


def _promises(ticket: Ticket, position: int, event: Row) -> list[Row]:
    """Rows of the policy whose kind is named (or any) and whose priority is null or the ticket's then."""
    priority = ticket.states[position].priority
    fitting: dict[str, Row] = {}
    for row in sorted(ticket.world.tables["sla_policy"], key=lambda row: (row.get("priority") is not None, row["id"])):
        named = event.get("field") in (None, row["kind"])
        if row["policy"] == event.get("to_value") and named and row.get("priority") in (None, priority):
            fitting[row["kind"]] = row  # one of its own priority comes last and counts
    return list(fitting.values())


def _instance(ticket: Ticket, position: int, event: Row, row: Row) -> Instance:
    pauses = row.get("pause_stages")
    listed = DEFAULT_PAUSES.get(row["kind"], ()) if pauses is None else tuple(p for p in pauses.split(",") if p)
    seconds = row["target_s"] if event.get("seconds") is None else event["seconds"]
    return Instance(
        ticket=ticket,
        kind=row["kind"],
        policy=row.get("name") or row["policy"],
        priority=ticket.states[position].priority,
        target=seconds * 1_000_000,
        clock=row["clock"],
        pauses=frozenset(stage.strip() for stage in listed),
        applied=position,
    )


def _verdict(instance: Instance, as_of: datetime) -> tuple[bool, datetime, int] | None:
    """(met, decided at, position of the state then), or null: open in time, cancelled, superseded, unknown.

    Met if fulfilled <= due. A breach is decided at due and stands. A reply instance on a ticket resolved at or
    before due without a reply is cancelled.
    """
    if instance.start is None:
        return None
    ticket, fulfilled = instance.ticket, instance.fulfilled
    ended = ticket.events[fulfilled].at if fulfilled is not None else instance.resolved_at
    until = as_of if ended is None else ended
    due = instance.due(until)
    decided: tuple[bool, datetime, int] | None = None
    if due is not None and (ended is None or due < ended):
        position = ticket.position_at(due, inclusive=True)
        assert position is not None
        decided = (False, due, position)
    elif fulfilled is not None and instance.used(until) is not None:
        decided = (True, ticket.events[fulfilled].at, fulfilled)
    if decided and instance.superseded_at is not None and instance.superseded_at < decided[1]:
        return None
    return decided


def _rec(instance: Instance, at: datetime, position: int) -> Rec:
    ticket = instance.ticket
    rec = Rec(ticket.world, at, ticket, ticket.states[position], priority=instance.priority)
    rec.more.update({"sla_kind": instance.kind, "sla_policy": instance.policy})
    return rec


def _decided(desk: Desk) -> list[Rec]:
    recs = []
    for ticket in desk.tickets:
        for instance in instances(ticket):
            verdict = _verdict(instance, desk.as_of)
            if verdict:
                rec = _rec(instance, verdict[1], verdict[2])
                rec.value = verdict[0]
                recs.append(rec)
    return recs


def sla_attainment(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Met / (met + breached)."""
    return share(_decided(desk), lambda rec: rec.value)


def sla_breaches(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Breached, filed at due."""
    return Outcome({"rows": [rec for rec in _decided(desk) if not rec.value]}, count)


def _is_at_risk(instance: Instance, window: Window) -> bool:
    """80 % used, open, not overdue, paused or not."""
    start = instance.start
    if start is None or not window.before_end(instance.ticket.events[start].at):
        return False
    fulfilled = instance.fulfilled
    ends = [instance.superseded_at, instance.resolved_at]
    ends += [instance.ticket.events[fulfilled].at] if fulfilled is not None else []
    if any(end is not None and window.before_end(end) for end in ends):
        return False
    at = window.stock_at
    # a stock is read just before the end: what is used up to that very instant is not used yet
    seen = at if window.inclusive else at - timedelta(microseconds=1)
    due, used = instance.due(at), instance.used(seen)
    overdue = due is not None and window.before_end(due)
    return not overdue and used is not None and used * 5 >= instance.target * 4


def sla_at_risk(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Open and within 20 % of the target of being due."""
    recs = []
    for ticket in desk.tickets:
        for instance in instances(ticket):
            if _is_at_risk(instance, window):
                position = ticket.position_at(window.stock_at, window.inclusive)
                assert position is not None
                recs.append(_rec(instance, window.stock_at, position))
                recs[-1].is_just_before = not window.inclusive
    return Outcome({"rows": recs}, count, every_bucket=True, is_filed=False)


METRICS: dict[str, Callable[[Desk, Window, Ask], Outcome]] = {
    "sla_attainment": sla_attainment,
    "sla_breaches": sla_breaches,
    "sla_at_risk": sla_at_risk,
}
