"""What the fact tables hold of one ticket, as plain rows: the material of its story."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from deskmeter.query.access import Access
from deskmeter.query.records import Canonical, Record, read_records


@dataclass(frozen=True)
class Event:
    """One event in the ticket's final order, with the state just after it (see `timeline` in facts/state.py)."""

    pos: int
    event: str
    said_us: int
    eff_us: int
    kind: str
    field: str | None
    to_value: str | None
    seconds: int | None
    who: str
    actor_label: str | None
    channel: str | None
    is_public: bool | None
    is_creation: bool
    is_moved: int
    is_human: bool
    is_opening: bool
    is_birth: bool
    is_customer_message: bool
    is_human_reply: bool
    is_any_reply: bool
    is_resolution: bool
    is_leaving: bool
    is_resolved: bool
    stage: str
    status: str | None
    agent: str | None
    team: str | None
    priority: str | None


@dataclass(frozen=True)
class Stretch:
    """A stretch of one state; to_us null: it lasts."""

    pos: int
    stage: str
    from_us: int
    to_us: int | None


@dataclass(frozen=True)
class Wait:
    """A wait of the customer: first_us the message it counts from, open_us when it became a wait."""

    first_us: int
    open_us: int
    ended_us: int | None
    ended_by: str | None
    end_pos: int | None


@dataclass(frozen=True)
class Resolution:
    """A resolution with the start of its episode."""

    pos: int
    eff_us: int
    started_us: int


@dataclass(frozen=True)
class Leaving:
    """A change out of solved or closed; starts_us: the message that woke it, where it is a new contact."""

    pos: int
    eff_us: int
    starts_us: int
    is_new_contact: bool


@dataclass(frozen=True)
class Length:
    """A length of time that some duration metric counts, filed at the event `pos`."""

    kind: str
    pos: int
    from_us: int
    at_us: int


@dataclass(frozen=True)
class Promise:
    """An SLA instance; at_us: when it was decided."""

    sla_kind: str
    sla_policy: str
    priority: str | None
    sla_clock: str
    target_s: int
    applied_us: int
    starts_us: int
    due_us: int | None
    fulfilled_us: int | None
    cancelled_us: int | None
    superseded_us: int | None
    outcome: str


@dataclass(frozen=True)
class Call:
    """A call leg that belongs to the ticket."""

    call: str
    direction: str | None
    outcome: str | None
    ringing_us: int
    answered_us: int | None
    agent: str | None


@dataclass(frozen=True)
class Survey:
    """A survey sent about the ticket."""

    survey: str
    survey_kind: str
    at_us: int
    is_delivered: bool
    is_answered: bool


@dataclass(frozen=True)
class Answer:
    """An answer about the ticket; counts false: no score counts it."""

    answer: str
    survey: str | None
    survey_kind: str
    at_us: int
    scale: str | None
    score: float | None
    counts: bool
    followed_us: int | None


@dataclass(frozen=True)
class Work:
    """Seconds worked, by the way of measuring."""

    kind: str
    seconds: int


@dataclass(frozen=True)
class Sums:
    """The ticket's row of `f_ticket`: what it took and how it stands."""

    created_us: int
    is_resolved: bool
    resolved_us: int | None
    first_resolved_us: int | None
    reply_start_us: int | None
    first_reply_us: int | None
    message_us: int | None
    replies: int
    contacts: int
    exchanges: int
    activities: int
    reopens: int
    new_contacts: int
    escalations: int
    reassignments: int
    transfers: int
    requester_key: str | None
    next_us: int | None
    came_back_us: int | None
    now_agent: str | None
    now_team: str | None
    now_priority: str | None
    now_status: str | None
    now_stage: str


@dataclass(frozen=True)
class Traits:
    """The ticket's row of `ticket`: what it is about and whose it is."""

    channel: str | None
    requester: str | None
    account: str | None
    reason: str | None
    type: str | None
    product: str | None
    opened_by: str
    order: str | None
    subject: str | None


@dataclass(frozen=True)
class TicketRecord:
    """All rows of one ticket that counts; each is read when it is first needed."""

    access: Access
    canonical: Canonical
    source: str
    ticket: str
    ticket_id: int

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """Its events in final order; never empty."""
        return self._read("timeline", Event, "pos")

    @cached_property
    def stretches(self) -> tuple[Stretch, ...]:
        """Its stretches of one state, in order."""
        return self._read("state_span", Stretch, "pos")

    @cached_property
    def waits(self) -> tuple[Wait, ...]:
        """Its waits, in order."""
        return self._read("wait", Wait, "first_us")

    @cached_property
    def resolutions(self) -> tuple[Resolution, ...]:
        """Its resolutions, in order."""
        return self._read("resolution", Resolution, "pos")

    @cached_property
    def leavings(self) -> tuple[Leaving, ...]:
        """Its changes out of solved or closed, in order."""
        return self._read("leaving", Leaving, "pos")

    @cached_property
    def lengths(self) -> tuple[Length, ...]:
        """Its lengths of time, by the event that files them."""
        return self._read("f_duration", Length, "pos")

    @cached_property
    def promises(self) -> tuple[Promise, ...]:
        """Its SLA instances, by when they were applied."""
        return self._read("f_sla", Promise, "applied_us", "sla_kind")

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """Its call legs."""
        return self._read("f_call", Call, "ringing_us", "call")

    @cached_property
    def surveys(self) -> tuple[Survey, ...]:
        """The surveys sent about it."""
        return self._read("f_survey", Survey, "at_us", "survey")

    @cached_property
    def answers(self) -> tuple[Answer, ...]:
        """The answers about it."""
        return self._read("f_answer", Answer, "at_us", "answer")

    @cached_property
    def work(self) -> tuple[Work, ...]:
        """Work recorded up to its last resolution."""
        return self._read("f_agent_time", Work, "kind")

    @cached_property
    def sums(self) -> Sums:
        """What it took, and how it stands."""
        return self._read("f_ticket", Sums)[0]

    @cached_property
    def traits(self) -> Traits:
        """What it is about and whose it is."""
        return self._read("ticket", Traits)[0]

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """Its tags at `as_of`."""
        spans = self.access.table("tag_span")
        spans = spans.filter((spans.ticket_id == self.ticket_id) & spans.to_us.isnull())
        return tuple(sorted(self.access.engine.fetch(spans.select("value"))["value"].to_pylist()))

    @property
    def created_pos(self) -> int:
        """The event at which its life begins."""
        return next((event.pos for event in self.events if event.is_creation), self.events[0].pos)

    def pos_at(self, at_us: int, is_it: Callable[[Event], bool]) -> int:
        """The first event at `at_us` of which `is_it` is true; else the one that stands nearest to that instant."""
        for event in self.events:
            if event.eff_us == at_us and is_it(event):
                return event.pos
        later = next((event.pos for event in self.events if event.eff_us >= at_us), None)
        return self.events[-1].pos if later is None else later

    def _read(self, table: str, record: type[Record], *order: str) -> tuple[Record, ...]:
        rows = self.access.table(table)
        return read_records(self.access, rows.filter(rows.ticket_id == self.ticket_id), record, *order)
