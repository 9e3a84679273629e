"""Waits, the first reply, contacts by staff."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from oracle.episodes import Life, Resolution, is_customer_message, is_human_reply
from oracle.ordering import Event
from oracle.state import State

SESSION_GAP = timedelta(minutes=30)


@dataclass
class Wait:
    """From the first unanswered customer message to what ended it."""

    start: datetime  # the message
    opened_at: datetime  # when the wait became one (a leaving can open it later than the message)
    end: datetime | None = None
    ended_by: str | None = None
    position: int | None = None  # of the reply or the resolution


def waits(events: list[Event], after: list[State]) -> list[Wait]:
    """Ruling 20 and section 2, in the ticket's order."""
    out: list[Wait] = []
    unanswered: datetime | None = None  # first customer message on the resolved ticket without an answer
    was_resolved = False
    for position, (event, state) in enumerate(zip(events, after, strict=True)):
        open_wait = out[-1] if out and out[-1].end is None else None
        if state.is_resolved and not was_resolved:
            unanswered = None
            if open_wait:
                reply = _reply_of_the_instant(events, position)
                ending = ("resolution", position) if reply is None else ("reply", reply)
                open_wait.end, (open_wait.ended_by, open_wait.position) = event.at, ending
        elif was_resolved and not state.is_resolved and unanswered is not None:
            out.append(Wait(unanswered, event.at))
            unanswered = None
        elif is_customer_message(event):
            if state.is_resolved:
                unanswered = unanswered or event.at
            elif open_wait is None:
                out.append(Wait(event.at, event.at))
        elif is_human_reply(event):
            unanswered = None
            if open_wait:
                open_wait.end, open_wait.ended_by, open_wait.position = event.at, "reply", position
        was_resolved = state.is_resolved
    return out


def _reply_of_the_instant(events: list[Event], position: int) -> int | None:
    """A human reply in the same instant as the resolution ends the wait, whichever stands first."""
    for later in range(position + 1, len(events)):
        if events[later].at != events[position].at:
            return None
        if is_human_reply(events[later]):
            return later
    return None


def first_customer_message(events: list[Event]) -> Event | None:
    """The earliest of all, moved ones too (rule 9)."""
    return next((e for e in events if is_customer_message(e)), None)


@dataclass
class FirstReply:
    """The clock of the first reply: null start: has not started; null end: has not ended."""

    start: datetime | None
    end: datetime | None = None
    position: int | None = None


def first_reply(
    events: list[Event], is_staff_opened: bool, call: tuple[datetime, datetime] | None, count_automation: bool = False
) -> FirstReply:
    """Section 5 and rulings 18, 21, 77, 81.

    Creation (staff-opened: the customer's first message) -> first reply; call-born: ringing -> answered.
    """
    start: datetime | None = events[0].at
    if is_staff_opened and call is None:
        message = first_customer_message(events)
        start = message.at if message else None
    if start is None:
        return FirstReply(None)
    for position, event in enumerate(events):
        automatic = event.kind == "message" and event.who in ("bot", "system")
        if event.kind == "call_answer" and call is not None:
            return FirstReply(call[0], call[1], position)
        if call is None and is_human_reply(event) and event.at >= start:
            return FirstReply(start, event.at, position)
        if count_automation and automatic and event.at >= (call[0] if call else start):
            return FirstReply(call[0] if call else start, event.at, position)
    return FirstReply(start)


def contacts_by_staff(events: list[Event], until: Resolution | None, answered_calls: list[datetime]) -> int:
    """Ruling 21: replies on asynchronous channels, chat sessions with a reply, answered calls; up to the resolution."""
    if until is None:
        return 0
    seen = [e for e in events if e.kind == "message" and e.at <= until.at]
    replies = sum(1 for e in seen if is_human_reply(e) and e.channel not in ("chat", "phone"))
    sessions = 0
    last: datetime | None = None
    has_reply = False
    for event in sorted((e for e in seen if e.channel == "chat"), key=lambda e: e.own_at):
        if last is None or event.own_at - last >= SESSION_GAP:
            has_reply = False
        if is_human_reply(event) and not has_reply:
            has_reply, sessions = True, sessions + 1
        last = event.own_at
    return replies + sessions + sum(1 for at in answered_calls if at <= until.at)


def last_resolution(life: Life, after: list[State]) -> Resolution | None:
    """Ruling 10: the last resolution of a ticket that is resolved at `as_of`."""
    return life.resolutions[-1] if life.resolutions and after[-1].is_resolved else None
