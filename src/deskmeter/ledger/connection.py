"""The one writing connection and the reading ones: how the file is opened, and what a failing disk means."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import apsw

from deskmeter.ledger.protocol import StoreError

# After one of these nobody knows what is on disk; a second try that succeeds would acknowledge what is lost.
DISK_FAILURES = (apsw.IOError, apsw.FullError, apsw.CorruptError, apsw.NotADBError, apsw.CantOpenError, OSError)

WRITER_CACHE_KIB = 262_144
READER_CACHE_KIB = 32_768
BUSY_MS = 60_000


@dataclass(frozen=True)
class Tuning:
    """How the file is opened. Only the tests of durability have reason to differ from the default.

    `vfs`: SQLite's door to the disk; None is the system's own. `is_exclusive`: no shared memory and so no
    reading connection beside the writing one (a VFS of one's own cannot share memory). `checkpoint_pages`: how long
    the log grows before it is worked into the file.
    """

    synchronous: Literal["FULL", "NORMAL"] = "FULL"
    vfs: str | None = None
    is_exclusive: bool = False
    checkpoint_pages: int = 1000


class Store:
    """A database file with one writer behind a lock and any number of readers, each seeing one instant."""

    def __init__(self, file: Path, tuning: Tuning) -> None:
        self._file = file
        self._tuning = tuning
        self._gate = threading.RLock()
        self._idle: list[apsw.Connection] = []
        self._failure: str | None = None
        self._writer = self._connect(apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE, WRITER_CACHE_KIB)
        if tuning.is_exclusive:
            self._writer.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._writer.execute("PRAGMA journal_mode = WAL")
        self._writer.execute(f"PRAGMA synchronous = {tuning.synchronous}")
        self._writer.execute(f"PRAGMA wal_autocheckpoint = {tuning.checkpoint_pages}")
        self._writer.execute("PRAGMA journal_size_limit = 67108864")

    def _connect(self, flags: int, cache_kib: int = READER_CACHE_KIB) -> apsw.Connection:
        connection = apsw.Connection(str(self._file), flags=flags, vfs=self._tuning.vfs)
        connection.set_busy_timeout(BUSY_MS)
        connection.execute(f"PRAGMA cache_size = -{cache_kib}")
        return connection

    def close(self) -> None:
        """Close all connections; the writer last, so that it alone checkpoints."""
        with self._gate:
            while self._idle:
                self._idle.pop().close()
            self._writer.close()

    @contextmanager
    def writing(self) -> Iterator[apsw.Connection]:
        """One atomic transaction, durable when the block is left; an error inside undoes all of it.

        Raises:
            StoreError: the disk failed, now or before: this store takes no more writes.
        """
        with self._gate:
            self.refuse_if_failed()
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException as error:
                self._undo()
                if isinstance(error, DISK_FAILURES):
                    raise self.fail(error) from error
                raise

    def _undo(self) -> None:
        try:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        except apsw.Error as error:
            self.fail(error)

    def fail(self, error: Exception) -> StoreError:
        """Remember that the disk failed; the error to raise."""
        self._failure = self._failure or f"the disk failed while writing `{self._file}` ({error})"
        return StoreError(f"{self._failure}; nothing more is written: check the disk and open the desk again")

    def refuse_if_failed(self) -> None:
        """Raise StoreError if the disk has failed before: an fsync is never tried twice."""
        if self._failure is not None:
            raise StoreError(f"{self._failure}; nothing more is written: check the disk and open the desk again")

    def compact(self) -> None:
        """Write the file anew without free pages, and the log to nothing: what was deleted is no longer in either."""
        with self._gate:
            self.refuse_if_failed()
            while self._idle:  # a reader in the way would keep the log from being emptied
                self._idle.pop().close()
            try:
                self._writer.execute("PRAGMA secure_delete = ON")
                self._writer.execute("VACUUM")
            except DISK_FAILURES as error:
                raise self.fail(error) from error
            self.empty_log()

    def empty_log(self) -> None:
        """Work the log into the file and cut it to nothing."""
        with self._gate:
            try:
                busy = next(iter(self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")))[0]
            except DISK_FAILURES as error:
                raise self.fail(error) from error
            if busy:
                raise StoreError(f"the log of `{self._file}` is being read; close what reads it and try again")

    @contextmanager
    def reading(self) -> Iterator[apsw.Connection]:
        """A connection that sees the store as it was at its first statement, whatever is written meanwhile."""
        if self._tuning.is_exclusive:
            with self._gate:
                yield self._writer
            return
        connection = self._idle.pop() if self._idle else self._connect(apsw.SQLITE_OPEN_READONLY)
        try:
            connection.execute("BEGIN")
            yield connection
        except BaseException:
            connection.close()
            raise
        connection.execute("ROLLBACK")
        self._idle.append(connection)
