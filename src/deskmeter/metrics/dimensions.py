"""What a number can be split by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from deskmeter.base.errors import AskerError, nearest
from deskmeter.canon.vocab import NONE, UNATTRIBUTED


@dataclass(frozen=True)
class Dimension:
    """One dimension. `of` names the table of things that have it: ticket, customer, time, or the row itself."""

    id: str
    label: str
    definition: str
    of: str = "row"
    column: str | None = None  # column in that table, where it is not called like the dimension
    multi: bool = False
    is_own: bool = False  # defined by the desk
    base: str | None = None  # the built-in dimension whose values an own one groups
    groups: tuple[tuple[str, str], ...] = ()  # value -> name of its group
    others: str | None = None  # the group of all other values; None: they stay as they are


def _ticket(id: str, label: str, definition: str, multi: bool = False) -> Dimension:
    return Dimension(id, label, definition, "ticket", id, multi)


DIMENSIONS: tuple[Dimension, ...] = (
    Dimension("source", "Source", "the source that the data came from"),
    Dimension("agent", "Agent", "the agent credited; which credit, each metric says"),
    Dimension("team", "Team", "the ticket's team at the instant of the credited agent"),
    _ticket("channel", "Channel", "the channel of the ticket"),
    Dimension("message_channel", "Channel of the message", "the channel of the single message"),
    _ticket("reason", "Reason", "the contact reason, a path such as billing/refund; value at `as_of`"),
    Dimension("reason_1", "Reason, first level", "first level of the reason", "ticket", "reason"),
    Dimension("reason_2", "Reason, two levels", "first two levels of the reason", "ticket", "reason"),
    _ticket("type", "Type", "the ticket's type; value at `as_of`"),
    _ticket("product", "Product", "the product; value at `as_of`"),
    Dimension("tag", "Tag", "a tag of the ticket at `as_of`; totals count distinct tickets", "tag", multi=True),
    Dimension("priority", "Priority", "the priority at the metric's instant"),
    Dimension("status", "Status", "the source's own status at the metric's instant"),
    Dimension("stage", "Stage", "new, open, pending, hold, solved or closed at the metric's instant"),
    Dimension("stage_before", "Stage before", "the stage just before a resolution"),
    _ticket("account", "Account", "the company or household"),
    Dimension(
        "account_segment", "Account segment", "segment of the account, as known at `as_of`", "customer", "segment"
    ),
    Dimension("acquisition_channel", "Acquisition channel", "how the account was won", "customer"),
    Dimension("plan", "Plan", "the account's plan at the metric's instant", "plan"),
    Dimension("value_band", "Value band", "quartile of account value at the period's start, Q1 lowest", "band"),
    _ticket("country", "Country", "country of the requester, else of the account"),
    _ticket("language", "Language", "language of the requester, else of the account"),
    _ticket("customer_kind", "New or returning", "returning: the requester has an earlier ticket"),
    _ticket("opened_by", "Opened by", "customer or staff"),
    _ticket("requester", "Requester", "the person who asks"),
    _ticket("ticket", "Ticket", "the ticket's own id"),
    Dimension("hour", "Hour of day", "hour of the metric's instant in the viewer's zone, 00 to 23", "time"),
    Dimension("weekday", "Day of week", "weekday of the metric's instant in the viewer's zone", "time"),
    Dimension("author_kind", "Kind of author", "staff, bot or system"),
    Dimension("activity", "Activity", "type of a staff member's activity"),
    Dimension("asked_by", "Asked by", "who asked for the escalation: customer, agent or rule"),
    Dimension("ended_by", "Ended by", "what ended a wait: reply or resolution"),
    Dimension("flow", "Flow", "created, reopened, new_contact, resolved, moved_in or moved_out"),
    Dimension("sla_kind", "Kind of promise", "first_reply, next_reply, requester_wait, agent_work or resolution"),
    Dimension("sla_policy", "SLA policy", "the policy frozen when it was applied"),
    Dimension("survey_kind", "Kind of survey", "csat, nps, ces, rating ..."),
    Dimension("occasion", "Occasion", "relational or transactional"),
    Dimension("scale", "Scale", "the scale of a rating, such as 1-5"),
    Dimension("site", "Site", "the site of a review"),
    Dimension("currency", "Currency", "ISO 4217 code"),
    Dimension("item", "Item", "item of the knowledge base"),
    Dimension("category", "Category", "service category of the knowledge base"),
    Dimension("words", "Words", "words searched for, trimmed and case-folded"),
    Dimension("age_band", "Age", "0-1 d, 1-3 d, 3-7 d, 7-30 d or 30 d+"),
    Dimension("response_band", "Last response", "time since the last human reply"),
    Dimension("call_direction", "Direction", "in or out", column="direction"),
    Dimension("queue", "Queue", "queue of a call"),
    Dimension("outcome", "Outcome", "outcome of a call"),
    Dimension("churn_reason", "Reason for leaving", "main reason that the customer gave"),
    Dimension("contact", "Kind of contact", "created, new_contact or call"),
    Dimension("score", "Score", "the rating given, on a reversed scale turned round"),
    Dimension("target", "Target", "a target by its name"),
    Dimension("target_metric", "Metric of the target", "the metric that a target is about"),
)

BUILT_IN: dict[str, Dimension] = {d.id: d for d in DIMENSIONS}
TIME_VARYING = ("reason", "type", "product", "tag")


def find(id: str, own: Mapping[str, Dimension]) -> Dimension:
    """The dimension called `id`: built in, the desk's own, `field:<name>`, or `<dimension>_then`."""
    if id in BUILT_IN:
        return BUILT_IN[id]
    if id in own:
        return own[id]
    if id.endswith("_then") and (id[:-5] in (*TIME_VARYING, *own) or id.startswith("field:")):
        base = find(id[:-5], own)
        if base.of == "field" or (base.base or base.id) in TIME_VARYING:
            says = f"{base.definition}; at the metric's instant"
            return replace(base, id=id, label=f"{base.label} then", definition=says, of="then")
    if id.startswith("field:"):
        return Dimension(id, id[6:], f"the source's own field `{id[6:]}`; value at `as_of`", "field", id[6:])
    raise AskerError(f"no dimension `{id}`{nearest(id, [*BUILT_IN, *own])}")


def blank(id: str) -> str:
    """What a row without a value is called."""
    return UNATTRIBUTED if id in ("agent", "team") else NONE


def own_column(dims: Mapping[str, str], dimension: Dimension, columns: tuple[str, ...]) -> str | None:
    """The column of rows with these `columns` that holds `dimension`, if they hold it themselves.

    `dims` names the columns of dimensions that are called otherwise there.
    """
    id = dimension.base or dimension.id
    if id in dims:
        return dims[id]
    if dimension.of in ("row", "ticket", "plan"):
        name = dimension.column if dimension.of == "row" and dimension.column else id
        if name in columns:
            return name
    return None


def can_attach(columns: tuple[str, ...], dimension: Dimension) -> bool:
    """Whether rows with these columns can be split by `dimension`."""
    need = {
        "ticket": ("ticket_id",), "tag": ("ticket_id",), "field": ("ticket_id",), "then": ("ticket_id",),
        "customer": ("customer", "ticket_id"), "plan": ("customer", "ticket_id"), "band": ("customer", "ticket_id"),
        "time": ("at_us",), "row": (),
    }[dimension.of]  # fmt: skip
    return any(column in columns for column in need)
