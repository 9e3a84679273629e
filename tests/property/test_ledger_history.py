"""Whatever order, batches, repeats, replays, deaths and restarts: the ledger shows the set of what it holds."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from random import Random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskmeter.base.time import from_micros
from deskmeter.ledger import imports
from deskmeter.ledger.protocol import ROW_KEYS_SCHEMA, Batch, SetAside
from deskmeter.ledger.sqlite import SqliteLedger, open_ledger

NOW = from_micros(1_700_000_000_000_000)
MAPPINGS = ("m1", "m2")
# Here nothing depends on what an fsync does, so a folder in memory will do where there is one.
QUICK = "/dev/shm" if Path("/dev/shm").is_dir() else None
SEEDS = st.integers(0, 2**40)
LARGE = st.sampled_from([1, 2, 20_000])  # every row in a block where it can be, some, or none
CANONICAL = {"ticket": "subject", "event": "to_value"}


Reading = tuple[tuple[str, str, str, int | None], ...] | bool | None


@dataclass(frozen=True)
class RawRow:
    """A line of a file and what each mapping makes of it.

    Canonical rows, or None: set aside, or False: rejected, or True: part of another line, no row of its own.
    """

    text: str
    readings: tuple[Reading, Reading]


@dataclass(frozen=True)
class Step:
    """Import one file under one mapping, cut into batches; maybe die before the end, maybe restart after."""

    file: int
    mapping: int
    cuts: tuple[int, ...]
    dies: bool
    restarts: bool


def a_history(seed: int) -> tuple[list[tuple[RawRow, ...]], list[Step]]:
    """Three small files that share rows, and imports of them. Drawn evenly: what matters are the coincidences."""
    dice = Random(seed)

    def reading() -> Reading:
        if dice.random() < 0.3:
            return dice.choice([None, False, True])
        return tuple(
            (
                dice.choice(["ticket", "ticket", "event"]),
                dice.choice("12"),
                dice.choice("xy"),
                dice.choice([None, 1, 2]),
            )
            for _ in range(dice.randint(1, 2))
        )

    rows = [RawRow(f"row {number}", (reading(), reading())) for number in range(5)]
    files = [tuple(dice.choices(rows, k=dice.randint(0, 4))) for _ in range(3)]
    steps = [
        Step(
            file=dice.randrange(3),
            mapping=dice.randrange(2),
            cuts=tuple(sorted(dice.choices(range(4), k=dice.randrange(3)))),
            dies=dice.random() < 0.15,
            restarts=dice.random() < 0.15,
        )
        for _ in range(dice.randint(3, 9))
    ]
    return files, steps


def key(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()


def canonical_rows(row: RawRow, mapping: int) -> tuple[tuple[str, str, str, int | None], ...]:
    reading = row.readings[mapping]
    return reading if isinstance(reading, tuple) else ()


def as_batch(rows: list[tuple[int, RawRow]], mapping: int) -> Batch:
    understood = [(line, row) for line, row in rows if isinstance(row.readings[mapping], tuple)]
    tables = {}
    for name, column in CANONICAL.items():
        found = [
            {"id": row_id, column: value, "revision": revision, "raw_line": line}
            for line, row in understood
            for table, row_id, value, revision in canonical_rows(row, mapping)
            if table == name
        ]
        if found:
            made = pa.Table.from_pylist(found)
            if name == "event":
                # The ticket follows from the content: one id may move between tickets.
                tickets = pa.array([f"t{each[column]}" for each in found])
                at = pa.array([0] * len(found), pa.timestamp("us"))
                made = made.append_column("ticket", tickets).append_column("at", at)
                made = made.append_column("kind", pa.array(["field"] * len(found)))
            tables[name] = made
    aside = {
        state: [
            SetAside(key(row.text), line, None, None, "not understood", row.text)
            for line, row in rows
            if row.readings[mapping] is state
        ]
        for state in (None, False)
    }
    keys = {"raw_line": [line for line, _ in understood], "key": [key(row.text) for _, row in understood]}
    return Batch(tables, pa.table(keys, schema=ROW_KEYS_SCHEMA), aside[None], aside[False])


@contextmanager
def blocks_from(rows_n: int) -> Iterator[None]:
    """From so many rows on an import is large."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(imports, "BULK_ROWS", rows_n)
        yield


def run(folder: Path, files: list[tuple[RawRow, ...]], steps: list[Step]) -> tuple[SqliteLedger, dict[int, int], int]:
    """The ledger after all steps, which mapping reads each file now, and how many raw rows came as repeats."""
    ledger = open_ledger(folder)
    standing: dict[int, int] = {}
    repeated = 0
    for step in steps:
        number = step.file % len(files)
        rows = list(enumerate(files[number], start=1))
        kept = ledger.put_object(f"file {number}".encode(), "file", NOW)
        ticket = ledger.begin_import("desk", kept.id, MAPPINGS[step.mapping], NOW)
        if not ticket.is_repeat:
            for start, end in pairwise([0, *(min(cut, len(rows)) for cut in step.cuts), len(rows)]):
                ledger.append(ticket, as_batch(rows[start:end], step.mapping))
        if not step.dies:
            counts = ledger.finish(ticket, NOW)
            assert counts.received == received(files[number], step.mapping)
            assert counts.received == counts.stored + counts.duplicates + counts.set_aside + counts.rejected
            repeated += counts.received if standing.get(number) == step.mapping else 0
            standing[number] = step.mapping
        if step.restarts:
            ledger.close()
            ledger = open_ledger(folder)
    return ledger, standing, repeated


def received(file: tuple[RawRow, ...], mapping: int) -> int:
    return sum(row.readings[mapping] is not True for row in file)


def contents(ledger: SqliteLedger) -> dict[tuple[str, str], tuple[str, int | None]]:
    found = {}
    for name, column in CANONICAL.items():
        rows = ledger.read(name)
        for row_id, value, revision in zip(
            *(rows[each].to_pylist() for each in ("id", column, "revision")), strict=True
        ):
            assert (name, row_id) not in found, "one identity, two rows"
            found[name, row_id] = (value, revision)
    return found


def expected(files: list[tuple[RawRow, ...]], standing: dict[int, int]) -> dict[tuple[str, str], set[str]]:
    """Per identity every content that may count: those of the greatest revision."""
    claims: dict[tuple[str, str], set[tuple[int, str]]] = {}
    for number, mapping in standing.items():
        for row in files[number]:
            for table, row_id, value, revision in canonical_rows(row, mapping):
                claims.setdefault((table, row_id), set()).add((revision or 0, value))
    return {
        identity: {value for revision, value in found if revision == max(found)[0]}
        for identity, found in claims.items()
    }


def expected_balance(files: list[tuple[RawRow, ...]], standing: dict[int, int], repeated: int) -> tuple[int, ...]:
    """received, stored, duplicates, set aside, rejected: each different row counts once, as its best reading."""
    best: dict[str, int] = {}
    for number, mapping in standing.items():
        for row in files[number]:
            reading = row.readings[mapping]
            if reading is True:
                continue
            state = 0 if isinstance(reading, tuple) else 1 if reading is None else 2
            best[row.text] = min(best.get(row.text, 2), state)
    arrived = sum(received(files[number], mapping) for number, mapping in standing.items()) + repeated
    states = Counter(best.values())
    return arrived, states[0], arrived - len(best), states[1], states[2]


@settings(max_examples=200, deadline=None)
@given(seed=SEEDS, large_n=LARGE)
def test_the_ledger_shows_the_set_of_what_it_holds(seed: int, large_n: int) -> None:
    files, steps = a_history(seed)
    with blocks_from(large_n), tempfile.TemporaryDirectory(dir=QUICK) as folder:
        ledger, standing, repeated = run(Path(folder), files, steps)
        with ledger:
            found = contents(ledger)
            wanted = expected(files, standing)
            assert found.keys() == wanted.keys()
            for identity, (value, _) in found.items():
                assert value in wanted[identity]
            balances = [
                (each.received, each.stored, each.duplicates, each.set_aside, each.rejected)
                for each in ledger.balance()
            ]
            assert balances == ([expected_balance(files, standing, repeated)] if standing else [])
            listed = ledger.set_aside_rows()
            assert len(listed) == sum(each[3] + each[4] for each in balances)
            assert ledger.check() == ()


@settings(max_examples=80, deadline=None)
@given(seed=SEEDS, large_n=LARGE, other_n=LARGE)
def test_order_batches_blocks_and_restarts_change_nothing(seed: int, large_n: int, other_n: int) -> None:
    files, steps = a_history(seed)
    with tempfile.TemporaryDirectory(dir=QUICK) as one, tempfile.TemporaryDirectory(dir=QUICK) as other:
        with blocks_from(large_n):
            ledger, standing, _ = run(Path(one), files, steps)
        order = list(standing)
        Random(seed).shuffle(order)
        straight = [Step(number, standing[number], (), False, False) for number in order]
        with blocks_from(other_n):
            again, _, _ = run(Path(other), files, straight)
        with ledger, again:
            assert contents(ledger) == contents(again)
            conflicts = [
                sorted((each.table, each.id, sorted(each.lost.items(), key=str)) for each in book.conflicts())
                for book in (ledger, again)
            ]
            assert str(conflicts[0]) == str(conflicts[1])
