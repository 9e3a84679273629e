"""From a checked definition to a metric like the built-in ones."""

from __future__ import annotations

from dataclasses import dataclass

from deskmeter.engines.expressions import ibis
from deskmeter.metrics.amounts import seconds
from deskmeter.metrics.own_facts import MICROS
from deskmeter.metrics.own_model import OwnMetric, Side, Test
from deskmeter.metrics.own_rows import FIELD_NUMBER, HIT, OwnRows
from deskmeter.metrics.spec import (
    Aggregate,
    Asked,
    Count,
    Expression,
    Metric,
    Ratio,
    Share,
    Stat,
    Sum,
    Unit,
)

FAMILY = "Own"
_PER_CURRENCY = (
    "null where there is more than one currency, no table of rates, and the question does not split by `currency`"
)


@dataclass(frozen=True)
class Sides:
    """The rows of a metric: of a ratio above and below; of a share (one set of rows) and all else above alone."""

    top: OwnRows
    bottom: OwnRows | None = None
    is_share: bool = False


def metric_of(id: str, own: OwnMetric, sides: Sides, version: str) -> Metric:
    """The metric that the desk called `id` is."""
    rows = [sides.top, *([sides.bottom] if sides.bottom else [])]
    is_money = any(one.amount is not None and one.amount.kind == "money" for one in rows)
    aggregate = _aggregate(own, sides)
    both = {(one.basis.name, one.basis.credit): None for one in rows}
    return Metric(
        id=id,
        label=own.label,
        family=FAMILY,
        definition=own.definition,
        formula=_formula(own, sides),
        unit=own.unit or _unit(own, sides),
        basis=" / ".join(dict.fromkeys(basis for basis, _ in both)),
        credit=" / ".join(dict.fromkeys(credit for _, credit in both)),
        good=own.good,
        parts=tuple(one.part() for one in rows),
        aggregate=aggregate,
        sources=own.sources,
        clocks=("calendar", "business") if any(_has_clocks(one) for one in rows) else (),
        notes=(_PER_CURRENCY,) if is_money else (),
        is_additive=isinstance(aggregate, Sum) or (isinstance(aggregate, Count) and aggregate.key is None),
        splits_by=("currency",) if is_money else (),
        default_within_s=None if own.within is None else int(seconds(own.within)),
        decimals=own.decimals if own.decimals is not None else 0 if own.kind == "count" else 1,
        origin="user",
        version=version,
    )


def _aggregate(own: OwnMetric, sides: Sides) -> Aggregate:
    if own.kind == "count":
        return Count(key=sides.top.key)
    if own.kind == "sum":
        return Sum(_value(sides.top), empty=None, divisor=_divisor(sides.top))
    if own.kind == "quantile":
        divisor = _divisor(sides.top)
        whole = _value(sides.top)
        return Stat((lambda rows, asked: whole(rows, asked) / divisor) if divisor > 1 else whole, default=own.statistic)
    if sides.is_share:
        return Share(hit=lambda rows, asked: rows[HIT])
    assert sides.bottom is not None
    top, bottom = sides.top, sides.bottom
    return Ratio(
        top=_value(top) if _adds_up(top) else None,
        bottom=_value(bottom) if _adds_up(bottom) else None,
        top_key=top.key,
        bottom_key=bottom.key,
        bottom_part=1,
        top_divisor=_divisor(top),
        bottom_divisor=_divisor(bottom),
    )


def _adds_up(rows: OwnRows) -> bool:
    return rows.amount is not None or rows.field is not None


def _divisor(rows: OwnRows) -> int:
    return MICROS if rows.amount is not None and rows.amount.kind == "money" else 1


def _value(rows: OwnRows) -> Expression:
    amount = rows.amount

    def of(table: ibis.Table, asked: Asked) -> ibis.Value:
        return table[FIELD_NUMBER] if amount is None else amount.value(table, asked)

    return of


def _has_clocks(rows: OwnRows) -> bool:
    return rows.fact.name == "durations" and rows.amount is not None


def _unit(own: OwnMetric, sides: Sides) -> Unit:
    if own.kind == "count":
        return "count"
    if sides.is_share:
        return "share"
    kind = sides.top.amount.kind if sides.top.amount is not None else "number"
    below = sides.bottom.amount if sides.bottom is not None else None
    if own.kind == "ratio" and (below is not None or kind == "number"):
        return "ratio"
    return "money" if kind == "money" else "seconds" if kind == "seconds" else "number"


def _formula(own: OwnMetric, sides: Sides) -> str:
    """The definition in one line, for a reader.

    >>> _where((Test(field="priority", value=("high",)),))
    ' where priority = high'
    """
    if own.kind == "count":
        return f"number of {own.of}{_where(own.where)}" if own.distinct is None else (
            f"number of distinct {own.distinct}s of {own.of}{_where(own.where)}"
        )  # fmt: skip
    if own.kind in ("sum", "quantile"):
        how = "sum" if own.kind == "sum" else own.statistic
        return f"{how} of {own.column} of {own.of}{_where(own.where)}"
    assert own.numerator is not None
    bottom = own.denominator or Side()
    return f"{_side(own, own.numerator)} / {_side(own, bottom)}"


def _side(own: OwnMetric, side: Side) -> str:
    tests = (*(own.where if side.of in (None, own.of) else ()), *side.where)
    what = f"sum of {side.sum} of " if side.sum else f"distinct {side.distinct}s of " if side.distinct else ""
    return f"{what}{side.of or own.of}{_where(tests)}"


def _where(tests: tuple[Test, ...]) -> str:
    if not tests:
        return ""
    words = [" ".join([test.field, test.operator, ", ".join(test.value)]).strip() for test in tests]
    return " where " + " and ".join(words)
