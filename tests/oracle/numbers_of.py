"""From rows to one number: counts, ratios, quantiles, survival."""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from oracle.records import Cell, Outcome, Parts, Rec, cell

QUANTILES = {"median": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95}
SECOND = 1_000_000


def percentile(values: Sequence[float], q: float) -> float:
    """Linear interpolation (PERCENTILE_CONT)."""
    ordered = sorted(values)
    place = q * (len(ordered) - 1)
    low = math.floor(place)
    high = math.ceil(place)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def statistic(values: Sequence[float], stat: str, within: float | None) -> Cell:
    """One statistic of a list; an empty list is null with n = 0 (ruling 7)."""
    n = len(values)
    if n == 0:
        return cell(None, 0)
    if stat == "mean":
        return cell(sum(values) / n, n, sum(values), n)
    if stat == "sum":
        return cell(sum(values), n)
    if stat == "max":
        return cell(max(values), n)
    if stat == "share_within":
        hits = sum(1 for value in values if within is not None and value <= within)
        return cell(hits / n, n, hits, n)
    return cell(percentile(values, QUANTILES[stat]), n)


def count(parts: Parts) -> Cell:
    """Rows."""
    n = len(parts["rows"])
    return cell(n, n)


def distinct(parts: Parts) -> Cell:
    """Distinct keys."""
    n = len({rec.key for rec in parts["rows"]})
    return cell(n, n)


def ratio(parts: Parts) -> Cell:
    """Sum of the weights of one part over that of the other; denominator 0 is null."""
    top = sum(rec.weight for rec in parts["num"])
    bottom = sum(rec.weight for rec in parts["den"])
    return cell(top / bottom if bottom else None, len(parts["den"]), top, bottom)


def share(recs: list[Rec], hit: Callable[[Rec], bool]) -> Outcome:
    """Rows that hit over rows."""
    return Outcome({"num": [rec for rec in recs if hit(rec)], "den": recs}, ratio)


def values(stat: str, within: float | None) -> Callable[[Parts], Cell]:
    """A statistic of microseconds, each rounded down to seconds once (ruling 6); null values are left out."""

    def aggregate(parts: Parts) -> Cell:
        seconds = [rec.value // SECOND for rec in parts["rows"] if rec.value is not None]
        return statistic(seconds, stat, within)

    return aggregate


def plain_values(stat: str, within: float | None) -> Callable[[Parts], Cell]:
    """A statistic of numbers as they are."""

    def aggregate(parts: Parts) -> Cell:
        return statistic([rec.value for rec in parts["rows"] if rec.value is not None], stat, within)

    return aggregate


def summed_values(stat: str, within: float | None) -> Callable[[Parts], Cell]:
    """House decision 2: summed per key within the group first; a null part makes the sum null."""

    def aggregate(parts: Parts) -> Cell:
        sums: dict[Any, int | None] = {}
        for rec in parts["rows"]:
            held = sums.get(rec.key, 0)
            sums[rec.key] = None if held is None or rec.value is None else held + rec.value
        return statistic([value // SECOND for value in sums.values() if value is not None], stat, within)

    return aggregate


def survival(subjects: Sequence[tuple[float, bool]]) -> list[tuple[float, Fraction]]:
    """Kaplan-Meier: [(t, S(t))] at each event time; events before censorings at ties (ruling 28)."""
    steps, s = [], Fraction(1)
    for t in sorted({t for t, happened in subjects if happened}):
        at_risk = sum(1 for other, _ in subjects if other >= t)
        events = sum(1 for other, happened in subjects if happened and other == t)
        s *= 1 - Fraction(events, at_risk)
        steps.append((t, s))
    return steps


def survival_quantile(subjects: Sequence[tuple[float, bool]], q: float) -> float | None:
    """The smallest t with S(t) <= 1 - q."""
    return next((t for t, s in survival(subjects) if s <= 1 - Fraction(str(q))), None)


def survival_at(subjects: Sequence[tuple[float, bool]], t: float) -> float:
    """S(t)."""
    s = Fraction(1)
    for at, after in survival(subjects):
        if at <= t:
            s = after
    return float(s)
