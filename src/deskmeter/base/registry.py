"""Finds the plug-ins of one package by walking its files; nothing is listed twice."""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Generic, TypeVar

from deskmeter.base.errors import AskerError, BugError, nearest

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """Everything of `kind` that the files of `package` define at their top level, by `id`.

    A file may also hold a tuple or list of such things (a family).

    Raises:
        BugError: two files claim one id; the message names both.
        AskerError: unknown id; the message offers the nearest names.
    """

    def __init__(self, package: ModuleType, kind: type[T], noun: str, identify: Callable[[T], str]) -> None:
        self._noun = noun
        self._found: dict[str, T] = {}
        home: dict[str, str] = {}
        for info in sorted(iter_modules(package.__path__, package.__name__ + "."), key=lambda found: found.name):
            for thing in _things(import_module(info.name), kind):
                key = identify(thing)
                if home.get(key, info.name) != info.name:
                    raise BugError(f"two files define {noun} `{key}`: {home[key]} and {info.name}")
                home[key] = info.name
                self._found[key] = thing

    def __getitem__(self, key: str) -> T:
        if key not in self._found:
            raise AskerError(f"no {self._noun} `{key}`{nearest(key, self._found)}")
        return self._found[key]

    def __contains__(self, key: object) -> bool:
        return key in self._found

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def _things(module: ModuleType, kind: type[T]) -> Iterator[T]:
    for value in vars(module).values():
        if isinstance(value, kind):
            yield value
        elif isinstance(value, tuple | list):
            yield from (item for item in value if isinstance(item, kind))
