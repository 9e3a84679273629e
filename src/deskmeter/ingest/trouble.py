"""What is wrong or odd in the rows of a file: one clear reason each, with the line; nothing is dropped unsaid."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Index = NDArray[np.int64]
Mask = NDArray[np.bool_]

SHOWN_LINES = 2_000
"""Lines that are listed for one oddity; `n` counts them all."""


@dataclass(frozen=True)
class Fault:
    """Why one row is set aside: position in its batch, column and value at fault (null: the row as a whole)."""

    row: int
    column: str | None
    value: str | None
    reason: str


@dataclass(frozen=True)
class Oddity:
    """Something a reader of the numbers should know: what, how many rows, and in which lines they stand."""

    code: str
    text: str
    n: int
    lines: tuple[int, ...] = ()

    def __str__(self) -> str:
        """One line for a report.

        >>> str(Oddity("empty", "`a` is empty", 4, (3, 5, 8, 9)))
        '`a` is empty (4 rows, in lines 3, 5, 8 ...)'
        """
        shown = ", ".join(str(line) for line in self.lines[:3]) + (" ..." if self.n > 3 else "")
        rows, lines = ("row", "line") if self.n == 1 else ("rows", "lines")
        return f"{self.text} ({self.n} {rows}, in {lines} {shown})"


class Oddities:
    """The oddities of a whole import, each text once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], list[Index]] = {}

    def add(self, code: str, text: str, lines: Index) -> None:
        """Note `text` for these lines; a line that is told twice counts once."""
        if len(lines):
            self._found.setdefault((code, text), []).append(np.asarray(lines, dtype=np.int64))

    def add_each(self, code: str, texts: pa.Array, lines: Index) -> None:
        """Note a text of its own for each line; equal texts are one oddity."""
        coded = texts.dictionary_encode()
        numbers = coded.indices.to_numpy(zero_copy_only=False)
        for number, text in enumerate(coded.dictionary.to_pylist()):
            self.add(code, text, lines[numbers == number])

    def __iter__(self) -> Iterator[Oddity]:
        for (code, text), parts in sorted(self._found.items(), key=lambda found: found[0]):
            lines = np.unique(np.concatenate(parts))
            yield Oddity(code, text, len(lines), tuple(lines[:SHOWN_LINES].tolist()))


@dataclass
class Trouble:
    """The troubles of one batch; the first reason found for a row is the one that counts."""

    lines: Index
    oddities: Oddities
    faults: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bad: Mask = np.zeros(len(self.lines), dtype=bool)

    def set_aside(
        self, rows: Index, reasons: pa.Array | str, column: str | None = None, values: pa.Array = None
    ) -> None:
        """Set aside these rows of the batch. `reasons` and `values` are aligned with `rows`."""
        fresh = np.flatnonzero(~self.bad[rows])
        if not len(fresh):
            return
        take = pa.array(fresh)
        texts = [reasons] * len(fresh) if isinstance(reasons, str) else reasons.take(take).to_pylist()
        shown = [None] * len(fresh) if values is None else values.take(take).to_pylist()
        for position, text, value in zip(rows[fresh], texts, shown, strict=True):
            self.faults.append(Fault(int(position), column, value, text))
        self.bad[rows[fresh]] = True

    def note(self, code: str, text: str, rows: Index) -> None:
        """Note an oddity of these rows, which stay."""
        self.oddities.add(code, text, self.lines[rows])

    def note_each(self, code: str, texts: pa.Array, rows: Index) -> None:
        """Note an oddity with a text of its own for each row."""
        if len(rows):
            self.oddities.add_each(code, texts, self.lines[rows])


def quoted(values: pa.Array) -> pa.Array:
    """Values in backticks, shortened where they are long, for a message.

    >>> quoted(pa.array(["a", None])).to_pylist()
    ['`a`', '``']
    """
    text = pc.fill_null(values, "")
    short = pc.if_else(
        pc.greater(pc.utf8_length(text), 60),
        pc.binary_join_element_wise(pc.utf8_slice_codeunits(text, 0, 57), "...", ""),
        text,
    )
    return pc.binary_join_element_wise("`", short, "`", "")


def told(values: pa.Array, end: str, start: str = "") -> pa.Array:
    """One message per value: `start`, the value in backticks, `end`."""
    return pc.binary_join_element_wise(start, quoted(values), end, "")
