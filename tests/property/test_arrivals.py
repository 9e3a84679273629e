"""Facts brought up to what arrived are those that a build of everything makes, row for row, whatever came in which order."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC
from pathlib import Path

import pyarrow as pa
import pytest

from deskmeter.base.config import DeskConfig, write_config
from deskmeter.engines.duckdb import DuckDBEngine
from deskmeter.engines.protocol import Engine
from deskmeter.facts.held_state import NUMBER, STATES
from deskmeter.facts.tables import KEEP, is_kept
from deskmeter.service import Desk, quiet
from oracle.compare import arrow_tables, many_histories
from oracle.draw import AS_OF

# what only says where numbers lie: compared through what is made of it
NOT_COMPARED = {STATES, "calendar_day", "calendar_reach", "unnamed_person"}
# numbers of tickets, and places in their history, mean nothing from one build to the next
TICKETS = ("ticket_id", "survivor_id")
PLACE_BITS = 24


def rows_of(engine: Engine, schemas: Mapping[str, Mapping[str, str]]) -> dict[str, Counter[tuple[object, ...]]]:
    """Every kept table with these columns as a bag of rows, with numbers of tickets and states replaced by what they are."""
    names = {row["ticket_id"]: f"{row['source']}/{row['ticket']}" for row in engine.read("standing").to_pylist()}
    states = {row.pop(NUMBER): str(sorted(row.items())) for row in engine.read(STATES).to_pylist()}
    found = {}
    for table, columns in schemas.items():
        if not is_kept(table) or table in NOT_COMPARED:
            continue
        read = engine.read(table)
        plain = [_plain(name, read[name].to_pylist(), names, states) for name in sorted(columns)]
        found[table] = Counter(zip(*plain, strict=True))
    return found


def _plain(name: str, values: list[object], names: Mapping[int, str], states: Mapping[int, str]) -> list[object]:
    if name in TICKETS:
        return [value if value is None else names[int(str(value))] for value in values]
    if name == NUMBER:
        return [states[int(str(value))] for value in values]
    if name == "pos" or name.endswith("_pos"):
        return [value if value is None else _place(int(str(value)), names) for value in values]
    return values


def _place(pos: int, names: Mapping[int, str]) -> tuple[str, int]:
    return names[pos >> PLACE_BITS], pos & ((1 << PLACE_BITS) - 1)


def differences(desk: Desk) -> Iterator[str]:
    """What the desk's facts lack of those that a build of everything makes, and what they have besides."""
    desk.build()
    assert desk._main is not None
    whole = DuckDBEngine()
    desk._make(whole, desk._settings(desk._main.as_of_us, desk.config.as_of is None), quiet)
    schemas = desk._main.schemas
    mine, theirs = rows_of(desk._main.engine, schemas), rows_of(whole, schemas)
    unnamed = [set(zip(*read.columns, strict=True)) for read in (desk._main.engine.read("unnamed_person"), whole.read("unnamed_person"))]
    whole.close()
    assert mine.keys() == theirs.keys() and len(mine) > len(KEEP)
    for table in sorted(mine):
        for said, rows in (("too much", mine[table] - theirs[table]), ("missing", theirs[table] - mine[table])):
            for row in list(rows)[:3]:
                yield f"{table}: {said}: {row}"
    if not {tuple(map(str, row)) for row in unnamed[1]} <= {tuple(map(str, row)) for row in unnamed[0]}:
        yield "unnamed_person: somebody is missing"
