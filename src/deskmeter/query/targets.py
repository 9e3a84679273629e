"""Targets held against the numbers: which periods met theirs, and what a target could be (rulings 52, 59)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Protocol
from zoneinfo import ZoneInfo

from deskmeter.base.errors import AskerError
from deskmeter.base.time import Grain, add_grains, floor_date, from_micros, start_of_day, zone
from deskmeter.canon.vocab import NONE, UNATTRIBUTED
from deskmeter.metrics.targets import TARGET_DIMENSIONS, Target, in_force
from deskmeter.query.access import Access
from deskmeter.query.finish import TOO_FEW
from deskmeter.query.request import Filter, MetricAsk, Period, Request
from deskmeter.query.result import Cell, DrillResult, MetricInfo
from deskmeter.stats.intervals import wilson
from deskmeter.stats.quantile import quantile

PROPOSED_FROM = 8  # complete periods that a proposal looks at
PROPOSED_NEEDS = 4  # values among them that it needs
NO_TARGETS = "this desk has no targets; write them into targets.yml"
Key = tuple[str, ...]


class Measured(Protocol):
    """What `run.measure` gives: cells by (dimension values, bucket)."""

    @property
    def cells(self) -> Mapping[tuple[Key, int], Cell]: ...


class Measure(Protocol):
    """`run.measure`, which asks this file about targets and is asked by it about everything else."""

    def __call__(
        self, access: Access, request: Request, ask: MetricAsk, period: Period, dims: Key, has_grain: bool
    ) -> Measured: ...


@dataclass(frozen=True)
class TargetPeriod:
    """One period in which a target was in force. `value` None: the metric has no value in it."""

    target: Target
    from_at: datetime
    to_at: datetime
    value: float | None

    @property
    def is_met(self) -> bool:
        """Whether there is a value and it meets the target."""
        return self.value is not None and self.target.is_met(self.value)


@dataclass(frozen=True)
class Proposal:
    """What a target could be: the 75th percentile in the good direction; None: fewer than 4 values."""

    value: float | None
    n: int
    periods_n: int
    is_least: bool  # the value is the least to reach, else the most to stay under


def target_periods(access: Access, request: Request, period: Period, measure: Measure) -> tuple[TargetPeriod, ...]:
    """Every whole period inside `period`, ended by `as_of`, with each target that was in force at its first instant.

    | target                     | from       | to         | value | is_met |
    |----------------------------|------------|------------|-------|--------|
    | csat at least 85% by month | 2026-03-01 | 2026-04-01 | 0.91  | True   |
    """
    wanted = [target for target in access.targets if _is_wanted(target, request.where)]
    tz = zone(request.zone)
    found: list[TargetPeriod] = []
    for series in dict.fromkeys(target.series for target in wanted):
        mine = [target for target in wanted if target.series == series]
        whole = list(_whole(period, mine[0].grain, tz, request.week_start, from_micros(access.as_of_us)))
        holding = [in_force(mine, start.astimezone(tz).date()) for start, _ in whole]
        if any(holding):
            values = _values(access, request, mine[0], Period(whole[0][0], whole[-1][1]), measure)
            for number, (start, end) in enumerate(whole):
                found.extend(TargetPeriod(target, start, end, values.get(number)) for target in holding[number])
    return tuple(found)


def attainment(
    access: Access, request: Request, period: Period, dims: Key, edges: Sequence[int], measure: Measure
) -> dict[tuple[Key, int], Cell]:
    """Periods that met their target / periods with a value, by dimensions and bucket.

    A bucket counts the target's periods that lie wholly inside it: a cell by month is the answer for that month alone.

    Args:
        edges: the buckets' edges in microseconds, one more than there are buckets.
    """
    rows = target_periods(access, request, period, measure)
    groups: dict[tuple[Key, int], list[TargetPeriod]] = {}
    bounds = [from_micros(edge) for edge in edges]
    for bucket, (start, end) in enumerate(pairwise(bounds)):
        if not dims:
            groups[(), bucket] = []
        for row in rows:
            if start <= row.from_at and row.to_at <= end:
                key = tuple(_word(row.target, id) for id in dims)
                groups.setdefault((key, bucket), []).append(row)
    notes = () if access.targets else (NO_TARGETS,)
    return {place: replace(_cell(members), notes=notes) for place, members in groups.items()}


def listed_periods(
    access: Access, request: Request, metric_info: MetricInfo, cell: Cell, limit: int | None, measure: Measure
) -> DrillResult:
    """The targets' periods with a value behind a cell; their numerators and denominators add up to its parts."""
    rows = [row for row in target_periods(access, request, request.period, measure) if row.value is not None]
    shown = tuple(_listed(row) for row in (rows if limit is None else rows[:limit]))
    top = float(sum(row.is_met for row in rows))
    return DrillResult(metric_info, _COLUMNS, shown, len(rows), top, float(len(rows)), cell.value)


_COLUMNS = (
    "target", "target_metric", "team", "agent", "from", "to", "value", "at_least", "at_most", "numerator",
    "denominator",
)  # fmt: skip


def _listed(row: TargetPeriod) -> tuple[object, ...]:
    target = row.target
    return (
        target.name, target.metric, target.team, target.agent, row.from_at, row.to_at, row.value, target.low,
        target.high, int(row.is_met), 1,
    )  # fmt: skip


def propose(access: Access, request: Request, ask: MetricAsk, grain: Grain, measure: Measure) -> Proposal:
    """A target for a metric from its last 8 complete periods of `grain`; `request` gives zone and filters.

    Raises:
        AskerError: neither direction of the metric is the good one.
    """
    metric = access.metrics[ask.id]
    if metric.good == "neither":
        raise AskerError(f"`{metric.id}` has no good direction that a target could follow")
    tz = zone(request.zone)
    as_of = from_micros(access.as_of_us)
    last = floor_date(as_of.astimezone(tz).date(), grain, request.week_start)
    first = add_grains(last, grain, -PROPOSED_FROM)
    period = Period(start_of_day(first, tz), start_of_day(last, tz))
    plain = _plain(request, ask, grain, request.where)
    cells = measure(access, plain, ask, period, (), True).cells
    values = [cell.value for cell in cells.values() if cell.value is not None]
    is_least = metric.good == "up"
    if len(values) < PROPOSED_NEEDS:
        return Proposal(None, len(values), PROPOSED_FROM, is_least)
    return Proposal(quantile(values, 0.75 if is_least else 0.25), len(values), PROPOSED_FROM, is_least)


def _whole(
    period: Period, grain: Grain, tz: ZoneInfo, week_start: int, as_of: datetime
) -> Iterator[tuple[datetime, datetime]]:
    day = floor_date(period.from_at.astimezone(tz).date(), grain, week_start)
    while (start := start_of_day(day, tz)) < period.to_at:
        day = add_grains(day, grain, 1)
        end = start_of_day(day, tz)
        if period.from_at <= start and end <= period.to_at and end <= as_of:
            yield start, end


def _values(
    access: Access, request: Request, target: Target, period: Period, measure: Measure
) -> dict[int, float | None]:
    """The metric's value in each period of the target's grain."""
    scope = [Filter("team", "=", (target.team,))] if target.team is not None else []
    scope += [Filter("agent", "=", (target.agent,))] if target.agent is not None else []
    ask = MetricAsk(target.metric, target.stat, target.clock, target.within_s)
    plain = _plain(request, ask, target.grain, tuple(scope))
    try:
        cells = measure(access, plain, ask, period, (), True).cells
    except AskerError as error:
        raise AskerError(f"target `{target.name}`: {error}") from error
    return {bucket: cell.value for (_, bucket), cell in cells.items()}


def _plain(request: Request, ask: MetricAsk, grain: Grain, where: tuple[Filter, ...]) -> Request:
    return replace(
        request, metrics=(ask,), by=(), grain=grain, where=where, intervals=False, compare=None, top=None, totals=False
    )


def _cell(rows: Sequence[TargetPeriod]) -> Cell:
    n = sum(row.value is not None for row in rows)
    met = sum(row.is_met for row in rows)
    if n == 0:
        return Cell(None, 0, numerator=0.0, denominator=0.0)
    bounds = wilson(met, n)
    return Cell(met / n, n, bounds.low, bounds.high, float(met), float(n), too_few=n < TOO_FEW)


def _word(target: Target, dimension: str) -> str:
    words = {"target": target.name, "target_metric": target.metric, "team": target.team, "agent": target.agent}
    return words[dimension] or (UNATTRIBUTED if dimension in ("team", "agent") else NONE)


def _is_wanted(target: Target, where: Sequence[Filter]) -> bool:
    return all(_meets(_word(target, one.dimension), one) for one in where if one.dimension in TARGET_DIMENSIONS)


def _meets(word: str, condition: Filter) -> bool:
    operator, values = condition.operator, condition.values
    if operator in ("=", "in"):
        return word in values
    if operator in ("!=", "not in"):
        return word not in values
    if operator == "contains":
        return values[0].lower() in word.lower()
    if operator in ("null", "not null"):
        return (word in (NONE, UNATTRIBUTED)) == (operator == "null")
    raise AskerError(f"`{operator}` does not go with `{condition.dimension}`; write = or in")
