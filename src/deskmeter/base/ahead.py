"""Items that are made in a thread of their own while the one before is used."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class _Failure:
    """What ended the making of items: an error of their maker, or nothing, when there were no more."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class Ahead(Generic[Item]):
    """An iterator over `items` that has the next one made before it is asked for, and begins one more, no further.

    Worth it where making an item leaves the interpreter to others: reading files, unpacking, parsing in Arrow. An
    error in the thread is raised where its item would have come. Whoever does not want all items closes it.

    >>> with Ahead(iter("abc")) as letters:
    ...     "".join(letters)
    'abc'
    """

    def __init__(self, items: Iterable[Item]) -> None:
        self._made: queue.Queue[Item | _Failure] = queue.Queue(maxsize=1)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._make, args=(items,), name="read ahead", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Item]:
        while True:
            item = self._made.get()
            if not isinstance(item, _Failure):
                yield item
            elif item.error is None:
                return
            else:
                raise item.error

    def __enter__(self) -> Ahead[Item]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends after the item that is being made, and waits for that: nobody reads the file any more."""
        self._is_over.set()
        while self._thread.is_alive():
            try:
                self._made.get_nowait()
            except queue.Empty:
                self._thread.join(0.01)

    def _make(self, items: Iterable[Item]) -> None:
        error = None
        try:
            for item in items:
                self._made.put(item)
                if self._is_over.is_set():
                    return
        except BaseException as raised:  # raised again by whoever takes the items
            error = raised
        if not self._is_over.is_set():
            self._made.put(_Failure(error))
