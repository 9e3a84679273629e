"""A writer is killed (kill -9) at any moment, again and again: what it acknowledged is there, once, and whole."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ledger_writer import ids, rows_n

from deskmeter.ledger.sqlite import SqliteLedger, open_ledger

KILLS = 10_000 if os.environ.get("DESKMETER_LONG") else 300
FULL_CHECK_EVERY = 100


@contextmanager
def a_nursery(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The process that forks writers."""
    command = [sys.executable, str(Path(__file__).with_name("ledger_writer.py")), str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait(timeout=30)
        process.stdout.close()


@dataclass
class Lives:
    """Starts writers and kills them: at any moment of opening, or of the import after some that were let through."""

    nursery: subprocess.Popen[str]
    dice: random.Random
    import_s: float = 0.02  # how long one import took lately: the machine may be busy with other things

    def one(self, number: int) -> list[int]:
        """A writer that begins with import `number` lives and dies: what it acknowledged."""
        self.nursery.stdin.write(f"{number}\n")
        pid = int(self._word("pid"))
        acknowledged: list[int] = []
        began = 0.0
        for _ in range(self.dice.randrange(3)):
            acknowledged.append(int(self._word("done")))
            now = time.monotonic()
            if len(acknowledged) > 1:  # the first one waited for the opening
                self.import_s = 0.8 * self.import_s + 0.2 * (now - began)
            began = now
        time.sleep(self.dice.uniform(0, 2 * self.import_s))
        os.kill(pid, signal.SIGKILL)
        while (line := self.nursery.stdout.readline().strip()) != "dead":
            assert line.startswith("done "), f"the process that forks writers says {line!r}"
            acknowledged.append(int(line.removeprefix("done ")))
        return acknowledged

    def _word(self, expected: str) -> str:
        word, _, value = self.nursery.stdout.readline().strip().partition(" ")
        assert word == expected
        return value


def held(ledger: SqliteLedger, numbers: list[int]) -> Counter[str]:
    rows = ledger.read_tickets("event", [("desk", str(number)) for number in numbers])
    return Counter(rows["id"].to_pylist())


def own_ids(number: int) -> list[str]:
    return [f"{number}-{row}" for row in range(rows_n(number))]


def verify(ledger: SqliteLedger, acknowledged: list[int], unfinished: int) -> None:
    """Each acknowledged import is there once; the one under way is there whole or not at all."""
    assert held(ledger, acknowledged) == Counter(name for number in acknowledged for name in own_ids(number))
    under_way = held(ledger, [unfinished])
    assert under_way in (Counter(), Counter(own_ids(unfinished)))
    assert held(ledger, [unfinished + 1]) == Counter()
    for balance in ledger.balance():
        counted = balance.stored + balance.duplicates + balance.set_aside + balance.rejected
        assert balance.received == counted


def test_killed_writers_lose_and_double_nothing(tmp_path: Path) -> None:
    following = 0
    under_way = 0
    with a_nursery(tmp_path) as nursery:
        lives = Lives(nursery, random.Random(20260301))
        for kill in range(1, KILLS + 1):
            acknowledged = lives.one(following)
            assert acknowledged == list(range(following, following + len(acknowledged)))
            following += len(acknowledged)
            with open_ledger(tmp_path) as ledger:
                states = [each.state for each in ledger.imports()]
                assert "running" not in states
                under_way += states[-1:] == ["interrupted"]
                verify(ledger, acknowledged, following)
                if kill % FULL_CHECK_EVERY == 0:
                    assert ledger.check() == ()
    with open_ledger(tmp_path) as ledger:
        stored = Counter(ledger.read("event")["id"].to_pylist())
        assert ledger.check() == ()
    acknowledged_ids = {name for number in range(following) for name in ids(number)}
    assert acknowledged_ids <= stored.keys() <= acknowledged_ids | set(own_ids(following))
    assert set(stored.values()) == {1}
    # The test is one only if the killing hit imports under way as well.
    assert following > KILLS
    assert under_way > KILLS / 30
