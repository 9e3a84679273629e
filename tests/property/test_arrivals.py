"""Facts brought up to what arrived are those that a build of everything makes, row for row, whatever came in which order."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from deskmeter.base.config import DeskConfig, write_config
from deskmeter.engines.duckdb import DuckDBEngine
from deskmeter.engines.protocol import Engine
from deskmeter.facts import arrived
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
        return [value if value is None else names.get(int(str(value)), f"unknown {value}") for value in values]
    if name == NUMBER:
        return [states[int(str(value))] for value in values]
    if name == "pos" or name.endswith("_pos"):
        return [value if value is None else _place(int(str(value)), names) for value in values]
    return values


def _place(pos: int, names: Mapping[int, str]) -> tuple[str, int]:
    return names.get(pos >> PLACE_BITS, f"unknown {pos >> PLACE_BITS}"), pos & ((1 << PLACE_BITS) - 1)


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


class Arrivals:
    """Histories cut into batches at random: rows come late and in no order, some come again corrected."""

    def __init__(self, seed: int, histories: int, batches: int, share_first: float) -> None:
        self.rng = random.Random(seed)
        self.tables = arrow_tables(many_histories(range(seed, seed + histories)))
        self.batch_of = {
            name: [self._batch(name, batches, share_first) for _ in range(len(table))]
            for name, table in self.tables.items()
        }
        self.given: dict[str, list[dict[str, object]]] = {}

    def _batch(self, name: str, batches: int, share_first: float) -> int:
        if name in arrived.REACH_ALL or self.rng.random() < (0.97 if name in NAMES else share_first):
            return 0
        return self.rng.randint(1, batches)

    def batch(self, number: int) -> dict[str, pa.Table]:
        """The rows of one batch, and a few of earlier ones with something else in them and a higher revision."""
        found = {}
        for name, table in self.tables.items():
            own = [row for row, batch in zip(table.to_pylist(), self.batch_of[name], strict=True) if batch == number]
            own += self._corrected(name, number)
            self.given.setdefault(name, []).extend(own)
            if own:
                fields = [*table.schema, pa.field("revision", pa.int64())]
                schema = pa.schema([field for field in fields if field.name != "revision"] + [fields[-1]])
                found[name] = pa.Table.from_pylist([{**row, "revision": number} for row in own], schema)
        return found

    def _corrected(self, name: str, number: int) -> Iterator[dict[str, object]]:
        known = self.given.get(name, [])
        if not known or name not in CORRECTED:
            return
        for row in self.rng.sample(known, min(2, len(known))):
            column = self.rng.choice(CORRECTED[name])
            others = [other[column] for other in known if other["source"] == row["source"]]
            yield {**row, column: self.rng.choice(others)}


NAMES = ("person", "account")
# what a source may correct afterwards: a time, whose it is, who did it, the words
CORRECTED = {
    "event": ("at", "ticket", "actor", "to_value", "kind"), "ticket": ("requester", "account", "channel", "call"),
    "call": ("ticket", "person", "agent", "ended_at"), "survey_answer": ("ticket", "person", "score", "at"),
    "order": ("ticket", "person", "paid_at"), "kb_event": ("ticket", "person", "session", "at"),
    "message_out": ("ticket", "person", "at"), "subscription_span": ("plan", "from_at"),
}  # fmt: skip


@pytest.fixture
def caught_up(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each build after the first was one of what arrived."""
    found: list[bool] = []
    real = arrived.catch_up

    def told(*given: object, **named: object) -> bool:
        found.append(real(*given, **named))  # type: ignore[arg-type]
        return found[-1]

    monkeypatch.setattr(arrived, "catch_up", told)
    return found


def new_desk(folder: Path) -> Desk:
    write_config(folder, DeskConfig(name="arrivals", as_of=AS_OF.replace(tzinfo=UTC)))
    return Desk.open(folder)


def give(desk: Desk, batch: Mapping[str, pa.Table]) -> None:
    """Imports a batch, source by source."""
    for source in sorted({source for table in batch.values() for source in table["source"].to_pylist()}):
        own = {name: table.filter(pc.equal(table["source"], source)) for name, table in batch.items()}
        desk.import_tables(source, {name: table for name, table in own.items() if len(table)})


@pytest.mark.parametrize("seed", range(0, 40, 20))
def test_what_arrived_makes_the_same_facts_as_everything(
    seed: int, tmp_path: Path, caught_up: list[bool], is_long: bool
) -> None:
    batches, histories = (12, 12) if is_long else (3, 4)
    arrivals = Arrivals(seed, histories, batches, 0.6)
    with new_desk(tmp_path) as desk:
        for number in range(batches + 1):
            give(desk, arrivals.batch(number))
            found = list(differences(desk))
            assert not found, f"after batch {number}:\n" + "\n".join(found)
    assert sum(caught_up) >= batches // 2, caught_up
