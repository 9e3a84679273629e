"""Compiled build steps, kept by content: turning expressions into an engine's text costs more than a small build.

A plan depends on the code of this package, the versions of the compiler and the schemas of the tables that a
build loads on its way. It holds no data. A file that is damaged or from another version is simply made anew.
"""

import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path

FOLDER = "deskmeter"


@dataclass(frozen=True)
class Planned:
    """One table of a step: its name, the engine's text that makes it (empty until it is needed), its columns with types.

    reads: the tables that its step is made of, this one's and those of the same step alike.
    """

    name: str
    text: str
    columns: dict[str, str]
    reads: list[str]


@dataclass
class Plans:
    """Plans by key, in memory and, once stored, on disk."""

    path: Path | None
    is_changed: bool = False

    @cached_property
    def found(self) -> dict[str, list[Planned]]:
        """All plans: those on disk are read when the first is wanted, for a question wants none."""
        try:
            stored = {} if self.path is None else json.loads(self.path.read_text(encoding="utf-8"))
            return {key: [Planned(**planned) for planned in plan] for key, plan in stored.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def get(self, key: str) -> list[Planned] | None:
        """The plan under `key`, or None."""
        return self.found.get(key)

    def put(self, key: str, plan: list[Planned]) -> None:
        """Keeps a plan."""
        self.found[key] = plan
        self.is_changed = True

    def store(self) -> None:
        """Writes all plans to disk at once; where that is not possible they stay in memory."""
        if not self.is_changed or self.path is None:
            return
        self.is_changed = False
        text = json.dumps({key: [asdict(planned) for planned in plan] for key, plan in self.found.items()})
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=self.path.parent, delete=False, encoding="utf-8") as file:
                file.write(text)
            os.replace(file.name, self.path)
        except OSError:
            self.path = None


@cache
def code_version() -> str:
    """A hash of this package's own code and of the libraries that compile it."""
    found = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        found.update(path.read_bytes())
    found.update((Path(__file__).parent.parent / "canon" / "schema.py").read_bytes())
    for library in ("ibis-framework", "sqlglot"):
        found.update(version(library).encode())
    return found.hexdigest()[:24]


def _open() -> Plans:
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Plans(Path(home) / FOLDER / f"plans-{code_version()}.json")


PLANS = _open()
