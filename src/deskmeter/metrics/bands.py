"""Value bands: customers by what they are worth at the period's start, cut at the quartiles of each currency."""

from __future__ import annotations

from collections.abc import Sequence

from deskmeter.engines.expressions import ibis
from deskmeter.metrics.currencies import priced, summed_currency
from deskmeter.metrics.spec import Asked

CUTS = (("Q1", 0.25), ("Q2", 0.5), ("Q3", 0.75))


def value_band(asked: Asked) -> ibis.Table:
    """One row a customer of the period's start whose value is known: customer, band (rulings 47, 61).

    The value is the MRR just before the period begins, else the margin to date. A customer with values in several
    currencies is in the band of the largest. Who lies on a cut is in the lower band.

    | customer | value | currency |     | customer | band |
    | acme     |    10 | EUR      |     | acme     | Q1   |
    | bolt     |    20 | EUR      | ->  | bolt     | Q2   |
    | cora     |    30 | EUR      |     | cora     | Q3   |
    | dora     |    40 | EUR      |     | dora     | Q4   |
    """
    values = _values(asked)
    cuts = values.group_by("currency").aggregate(**{name: values.value.quantile(share) for name, share in CUTS})
    rows = values.join(cuts.rename(_currency="currency"), [("currency", "_currency")])
    band = ibis.cases(*((rows.value <= rows[name], ibis.literal(name)) for name, _ in CUTS), else_=ibis.literal("Q4"))
    return rows.select("customer", band=band)


def _values(asked: Asked) -> ibis.Table:
    start_us = asked.from_us - 1
    mrr = priced(asked.tables("f_subscription"), asked, "mrr_micros")
    mrr = mrr.filter((mrr.from_us <= start_us) & (mrr.to_us.isnull() | (mrr.to_us > start_us)))
    margin = priced(asked.tables("f_order"), asked, "margin_micros")
    margin = margin.filter((margin.at_us <= start_us) & margin.margin_micros.notnull())
    margin = margin.mutate(customer=margin.buyer)
    spans = asked.tables("f_customer_span")
    there = spans.filter((spans.from_us <= start_us) & (spans.to_us.isnull() | (spans.to_us > start_us)))
    by_mrr = largest(mrr, "mrr_micros", asked)
    by_mrr = by_mrr.filter(by_mrr.value > 0)
    by_margin = largest(margin, "margin_micros", asked).anti_join(by_mrr, "customer")
    return by_mrr.union(by_margin).semi_join(there.select("customer"), "customer")


def largest(rows: ibis.Table, amount: str, asked: Asked, key: Sequence[str] = ("customer",)) -> ibis.Table:
    """The sum of `amount` of each customer (or other `key`), in the currency in which it is largest."""
    rows = rows.filter(rows.customer.notnull())
    rows = rows.mutate(currency=summed_currency(rows.currency, asked))
    sums = rows.group_by([*key, "currency"]).aggregate(value=rows[amount].sum().cast("int64"))
    order = ibis.window(group_by=list(key), order_by=[ibis.desc("value"), ibis.desc("currency")])
    sums = sums.mutate(_nth=ibis.row_number().over(order))
    return sums.filter(sums._nth == 0).drop("_nth")
