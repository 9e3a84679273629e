"""Whatever a file looks like: the proposal is a mapping that can be read, or an honest none; it never fails."""

import csv
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deskmeter.ingest.column_names import NAMES
from deskmeter.ingest.mapping_text import check_columns, parse_mapping
from deskmeter.ingest.propose import propose

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STRANGE_NAMES = ["id", "a, b", "it's: #1", "Ärger?", "yes", "1"]
NAMES_SEEN = [*sorted({name for names in NAMES.values() for name in names}), *STRANGE_NAMES]
CELLS = st.sampled_from(
    ["", "?", "1", "2", "3.5", "10", "open", "Closed", "true", "No", "a@b.example", "2024-03-01 10:00", "3/4/2024",
     "13/4/2024 10:00", "1709618828", "[]", '[{"id": 1}]', "Great: \"it\" #1", "00:01:02", "call", "status", "EUR"]
)  # fmt: skip


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_a_proposal_is_a_good_mapping_or_none(tmp_path: Path, data: st.DataObject):
    names = data.draw(st.lists(st.sampled_from(NAMES_SEEN), min_size=2, max_size=9, unique=True))
    rows = data.draw(st.lists(st.tuples(*(CELLS for _ in names)), min_size=1, max_size=8))
    path = tmp_path / data.draw(st.sampled_from(["tickets.csv", "orders 2024.csv", "group.csv", "calls.csv"]))
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([names, *rows])
    proposal = propose(path, NOW)
    assert all("\n" not in doubt for doubt in proposal.doubts)
    if proposal.shape == "none":
        assert proposal.doubts
        return
    check_columns(parse_mapping(proposal.mapping_text), names)
    assert all(len(row) == len(proposal.preview_columns) for row in proposal.preview)
