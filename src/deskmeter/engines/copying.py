"""Tables brought from memory into a file while the next are being made, and shown there all at once."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from typing import Protocol

from deskmeter.base.errors import EngineError

NEXT = "next "  # before the name of a table in the file that nobody reads yet


class Cursor(Protocol):
    """A connection of its own to the database that holds both sides."""

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Run one statement; its rows."""

    def interrupt(self) -> None:
        """End the statement that another thread is running here with an error."""

    def close(self) -> None:
        """Let go of it."""


class Copier:
    """Writes tables into database `target` in a thread of its own; at the end the thread of the build helps.

    They are copies of tables of database `work`, or made there from such tables. Each stands under a name of its own
    until `show` gives all of them their names in one transaction. Those of a build that died are removed by the next.
    """

    def __init__(self, cursors: tuple[Cursor, Cursor], work: str, target: str) -> None:
        (self._cursor, self._second), self._target = cursors, target
        self._waiting: queue.SimpleQueue[tuple[str, str] | None] = queue.SimpleQueue()
        self._names: dict[str, None] = {}
        self._is_each_made_once = True
        self._error: EngineError | None = None
        self._is_over = False
        self._drop_hidden()
        for cursor in cursors:
            cursor.rows(f"USE {work}")  # there lies what texts name
        self._thread = threading.Thread(target=self._write, args=(cursors[0],), name="write tables", daemon=True)
        self._thread.start()

    def add(self, name: str, columns: Sequence[str] | None = None) -> None:
        """Copy these columns (None: all) of table `name`, which is whole; one that was made anew is copied anew.

        Raises:
            EngineError: an earlier table could not be written.
        """
        chosen = "*" if columns is None else ", ".join(f'"{column}"' for column in columns)
        self.make(name, f'SELECT {chosen} FROM "{name}"')

    def make(self, name: str, text: str) -> None:
        """Make table `name` where it belongs; what the text reads is whole and stays as it is.

        Raises:
            EngineError: an earlier table could not be written.
        """
        if self._error is not None:
            raise self._error
        self._is_each_made_once &= name not in self._names
        self._names[name] = None
        self._waiting.put((name, text))

    def show(self) -> None:
        """Waits for the last table and puts all of them in the place of those that had their names.

        Raises:
            EngineError: a table could not be written.
        """
        self._end()
        if self._error is not None:
            raise self._error
        self._cursor.rows("BEGIN TRANSACTION")
        try:
            for name in self._names:
                self._cursor.rows(f"DROP TABLE IF EXISTS {self._place(name)}")
                self._cursor.rows(f'ALTER TABLE {self._place(NEXT + name)} RENAME TO "{name}"')
            self._cursor.rows("COMMIT")
        except BaseException:
            self._cursor.rows("ROLLBACK")
            raise
        self._close()

    def give_up(self) -> None:
        """Ends at once; nothing of any of the tables is left."""
        self._is_over = True
        self._cursor.interrupt()
        self._end()
        self._drop_hidden()
        self._close()

    def _end(self) -> None:
        self._waiting.put(None)
        if self._is_each_made_once:  # else the later of two could be written first
            self._waiting.put(None)
            self._write(self._second)
        self._thread.join()

    def _close(self) -> None:
        self._cursor.close()
        self._second.close()

    def _write(self, cursor: Cursor) -> None:
        while (asked := self._waiting.get()) is not None:
            if self._is_over or self._error is not None:
                continue
            name, text = asked
            try:
                cursor.rows(f"CREATE OR REPLACE TABLE {self._place(NEXT + name)} AS {text}")
            except Exception as error:  # told by the next call, in the thread of the build
                self._error = EngineError(f"cannot build table `{name}`: {error}")
                self._error.__cause__ = error

    def _place(self, name: str) -> str:
        return f'"{self._target}".main."{name}"'

    def _drop_hidden(self) -> None:
        found = self._cursor.rows(
            f"SELECT table_name FROM duckdb_tables() WHERE database_name = '{self._target}' "
            f"AND starts_with(table_name, '{NEXT}')"
        )
        for (name,) in found:
            self._cursor.rows(f"DROP TABLE {self._place(str(name))}")
