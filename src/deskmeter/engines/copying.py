"""Tables copied from memory into a file while the next are being made, and shown there all at once."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from typing import Protocol

NEXT = "next "  # before the name of a copy that nobody reads yet
# Copies of fewer rows than a row group lie in the log until a checkpoint; so many are worth one while others are made.
_LOGGED_ROWS = 50_000


class Cursor(Protocol):
    """A connection of its own to the database that holds both sides."""

    def execute(self, query: str) -> Cursor:
        """Run one statement."""

    def fetchall(self) -> list[tuple[object, ...]]:
        """All rows of the last statement."""

    def close(self) -> None:
        """Let go of it."""


class Copier:
    """Copies tables of database `work` into database `target`, one after the other, in a thread of its own.

    Each copy stands under a name of its own until `show` gives all of them their names in one transaction. Copies of a
    build that died are removed by the next.
    """

    def __init__(self, cursor: Cursor, work: str, target: str) -> None:
        self._cursor, self._work, self._target = cursor, work, target
        self._waiting: queue.SimpleQueue[tuple[str, Sequence[str] | None] | None] = queue.SimpleQueue()
        self._names: dict[str, None] = {}
        self._error: Exception | None = None
        self._is_over = False
        self._drop_copies()
        self._thread = threading.Thread(target=self._copy, name="copy tables", daemon=True)
        self._thread.start()

    def add(self, name: str, columns: Sequence[str] | None = None) -> None:
        """Copy these columns (None: all) of table `name`, which is whole; one that was made anew is copied anew.

        Raises:
            Exception: an earlier copy failed; the engine's own error.
        """
        if self._error is not None:
            raise self._error
        self._names[name] = None
        self._waiting.put((name, columns))

    def show(self) -> None:
        """Waits for the last copy and puts all of them in the place of the tables that had their names.

        Raises:
            Exception: a copy failed; the engine's own error.
        """
        self._waiting.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error
        self._cursor.execute("BEGIN TRANSACTION")
        try:
            for name in self._names:
                self._cursor.execute(f"DROP TABLE IF EXISTS {self._place(name)}")
                self._cursor.execute(f'ALTER TABLE {self._place(NEXT + name)} RENAME TO "{name}"')
            self._cursor.execute("COMMIT")
        except BaseException:
            self._cursor.execute("ROLLBACK")
            raise
        self._cursor.close()

    def give_up(self) -> None:
        """Ends after the copy that is being written; nothing of any of them is left."""
        self._is_over = True
        self._waiting.put(None)
        self._thread.join()
        self._drop_copies()
        self._cursor.close()

    def _copy(self) -> None:
        logged = 0
        while (asked := self._waiting.get()) is not None:
            if self._is_over or self._error is not None:
                continue
            name, columns = asked
            chosen = "*" if columns is None else ", ".join(f'"{column}"' for column in columns)
            place, origin = self._place(NEXT + name), f'"{self._work}".main."{name}"'
            try:
                ((rows,),) = self._cursor.execute(
                    f"CREATE OR REPLACE TABLE {place} AS SELECT {chosen} FROM {origin}"
                ).fetchall()
                logged += int(str(rows))
                if logged > _LOGGED_ROWS and self._waiting.empty():
                    self._cursor.execute(f'CHECKPOINT "{self._target}"').fetchall()
                    logged = 0
            except Exception as error:  # told by `add` or `show`, in the thread of the build
                self._error = error

    def _place(self, name: str) -> str:
        return f'"{self._target}".main."{name}"'

    def _drop_copies(self) -> None:
        found = self._cursor.execute(
            f"SELECT table_name FROM duckdb_tables() WHERE database_name = '{self._target}' "
            f"AND starts_with(table_name, '{NEXT}')"
        ).fetchall()
        for (name,) in found:
            self._cursor.execute(f"DROP TABLE {self._place(str(name))}")
