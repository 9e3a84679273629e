"""Answers in a notebook: a plain HTML table with what must stand beside the numbers."""

from collections.abc import Iterator, Sequence
from html import escape
from zoneinfo import ZoneInfo

from deskmeter.query.export import Grid
from deskmeter.query.format import (
    format_at,
    format_bucket,
    format_cell,
    format_cell_interval,
    format_change,
    format_span,
    format_verdict,
)
from deskmeter.query.result import Cell, MetricInfo, Result

_SHOWN = 200  # rows; a notebook with more is no longer read


def result_html(result: Result) -> str:
    """The answer as HTML; every text from the data is escaped."""
    tz = ZoneInfo(result.zone)
    heads = [*result.by, *([result.grain] if result.grain else [])]
    for metric in result.metrics:
        heads += [metric.label, "n", "95 %", *(["change"] if result.compared_from_at else [])]
    rows = []
    for row in result.rows[:_SHOWN]:
        cells = [*row.keys, *([format_bucket(row.period, result.grain, tz)] if result.grain else [])]
        for metric in result.metrics:
            cells += _cells(row.cells[metric.key], metric, result.compared_from_at is not None)
        rows.append(cells)
    return _table(heads, rows) + _more(len(result.rows)) + "".join(_notes(result, tz))


def grid_html(grid: Grid) -> str:
    """A grid as HTML."""
    rows = [["" if value is None else str(value) for value in row] for row in grid.rows[:_SHOWN]]
    return _table([column.name for column in grid.columns], rows) + _more(len(grid.rows))


def _cells(cell: Cell, metric: MetricInfo, is_compared: bool) -> list[str]:
    change = f"{format_change(cell.change, metric)} {format_verdict(cell.change)}".strip()
    return [
        format_cell(cell, metric),
        f"{cell.n:,}",
        format_cell_interval(cell, metric),
        *([change] if is_compared else []),
    ]


def _notes(result: Result, tz: ZoneInfo) -> Iterator[str]:
    for metric in result.metrics:
        told = f" Filed by {metric.date_basis}, credit {metric.credit}, {metric.statistic}, version {metric.version}."
        yield f"<p><b>{escape(metric.id)}</b> {escape(metric.definition + told)}</p>"
    span = f"{format_span(result.from_at, result.to_at, tz)}, as of {format_at(result.as_of, tz)} {result.zone}"
    yield f"<p>{escape(span)}</p>"
    for note in result.notes:
        yield f"<p>{escape(note)}</p>"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _more(count: int) -> str:
    return f"<p>and {count - _SHOWN:,} more rows</p>" if count > _SHOWN else ""
