"""Effective times, the order within a ticket, merges and what is left out."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from oracle.people import People
from oracle.rows import History, Row

MOVES = ("message", "note", "time_entry", "viewing", "escalation", "merged")


@dataclass
class Event:
    """One event in the order of the ticket where it counts."""

    row: Row
    own_at: datetime  # its effective time on the ticket where it happened: its time in lists
    at: datetime  # what the clocks of the ticket read: never before its creation
    who: str = "unknown"  # kind of the actor then
    is_moved: bool = False
    is_opening: bool = False
    channel: str | None = None

    @property
    def kind(self) -> str:
        """Kind of the event; a message that is not public is a note, a public note is a message."""
        kind: str = self.row["kind"]
        if kind in ("message", "note"):
            public = self.row.get("is_public")
            return ("note", "message")[public] if public is not None else kind
        return kind

    @property
    def actor(self) -> str | None:
        """The person who did it."""
        return self.row.get("actor")


@dataclass
class Thread:
    """One ticket as its own source wrote it, before any merge."""

    id: str
    row: Row
    events: list[Event] = field(default_factory=list)
    opener_kind: str = "unknown"

    @property
    def created_at(self) -> datetime:
        """Ruling 5: the `created` event; none: the first event's time; several: the first."""
        return self.events[0].at


def _counter_key(row: Row) -> tuple[Any, ...]:
    """Ruling 67: counters by name, none last; within one the sequence; then time and id."""
    counter, sequence = row.get("counter"), row.get("sequence")
    numbered = counter is not None and sequence is not None
    return (counter is None, counter or "", not numbered, sequence if numbered else 0, row["at"], row["id"])


def effective_order(rows: list[Row]) -> list[tuple[datetime, Row]]:
    """Rule 2 and rulings 3, 5: (effective time, row) in the ticket's order.

    Each counter's running maximum of `at` on its own; never before `created`, which stands first; lists
    merged by (effective time, counter, sequence, at, id). Further `created` events are ignored.
    """
    timed: list[tuple[datetime, Row]] = []
    latest: dict[str | None, datetime] = {}
    for row in sorted(rows, key=_counter_key):
        counter = row.get("counter")
        latest[counter] = max(latest.get(counter, row["at"]), row["at"])
        timed.append((latest[counter], row))
    timed.sort(key=lambda pair: (pair[0], *_counter_key(pair[1])))
    created = next((pair for pair in timed if pair[1]["kind"] == "created"), None)
    if created is None:
        return timed
    rest = [(max(at, created[0]), row) for at, row in timed if row["kind"] != "created"]
    rest.sort(key=lambda pair: (pair[0], *_counter_key(pair[1])))
    return [created, *rest]


def threads(tables: History, people: People, as_of: datetime) -> dict[str, Thread]:
    """Every ticket with an event known at `as_of` (ruling 2: by its effective time)."""
    rows: dict[str, list[Row]] = {}
    for row in tables["event"]:
        rows.setdefault(row["ticket"], []).append(row)
    tickets = {row["id"]: row for row in tables["ticket"]}
    out = {}
    for ticket_id, events in rows.items():
        thread = Thread(ticket_id, tickets.get(ticket_id, {"id": ticket_id}))
        for at, row in effective_order(events):
            if at <= as_of:
                thread.events.append(_event(people, thread.row, row, at))
        if thread.events:
            _mark_opening(thread, people)
            out[ticket_id] = thread
    return out


def _event(people: People, ticket: Row, row: Row, at: datetime) -> Event:
    """Ruling 19: unknown author and out: staff without a name; and in: customer; else nobody."""
    who = people.kind(ticket, row.get("actor"), row.get("actor_kind"), at)
    if who == "unknown" and row["kind"] in ("message", "note"):
        who = {"out": "staff", "in": "customer"}.get(row.get("direction") or "", "unknown")
    return Event(row, at, at, who, channel=row.get("channel") or ticket.get("channel"))


def _mark_opening(thread: Thread, people: People) -> None:
    """Ruling 18: staff-opened only if the opener was staff then; its opening message is the first public one."""
    row = thread.row
    thread.opener_kind = people.kind(row, row.get("opened_by"), row.get("opened_by_kind"), thread.created_at)
    if thread.opener_kind == "staff":
        first = next((e for e in thread.events if e.kind == "message"), None)
        if first is not None and first.who == "staff":
            first.is_opening = True


def removal(thread: Thread) -> tuple[bool, int | None]:
    """(is spam, position since which it is deleted) as known at `as_of`; `restored` undoes both (ruling 17)."""
    spam, deleted = False, None
    for position, event in enumerate(thread.events):
        if event.kind == "spam":
            spam = True
        elif event.kind == "deleted" and deleted is None:
            deleted = position
        elif event.kind == "restored":
            spam, deleted = False, None
    return spam, deleted


def merge_events(thread: Thread, known: dict[str, Thread]) -> list[tuple[int, str]]:
    """(position, target) of the merges that name a known ticket; an unknown target is ignored."""
    return [
        (position, event.row["to_value"])
        for position, event in enumerate(thread.events)
        if event.kind == "merged" and event.row.get("to_value") in known
    ]


def merge_targets(known: dict[str, Thread]) -> dict[str, str]:
    """Loser -> next ticket of the chain. The last merge counts; every member of a circle stays itself."""
    target = {}
    for ticket_id, thread in known.items():
        merges = merge_events(thread, known)
        if merges:
            target[ticket_id] = merges[-1][1]
    circles = set()
    for start in target:
        at, steps = target.get(start), 0
        while at is not None and at != start and steps <= len(target):
            at, steps = target.get(at), steps + 1
        if at == start:
            circles.add(start)
    return {loser: to for loser, to in target.items() if loser not in circles}


def last_survivor(ticket_id: str, target: dict[str, str]) -> str:
    """The end of the chain."""
    while ticket_id in target:
        ticket_id = target[ticket_id]
    return ticket_id


def survivors(known: dict[str, Thread]) -> tuple[dict[str, Thread], dict[str, str]]:
    """Tickets that count, with what moved to them; and where each thread's messages and calls ended up.

    Rule 9, rulings 17, 72: spam, test and deleted tickets are left out for their whole life; a loser that was
    deleted after its merge leaves its messages; spam, or deletion before the merge, takes them away.
    """
    target = merge_targets(known)
    home: dict[str, str] = {}
    moved: dict[str, list[Event]] = {}
    for ticket_id, thread in known.items():
        spam, deleted = removal(thread)
        if spam or thread.row.get("is_test"):
            continue
        if ticket_id not in target:
            if deleted is None:
                home[ticket_id] = ticket_id
            continue
        merges = merge_events(thread, known)
        if deleted is not None and deleted < merges[-1][0]:
            continue
        home[ticket_id] = last_survivor(ticket_id, target)
        positions = {position for position, _ in merges}
        moved.setdefault(home[ticket_id], []).extend(
            event
            for position, event in enumerate(thread.events)
            if event.kind in MOVES and (event.kind != "merged" or position in positions)
        )
    kept = {ticket_id: known[ticket_id] for ticket_id, last in home.items() if ticket_id == last}
    home = {ticket_id: last for ticket_id, last in home.items() if last in kept}
    for ticket_id, thread in kept.items():
        thread.events = with_moved(thread, moved.get(ticket_id, []))
    return kept, home


def with_moved(thread: Thread, moved: list[Event]) -> list[Event]:
    """Rulings 17, 67, 80: a moved event is read as max(own time, creation), after the survivor's own then."""
    for event in moved:
        event.is_moved = True
        event.at = max(event.own_at, thread.created_at)
    moved.sort(key=lambda e: (e.at, e.own_at, *_counter_key(e.row)))
    return sorted([*thread.events, *moved], key=lambda e: (e.at, e.is_moved))
