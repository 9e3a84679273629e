"""A process that writes imports into a ledger and says so after each; it is there to be killed.

`python ledger_writer.py FOLDER` waits for lines `FROM` on its input. For each it forks a writer, which opens the
ledger and imports number FROM, FROM + 1, ... until it is killed, and prints `pid N`, `done N` per acknowledged import
and `dead` when the writer is gone. Forking spares each of many hundred writers the start of Python.
"""

import os
import sys
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from deskmeter.base.time import from_micros
from deskmeter.ledger import imports
from deskmeter.ledger.protocol import ROW_KEYS_SCHEMA, Batch
from deskmeter.ledger.sqlite import SqliteLedger, open_ledger

NOW = from_micros(1_700_000_000_000_000)
imports.BULK_ROWS = 20  # about every other import is a large one, whose rows may lie in blocks
SHARED = 2
"""So many rows of each import repeat rows of the one before."""


def rows_n(number: int) -> int:
    """How many rows import `number` has of its own."""
    return 3 + number * 7 % 40


def ids(number: int) -> list[str]:
    """The event ids of import `number`, those that it shares first."""
    own = [f"{number}-{row}" for row in range(rows_n(number))]
    return [f"{number - 1}-{row}" for row in range(SHARED if number else 0)] + own


def batches(number: int) -> list[Batch]:
    """Import `number` in one to three parts; a row's ticket is named after the import that it belongs to."""
    names = ids(number)
    parts = 1 + number % 3
    return [_batch(names[part::parts]) for part in range(parts)]


def _batch(names: list[str]) -> Batch:
    count = len(names)
    events = pa.table(
        {
            "id": names,
            "ticket": [name.partition("-")[0] for name in names],
            "at": pa.array([0] * count, pa.timestamp("us")),
            "kind": ["note"] * count,
        }
    )
    keys = {"raw_line": list(range(count)), "key": [blake2b(name.encode(), digest_size=16).digest() for name in names]}
    return Batch({"event": events}, pa.table(keys, schema=ROW_KEYS_SCHEMA))


def write(ledger: SqliteLedger, number: int) -> None:
    """Import `number`, whole when this returns."""
    kept = ledger.put_object(f"import {number}".encode() * 50, "file", NOW)
    parts = batches(number)
    if len(parts) == 1:
        ledger.record("desk", kept.id, "m1", NOW, parts[0])
        return
    ticket = ledger.begin_import("desk", kept.id, "m1", NOW)
    for part in parts:
        ledger.append(ticket, part)
    ledger.finish(ticket, NOW)


def _write_for_ever(folder: Path, number: int) -> None:
    ledger = open_ledger(folder)
    while True:
        write(ledger, number)
        _say(f"done {number}")
        number += 1


def _say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def main() -> None:
    """Fork a writer per line of input."""
    folder = Path(sys.argv[1])
    # What arrow loads at its first use takes longer than a writer lives; loaded here, every writer inherits it.
    with TemporaryDirectory() as elsewhere, open_ledger(Path(elsewhere)) as ledger:
        write(ledger, 1)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                _write_for_ever(folder, int(line))
            finally:
                os._exit(3)
        _say(f"pid {pid}")
        os.waitpid(pid, 0)
        _say("dead")


if __name__ == "__main__":
    main()
