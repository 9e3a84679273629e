"""A ticket's own story: every event, what it did to each clock, and where the ticket counts and why not."""

from collections.abc import Iterator

from deskmeter.base.time import from_micros, zone
from deskmeter.query.access import Access
from deskmeter.query.clock_marks import Running, clock_lengths, effects, total
from deskmeter.query.counting import left_out_metrics, story_metrics
from deskmeter.query.format import format_at, format_duration
from deskmeter.query.left_out_story import raw_lines, why_left_out
from deskmeter.query.records import Canonical
from deskmeter.query.story import TicketStory
from deskmeter.query.story_lines import moved_events, story_lines
from deskmeter.query.ticket_lookup import Standing, find_ticket, tickets_merged_into
from deskmeter.query.ticket_marks import marks
from deskmeter.query.ticket_record import TicketRecord


def explain(
    access: Access, canonical: Canonical, ticket: str, source: str | None = None, zone_name: str = "UTC"
) -> TicketStory:
    """The story of the ticket with this id, or with this `source/id`.

    Raises:
        AskerError: there is none, or several sources have one.
    """
    found = find_ticket(access, canonical, ticket, source)
    if found.left_out is not None:
        return _left_out_story(access, canonical, found, zone_name)
    record = TicketRecord(access, canonical, found.source, found.ticket, found.ticket_id)
    marked, running = marks(record, access.as_of_us)
    merged = tickets_merged_into(access, found.ticket_id)
    moved = moved_events(canonical, merged)
    return TicketStory(
        ticket=found.ticket,
        source=found.source,
        as_of=from_micros(access.as_of_us),
        zone=zone_name,
        header=tuple((label, value) for label, value in _header(record, running, zone_name) if value),
        lines=story_lines(record, effects(access, record, marked), moved, access.as_of_us),
        metrics=story_metrics(record, zone_name),
        notes=tuple(_notes(record, merged)),
    )


def _left_out_story(access: Access, canonical: Canonical, ticket: Standing, zone_name: str) -> TicketStory:
    why = why_left_out(access, ticket)
    created = format_at(from_micros(ticket.created_us), zone(zone_name))
    return TicketStory(
        ticket=ticket.ticket,
        source=ticket.source,
        as_of=from_micros(access.as_of_us),
        zone=zone_name,
        header=(("Created", created),),
        lines=raw_lines(access, canonical, ticket, access.as_of_us),
        metrics=left_out_metrics(access, why),
        left_out=why,
        notes=("leaving out and merging apply to the whole life of a ticket, so its past periods have changed too",),
    )


def _header(record: TicketRecord, running: list[Running], zone_name: str) -> Iterator[tuple[str, str | None]]:
    sums, traits, tz = record.sums, record.traits, zone(zone_name)
    yield "Subject", traits.subject
    yield "Status", f"{sums.now_status} (stage {sums.now_stage})" if sums.now_status else f"stage {sums.now_stage}"
    yield "Agent", sums.now_agent
    yield "Team", sums.now_team
    yield "Priority", sums.now_priority
    yield "Channel", traits.channel
    yield "Requester", traits.requester
    yield "Account", traits.account
    yield "Reason", traits.reason
    yield "Type", traits.type
    yield "Product", traits.product
    yield "Tags", ", ".join(record.tags)
    yield "Order", traits.order
    yield "Opened by", traits.opened_by
    yield "Created", format_at(from_micros(sums.created_us), tz)
    yield "First reply", _at(sums.first_reply_us, zone_name)
    yield "Resolved", _at(sums.resolved_us, zone_name)
    yield "Counts", _counts(record)
    lengths = clock_lengths(record.access, record, {span for clock in running for span in clock.spans})
    for clock in running:
        calendar_s, business_s = total(clock.spans, lengths)
        if calendar_s is not None:
            business = "" if business_s is None else f", {format_duration(business_s, is_business=True)} business"
            state = "Paused" if clock.is_paused else "Running"
            yield state, f"{clock.clock}: {format_duration(calendar_s)}{business}"
    for promise in record.promises:
        due = f", due {format_at(from_micros(promise.due_us), tz)}" if promise.due_us is not None else ""
        target = format_duration(promise.target_s, is_business=promise.sla_clock == "business")
        yield (
            "Promise",
            f"{promise.sla_kind} ({promise.sla_policy}) in {target} {promise.sla_clock}: {promise.outcome}{due}",
        )


def _counts(record: TicketRecord) -> str:
    sums = record.sums
    named = (
        (sums.replies, "human reply", "human replies"),
        (sums.contacts, "contact by staff", "contacts by staff"),
        (sums.activities, "activity", "activities"),
        (sums.reopens, "reopen", "reopens"),
        (sums.new_contacts, "new contact", "new contacts"),
        (sums.escalations, "escalation", "escalations"),
    )
    return ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in named if count)


def _at(at_us: int | None, zone_name: str) -> str | None:
    return None if at_us is None else format_at(from_micros(at_us), zone(zone_name))


def _notes(record: TicketRecord, merged: tuple[Standing, ...]) -> Iterator[str]:
    corrected = sum(event.said_us != event.eff_us and not event.is_moved for event in record.events)
    if corrected:
        yield f"{corrected} of its times run backwards and are corrected to the latest time before them"
    if merged:
        names = ", ".join(f"`{loser.ticket}`" for loser in merged)
        yield f"what was written on {names} has moved here"
    nobody = sum(event.who == "nobody" and event.kind == "message" for event in record.events)
    if nobody:
        yield f"{nobody} of its messages have neither a known author nor a direction: nobody's, in no clock"
