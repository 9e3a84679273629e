"""The one tree of errors, split by whose fault it is.

DeskmeterError
|-- AskerError     the question cannot be answered as put; carries a hint     (exit 2)
|-- DataError      a file, row or mapping is wrong; names the place           (exit 3)
|-- SourceError    a source failed; may be tried again or not                 (exit 1)
|-- EngineError    this engine cannot do it                                   (exit 1)
|-- LockedError    another process owns the store                             (exit 4)
`-- BugError       we broke a promise of our own                              (exit 1)
"""

from collections.abc import Iterable
from difflib import get_close_matches


class DeskmeterError(Exception):
    """Base of all errors that a user may see; `str()` is one clear line."""

    exit_code = 1


class AskerError(DeskmeterError):
    """The question is wrong: an unknown name, an impossible split, a bad value."""

    exit_code = 2


class DataError(DeskmeterError):
    """What was handed in is wrong: a file, a row, a mapping, a configuration."""

    exit_code = 3


class SourceError(DeskmeterError):
    """A source did not answer as it should."""


class EngineError(DeskmeterError):
    """An engine cannot do what was asked of it."""


class LockedError(DeskmeterError):
    """Another process owns the store."""

    exit_code = 4


class BugError(DeskmeterError):
    """A promise of our own is broken; please report it."""


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of an error line: the nearest good names, or nothing.

    >>> nearest("frist_reply", ["first_reply_time", "csat"])
    '; did you mean `first_reply_time`?'
    >>> nearest("zzz", ["csat"])
    ''
    """
    near = get_close_matches(name, list(known), n=3, cutoff=0.5)
    return "; did you mean " + " or ".join(f"`{n}`" for n in near) + "?" if near else ""
