"""The events of a ticket that is left out of the numbers: the facts do not hold them, so they are read as they came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deskmeter.base.time import from_micros
from deskmeter.canon.vocab import RESOLVED_STAGES
from deskmeter.query.access import Access
from deskmeter.query.event_words import words
from deskmeter.query.records import Canonical, canonical_records, read_records
from deskmeter.query.story import StoryLine
from deskmeter.query.ticket_lookup import Standing, ticket_of
from deskmeter.query.ticket_record import Event


@dataclass(frozen=True)
class RawEvent:
    """One canonical event."""

    id: str
    counter: str | None
    sequence: int | None
    at: int
    kind: str
    actor: str | None
    actor_kind: str | None
    direction: str | None
    channel: str | None
    is_public: bool | None
    field: str | None
    to_value: str | None
    seconds: int | None
    first_status: str | None
    first_assignee: str | None
    first_team: str | None
    first_priority: str | None


@dataclass(frozen=True)
class Named:
    """A person or a team with the name to show."""

    id: str
    label: str


@dataclass(frozen=True)
class Mapped:
    """A status with its stage."""

    source: str
    status: str
    stage: str


def why_left_out(access: Access, ticket: Standing) -> str:
    """Why no metric counts the ticket, and where it went."""
    if ticket.left_out != "merged" and ticket.survivor_id is None:
        return _WHY.get(ticket.left_out or "", str(ticket.left_out))
    if ticket.survivor_id is None:
        return "merged"
    survivor = ticket_of(access, ticket.survivor_id)
    told = f"merged into `{survivor.ticket}`"
    if survivor.left_out is not None:
        return f"{told}, which is itself left out ({_WHY.get(survivor.left_out, survivor.left_out)})"
    if ticket.takes_all:
        return f"{_WHY.get(ticket.left_out or '', str(ticket.left_out))}; {told}, its messages do not count there"
    return f"{told}; its messages, notes, work and calls count there"


_WHY = {"spam": "marked as spam", "deleted": "deleted", "test": "a test ticket", "merged": "merged"}


def raw_lines(access: Access, canonical: Canonical, ticket: Standing, now_us: int) -> tuple[StoryLine, ...]:
    """Its events in order, without any clock."""
    rows = canonical.read_tickets("event", [(ticket.source, ticket.ticket)])
    ordered = _in_order(canonical_records(rows, RawEvent))
    known = [(at_us, event) for at_us, event in ordered if at_us <= now_us]
    events = _with_states(access, canonical, ticket.source, known)
    return tuple(
        StoryLine(from_micros(event.said_us), from_micros(event.eff_us), event.kind, event.actor_label, event.who, text)
        for event, text in zip(events, words(events, {}), strict=True)
    )


def _in_order(events: Sequence[RawEvent]) -> list[tuple[int, RawEvent]]:
    """Events with their effective times: the running maximum within a counter, never before the creation."""
    latest: dict[str, int] = {}
    timed = []
    for event in sorted(events, key=lambda one: (one.sequence or 0, one.at, one.id)):
        at_us = event.at
        if event.counter is not None and event.sequence is not None:
            at_us = latest[event.counter] = max(at_us, latest.get(event.counter, at_us))
        timed.append((at_us, event))
    born_us = min((at_us for at_us, event in timed if event.kind == "created"), default=None)
    if born_us is not None:
        timed = [(max(at_us, born_us), event) for at_us, event in timed]
    return sorted(timed, key=lambda one: (one[0], one[1].kind != "created", *_place(one[1])))


def _place(event: RawEvent) -> tuple[bool, str, int, int, str]:
    has_counter = event.counter is not None and event.sequence is not None
    return (not has_counter, event.counter or "", event.sequence or 0, event.at, event.id)


def _with_states(
    access: Access, canonical: Canonical, source: str, events: Sequence[tuple[int, RawEvent]]
) -> list[Event]:
    people = _names(access, "person", source, {event.actor for _, event in events})
    people.update(_names(access, "person", source, {event.to_value or event.first_assignee for _, event in events}))
    teams = _names(access, "team", source, {event.to_value or event.first_team for _, event in events})
    mapped = canonical_records(canonical.read("status_stage"), Mapped)
    stages = {one.status: one.stage for one in mapped if one.source == source}
    state: dict[str, str | None] = dict.fromkeys(("status", "agent", "team", "priority"))
    stage = "new"
    found = []
    for at_us, event in events:
        state.update(_set_by(event, people, teams))
        was = stage
        status = state["status"] or ""
        if event.kind in ("status", "created") and status:
            stage = stages.get(status, stage)
        found.append(_event(at_us, event, people, state, was, stage))
    return found


def _set_by(event: RawEvent, people: Mapping[str, str], teams: Mapping[str, str]) -> dict[str, str | None]:
    """What the event sets."""
    if event.kind == "created":
        first = {
            "status": event.first_status,
            "agent": people.get(event.first_assignee or "", event.first_assignee),
            "team": teams.get(event.first_team or "", event.first_team),
            "priority": event.first_priority,
        }
        return {name: value for name, value in first.items() if value is not None}
    value = event.to_value
    if event.kind == "assign":
        return {"agent": people.get(value or "", value)}
    if event.kind == "team":
        return {"team": teams.get(value or "", value)}
    return {event.kind: value} if event.kind in ("status", "priority") else {}


def _event(
    at_us: int, event: RawEvent, people: Mapping[str, str], state: Mapping[str, str | None], was: str, stage: str
) -> Event:
    by_direction = {"in": "customer", "out": "staff"}.get(event.direction or "", "unknown")
    who = event.actor_kind if event.actor_kind not in (None, "unknown") else by_direction
    is_message = event.kind == "message" and event.is_public is not False
    is_done, was_done = stage in RESOLVED_STAGES, was in RESOLVED_STAGES
    return Event(
        pos=0, event=event.id, said_us=event.at, eff_us=at_us, kind=event.kind, field=event.field,
        to_value=event.to_value, seconds=event.seconds, who=str(who),
        actor_label=people.get(event.actor or "", event.actor), channel=event.channel, is_public=is_message,
        is_creation=event.kind == "created", is_moved=0, is_human=False, is_opening=False, is_birth=False,
        is_customer_message=is_message and who == "customer", is_human_reply=is_message and who == "staff",
        is_any_reply=is_message and who in ("staff", "bot", "system"), is_resolution=is_done and not was_done,
        is_leaving=was_done and not is_done, is_resolved=is_done, stage=stage, status=state["status"],
        agent=state["agent"], team=state["team"], priority=state["priority"],
    )  # fmt: skip


def _names(access: Access, table: str, source: str, ids: set[str | None]) -> dict[str, str]:
    known = [id for id in ids if id is not None]
    if not known:
        return {}
    rows = access.table(table)
    found = read_records(access, rows.filter((rows.source == source) & rows.id.isin(known)), Named)
    return {one.id: one.label for one in found}
