"""Whatever stands in the cells: every row is understood or set aside with a reason, and nothing fails."""

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_rows import EXAMPLES, NOW, VALUES

from deskmeter.connectors.protocol import RawBatch
from deskmeter.ingest.apply import Applier
from deskmeter.ingest.mapping_text import load_mapping, unknown_columns

MAPPINGS = [*sorted(path for path in EXAMPLES.glob("*.yml") if path.stem != "targets"), *sorted(VALUES.glob("*.yml"))]
CELLS = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.sampled_from(
        ["", " ", "?", "NULL", "NaN", "Infinity", "-1", "0", "1", "10", "1e999", "1,234.50", "9" * 30, "2024-02-30",
         "29/2/2016 01:16", "9999-12-31", "1970-01-01", "2023-06-01 12:15:36", "99999999999999999", "Resolved",
         "Closed", "New", "-100", "=1+1", "\x00", "\ufeffx", "مرحبا😀", "★★★", "4/5", "Yes", "x" * 5000, "[]", "<b>"]
    ),
)  # fmt: skip


@pytest.mark.parametrize("path", MAPPINGS, ids=lambda path: path.stem)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_every_row_is_understood_or_set_aside(path: Path, data: st.DataObject):
    file = load_mapping(path)
    columns = unknown_columns(file, ())
    rows = data.draw(st.lists(st.tuples(*(CELLS for _ in columns)), min_size=1, max_size=6))
    cut = data.draw(st.integers(0, len(rows)))
    applier = Applier(file.mapping, "object", NOW)
    parts = [applier.apply(_batch(columns, rows[:cut], 2)), applier.apply(_batch(columns, rows[cut:], 2 + cut))]
    parts.append(applier.finish())
    understood = [line for part in parts for line in part.row_keys["raw_line"].to_pylist()]
    aside = [row.line for part in parts for row in part.set_aside]
    assert sorted(understood + aside) == list(range(2, 2 + len(rows)))
    assert all(row.reason for part in parts for row in part.set_aside)
    for part in parts:
        for table in part.tables.values():
            assert table["id"].null_count == 0
    list(applier.oddities)


def _batch(columns: tuple[str, ...], rows: list[tuple[str | None, ...]], first: int) -> RawBatch:
    cells = {name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(columns)}
    lines = pa.array(range(first, first + len(rows)), pa.int64())
    return RawBatch(columns, pa.table(cells), lines, (), lambda i: str(rows[i]))
