"""Amounts of money that may be added up: converted where the desk has a table of rates, else kept apart by currency."""

from __future__ import annotations

from collections.abc import Mapping

from deskmeter.canon.vocab import NONE
from deskmeter.engines.expressions import ibis
from deskmeter.metrics.spec import Asked

BASE = "base currency"


def rates(asked: Asked) -> Mapping[str, float]:
    """The desk's factor from each currency to its base currency (itself: 1); empty where it has no such table."""
    found, base = asked.settings.get("rates"), asked.settings.get("base_currency")
    if not isinstance(found, Mapping) or not found:
        return {}
    known = {str(currency): float(factor) for currency, factor in found.items()}
    return known if base is None else {str(base): 1.0, **known}


def priced(rows: ibis.Table, asked: Asked, *amounts: str) -> ibis.Table:
    """`rows` with their `amounts` (micros) in the base currency where it can be told, and with summed_currency.

    Rows may be added up where their summed_currency is one; it is null for rows that add nothing.
    """
    known = rates(asked)
    counts = ibis.literal(False)
    for name in amounts:
        counts = counts | ibis.coalesce(rows[name] != 0, ibis.literal(False))
    currency = summed_currency(rows.currency, asked)
    rows = rows.mutate(summed_currency=counts.ifelse(currency, ibis.null("string")))
    if not known:
        return rows
    factor = ibis.cases(
        *((rows.currency == name, ibis.literal(factor)) for name, factor in known.items()), else_=ibis.literal(1.0)
    )
    return rows.mutate(**{name: (rows[name] * factor).round().cast("int64") for name in amounts})


def summed_currency(currency: ibis.Value, asked: Asked) -> ibis.Value:
    """The currency that amounts are in after conversion."""
    own = ibis.coalesce(currency, ibis.literal(NONE))
    known = rates(asked)
    if not known:
        return own
    base = asked.settings.get("base_currency") or BASE
    return own.isin(list(known)).ifelse(ibis.literal(str(base)), own)
