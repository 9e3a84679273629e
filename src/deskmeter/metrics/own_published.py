"""The facts that a desk's own metrics may be made of, published in the JSON Schema."""

from collections.abc import Mapping

from deskmeter.metrics.catalog_roles import CREATED, RESOLVED, RESOLVED_FIRST
from deskmeter.metrics.own_facts import OwnBasis, OwnColumn, OwnFact


def _at(credit: str, column: str = "at_us", name: str = "at") -> tuple[OwnBasis, ...]:
    return (OwnBasis(name, column, credit),)


def _numbers(**columns: str) -> tuple[OwnColumn, ...]:
    return tuple(OwnColumn(name, "number", says) for name, says in columns.items())


def _flags(**columns: str) -> tuple[OwnColumn, ...]:
    return tuple(OwnColumn(name, "flag", says) for name, says in columns.items())


def _texts(**columns: str) -> tuple[OwnColumn, ...]:
    return tuple(OwnColumn(name, "text", says) for name, says in columns.items())


def _seconds(name: str, column: str, says: str) -> OwnColumn:
    return OwnColumn(name, "seconds", says, lambda rows, asked: rows[column])


def _money(name: str, says: str) -> OwnColumn:
    return OwnColumn(name, "money", says, holds=f"{name}_micros")


_STATE = "ticket_id agent team priority status stage"
_PERSON = "customer account country language"
_ASKER = "requester customer_kind"
_TICKET = {"ticket": "ticket_id"}
_OWNER = "owner_at_resolution"
_THEN = "assignee_then"

OWN_FACTS: Mapping[str, OwnFact] = {
    fact.name: fact
    for fact in (
        OwnFact(
            "tickets",
            "f_ticket",
            "one row a ticket",
            (
                OwnBasis("created", "created_us", "first assignee", CREATED),
                OwnBasis("resolved", "resolved_us", f"{_OWNER} (tickets resolved at as_of)", RESOLVED),
                OwnBasis("first_resolved", "first_resolved_us", f"{_OWNER}, of the first resolution", RESOLVED_FIRST),
            ),
            (
                *_flags(is_resolved="it is resolved at as_of"),
                *_numbers(
                    replies="human replies",
                    contacts="contacts by staff",
                    exchanges="waits that a reply ended",
                    activities="staff activities",
                    calls="answered calls",
                    reopens="reopens",
                    new_contacts="new contacts after 24 h of silence",
                    reassignments="changes of human assignee",
                    transfers="changes of team",
                    escalations="requests for a higher tier",
                ),
            ),
            {**_TICKET, "requester": "requester_key", "customer": "customer"},
            splits="ticket_id customer channel",
        ),
        OwnFact(
            "replies",
            "f_activity",
            "one row a public message by staff",
            _at("author"),
            (),
            _TICKET,
            lambda rows, asked: rows.activity == "reply",
            splits=f"{_STATE} activity message_channel",
        ),
        OwnFact(
            "activities",
            "f_activity",
            "one row an activity of staff",
            _at("author"),
            (),
            _TICKET,
            splits=f"{_STATE} activity message_channel",
        ),
        OwnFact(
            "resolutions",
            "f_resolution",
            "one row a resolution",
            _at(_OWNER),
            (
                OwnColumn(
                    "is_reopened", "flag", "it was reopened by as_of", lambda rows, asked: rows.reopened_us.notnull()
                ),
            ),
            _TICKET,
            splits=f"{_STATE} stage_before",
        ),
        OwnFact(
            "reopens",
            "f_reopen",
            "one row a reopen",
            _at("owner at the resolution that was undone"),
            (),
            _TICKET,
            splits=_STATE,
        ),
        OwnFact(
            "durations",
            "f_duration",
            "one row a length of time that ended; filter by kind",
            _at("as the metric of that kind", name="ended"),
            (
                *_texts(
                    kind="first_reply, first_reply_any, assignment_to_first_reply, reply, resolution_first, "
                    "resolution, resolution_episode or first_reply_to_resolution"
                ),
                OwnColumn(
                    "seconds",
                    "seconds",
                    "its length by the clock asked for",
                    lambda rows, asked: rows[f"{asked.clock_column}_s"],
                ),
            ),
            _TICKET,
            splits=f"{_STATE} message_channel",
        ),
        OwnFact(
            "work",
            "f_agent_time",
            "one row a record of work on a resolved ticket",
            _at("author of the work"),
            (*_texts(kind="entries, active or calls"), _seconds("seconds", "seconds", "seconds worked")),
            _TICKET,
            splits=_STATE,
        ),
        OwnFact(
            "escalations",
            "f_escalation",
            "one row a request for a higher tier",
            _at(_THEN),
            _texts(tier="tier asked for"),
            _TICKET,
            splits=f"{_STATE} asked_by",
        ),
        OwnFact(
            "handovers",
            "f_handover",
            "one row a change of hand",
            _at("the one who lost it"),
            _texts(kind="reassignment or transfer"),
            _TICKET,
            splits=_STATE,
        ),
        OwnFact(
            "assignments",
            "f_assigned",
            "one row for each time a ticket was given to a human",
            _at(_THEN),
            (),
            _TICKET,
            splits=_STATE,
        ),
        OwnFact(
            "contacts",
            "f_contact",
            "tickets created, new contacts, and inbound calls without a ticket",
            _at(_THEN),
            (),
            {**_TICKET, "customer": "customer"},
            splits=f"{_STATE} customer channel contact account country language requester customer_kind",
        ),
        OwnFact(
            "flows",
            "f_flow",
            "one row for each entry into the backlog, exit from it, or move within it",
            _at(_THEN),
            (),
            _TICKET,
            splits=f"{_STATE} flow",
        ),
        OwnFact(
            "promises",
            "f_sla",
            "one row a promise of an SLA that was decided",
            _at(_THEN, name="decided"),
            (*_texts(outcome="met or breached"), _seconds("target_seconds", "target_s", "its target")),
            _TICKET,
            lambda rows, asked: rows.outcome.isin(["met", "breached"]),
            splits=f"{_STATE} sla_kind sla_policy outcome",
        ),
        OwnFact(
            "calls",
            "f_call",
            "one row a leg of a telephone call",
            (
                OwnBasis("ended", "at_us", "the agent who answered"),
                OwnBasis("rang", "ringing_us", "the agent who answered"),
            ),
            (
                *_texts(direction="in or out", outcome="answered, abandoned or flowed_out"),
                _seconds("queue_seconds", "queue_s", "time in the queue"),
                _seconds("talk_seconds", "talk_s", "talk"),
                _seconds("hold_seconds", "hold_s", "hold"),
                _seconds("wrap_seconds", "wrap_s", "after-call work"),
                _seconds("handle_seconds", "handle_s", "talk, hold and after-call work"),
                *_flags(is_transferred="it was transferred on", has_ticket="it belongs to a ticket"),
            ),
            {**_TICKET, "customer": "customer"},
            splits=f"{_STATE} {_PERSON} {_ASKER} channel queue direction outcome",
        ),
        OwnFact(
            "answers",
            "f_answer",
            "one row an answer to a survey, the last valid one to each question",
            _at("last_public_replier, frozen when the survey was sent", name="answered"),
            (
                *_numbers(score="the answer as a number; keep to one scale"),
                *_texts(question="id of the question", words="free text"),
                *_flags(
                    is_satisfied="satisfied by the rule of its scale",
                    is_low="at or under the follow-up limit",
                    is_testimonial_allowed="the words may be used",
                ),
                OwnColumn("is_followed", "flag", "it was followed up", lambda rows, asked: rows.followed_us.notnull()),
            ),
            {**_TICKET, "customer": "customer", "survey": "survey"},
            lambda rows, asked: rows["counts"],
            splits=f"{_STATE} {_PERSON} {_ASKER} channel survey_kind occasion scale score words",
        ),
        OwnFact(
            "surveys",
            "f_survey",
            "one row a survey sent",
            _at("the agent frozen when it was sent", name="sent"),
            _flags(is_answered="answered by as_of", is_delivered="delivered"),
            {**_TICKET, "customer": "customer"},
            splits=f"{_STATE} {_PERSON} {_ASKER} channel survey_kind occasion",
        ),
        OwnFact(
            "reviews",
            "f_review",
            "one row a review on a third party's site",
            _at("none", name="posted"),
            (OwnColumn("stars", "number", "stars", lambda rows, asked: rows.stars_millis / 1000),),
            {"customer": "customer"},
            splits="customer account site",
        ),
        OwnFact(
            "orders",
            "f_order",
            "one row a paid order or a refund",
            _at("order_agent", name="paid"),
            (
                *_texts(order_kind="new, repeat, renewal, upsell or cross_sell"),
                *_flags(is_order="paid, and no refund", is_refund="a refund", has_ticket="a ticket is about it"),
                _money("amount", "amount; of a refund below 0"),
                _money("cost", "cost"),
                _money("margin", "amount less cost"),
            ),
            {"customer": "customer", **_TICKET},
            splits=f"{_STATE} {_PERSON} {_ASKER} currency",
        ),
        OwnFact(
            "customer_spans",
            "f_customer_span",
            "one row a stretch of being a customer",
            (OwnBasis("joined", "from_us", "none"), OwnBasis("left", "to_us", "none")),
            _flags(is_won_back="the customer had left before", is_referred="a referral explains the joining"),
            {"customer": "customer"},
            splits=f"{_PERSON} churn_reason",
        ),
        OwnFact(
            "help_events",
            "f_kb_event",
            "one row a thing that happened in the knowledge base",
            _at("none"),
            (
                *_texts(kind="published, updated, archived, view, vote, search, click, session or resolved"),
                *_flags(is_helpful="of a vote: helpful", has_ticket="it is about a ticket"),
            ),
            {"session": "session", "person": "person_key", "item": "item_key"},
            splits=f"ticket_id {_PERSON} {_ASKER} item category words",
        ),
        OwnFact(
            "help_sessions",
            "f_kb_session",
            "one row a help-centre session, at its first event",
            _at("none"),
            _flags(
                is_followed="a ticket of the person followed within 24 h", is_marked="marked resolved, without a ticket"
            ),
            {"person": "person_key"},
            splits=f"{_PERSON} {_ASKER}",
        ),
        OwnFact(
            "messages",
            "f_message_out",
            "one row a message sent to a customer",
            _at("author"),
            _texts(preferred_channel="channel that the receiver preferred then"),
            {**_TICKET, "customer": "customer"},
            splits=f"{_STATE} {_PERSON} {_ASKER} author_kind message_channel",
        ),
    )
}
