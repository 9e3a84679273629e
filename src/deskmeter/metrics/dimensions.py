"""What a number can be split by, and how a row finds its value of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from deskmeter.base.errors import AskerError, nearest
from deskmeter.canon.vocab import NONE, UNATTRIBUTED
from deskmeter.engines.expressions import ibis
from deskmeter.metrics.bands import value_band
from deskmeter.metrics.spec import Asked

QUARTER_HOUR_US = 900_000_000


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


Attach = Callable[["ibis.Table", Asked, Dimension, str], "ibis.Table"]


def attach(rows: ibis.Table, asked: Asked, dimension: Dimension, own_column: str | None, name: str) -> ibis.Table:
    """`rows` with column `name`: the value of `dimension`, null where there is none.

    `rows` has `_at_us` (the instant of the metric) and, where it is about them, ticket_id and customer.
    """
    if own_column is not None:
        return _grouped(rows.mutate(**{name: rows[own_column].cast("string")}), dimension, name)
    return _grouped(_ATTACH[dimension.of](rows, asked, dimension, name), dimension, name)


def _grouped(rows: ibis.Table, dimension: Dimension, name: str) -> ibis.Table:
    """The values of an own dimension under the names of their groups."""
    if not dimension.groups:
        return rows
    value = rows[name]
    other = value if dimension.others is None else value.notnull().ifelse(ibis.literal(dimension.others), value)
    grouped = ibis.cases(*((value == word, ibis.literal(group)) for word, group in dimension.groups), else_=other)
    named = rows.mutate(**{name: grouped})
    return named.distinct() if dimension.multi else named


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


def with_ticket_values(
    rows: ibis.Table, asked: Asked, dims: Mapping[str, str], wanted: Sequence[Dimension]
) -> ibis.Table:
    """`rows` with what several dimensions read of the ticket, by one join for all; of one or none, as they are.

    A join for each costs more to compile than all else in a question by many dimensions.
    """
    columns = tuple(rows.columns)
    read = {one.column or one.id for one in wanted if one.of == "ticket" and own_column(dims, one, columns) is None}
    if len(read) < 2 or "ticket_id" not in columns:
        return rows
    tickets = asked.tables("ticket").select(_ticket="ticket_id", **{f"_of_{name}": name for name in sorted(read)})
    return rows.left_join(tickets, [("ticket_id", "_ticket")]).drop("_ticket")


def _of_ticket(rows: ibis.Table, asked: Asked, dimension: Dimension, name: str) -> ibis.Table:
    column = dimension.column or dimension.id
    if f"_of_{column}" in rows.columns:
        joined = rows.mutate(_value=rows[f"_of_{column}"])
    else:
        tickets = asked.tables("ticket").select(_ticket="ticket_id", _value=column)
        joined = rows.left_join(tickets, [("ticket_id", "_ticket")]).drop("_ticket")
    value = joined._value
    if dimension.id in ("reason_1", "reason_2"):
        value = _path_start(value, 1 if dimension.id == "reason_1" else 2)
    return joined.mutate(**{name: value}).drop("_value")


def _path_start(value: ibis.Value, levels: int) -> ibis.Value:
    parts = value.split("/")
    first = parts[0]
    if levels == 1:
        return first
    return (parts.length() >= 2).ifelse(first.concat("/", parts[1]), first)


def _of_field(rows: ibis.Table, asked: Asked, dimension: Dimension, name: str) -> ibis.Table:
    spans = asked.tables("field_span")
    spans = spans.filter((spans.field == (dimension.column or dimension.id)) & spans.to_us.isnull())
    spans = spans.select(_ticket="ticket_id", _value="value")
    joined = rows.left_join(spans, [("ticket_id", "_ticket")]).drop("_ticket")
    return joined.mutate(**{name: joined._value}).drop("_value")


def _of_tag(rows: ibis.Table, asked: Asked, dimension: Dimension, name: str) -> ibis.Table:
    spans = asked.tables("tag_span")
    spans = spans.filter(spans.to_us.isnull()).select(_ticket="ticket_id", _value="value")
    joined = rows.left_join(spans, [("ticket_id", "_ticket")]).drop("_ticket")
    return joined.mutate(**{name: joined._value}).drop("_value")


def _far(until: ibis.Value) -> ibis.Value:
    """An open end made far: a condition with "or" would keep an outer join from hashing."""
    return ibis.coalesce(until, ibis.literal(2**62))


def _then(rows: ibis.Table, asked: Asked, dimension: Dimension, name: str) -> ibis.Table:
    base = dimension.base or dimension.id[:-5]
    if base == "tag":
        spans = asked.tables("tag_span")
    else:
        spans = asked.tables("field_span")
        spans = spans.filter(spans.field == (dimension.column or base.removeprefix("field:")))
    spans = spans.select(
        _ticket="ticket_id", _value="value", _from="from_us", _to=_far(spans.to_us), _from_pos="from_pos",
        _to_pos=_far(spans.to_pos),
    )  # fmt: skip
    rows = _between(rows)
    joined = rows.left_join(
        spans,
        [
            rows.ticket_id == spans._ticket,
            spans._from <= rows._not_after_us,
            spans._to > rows._still_us,
            spans._from_pos <= rows._not_after_pos,
            spans._to_pos > rows._still_pos,
        ],
    ).drop("_ticket", "_from", "_to", "_from_pos", "_to_pos", *_BETWEEN)
    return joined.mutate(**{name: joined._value}).drop("_value")


_BETWEEN = ("_not_after_us", "_still_us", "_not_after_pos", "_still_pos")


def _between(rows: ibis.Table) -> ibis.Table:
    """`rows` with what a span must not begin after and must outlast: their event where it is known, else their instant.

    Four plain comparisons: a condition with "or" would keep an outer join from hashing.
    """
    far = ibis.literal(2**62)
    pos = rows._at_pos if "_at_pos" in rows.columns else ibis.null("int64")
    knows = pos.notnull()
    return rows.mutate(
        _not_after_us=knows.ifelse(far, rows._at_us),
        _still_us=knows.ifelse(-far, rows._at_us),
        _not_after_pos=ibis.coalesce(pos, far),
        _still_pos=ibis.coalesce(pos, -far),
    )


def _with_customer(rows: ibis.Table, asked: Asked) -> ibis.Table:
    if "customer" in rows.columns:
        return rows.mutate(_customer=rows.customer)
    tickets = asked.tables("ticket").select(_ticket="ticket_id", _customer="customer")
    return rows.left_join(tickets, [("ticket_id", "_ticket")]).drop("_ticket")


def _of_customer(rows: ibis.Table, asked: Asked, dimension: Dimension, name: str) -> ibis.Table:
    accounts = asked.tables("account").select(_key="key", _value=dimension.column or dimension.id)
    joined = _with_customer(rows, asked).left_join(accounts, [("_customer", "_key")])
    return joined.mutate(**{name: joined._value}).drop("_value", "_key", "_customer")


def _plan(rows: ibis.Table, asked: Asked, dimension: Dimension, name: str) -> ibis.Table:
    spans = asked.tables("plan_span")
    spans = spans.select(_key="customer", _value="plan", _from="from_us", _to=_far(spans.to_us))
    keyed = _with_customer(rows, asked)
    joined = keyed.left_join(
        spans,
        [
            keyed._customer == spans._key,
            spans._from <= keyed._at_us,
            spans._to > keyed._at_us,
        ],
    )
    return joined.mutate(**{name: joined._value}).drop("_value", "_key", "_from", "_to", "_customer")


def _band(rows: ibis.Table, asked: Asked, dimension: Dimension, name: str) -> ibis.Table:
    bands = value_band(asked).select(_key="customer", _value="band")
    joined = _with_customer(rows, asked).left_join(bands, [("_customer", "_key")])
    return joined.mutate(**{name: joined._value}).drop("_value", "_key", "_customer")


def _of_time(rows: ibis.Table, asked: Asked, dimension: Dimension, name: str) -> ibis.Table:
    hours = asked.tables("hour_of").select(_q="q", _value=dimension.id)
    joined = rows.mutate(_row_q=rows._at_us // QUARTER_HOUR_US).left_join(hours, [("_row_q", "_q")])
    return joined.mutate(**{name: joined._value}).drop("_value", "_q", "_row_q")


def _impossible(rows: ibis.Table, asked: Asked, dimension: Dimension, name: str) -> ibis.Table:
    raise AskerError(f"these rows have no `{dimension.id}`")


_ATTACH: Mapping[str, Attach] = {
    "ticket": _of_ticket, "field": _of_field, "tag": _of_tag, "then": _then, "customer": _of_customer,
    "plan": _plan, "band": _band, "time": _of_time, "row": _impossible,
}  # fmt: skip
