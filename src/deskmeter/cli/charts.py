"""Small pictures made of characters: a line over time, bars, and a ranking with its worst and best."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from deskmeter.cli.grid import WIDEST_NAME
from deskmeter.cli.tables import answer_tables
from deskmeter.cli.terminal import clean
from deskmeter.query.format import format_bucket, format_cell, format_value
from deskmeter.query.result import Cell, Result

_LEVELS = "▁▂▃▄▅▆▇█"
_BAR_WIDTH = 24
_SHOWN = 3  # of the worst, and of the best


def spark(values: Sequence[float | None]) -> str:
    """One character a value, from 0 to the greatest; null is a dot.

    >>> spark([0, 5, 10, None])
    '▁▅█·'
    """
    top = max((value for value in values if value is not None), default=0)
    return "".join(
        "·" if value is None else _LEVELS[round(7 * max(value, 0) / top) if top > 0 else 0] for value in values
    )


def trend_line(result: Result) -> Text:
    """The first metric over the buckets: the picture, its ends, and its least, greatest and last value."""
    metric, tz = result.metrics[0], ZoneInfo(result.zone)
    rows = [row for row in result.rows if row.period is not None]
    values = [row.cells[metric.key].value for row in rows]
    known = [value for value in values if value is not None]
    if not known:
        return Text("  nothing in this period", style="dim")
    told = [
        f"{name} {format_value(value, metric.unit, metric.decimals, metric.clock)}"
        for name, value in (("least", min(known)), ("most", max(known)), ("last", known[-1]))
    ]
    first, last = (format_bucket(row.period, result.grain, tz) for row in (rows[0], rows[-1]))
    return Text.assemble("  ", f"{first} ", (spark(values), "cyan"), f" {last}   {', '.join(told)}")


def bars(result: Result) -> Table:
    """A bar for each row of a result by one dimension; `other` and totals stand last."""
    metric = result.metrics[0]
    rows = sorted((row for row in result.rows if not row.is_total), key=lambda row: row.keys[0] == "other")
    top = max((row.cells[metric.key].value or 0 for row in rows), default=0)
    table = Table.grid(padding=(0, 1))
    table.add_column(overflow="fold", max_width=WIDEST_NAME, min_width=12)
    table.add_column(no_wrap=True, width=_BAR_WIDTH)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(style="dim", no_wrap=True)
    for row in rows:
        cell = row.cells[metric.key]
        size = round(_BAR_WIDTH * (cell.value or 0) / top) if top > 0 else 0
        name = ", ".join(clean(key) for key in row.keys)
        told = "" if metric.unit == "count" and cell.value == cell.n else f"n {cell.n:,}"
        table.add_row(Text(f"  {name}"), Text("█" * size, style="cyan"), Text(format_cell(cell, metric)), told)
    return table


def best_and_worst(result: Result, width: int) -> RenderableType:
    """The rows from worst to best by the metric's good direction; of many only the first and the last three."""
    metric = result.metrics[0]
    rows = [row for row in result.rows if not row.is_total and _is_rankable(row.cells[metric.key])]
    if not rows:
        return Text("  too few to rank", style="dim")
    rows.sort(key=lambda row: row.cells[metric.key].value or 0, reverse=metric.good == "down")
    is_cut = len(rows) > 2 * _SHOWN + 1
    kept = [*rows[:_SHOWN], *rows[-_SHOWN:]] if is_cut else rows
    table = answer_tables(replace(result, rows=tuple(kept)), width)[0]
    told = Text(f"the {_SHOWN} worst and the {_SHOWN} best of {len(rows)}", style="dim")
    return Group(table, told) if is_cut else table


def _is_rankable(cell: Cell) -> bool:
    return cell.value is not None and not cell.too_few


def steps(pairs: Sequence[tuple[str, str]]) -> Iterator[Text]:
    """Commands to try, each on a line that can be copied, with what it shows."""
    for command, what in pairs:
        yield Text.assemble((f"  {what}\n", "dim"), (f"    deskmeter {command}", "bold"))
