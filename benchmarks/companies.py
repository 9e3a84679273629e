"""Companies of any size: an invented one, repeated as so many sources of one desk."""

import pyarrow as pa

from deskmeter.connectors.demo import invent

TICKETS = 2_000  # of one source


def company(copies: int) -> dict[str, pa.Table]:
    """Canonical tables of `copies` sources with 2,000 tickets each; every source has its own people and schedules."""
    one = invent(7, TICKETS)
    return {name: pa.concat_tables([_as_source(rows, copy) for copy in range(copies)]) for name, rows in one.items()}


def _as_source(rows: pa.Table, copy: int) -> pa.Table:
    at = rows.schema.get_field_index("source")
    names = pa.DictionaryArray.from_arrays(pa.array([0] * rows.num_rows, pa.int32()), pa.array([f"desk-{copy:04}"]))
    return rows.set_column(at, "source", names.cast(pa.string()))
