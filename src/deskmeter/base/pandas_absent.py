"""Keeps libraries that only look whether pandas is there from loading it, which takes half a second."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from threading import get_ident
from types import ModuleType


class _Absent(MetaPathFinder):
    """Says that pandas is not there, to the thread that made it."""

    def __init__(self) -> None:
        self._thread = get_ident()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == "pandas" and get_ident() == self._thread:
            raise ModuleNotFoundError("pandas is not wanted here", name=fullname)
        return None


@contextmanager
def pandas_absent() -> Iterator[None]:
    """Within the block this thread cannot load pandas; where it is loaded already, nothing changes."""
    finder = _Absent()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


@contextmanager
def pandas_present() -> Iterator[None]:
    """Within the block pandas can be loaded again, by those few that do nothing without it.

    >>> with pandas_absent(), pandas_present():
    ...     import pandas
    """
    hidden = [finder for finder in sys.meta_path if isinstance(finder, _Absent)]
    for finder in hidden:
        sys.meta_path.remove(finder)
    try:
        yield
    finally:
        sys.meta_path[:0] = hidden
