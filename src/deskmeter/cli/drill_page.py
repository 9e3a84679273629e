"""The rows behind a number in a terminal: the columns that tell most, as many as fit, and what they add up to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich import box
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from deskmeter.cli.grid import GAP
from deskmeter.cli.terminal import clean
from deskmeter.query.export import Kind, drill_grid
from deskmeter.query.format import NULL, format_value
from deskmeter.query.result import DrillResult

MEASURES = ("value", "count", "numerator", "denominator")  # what a row gives to the number
_NAMES = ("ticket", "id")
_PEOPLE = ("agent", "author", "assignee", "owner")  # the first that there is has the credit
_STEM = 5  # letters that resolved and resolution share
_WHOLE_NAME = 20
_WHOLE_WORD = 12  # a longer word may be broken, as may a longer name of a column
_MOST_LINES = 3  # a text is given the width that folds it into so many lines, up to
_WIDE_TEXT = 40


@dataclass(frozen=True)
class _Shown:
    """One column as texts, the width that breaks no word of it, and the width that folds nothing."""

    name: str
    kind: Kind
    cells: tuple[str, ...]
    least: int
    natural: int


def drill_page(drill: DrillResult, width: int, named: Sequence[str] = ()) -> RenderableType:
    """The rows, and what they add up to.

    Args:
        named: the dimensions of the question, by which it is split or filtered.
    """
    columns = _columns(drill)
    shown = _chosen(columns, width, _wanted(drill, named))
    value = format_value(drill.value, drill.metric.unit, drill.metric.decimals, drill.metric.clock)
    told = f"{drill.metric.label}: {value}, n {drill.total_n:,}"
    if drill.denominator is not None and drill.numerator is not None:
        told += f" ({drill.numerator:,.10g} / {drill.denominator:,.10g})"
    parts: list[RenderableType] = [Text(clean(told), style="bold")]
    if shown:
        parts.append(_table(shown, width, len(drill.rows)))
    missing = drill.total_n - len(drill.rows)
    if missing > 0:
        parts.append(Text(f"{missing:,} more rows; --limit N or --out FILE gives them", style="dim"))
    left_out = [column.name for column in columns if column not in shown]
    if left_out:
        has = "has it" if len(left_out) == 1 else "have them"
        parts.append(Text(f"Left out here: {', '.join(left_out)}; --csv, --json or --out FILE {has}", style="dim"))
    return Group(*parts)


def _columns(drill: DrillResult) -> list[_Shown]:
    grid = drill_grid(drill)
    found = []
    for place, column in enumerate(grid.columns):
        cells = tuple(clean(_text(row[place])) for row in grid.rows)
        name = clean(column.name)
        natural = max(cell_len(text) for text in (name, *cells))
        found.append(_Shown(name, column.kind, cells, _least(name, column.kind, cells), natural))
    return found


def _least(name: str, kind: Kind, cells: Sequence[str]) -> int:
    """Numbers and instants are never folded; of texts every word that is not very long stays whole."""
    head = min(cell_len(name), _WHOLE_NAME)
    if kind != "text":
        return max(head, *(cell_len(text) for text in cells), 0)
    word = max((cell_len(word) for text in cells for word in text.split()), default=0)
    longest = max((cell_len(text) for text in cells), default=0)
    return max(head, min(word, _WHOLE_WORD), min(-(-longest // _MOST_LINES), _WIDE_TEXT))


def _wanted(drill: DrillResult, named: Sequence[str]) -> list[str]:
    """What a reader wants first: what it is, when, whose, how much, and the question's own dimensions."""
    name = next((name for name in _NAMES if name in drill.columns), "")
    agent = next((name for name in _PEOPLE if name in drill.columns), _of_then(drill, "agent"))
    team = _of_then(drill, "team")
    return [name, "at", agent, team, *MEASURES, *(_of_then(drill, dimension) for dimension in named)]


def _of_then(drill: DrillResult, dimension: str) -> str:
    """The column of a dimension; of several, such as first_team and resolved_team, the one that has the credit.

    The name of such a column tells its instant, and so does the metric's credit, in words.
    """
    if dimension in drill.columns:
        return dimension
    credit = drill.metric.credit.replace("as_of", "now")

    def likeness(name: str) -> tuple[int, int]:
        places = [credit.find(word[:_STEM]) for word in name.removesuffix(f"_{dimension}").split("_")]
        hits = [place for place in places if place >= 0]
        return 2 * len(hits) - len(places), -min(hits, default=len(credit))

    return max((name for name in drill.columns if name.endswith(f"_{dimension}")), key=likeness, default="")


def _chosen(columns: Sequence[_Shown], width: int, wanted: Sequence[str]) -> list[_Shown]:
    """The columns that fit, the wanted ones first; what adds up is never left out."""
    ordered = list(_in_order(columns, wanted))
    used = sum(column.least + GAP for column in ordered if column.name in MEASURES) - GAP
    kept = []
    for column in ordered:
        if column.name not in MEASURES:
            if used + GAP + column.least > width:
                continue
            used += GAP + column.least
        kept.append(column)
    return kept


def _in_order(columns: Sequence[_Shown], wanted: Sequence[str]) -> Iterator[_Shown]:
    """The wanted columns, then the rest, those without any value last."""
    by_name = {column.name: column for column in columns}
    telling = [column.name for column in columns if any(text != NULL for text in column.cells)]
    for name in dict.fromkeys([*wanted, *telling, *by_name]):
        if name in by_name:
            yield by_name[name]


def _table(columns: Sequence[_Shown], width: int, count: int) -> Table:
    """The table; what the least widths leave over goes to the first columns that want more."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False, collapse_padding=True)
    spare = max(0, width - sum(column.least for column in columns) - GAP * (len(columns) - 1))
    for column in columns:
        more = min(spare, max(0, column.natural - column.least))
        spare -= more
        size = column.least + more
        is_number = column.kind in ("number", "whole")
        table.add_column(Text(column.name), justify="right" if is_number else "left", overflow="fold", width=size)
    for place in range(count):
        table.add_row(*(Text(column.cells[place]) for column in columns))
    return table


def _text(value: object) -> str:
    if value is None:
        return NULL
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return f"{value:,.10g}" if isinstance(value, float) else str(value)
