"""From the engine's numbers per group to cells: value, n, interval, both parts of a ratio."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from deskmeter.metrics.spec import (
    Count,
    Formula,
    Metric,
    Nps,
    Ratio,
    Share,
    Stat,
    Sum,
    Survival,
    TimeMean,
)
from deskmeter.query.aggregate import QUANTILES
from deskmeter.query.result import Cell
from deskmeter.stats.intervals import Interval, NpsCounts, nps, wilson
from deskmeter.stats.survival import kaplan_meier_counts

TOO_FEW = 5
MONTH_S = 30.4375 * 86_400

Numbers = Mapping[str, float | None]


@dataclass(slots=True)
class Group:
    """All that the engine gave for one group: named numbers, and for survival the curve's steps."""

    numbers: dict[str, float | None] = field(default_factory=dict)
    steps: list[tuple[int, int, int]] = field(default_factory=list)  # length_s, events, censored


@dataclass(frozen=True)
class Choice:
    """What was chosen for a metric: its statistic, the limit of a share within x, the bucket's length."""

    stat: str
    within_s: int | None
    bucket_us: int
    months: float | None = None


def finish(metric: Metric, group: Group, choice: Choice) -> Cell:
    """The cell of one group; an empty group is 0 for counts and null for all else (ruling 7).

    Null too where the group holds more than one scale, site or currency that must not be pooled (ruling 34).
    """
    cell = _finished(metric, group, choice)
    mixed = [id for id in metric.splits_by if _is_mixed(id, group.numbers)]
    if mixed:
        words = " and ".join(f"more than one {id}; split by `{id}`" for id in mixed)
        return Cell(None, cell.n, notes=(words,))
    notes = [
        beside.text.format(n=_whole(group.numbers.get(f"beside_{number}")))
        for number, beside in enumerate(metric.beside)
        if group.numbers.get(f"beside_{number}")
    ]
    return replace(cell, notes=(*cell.notes, *notes)) if notes else cell


def _is_mixed(id: str, numbers: Numbers) -> bool:
    names = (name for name in numbers if name.startswith("mixed_") and name.endswith(f"_{id}"))
    return any((numbers[name] or 0) > 1 for name in names)


def _finished(metric: Metric, group: Group, choice: Choice) -> Cell:
    aggregate = metric.aggregate
    numbers = group.numbers
    if isinstance(aggregate, Count):
        n = _whole(numbers.get("n"))
        return Cell(float(n), n)
    if isinstance(aggregate, Sum):
        total = numbers.get("value")
        total = aggregate.empty if total is None else total / aggregate.divisor
        return Cell(total, _whole(numbers.get("n")))
    if isinstance(aggregate, Share):
        return _share(numbers, aggregate.is_countable)
    if isinstance(aggregate, Ratio):
        return _ratio(numbers, aggregate)
    if isinstance(aggregate, Stat):
        return _statistic(aggregate, numbers, choice)
    if isinstance(aggregate, Nps):
        return _nps(numbers)
    if isinstance(aggregate, Survival):
        return _survival(aggregate, group, choice)
    if isinstance(aggregate, Formula):
        return _formula(aggregate, numbers)
    if isinstance(aggregate, TimeMean):
        if choice.bucket_us <= 0:
            return Cell(None, 0)
        time_s, bucket_s = (numbers.get("time_us") or 0.0) / 1e6, choice.bucket_us / 1e6
        return Cell(time_s / bucket_s, _whole(numbers.get("n")), numerator=time_s, denominator=bucket_s)
    n = _whole(numbers.get("n"))
    return Cell(float(n), n)


def _whole(value: float | None) -> int:
    return int(value or 0)


def _share(numbers: Numbers, is_countable: bool) -> Cell:
    hits, n = _whole(numbers.get("numerator")), _whole(numbers.get("denominator"))
    maturing = numbers.get("maturing")
    bounds = wilson(hits, n) if is_countable and n else Interval(None, None)
    return Cell(
        hits / n if n else None, n, bounds.low, bounds.high, float(hits), float(n),
        maturing=None if maturing is None else int(maturing), too_few=n < TOO_FEW,
    )  # fmt: skip


def _ratio(numbers: Numbers, ratio: Ratio) -> Cell:
    top = (numbers.get("numerator") or 0.0) / ratio.top_divisor
    bottom = (numbers.get("denominator") or 0.0) / ratio.bottom_divisor
    n = _whole(numbers.get("n")) if ratio.n_key else int(bottom)
    if numbers.get("numerator", 0.0) is None:  # there are rows, and none of them has a known value
        return Cell(None, n, denominator=bottom)
    bounds = wilson(int(top), n) if ratio.is_share and n > 0 and top <= n else Interval(None, None)
    return Cell(top / bottom if bottom else None, n, bounds.low, bounds.high, top, bottom)


def _statistic(stat: Stat, numbers: Numbers, choice: Choice) -> Cell:
    n = _whole(numbers.get("n"))
    n_open = _whole(numbers.get("n_open")) if stat.running is not None else None
    total = numbers.get("total")
    if n == 0:
        return Cell(None, 0, n_open=n_open)
    if choice.stat == "share_within":
        hits = _whole(numbers.get("numerator"))
        bounds = wilson(hits, n)
        return Cell(hits / n, n, bounds.low, bounds.high, float(hits), float(n), n_open=n_open)
    if choice.stat in QUANTILES:
        return Cell(numbers.get("quantile"), n, numbers.get("low"), numbers.get("high"), n_open=n_open)
    assert total is not None
    if choice.stat == "sum":
        return Cell(total, n, n_open=n_open)
    return Cell(total / n, n, numerator=total, denominator=float(n), n_open=n_open)


def _nps(numbers: Numbers) -> Cell:
    n = _whole(numbers.get("n"))
    if n == 0:
        return Cell(None, 0)
    promoters, detractors = _whole(numbers.get("promoters")), _whole(numbers.get("detractors"))
    bounds = nps(NpsCounts(promoters, n - promoters - detractors, detractors))
    return Cell(
        100 * (promoters - detractors) / n, n, bounds.low, bounds.high, float(promoters - detractors), float(n),
        too_few=n < TOO_FEW, promoters=promoters, detractors=detractors,
    )  # fmt: skip


def _survival(survival: Survival, group: Group, choice: Choice) -> Cell:
    steps = sorted(group.steps)
    n = sum(events + censored for _, events, censored in steps)
    if n == 0:
        return Cell(None, 0)
    curve = kaplan_meier_counts(
        [length for length, _, _ in steps], [events for _, events, _ in steps], [censored for _, _, censored in steps]
    )
    seen = float(sum(events for _, events, _ in steps))
    if survival.read == "quantile":
        q = QUANTILES[choice.stat]
        bounds = curve.quantile_interval(q)
        return Cell(curve.quantile(q), n, bounds.low, bounds.high, seen, float(n), n_open=n - int(seen))
    at = (choice.months or 12.0) * MONTH_S
    bounds = curve.interval_at(at)
    return Cell(curve.at(at), n, bounds.low, bounds.high, seen, float(n), n_open=n - int(seen))


def _formula(formula: Formula, numbers: Numbers) -> Cell:
    known = {measure.name: float(numbers.get(measure.name) or 0.0) for measure in formula.measures}
    n = int(known.get(formula.n or formula.measures[0].name, 0.0))
    top = formula.numerator(known) if formula.numerator else None
    bottom = formula.denominator(known) if formula.denominator else None
    bounds = Interval(None, None)
    if formula.interval == "wilson" and top is not None and bottom and 0 <= top <= bottom:
        bounds = wilson(int(top), int(bottom))
    return Cell(formula.value(known), n, bounds.low, bounds.high, top, bottom)
