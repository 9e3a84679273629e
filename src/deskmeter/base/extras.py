"""Packages that are not ours to require: loaded when asked for, and named with their install line when missing."""

from importlib import import_module
from types import ModuleType

from deskmeter.base.errors import AskerError


def extra(module: str, why: str, install: str | None = None) -> ModuleType:
    """The package `module`; AskerError names the install line where it is missing.

    >>> extra("no_such_package", "to_it()")
    Traceback (most recent call last):
    ...
    deskmeter.base.errors.AskerError: to_it() needs `no_such_package`; pip install no_such_package
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or module.split(".")[0] != error.name.split(".")[0]:
            raise
        raise AskerError(f"{why} needs `{error.name}`; {install or f'pip install {module}'}") from None
