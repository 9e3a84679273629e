"""Money: what customers pay each month, how that moves, and what they are worth (metrics 9)."""

import math
from collections.abc import Mapping

from deskmeter.metrics.customer_rows import CUSTOMER_DIMS, customers_of_start
from deskmeter.metrics.money_rows import (
    MICROS,
    joined_customers,
    margins,
    movements,
    subscriptions,
    subscriptions_and_margins,
    subscriptions_of_customers,
)
from deskmeter.metrics.spec import (
    Always,
    Beside,
    Expression,
    Formula,
    Good,
    Measure,
    Metric,
    Part,
    Ratio,
    Stock,
    Sum,
)

FAMILY = "Customers and money"
_DIMS = CUSTOMER_DIMS | {"currency"}
_BY_CURRENCY = frozenset({"currency"})
_PER_CURRENCY = (
    "null where there is more than one currency, no table of rates, and the question does not split by `currency`"
)
_MONTH_US = 30.4375 * 86_400_000_000

mrr = Metric(
    id="mrr",
    label="Monthly recurring revenue",
    family=FAMILY,
    definition="Monthly recurring revenue of all subscriptions that run at the end of the period. By plan: each under "
    "its own.",
    formula="sum of MRR",
    unit="money",
    basis="stock: the end of the period, or as_of",
    credit="none",
    good="up",
    parts=(Part(subscriptions, Stock(), only_dims=_DIMS),),
    aggregate=Sum(lambda rows, asked: rows.mrr_micros, empty=None, divisor=MICROS),
    leaves_out="subscriptions of unknown MRR",
    sources=("Jivo15 (Marshall)",),
    notes=(_PER_CURRENCY,),
    is_stock=True,
    is_additive=False,
    splits_by=("currency",),
    decimals=2,
)

arpa = Metric(
    id="arpa",
    label="Revenue per account (ARPA)",
    family=FAMILY,
    definition="Monthly recurring revenue at the end of the period for each account that pays any. By plan: the "
    "account's plan.",
    formula="MRR / accounts with MRR above 0",
    unit="money",
    basis="stock: the end of the period, or as_of",
    credit="none",
    good="up",
    parts=(Part(subscriptions_of_customers, Stock(), only_dims=_DIMS),),
    aggregate=Ratio(top=lambda rows, asked: rows.mrr_micros, bottom_key="payer", top_divisor=MICROS),
    sources=("Jivo15 (Marshall)",),
    notes=(_PER_CURRENCY,),
    is_stock=True,
    is_additive=False,
    splits_by=("currency",),
    decimals=2,
)


def _movement(
    id: str, label: str, definition: str, formula: str, good: Good, top: Expression, sources: tuple[str, ...]
) -> Metric:
    return Metric(
        id=id,
        label=label,
        family=FAMILY,
        definition=definition + " Base: customers of the start with MRR then.",
        formula=formula,
        unit="share",
        basis="period",
        credit="none",
        good=good,
        parts=(Part(movements, Always("at_us"), only_dims=_DIMS),),
        aggregate=Ratio(
            top=top,
            bottom=lambda rows, asked: rows.start_micros,
            top_divisor=MICROS,
            bottom_divisor=MICROS,
            n_key="customer",
        ),
        leaves_out="movements of accounts that changed currency",
        sources=sources,
        notes=(_PER_CURRENCY, "by plan: the plan just before the period"),
        is_additive=False,
        splits_by=("currency",),
        beside=(
            Beside("accounts that changed currency, left out: {n}", lambda rows, asked: rows.is_changed.cast("int64")),
        ),
    )


MOVEMENTS = (
    _movement(
        "revenue_churn", "Revenue churn", "MRR at the start of customers who are none at the end, of all MRR at the "
        "start.",
        "start MRR of those lost / start MRR", "down", lambda rows, asked: rows.lost_micros, (),
    ),
    _movement(
        "gross_retention", "Gross revenue retention",
        "MRR at the start less that of lost customers and downgrades, of all MRR at the start.",
        "(start - lost - downgrades) / start", "up",
        lambda rows, asked: rows.start_micros - rows.lost_micros - rows.down_micros, (),
    ),
    _movement(
        "net_retention", "Net revenue retention",
        "MRR at the start less that of lost customers and downgrades plus expansion of the same customers, of all MRR "
        "at the start.",
        "(start - lost - downgrades + expansion) / start", "up",
        lambda rows, asked: rows.start_micros - rows.lost_micros - rows.down_micros + rows.up_micros, (),
    ),
)  # fmt: skip

_ORDERS = Part(margins, Stock("at_us", "never_us"), only_dims=_DIMS)
_NO_COST = Beside("orders of unknown cost, left out: {n}", lambda rows, asked: rows.is_without_cost)

lifetime_value_historic = Metric(
    id="lifetime_value_historic",
    label="Lifetime value to date",
    family=FAMILY,
    definition="Margin of all paid orders to date, refunds subtracted, for each customer who ever joined. Orders of "
    "unknown customers count; the denominator is the same in every currency.",
    formula="(paid amounts - costs) to date / customers ever joined",
    unit="money",
    basis="stock: the end of the period, or as_of",
    credit="none",
    good="up",
    parts=(_ORDERS, Part(joined_customers, Stock("from_us", "never_us"), broadcast=_BY_CURRENCY, only_dims=_DIMS)),
    aggregate=Ratio(
        top=lambda rows, asked: rows.margin_micros, bottom_part=1, bottom_key="customer", top_divisor=MICROS
    ),
    leaves_out="orders of unknown cost",
    sources=("Jivo15 (Marshall)",),
    notes=(_PER_CURRENCY,),
    is_stock=True,
    is_additive=False,
    splits_by=("currency",),
    decimals=2,
    beside=(_NO_COST,),
)


def _monthly_churn(known: Mapping[str, float]) -> float | None:
    """1 - (1 - churn) ^ (1 / months): the rate that, month after month, gives the period's (ruling 45)."""
    if not known["start"] or known["length_micros"] <= 0:
        return None
    churn = known["churned"] / known["start"]
    return 1.0 - math.pow(1.0 - churn, _MONTH_US / known["length_micros"])


def _predicted(known: Mapping[str, float]) -> float | None:
    churn = _monthly_churn(known)
    if not churn or not known["payers"] or not known["costed"]:
        return None
    return known["mrr"] / known["payers"] / MICROS * (known["margin"] / known["costed"]) / churn


def _sum(name: str, of: Expression, part: int) -> Measure:
    return Measure(name, "sum", of, part)


lifetime_value_predicted = Metric(
    id="lifetime_value_predicted",
    label="Lifetime value, predicted",
    family=FAMILY,
    definition="What an account will bring if things stay as they are: revenue per account at the end x margin share "
    "of all orders to date / monthly churn rate of the period. Null where nobody churned.",
    formula="ARPA x margin share / (1 - (1 - churn_rate) ^ (1 / months))",
    unit="money",
    basis="stock: the end of the period, or as_of",
    credit="none",
    good="up",
    parts=(
        Part(subscriptions_and_margins, Stock(), only_dims=_DIMS - {"plan"}),
        Part(customers_of_start, Always("at_us"), broadcast=_BY_CURRENCY, only_dims=_DIMS - {"plan"}),
    ),
    aggregate=Formula(
        measures=(
            _sum("mrr", lambda rows, asked: rows.mrr_micros, 0),
            Measure("payers", "distinct", lambda rows, asked: rows.payer, 0),
            _sum("margin", lambda rows, asked: rows.margin_micros, 0),
            _sum("costed", lambda rows, asked: rows.costed_micros, 0),
            _sum("start", lambda rows, asked: rows.stays.isin([True, False]).cast("int64"), 1),
            _sum("churned", lambda rows, asked: (~rows.stays).cast("int64"), 1),
            Measure("length_micros", "max", lambda rows, asked: rows.length_micros, 1),
        ),
        value=_predicted,
        n="payers",
    ),
    leaves_out="orders of unknown cost, in the margin share",
    sources=("Jivo15 (Marshall)",),
    notes=(_PER_CURRENCY, "a month is 30.4375 days", "churn counts customers, whatever their currency"),
    is_stock=True,
    is_additive=False,
    splits_by=("currency",),
    decimals=2,
    beside=(_NO_COST,),
)
