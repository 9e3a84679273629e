"""The whole answer: several metrics side by side, the rest as "other", totals, the comparison and its verdicts."""

from collections.abc import Sequence
from dataclasses import replace

from deskmeter.base.errors import AskerError
from deskmeter.base.time import from_micros, zone
from deskmeter.metrics.spec import Metric, Stat
from deskmeter.query.access import Access
from deskmeter.query.aggregate import statistic
from deskmeter.query.changes import change
from deskmeter.query.drill import part_values
from deskmeter.query.periods import comparison_period
from deskmeter.query.plan import OTHER
from deskmeter.query.repeats import Repeats
from deskmeter.query.request import MetricAsk, Period, Request
from deskmeter.query.result import Cell, Freshness, MetricInfo, Result, Row
from deskmeter.query.run import UNKNOWN, Key, Numbers, frame, measure

TOTAL = "total"
_ORDERED = {
    "weekday": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "age_band": ("0-1 d", "1-3 d", "3-7 d", "7-30 d", "30 d+"),
    "response_band": ("never", "<4 h", "<1 d", "<3 d", "<7 d", "7 d+"),
    "stage": ("new", "open", "pending", "hold", "solved", "closed"),
}


def answer(access: Access, request: Request, freshness: Sequence[Freshness] = ()) -> Result:
    """The result of one request: resolve, find the top, measure, compare, total, order."""
    access = replace(access, repeats=Repeats())
    keys = _metric_keys(request)
    top = _top(access, request)
    dims, has_grain = request.by, request.grain is not None
    found = [measure(access, request, ask, request.period, dims, has_grain, top) for ask in request.metrics]
    compared = _comparison(request)
    before = (
        [measure(access, request, ask, compared, dims, has_grain, top) for ask in request.metrics] if compared else []
    )
    edges = frame(access, request, request.period).edges
    rows = _rows(access, request, keys, found, before, compared, edges)
    if request.totals and (dims or has_grain):
        rows.append(_total(access, request, keys, compared))
    return Result(
        as_of=from_micros(access.as_of_us),
        zone=request.zone,
        from_at=request.period.from_at,
        to_at=request.period.to_at,
        grain=request.grain,
        by=dims,
        metrics=tuple(
            info(access.metrics[ask.id], ask, request, key) for ask, key in zip(request.metrics, keys, strict=True)
        ),
        rows=tuple(rows),
        freshness=tuple(freshness),
        notes=_notes(access, request),
        compared_from_at=compared.from_at if compared else None,
        compared_to_at=compared.to_at if compared else None,
    )


def _metric_keys(request: Request) -> list[str]:
    """A name for each column: the id, with the choices where one metric is asked twice."""
    if not request.metrics:
        raise AskerError("no metric was asked; `deskmeter metrics` lists them")
    ids = [ask.id for ask in request.metrics]
    keys: list[str] = []
    for ask in request.metrics:
        words = (
            [ask.id] if ids.count(ask.id) == 1 else [ask.id, ask.stat, ask.clock, ask.within_s and f"{ask.within_s}s"]
        )
        key = ":".join(str(word) for word in words if word)
        keys.append(key if key not in keys else f"{key}#{len(keys)}")
    return keys


def _comparison(request: Request) -> Period | None:
    if request.compare is None:
        return None
    return comparison_period(request.period, request.compare, zone(request.zone))


def _top(access: Access, request: Request) -> list[str] | None:
    """The values of the first dimension with the greatest values of the first metric."""
    if request.top is None:
        return None
    if not request.by:
        raise AskerError("`top` needs a dimension; add for instance --by reason")
    plain = replace(request, intervals=False, grain=None)
    totals = measure(access, plain, request.metrics[0], request.period, request.by[:1], False)
    ranked = sorted(
        ((cell.value if cell.value is not None else float("-inf"), key[0]) for (key, _), cell in totals.cells.items()),
        key=lambda pair: (-pair[0], pair[1]),
    )
    return [value for _, value in ranked[: request.top]]


def _rows(
    access: Access, request: Request, keys: list[str], found: list[Numbers], before: list[Numbers],
    compared: Period | None, edges: tuple[int, ...],
) -> list[Row]:  # fmt: skip
    groups: dict[Key, None] = {}
    for numbers in found:
        for group, _ in numbers.cells:
            groups[group] = None
    ordered = sorted(groups, key=lambda group: _order(request, found[0], group))
    rows = []
    buckets = range(len(edges) - 1)
    starts = [from_micros(edges[bucket]) if request.grain else None for bucket in buckets]
    nothing = [_empty(numbers.metric) for numbers in found]
    ahead = [UNKNOWN if numbers.metric.is_stock else none for numbers, none in zip(found, nothing, strict=True)]
    for group in ordered:
        for bucket in buckets:
            empty = ahead if edges[bucket] > access.as_of_us else nothing
            cells = {}
            for index, key in enumerate(keys):
                cell = found[index].cells.get((group, bucket), empty[index])
                if compared:
                    then = before[index].cells.get((group, bucket), empty[index])
                    cell = _compared(access, request, request.metrics[index], found[index], cell, then, group, compared)
                cells[key] = cell
            rows.append(Row(group, starts[bucket], cells))
    return rows


def _order(request: Request, first: Numbers, group: Key) -> tuple[object, ...]:
    """Time and bands in their own order; other dimensions by the first metric, the greatest first; the rest last."""
    if not request.by:
        return ()
    names = _ORDERED.get(request.by[0].removesuffix("_then"))
    if names or request.by[0] == "hour" or request.grain or len(request.by) > 1:
        place = names.index(group[0]) if names and group[0] in names else len(names or ())
        return (group[0] == OTHER, place, group)
    cell = first.cells.get((group, 0))
    value = cell.value if cell is not None and cell.value is not None else float("-inf")
    return (group[0] == OTHER, -value, group)


def _empty(metric: Metric) -> Cell:
    kind = type(metric.aggregate).__name__
    is_zero = kind in ("Count", "TimeMean") or (kind == "Sum" and metric.aggregate.empty == 0)  # type: ignore[union-attr]
    return Cell(0.0 if is_zero else None, 0)


def _compared(
    access: Access,
    request: Request,
    ask: MetricAsk,
    numbers: Numbers,
    cell: Cell,
    then: Cell,
    group: Key,
    compared: Period,
) -> Cell:
    metric = numbers.metric

    def daily() -> tuple[list[int], list[int]]:
        both = []
        for period in (request.period, compared):
            plain = replace(request, grain="day", intervals=False, by=request.by)
            days = measure(access, plain, ask, period, request.by, True)
            both.append([int(day.value or 0) for (key, _), day in sorted(days.cells.items()) if key == group])
        return both[0], both[1]

    def values() -> tuple[list[float], list[float]]:
        return (
            part_values(access, request, ask, request.period, group),
            part_values(access, request, ask, compared, group),
        )

    # verdicts on lengths and counts read the rows again: for whole periods only, not for every point of a chart
    is_whole = request.grain is None and OTHER not in group and request.intervals
    verdict = change(metric, numbers.stat, cell, then, daily if is_whole else None, values if is_whole else None)
    return replace(cell, previous=then.value, previous_n=then.n, change=verdict)


def _total(access: Access, request: Request, keys: list[str], compared: Period | None) -> Row:
    """Measured anew over all rows: distinct things and quantiles do not add up."""
    plain = replace(request, by=(), grain=None, top=None)
    cells = {}
    for ask, key in zip(request.metrics, keys, strict=True):
        numbers = measure(access, plain, ask, request.period, (), False)
        cell = numbers.cells[(), 0]
        if compared:
            then = measure(access, plain, ask, compared, (), False).cells[(), 0]
            cell = _compared(access, plain, ask, numbers, cell, then, (), compared)
        cells[key] = cell
    return Row(tuple(TOTAL if index == 0 else "" for index in range(len(request.by))), None, cells, is_total=True)


def info(metric: Metric, ask: MetricAsk, request: Request, key: str) -> MetricInfo:
    """What stands beside every number of `metric` in this answer."""
    stat = statistic(metric, ask.stat)
    clock = (ask.clock or request.clock) if metric.clocks else None
    if clock and clock not in metric.clocks:
        raise AskerError(f"`{metric.id}` runs by the {metric.clocks[0]} clock alone")
    within = ask.within_s if ask.within_s is not None else metric.default_within_s
    unit = "share" if stat == "share_within" else metric.unit
    shown = f"{stat} {within} s" if stat == "share_within" else stat
    if within is not None and not isinstance(metric.aggregate, Stat):
        shown = f"{stat}, T = {within} s"
    return MetricInfo(
        key, metric.id, metric.label, unit, metric.basis, metric.credit, clock, shown, metric.definition, metric.version,
        metric.good, metric.decimals,
    )  # fmt: skip


def _notes(access: Access, request: Request) -> tuple[str, ...]:
    notes: dict[str, None] = {}
    for ask in request.metrics:
        for note in access.metrics[ask.id].notes:
            notes[f"{ask.id}: {note}"] = None
    if request.period.to_at > from_micros(access.as_of_us):
        notes["the period is not over: nothing after as_of is counted"] = None
    return tuple(notes)


def values_of(access: Access, request: Request, dimension: str) -> tuple[str, ...]:
    """All values of a dimension in the period, for filters."""
    ask = MetricAsk("tickets_created")
    plain = replace(request, metrics=(ask,), by=(dimension,), grain=None, intervals=False, compare=None)
    found = measure(access, plain, ask, request.period, (dimension,), False)
    return tuple(sorted(key[0] for key, _ in found.cells))
