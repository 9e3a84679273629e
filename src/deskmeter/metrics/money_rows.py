"""Rows of money for each bucket of a question: subscriptions, orders, and how the MRR of its start moved."""

from __future__ import annotations

from deskmeter.engines.expressions import ibis
from deskmeter.metrics.currencies import priced, summed_currency
from deskmeter.metrics.customer_rows import customers_at, holding, in_bucket
from deskmeter.metrics.spec import Asked

MICROS = 1_000_000
_KEY = ("bucket", "customer", "currency")


def subscriptions(asked: Asked) -> ibis.Table:
    """All subscriptions of known MRR, each under its own plan."""
    rows = asked.tables("f_subscription")
    return priced(rows.filter(rows.mrr_micros.notnull()), asked, "mrr_micros")


def subscriptions_of_customers(asked: Asked) -> ibis.Table:
    """The same without their own plan: each under its customer's; payer is the customer where they pay anything."""
    rows = subscriptions(asked).drop("plan")
    rows = rows.filter(rows.customer.notnull())
    return rows.mutate(payer=(rows.mrr_micros > 0).ifelse(rows.customer, ibis.null("string")))


def orders(asked: Asked) -> ibis.Table:
    """All orders and refunds with their amounts."""
    return priced(asked.tables("f_order"), asked, "amount_micros")


def margins(asked: Asked) -> ibis.Table:
    """All orders and refunds with their margins and costed_micros, the amount of those of known cost.

    never_us is null: an order once paid stays.
    """
    rows = asked.tables("f_order")
    no_cost = rows.margin_micros.isnull()
    rows = rows.mutate(
        never_us=ibis.null("int64"),
        is_without_cost=no_cost.cast("int64"),
        costed_micros=no_cost.ifelse(ibis.null("int64"), rows.amount_micros),
    )
    return priced(rows, asked, "margin_micros", "costed_micros")


def subscriptions_and_margins(asked: Asked) -> ibis.Table:
    """Subscriptions and orders as one: what runs at an instant, and what had been paid by then; both end with to_us.

    Together, so that one currency of each does not pass for one currency.
    """
    runs, paid = subscriptions_of_customers(asked), margins(asked)
    none = ibis.null("int64")
    who = ("source", "customer", "account", "country", "language", "currency", "summed_currency", "to_us")
    runs = runs.select(
        *who, "from_us", "mrr_micros", "payer", margin_micros=none, costed_micros=none, is_without_cost=none
    )
    paid = paid.rename(to_us="never_us").select(
        *who,
        "margin_micros",
        "costed_micros",
        "is_without_cost",
        from_us="at_us",
        mrr_micros=none,
        payer=ibis.null("string"),
    )
    return runs.union(paid.select(*runs.columns))


def joined_customers(asked: Asked) -> ibis.Table:
    """Every joining; who has once been a customer stays one who joined."""
    return asked.tables("f_customer_span").mutate(never_us=ibis.null("int64"))


def paying_customers(asked: Asked) -> ibis.Table:
    """One row a bucket and customer with MRR at any instant of it or a paid order in it (ruling 43).

    has_upsell, has_cross_sell: 1 where such an order is among them.
    """
    subs = asked.tables("f_subscription")
    subs = subs.filter((subs.mrr_micros > 0) & subs.customer.notnull()).select("customer", "from_us", "to_us")
    both = subs.cross_join(asked.buckets.select("bucket", _from="from_us", _end="end_us"))
    both = both.filter((both.from_us <= both._end) & (both.to_us.isnull() | (both.to_us > both._from)))
    none = ibis.literal(0).cast("int64")
    paid = both.select("bucket", "customer", has_upsell=none, has_cross_sell=none)
    bought = asked.tables("f_order")
    bought = in_bucket(bought.filter(bought.is_order & bought.buyer.notnull()), asked, "at_us")
    bought = bought.select(
        "bucket", customer="buyer",
        has_upsell=(bought.order_kind == "upsell").cast("int64"),
        has_cross_sell=(bought.order_kind == "cross_sell").cast("int64"),
    )  # fmt: skip
    both = paid.union(bought)
    each = both.group_by("bucket", "customer").aggregate(
        has_upsell=both.has_upsell.max(), has_cross_sell=both.has_cross_sell.max()
    )
    return _named(each, asked)


def _named(rows: ibis.Table, asked: Asked) -> ibis.Table:
    """`rows` (bucket, customer) with the customer's own columns, at their bucket's start."""
    who = asked.tables("customer").select("source", "account", "country", "language", _customer="customer")
    starts = asked.buckets.select(_b="bucket", at_us="start_us")
    rows = rows.join(who, [("customer", "_customer")]).drop("_customer")
    return rows.join(starts, [("bucket", "_b")]).drop("_b")


def movements(asked: Asked) -> ibis.Table:
    """One row a bucket, customer of its start with MRR then, and currency: how that MRR moved (ruling 44).

    start_micros; lost_micros: all of it where the customer is none at the end; down_micros, up_micros: less or more
    at the end. is_changed: one currency went and another came (ruling 55): the account stays in the base unmoved.
    """
    start = _mrr(asked, "start_us", "start_micros")
    end = _mrr(asked, "end_us", "end_micros")
    there = customers_at(asked, "start_us").select("bucket", "customer")
    stays = customers_at(asked, "end_us").select(_bucket="bucket", _customer="customer")
    payers = start.semi_join(there, ["bucket", "customer"]).select("bucket", "customer").distinct()
    start, end = (rows.semi_join(payers, ["bucket", "customer"]) for rows in (start, end))
    keys = start.select(*_KEY).union(end.select(*_KEY)).distinct()
    rows = _with(_with(keys, start, "start_micros"), end, "end_micros")
    rows = rows.left_join(stays, [("bucket", "_bucket"), ("customer", "_customer")])
    rows = rows.mutate(stays=rows._customer.notnull()).drop("_bucket", "_customer")
    rows = _changed(rows, start, end)
    # a row of the end alone is an expansion of someone who stayed with all that they had
    rows = rows.filter((rows.start_micros > 0) | (rows.stays & ~rows.is_changed))
    zero = ibis.literal(0).cast("int64")
    grown = rows.end_micros - rows.start_micros
    moves = rows.stays & ~rows.is_changed
    rows = rows.mutate(
        lost_micros=rows.stays.ifelse(zero, rows.start_micros),
        down_micros=(moves & (grown < 0)).ifelse(-grown, zero),
        up_micros=(moves & (grown > 0)).ifelse(grown, zero),
        summed_currency=rows.currency,
    )
    return _named(rows, asked)


def _with(keys: ibis.Table, amounts: ibis.Table, name: str) -> ibis.Table:
    """`keys` with `name` of `amounts`, 0 where there is none."""
    amounts = amounts.select(_bucket="bucket", _customer="customer", _currency="currency", _amount=name)
    rows = keys.left_join(amounts, [(column, f"_{column}") for column in _KEY])
    rows = rows.mutate(**{name: ibis.coalesce(rows._amount, ibis.literal(0).cast("int64"))})
    return rows.drop("_bucket", "_customer", "_currency", "_amount")


def _mrr(asked: Asked, instant: str, name: str) -> ibis.Table:
    """MRR above 0 of each bucket, customer and currency at `instant`."""
    rows = holding(subscriptions(asked), asked, instant)
    rows = rows.filter(rows.customer.notnull())
    if "currency" not in asked.dims:
        rows = rows.mutate(currency=summed_currency(rows.currency, asked))
    else:
        rows = rows.mutate(currency=ibis.coalesce(rows.currency, ibis.literal("(none)")))
    each = rows.group_by("bucket", "customer", "currency").aggregate(**{name: rows.mrr_micros.sum().cast("int64")})
    return each.filter(each[name] > 0)


def _changed(rows: ibis.Table, start: ibis.Table, end: ibis.Table) -> ibis.Table:
    """Adds is_changed: the customer is kept, one currency with MRR went and another came."""
    same = ["bucket", "customer", "currency"]
    went = start.anti_join(end, same).select(_bucket="bucket", _customer="customer").distinct()
    came = end.anti_join(start, same).select(_bucket="bucket", _customer="customer").distinct()
    both = went.semi_join(came, ["_bucket", "_customer"])
    joined = rows.left_join(both, [("bucket", "_bucket"), ("customer", "_customer")])
    return joined.mutate(is_changed=joined._customer.notnull() & joined.stays).drop("_bucket", "_customer")
