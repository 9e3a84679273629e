"""Compiled questions, kept on disk by content: compiling one takes far longer than running it.

A text depends on the code of this package, the versions of the compiler, the columns of the fact tables and the
desk's settings; all of these are in the name of its file. It holds no data: values are bound when a question runs.
A file that is damaged is simply made anew.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Collection
from functools import cache
from importlib.metadata import version
from pathlib import Path

FOLDER = "deskmeter"
_MOST = 5_000  # texts; a file that outgrows this begins anew
_CODE = ("canon", "engines", "facts", "metrics", "query")


class KeptTexts(dict[object, str]):
    """Texts by plan; those that are not here yet are looked up on disk. `store` writes what is new."""

    def __init__(self, stamp: str, own: Collection[str] = ()) -> None:
        """`stamp`: all that texts depend on besides code. `own`: metrics of the desk, whose texts stay in memory."""
        super().__init__()
        digest = hashlib.sha256(f"{_code_version()} {stamp}".encode()).hexdigest()[:24]
        home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
        self._path = Path(home) / FOLDER / f"texts-{digest}.json"
        self._own = frozenset(own)
        self._stored = _read(self._path)
        self._fresh: dict[str, str] = {}

    def __contains__(self, plan: object) -> bool:
        return super().__contains__(plan) or _name(plan) in self._stored

    def __getitem__(self, plan: object) -> str:
        if not super().__contains__(plan):
            super().__setitem__(plan, self._stored[_name(plan)])
        return super().__getitem__(plan)

    def __setitem__(self, plan: object, text: str) -> None:
        super().__setitem__(plan, text)
        if not self._own or not any(f"'{id}'" in repr(plan) for id in self._own):
            self._fresh[_name(plan)] = text

    def store(self) -> None:
        """Writes all texts to disk at once; where that is not possible they stay in memory."""
        if not self._fresh:
            return
        kept = {**_read(self._path), **self._fresh}  # another process may have written meanwhile
        if len(kept) > _MOST:
            kept = self._fresh
        self._stored, self._fresh = kept, {}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=self._path.parent, delete=False, encoding="utf-8") as file:
                json.dump(kept, file)
            os.replace(file.name, self._path)
        except OSError:
            return


def _read(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    is_sound = isinstance(found, dict) and all(isinstance(text, str) for text in found.values())
    return found if is_sound else {}


def _name(plan: object) -> str:
    return hashlib.sha256(repr(plan).encode()).hexdigest()[:24]


@cache
def _code_version() -> str:
    """A hash of the code that makes texts and of the libraries that compile them."""
    found = hashlib.sha256()
    package = Path(__file__).parent.parent
    for folder in _CODE:
        for path in sorted((package / folder).rglob("*.py")):
            found.update(path.read_bytes())
    for library in ("duckdb", "ibis-framework", "sqlglot"):
        found.update(version(library).encode())
    return found.hexdigest()
