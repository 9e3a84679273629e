"""What a mapping may speak of: the shapes, the canonical tables, and the columns of each."""

from dataclasses import dataclass
from typing import Literal

from deskmeter.canon.schema import TABLES, Column, Table
from deskmeter.canon.vocab import (
    ACTOR_KINDS,
    AVAILABILITY_STATES,
    CALL_OUTCOMES,
    CHANNELS,
    DIRECTIONS,
    EVENT_KINDS,
    KB_KINDS,
    OCCASIONS,
    ORDER_KINDS,
    ROLES,
    SLA_KINDS,
    STAGES,
    SURVEY_KINDS,
)

CellKind = Literal[
    "id", "text", "time", "date", "whole", "seconds", "number", "money", "thousandths", "flag", "tags", "revision"
]

_PROVENANCE = ("source", "raw_object", "raw_line")
_FREE_TEXT = {"name", "email", "subject", "title", "words", "segment", "plan", "reason", "status", "from_value"}
_WORDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("event", "kind"): EVENT_KINDS,
    ("event", "actor_kind"): ACTOR_KINDS,
    ("event", "direction"): DIRECTIONS,
    ("ticket", "opened_by_kind"): ACTOR_KINDS,
    ("person", "role"): ROLES,
    ("role_span", "role"): ROLES,
    ("availability_span", "state"): AVAILABILITY_STATES,
    ("sla_policy", "kind"): SLA_KINDS,
    ("sla_policy", "clock"): ("business", "calendar"),
    ("order", "kind"): ORDER_KINDS,
    ("call", "direction"): DIRECTIONS,
    ("survey_sent", "kind"): SURVEY_KINDS,
    ("survey_sent", "occasion"): OCCASIONS,
    ("survey_answer", "kind"): SURVEY_KINDS,
    ("survey_answer", "occasion"): OCCASIONS,
    ("message_out", "author_kind"): ACTOR_KINDS,
    ("kb_event", "kind"): KB_KINDS,
    ("status_stage", "stage"): STAGES,
}
_OPEN_WORDS: dict[tuple[str, str], tuple[str, ...]] = {
    (table, "channel"): CHANNELS for table in ("event", "ticket", "survey_sent", "preference_span", "message_out")
} | {("call", "outcome"): CALL_OUTCOMES}


@dataclass(frozen=True)
class Slot:
    """One column that a mapping may fill.

    `words`: the only values it may hold; `open_words`: the values we know, others are kept and noted.
    `required`: a row without it is set aside.
    """

    name: str
    kind: CellKind
    says: str
    required: bool = False
    words: tuple[str, ...] = ()
    open_words: tuple[str, ...] = ()
    target: str | None = None
    """The canonical column it fills, where the name differs."""


@dataclass(frozen=True)
class Shape:
    """One form that a file's rows can have."""

    name: str
    says: str
    slots: dict[str, Slot]


def _slot(table: Table, column: Column) -> Slot:
    key = (table.name, column.name)
    return Slot(
        column.name,
        _cell_kind(column),
        column.says,
        required=column.null == "never null" and column.name != "id",
        words=_WORDS.get(key, ()),
        open_words=_OPEN_WORDS.get(key, ()),
    )


def _cell_kind(column: Column) -> CellKind:
    if column.type == "timestamp" or column.name == "revision":
        return "time" if column.type == "timestamp" else "revision"
    if column.type == "string":
        return "text" if column.name in _FREE_TEXT else "id"
    if column.type == "int64":
        return "seconds" if column.name == "seconds" or column.name.endswith("_s") else "whole"
    kinds: dict[str, CellKind] = {"float64": "number", "boolean": "flag", "date": "date"}
    return kinds[column.type]


def _table_slots(table: Table) -> dict[str, Slot]:
    """The columns of a canonical table; money and stars also under the name that people use."""
    slots = {c.name: _slot(table, c) for c in table.columns if c.name not in _PROVENANCE}
    for column in table.columns:
        for ending, kind in (("_micros", "money"), ("_millis", "thousandths")):
            if column.name.endswith(ending):
                plain = column.name.removesuffix(ending)
                says = column.says.split(" in ")[0]
                slots[plain] = Slot(plain, kind, says, target=column.name)  # type: ignore[arg-type]
    return slots


def _pick(table: str, *names: str, required: tuple[str, ...] = ()) -> dict[str, Slot]:
    slots = _table_slots(TABLES[table])
    return {n: Slot(**{**slots[n].__dict__, "required": n in required}) for n in names}


_TICKET_FACTS = _pick(
    "ticket", "requester", "account", "opened_by", "opened_by_kind", "channel", "order", "call", "subject", "is_test"
)
_TICKET_STATE = {
    "status": Slot("status", "text", "the ticket's own status"),
    "assignee": Slot("assignee", "id", "the person it is assigned to"),
    "team": Slot("team", "id", "the team it is assigned to"),
    "priority": Slot("priority", "text", "its priority"),
    "reason": Slot("reason", "text", "why the customer wrote; a path such as billing/refund"),
    "type": Slot("type", "text", "its type"),
    "product": Slot("product", "text", "the product it is about"),
}
_TAGS = {"tags": Slot("tags", "tags", "its tags: a JSON list, or text with `split`")}
_TICKET_ID = {"ticket": Slot("ticket", "id", "id of the ticket", required=True)}
_STAMPS = {
    "created_at": Slot("created_at", "time", "when it was created"),
    "first_reply_at": Slot("first_reply_at", "time", "when staff first replied"),
    "resolved_at": Slot("resolved_at", "time", "when it was resolved"),
    "closed_at": Slot("closed_at", "time", "when it was closed"),
    "updated_at": Slot("updated_at", "time", "when its status was last known to hold"),
    "opening_message": Slot(
        "opening_message", "text", "what the requester wrote; never stored, only that it was written"
    ),
}
_EVENT = {
    "id": Slot("id", "id", "the event's own id; where there is none, its content"),
    **_pick(
        "event", "ticket", "at", "kind", "actor", "actor_kind", "direction", "channel", "is_public", "field",
        "from_value", "to_value", "seconds", "sequence", "counter", "revision", "first_status", "first_assignee",
        "first_team", "first_priority", required=("ticket", "at", "kind"),
    ),
}  # fmt: skip

_SHAPES = (
    Shape("ticket", "one row a ticket", _TICKET_ID | _STAMPS | _TICKET_STATE | _TAGS | _TICKET_FACTS),
    Shape("event", "one row an event", _EVENT),
    Shape(
        "snapshot",
        "one row a ticket as it stood after each change (an audit log)",
        _TICKET_ID
        | {
            "at": Slot("at", "time", "when the change was made", required=True),
            "created_at": Slot("created_at", "time", "when the ticket was created; else its first row"),
            "actor": Slot("actor", "id", "who made the change"),
            "sequence": Slot("sequence", "whole", "position of the change; else the line in the file"),
        }
        | _TICKET_STATE
        | _TICKET_FACTS,
    ),
    Shape(
        "conversation",
        "one record a ticket with its messages",
        _TICKET_ID | _STAMPS | _TICKET_STATE | _TAGS | _TICKET_FACTS,
    ),
    Shape(
        "customer",
        "one row a customer: the account, its time as a customer and its subscription",
        {"account": Slot("account", "id", "id of the account", required=True)}
        | _pick("account", "name", "segment", "country", "acquisition_channel", "language")
        | _pick("customer_span", "joined_at", "left_at", "reason", required=("joined_at",))
        | _pick("subscription_span", "plan", "mrr", "currency", "renewal_date"),
    ),
)

SHAPES: dict[str, Shape] = {
    **{t.name: Shape(t.name, t.says, _table_slots(t)) for t in TABLES.values() if t.name not in ("event", "ticket")},
    **{shape.name: shape for shape in _SHAPES},
}
"""Everything that may stand under `tables:` in a mapping."""
