"""Facts that are built from a lake on Spark and kept beside it, where every worker can read them."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from deskmeter.base.errors import AskerError
from deskmeter.base.late import late
from deskmeter.canon.schema import TABLES
from deskmeter.engines.expressions import ibis
from deskmeter.facts.plans import code_version

if TYPE_CHECKING:
    from deskmeter.engines import spark
    from deskmeter.facts import build as facts_build
    from deskmeter.facts import ordering as facts_ordering
    from deskmeter.facts import tables as facts_tables
    from deskmeter.facts.tables import BuildSettings
    from deskmeter.query import lake as lakes
else:  # whoever asks their own desk needs none of them
    spark, facts_build = late("deskmeter.engines.spark"), late("deskmeter.facts.build")
    facts_ordering, facts_tables = late("deskmeter.facts.ordering"), late("deskmeter.facts.tables")
    lakes = late("deskmeter.query.lake")

FACTS = "facts"
BUILT_WITH = "built_with"


@dataclass(frozen=True)
class OnLake:
    """Where to build and ask instead of the desk's own copy: a lake, and the Spark that works on it."""

    lake: Path
    master: str = "local[2]"


def open_on(choice: OnLake) -> "spark.SparkEngine":
    """Spark over the facts of a lake.

    Raises:
        AskerError: there is no lake, or PySpark is not installed.
        EngineError: no Java that Spark can run on.
    """
    lakes.read_note(choice.lake)
    return spark.SparkEngine(choice.lake / FACTS, choice.master)


def build_on(
    engine: "spark.SparkEngine", choice: OnLake, settings: "BuildSettings", config: str,
    progress: Callable[[str, int, int | None], None],
) -> None:  # fmt: skip
    """All facts of the lake, visible at once or not at all."""
    note = lakes.read_note(choice.lake)
    engine.begin()
    try:
        for name in TABLES:
            columns = {column.name: column.type for column in facts_tables.canonical_columns(name)}
            is_numbered = name == facts_tables.NUMBERED
            engine.attach(f"lake_{name}" if is_numbered else f"c_{name}", choice.lake / lakes.CANONICAL / name, columns)
            if is_numbered:
                _number_events(engine, columns)
        facts_build.build(engine, settings, progress)
        engine.load(BUILT_WITH, pa.table({"stamp": [stamp_of(note.version, config)]}))
        engine.commit()
    except BaseException:  # also an interruption by hand: the facts stay as they were
        engine.roll_back()
        raise


def _number_events(engine: "spark.SparkEngine", columns: Mapping[str, str]) -> None:
    kinds = {name: "int64" if kind in ("timestamp", "date") else kind for name, kind in columns.items()}
    events = facts_ordering.numbered(ibis.table(kinds, name=f"lake_{facts_tables.NUMBERED}"))
    name = f"c_{facts_tables.NUMBERED}"
    engine.create(name, engine.prepare(events), facts_tables.purpose(name))


def refuse_stale(engine: "spark.SparkEngine", choice: OnLake, config: str) -> None:
    """AskerError unless the facts beside the lake were built of it, by this version, with these settings."""
    found = str(engine.read(BUILT_WITH)["stamp"][0].as_py()) if BUILT_WITH in engine.schemas() else None
    if found != stamp_of(lakes.read_note(choice.lake).version, config):
        said = "are not built yet" if found is None else "were built of another lake, version or settings"
        raise AskerError(
            f"the facts of {choice.lake} {said}; run `deskmeter build --engine spark --lake {choice.lake}`"
        )


def stamp_of(version: int, config: str) -> str:
    """What facts were made of; another stamp means that they are out of date."""
    return hashlib.sha256(json.dumps([version, code_version(), config]).encode()).hexdigest()[:32]
