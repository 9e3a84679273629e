"""Rows of the listings: each open case, each customer, each agent, as they stand at the end of a bucket."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from deskmeter.engines.expressions import ibis
from deskmeter.metrics.bands import largest
from deskmeter.metrics.currencies import priced
from deskmeter.metrics.customer_rows import holding, in_bucket
from deskmeter.metrics.open_rows import open_at_end
from deskmeter.metrics.spec import Asked

MICROS = 1_000_000
WORK = ("entries", "active", "calls")
_CUSTOMER = ("bucket", "customer")
_AGENT = ("bucket", "source", "agent")


def open_cases(asked: Asked) -> ibis.Table:
    """Unresolved tickets with what was done on them so far, the last response, and what their customer is worth."""
    rows = open_at_end(asked)
    told = asked.tables("ticket").select("customer", "requester", "subject", "account", "channel", _id="ticket_id")
    rows = rows.join(told, [("ticket_id", "_id")]).drop("_id")
    key = ("bucket", "ticket_id")
    done = _so_far(asked.tables("f_activity"), asked)
    worked = _so_far(asked.tables("f_work"), asked)
    replies = _so_far(asked.tables("f_reply").rename(at_us="from_us"), asked)
    rows = _with(rows, done.group_by(list(key)).aggregate(activities=done.count()), key)
    rows = _with(rows, replies.group_by(list(key)).aggregate(last_response_us=replies.at_us.max()), key)
    sums = {f"handle_{kind}_s": worked.seconds.sum(where=worked.kind == kind).cast("int64") for kind in WORK}
    rows = _with(rows, worked.group_by(list(key)).aggregate(**sums), key)
    rows = _with(rows, values_at_end(asked), _CUSTOMER)
    return rows.mutate(activities=_or_0(rows.activities), age_s=(rows.age_us // MICROS).cast("int64"))


def customer_summary(asked: Asked) -> ibis.Table:
    """Customers known by the end of each bucket: their tickets and escalations in it, the rest as of its end."""
    customers = asked.tables("customer")
    tickets = asked.tables("f_ticket")
    created = in_bucket(tickets, asked, "created_us")
    opened = open_at_end(asked).join(tickets.select("customer", _id="ticket_id"), [("ticket_id", "_id")])
    asked_for = in_bucket(asked.tables("f_escalation"), asked, "at_us")
    asked_for = asked_for.join(tickets.select("customer", _id="ticket_id"), [("ticket_id", "_id")])
    rows = _known_customers(asked).join(customers.rename(_key="customer"), [("customer", "_key")]).drop("_key")
    rows = _with(rows, _counted(created, "tickets", _CUSTOMER), _CUSTOMER)
    rows = _with(rows, _counted(opened, "open_tickets", _CUSTOMER), _CUSTOMER)
    rows = _with(rows, _counted(asked_for, "escalations", _CUSTOMER), _CUSTOMER)
    rows = _with(rows, _last_score(asked, "csat"), _CUSTOMER)
    rows = _with(rows, _last_score(asked, "nps"), _CUSTOMER)
    rows = _with(rows, values_at_end(asked), _CUSTOMER)
    rows = _with(rows, _renewals(asked), _CUSTOMER)
    segments = asked.tables("account").select(_key="key", segment="segment")
    rows = rows.left_join(segments, [("customer", "_key")]).drop("_key")
    counts = ("tickets", "open_tickets", "escalations")
    return rows.mutate(**{name: _or_0(rows[name]) for name in counts}).rename(name="label")


def agent_summary(asked: Asked) -> ibis.Table:
    """Agents with anything in a bucket: tickets given and resolved, replies and their speed, ratings, the backlog."""
    given = in_bucket(asked.tables("f_assigned"), asked, "at_us")
    created = in_bucket(asked.tables("f_ticket"), asked, "created_us").rename(agent="owner_agent")
    solved = in_bucket(asked.tables("f_resolution"), asked, "at_us")
    lengths = asked.tables("f_duration")
    waits = in_bucket(lengths.filter(lengths.kind == "reply"), asked, "at_us")
    done = in_bucket(asked.tables("f_activity"), asked, "at_us")
    answers = asked.tables("f_answer")
    rated = in_bucket(answers.filter((answers.survey_kind == "csat") & answers["counts"]), asked, "at_us")
    backlog = open_at_end(asked)
    parts = [
        _each(given, tickets_assigned=given.ticket_id.nunique()),
        _each(created, tickets_owned=created.count(), owned_resolved=created.is_resolved.cast("int64").sum()),
        _each(solved, tickets_resolved=solved.ticket_id.nunique()),
        _each(waits, replies=waits.count(), reply_time_median_s=waits[f"{asked.clock_column}_s"].quantile(0.5)),
        _each(done, activities=done.count()),
        _each(rated, csat_answers=rated.count(), csat_satisfied=rated.is_satisfied.cast("int64").sum()),
        _each(backlog, backlog=backlog.count()),
    ]
    rows = reduce(lambda left, right: left.union(right), [part.select(*_AGENT) for part in parts]).distinct()
    for part in parts:
        rows = _with(rows, part, _AGENT)
    ends = asked.buckets.select(_b="bucket", at_us="end_us")
    rows = rows.join(ends, [("bucket", "_b")]).drop("_b")
    counts = ("tickets_assigned", "tickets_resolved", "replies", "activities", "csat_answers", "backlog")
    return rows.mutate(
        **{name: _or_0(rows[name]) for name in counts},
        resolution_rate=rows.owned_resolved / rows.tickets_owned.nullif(0),
        csat=rows.csat_satisfied / rows.csat_answers.nullif(0),
    )


def values_at_end(asked: Asked) -> ibis.Table:
    """What customers are worth at the end of each bucket: bucket, customer, account_value, value_currency.

    MRR then, else the margin to date, as ruling 47 has it for the start of a period; in several currencies the
    largest of them.
    """
    runs = holding(priced(asked.tables("f_subscription"), asked, "mrr_micros"), asked, "end_us")
    paid = _so_far(priced(asked.tables("f_order"), asked, "margin_micros"), asked)
    paid = paid.filter(paid.margin_micros.notnull()).mutate(customer=paid.buyer)
    by_mrr = largest(runs, "mrr_micros", asked, _CUSTOMER)
    by_mrr = by_mrr.filter(by_mrr.value > 0)
    by_margin = largest(paid, "margin_micros", asked, _CUSTOMER).anti_join(by_mrr, list(_CUSTOMER))
    both = by_mrr.union(by_margin.select(*by_mrr.columns))
    return both.select(*_CUSTOMER, account_value=both.value / MICROS, value_currency="currency")


def _so_far(rows: ibis.Table, asked: Asked) -> ibis.Table:
    """`rows` that had happened by the end of each bucket."""
    both = rows.cross_join(asked.buckets.select("bucket", _end="end_us"))
    return both.filter(both.at_us <= both._end).drop("_end")


def _known_customers(asked: Asked) -> ibis.Table:
    """Customers that a ticket, a stay, a subscription or an order had made known by the end of each bucket."""
    seen = [
        asked.tables("f_ticket").select("customer", at_us="created_us"),
        *(asked.tables(name).select("customer", at_us="from_us") for name in ("f_customer_span", "f_subscription")),
        asked.tables("f_order").select("at_us", customer="buyer"),
    ]
    rows = reduce(lambda left, right: left.union(right.select("customer", "at_us")), seen[1:], seen[0])
    rows = _so_far(rows.filter(rows.customer.notnull()), asked).select(*_CUSTOMER).distinct()
    ends = asked.buckets.select(_b="bucket", at_us="end_us")
    return rows.join(ends, [("bucket", "_b")]).drop("_b")


def _last_score(asked: Asked, kind: str) -> ibis.Table:
    """The last answer of each customer to surveys of one kind: last_<kind>, with its scale."""
    rows = asked.tables("f_answer")
    rows = rows.filter((rows.survey_kind == kind) & rows["counts"] & rows.customer.notnull())
    rows = _so_far(rows, asked)
    latest = ibis.window(group_by=list(_CUSTOMER), order_by=[ibis.desc("at_us"), ibis.desc("answer")])
    rows = rows.mutate(_nth=ibis.row_number().over(latest))
    return rows.filter(rows._nth == 0).select(*_CUSTOMER, **{f"last_{kind}": rows.score, f"{kind}_scale": rows.scale})


def _renewals(asked: Asked) -> ibis.Table:
    """The next renewal among the subscriptions that run at the end of each bucket."""
    runs = holding(asked.tables("f_subscription"), asked, "end_us")
    return runs.group_by(list(_CUSTOMER)).aggregate(renewal_date=runs.renewal_date.min())


def _counted(rows: ibis.Table, name: str, key: Sequence[str]) -> ibis.Table:
    return rows.group_by(list(key)).aggregate(**{name: rows.count()})


def _each(rows: ibis.Table, **numbers: ibis.Value) -> ibis.Table:
    """`numbers` of each agent; what nobody is credited with has no row."""
    found = rows.group_by(list(_AGENT)).aggregate(**numbers)
    return found.filter(found.agent.notnull())


def _with(rows: ibis.Table, part: ibis.Table, key: Sequence[str]) -> ibis.Table:
    """`rows` with the columns of `part`, null where it has no such key."""
    renamed = part.rename({f"_{name}": name for name in key})
    return rows.left_join(renamed, [(name, f"_{name}") for name in key]).drop(*(f"_{name}" for name in key))


def _or_0(value: ibis.Value) -> ibis.Value:
    return ibis.coalesce(value, ibis.literal(0).cast("int64"))
