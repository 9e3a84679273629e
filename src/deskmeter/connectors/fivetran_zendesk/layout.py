"""Which tables of the warehouse are read, in which order, what they need, and by what names they may be called."""

from deskmeter.connectors.warehouse import TableSpec

NAME = "fivetran_zendesk"
SOURCE = "zendesk"

READING = "1"
"""Grows when the same tables are understood differently than before; they are then read anew."""

SPECS = (
    TableSpec("user", ("id", "role"), is_looked_at=True),
    TableSpec("audit_log", ("created_at", "change_description", "source_id", "source_type"), ("user",), True),
    TableSpec("group", ("id", "name")),
    TableSpec("organization_tag", ("organization_id", "tag"), is_looked_at=True),
    TableSpec("organization", ("id", "name"), ("organization_tag",)),
    TableSpec("user_tag", ("user_id", "tag")),
    TableSpec("brand", ("id", "name"), is_looked_at=True),
    TableSpec("custom_status", ("id", "agent_label", "status_category"), is_looked_at=True),
    TableSpec("time_zone", ("time_zone",)),
    TableSpec("daylight_time", ("time_zone", "year")),
    TableSpec("schedule", ("id", "name", "time_zone", "start_time", "end_time")),
    TableSpec("schedule_holiday", ("id", "schedule_id", "start_date", "end_date")),
    TableSpec("sla_policy_metric_history", ("sla_policy_id", "metric", "target"), is_looked_at=True),
    TableSpec("ticket", ("id", "created_at", "requester_id"), ("ticket_field_history", "brand", "custom_status"), True),
    TableSpec("ticket_comment", ("id", "ticket_id", "created", "public", "user_id"), ("ticket", "user", "audit_log")),
    TableSpec(
        "satisfaction_rating",
        ("id", "ticket_id", "score", "created_at"),
        ("ticket", "ticket_comment", "user", "audit_log"),
        True,
    ),
    TableSpec(
        "ticket_field_history",
        ("ticket_id", "field_name", "updated", "value"),
        ("ticket", "ticket_comment", "user", "audit_log", "satisfaction_rating", "custom_status"),
        True,
    ),
    TableSpec("ticket_tag", ("ticket_id", "tag"), ("ticket", "ticket_field_history")),
    TableSpec("ticket_schedule", ("ticket_id", "created_at", "schedule_id"), ("ticket",)),
    TableSpec(
        "ticket_sla_policy",
        ("ticket_id", "sla_policy_id", "policy_applied_at"),
        ("ticket", "ticket_field_history", "sla_policy_metric_history"),
    ),
    TableSpec("ticket_chat", ("chat_id", "ticket_id"), is_looked_at=True),
    TableSpec(
        "ticket_chat_event",
        ("chat_id", "created_at", "actor_id", "type"),
        ("ticket_chat", "ticket", "user", "audit_log"),
    ),
)
"""In the order of reading: the answers to surveys wait for the comments, which tell who replied last."""

BY_NAME = {spec.name: spec for spec in SPECS}
LOOKS = ("user", "audit_log", "organization_tag", "brand", "custom_status", "sla_policy_metric_history", "ticket",
         "satisfaction_rating", "ticket_field_history", "ticket_chat")  # fmt: skip
"""In the order of looking: the field history is looked at with the tickets in hand."""

REQUIRED = ("ticket",)
ONE_OF = ("ticket_field_history", "ticket_comment")


def table_called(name: str) -> str | None:
    """The table that a file or a stored table of this name (without endings) is; None for another one.

    >>> [table_called(name) for name in ("ticket", "TICKET_TAG_DATA", "zendesk_user", "tickets")]
    ['ticket', 'ticket_tag', 'user', None]
    """
    plain = name.lower()
    for candidate in (plain, plain.removesuffix("_data"), plain.removeprefix("zendesk_").removesuffix("_data")):
        if candidate in BY_NAME:
            return candidate
    return None


def is_recognised(tables: set[str]) -> bool:
    """Whether these tables are a Zendesk warehouse beyond doubt."""
    return set(REQUIRED) <= tables and any(name in tables for name in ONE_OF)
