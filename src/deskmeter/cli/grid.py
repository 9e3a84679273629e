"""Columns of texts that know how wide they are, so that a table can be fitted before it is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from deskmeter.cli.terminal import clean

GAP = 2  # between two columns
WIDEST_NAME = 28  # a longer name of a team or a reason is folded
_SHORTEST_FLEXIBLE = 12


@dataclass(frozen=True)
class Column:
    """One column. A `flexible` one is folded when the table is too wide; a `spare` one is left out first."""

    name: str
    cells: tuple[Text, ...]
    justify: Literal["left", "right"] = "left"
    flexible: bool = False
    spare: bool = False

    @property
    def width(self) -> int:
        """The width of its widest line."""
        lines = [line for text in (self.name, *(cell.plain for cell in self.cells)) for line in text.split("\n")]
        return max(cell_len(line) for line in lines)


def total_width(columns: Sequence[Column]) -> int:
    """The width of a table of these columns, nothing folded."""
    return sum(column.width for column in columns) + GAP * (len(columns) - 1)


def fitted(columns: Sequence[Column], width: int) -> list[Column]:
    """The columns without the spare ones that do not fit, the last spare one first."""
    kept = list(columns)
    while total_width(kept) > width and any(column.spare for column in kept):
        kept.remove([column for column in kept if column.spare][-1])
    return kept


def draw(columns: Sequence[Column], width: int, bold_rows: frozenset[int] = frozenset()) -> Table:
    """The table, at most `width` wide: flexible columns share what the others leave.

    Args:
        bold_rows: places of totals; a line stands before the first.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False, collapse_padding=True)
    over = max(0, total_width(columns) - width)
    flexible = sorted((column for column in columns if column.flexible), key=lambda column: -column.width)
    widths = {column.name: column.width for column in columns}
    for column in flexible:
        cut = min(over, max(0, column.width - _SHORTEST_FLEXIBLE))
        widths[column.name] -= cut
        over -= cut
    for column in columns:
        size = widths[column.name]
        table.add_column(Text(column.name), justify=column.justify, overflow="fold", width=None if over else size)
    count = len(columns[0].cells) if columns else 0
    for place in range(count):
        if place in bold_rows and place - 1 not in bold_rows and place:
            table.add_section()
        table.add_row(*(column.cells[place] for column in columns), style="bold" if place in bold_rows else None)
    return table


def text_table(
    names: Sequence[str], rows: Sequence[Sequence[str]], width: int, right: Sequence[int] = (), fold: Sequence[int] = ()
) -> Table:
    """A table of plain texts; the columns at the places `right` hold numbers, those at `fold` may be folded."""
    columns = [
        Column(
            clean(name),
            tuple(Text(clean(row[place])) for row in rows),
            "right" if place in right else "left",
            flexible=place in fold,
        )
        for place, name in enumerate(names)
    ]
    return draw(columns, width)
