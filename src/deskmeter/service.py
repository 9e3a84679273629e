"""The one door for all faces: a desk that imports, builds, answers, drills and explains."""

import hashlib
import json
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import pyarrow as pa

from deskmeter.base.config import FILE, DeskConfig, read_config, write_config
from deskmeter.base.errors import AskerError
from deskmeter.base.late import late
from deskmeter.base.time import from_micros, now, to_micros
from deskmeter.canon.schema import TABLES
from deskmeter.engines.duckdb import DuckDBEngine
from deskmeter.engines.protocol import Engine
from deskmeter.facts.held_state import STATES
from deskmeter.facts.plans import code_version
from deskmeter.ledger.sqlite import open_ledger
from deskmeter.metrics.catalogue import BUILT_IN, Catalogue
from deskmeter.metrics.own import OwnDefinitions
from deskmeter.metrics.userdefined import load_own
from deskmeter.on_lake import OnLake as OnLake  # what a face names when it opens a desk on a lake
from deskmeter.on_lake import build_on, open_on, refuse_stale
from deskmeter.query.access import Access
from deskmeter.query.aggregate import with_lengths
from deskmeter.query.answer import answer, info, values_of
from deskmeter.query.kept_texts import KeptTexts
from deskmeter.query.listing import dimension_entries, entries, names_of
from deskmeter.query.parse import Names
from deskmeter.query.reports import (
    BuildReport,
    DimensionEntry,
    DoctorReport,
    ErasurePreview,
    ErasureReport,
    ImportReport,
    MetricEntry,
    Proposal,
)
from deskmeter.query.request import Request
from deskmeter.query.result import DrillResult, Freshness, Result
from deskmeter.query.story import TicketStory

if TYPE_CHECKING:
    from deskmeter.connectors import demo
    from deskmeter.connectors.demo import world
    from deskmeter.facts import arrived as facts_arrived
    from deskmeter.facts import build as facts_build
    from deskmeter.facts import tables as facts_tables
    from deskmeter.ingest import erase, erase_desk, mapping_text, propose, ready, run, warehouse
    from deskmeter.ledger import desk_files
    from deskmeter.query import doctor, drill, explain, lake, table_files
else:  # a question need not wait for what it does not use
    demo, world = late("deskmeter.connectors.demo"), late("deskmeter.connectors.demo.world")
    facts_build, facts_tables = late("deskmeter.facts.build"), late("deskmeter.facts.tables")
    facts_arrived = late("deskmeter.facts.arrived")
    erase, erase_desk = late("deskmeter.ingest.erase"), late("deskmeter.ingest.erase_desk")
    mapping_text, propose = late("deskmeter.ingest.mapping_text"), late("deskmeter.ingest.propose")
    ready, run, warehouse = (
        late("deskmeter.ingest.ready"),
        late("deskmeter.ingest.run"),
        late("deskmeter.ingest.warehouse"),
    )
    desk_files, table_files = late("deskmeter.ledger.desk_files"), late("deskmeter.query.table_files")
    doctor, drill, explain = (
        late("deskmeter.query.doctor"),
        late("deskmeter.query.drill"),
        late("deskmeter.query.explain"),
    )
    lake = late("deskmeter.query.lake")

Progress = Callable[[str, int, int | None], None]
_COPY = "analytics.duckdb"
_BUILT_WITH = "built_with"
_PAST_BUILDS = 3  # how many other instants of knowledge stay in memory


def quiet(step: str, done: int, total: int | None) -> None:
    """Shows no progress."""


def _beyond(has_backups: bool, elsewhere: tuple[str, ...]) -> tuple[str, ...]:
    """What an erasure does not reach."""
    return (
        *(f"`{other}`, who has the same mail address in another source: erase that one too" for other in elsewhere),
        "the files outside the desk that were imported, exports and reports made from it, and copies of its folder",
        "other backups: name them with --also" if has_backups else "backups: name them with --also",
        "the helpdesk itself, and what people wrote of the person without their name, id or address",
    )


def _digest(known: object) -> str:
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:32]


def _told(found: "run.ImportReport") -> ImportReport:
    notes = (*found.notes, *(str(odd) for odd in found.oddities))
    return ImportReport(
        found.source, found.received, found.stored, found.duplicates, found.set_aside, found.rejected,
        dict(found.tables), notes,
    )  # fmt: skip


def _one_part(access: Access, name: str) -> tuple[pa.Table]:
    return (access.engine.fetch(access.table(name)),)


class Desk:
    """One desk: a folder with its settings, its ledger and an analytics copy that can always be rebuilt."""

    def __init__(self, folder: Path, config: DeskConfig, on: OnLake | None = None) -> None:
        self.folder = folder
        self.config = config
        self._on = on
        self._ledger = open_ledger(folder / "ledger")
        self._main: Access | None = None
        self._stamped: str | None = None  # what `_main` was built with
        self._past: dict[int, Access] = {}
        if self._ledger.eraser().is_pending():  # an erasure broke off after it was made; what is left of it is done now
            self._drop_copy()
            erase_desk.finish_erasure(folder, self._ledger, quiet)

    @classmethod
    def open(cls, folder: Path, create: bool = False, on: OnLake | None = None) -> "Desk":
        """The desk in `folder`; `on` a lake it builds and asks there instead of in its own copy.

        Raises:
            AskerError: there is none and `create` is false.
            LockedError: another process has it open.
        """
        if not (folder / FILE).exists():
            if not create:
                raise AskerError(f"no desk in {folder}: it has no {FILE}; `deskmeter init --desk {folder}` makes one")
            folder.mkdir(parents=True, exist_ok=True)
            write_config(folder, DeskConfig(name=folder.name))
        return cls(folder, read_config(folder), on)

    def close(self) -> None:
        """Lets go of all files."""
        self._let_all_go()
        self._ledger.close()

    def _let_all_go(self) -> None:
        for access in (*self._past.values(), *([self._main] if self._main else [])):
            self._let_go(access)
        self._main, self._past = None, {}

    def _drop_copy(self) -> None:
        """Throws the analytics copy away, and what is in memory of it."""
        self._let_all_go()
        for path in self.folder.glob(f"{_COPY}*"):
            if path.is_dir():  # what a build that died had put aside
                shutil.rmtree(path)
            else:
                path.unlink()

    def __enter__(self) -> "Desk":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def now(self) -> datetime:
        """The desk's instant of knowledge: its fixed `as_of`, else the present."""
        return self.config.as_of or now()

    def import_file(self, path: Path, mapping: Path, progress: Progress = quiet) -> ImportReport:
        """Imports one file as its mapping says; nothing of it is visible before all of it is on disk."""
        return _told(run.import_file(self._ledger, path, mapping_text.load_mapping(mapping), now(), progress))

    def import_warehouse(
        self, path: Path, connector: str, source: str | None = None, progress: Progress = quiet
    ) -> ImportReport:
        """Imports the tables of a warehouse (a folder of CSV or Parquet files, a DuckDB file), all at once or not at all.

        Raises:
            AskerError: no such connector, or the path does not hold its tables.
            DataError: a file cannot be read, or lacks a column.
        """
        named = warehouse.connector_called(connector)
        return _told(warehouse.import_warehouse(self._ledger, path, named, now(), source, progress))

    @staticmethod
    def connector_of(path: Path) -> str | None:
        """The connector whose tables lie at a path; None for anything that a mapping must read."""
        found = warehouse.recognised(path)
        return found.name if found else None

    def import_tables(self, source: str, tables: Mapping[str, pa.Table], progress: Progress = quiet) -> ImportReport:
        """Imports ready canonical tables of one source."""
        progress("import", 0, None)
        found = ready.import_ready(self._ledger, source, tables, now())
        return ImportReport(
            found.source,
            found.received,
            found.stored,
            found.duplicates,
            found.set_aside,
            found.rejected,
            dict(found.rows),
        )

    def propose(self, path: Path) -> Proposal:
        """A mapping for a file that has none, with its doubts and five rows of the outcome."""
        found = propose.propose(path, now())
        return Proposal(found.mapping_text, found.doubts, found.preview_columns, found.preview, found.shape)

    @classmethod
    def demo(cls, folder: Path, seed: int = 7, tickets: int = 20_000, progress: Progress = quiet) -> "Desk":
        """A new desk in `folder` with an invented company; it is not built yet."""
        progress("invent a company", 0, None)
        tables = demo.invent(seed, tickets)
        folder.mkdir(parents=True, exist_ok=True)
        end = datetime(world.DEFAULT_END.year, world.DEFAULT_END.month, world.DEFAULT_END.day, tzinfo=UTC)
        write_config(folder, DeskConfig(name=world.COMPANY, zone="Europe/London", as_of=end))
        desk = cls.open(folder)
        try:
            desk.import_tables(world.SOURCE, tables, progress)
        except BaseException:  # also an interruption by hand: half a demo helps nobody
            desk.close()
            raise
        return desk

    def build(self, progress: Progress = quiet) -> BuildReport:
        """Brings the analytics copy up to date with the ledger; does nothing where it is."""
        started = now()
        access = self._current(progress, is_build=True)
        return BuildReport(access.engine.sizes(), (now() - started).total_seconds())

    def rebuild(self, progress: Progress = quiet) -> BuildReport:
        """Throws the analytics copy away and makes it anew from the ledger."""
        self._drop_copy()
        return self.build(progress)

    def backup(self, target: Path) -> None:
        """A consistent copy of all that arrived and of all settings, in a new folder or `.zip` file."""
        desk_files.write_backup(self.folder, self._ledger, target)

    @classmethod
    def restore(cls, source: Path, folder: Path, progress: Progress = quiet) -> "Desk":
        """A new desk in `folder`, made of a backup that is checked before it is called a desk.

        Raises:
            AskerError: there is something in `folder`.
            DataError: `source` is no backup, or it is damaged.
        """
        with desk_files.whole_folder(folder) as part:
            progress("check the backup", 0, None)
            desk_files.copy_desk(source, part)
        desk = cls.open(folder)
        try:
            desk.build(progress)
        except BaseException:  # also an interruption by hand: the desk is whole, its next question builds
            desk.close()
            raise
        return desk

    def erasure(self, person: str, source: str | None = None) -> ErasurePreview:
        """Whom `person` (an id, `source/id` or a mail address) means, and what an erasure of them will change.

        Raises:
            AskerError: nobody, or several people.
        """
        found = erase.find_person(self._ledger, person, source)
        eraser = self._ledger.eraser()
        files = eraser.imports_naming(found.source, found.id) if found.token is None else ()
        rows = dict(eraser.mentions(found.source, found.id)) if found.token is None else {}
        return ErasurePreview(found.source, found.id, rows, len(files), found.token)

    def erase(
        self, person: str, source: str | None = None, also: Sequence[Path] = (), progress: Progress = quiet
    ) -> ErasureReport:
        """Erases a person from everything that arrived, here and in these backups; no count changes.

        Raises:
            AskerError: nobody or several people, or a backup that is not there.
            DataError: a kept file cannot be written anew; nothing was changed.
        """
        found = erase.find_person(self._ledger, person, source)
        if found.token is None:
            self._drop_copy()
        done = erase_desk.erase_from_desk(self.folder, self._ledger, found, also, now(), progress)
        self.build(progress)
        return ErasureReport(
            found.source, done.token, dict(done.rows), done.objects, done.replaced, done.settings,
            tuple(str(backup) for backup in also), _beyond(bool(also), done.elsewhere), found.token is not None,
        )  # fmt: skip

    def export(self, target: Path, format: str = "parquet", progress: Progress = quiet) -> tuple[tuple[str, int], ...]:
        """Every table as it arrived (canonical/) and as it is counted (facts/) in a new folder; names and rows."""
        known = table_files.table_format(format)
        with desk_files.whole_folder(target) as part:
            access = self._current(progress)
            tables: dict[str, Callable[[], Iterable[pa.Table]]] = {
                f"canonical/{name}": partial(self._ledger.read_batches, name) for name in TABLES
            }
            for name in access.schemas:
                # each fact is written with the texts of its state, and what arrived is canonical
                if name not in (_BUILT_WITH, STATES) and not facts_tables.is_arrived(name):
                    tables[f"facts/{name}"] = partial(_one_part, access, name)
            return table_files.write_tables(tables, part, known, progress)

    def metrics(self) -> tuple[MetricEntry, ...]:
        """The catalogue as readers see it."""
        access = self._current(quiet)
        return entries(access.metrics, access.columns, access.dimensions)

    def names(self) -> Names:
        """What a question may name: cheaper than the whole catalogue."""
        access = self._current(quiet)
        return names_of(access.metrics, access.dimensions)

    def dimensions(self) -> tuple[DimensionEntry, ...]:
        """Every dimension that a question may name."""
        return dimension_entries(self._own().dimensions)

    def span(self) -> tuple[datetime | None, datetime | None]:
        """The first and the last event of the desk; None where it has none."""
        rows = self._current(quiet).engine.read("f_life").to_pylist()
        if not rows or rows[0]["low"] is None:
            return None, None
        return from_micros(rows[0]["low"]), from_micros(rows[0]["high"])

    def ask(self, request: Request) -> Result:
        """The answer to one question."""
        access = self._access(request.as_of)
        return answer(access, with_lengths(access.metrics, request), self.freshness())

    def drill(
        self, request: Request, keys: dict[str, str], bucket: datetime | None = None, limit: int | None = 1000
    ) -> DrillResult:
        """The rows behind one cell of a question about one metric."""
        if len(request.metrics) != 1:
            raise AskerError("a drill is about one metric; ask for one")
        access = self._access(request.as_of)
        request = with_lengths(access.metrics, request)
        cell = drill.cell_request(access, request, keys, bucket)
        metric = access.metrics[request.metrics[0].id]
        return drill.drill(access, cell, info(metric, request.metrics[0], request, metric.id), limit)

    def explain(self, ticket: str, as_of: datetime | None = None) -> TicketStory:
        """One ticket's timeline, its clocks, and where it counts; `ticket` is its id or `source/id`."""
        return explain.explain(self._access(as_of), self._ledger, ticket, zone_name=self.config.zone)

    def doctor(self) -> DoctorReport:
        """The state of the desk."""
        access = self._access(None)
        config = self.config
        return doctor.examine(access, self._ledger, self.freshness(), config.name, config.zone, config.default_schedule)

    def values(self, request: Request, dimension: str) -> tuple[str, ...]:
        """All values of a dimension in a period."""
        return values_of(self._access(request.as_of), request, dimension)

    def freshness(self) -> tuple[Freshness, ...]:
        """Per source the last event and the last import."""
        events = self._ledger.last_event_at()
        imports: dict[str, datetime] = {}
        for record in self._ledger.imports():
            if record.finished_at is not None:
                imports[record.source] = max(record.finished_at, imports.get(record.source, record.finished_at))
        return tuple(Freshness(source, events.get(source), imports.get(source)) for source in self._ledger.sources())

    def _access(self, as_of: datetime | None) -> Access:
        """The facts as of the question's instant: the desk's own copy, or one made for a past instant."""
        if as_of is None or as_of == self.config.as_of:
            access = self._current(quiet)
            return access if self.config.as_of else replace(access, as_of_us=to_micros(now()))
        if self._on is not None:
            raise AskerError("a lake answers as of its build; ask for another instant without --engine spark")
        as_of_us = to_micros(as_of)
        if as_of_us not in self._past:
            while len(self._past) >= _PAST_BUILDS:
                self._let_go(self._past.pop(next(iter(self._past))))
            engine = DuckDBEngine()
            self._make(engine, self._settings(as_of_us), quiet)
            self._past[as_of_us] = self._reader(engine, as_of_us)
        return self._past[as_of_us]

    def _settings(self, as_of_us: int, is_live: bool = False) -> "facts_tables.BuildSettings":
        gap_us = int(self.config.episode_gap_h * 3_600_000_000)
        rates = tuple(sorted(self.config.rates.items()))
        return facts_tables.BuildSettings(as_of_us, gap_us, self.config.default_schedule, rates, is_live)

    def _own(self) -> OwnDefinitions:
        """The desk's own metrics, dimensions and targets."""
        return load_own(self.folder, BUILT_IN)

    def _reader(self, engine: Engine, as_of_us: int) -> Access:
        settings = {"rates": dict(self.config.rates), "base_currency": self.config.base_currency}
        own = self._own()
        schemas = engine.schemas()
        texts = KeptTexts(repr((engine.name, schemas, settings, own.dimensions)), [metric.id for metric in own.metrics])
        return Access(engine, as_of_us, Catalogue(own.metrics), own.dimensions, settings, schemas, texts, own.targets)

    def _stamp(self) -> str:
        """What the analytics copy was made of; another stamp means that it is out of date."""
        config = json.loads(self.config.model_dump_json())
        return _digest([self._ledger.version(), code_version(), config])

    def _maker(self) -> str:
        """What makes the analytics copy of the ledger: facts that another one made cannot be brought up to date."""
        return _digest([code_version(), json.loads(self.config.model_dump_json())])

    def lake(self, target: Path, progress: Progress = quiet) -> "lake.LakeNote":
        """Writes the canonical tables into a new folder as partitioned Parquet, for Spark and other engines."""
        with desk_files.whole_folder(target) as part:
            tables: dict[str, Callable[[], Iterable[pa.Table]]] = {
                name: partial(self._ledger.read_batches, name) for name in TABLES
            }
            return lake.write_lake(tables, self._ledger.version(), part, progress)

    def _current_on_lake(self, on: OnLake, progress: Progress, is_build: bool) -> Access:
        config = self.config.model_dump_json()
        if self._main is None:
            engine = open_on(on)
            try:
                as_of_us = to_micros(self.now())
                if is_build:
                    settings = self._settings(as_of_us, self.config.as_of is None)
                    build_on(engine, on, settings, config, progress)
                refuse_stale(engine, on, config)
            except BaseException:
                engine.close()
                raise
            self._main = self._reader(engine, as_of_us)
        return self._main

    def _current(self, progress: Progress, is_build: bool = False) -> Access:
        if self._on is not None:
            return self._current_on_lake(self._on, progress, is_build)
        stamp = self._stamp()
        if self._main is None:
            self._main = self._reader(DuckDBEngine(self.folder / _COPY), to_micros(self.now()))
            self._stamped = self._built_with(self._main)
        if self._stamped != stamp:
            engine = self._main.engine
            as_of_us = to_micros(self.now())
            settings = self._settings(as_of_us, self.config.as_of is None)
            if not self._catch_up(engine, settings, progress, stamp):
                self._make(engine, settings, progress, stamp)
            self._main = self._reader(engine, as_of_us)
            self._stamped = stamp
            for past in self._past.values():
                self._let_go(past)
            self._past = {}
        return self._main

    @staticmethod
    def _let_go(access: Access) -> None:
        if isinstance(access.texts, KeptTexts):
            access.texts.store()
        access.engine.close()

    def _make(
        self, engine: Engine, settings: "facts_tables.BuildSettings", progress: Progress, stamp: str = ""
    ) -> None:
        """All facts from the ledger, visible at once or not at all."""
        imports = self._ledger.counting_imports()  # what arrives meanwhile will be looked at again
        engine.begin()
        try:
            for number, name in enumerate(TABLES):
                progress("read the ledger", number, len(TABLES))
                facts_build.load_parts(engine, name, self._ledger.parts(name))
            facts_build.build(engine, settings, progress)
            self._sign(engine, stamp, imports)
            engine.commit()
        except BaseException:  # also an interruption by hand: the copy stays as it was
            engine.roll_back()
            raise

    def _catch_up(self, engine: Engine, settings: "facts_tables.BuildSettings", progress: Progress, stamp: str) -> bool:
        """Brings the facts up to what arrived since they were made; False where they must be made from the ledger."""
        if not isinstance(engine, DuckDBEngine) or _BUILT_WITH not in engine.schemas():
            return False
        row = engine.read(_BUILT_WITH).to_pylist()[0]
        imports = self._ledger.counting_imports()
        known = frozenset(json.loads(row.get("imports") or "[]"))
        if row.get("maker") != self._maker() or not known <= imports:
            return False
        sign = partial(self._sign, engine, stamp, imports)
        apart = partial(DuckDBEngine, threads=1)  # for few rows, more of them only wait for each other
        return facts_arrived.catch_up(engine, apart, self._ledger, imports - known, settings, sign, progress)

    def _sign(self, engine: Engine, stamp: str, imports: Collection[int]) -> None:
        """Keeps with the facts what they were made of."""
        signed = {"stamp": [stamp], "maker": [self._maker()], "imports": [json.dumps(sorted(imports))]}
        engine.load(_BUILT_WITH, pa.table(signed))

    @staticmethod
    def _built_with(access: Access) -> str | None:
        if _BUILT_WITH not in access.schemas:
            return None
        return str(access.engine.read(_BUILT_WITH)["stamp"][0].as_py())
