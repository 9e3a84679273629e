"""Backlog: what is unresolved at an instant, how old it is, and what waits for an answer (metrics 4)."""

from deskmeter.metrics.catalog_roles import NOW
from deskmeter.metrics.open_rows import (
    clocked_waits,
    open_at_end,
    open_by_last_response_rows,
    unanswered_at_end,
    waiting_at_end,
)
from deskmeter.metrics.spec import CHANGING, Always, Count, Flow, Metric, Overlap, Part, Share, Stat, TimeMean

FAMILY = "Backlog and flow"
_CREDIT = "assignee_then"


def _seconds(name: str) -> Stat:
    return Stat(lambda rows, asked: rows[name] // 1_000_000)


_AGED = frozenset({"age_band"})
_OPEN = Part(open_at_end, Always("at_us"), like="f_open", adds=_AGED, spans=True)
_UNANSWERED = Part(unanswered_at_end, Always("at_us"), like="f_open", adds=_AGED)

backlog = Metric(
    id="backlog",
    label="Backlog",
    family=FAMILY,
    definition="Unresolved tickets at the end of the period, rebuilt from history; the past is as it was then.",
    formula="number of tickets in new, open, pending or hold just before the end",
    unit="count",
    basis="stock: the end of the period, or as_of",
    credit=_CREDIT,
    good="down",
    parts=(_OPEN,),
    aggregate=Count(),
    sources=("MHC", "KPI8", "Jivo15 3", "IS4"),
    is_stock=True,
    is_additive=False,
    decimals=0,
)

backlog_average = Metric(
    id="backlog_average",
    label="Average backlog",
    family=FAMILY,
    definition="The backlog's mean over the time of the period.",
    formula="time that tickets spent unresolved within the period / length of the period",
    unit="number",
    basis="stock: every instant of [from, min(to, as_of))",
    credit=_CREDIT,
    good="down",
    parts=(Part("f_open", Overlap(), lacks=CHANGING),),
    aggregate=TimeMean(key="ticket_id"),
    is_stock=True,
    is_additive=False,
)

backlog_age = Metric(
    id="backlog_age",
    label="Age of the backlog",
    family=FAMILY,
    definition="How old the unresolved tickets are at the end of the period, since their creation. Split by age_band for 0-1 d, "
    "1-3 d, 3-7 d, 7-30 d and 30 d+.",
    formula="end of the period - creation",
    unit="seconds",
    basis="stock: the end of the period, or as_of",
    credit=_CREDIT,
    good="down",
    parts=(_OPEN,),
    aggregate=_seconds("age_us"),
    clocks=("calendar",),
    sources=("MHC",),
    is_stock=True,
    is_additive=False,
)

unresolved_share = Metric(
    id="unresolved_share",
    label="Still unresolved",
    family=FAMILY,
    definition="Of the tickets created in the period, the share that is unresolved at as_of.",
    formula="tickets unresolved at as_of / tickets created",
    unit="share",
    basis="created",
    credit="assignee at as_of",
    good="down",
    parts=(
        Part(
            "f_ticket",
            Flow("created_us"),
            dims=NOW,
        ),
    ),
    aggregate=Share(hit=lambda rows, asked: ~rows.is_resolved),
    sources=("Jivo15 3",),
)

unanswered = Metric(
    id="unanswered",
    label="Unanswered tickets",
    family=FAMILY,
    definition="Unresolved tickets on which the customer has written and nobody human has replied.",
    formula="number of unresolved tickets whose first-reply clock runs",
    unit="count",
    basis="stock: the end of the period, or as_of",
    credit=_CREDIT,
    good="down",
    parts=(_UNANSWERED,),
    aggregate=Count(),
    lengths="unanswered_age",
    sources=("MHC",),
    is_stock=True,
    is_additive=False,
    decimals=0,
)

unanswered_age = Metric(
    id="unanswered_age",
    label="Age of unanswered tickets",
    family=FAMILY,
    definition="How old the unanswered tickets are at the end of the period, since their creation.",
    formula="end of the period - creation, of tickets without a human reply",
    unit="seconds",
    basis="stock: the end of the period, or as_of",
    credit=_CREDIT,
    good="down",
    parts=(_UNANSWERED,),
    aggregate=_seconds("age_us"),
    clocks=("calendar",),
    sources=("MHC",),
    is_stock=True,
    is_additive=False,
)

waiting_now = Metric(
    id="waiting_now",
    label="Customers waiting",
    family=FAMILY,
    definition="Tickets with an open wait: a customer message that nobody has answered yet.",
    formula="number of tickets with an open wait",
    unit="count",
    basis="stock: the end of the period, or as_of",
    credit=_CREDIT,
    good="down",
    parts=(Part(waiting_at_end, Always("at_us"), like="f_waiting"),),
    aggregate=Count(key="ticket_id"),
    lengths="waiting_time",
    is_stock=True,
    is_additive=False,
    decimals=0,
)

waiting_time = Metric(
    id="waiting_time",
    label="Length of open waits",
    family=FAMILY,
    definition="How long customers with an open wait have been waiting at the end of the period.",
    formula="end of the period - first unanswered customer message",
    unit="seconds",
    basis="stock: the end of the period, or as_of",
    credit=_CREDIT,
    good="down",
    parts=(Part(clocked_waits, Always("at_us"), like="f_waiting"),),
    aggregate=Stat(lambda rows, asked: rows[f"{asked.clock_column}_us"] // 1_000_000),
    clocks=("calendar", "business"),
    is_stock=True,
    is_additive=False,
)

open_by_last_response = Metric(
    id="open_by_last_response",
    label="Open by last response",
    family=FAMILY,
    definition="Tickets with an open wait; split by response_band for the time since the last human reply. The option all=true "
    "takes every unresolved ticket.",
    formula="number of tickets",
    unit="count",
    basis="stock: the end of the period, or as_of",
    credit=_CREDIT,
    good="down",
    parts=(Part(open_by_last_response_rows, Always("at_us"), like="f_waiting", adds=frozenset({"response_band"})),),
    aggregate=Count(key="ticket_id"),
    sources=("IS4",),
    is_stock=True,
    is_additive=False,
    decimals=0,
)
