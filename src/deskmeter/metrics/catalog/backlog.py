"""Backlog: what is unresolved at an instant, how old it is, and what waits for an answer (metrics 4)."""

import ibis

from deskmeter.metrics.spec import Always, Asked, Count, Flow, Metric, Overlap, Part, Share, Stat, TimeMean

FAMILY = "Backlog and flow"
_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_CREDIT = "assignee_then"


def _banded(value: ibis.Value, edges: tuple[tuple[int, str], ...], last: str) -> ibis.Value:
    """The name of the half-open band that holds `value`."""
    return ibis.cases(*((value < edge, ibis.literal(name)) for edge, name in edges), else_=ibis.literal(last))


def _age_band(age_us: ibis.Value) -> ibis.Value:
    edges = ((_DAY_US, "0-1 d"), (3 * _DAY_US, "1-3 d"), (7 * _DAY_US, "3-7 d"), (30 * _DAY_US, "7-30 d"))
    return _banded(age_us, edges, "30 d+")


def open_at_end(asked: Asked) -> ibis.Table:
    """Unresolved tickets at the end of each bucket, with age_us and age_band."""
    rows = asked.tables("f_open")
    both = rows.cross_join(asked.buckets.select("bucket", at_us="end_us"))
    both = both.filter((both.from_us <= both.at_us) & (both.to_us.isnull() | (both.to_us > both.at_us)))
    age_us = both.at_us - both.created_us
    return both.mutate(age_us=age_us, age_band=_age_band(age_us))


def unanswered_at_end(asked: Asked) -> ibis.Table:
    """Of those, the tickets whose first-reply clock has started and not ended (rulings 69, 77)."""
    rows = open_at_end(asked)
    return rows.filter(
        rows.clock_us.notnull() & (rows.clock_us <= rows.at_us) & (rows.replied_us.isnull() | (rows.replied_us > rows.at_us))
    )


def waiting_at_end(asked: Asked) -> ibis.Table:
    """Open waits at the end of each bucket with their length in both clocks and the time since the last human reply."""
    waits = asked.tables("f_waiting")
    both = waits.cross_join(asked.buckets.select("bucket", at_us="end_us"))
    both = both.filter((both.from_us <= both.at_us) & (both.to_us.isnull() | (both.to_us > both.at_us)))
    return both.mutate(wait_row=ibis.row_number().over(ibis.window(order_by=["bucket", "ticket_id", "first_us"])))


def _clocked_waits(asked: Asked) -> ibis.Table:
    return asked.with_clocks(waiting_at_end(asked), "wait_row", "first_us", "at_us")


def _with_last_response(rows: ibis.Table, asked: Asked) -> ibis.Table:
    replies = asked.tables("f_reply").select(_ticket="ticket_id", _from="from_us", _to="to_us")
    joined = rows.left_join(
        replies,
        [rows.ticket_id == replies._ticket, replies._from <= rows.at_us, replies._to.isnull() | (replies._to > rows.at_us)],
    )
    since = joined.at_us - joined._from
    edges = ((4 * _HOUR_US, "<4 h"), (_DAY_US, "<1 d"), (3 * _DAY_US, "<3 d"), (7 * _DAY_US, "<7 d"))
    band = since.isnull().ifelse(ibis.literal("never"), _banded(since, edges, "7 d+"))
    return joined.mutate(response_band=band).drop("_ticket", "_from", "_to")


def _by_last_response(asked: Asked) -> ibis.Table:
    takes_all = asked.options.get("all", "false").lower() in ("true", "1", "yes")
    rows = open_at_end(asked) if takes_all else waiting_at_end(asked)
    return _with_last_response(rows, asked)



def _seconds(name: str) -> Stat:
    return Stat(lambda rows, asked: rows[name] // 1_000_000)


_OPEN = Part(open_at_end, Always("at_us"))

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
    parts=(Part("f_open", Overlap()),),
    aggregate=TimeMean(),
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
    credit="assignee at as_of (of resolved tickets the owner at the resolution)",
    good="down",
    parts=(
        Part(
            "f_ticket",
            Flow("created_us"),
            dims={
                "agent": "owner_agent", "team": "owner_team", "priority": "first_priority", "status": "created_status",
                "stage": "created_stage",
            },
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
    parts=(Part(unanswered_at_end, Always("at_us")),),
    aggregate=Count(),
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
    parts=(Part(unanswered_at_end, Always("at_us")),),
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
    parts=(Part(waiting_at_end, Always("at_us")),),
    aggregate=Count(key="ticket_id"),
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
    parts=(Part(_clocked_waits, Always("at_us")),),
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
    parts=(Part(_by_last_response, Always("at_us")),),
    aggregate=Count(key="ticket_id"),
    sources=("IS4",),
    is_stock=True,
    is_additive=False,
    decimals=0,
)
