"""A ticket's events in words."""

from collections.abc import Callable, Mapping, Sequence

from deskmeter.query.format import format_duration
from deskmeter.query.ticket_record import Event

Moved = Mapping[str, str]  # event -> the merged ticket that it came from


def words(events: Sequence[Event], moved: Moved) -> tuple[str, ...]:
    """One text an event, in their order: each is told against the state just before it."""
    texts = []
    before: Event | None = None
    for event in events:
        text = _TEXTS.get(event.kind, _other)(event, before)
        origin = moved.get(event.event)
        if origin and event.kind == "merged":
            text = f"{origin} was merged into {event.to_value}"
        elif origin:
            text = f"{text} (moved here from {origin})"
        texts.append(text)
        before = event
    return tuple(texts)


def _created(event: Event, before: Event | None) -> str:
    first = [
        f"status {event.status} (stage {event.stage})" if event.status else None,
        f"assigned to {event.agent}" if event.agent else None,
        f"team {event.team}" if event.team else None,
        f"priority {event.priority}" if event.priority else None,
    ]
    known = ", ".join(text for text in first if text)
    return f"created: {known}" if known else "created"


def _message(event: Event, before: Event | None) -> str:
    if not event.is_public:
        return "internal note"
    if event.is_opening:
        text = "opening message of staff"
    elif event.is_customer_message:
        text = "message of the customer"
    elif event.is_human_reply:
        text = "human reply"
    else:
        text = "automatic reply" if event.is_any_reply else "message of nobody known"
    return f"{text} by {event.channel}" if event.channel else text


def _status(event: Event, before: Event | None) -> str:
    was = before.status if before else None
    stage = (
        f"stage {event.stage}" if before is None or before.stage != event.stage else f"the stage stays {event.stage}"
    )
    return f"status {_or_none(was)} → {_or_none(event.status)} ({stage})"


def _assign(event: Event, before: Event | None) -> str:
    was = f" (was {before.agent})" if before and before.agent and before.agent != event.agent else ""
    return (f"assigned to {event.agent}" if event.agent else "unassigned") + was


def _team(event: Event, before: Event | None) -> str:
    return f"team {_or_none(before.team if before else None)} → {_or_none(event.team)}"


def _priority(event: Event, before: Event | None) -> str:
    return f"priority {_or_none(before.priority if before else None)} → {_or_none(event.priority)}"


def _work(event: Event, before: Event | None) -> str:
    verb = "time entry" if event.kind == "time_entry" else "viewing"
    return verb if event.seconds is None else f"{verb} of {format_duration(event.seconds)}"


def _sla(event: Event, before: Event | None) -> str:
    of_kind = f" for {event.field}" if event.field else ""
    return f"SLA policy {_or_none(event.to_value)} applied{of_kind}"


def _escalation(event: Event, before: Event | None) -> str:
    asked = f", asked by {event.field}" if event.field else ""
    return (f"escalation to {event.to_value}" if event.to_value else "escalation") + asked


def _other(event: Event, before: Event | None) -> str:
    return event.kind.replace("_", " ") + (f" {event.to_value}" if event.to_value else "")


def _or_none(value: str | None) -> str:
    return value or "none"


_TEXTS: Mapping[str, Callable[[Event, Event | None], str]] = {
    "created": _created,
    "message": _message,
    "note": _message,
    "status": _status,
    "assign": _assign,
    "team": _team,
    "priority": _priority,
    "field": lambda event, before: f"{event.field} = {_or_none(event.to_value)}",
    "tag_added": lambda event, before: f"tag {event.to_value} added",
    "tag_removed": lambda event, before: f"tag {event.to_value} removed",
    "escalation": _escalation,
    "handoff": lambda event, before: "handed over by the bot",
    "merged": lambda event, before: f"merged into {event.to_value}",
    "time_entry": _work,
    "viewing": _work,
    "sla_applied": _sla,
    "sla_vendor_verdict": lambda event, before: f"the source's own verdict: {event.field} {event.to_value}",
    "schedule": lambda event, before: f"schedule {_or_none(event.to_value)}",
    "call": lambda event, before: f"call {event.to_value} answered",
}
