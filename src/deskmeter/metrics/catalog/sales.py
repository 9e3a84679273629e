"""Sales: who buys again, and what the support team sells (metrics 9)."""

from __future__ import annotations

from deskmeter.engines.expressions import ibis
from deskmeter.metrics.customer_rows import CUSTOMER_DIMS
from deskmeter.metrics.money_rows import MICROS, orders, paying_customers
from deskmeter.metrics.spec import Always, Asked, Condition, Count, Metric, Part, Share, Sum

FAMILY = "Customers and money"
_CREDIT = "order_agent"


def _is_first(rows: ibis.Table, asked: Asked) -> ibis.Value:
    return rows.is_first


rebuy_rate = Metric(
    id="rebuy_rate",
    label="Customers who bought again",
    family=FAMILY,
    definition="Customers whose first paid order lies in the period: the share with a second paid order by as_of. "
    "Renewals do not count.",
    formula="customers with a second paid order / customers with a paid order",
    unit="share",
    basis="paid (first)",
    credit=_CREDIT,
    good="up",
    parts=(Part("f_order", keep=_is_first),),
    aggregate=Share(hit=lambda rows, asked: rows.has_second),
    leaves_out="renewals, refunds, orders of unknown customers",
    sources=("Jivo15 (Morison)",),
)


def _frequency(id: str, label: str, what: str, column: str) -> Metric:
    return Metric(
        id=id,
        label=label,
        family=FAMILY,
        definition=f"Customers who bought {what} in the period, of those who paid anything in it: MRR at any instant "
        "of it or a paid order.",
        formula=f"customers who bought {what} / paying customers",
        unit="share",
        basis="paid",
        credit="none",
        good="up",
        parts=(Part(paying_customers, Always("at_us"), only_dims=CUSTOMER_DIMS),),
        aggregate=Share(hit=lambda rows, asked: rows[column] == 1),
        leaves_out="orders of unknown customers",
        sources=("MHC", "Jivo15 15"),
        notes=("by plan: the plan just before the period",),
        is_additive=False,
    )


FREQUENCIES = (
    _frequency("upsell_frequency", "Upsell frequency", "an upsell", "has_upsell"),
    _frequency("cross_sell_frequency", "Cross-sell frequency", "a cross-sell", "has_cross_sell"),
)


def _of_kind(kind: str, with_refunds: bool) -> Condition:
    def keep(rows: ibis.Table, asked: Asked) -> ibis.Value:
        is_kind = rows.order_kind == kind
        return is_kind if with_refunds else is_kind & rows.is_order

    return keep


def _sold(id: str, label: str, kind: str, what: str) -> Metric:
    return Metric(
        id=id,
        label=label,
        family=FAMILY,
        definition=f"{what} paid in the period, under the agent who sold them.",
        formula="number of paid orders of the kind",
        unit="count",
        basis="paid",
        credit=_CREDIT,
        good="up",
        parts=(Part("f_order", keep=_of_kind(kind, with_refunds=False)),),
        aggregate=Count(),
        leaves_out="refunds",
        sources=("MHC",),
        decimals=0,
    )


def _revenue(id: str, label: str, kind: str, what: str) -> Metric:
    return Metric(
        id=id,
        label=label,
        family=FAMILY,
        definition=f"Amounts of {what} paid in the period, refunds of the kind subtracted, under the agent who sold "
        f"them.",
        formula="sum of amounts, refunds negative",
        unit="money",
        basis="paid",
        credit=_CREDIT,
        good="up",
        parts=(Part(orders, keep=_of_kind(kind, with_refunds=True), like="f_order"),),
        aggregate=Sum(lambda rows, asked: rows.amount_micros, empty=None, divisor=MICROS),
        leaves_out="orders of unknown amount",
        sources=("MHC",),
        notes=(
            "null where there is more than one currency, no table of rates, and the question does not split by "
            "`currency`",
        ),
        splits_by=("currency",),
        decimals=2,
    )


SOLD = (
    _sold("upsells_per_agent", "Upsells", "upsell", "Upsells"),
    _revenue("upsells_per_agent_revenue", "Revenue of upsells", "upsell", "upsells"),
    _sold("cross_sells_per_agent", "Cross-sells", "cross_sell", "Cross-sells"),
    _revenue("cross_sells_per_agent_revenue", "Revenue of cross-sells", "cross_sell", "cross-sells"),
)
