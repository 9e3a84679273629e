"""Facts brought up to what arrived are those that a build of everything makes, row for row, whatever came in which order."""

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from deskmeter.base.config import DeskConfig, write_config
from deskmeter.canon.schema import TABLES
from deskmeter.engines.duckdb import DuckDBEngine
from deskmeter.engines.protocol import Engine
from deskmeter.facts import arrived
from deskmeter.facts.held_state import NUMBER, STATES
from deskmeter.facts.tables import KEEP, is_kept
from deskmeter.service import Desk, quiet
from oracle.compare import arrow_tables, many_histories, product_of
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
    held, schemas = desk._main.engine, desk._main.schemas
    whole = DuckDBEngine(threads=1)
    desk._make(whole, desk._settings(desk._main.as_of_us, desk.config.as_of is None), quiet)
    mine, theirs = rows_of(held, schemas), rows_of(whole, schemas)
    unnamed, all_unnamed = (
        {(row["source"], row["id"]) for row in engine.read("unnamed_person").to_pylist()} for engine in (held, whole)
    )
    whole.close()
    assert mine.keys() == theirs.keys() and len(mine) > len(KEEP)
    for table in sorted(mine):
        for said, rows in (("too much", mine[table] - theirs[table]), ("missing", theirs[table] - mine[table])):
            for row in list(rows)[:3]:
                yield f"{table}: {said}: {row}"
    if not all_unnamed <= unnamed:  # somebody who was corrected away may stay
        yield f"unnamed_person: missing: {all_unnamed - unnamed}"


NAMES = ("person", "account")
# what a source may correct afterwards: a time, whose it is, who did it, the words
CORRECTED = {
    "event": ("at", "ticket", "actor", "to_value", "kind"), "ticket": ("requester", "account", "channel", "call", "order"),
    "schedule_span": ("schedule", "from_at", "ticket"),
    "call": ("ticket", "person", "agent", "ended_at"), "survey_answer": ("ticket", "person", "score", "at"),
    "order": ("ticket", "person", "paid_at"), "kb_event": ("ticket", "person", "session", "at", "kind"),
    "message_out": ("ticket", "person", "at"), "subscription_span": ("plan", "from_at"),
}  # fmt: skip


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


@pytest.fixture
def caught_up(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each build after the first was one of what arrived."""
    found: list[bool] = []
    real = arrived.catch_up

    def told(*given: Any, **named: Any) -> bool:
        found.append(real(*given, **named))
        return found[-1]

    monkeypatch.setattr(arrived, "catch_up", told)
    return found


def new_desk(folder: Path) -> Desk:
    folder.mkdir(exist_ok=True)
    write_config(folder, DeskConfig(name="arrivals", as_of=AS_OF.replace(tzinfo=UTC)))
    return Desk.open(folder)


def give(desk: Desk, batch: Mapping[str, pa.Table]) -> None:
    """Imports a batch, source by source."""
    for source in sorted({source for table in batch.values() for source in table["source"].to_pylist()}):
        own = {name: table.filter(pc.equal(table["source"], source)) for name, table in batch.items()}
        desk.import_tables(source, {name: table for name, table in own.items() if len(table)})


def differences_after(folder: Path, first: Mapping[str, pa.Table], then: Mapping[str, pa.Table]) -> list[str]:
    """What a new desk has other facts of, where a second batch came after the build of a first."""
    with new_desk(folder) as desk:
        give(desk, first)
        desk.build()
        give(desk, then)
        return list(differences(desk))


SEEDS = range(0, 200, 20) if os.environ.get("DESKMETER_LONG") else (0,)


@pytest.mark.parametrize("seed", SEEDS)
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
    assert sum(caught_up) > batches // 2, caught_up


def story(name: str) -> dict[str, object]:
    """The columns of a row of somebody or something that is called so."""
    return {"source": ["s"], "id": [name]}


def events(*rows: tuple[str, str, str, str | None, str | None]) -> pa.Table:
    """Events: id, ticket, kind, actor, what the kind sets; one a minute."""
    start = datetime(2024, 3, 1, 9)
    columns = list(zip(*rows, strict=True))
    return pa.table(
        {
            "source": ["s"] * len(rows), "id": columns[0], "ticket": columns[1], "kind": columns[2],
            "actor": pa.array(columns[3], pa.string()), "to_value": pa.array(columns[4], pa.string()),
            "at": pa.array([start + timedelta(minutes=int(row[0][1:])) for row in rows], pa.timestamp("us")),
        }
    )  # fmt: skip


FIRST: dict[str, pa.Table] = {
    "person": pa.table({"source": ["s"] * 2, "id": ["ann", "cleo"], "name": ["Ann", "Cleo"], "role": ["staff", "customer"]}),
    "ticket": pa.table({"source": ["s"] * 2, "id": ["t1", "t2"], "requester": ["cleo", "dan"]}),
    "event": events(
        ("e1", "t1", "created", "cleo", None), ("e2", "t1", "assign", None, "ann"), ("e3", "t1", "message", "ann", None),
        ("e4", "t2", "created", "dan", None), ("e5", "t2", "message", "ghost", None),
    ),
}  # fmt: skip


def test_a_namesake_changes_what_is_shown_of_everybody_of_that_name(tmp_path: Path, caught_up: list[bool]) -> None:
    with new_desk(tmp_path) as desk:
        give(desk, FIRST)
        desk.build()
        give(desk, {"person": pa.table({**story("ann2"), "name": ["Ann"], "role": ["staff"]})})
        assert not list(differences(desk))
        assert desk._main is not None
        assert "Ann (ann)" in desk._main.engine.read("f_activity")["agent"].to_pylist()
    assert caught_up == [True]


Row = dict[str, object]
ARROW = {"timestamp": pa.timestamp("us"), "string": pa.string(), "int64": pa.int64(), "boolean": pa.bool_()}


def at(minute: int) -> datetime:
    return datetime(2024, 3, 1, 9) + timedelta(minutes=minute)


def rows(name: str, *given: Row) -> dict[str, pa.Table]:
    """Rows of one canonical table, all of source s."""
    known = {column for row in given for column in row} | {"source"}
    schema = pa.schema([(column.name, ARROW[column.type]) for column in TABLES[name].columns if column.name in known])
    return {name: pa.Table.from_pylist([{"source": "s", **row} for row in given], schema)}


def happened(id: str, ticket: str, kind: str, minute: int, **more: object) -> Row:
    return {"id": id, "ticket": ticket, "kind": kind, "at": at(minute), **more}


MERGED = {
    **rows("ticket", *({"id": id, "requester": f"of {id}"} for id in "abc")),
    **rows(
        "event", *(happened(f"1{id}", id, "created", 1) for id in "abc"), happened("4", "a", "message", 4, actor="of a"),
        happened("5", "a", "merged", 5, to_value="b"),
    ),
}  # fmt: skip
ASKED_ONCE = {
    **rows("ticket", {"id": "t", "requester": "p"}, {"id": "u", "requester": "q"}),
    **rows("event", happened("1", "t", "created", 1), happened("2", "u", "created", 2)),
    **rows("call", {"id": "c", "person": "p", "direction": "in", "ringing_at": at(60), "ended_at": at(61)}),
    **rows("order", {"id": "o", "person": "p", "paid_at": at(90), "amount_micros": 1}),
    **rows("kb_event", {"id": "k", "kind": "published", "item": "i", "person": "p", "session": "v", "at": at(0)}),
}
CALLED = {
    **rows("schedule", {"id": "h", "zone": "UTC", "is_default": True, "is_always": True}),
    **rows("ticket", {"id": "t", "requester": "p", "call": "c"}),
    **rows("event", happened("1", "t", "created", 14_400), happened("9", "z", "created", 14_400)),
    **rows("call", {"id": "c", "person": "p", "ticket": "t", "agent": "g", "direction": "in", "ringing_at": at(7_200),
                    "answered_at": at(7_203), "ended_at": at(7_209)}),
}  # fmt: skip
NAMESAKES = {
    **rows("ticket", {"id": "t", "requester": "q"}),
    **rows("event", happened("1", "t", "created", 1)),
    **rows("customer_span", {"id": "c7", "person": "7", "joined_at": at(0)}, {"id": "c8", "account": "8", "joined_at": at(0)}),
    **rows("subscription_span", {"id": "s7", "person": "7", "plan": "x", "mrr_micros": 1, "from_at": at(0)}),
    **rows("person", {"id": "7", "name": "Seven"}),
    **rows("account", {"id": "8", "name": "Eight"}),
}  # fmt: skip


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (MERGED, rows("event", happened("5", "a", "merged", 5, to_value="c", revision=1))),
        (MERGED, rows("event", happened("5", "a", "note", 5, revision=1))),
        (ASKED_ONCE, rows("ticket", {"id": "t", "requester": "q", "revision": 1})),
        (ASKED_ONCE, rows("kb_event", {"id": "k", "kind": "view", "item": "i", "at": at(0), "revision": 1})),
        (CALLED, rows("event", happened("8", "y", "created", 1_440))),
        (NAMESAKES, {**rows("ticket", {"id": "u", "account": "7"}), **rows("event", happened("2", "u", "created", 2))}),
        (NAMESAKES, rows("account", {"id": "7", "name": "Other", "country": "GB"})),
        (NAMESAKES, rows("person", {"id": "8", "name": "Other", "country": "DE"})),
    ],
    ids=[
        "a merge into another ticket", "a merge that was none", "another requester", "an item that was not published",
        "an event before all others", "a ticket of an account with the id of a person", "an account with the id of a person",
        "a person with the id of an account",
    ],
)  # fmt: skip
def test_what_a_change_reaches(
    first: dict[str, pa.Table], then: dict[str, pa.Table], tmp_path: Path, caught_up: list[bool]
) -> None:
    assert not differences_after(tmp_path, first, then)
    assert caught_up == [True]


@pytest.mark.parametrize(
    "batch",
    [
        {"status_stage": pa.table({**story("1"), "status": ["Waiting"], "stage": ["pending"]})},
        {"person": pa.table({**story("ghost"), "name": ["Gus"], "role": ["staff"]})},  # acted, and was nobody
        {"person": pa.table({**story("cleo"), "name": ["Cleo"], "role": ["staff"], "revision": [9]})},
        {"ticket": pa.table({"source": ["other"], "id": ["t1"], "requester": ["eve"]})},  # a new source
    ],
    ids=["a stage", "a name for somebody who acted", "another role", "a source"],
)
def test_what_bears_on_everything_is_built_whole(
    batch: dict[str, pa.Table], tmp_path: Path, caught_up: list[bool]
) -> None:
    assert not differences_after(tmp_path, FIRST, batch)
    assert caught_up == [False]


def test_of_two_schedules_that_begin_together_the_greater_id_holds() -> None:
    spans: list[Row] = [{"id": "1", "ticket": "t", "schedule": "h"}, {"id": "2", "ticket": "t", "schedule": "g"}]
    found = []
    for given in (spans, spans[::-1]):
        schedules = rows("schedule", *({"id": id, "zone": "UTC", "is_always": True} for id in "hg"))
        desk = {**schedules, **rows("event", happened("1", "t", "created", 1)), **rows("schedule_span", *given)}
        engine = product_of(desk).engine
        found.append({row["schedule"] for row in engine.read("ticket_schedule").to_pylist()})
        engine.close()
    assert found == [{None, "s/g"}] * 2


def test_a_replaced_import_is_built_whole(tmp_path: Path, caught_up: list[bool]) -> None:
    file, mapping = tmp_path / "tickets.csv", tmp_path / "tickets.yml"
    file.write_text("id,opened,who\n1,2024-03-01 09:00,cleo\n2,2024-03-01 10:00,dan\n")
    read_as = "source: s\nzone: UTC\ntables:\n  ticket:\n    columns: {ticket: id, created_at: opened, requester: %s}\n"
    with new_desk(tmp_path / "desk") as desk:
        for who in ("who", "id"):
            mapping.write_text(read_as % who)
            desk.import_file(file, mapping)
            assert not list(differences(desk))
    assert caught_up == []


@pytest.mark.parametrize("step", ["timeline", "customers"])
def test_an_interrupted_arrival_leaves_the_facts_as_they_were(step: str, tmp_path: Path) -> None:
    def interrupt(name: str, done: int, total: int | None) -> None:
        if name == step:
            raise KeyboardInterrupt

    with new_desk(tmp_path) as desk:
        give(desk, FIRST)
        desk.build()
        assert desk._main is not None
        held, schemas = desk._main.engine, desk._main.schemas
        before = rows_of(held, schemas)
        give(desk, {"event": events(("e9", "t1", "message", "cleo", None))})
        with pytest.raises(KeyboardInterrupt):
            desk.build(interrupt)
        assert rows_of(held, schemas) == before
        assert not list(differences(desk))
        assert rows_of(held, schemas) != before


KILLED = """
import os, signal, sys
from pathlib import Path
from typing import Any
from deskmeter.service import Desk

def kill(name, done, total):
    if name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)

with Desk.open(Path(sys.argv[1])) as desk:
    desk.build(kill)
"""


@pytest.mark.parametrize("step", ["put in place"])
def test_a_killed_arrival_is_made_up_for_by_the_next(step: str, tmp_path: Path) -> None:
    with new_desk(tmp_path) as desk:
        give(desk, FIRST)
        desk.build()
        give(desk, {"event": events(("e9", "t1", "message", "cleo", None))})
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), step], capture_output=True, timeout=300)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    with Desk.open(tmp_path) as desk:
        assert not list(differences(desk))
