"""Companies of any size: an invented one, repeated as so many sources of one desk."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from deskmeter.connectors.demo import invent

TICKETS = 2_000  # of one source


def company(copies: int) -> dict[str, Iterable[pa.Table]]:
    """Canonical tables of `copies` sources with 2,000 tickets each; every source has its own people and schedules.

    Each table comes in one part a source, made when it is taken: what is measured is not the company's own size.
    """
    return {name: _Copied(rows, copies) for name, rows in invent(7, TICKETS).items()}


@dataclass(frozen=True)
class _Copied:
    rows: pa.Table
    copies: int

    def __iter__(self) -> Iterator[pa.Table]:
        return (_as_source(self.rows, copy) for copy in range(self.copies))


def _as_source(rows: pa.Table, copy: int) -> pa.Table:
    at = rows.schema.get_field_index("source")
    names = pa.DictionaryArray.from_arrays(pa.array([0] * rows.num_rows, pa.int32()), pa.array([f"desk-{copy:04}"]))
    return rows.set_column(at, "source", names.cast(pa.string()))
