"""The import as one visible list of steps: keep raw, look, read, map and check, append, finish."""

import json
from collections.abc import Callable, Iterable
from collections.abc import Mapping as MappingOf
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path

from deskmeter.base.ahead import Ahead
from deskmeter.base.errors import BugError
from deskmeter.connectors.files.read import read_known, sniff
from deskmeter.connectors.files.redact_file import redact_file
from deskmeter.connectors.protocol import FileFacts, ReadHints
from deskmeter.ingest.apply import Applier
from deskmeter.ingest.mapping import Mapping
from deskmeter.ingest.mapping_text import MappingFile, check_columns, unknown_columns
from deskmeter.ingest.redacting import mapping_without, roles_of
from deskmeter.ingest.trouble import Oddity
from deskmeter.ledger.forgotten import Forgotten
from deskmeter.ledger.protocol import ImportCounts, ImportTicket, Ledger, StoredObject

STEPS = ("keep raw", "look", "read, map and check", "finish")
"""What a progress bar shows, in order. Until the last step is done nothing of the import is visible."""

READING = "1"
"""Grows when the same mapping reads a file differently than before; files are then read anew."""

Progress = Callable[[str, int, int | None], None]
"""Called with (step, done, total or None); rows or bytes, whichever the step counts."""


def no_progress(step: str, done: int, total: int | None) -> None:
    """Shows nothing."""


@dataclass(frozen=True)
class ImportReport:
    """What an import brought: received = stored + duplicates + set_aside + rejected, in rows of the file.

    `tables` counts the canonical rows that are new, by table. `oddities` are what a reader of the numbers should
    know; their rows are stored all the same. `notes` say what was assumed about the file.
    """

    source: str
    received: int
    stored: int
    duplicates: int
    set_aside: int
    rejected: int
    tables: MappingOf[str, int] = field(default_factory=dict)
    oddities: tuple[Oddity, ...] = ()
    notes: tuple[str, ...] = ()
    is_repeat: bool = False


def import_file(
    ledger: Ledger, path: Path, file: MappingFile, now: datetime, progress: Progress = no_progress
) -> ImportReport:
    """Import a file as its mapping says.

    The file is kept whole before it is understood; nothing else of it is visible until all of it is. An import
    that is interrupted has done nothing but keep the file, and is simply run again.

    Raises:
        DataError: the file or the mapping cannot be read; the message names the place.
    """
    size = path.stat().st_size if path.is_file() else None
    progress(STEPS[0], 0, size)
    forgotten = ledger.forgotten(file.mapping.source)
    if forgotten:
        kept = _keep_without(ledger, path, file, forgotten, now)
        file = replace(file, mapping=mapping_without(file.mapping, forgotten))
    else:
        kept = ledger.put_object(path, path.name, now)
    progress(STEPS[1], 0, None)
    facts = sniff(ledger.object_path(kept.id), hints_of(file.mapping))
    notes = (*facts.notes, *_check(file, facts))
    ticket = ledger.begin_import(file.mapping.source, kept.id, f"{READING}-{file.id}", now)
    try:
        if not ticket.is_repeat:
            oddities = _load(ledger, ticket, facts, file, now, progress)
            _keep_documents(ledger, ticket, file, oddities, now)
        counts = ledger.finish(ticket, now, lambda done, total: progress(STEPS[3], done, total))
    except BaseException:  # also an interruption by hand: what was begun is taken back before it goes on
        ledger.abandon(ticket)
        raise
    return _report(counts, read_oddities(ledger, ticket.source, ticket.object_id), notes)


def _keep_without(ledger: Ledger, path: Path, file: MappingFile, forgotten: Forgotten, now: datetime) -> StoredObject:
    """Keep a file without the people who were erased; the file from which they were erased is kept already."""
    facts = sniff(path, hints_of(file.mapping))
    known = ledger.redacted_as(facts.sha256)
    if known is not None:
        return known
    redacted = redact_file(facts, roles_of([file.mapping]), forgotten)
    return ledger.put_object(path if redacted.content is None else redacted.content, forgotten.text(path.name), now)


def _load(
    ledger: Ledger, ticket: ImportTicket, facts: FileFacts, file: MappingFile, now: datetime, progress: Progress
) -> tuple[Oddity, ...]:
    """Read, map and append all rows; each of the four works on a batch of its own, in order."""
    applier = Applier(file.mapping, ticket.object_id, now)
    done = 0
    with (
        Ahead(read_known(facts)) as batches,
        Ahead(map(applier.keyed, batches)) as arrived,
        Ahead((rows.received, applier.understand(rows)) for rows in arrived) as understood,
    ):
        for received, batch in understood:
            ledger.append(ticket, batch)
            done += received
            progress(STEPS[2], done, None)
    ledger.append(ticket, applier.finish())
    return tuple(applier.oddities)


def hints_of(mapping: Mapping) -> ReadHints:
    """What a mapping says of the file itself."""
    return ReadHints(**mapping.file.model_dump())


def _check(file: MappingFile, facts: FileFacts) -> tuple[str, ...]:
    """Refuse columns that are not there; of JSON, whose later records may have them, only say so."""
    if facts.format not in ("json", "jsonl"):
        check_columns(file, facts.columns)
        return ()
    return tuple(
        f"no record at the beginning of the file has `{name}`" for name in unknown_columns(file, facts.columns)
    )


def _keep_documents(
    ledger: Ledger, ticket: ImportTicket, file: MappingFile, oddities: tuple[Oddity, ...], now: datetime
) -> None:
    """Beside the rows: what was odd in them, and the mapping that read them."""
    ledger.put_document("mapping", ticket.mapping_id, file.mapping.model_dump_json(indent=1), now)
    ledger.put_document("oddities", f"{ticket.source}/{ticket.object_id}", oddities_text(oddities), now)


def oddities_text(oddities: Iterable[Oddity]) -> str:
    """Oddities as they are kept."""
    return json.dumps([asdict(oddity) for oddity in oddities], ensure_ascii=False)


def read_oddities(ledger: Ledger, source: str | None = None, object_id: str | None = None) -> tuple[Oddity, ...]:
    """The oddities of the imports of a source, or of all; of each file as its latest mapping read it."""
    found = []
    for document in ledger.documents("oddities"):
        owner, _, known = document.name.rpartition("/")
        if source in (None, owner) and object_id in (None, known):
            found += [Oddity(**{**odd, "lines": tuple(odd["lines"])}) for odd in json.loads(document.text)]
    return tuple(found)


def _report(counts: ImportCounts, oddities: tuple[Oddity, ...], notes: tuple[str, ...]) -> ImportReport:
    if counts.received != counts.stored + counts.duplicates + counts.set_aside + counts.rejected:
        raise BugError(f"rows of `{counts.source}` do not add up: {counts}")
    return ImportReport(
        counts.source,
        counts.received,
        counts.stored,
        counts.duplicates,
        counts.set_aside,
        counts.rejected,
        dict(counts.rows),
        oddities,
        notes,
        counts.is_repeat,
    )
