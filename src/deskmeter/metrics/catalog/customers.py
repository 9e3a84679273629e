"""Customers: who came, who left, who stayed, and how often they ask (metrics 9)."""

from __future__ import annotations

from dataclasses import replace

from deskmeter.engines.expressions import ibis
from deskmeter.metrics.catalog_roles import CREATED
from deskmeter.metrics.customer_rows import (
    CUSTOMER_DIMS,
    active_customers,
    customers_of_start,
    end_less_new,
    leavings,
    tickets_of_customers,
)
from deskmeter.metrics.spec import (
    Always,
    Asked,
    Beside,
    Count,
    Expression,
    Flow,
    Good,
    Metric,
    Part,
    Ratio,
    Share,
    Stock,
    Survival,
)

FAMILY = "Customers and money"
_PLAN = "by plan: the plan with the largest MRR"
_OF_TICKETS = frozenset(
    {
        "agent", "team", "channel", "reason", "reason_1", "reason_2", "type", "product", "tag", "priority", "status",
        "stage", "opened_by", "customer_kind", "requester", "hour", "weekday", "reason_then", "type_then", "tag_then",
        "product_then",
    }
)  # fmt: skip
_JOINED = Part("f_customer_span", Flow("from_us"), only_dims=CUSTOMER_DIMS)
_LEFT = Part(leavings, like="f_customer_span", adds=frozenset({"plan"}))
_START = Part(customers_of_start, Always("at_us"), only_dims=CUSTOMER_DIMS)


def _stock(id: str, label: str, definition: str, when: Stock, basis: str) -> Metric:
    return Metric(
        id=id, label=label, family=FAMILY, definition=definition, formula="number of customers", unit="count",
        basis=basis, credit="none", good="up", parts=(Part("f_customer_span", when, only_dims=CUSTOMER_DIMS),), aggregate=Count(),
        sources=("KPI8",), notes=(_PLAN,), is_stock=True, is_additive=False, decimals=0,
    )  # fmt: skip


def _count(
    id: str,
    label: str,
    definition: str,
    formula: str,
    basis: str,
    part: Part,
    good: Good,
    sources: tuple[str, ...] = ("KPI8",),
) -> Metric:
    return Metric(
        id=id, label=label, family=FAMILY, definition=definition, formula=formula, unit="count", basis=basis,
        credit="none", good=good, parts=(part,), aggregate=Count(), sources=sources, decimals=0,
    )  # fmt: skip


def _won_back(rows: ibis.Table, asked: Asked) -> ibis.Value:
    return rows.is_won_back


COUNTS = (
    _stock(
        "customers_start", "Customers at the start",
        "Customers just before the period begins: accounts, or persons where there are no accounts.",
        Stock(at_start=True), "stock: just before the period",
    ),
    _stock(
        "customers_end", "Customers at the end",
        "Customers just before the period ends: those of the start plus new less lost.",
        Stock(), "stock: the end of the period, or as_of",
    ),
    _count(
        "customers_new", "New customers",
        "Joinings of the period; someone who returns counts here and as won back. Spans that overlap or touch are one.",
        "number of joinings", "joined", _JOINED, "up",
    ),
    _count(
        "customers_lost", "Lost customers",
        "Leavings of the period. By plan: the plan just before.",
        "number of leavings", "left", _LEFT, "down",
    ),
    _count(
        "customers_won_back", "Customers won back",
        "Joinings of customers whose earlier span had ended, or of whom the source says that they were won back.",
        "number of such joinings", "joined", replace(_JOINED, keep=_won_back), "up",
    ),
    _count(
        "customers_moved_in", "Customers moved in",
        "Changes of plan of customers, under the new plan. By plan: start + new + moved_in - lost - moved_out = end.",
        "number of changes of plan", "at", Part("f_plan_move"), "neither", (),
    ),
    _count(
        "customers_moved_out", "Customers moved out",
        "Changes of plan of customers, under the plan that they left.",
        "number of changes of plan", "at", Part("f_plan_move", dims={"plan": "plan_before"}), "neither", (),
    ),
    _count(
        "churn_reasons", "Reasons for leaving",
        "Leavings of the period; split by churn_reason for the main reason that the customer gave.",
        "number of leavings", "left", _LEFT, "down", ("MHC",),
    ),
)  # fmt: skip

retention_rate = Metric(
    id="retention_rate",
    label="Retention rate",
    family=FAMILY,
    definition="Customers at the end less new ones, of the customers at the start. Joinings and leavings of the same "
    "customer count each time, so it may fall below 0.",
    formula="(customers at the end - joinings) / customers at the start",
    unit="share",
    basis="period",
    credit="none",
    good="up",
    parts=(Part(end_less_new, Always("at_us"), only_dims=CUSTOMER_DIMS), _START),
    aggregate=Ratio(top=lambda rows, asked: rows.sign, bottom_part=1),
    sources=("KPI8", "Jivo15 14", "IS4"),
    notes=("retention_rate_cohort is the share of customers who stayed",),
    is_additive=False,
    refuses={"plan": "customers change plans; take retention_rate_cohort, by the plan at the start"},
)


def _stays(rows: ibis.Table, asked: Asked) -> ibis.Value:
    return rows.stays


def _leaves(rows: ibis.Table, asked: Asked) -> ibis.Value:
    return ~rows.stays


def _share(
    id: str, label: str, definition: str, formula: str, good: Good, hit: Expression, sources: tuple[str, ...]
) -> Metric:
    return Metric(
        id=id, label=label, family=FAMILY, definition=definition, formula=formula, unit="share", basis="period",
        credit="none", good=good, parts=(_START,), aggregate=Share(hit=hit), sources=sources, notes=(_PLAN,),
        is_additive=False,
    )  # fmt: skip


SHARES = (
    _share(
        "retention_rate_cohort", "Customers who stayed",
        "Customers of the start who are customers at the end, of all customers of the start.",
        "customers of start and end / customers of the start", "up", _stays, (),
    ),
    _share(
        "churn_rate", "Churn rate",
        "Customers of the start who left in the period and were not back at its end, of all customers of the start.",
        "churned customers / customers of the start", "down", _leaves, ("MHC", "IS4", "Jivo15 (Marshall)"),
    ),
)  # fmt: skip

churned_customers = Metric(
    id="churned_customers",
    label="Churned customers",
    family=FAMILY,
    definition="Customers of the start who left in the period and were not back at its end. Seen over the whole "
    "period: the counts of its parts do not add up to it.",
    formula="number of customers",
    unit="count",
    basis="left",
    credit="none",
    good="down",
    parts=(Part(customers_of_start, Always("at_us"), keep=_leaves, only_dims=CUSTOMER_DIMS),),
    aggregate=Count(),
    sources=("MHC", "IS4"),
    notes=("does not add up over buckets", _PLAN),
    is_additive=False,
    decimals=0,
)

customer_survival_km = Metric(
    id="customer_survival_km",
    label="Still customers after a time",
    family=FAMILY,
    definition="Share of the customers who joined in the period that are still customers after 12 months, or as many "
    "as the option months says (Kaplan-Meier); each joining is a subject.",
    formula="product over leavings of (1 - leavings / still observed)",
    unit="share",
    basis="joined",
    credit="none",
    good="up",
    parts=(_JOINED,),
    aggregate=Survival(
        length=lambda rows, asked: ibis.coalesce(rows.to_us, asked.as_of_us) - rows.from_us,
        seen=lambda rows, asked: rows.to_us.notnull(),
        read="share",
        divisor=1_000_000,
    ),
    notes=("a month is 30.4375 days", "null beyond the longest observation"),
)

_ACTIVE = Part(active_customers, Always("at_us"), broadcast=_OF_TICKETS, only_dims=CUSTOMER_DIMS)
_TICKETS = Part(tickets_of_customers, Always("at_us"), dims=CREATED, only_dims=CUSTOMER_DIMS | _OF_TICKETS)
_OTHERS = Beside("tickets of others, beside: {n}", lambda rows, asked: rows.is_other)

contact_rate_customers = Metric(
    id="contact_rate_customers",
    label="Customers who asked",
    family="Demand",
    definition="Active customers with at least one ticket created in the period, of all active customers. Active: a "
    "customer at any instant of it. Tickets of others are shown beside.",
    formula="active customers with a ticket / active customers",
    unit="share",
    basis="created",
    credit="assignee_then: the first assignee that the ticket ever had",
    good="down",
    parts=(_TICKETS, _ACTIVE),
    aggregate=Ratio(top_key="active_customer", bottom_part=1, bottom_key="customer", is_share=True),
    leaves_out="tickets of those who were no customers in the period",
    sources=("Jivo15 10",),
    notes=("by plan: the plan just before the period",),
    is_additive=False,
    beside=(_OTHERS,),
)

tickets_per_customer = Metric(
    id="tickets_per_customer",
    label="Tickets per customer",
    family="Demand",
    definition="Tickets created by active customers for each active customer: does volume grow faster than the "
    "customer base? Tickets of others are shown beside.",
    formula="tickets created by active customers / active customers",
    unit="ratio",
    basis="created",
    credit="assignee_then: the first assignee that the ticket ever had",
    good="down",
    parts=(_TICKETS, _ACTIVE),
    aggregate=Ratio(top=lambda rows, asked: 1 - rows.is_other, bottom_part=1, bottom_key="customer"),
    leaves_out="tickets of those who were no customers in the period",
    sources=("Jivo15 (Huot)",),
    notes=("by plan: the plan just before the period",),
    is_additive=False,
    decimals=2,
    beside=(_OTHERS,),
)
