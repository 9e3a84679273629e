"""Rows of customers for each bucket of a question: at its start, at its end, active or paying in it."""

from __future__ import annotations

from collections.abc import Mapping

from deskmeter.engines.expressions import ibis
from deskmeter.metrics.spec import Asked

# What a customer can be split by; no agent or team has a customer.
CUSTOMER_DIMS = frozenset(
    {"source", "account", "account_segment", "acquisition_channel", "plan", "value_band", "country", "language"}
)
NO_REASON = "(none given)"
_WHO = ("source", "customer", "account", "country", "language")
_MINE: Mapping[str, str] = {f"_{name}": name for name in ("bucket", "customer")}


def holding(spans: ibis.Table, asked: Asked, instant: str) -> ibis.Table:
    """`spans` that hold at `instant` (start_us or end_us) of each bucket, with bucket and at_us."""
    both = spans.cross_join(asked.buckets.select("bucket", at_us=instant))
    return both.filter((both.from_us <= both.at_us) & (both.to_us.isnull() | (both.to_us > both.at_us)))


def customers_at(asked: Asked, instant: str) -> ibis.Table:
    """One row a bucket and customer of that instant."""
    return holding(asked.tables("f_customer_span"), asked, instant).select("bucket", "at_us", *_WHO)


def customers_of_start(asked: Asked) -> ibis.Table:
    """Customers of each bucket's start with stays: whether they are there at its end, however often they left."""
    start = customers_at(asked, "start_us")
    end = customers_at(asked, "end_us").select(**_MINE)
    rows = start.left_join(end, [("bucket", "_bucket"), ("customer", "_customer")])
    length = asked.buckets.select(_b="bucket", length_micros=asked.buckets.limit_us - asked.buckets.from_us)
    rows = rows.mutate(stays=rows._customer.notnull()).drop("_bucket", "_customer")
    return rows.join(length, [("bucket", "_b")]).drop("_b")


def end_less_new(asked: Asked) -> ibis.Table:
    """Customers of each bucket's end (sign 1) and joinings in it (sign -1)."""
    end = customers_at(asked, "end_us").mutate(sign=ibis.literal(1).cast("int64"))
    new = in_bucket(asked.tables("f_customer_span"), asked, "from_us").mutate(sign=ibis.literal(-1).cast("int64"))
    return end.union(new.select(*end.columns))


def in_bucket(rows: ibis.Table, asked: Asked, at: str) -> ibis.Table:
    """`rows` whose instant `at` lies in a bucket and is known, with bucket and at_us."""
    if at != "at_us":
        rows = rows.mutate(at_us=rows[at])
    both = rows.cross_join(asked.buckets.select("bucket", _from="from_us", _to="to_us"))
    both = both.filter((both.at_us >= both._from) & (both.at_us < both._to) & (both.at_us <= asked.as_of_us))
    return both.drop("_from", "_to")


def active_customers(asked: Asked) -> ibis.Table:
    """One row a bucket and customer who was one at any instant of it; the plan is that of its start (ruling 41)."""
    spans = asked.tables("f_customer_span").select(*_WHO, "from_us", "to_us")
    both = spans.cross_join(asked.buckets.select("bucket", _from="from_us", _end="end_us", at_us="start_us"))
    both = both.filter((both.from_us <= both._end) & (both.to_us.isnull() | (both.to_us > both._from)))
    return both.select("bucket", "at_us", *_WHO).distinct()


def tickets_of_customers(asked: Asked) -> ibis.Table:
    """Tickets created in each bucket; active_customer is null for tickets of others. The plan is that of its start."""
    active = active_customers(asked).select(**_MINE)
    tickets = in_bucket(asked.tables("f_ticket"), asked, "created_us")
    rows = tickets.left_join(active, [("bucket", "_bucket"), ("customer", "_customer")])
    rows = rows.mutate(
        event_pos=rows.created_pos, active_customer=rows._customer, is_other=rows._customer.isnull().cast("int64")
    )
    rows = with_start_plan(rows.drop("_bucket", "_customer"), asked)
    named = asked.tables("customer").select(
        _customer="customer", account="account", country="country", language="language"
    )
    return rows.left_join(named, [("customer", "_customer")]).drop("_customer")


def _far(until: ibis.Value) -> ibis.Value:
    """An open end made far: a condition with "or" would keep an outer join from hashing."""
    return ibis.coalesce(until, ibis.literal(2**62))


def with_start_plan(rows: ibis.Table, asked: Asked) -> ibis.Table:
    """`rows` with plan: their customer's just before their bucket begins (ruling 47)."""
    starts = asked.buckets.select(_b="bucket", _start="start_us")
    spans = asked.tables("plan_span")
    spans = spans.select(_key="customer", plan="plan", _p_from="from_us", _p_to=_far(spans.to_us))
    rows = rows.join(starts, [("bucket", "_b")]).drop("_b")
    joined = rows.left_join(
        spans,
        [
            rows.customer == spans._key,
            spans._p_from <= rows._start,
            spans._p_to > rows._start,
        ],
    )
    return joined.drop("_key", "_p_from", "_p_to", "_start")


def leavings(asked: Asked) -> ibis.Table:
    """Leavings, at the instant itself; the plan is the one just before (ruling 47), a reason not given has its name."""
    spans = asked.tables("f_customer_span")
    spans = spans.filter(spans.to_us.notnull())
    plans = asked.tables("plan_span")
    plans = plans.select(_key="customer", plan="plan", _from="from_us", _to=_far(plans.to_us))
    joined = spans.left_join(
        plans,
        [
            spans.customer == plans._key,
            plans._from <= spans.last_us,
            plans._to > spans.last_us,
        ],
    )
    reason = ibis.coalesce(joined.churn_reason, ibis.literal(NO_REASON))
    return joined.mutate(at_us=joined.to_us, churn_reason=reason).drop("_key", "_from", "_to")
