"""The overview that a manager reads after `deskmeter demo`: a list of questions, section by section."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from deskmeter.query.parse import Words

PERIOD = "12w"


@dataclass(frozen=True)
class Question:
    """One question of a section and how its answer is shown.

    Attributes:
        show: metrics (a row each), trend (one line over time), bars (by a dimension), best_and_worst (a ranking).
        head: the line above it; None: none.
    """

    words: Words
    show: Literal["metrics", "trend", "bars", "best_and_worst"] = "metrics"
    head: str | None = None


@dataclass(frozen=True)
class Section:
    """A heading with its questions."""

    title: str
    questions: tuple[Question, ...] = field(default=())


def _compared(*metrics: str) -> Question:
    return Question(Words(metrics, last=PERIOD, compare="previous"))


def _ranked(metric: str, head: str) -> Question:
    return Question(Words([metric], by=["team"], last=PERIOD, compare="previous"), "best_and_worst", head)


def _bars(metric: str, by: str, head: str, top: int = 5) -> Question:
    return Question(Words([metric], by=[by], last=PERIOD, top=top), "bars", head)


SECTIONS: tuple[Section, ...] = (
    Section(
        "Volume",
        (
            _compared("tickets_created", "contacts", "resolutions", "repeat_contact_rate"),
            Question(Words(["tickets_created"], by=["week"], last=PERIOD), "trend", "Tickets created by week"),
        ),
    ),
    Section(
        "Backlog",
        (
            _compared("backlog", "unanswered", "backlog_age:median", "backlog_age:p90"),
            Question(Words(["backlog"], by=["week"], last=PERIOD), "trend", "Backlog at the end of each week"),
            _bars("backlog", "age_band", "By age"),
        ),
    ),
    Section(
        "Speed",
        (
            _compared(
                "first_reply_time:median:calendar", "first_reply_time:p90:calendar",
                "first_reply_time:median:business", "first_reply_time:p90:business",
                "resolution_time:median:calendar", "resolution_time:p90:calendar",
                "resolution_time:median:business", "resolution_time:p90:business",
            ),
        ),
    ),
    Section("Quality", (_compared("first_contact_resolution", "one_touch_rate", "reopen_rate", "escalation_rate"),)),
    Section("Experience", (_compared("csat", "nps", "ces", "conversation_rating", "response_rate"),)),
    Section("Promises (SLA)", (_compared("sla_attainment", "sla_breaches"),)),
    Section("Calls", (_compared("calls_offered", "service_level", "abandonment_rate", "average_handle_time"),)),
    Section(
        "Teams",
        (
            _ranked("first_reply_time:median", "First reply, worst and best"),
            _ranked("csat", "CSAT, worst and best"),
        ),
    ),
    Section(
        "Reasons",
        (
            _bars("tickets_created", "reason_1", "What people write about"),
            Question(
                Words(["csat"], by=["reason_1"], last=PERIOD, compare="previous"), "best_and_worst", "CSAT by reason"
            ),
        ),
    ),
    Section(
        "Customers",
        (
            _compared("customers_end", "customers_new", "customers_lost", "churn_rate", "retention_rate_cohort"),
            _bars("churn_reasons", "churn_reason", "Why they left"),
        ),
    ),
    Section(
        "Sales by support",
        (
            _compared("upsell_frequency", "cross_sell_frequency"),
            _bars("upsells_per_agent", "agent", "Upsells by agent"),
        ),
    ),
    Section(
        "Knowledge base",
        (
            _compared("kb_views", "kb_rating", "self_service_sessions", "deflection_rate", "kb_resolution_share"),
            _bars("kb_failed_searches", "words", "Searched for and not found"),
        ),
    ),
)  # fmt: skip

NEXT_STEPS: Sequence[tuple[str, str]] = (
    ("ask nps csat --by team --last 12w --compare previous", "two metrics by team, against the time before"),
    ("ask first_reply_time:p90:business --by week --where channel=email", "one metric over time"),
    ("drill csat --where team=Billing --last 4w", "the very answers behind a number"),
    ("explain TICKET", "what started and stopped each clock of a ticket"),
    ("metrics", "all metrics, with their definitions"),
    ("doctor", "what arrived, what was set aside, and why"),
    ("import FILE", "your own data"),
)
