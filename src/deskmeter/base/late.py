"""Modules that are named at the top of a file, as every import is, and loaded when they are first used.

A question that was asked before should not wait for what reads files, draws workbooks or invents companies. The real
import stands beside it under `TYPE_CHECKING`, for whoever checks types:

    if TYPE_CHECKING:
        import xlsxwriter
    else:
        xlsxwriter = late("xlsxwriter")
"""

from importlib import import_module


class Late:
    """Stands for a module; the first look at one of its names loads it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> object:
        # import_module knows and locks what it has loaded: nothing need be kept here, and threads may meet here
        return getattr(import_module(self._name), name)


def late(name: str) -> Late:
    """The module `name`, not loaded yet.

    >>> late("fractions").Fraction(1, 2)
    Fraction(1, 2)
    """
    return Late(name)
