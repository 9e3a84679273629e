"""Demand: how many ask, through which channel, about what, and how often again (metrics 3)."""

from __future__ import annotations

from deskmeter.engines.expressions import ibis
from deskmeter.metrics.catalog_roles import CREATED
from deskmeter.metrics.spec import CHANGING, Asked, Count, Flow, Metric, Overlap, Part, Ratio, Share

FAMILY = "Demand"
_WEEK_US = 7 * 86_400_000_000
_CREATED = Part("f_ticket", Flow("created_us"), dims=CREATED)
_TOPICS = frozenset(
    {"reason", "reason_1", "reason_2", "type", "tag", "product", "reason_then", "type_then", "tag_then"}
)


def _came_again(rows: ibis.Table, asked: Asked) -> ibis.Value:
    return rows.next_us.notnull() & (rows.next_us - rows.created_us <= _WEEK_US)


def _within_last_week(rows: ibis.Table, asked: Asked) -> ibis.Value:
    return asked.as_of_us - rows.created_us <= _WEEK_US


tickets_created = Metric(
    id="tickets_created",
    label="Tickets created",
    family=FAMILY,
    definition="Tickets created in the period, by customers and by staff, without deleted, spam, test and merged-away ones.",
    formula="number of tickets",
    unit="count",
    basis="created",
    credit="assignee_then: the first assignee that the ticket ever had",
    good="neither",
    parts=(_CREATED,),
    aggregate=Count(),
    leaves_out="deleted, spam and test tickets, and the merged-away half of a merge",
    sources=("MHC", "Jivo15 2", "IS4"),
    decimals=0,
)

tickets_active = Metric(
    id="tickets_active",
    label="Active tickets",
    family=FAMILY,
    definition="Tickets that were unresolved for some time of the period; under each agent and team that had them then.",
    formula="number of distinct tickets",
    unit="count",
    basis="unresolved for more than 0 s within the period",
    credit="assignee_then",
    good="neither",
    parts=(Part("state_span", Overlap(), keep=lambda rows, asked: ~rows.is_resolved, lacks=CHANGING),),
    aggregate=Count(key="ticket_id"),
    leaves_out="tickets born solved that never left it",
    sources=("KPI8", "Jivo15 2"),
    is_stock=True,
    is_additive=False,
    decimals=0,
)

contacts = Metric(
    id="contacts",
    label="Contacts",
    family=FAMILY,
    definition="Tickets created, messages that open a new contact on a resolved ticket after 24 h of silence, and inbound "
    "calls without a ticket.",
    formula="tickets created + new-contact messages + inbound calls without a ticket",
    unit="count",
    basis="created (a call: ringing)",
    credit="assignee_then",
    good="neither",
    parts=(Part("f_contact"),),
    aggregate=Count(),
    leaves_out="calls that flowed out",
    sources=("GEN",),
    decimals=0,
)

contact_rate_orders_gross = Metric(
    id="contact_rate_orders_gross",
    label="Contacts per order, gross",
    family=FAMILY,
    definition="Inquiries (tickets created) for each paid order of the same period, whether or not they are about an order.",
    formula="tickets created / paid orders",
    unit="ratio",
    basis="created / paid",
    credit="none",
    good="down",
    parts=(_CREATED, Part("f_order", keep=lambda rows, asked: rows.is_order)),
    aggregate=Ratio(bottom_part=1),
    leaves_out="refunds",
    sources=("Jivo15 10",),
    refuses={
        "agent": "an order's agent sold it, a ticket's agent answers it",
        "team": "orders belong to no support team",
    },
)

contact_rate_orders_net = Metric(
    id="contact_rate_orders_net",
    label="Orders with a ticket",
    family=FAMILY,
    definition="Paid orders of the period that at least one ticket links to, whenever created, of all paid orders.",
    formula="paid orders with a ticket / paid orders",
    unit="share",
    basis="paid",
    credit="order_agent",
    good="down",
    parts=(Part("f_order", keep=lambda rows, asked: rows.is_order),),
    aggregate=Share(hit=lambda rows, asked: rows.has_ticket),
    leaves_out="refunds",
)

repeat_contact_rate = Metric(
    id="repeat_contact_rate",
    label="Repeat contacts within 7 days",
    family=FAMILY,
    definition="Tickets followed by another of the same customer within 7 days, of all tickets of known customers. Tickets "
    "younger than 7 days are counted and marked as maturing.",
    formula="tickets followed by another within 7 x 24 h / tickets",
    unit="share",
    basis="created",
    credit="assignee_then",
    good="down",
    parts=(_CREATED,),
    aggregate=Share(
        hit=_came_again,
        base=lambda rows, asked: rows.requester_key.notnull(),
        maturing=lambda rows, asked: rows.requester_key.notnull() & _within_last_week(rows, asked),
    ),
    leaves_out="tickets of unknown customers",
)

topic_share = Metric(
    id="topic_share",
    label="Share by topic",
    family=FAMILY,
    definition="Share of the tickets created that are about a reason, type or tag; all tickets are the denominator.",
    formula="tickets about the topic / tickets created",
    unit="share",
    basis="created",
    credit="assignee_then",
    good="neither",
    parts=(_CREATED, Part("f_ticket", Flow("created_us"), dims=CREATED, broadcast=_TOPICS)),
    aggregate=Ratio(bottom_part=1, is_share=True),
    sources=("Jivo15 4", "IS4"),
)
