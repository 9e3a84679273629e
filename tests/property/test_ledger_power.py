"""The power fails: what was not synced is lost, torn or out of order. What was acknowledged is there all the same.

Every write, truncation, deletion and sync of a ledger at work is recorded. A trial cuts the record at a random place
and builds the disk as it could be then: all that was synced, and of the rest a random part, some of it torn at a
sector. The harness is proved by its failing: with `synchronous=NORMAL` it does find acknowledged rows lost.
"""

import os
import random
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import apsw
import pytest
from ledger_writer import ids, write

from deskmeter.ledger.connection import Tuning
from deskmeter.ledger.sqlite import open_ledger

TRIALS = 10_000 if os.environ.get("DESKMETER_LONG") else 300
IMPORTS = 30
SECTOR = 512
QUICK = "/dev/shm" if Path("/dev/shm").is_dir() else None


@dataclass(frozen=True)
class Action:
    """What happened to a file; `ack` is the number of the import acknowledged."""

    kind: Literal["write", "truncate", "delete", "sync", "ack"]
    file: str = ""
    at: int = 0
    data: bytes = b""


class Recorder(apsw.VFS):
    """The system's disk, with a record of all that is done to it."""

    def __init__(self, name: str, actions: list[Action]) -> None:
        self.actions = actions
        super().__init__(name, "")

    def xOpen(self, name: apsw.URIFilename | str | None, flags: list[int]) -> apsw.VFSFile:
        return _RecordedFile(self.actions, name, flags)

    def xDelete(self, name: str, sync: bool) -> None:
        self.actions.append(Action("delete", Path(name).name))
        super().xDelete(name, sync)


class _RecordedFile(apsw.VFSFile):
    def __init__(self, actions: list[Action], name: apsw.URIFilename | str | None, flags: list[int]) -> None:
        self._actions = actions
        self._name = Path(name.filename() if isinstance(name, apsw.URIFilename) else name or "temporary").name
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._actions.append(Action("write", self._name, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, size: int) -> None:
        self._actions.append(Action("truncate", self._name, size))
        super().xTruncate(size)

    def xSync(self, flags: int) -> None:
        self._actions.append(Action("sync", self._name))
        super().xSync(flags)


@dataclass
class Disk:
    """The files as they are on the disk, and for each what was written since its last sync."""

    files: dict[str, bytearray] = field(default_factory=dict)
    unsynced: dict[str, list[Action]] = field(default_factory=dict)
    acknowledged: int = -1

    def take(self, action: Action) -> None:
        if action.kind == "ack":
            self.acknowledged = action.at
        elif action.kind == "delete":
            self.files.pop(action.file, None)
            self.unsynced.pop(action.file, None)
        elif action.kind == "sync":
            for each in self.unsynced.pop(action.file, []):
                self.apply(each, each.data)
        else:
            self.unsynced.setdefault(action.file, []).append(action)

    def apply(self, action: Action, data: bytes) -> None:
        content = self.files.setdefault(action.file, bytearray())
        if action.kind == "truncate":
            del content[action.at :]
            return
        content.extend(bytes(max(0, action.at + len(data) - len(content))))
        content[action.at : action.at + len(data)] = data

    def lose_power(self, dice: random.Random) -> None:
        """Of what is not synced, some is on disk, some is torn, some is gone."""
        for actions in self.unsynced.values():
            for action in actions:
                fate = dice.random()
                if fate < 0.4:
                    self.apply(action, action.data)
                elif fate < 0.6 and len(action.data) > SECTOR:
                    self.apply(action, action.data[: dice.randrange(SECTOR, len(action.data), SECTOR)])


def recorded(folder: Path, synchronous: Literal["FULL", "NORMAL"]) -> list[Action]:
    """All that a ledger did to its disk during a number of imports, and when it acknowledged which."""
    actions: list[Action] = []
    name = f"recorder-{synchronous}"
    disk = Recorder(name, actions)
    with open_ledger(folder, Tuning(synchronous, name, is_exclusive=True, checkpoint_pages=20)) as ledger:
        for number in range(IMPORTS):
            write(ledger, number)
            actions.append(Action("ack", at=number))
        everything = list(actions)
    disk.unregister()
    return everything


def survives(actions: list[Action], objects: Path, seed: int) -> bool:
    """One trial: whether all that was acknowledged is there, once and whole, and the file is sound."""
    dice = random.Random(seed)
    first = next(place for place, action in enumerate(actions) if action.kind == "ack")
    disk = Disk()
    for action in actions[: dice.randint(first + 1, len(actions))]:
        disk.take(action)
    disk.lose_power(dice)
    with tempfile.TemporaryDirectory(dir=QUICK) as made:
        folder = Path(made)
        (folder / "objects").symlink_to(objects)
        for name, content in disk.files.items():
            (folder / name).write_bytes(content)
        with open_ledger(folder) as ledger:
            assert ledger.check() == ()
            found = ledger.read("event")["id"].to_pylist()
    assert len(found) == len(set(found))
    states = [{name for number in range(last + 1) for name in ids(number)} for last in range(-1, IMPORTS)]
    assert set(found) in states, "an import is there in part"
    return set(found) >= states[disk.acknowledged + 1]


def test_a_power_loss_takes_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    actions = recorded(tmp_path, "FULL")
    lost = [seed for seed in range(TRIALS) if not survives(actions, tmp_path / "objects", seed)]
    assert lost == []


def test_the_same_harness_finds_what_weaker_syncing_loses(tmp_path: Path) -> None:
    actions = recorded(tmp_path, "NORMAL")
    assert not all(survives(actions, tmp_path / "objects", seed) for seed in range(TRIALS))


def test_torn_writes_end_at_a_sector() -> None:
    disk = Disk()
    disk.take(Action("write", "f", 0, b"x" * 4096))
    for seed in range(50):
        disk.files.clear()
        disk.lose_power(random.Random(seed))
        assert len(disk.files.get("f", b"")) % SECTOR == 0


@pytest.mark.parametrize("synchronous", ["FULL", "NORMAL"])
def test_the_record_holds_checkpoints_as_well(tmp_path: Path, synchronous: Literal["FULL", "NORMAL"]) -> None:
    actions = recorded(tmp_path, synchronous)
    before_the_last = actions[: max(place for place, action in enumerate(actions) if action.kind == "ack")]
    assert any(action.kind == "sync" and action.file == "ledger.sqlite" for action in before_the_last)
