"""From rows that arrive to the facts that show them, beside a build of everything on the same desk."""

import statistics
import tempfile
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path

import pyarrow as pa
from companies import TICKETS, company
from measure import Measured, timed

from deskmeter.base.config import DeskConfig, write_config
from deskmeter.service import Desk

RUNS = 3
AT = datetime(2026, 6, 1, 12)


def measure(copies: int) -> list[Measured]:
    """One line for the whole build, and one for each kind of arrival; an arrival is one import of notes on tickets."""
    with tempfile.TemporaryDirectory() as folder:
        write_config(Path(folder), DeskConfig(name="arrivals", as_of=None))
        with Desk.open(Path(folder)) as desk:
            return _measured(desk, copies)


def _measured(desk: Desk, copies: int) -> list[Measured]:
    events_n = 0
    for parts in zip(*company(copies).values(), strict=True):
        tables = dict(zip(company(1), parts, strict=True))
        events_n += tables["event"].num_rows
        desk.import_tables(tables["event"]["source"][0].as_py(), tables)
    cpu, wall = timed(desk.build)
    whole = Measured(f"all facts, {copies * TICKETS:,} tickets", events_n, "events", cpu, wall)
    tickets = [str(id) for id in next(iter(company(1)["ticket"]))["id"].to_pylist()]
    name = count()
    kinds = (
        ("one event", ["desk-0000"], 1),
        ("1,000 on tickets of one source", ["desk-0000"], 1_000),
        ("1,000 over all sources", [f"desk-{copy:04}" for copy in range(copies)], -(-1_000 // copies)),
    )
    lines = [whole]
    for what, sources, each in kinds:
        found = []
        for _ in range(RUNS):
            batches = [(source, _notes(tickets, each, next(name))) for source in sources]
            found.append(timed(partial(_arrive, desk, batches)))
        middle = [statistics.median(column) for column in zip(*found, strict=True)]
        lines.append(
            Measured(what, each * len(sources), "events", *middle, middle[1] / wall, "the build of everything, wall")
        )
    return lines


def _notes(tickets: Sequence[str], each: int, nth: int) -> pa.Table:
    """Notes on so many tickets, the last of them: ids of their own, of one instant."""
    own = tickets[-each:]
    return pa.table(
        {
            "id": [f"note-{nth}-{place}" for place in range(len(own))],
            "ticket": own,
            "kind": ["note"] * len(own),
            "at": pa.array([AT] * len(own), pa.timestamp("us")),
        }
    )


def _arrive(desk: Desk, batches: Sequence[tuple[str, pa.Table]]) -> None:
    for source, notes in batches:
        desk.import_tables(source, {"event": notes})
    desk.build()
