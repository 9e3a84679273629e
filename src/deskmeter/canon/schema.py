"""The canonical tables: what the world looks like once a source has been understood.

Every time is a UTC instant in microseconds without a zone, every length a whole number of seconds,
every amount of money an integer number of millionths of its currency. `source` + `id` identify a row;
a reference (`ticket`, `person`, ...) holds the `id` of a row of the same source.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["string", "int64", "float64", "boolean", "timestamp", "date"]
Personal = Literal["person", "name", "mail", "words"]
"""What of a person a column holds: who (their id), their name, their mail address, what they wrote."""


@dataclass(frozen=True)
class Column:
    """One column: its type, what it holds (with its unit) and what null means.

    `personal`: what of a person it holds, for whoever must be forgotten. `event.from_value` and `to_value` hold a
    person where the kind is assign.
    """

    name: str
    type: Kind
    says: str
    null: str = "unknown"
    personal: Personal | None = None


@dataclass(frozen=True)
class Table:
    """One canonical table.

    `known_at` names the instant from which a row is known (null: always known). `later` maps an instant
    that can lie after the row itself to the columns that are only known with it: a question about a past
    `as_of` sees them as null. `author` names the column of the person whose words the table holds.
    """

    name: str
    says: str
    columns: tuple[Column, ...]
    known_at: str | None = None
    later: tuple[tuple[str, tuple[str, ...]], ...] = ()
    author: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All columns in order, the identity first."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column called `name`; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def _text(name: str, says: str, null: str = "unknown") -> Column:
    return Column(name, "string", says, null)


def _person(name: str, says: str, null: str = "unknown") -> Column:
    return Column(name, "string", says, null, "person")


def _private(name: str, personal: Personal, says: str, null: str = "unknown") -> Column:
    return Column(name, "string", says, null, personal)


def _instant(name: str, says: str, null: str = "unknown") -> Column:
    return Column(name, "timestamp", f"{says} (UTC instant)", null)


def _whole(name: str, says: str, null: str = "unknown") -> Column:
    return Column(name, "int64", says, null)


def _flag(name: str, says: str, null: str = "unknown") -> Column:
    return Column(name, "boolean", says, null)


IDENTITY = (
    _text("source", "name of the source, unique in the desk", "never null"),
    _text("id", "the source's own id; where it has none, a hash of the content", "never null"),
)

PROVENANCE = (
    _text("raw_object", "content address of the raw object that the row came from", "never null in a ledger"),
    _whole("raw_line", "line (or record) in that object, counted from 1", "the whole object"),
    _whole("revision", "the source's revision counter or updated_at in microseconds; the greatest counts", "none"),
)


def _table(
    name: str,
    says: str,
    *columns: Column,
    known_at: str | None = None,
    later: dict[str, tuple[str, ...]] | None = None,
    author: str | None = None,
) -> Table:
    return Table(name, says, IDENTITY + columns + PROVENANCE, known_at, tuple((later or {}).items()), author)


EVENT = _table(
    "event",
    "one thing that happened on a ticket",
    _text("ticket", "the ticket", "never null"),
    _text("counter", "the counter within which `sequence` is comparable (a file, a log)", "no counter"),
    _whole("sequence", "position in the counter", "none: order by time and id"),
    _instant("at", "when it happened, as the source says", "never null"),
    _text("kind", "one of vocab.EVENT_KINDS", "never null"),
    _person("actor", "the person who did it"),
    _text("actor_kind", "kind of the actor then, if the source says: one of vocab.ACTOR_KINDS", "see role_span"),
    _text("direction", "of a message: in or out", "unknown"),
    _text("channel", "channel of this message, if it differs from the ticket's", "the ticket's"),
    _flag("is_public", "a message that the customer can see", "true for message, false for note"),
    _text("field", "kind field: name of the field; sla_*: kind of instance; escalation: who asked", "none"),
    _text("from_value", "value before, as the source says; only checked", "unknown"),
    _text(
        "to_value",
        "value after: status, person, team, priority, field value, tag, policy, schedule, survivor",
        "no value",
    ),
    _whole("seconds", "length of a time entry or viewing; target of an sla_applied", "none"),
    _text("first_status", "kind created: first own status", "none yet"),
    _person("first_assignee", "kind created: first assignee (person)", "nobody"),
    _text("first_team", "kind created: first team", "no team"),
    _text("first_priority", "kind created: first priority", "none"),
    known_at="at",
)

TICKET = _table(
    "ticket",
    "what does not change on a ticket; all that changes is an event",
    _person("requester", "the person who asks"),
    _text("account", "the account it is for, if the source says", "the requester's account"),
    _person("opened_by", "the person who opened it", "unknown, taken as the customer"),
    _text("opened_by_kind", "kind of the opener then, if the source says", "see role_span"),
    _text("channel", "the ticket's channel: one of vocab.CHANNELS where it can be told"),
    _text("order", "the order that it is about", "none"),
    _text("call", "the call from which it was born", "none"),
    _private("subject", "words", "its subject line", "none"),
    _flag("is_test", "a test ticket, left out of everything", "not a test"),
    author="requester",
)

PERSON = _table(
    "person",
    "a customer, an agent or a bot; the one home of personal data",
    _private("name", "name", "display name", "the id is shown"),
    _private("email", "mail", "mail address"),
    _text("role", "customer, staff or bot, where no role_span says", "unknown"),
    _text("account", "the account that the person belongs to", "none"),
    _text("language", "language code"),
    _text("country", "country code"),
)

ROLE_SPAN = _table(
    "role_span",
    "who was customer, staff or bot, and when",
    _person("person", "the person", "never null"),
    _text("role", "customer, staff or bot", "never null"),
    _instant("from_at", "start", "always was"),
    _instant("to_at", "end", "still is"),
    known_at="from_at",
    later={"to_at": ()},
)

TEAM = _table("team", "a team (group, queue of people)", _text("name", "display name", "the id is shown"))

MEMBERSHIP_SPAN = _table(
    "membership_span",
    "which agent was in which team, and when",
    _person("person", "the agent", "never null"),
    _text("team", "the team", "never null"),
    _instant("from_at", "start", "always was"),
    _instant("to_at", "end", "still is"),
    known_at="from_at",
    later={"to_at": ()},
)

AVAILABILITY_SPAN = _table(
    "availability_span",
    "logged-in time of an agent by state",
    _person("person", "the agent", "never null"),
    _text("state", "available, on_contact or away", "never null"),
    _instant("from_at", "start", "never null"),
    _instant("to_at", "end", "still running"),
    known_at="from_at",
    later={"to_at": ()},
)

SCHEDULE = _table(
    "schedule",
    "a schedule of business hours",
    _text("name", "display name", "the id is shown"),
    _text("zone", "IANA zone", "never null"),
    _flag("is_always", "24x7: its hours and holidays are ignored", "no"),
    _flag("is_default", "holds for tickets of this source that have no schedule of their own", "no"),
)

SCHEDULE_HOURS = _table(
    "schedule_hours",
    "one stretch of weekly hours of a schedule, in its local wall-clock time",
    _text("schedule", "the schedule", "never null"),
    _whole("weekday", "0 Monday to 6 Sunday, of the day on which the stretch begins", "never null"),
    _whole("open_minute", "minute of that day, 0 to 1439", "never null"),
    _whole("close_minute", "minute of that day, past 1440 where it runs past midnight", "never null"),
    Column("from_date", "date", "first local day on which it holds", "always held"),
    Column("to_date", "date", "last local day on which it holds", "still holds"),
)

HOLIDAY = _table(
    "holiday",
    "local calendar time without business, whole days or part of each day",
    _text("schedule", "the schedule", "every schedule of the source"),
    _text("name", "its name", "none"),
    Column("first_date", "date", "first local day", "never null"),
    Column("last_date", "date", "last local day, included", "the first day"),
    _whole("from_minute", "minute of each day from which it holds", "0"),
    _whole("to_minute", "minute of each day up to which it holds", "1440"),
)

SCHEDULE_SPAN = _table(
    "schedule_span",
    "which schedule a ticket lived under, where the source gives spans and not events",
    _text("ticket", "the ticket", "never null"),
    _text("schedule", "the schedule", "never null"),
    _instant("from_at", "start", "the ticket's whole life so far"),
    _instant("to_at", "end", "still"),
    known_at="from_at",
    later={"to_at": ()},
)

SLA_POLICY = _table(
    "sla_policy",
    "one promise of a policy; a policy with several kinds or priorities has several rows",
    _text("policy", "id of the policy that sla_applied names", "never null"),
    _text("name", "display name of the policy", "the id is shown"),
    _text("kind", "one of vocab.SLA_KINDS", "never null"),
    _text("priority", "the ticket's priority when applied", "every priority"),
    _whole("target_s", "target in seconds of its clock", "never null"),
    _text("clock", "business or calendar", "never null"),
    _text("pause_stages", "stages that pause it, comma-separated; empty: none", "the kind's default"),
)

ACCOUNT = _table(
    "account",
    "the company or household that pays",
    _text("name", "display name", "the id is shown"),
    _text("segment", "account segment", "none"),
    _text("country", "country code"),
    _text("acquisition_channel", "how it was won"),
    _text("language", "language code"),
)

CUSTOMER_SPAN = _table(
    "customer_span",
    "a stretch of being a customer",
    _text("account", "the account", "the person's, else the person is the customer"),
    _person("person", "the person, where there is no account", "none"),
    _instant("joined_at", "start", "never null"),
    _instant("left_at", "end", "still a customer"),
    _text("reason", "main reason given for leaving", "none given"),
    _flag("is_won_back", "the source says that this customer had left before", "not said"),
    known_at="joined_at",
    later={"left_at": ("reason",)},
)

SUBSCRIPTION_SPAN = _table(
    "subscription_span",
    "a stretch of one plan at one price",
    _text("account", "the account", "never null where person is null"),
    _person("person", "the person, where there is no account", "none"),
    _text("plan", "plan", "none"),
    _whole("mrr_micros", "monthly recurring revenue in millionths of the currency"),
    _text("currency", "ISO 4217 code"),
    _instant("from_at", "start", "never null"),
    _instant("to_at", "end", "still running"),
    Column("renewal_date", "date", "next renewal", "none"),
    known_at="from_at",
    later={"to_at": ()},
)

ORDER = _table(
    "order",
    "a paid order, or a refund (a row of its own with a negative amount)",
    _text("account", "the account", "the person's"),
    _person("person", "the person"),
    _instant("paid_at", "when it was paid (refunded)", "not paid: in no number"),
    _text("kind", "new, repeat, renewal, upsell or cross_sell", "repeat or new by order"),
    _whole("amount_micros", "amount in millionths of the currency"),
    _whole("cost_micros", "cost in millionths of the currency"),
    _text("currency", "ISO 4217 code"),
    _person("agent", "the agent credited with the sale", "nobody"),
    _text("ticket", "the ticket on which it was sold", "none"),
    known_at="paid_at",
)

CALL = _table(
    "call",
    "one leg of a telephone call",
    _text("ticket", "the ticket it belongs to", "without a ticket"),
    _person("person", "the customer on the line"),
    _text("direction", "in or out", "unknown: in no number"),
    _text("queue", "queue", "none"),
    _instant("ringing_at", "start", "never null"),
    _instant("answered_at", "when an agent answered", "never answered"),
    _instant("ended_at", "end of the conversation (talk and hold)", "still running"),
    _text("outcome", "answered, abandoned or flowed_out", "not over yet"),
    _whole("queue_s", "seconds in the queue", "see ringing and answered"),
    _whole("talk_s", "seconds of talk"),
    _whole("hold_s", "seconds on hold"),
    _whole("wrap_s", "seconds of after-call work"),
    _person("agent", "the agent who answered", "nobody"),
    _flag("is_transferred", "it was transferred on"),
    known_at="ringing_at",
    later={
        "answered_at": ("agent",),
        "ended_at": ("outcome", "queue_s", "talk_s", "hold_s", "wrap_s", "is_transferred"),
    },
)

SURVEY_SENT = _table(
    "survey_sent",
    "one survey sent to one person",
    _text("kind", "one of vocab.SURVEY_KINDS", "never null"),
    _text("occasion", "relational or transactional"),
    _text("ticket", "the ticket it is about", "none"),
    _text("call", "the call it is about", "none"),
    _person("person", "the person asked"),
    _text("channel", "channel of the survey"),
    _instant("sent_at", "when it was sent", "never null"),
    _flag("is_delivered", "delivery", "taken as delivered"),
    _person("agent", "the agent credited, frozen when sent", "the call's, else nobody"),
    known_at="sent_at",
)

SURVEY_ANSWER = _table(
    "survey_answer",
    "one answer to one question",
    _text("survey", "the survey_sent it answers", "it stands alone"),
    _text("question", "id of the question within the survey", "the survey's only one"),
    _text("kind", "one of vocab.SURVEY_KINDS", "never null"),
    _text("occasion", "relational or transactional", "the survey's"),
    _text("ticket", "the ticket it is about", "the survey's"),
    _text("call", "the call it is about", "the survey's"),
    _person("person", "who answered", "the survey's"),
    _instant("at", "when it was answered", "never null"),
    _whole("scale_low", "lowest point of the scale; good/bad: 0", "no rating"),
    _whole("scale_high", "highest point of the scale; good/bad: 1", "no rating"),
    _flag("is_reversed", "the low end is the good end", "no"),
    Column("score", "float64", "the answer as given; good 1, bad 0; yes 1, no 0", "no rating"),
    _private("words", "words", "free text", "none"),
    _flag("is_testimonial_allowed", "the words may be used", "not asked"),
    _person("agent", "the agent credited, frozen when sent", "the survey's"),
    known_at="at",
    author="person",
)

FOLLOW_UP = _table(
    "follow_up",
    "what was done about an answer",
    _text("survey", "the survey", "see answer"),
    _text("answer", "the answer, where it stands without a survey", "see survey"),
    _instant("assigned_at", "when it was assigned", "not assigned"),
    _instant("due_at", "when it is due", "no due time"),
    _instant("done_at", "when it was done", "not done"),
    _text("outcome", "outcome", "none"),
    _person("agent", "who did it", "nobody"),
    known_at="assigned_at",
    later={"done_at": ("outcome",)},
)

REVIEW = _table(
    "review",
    "a review on a third party's site",
    _text("site", "the site", "never null"),
    _instant("at", "when it was posted", "never null"),
    _whole("stars_millis", "stars in thousandths"),
    _person("person", "the reviewer"),
    known_at="at",
)

REFERRAL = _table(
    "referral",
    "one customer brought another",
    _person("referrer", "account or person who referred"),
    _person("referred", "account or person who was referred"),
    _instant("made_at", "when", "never null"),
    known_at="made_at",
)

PREFERENCE_SPAN = _table(
    "preference_span",
    "a recorded preference or consent of one person for one channel",
    _person("person", "the person", "never null"),
    _text("channel", "the channel", "never null"),
    _flag("is_preferred", "this channel is preferred", "not said"),
    _flag("is_opted_out", "opted out of this channel", "not said"),
    _instant("from_at", "start", "always held"),
    _instant("to_at", "end", "still holds"),
    known_at="from_at",
    later={"to_at": ()},
)

MESSAGE_OUT = _table(
    "message_out",
    "one message sent to a customer, on any channel",
    _person("person", "the customer", "never null"),
    _instant("at", "when", "never null"),
    _text("channel", "channel used", "never null"),
    _person("author", "who sent it", "nobody"),
    _text("author_kind", "kind of the author then: one of vocab.ACTOR_KINDS", "see role_span"),
    _text("ticket", "the ticket it belongs to", "none"),
    known_at="at",
)

KB_ITEM = _table(
    "kb_item",
    "an item of the knowledge base",
    _text("category", "service category", "none"),
    _text("title", "title", "the id is shown"),
)

KB_EVENT = _table(
    "kb_event",
    "one thing that happened in the knowledge base",
    _text("item", "the item", "none (search, session)"),
    _text("kind", "one of vocab.KB_KINDS", "never null"),
    _instant("at", "when", "never null"),
    _person("person", "who", "unknown"),
    _text("session", "help-centre session", "none"),
    _text("ticket", "the ticket it is about", "none"),
    _private("words", "words", "search: the words", "none"),
    _flag("is_helpful", "vote: helpful", "never null for a vote"),
    known_at="at",
    author="person",
)

STATUS_STAGE = _table(
    "status_stage",
    "which stage an own status of a source maps to",
    _text("status", "own status as the source writes it", "never null"),
    _text("stage", "one of vocab.STAGES", "never null"),
)

SCALE_RULE = _table(
    "scale_rule",
    "what satisfied and low mean on a scale that has no rule of its own",
    _text("kind", "survey kind", "never null"),
    _whole("scale_low", "lowest point", "never null"),
    _whole("scale_high", "highest point", "never null"),
    _whole("satisfied_from", "lowest satisfied score", "no rule for csat"),
    _whole("low_to", "highest low score", "no rule for follow-up"),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        EVENT, TICKET, PERSON, ROLE_SPAN, TEAM, MEMBERSHIP_SPAN, AVAILABILITY_SPAN,
        SCHEDULE, SCHEDULE_HOURS, HOLIDAY, SCHEDULE_SPAN, SLA_POLICY,
        ACCOUNT, CUSTOMER_SPAN, SUBSCRIPTION_SPAN, ORDER, CALL,
        SURVEY_SENT, SURVEY_ANSWER, FOLLOW_UP, REVIEW, REFERRAL,
        PREFERENCE_SPAN, MESSAGE_OUT, KB_ITEM, KB_EVENT, STATUS_STAGE, SCALE_RULE,
    )
}  # fmt: skip
