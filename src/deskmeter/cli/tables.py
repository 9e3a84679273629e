"""Answers as tables that fit the terminal: columns are folded into one another before anything is cut.

A single metric gets a column a part (value, n, interval, before, change) as long as they fit; else, and for several
metrics, each metric is one column whose cells stack the parts; metrics that do not fit side by side go below.
Without rows to name, the metrics themselves are the rows.
"""

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from deskmeter.cli.grid import GAP, WIDEST_NAME, Column, draw, fitted, total_width
from deskmeter.cli.terminal import clean
from deskmeter.query.format import (
    NULL,
    format_at,
    format_bucket,
    format_cell,
    format_cell_interval,
    format_change,
    format_duration,
    format_span,
    format_value,
    format_verdict,
)
from deskmeter.query.result import Cell, MetricInfo, Result

_VERDICT_STYLES = {"better": "green", "worse": "red"}
_CHOSEN = ("mean", "median", "p75", "p90", "p95", "sum", "share within")  # statistics that a title must name


def answer(result: Result, width: int) -> RenderableType:
    """The whole answer: title, tables, and the lines that must stand beside every number."""
    return Group(title(result), "", *answer_tables(result, width), "", *footer(result))


def title(result: Result) -> Text:
    """Which metrics, split how, over which period and compared with which."""
    tz = ZoneInfo(result.zone)
    split = [*result.by, *([result.grain] if result.grain else [])]
    text = Text(clean(", ".join(metric_title(metric) for metric in result.metrics)), style="bold")
    text.append(f"\n{'by ' + ', '.join(split) + ', ' if split else ''}", style="not bold")
    text.append(f"{format_span(result.from_at, result.to_at, tz)}, {result.zone}", style="not bold")
    if result.compared_from_at is not None and result.compared_to_at is not None:
        before = format_span(result.compared_from_at, result.compared_to_at, tz)
        text.append(f"\ncompared with {before}", style="not bold")
    return text


def metric_title(metric: MetricInfo) -> str:
    """The metric's label with the statistic and clock where it has a choice of them.

    >>> metric_title(MetricInfo("x", "x", "First reply time", "seconds", "", "", "business", "p90", "", "1", "down"))
    'First reply time (p90, business)'
    """
    return f"{metric.label} ({_choices(metric)})" if _choices(metric) else metric.label


def answer_tables(result: Result, width: int) -> list[Table]:
    """The tables alone, each at most `width` wide."""
    if not result.rows:
        return []
    if not result.by and not result.grain:
        return [metrics_table([(metric, result.rows[0].cells[metric.key]) for metric in result.metrics], width)]
    keys = _key_columns(result)
    totals = frozenset(place for place, row in enumerate(result.rows) if row.is_total)
    if len(result.metrics) == 1:
        wide = fitted([*keys, *_part_columns(_pairs(result, result.metrics[0]))], width)
        if total_width(wide) <= width:
            return [draw(wide, width, totals)]
    stacks = [_stack_column(result, metric) for metric in result.metrics]
    return [draw([*keys, *block], width, totals) for block in _blocks(keys, stacks, width)]


def metrics_table(pairs: Sequence[tuple[MetricInfo, Cell]], width: int) -> Table:
    """One row a metric: value, n, interval, the value before and the change."""
    names = tuple(Text("\n".join(_head_lines(metric))) for metric, _ in pairs)
    columns = fitted([Column("Metric", names, flexible=True), *_part_columns(pairs)], width)
    return draw(columns, width)


def footer(result: Result) -> Iterator[Text]:
    """Definition, date basis, credit, clock and version of each metric; as_of, zone, freshness; notes."""
    for metric in {metric.id: metric for metric in result.metrics}.values():
        yield _definition(metric)
    yield as_of_line(result)
    if not result.rows:
        yield Text("No rows: nothing happened in this period, or the filters leave nothing.", style="yellow")
    last = max((fresh.last_event_at for fresh in result.freshness if fresh.last_event_at is not None), default=None)
    if last is not None and last < result.from_at:
        told = format_at(last, ZoneInfo(result.zone))
        yield Text(f"The data end at {told}, before this period; try --period all.", style="yellow")
    for note in dict.fromkeys((*result.notes, *_cell_notes(result))):
        yield Text(f"Note: {clean(note)}", style="dim")


def as_of_line(result: Result) -> Text:
    """The instant of the answer, the zone, and how fresh each source is."""
    tz = ZoneInfo(result.zone)
    parts = [f"As of {format_at(result.as_of, tz)} {result.zone}"]
    parts += [f"{clean(fresh.source)} has data to {format_at(fresh.last_event_at, tz)}" for fresh in result.freshness]
    return Text("; ".join(parts) + ".", style="dim")


def _definition(metric: MetricInfo) -> Text:
    text = Text(f"{metric.id}: ", style="bold")
    text.append(clean(metric.definition.rstrip(".")) + ".", style="not bold dim")
    text.append(f" Filed by: {metric.date_basis}.", style="not bold dim")
    credit = metric.credit.replace("_", " ")
    clock = f" Clock: {metric.clock}." if metric.clock else ""
    text.append(f"{f' Credit: {credit}.' if credit else ''}{clock} Version {metric.version}.", style="not bold dim")
    return text


def _cell_notes(result: Result) -> Iterator[str]:
    for metric in result.metrics:
        cells = [row.cells[metric.key] for row in result.rows if not row.is_total]
        maturing = sum(cell.maturing or 0 for cell in cells)
        if maturing:
            yield f"{metric.id}: {maturing:,} still maturing; the days to come may change them"
        if any(cell.n_open for cell in cells):
            last = [cell.n_open or 0 for cell in cells] if not result.grain else [max(c.n_open or 0 for c in cells)]
            yield f"{metric.id}: {sum(last):,} still running at the end, in no value yet"
        for cell in cells:
            yield from cell.notes


def _key_columns(result: Result) -> list[Column]:
    """The names of the rows; a name that only repeats the one above is left blank."""
    tz = ZoneInfo(result.zone)
    names = [
        (*row.keys, *([format_bucket(row.period, result.grain, tz)] if result.grain else [])) for row in result.rows
    ]
    heads = [*result.by, *(["week of" if result.grain == "week" else result.grain] if result.grain else [])]
    columns = []
    for place, head in enumerate(heads):
        is_last = place == len(heads) - 1
        told = [
            "" if not is_last and above is not None and above[: place + 1] == name[: place + 1] else clean(name[place])
            for above, name in zip([None, *names], names, strict=False)
        ]
        folded = tuple(Text(text) for text in (_folded(text) for text in told))
        columns.append(Column(clean(head), folded, flexible=True))
    return columns


def _folded(name: str) -> str:
    """A long name cut into lines, so that its column does not press the numbers out."""
    return "\n".join(name[start : start + WIDEST_NAME] for start in range(0, len(name), WIDEST_NAME))


def _part_columns(pairs: Sequence[tuple[MetricInfo, Cell]]) -> list[Column]:
    """Value, n, interval, before and change, each only where some cell has it."""
    columns = [Column("Value", tuple(_value_text(cell, metric) for metric, cell in pairs), "right")]
    if not all(_is_its_own_n(cell, metric) for metric, cell in pairs):
        columns.append(Column("n", tuple(Text(f"{cell.n:,}") for _, cell in pairs), "right"))
    if any(cell.low is not None for _, cell in pairs):
        intervals = tuple(Text(format_cell_interval(cell, metric)) for metric, cell in pairs)
        columns.append(Column("95 % interval", intervals, "right"))
    if any(cell.change is not None or cell.previous is not None for _, cell in pairs):
        before = tuple(Text(_before(cell, metric)) for metric, cell in pairs)
        columns.append(Column("Before", before, "right", spare=True))
        columns.append(Column("Change", tuple(_change_text(cell, metric) for metric, cell in pairs)))
    return columns


def _stack_column(result: Result, metric: MetricInfo) -> Column:
    cells = tuple(_stack(cell, metric) for metric, cell in _pairs(result, metric))
    return Column("\n".join(_head_lines(metric)), cells, "right")


def _stack(cell: Cell, metric: MetricInfo) -> Text:
    """The parts of a cell one under the other: value and n, interval, change."""
    text = _value_text(cell, metric)
    if not _is_its_own_n(cell, metric):
        text.append(f"  n {cell.n:,}", style="dim")
    if cell.low is not None:
        text.append(f"\n{format_cell_interval(cell, metric)}", style="dim")
    if cell.change is not None:
        text.append("\n")
        text.append_text(_change_text(cell, metric))
    return text


def _blocks(keys: Sequence[Column], stacks: Sequence[Column], width: int) -> Iterator[list[Column]]:
    """The metrics in groups that fit beside the keys."""
    block: list[Column] = []
    used = start = total_width(keys)
    for column in stacks:
        if block and used + GAP + column.width > width:
            yield block
            block, used = [], start
        block.append(column)
        used += GAP + column.width
    yield block


def _pairs(result: Result, metric: MetricInfo) -> list[tuple[MetricInfo, Cell]]:
    return [(metric, row.cells[metric.key]) for row in result.rows]


def _choices(metric: MetricInfo) -> str:
    """The statistic, its limit and the clock, where there is a choice of them."""
    name, _, limit = metric.statistic.partition(", ")
    if name.startswith("share_within "):
        name = f"share within {format_duration(float(name.split()[1]))}"
    return ", ".join(word for word in (name if name.startswith(_CHOSEN) else "", limit, metric.clock) if word)


def _head_lines(metric: MetricInfo) -> list[str]:
    return [clean(metric.label), *([clean(_choices(metric))] if _choices(metric) else [])]


def _is_its_own_n(cell: Cell, metric: MetricInfo) -> bool:
    return metric.unit == "count" and cell.value == cell.n


def _value_text(cell: Cell, metric: MetricInfo) -> Text:
    return Text(format_cell(cell, metric), style="dim" if cell.too_few or cell.value is None else "")


def _before(cell: Cell, metric: MetricInfo) -> str:
    return NULL if cell.previous is None else format_value(cell.previous, metric.unit, metric.decimals, metric.clock)


def _change_text(cell: Cell, metric: MetricInfo) -> Text:
    """The change and what may be said of it; within noise the words alone, for an arrow would say too much."""
    verdict = format_verdict(cell.change)
    if verdict in ("no clear change", "too few"):
        return Text(verdict, style="dim")
    return Text(f"{format_change(cell.change, metric)} {verdict}".strip(), style=_VERDICT_STYLES.get(verdict, ""))
