"""The clocks of a ticket's SLA instances, paused by the stages that their policy names."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from deskmeter.canon.vocab import SLA_PAUSES
from deskmeter.query.clock_marks import End, Mark, Running, paused_clock
from deskmeter.query.records import canonical_records
from deskmeter.query.ticket_record import Promise, Stretch, TicketRecord

_REPLY_KINDS = ("first_reply", "next_reply")


@dataclass(frozen=True)
class Rule:
    """One row of a policy; pause_stages null: the kind's own."""

    source: str
    id: str
    policy: str
    name: str | None
    kind: str
    priority: str | None
    pause_stages: str | None


def promise_name(promise: Promise) -> str:
    """What a promise's clock is called: `sla first_reply (Gold)`."""
    return f"sla {promise.sla_kind} ({promise.sla_policy})"


def promises(record: TicketRecord, now_us: int) -> Iterator[Mark | Running]:
    """All SLA instances; one about replies never pauses (ruling 30)."""
    if not record.promises:
        return
    rules = canonical_records(record.canonical.read("sla_policy"), Rule)
    known = [rule for rule in sorted(rules, key=lambda rule: rule.id) if rule.source == record.source]
    begins = {stretch.from_us: stretch.pos for stretch in record.stretches}
    for promise in record.promises:
        end = _end(record, promise)
        running = _running(record, promise, _paused_stages(promise, known), end)
        clock = promise_name(promise)
        asleep = None
        if not running or running[0].from_us > promise.starts_us:  # its first stage pauses it
            asleep = Stretch(_start(record, promise), "", promise.starts_us, promise.starts_us)
        yield from paused_clock(clock, running, begins, end, now_us, asleep)


def _start(record: TicketRecord, promise: Promise) -> int:
    if promise.starts_us == promise.applied_us:
        return record.pos_at(promise.starts_us, lambda event: event.kind == "sla_applied")
    return record.pos_at(promise.starts_us, lambda event: event.is_leaving)


def _end(record: TicketRecord, promise: Promise) -> End | None:
    ends = [at for at in (promise.fulfilled_us, promise.cancelled_us, promise.superseded_us) if at is not None]
    if not ends:
        return None
    at_us = min(ends)
    if at_us == promise.fulfilled_us:
        is_reply = promise.sla_kind in _REPLY_KINDS
        pos = record.pos_at(at_us, lambda event: event.is_human_reply if is_reply else event.is_resolution)
        return End(pos, at_us, "stops")
    if at_us == promise.cancelled_us:
        return End(record.pos_at(at_us, lambda event: event.is_resolution), at_us, "cancels")
    return End(record.pos_at(at_us, lambda event: event.kind == "sla_applied"), at_us, "cancels")


def _running(record: TicketRecord, promise: Promise, pauses: Sequence[str], end: End | None) -> list[Stretch]:
    """The stretches in which the promise's clock runs, from its start to its end."""
    start = _start(record, promise)
    until_us = end.at_us if end else None
    if promise.sla_kind in _REPLY_KINDS:
        return [Stretch(start, "", promise.starts_us, until_us)]
    found = []
    for stretch in record.stretches:
        stops = [at for at in (stretch.to_us, until_us) if at is not None]
        to_us = min(stops, default=None)
        from_us = max(stretch.from_us, promise.starts_us)
        if stretch.stage not in pauses and (to_us is None or to_us > from_us):
            found.append(Stretch(max(stretch.pos, start), stretch.stage, from_us, to_us))
    return found


def _paused_stages(promise: Promise, rules: Sequence[Rule]) -> Sequence[str]:
    """The stages that pause a promise: its policy's own, for its priority if there is such a row, else its kind's."""
    fitting = [
        rule
        for rule in rules
        if rule.kind == promise.sla_kind
        and promise.sla_policy in (rule.name, rule.policy)
        and rule.priority in (None, promise.priority)
    ]
    fitting.sort(key=lambda rule: rule.priority is None)
    if not fitting or fitting[0].pause_stages is None:
        return SLA_PAUSES[promise.sla_kind]
    return [stage.strip() for stage in fitting[0].pause_stages.split(",")]
