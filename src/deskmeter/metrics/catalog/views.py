"""Listings: every open case, every customer, every agent; their number is the number of rows (metrics 11)."""

from deskmeter.metrics.spec import Always, Metric, Part, View
from deskmeter.metrics.view_rows import agent_summary as agent_rows
from deskmeter.metrics.view_rows import customer_summary, open_cases

FAMILY = "Views"
_STOCK = "stock: the end of the period, or as_of"
_WHOSE = frozenset({"source", "account", "account_segment", "acquisition_channel", "plan", "country", "language"})

open_cases_table = Metric(
    id="open_cases_table",
    label="Open cases",
    family=FAMILY,
    definition="Every unresolved ticket at the end of the period: when it was created, the activities and the handle "
    "time so far (by time entries, by viewing and by calls, never mixed; empty: none recorded), the last human reply, "
    "and what the account is worth then: its MRR, else its margin to date.",
    formula="one row a ticket",
    unit="view",
    basis=_STOCK,
    credit="assignee_then",
    good="neither",
    parts=(Part(open_cases, Always("at_us"), like="f_open"),),
    aggregate=View(
        (
            "ticket", "source", "subject", "requester", "account", "agent", "team", "channel", "priority", "status", "stage",
            "created_us", "age_s", "activities", "handle_entries_s", "handle_active_s", "handle_calls_s",
            "last_response_us", "account_value", "value_currency",
        )
    ),
    sources=("IS4",),
    is_stock=True,
    is_additive=False,
    decimals=0,
)  # fmt: skip

account_summary = Metric(
    id="account_summary",
    label="Accounts",
    family=FAMILY,
    definition="Every account (a person where there is no account) known by the end of the period: tickets submitted and "
    "escalations in the period, tickets open at its end, the last CSAT and NPS answer, what the account is worth then "
    "(MRR, else margin to date), and the next renewal.",
    formula="one row an account",
    unit="view",
    basis="tickets and escalations: the period; all else: its end, or as_of",
    credit="none",
    good="neither",
    parts=(Part(customer_summary, Always("at_us"), like="customer", only_dims=_WHOSE),),
    aggregate=View(
        (
            "name", "source", "segment", "country", "tickets", "open_tickets", "escalations", "last_csat", "csat_scale",
            "last_nps", "account_value", "value_currency", "renewal_date",
        )
    ),
    sources=("IS4",),
    is_stock=True,
    is_additive=False,
    decimals=0,
)  # fmt: skip

agent_summary = Metric(
    id="agent_summary",
    label="Agents",
    family=FAMILY,
    definition="Every agent with anything in the period: tickets assigned, the share of the tickets owned that is "
    "resolved at as_of (of those created in the period), tickets resolved, replies with their median time by the clock "
    "asked for, activities, satisfied customers with their number, and the backlog at the end.",
    formula="one row an agent",
    unit="view",
    basis="the period; backlog: its end, or as_of",
    credit="as the metrics of these names",
    good="neither",
    parts=(Part(agent_rows, Always("at_us"), only_dims=frozenset({"source", "agent"})),),
    aggregate=View(
        (
            "agent", "source", "tickets_assigned", "resolution_rate", "tickets_resolved", "replies", "reply_time_median_s",
            "activities", "csat", "csat_answers", "backlog",
        )
    ),
    sources=("MHC", "IS4"),
    clocks=("calendar", "business"),
    is_stock=True,
    is_additive=False,
    decimals=0,
)  # fmt: skip
