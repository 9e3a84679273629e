"""Every customer-service metric from the raw history of a support desk: exact, explained, with its uncertainty.

The names below are loaded when they are first used, so that `deskmeter --help` need not wait for the engine.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deskmeter.base.errors import AskerError, DataError, DeskmeterError, LockedError
    from deskmeter.python import Answer, Desk, Drill, open

__all__ = ["Answer", "AskerError", "DataError", "Desk", "DeskmeterError", "Drill", "LockedError", "open"]

_HOMES = {
    **dict.fromkeys(("Answer", "Desk", "Drill", "open"), "deskmeter.python"),
    **dict.fromkeys(("AskerError", "DataError", "DeskmeterError", "LockedError"), "deskmeter.base.errors"),
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'deskmeter' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
