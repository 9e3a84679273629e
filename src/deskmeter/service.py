"""The one door for all faces: a desk that imports, builds, answers, drills and explains."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType

import pyarrow as pa

from deskmeter.base.config import FILE, DeskConfig, read_config, write_config
from deskmeter.base.errors import AskerError
from deskmeter.base.time import now, to_micros
from deskmeter.canon.schema import TABLES
from deskmeter.engines.duckdb import DuckDBEngine
from deskmeter.engines.protocol import Engine
from deskmeter.facts.build import build as build_facts
from deskmeter.facts.build import load_canonical
from deskmeter.facts.tables import BuildSettings
from deskmeter.ingest.mapping_text import read_mapping
from deskmeter.ingest.ready import import_ready
from deskmeter.ingest.run import import_file
from deskmeter.ledger.sqlite import open_ledger
from deskmeter.metrics.catalogue import Catalogue
from deskmeter.query.access import Access
from deskmeter.query.answer import answer, info, values_of
from deskmeter.query.drill import cell_request, drill
from deskmeter.query.reports import BuildReport, ImportReport
from deskmeter.query.request import Request
from deskmeter.query.result import DrillResult, Freshness, Result

Progress = Callable[[str, int, int | None], None]
_PAST_BUILDS = 3  # how many other instants of knowledge stay in memory


def quiet(step: str, done: int, total: int | None) -> None:
    """Shows no progress."""


class Desk:
    """One desk: a folder with its settings, its ledger and an analytics copy that can always be rebuilt."""

    def __init__(self, folder: Path, config: DeskConfig) -> None:
        self.folder = folder
        self.config = config
        self._ledger = open_ledger(folder / "ledger")
        self._main: Access | None = None
        self._past: dict[int, Access] = {}

    @classmethod
    def open(cls, folder: Path, create: bool = False) -> "Desk":
        """The desk in `folder`.

        Raises:
            AskerError: there is none and `create` is false.
            LockedError: another process has it open.
        """
        if not (folder / FILE).exists():
            if not create:
                raise AskerError(f"no desk in {folder}: it has no {FILE}; `deskmeter init --desk {folder}` makes one")
            folder.mkdir(parents=True, exist_ok=True)
            write_config(folder, DeskConfig(name=folder.name))
        return cls(folder, read_config(folder))

    def close(self) -> None:
        """Lets go of all files."""
        for access in (*self._past.values(), *([self._main] if self._main else [])):
            access.engine.close()
        self._main, self._past = None, {}
        self._ledger.close()

    def __enter__(self) -> "Desk":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def now(self) -> datetime:
        """The desk's instant of knowledge: its fixed `as_of`, else the present."""
        return self.config.as_of or now()

    def import_file(self, path: Path, mapping: Path, progress: Progress = quiet) -> ImportReport:
        """Imports one file as its mapping says; nothing of it is visible before all of it is on disk."""
        found = import_file(self._ledger, path, read_mapping(mapping), now(), progress)
        notes = (*found.notes, *(f"{odd.kind}: {odd.text}" for odd in found.oddities))
        return ImportReport(
            found.source, found.received, found.stored, found.duplicates, found.set_aside, found.rejected,
            dict(found.tables), notes,
        )  # fmt: skip

    def import_tables(self, source: str, tables: Mapping[str, pa.Table], progress: Progress = quiet) -> ImportReport:
        """Imports ready canonical tables of one source."""
        progress("import", 0, None)
        found = import_ready(self._ledger, source, tables, now())
        return ImportReport(
            found.source, found.received, found.stored, found.duplicates, found.set_aside, found.rejected, dict(found.rows)
        )

    def build(self, progress: Progress = quiet) -> BuildReport:
        """Brings the analytics copy up to date with the ledger; does nothing where it is."""
        started = now()
        access = self._current(progress)
        return BuildReport({name: 0 for name in access.schemas}, (now() - started).total_seconds())

    def rebuild(self, progress: Progress = quiet) -> BuildReport:
        """Throws the analytics copy away and makes it anew from the ledger."""
        if self._main is not None:
            self._main.engine.close()
            self._main = None
        for path in self.folder.glob("analytics.duckdb*"):
            path.unlink()
        return self.build(progress)

    def ask(self, request: Request) -> Result:
        """The answer to one question."""
        return answer(self._access(request), request, self.freshness())

    def drill(
        self, request: Request, keys: dict[str, str], bucket: datetime | None = None, limit: int | None = 1000
    ) -> DrillResult:
        """The rows behind one cell of a question about one metric."""
        if len(request.metrics) != 1:
            raise AskerError("a drill is about one metric; ask for one")
        access = self._access(request)
        cell = cell_request(access, request, keys, bucket)
        metric = access.metrics[request.metrics[0].id]
        return drill(access, cell, info(metric, request.metrics[0], request, metric.id), limit)

    def values(self, request: Request, dimension: str) -> tuple[str, ...]:
        """All values of a dimension in a period."""
        return values_of(self._access(request), request, dimension)

    def catalogue(self) -> Catalogue:
        """Every metric, built in and the desk's own."""
        return Catalogue()

    def freshness(self) -> tuple[Freshness, ...]:
        """Per source the last event and the last import."""
        events = self._ledger.last_event_at()
        imports: dict[str, datetime] = {}
        for record in self._ledger.imports():
            if record.finished_at is not None:
                imports[record.source] = max(record.finished_at, imports.get(record.source, record.finished_at))
        return tuple(Freshness(source, events.get(source), imports.get(source)) for source in self._ledger.sources())

    def _access(self, request: Request) -> Access:
        """The facts as of the question's instant: the desk's own copy, or one made for a past instant."""
        if request.as_of is None or request.as_of == self.config.as_of:
            access = self._current(quiet)
            return access if self.config.as_of else replace(access, as_of_us=to_micros(now()))
        as_of_us = to_micros(request.as_of)
        if as_of_us not in self._past:
            while len(self._past) >= _PAST_BUILDS:
                self._past.pop(next(iter(self._past))).engine.close()
            engine = DuckDBEngine()
            main = self._current(quiet).engine
            for name in TABLES:
                engine.load(f"c_{name}", main.run(f'SELECT * FROM "c_{name}"', {}, {}))
            build_facts(engine, self._settings(as_of_us))
            self._past[as_of_us] = self._reader(engine, as_of_us)
        return self._past[as_of_us]

    def _settings(self, as_of_us: int, is_live: bool = False) -> BuildSettings:
        gap_us = int(self.config.episode_gap_h * 3_600_000_000)
        return BuildSettings(as_of_us, gap_us, self.config.default_schedule, is_live)

    def _reader(self, engine: Engine, as_of_us: int) -> Access:
        settings = {"rates": dict(self.config.rates), "base_currency": self.config.base_currency}
        return Access(engine, as_of_us, self.catalogue(), {}, settings)

    def _stamp(self) -> str:
        """What the analytics copy was made of; another stamp means that it is out of date."""
        config = json.loads(self.config.model_dump_json())
        known = [self._ledger.version(), config]
        return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:32]

    def _current(self, progress: Progress) -> Access:
        stamp = self._stamp()
        path = self.folder / "analytics.duckdb"
        if self._main is None:
            self._main = self._reader(DuckDBEngine(path), to_micros(self.now()))
        if self._built_with(self._main.engine) != stamp:
            engine = self._main.engine
            tables = {}
            for number, name in enumerate(TABLES):
                progress("read the ledger", number, len(TABLES))
                tables[name] = self._ledger.read(name)
            load_canonical(engine, tables)
            as_of_us = to_micros(self.now())
            build_facts(engine, self._settings(as_of_us, self.config.as_of is None), progress)
            engine.load("built_with", pa.table({"stamp": [stamp]}))
            self._main = self._reader(engine, as_of_us)
            for past in self._past.values():
                past.engine.close()
            self._past = {}
        return self._main

    @staticmethod
    def _built_with(engine: Engine) -> str | None:
        if "built_with" not in engine.schemas():
            return None
        return str(engine.run('SELECT stamp FROM "built_with"', {}, {})["stamp"][0].as_py())


