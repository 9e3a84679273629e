"""A ticket's own story: its timeline, what each event did to the clocks, and in which metrics it counts."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ClockEffect:
    """What one event did to one clock, for instance it stopped `first_reply_time` at 1 h 12 m.

    Attributes:
        clock: the metric or SLA instance whose clock it is.
        effect: starts, pauses, resumes, stops or cancels.
        calendar_s: calendar seconds on the clock after the event; None: the clock has just started.
        business_s: business seconds likewise; None: just started, or no schedule covers it.
    """

    clock: str
    effect: str
    calendar_s: int | None = None
    business_s: int | None = None


@dataclass(frozen=True)
class StoryLine:
    """One event of the ticket, in the ticket's order.

    Attributes:
        at: when the source says it happened (UTC).
        effective_at: the time that counts; later than `at` where the source's times ran backwards.
        kind: one of vocab.EVENT_KINDS, or call, survey, follow_up for what stands in other tables.
        actor: display name; None: nobody or unknown.
        actor_kind: customer, staff, bot, system or unknown, as it was then.
        text: the event in words, for instance `status open -> solved (stage solved)`.
        effects: what it did to the clocks; empty: nothing.
    """

    at: datetime
    effective_at: datetime
    kind: str
    actor: str | None
    actor_kind: str | None
    text: str
    effects: tuple[ClockEffect, ...] = ()


@dataclass(frozen=True)
class StoryMetric:
    """Whether the ticket counts in one metric, with which value, and why or why not."""

    metric: str
    is_counted: bool
    value: str | None  # as shown; None: no value of its own
    why: str


@dataclass(frozen=True)
class TicketStory:
    """Everything that deskmeter knows about one ticket as of one instant.

    Attributes:
        header: (label, value) pairs in the order of display, such as ("Status", "solved").
        left_out: why the whole ticket is left out of the numbers (spam, deleted, merged); None: it is not.
        notes: oddities of this ticket in one line each, such as a corrected time.
    """

    ticket: str
    source: str
    as_of: datetime
    zone: str
    header: tuple[tuple[str, str], ...]
    lines: tuple[StoryLine, ...]
    metrics: tuple[StoryMetric, ...]
    left_out: str | None = None
    notes: tuple[str, ...] = ()
