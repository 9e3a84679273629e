"""The lines of a ticket's story: its events, and what stands in other tables, in one order."""

from collections.abc import Iterator, Mapping, Sequence

from deskmeter.base.time import from_micros
from deskmeter.query.event_words import words
from deskmeter.query.promise_marks import promise_name
from deskmeter.query.records import Canonical
from deskmeter.query.story import ClockEffect, StoryLine
from deskmeter.query.ticket_lookup import Standing
from deskmeter.query.ticket_record import TicketRecord


def story_lines(
    record: TicketRecord, effects: Mapping[int, tuple[ClockEffect, ...]], moved: Mapping[str, str], now_us: int
) -> tuple[StoryLine, ...]:
    """Every event with its effects; what has no event of its own stands behind the events of its instant."""
    texts = words(record.events, moved)
    events = [
        StoryLine(
            at=from_micros(event.said_us),
            effective_at=from_micros(event.eff_us),
            kind=event.kind,
            actor=event.actor_label,
            actor_kind=_kind(event.who),
            text=text,
            effects=effects.get(event.pos, ()),
        )
        for event, text in zip(record.events, texts, strict=True)
    ]
    return tuple(sorted([*events, *_beside(record, now_us)], key=lambda line: line.effective_at))


def _kind(who: str) -> str:
    return "unknown" if who == "nobody" else who


def moved_events(canonical: Canonical, merged: Sequence[Standing]) -> dict[str, str]:
    """Which merged ticket each moved event came from."""
    if not merged:
        return {}
    rows = canonical.read_tickets("event", [(loser.source, loser.ticket) for loser in merged])
    return dict(zip(rows["id"].to_pylist(), rows["ticket"].to_pylist(), strict=True))


def _beside(record: TicketRecord, now_us: int) -> Iterator[StoryLine]:
    for promise in record.promises:
        if promise.outcome == "breached" and promise.due_us is not None and promise.due_us <= now_us:
            yield _line(promise.due_us, "sla_due", None, "system", f"{promise_name(promise)} was due and is broken")
    for call in record.calls:
        if call.answered_us is None:
            outcome = f" ({call.outcome.replace('_', ' ')})" if call.outcome else ""
            yield _line(call.ringing_us, "call", None, "customer", f"call {call.call} rang, not answered{outcome}")
    for survey in record.surveys:
        state = "answered" if survey.is_answered else "not answered" if survey.is_delivered else "not delivered"
        yield _line(survey.at_us, "survey", None, "system", f"{survey.survey_kind} survey sent ({state})")
    for answer in record.answers:
        score = "words alone" if answer.score is None else f"{answer.score:g} on {answer.scale or 'no scale'}"
        counted = "" if answer.counts else ", in no score"
        yield _line(answer.at_us, "survey", None, "customer", f"{answer.survey_kind} answered: {score}{counted}")
        if answer.followed_us is not None:
            yield _line(answer.followed_us, "follow_up", None, "staff", f"{answer.survey_kind} answer followed up")


def _line(at_us: int, kind: str, actor: str | None, actor_kind: str, text: str) -> StoryLine:
    at = from_micros(at_us)
    return StoryLine(at, at, kind, actor, actor_kind, text)
