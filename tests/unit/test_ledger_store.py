"""The folder on disk: raw objects, the lock, versions of configuration, a failing disk, copies and checks."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import apsw
import pytest
from ledger_rows import NOW, balance, keys, record, subjects, tickets

from deskmeter.base.errors import AskerError, DataError, LockedError
from deskmeter.ledger.connection import Tuning
from deskmeter.ledger.protocol import Batch, StoreError
from deskmeter.ledger.sqlite import open_ledger

ONE = Batch({"ticket": tickets(("1", "a", None))}, keys("1"))


def test_an_object_is_kept_byte_for_byte_under_its_hash(tmp_path: Path) -> None:
    content = bytes(range(256)) * 9000  # more than one chunk
    file = tmp_path / "odd name.csv"
    file.write_bytes(content)
    with open_ledger(tmp_path / "ledger") as ledger:
        kept = ledger.put_object(file, file.name, NOW)
        assert (kept.id, kept.size, kept.is_new) == (hashlib.sha256(content).hexdigest(), len(content), True)
        assert ledger.object_path(kept.id).read_bytes() == content
        assert not ledger.put_object(content, "the same", NOW).is_new
        empty = ledger.put_object(b"", "empty", NOW)
        assert ledger.object_path(empty.id).read_bytes() == b""
        assert ledger.counters() == {"objects": 2, "object_bytes": len(content), "imports": 0, "superseded": 0}


@pytest.mark.parametrize(("name", "said"), [("", "is a folder, not a file"), ("nothing", "does not exist")])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str, said: str) -> None:
    with open_ledger(tmp_path / "ledger") as ledger:
        with pytest.raises(DataError, match=said):
            ledger.put_object(tmp_path / name, name, NOW)
        assert ledger.put_object(b"next", "next", NOW).is_new


def test_a_half_copied_object_is_cleared_away(tmp_path: Path) -> None:
    with open_ledger(tmp_path):
        pass
    (tmp_path / "objects" / "incoming" / "1").write_bytes(b"half of wh")
    with open_ledger(tmp_path) as ledger:
        assert list((tmp_path / "objects" / "incoming").iterdir()) == []
        assert ledger.check() == ()


OPENS = """
import sys
from pathlib import Path
from deskmeter.base.errors import LockedError
from deskmeter.ledger.sqlite import open_ledger
try:
    open_ledger(Path(sys.argv[1])).close()
except LockedError as error:
    print(error)
    sys.exit(error.exit_code)
"""


def test_another_process_is_told_who_owns_the_store(tmp_path: Path) -> None:
    def open_elsewhere() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", OPENS, str(tmp_path)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    with open_ledger(tmp_path) as ledger:
        refused = open_elsewhere()
        assert refused.returncode == 4
        assert f"is in use by process {os.getpid()}; stop that one first" in refused.stdout
        record(ledger, ONE)
    assert open_elsewhere().returncode == 0


def test_the_same_process_cannot_open_a_store_twice(tmp_path: Path) -> None:
    with open_ledger(tmp_path), pytest.raises(LockedError, match="in use by this very process"):
        open_ledger(tmp_path)
    with open_ledger(tmp_path):
        pass


def test_what_is_no_ledger_is_refused_and_not_locked(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"not a database at all" * 100)
    for _ in range(2):
        with pytest.raises(DataError, match="is not a ledger; name another folder"):
            open_ledger(tmp_path)
    (tmp_path / "ledger.sqlite").unlink()
    other = apsw.Connection(str(tmp_path / "ledger.sqlite"))
    other.execute("CREATE TABLE mine (a)")
    other.close()
    with pytest.raises(DataError, match="a database but not a ledger"):
        open_ledger(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError, match="no store can be kept"):
        open_ledger(tmp_path / "file")


def test_an_older_store_gains_new_columns_and_tables(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        record(ledger, ONE)
    older = apsw.Connection(str(tmp_path / "ledger.sqlite"))
    older.execute("ALTER TABLE ticket DROP COLUMN channel")
    older.execute("DROP TABLE kb_item")
    older.close()
    with open_ledger(tmp_path) as ledger:
        assert ledger.read("ticket")["channel"].to_pylist() == [None]
        assert len(ledger.read("kb_item")) == 0


def test_a_store_of_a_later_build_is_refused(tmp_path: Path) -> None:
    with open_ledger(tmp_path):
        pass
    later = apsw.Connection(str(tmp_path / "ledger.sqlite"))
    later.execute("UPDATE ledger_meta SET value = 99 WHERE name = 'format'")
    later.close()
    with pytest.raises(DataError, match="has format 99, this build reads 2"):
        open_ledger(tmp_path)


def test_a_document_keeps_every_version(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        assert ledger.put_document("mapping", "desk", "a: 1", NOW).version == 1
        assert ledger.put_document("mapping", "desk", "a: 1", NOW).version == 1
        assert ledger.put_document("mapping", "desk", "a: 2", NOW).version == 2
        ledger.put_document("mapping", "calls", "b: 1", NOW)
        ledger.put_document("settings", "desk", "zone: UTC", NOW)
    with open_ledger(tmp_path) as ledger:
        assert [(each.name, each.version, each.text) for each in ledger.documents("mapping")] == [
            ("calls", 1, "b: 1"),
            ("desk", 2, "a: 2"),
        ]
        assert [each.text for each in ledger.document_history("mapping", "desk")] == ["a: 1", "a: 2"]
        assert ledger.documents("metrics") == ()


class FailingDisk(apsw.VFS):
    """The system's disk until `is_broken`; then nothing can be made durable."""

    is_broken = False

    def __init__(self) -> None:
        super().__init__("failing", "")

    def xOpen(self, name: object, flags: list[int]) -> apsw.VFSFile:
        return _FailingFile(self, name, flags)


class _FailingFile(apsw.VFSFile):
    def __init__(self, disk: FailingDisk, name: object, flags: list[int]) -> None:
        self._disk = disk
        super().__init__("", name, flags)

    def xSync(self, flags: int) -> None:
        if self._disk.is_broken:
            raise apsw.IOError("no space on the device's spare blocks")
        super().xSync(flags)


def test_after_a_failed_fsync_nothing_is_acknowledged_or_written_again(tmp_path: Path) -> None:
    disk = FailingDisk()
    ledger = open_ledger(tmp_path, Tuning(vfs="failing", is_exclusive=True))
    record(ledger, ONE)
    disk.is_broken = True
    with pytest.raises(StoreError, match="the disk failed while writing"):
        record(ledger, Batch({"ticket": tickets(("2", "b", None))}, keys("2")), b"two")
    disk.is_broken = False  # a second fsync would succeed and prove nothing
    with pytest.raises(StoreError, match="nothing more is written"):
        record(ledger, Batch({"ticket": tickets(("3", "c", None))}, keys("3")), b"three")
    with pytest.raises(StoreError, match="nothing more is written"):
        ledger.put_document("settings", "desk", "zone: UTC", NOW)
    ledger.close()
    with open_ledger(tmp_path) as reopened:
        assert subjects(reopened)["1"] == "a"
        assert reopened.check() == ()


def test_a_copy_opens_like_the_store_itself(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "ledger") as ledger:
        record(ledger, ONE)
        ledger.backup(tmp_path / "copy")
        record(ledger, Batch({"ticket": tickets(("2", "b", None))}, keys("2")), b"two")
        with pytest.raises(AskerError, match="holds a store already"):
            ledger.backup(tmp_path / "copy")
    with open_ledger(tmp_path / "copy") as copy:
        assert subjects(copy) == {"1": "a"}
        assert balance(copy) == (1, 1, 0, 0, 0)
        assert copy.check() == ()


def test_a_check_names_a_damaged_object_and_a_broken_balance(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        record(ledger, ONE)
        kept = ledger.put_object(b"two", "two", NOW)
        ledger.object_path(kept.id).write_bytes(b"2wo")
        gone = ledger.put_object(b"three", "three", NOW)
        ledger.object_path(gone.id).unlink()
    broken = apsw.Connection(str(tmp_path / "ledger.sqlite"))
    broken.execute("UPDATE ledger_import SET stored = stored + 1")
    broken.close()
    with open_ledger(tmp_path) as ledger:
        wrong = "\n".join(ledger.check())
        assert "received 1, accounted for 2" in wrong
        assert f"`{kept.id}` does not hold what was kept" in wrong
        assert f"`{gone.id}` is missing" in wrong
