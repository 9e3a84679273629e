"""Resolutions, what undid them, new contacts and episodes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from oracle.ordering import Event
from oracle.state import State


@dataclass
class Resolution:
    """A change into solved or closed from another stage."""

    position: int
    at: datetime
    stage_before: str
    episode_start: datetime
    owner: str | None
    leaving: "Leaving | None" = None


@dataclass
class Leaving:
    """A change from solved or closed to another stage: a reopen or a new contact, never both (ruling 15)."""

    position: int
    at: datetime
    resolution: Resolution
    is_new_contact: bool
    episode_start: datetime
    is_after_message: bool


@dataclass
class Life:
    """The resolutions and leavings of one ticket, and its new-contact messages."""

    resolutions: list[Resolution]
    leavings: list[Leaving]
    new_contacts: list[int]  # positions of the messages


def is_customer_message(event: Event) -> bool:
    """A public message of a customer."""
    return event.kind == "message" and event.who == "customer"


def is_human_reply(event: Event) -> bool:
    """Section 2: a public message from staff that no automation wrote, or (ruling 81) the born call's answer."""
    return (event.kind == "message" and event.who == "staff" and not event.is_opening) or event.kind == "call_answer"


def is_spoken(event: Event) -> bool:
    """A public message of a customer or of staff: what breaks a silence."""
    return event.kind == "message" and event.who in ("customer", "staff")


def live(events: list[Event], after: list[State], gap: timedelta, opener: str | None) -> Life:
    """Walk the ticket once. `opener`: who opened it, if staff or bot: the owner of a ticket born solved (73)."""
    life = Life([], [], [])
    stage, episode_start = "new", events[0].at
    for position, (event, state) in enumerate(zip(events, after, strict=True)):
        was = stage in ("solved", "closed")
        if state.is_resolved and not was:
            owner = state.assignee
            if owner is None and event.kind == "created":
                owner = opener
            elif owner is None and event.who in ("staff", "bot"):
                owner = event.actor
            life.resolutions.append(Resolution(position, event.at, stage, episode_start, owner))
        elif was and not state.is_resolved:
            leaving = _leave(events, life.resolutions[-1], position, gap)
            life.leavings.append(leaving)
            episode_start = leaving.episode_start
        stage = state.stage
    for resolution in life.resolutions:
        life.new_contacts.extend(_silent_messages(events, resolution, gap))
    return life


def _reach(events: list[Event], resolution: Resolution, leaving: int | None) -> list[int]:
    """Positions since the resolution up to the leaving, and past it within its instant (ruling 80)."""
    if leaving is None:
        return list(range(resolution.position + 1, len(events)))
    reach = [p for p in range(resolution.position + 1, len(events)) if p != leaving]
    return [p for p in reach if p < leaving or events[p].at == events[leaving].at]


def _silent_messages(
    events: list[Event], resolution: Resolution, gap: timedelta, leaving: int | None = None
) -> list[int]:
    """Customer messages after 24 h since both the resolution and the last public message (rulings 15, 76)."""
    if leaving is None and resolution.leaving is not None:
        leaving = resolution.leaving.position
    out = []
    for position in _reach(events, resolution, leaving):
        event = events[position]
        if not is_customer_message(event) or event.at - resolution.at < gap:
            continue
        last = next((e.at for e in reversed(events[:position]) if is_spoken(e)), None)
        if last is None or event.at - last >= gap:
            out.append(position)
    return out


def _leave(events: list[Event], resolution: Resolution, position: int, gap: timedelta) -> Leaving:
    """House decision 4: the first waking message that no human reply has answered since starts the episode."""
    at = events[position].at
    waking = [
        p
        for p in _silent_messages(events, resolution, gap, position)
        if not any(is_human_reply(e) for e in events[p + 1 : position])
    ]
    wrote = any(is_customer_message(events[p]) for p in _reach(events, resolution, position))
    start = events[waking[0]].at if waking else at
    leaving = Leaving(position, at, resolution, bool(waking), start, wrote)
    resolution.leaving = leaving
    return leaving
