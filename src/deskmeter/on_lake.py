"""Facts that are built from a lake on Spark and kept beside it, where every worker can read them."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from deskmeter.base.errors import AskerError
from deskmeter.canon.schema import TABLES
from deskmeter.engines.spark import SparkEngine
from deskmeter.facts.build import build
from deskmeter.facts.plans import code_version
from deskmeter.facts.tables import BuildSettings
from deskmeter.query.lake import CANONICAL, read_note

FACTS = "facts"
BUILT_WITH = "built_with"


@dataclass(frozen=True)
class OnLake:
    """Where to build and ask instead of the desk's own copy: a lake, and the Spark that works on it."""

    lake: Path
    master: str = "local[2]"


def open_on(choice: OnLake) -> SparkEngine:
    """Spark over the facts of a lake.

    Raises:
        AskerError: there is no lake, or PySpark is not installed.
        EngineError: no Java that Spark can run on.
    """
    read_note(choice.lake)
    return SparkEngine(choice.lake / FACTS, choice.master)


def build_on(
    engine: SparkEngine, choice: OnLake, settings: BuildSettings, config: str,
    progress: Callable[[str, int, int | None], None],
) -> None:  # fmt: skip
    """All facts of the lake, visible at once or not at all."""
    note = read_note(choice.lake)
    engine.begin()
    try:
        for name, spec in TABLES.items():
            columns = {column.name: column.type for column in spec.columns}
            engine.attach(f"c_{name}", choice.lake / CANONICAL / name, columns)
        build(engine, settings, progress)
        engine.load(BUILT_WITH, pa.table({"stamp": [stamp_of(note.version, config)]}))
        engine.commit()
    except BaseException:  # also an interruption by hand: the facts stay as they were
        engine.roll_back()
        raise


def refuse_stale(engine: SparkEngine, choice: OnLake, config: str) -> None:
    """AskerError unless the facts beside the lake were built of it, by this version, with these settings."""
    found = str(engine.read(BUILT_WITH)["stamp"][0].as_py()) if BUILT_WITH in engine.schemas() else None
    if found != stamp_of(read_note(choice.lake).version, config):
        said = "are not built yet" if found is None else "were built of another lake, version or settings"
        raise AskerError(
            f"the facts of {choice.lake} {said}; run `deskmeter build --engine spark --lake {choice.lake}`"
        )


def stamp_of(version: int, config: str) -> str:
    """What facts were made of; another stamp means that they are out of date."""
    return hashlib.sha256(json.dumps([version, code_version(), config]).encode()).hexdigest()[:32]
