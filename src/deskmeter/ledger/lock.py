"""One process owns a store: a lock that the operating system takes back when its owner dies."""

import os
from pathlib import Path

import apsw

from deskmeter.base.errors import LockedError


class StoreLock:
    """Held from creation to `release`; a second one on the same folder raises LockedError naming the owner.

    The lock is an exclusive transaction on an empty database of its own: SQLite knows how to lock a file on every
    system, also against a second opening in the same process, and a killed owner leaves no lock behind.
    """

    def __init__(self, folder: Path) -> None:
        self._owner_file = folder / "owner"
        self._connection = apsw.Connection(str(folder / "lock"))
        try:
            self._connection.execute("BEGIN EXCLUSIVE")
        except apsw.BusyError:
            self._connection.close()
            raise LockedError(f"the store `{folder}` is in use by {self._owner()}; {_WAY_OUT}") from None
        self._owner_file.write_text(str(os.getpid()), encoding="ascii")

    def _owner(self) -> str:
        try:
            pid = self._owner_file.read_text(encoding="ascii").strip()
        except OSError:
            return "another process"
        return "this very process" if pid == str(os.getpid()) else f"process {pid}"

    def release(self) -> None:
        """Give the store free; a second call does nothing."""
        self._connection.close()


_WAY_OUT = "stop that one first, or ask it instead: one process owns a store"
