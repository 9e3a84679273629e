"""A person erased from a store: kept objects redacted and read again, and whoever is asked for found.

First everything is prepared beside what is there: redacted objects, new readings. Then one transaction puts it in place,
or nothing has happened. Then the old is taken from the disk; if that is interrupted, the next opening goes on with it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from deskmeter.base.errors import AskerError, DataError, nearest
from deskmeter.connectors.files.read import read_known, sniff
from deskmeter.connectors.files.redact_file import redact_file
from deskmeter.connectors.protocol import ReadHints
from deskmeter.ingest.apply import Applier
from deskmeter.ingest.mapping import Mapping as MappingModel
from deskmeter.ingest.mapping_text import mapping_id
from deskmeter.ingest.ready import MAPPING_ID, ready_batches, ready_bytes, ready_tables, without_people
from deskmeter.ingest.redacting import mapping_without, roles_of
from deskmeter.ingest.run import hints_of, oddities_text
from deskmeter.ledger.eraser import Eraser, Erasure, KeptObject, NewObject
from deskmeter.ledger.forgotten import Forgotten, Person, Tombstone, short_hash
from deskmeter.ledger.people import Known
from deskmeter.ledger.protocol import ImportRecord, ImportTicket
from deskmeter.ledger.sqlite import SqliteLedger

Progress = Callable[[str, int, int | None], None]
Document = tuple[str, str, str]


@dataclass(frozen=True)
class Found:
    """Whom PERSON means. `token` is set where they were erased before; `mails` are addresses told by the asker."""

    source: str
    id: str
    token: str | None = None
    mails: tuple[str, ...] = ()


@dataclass(frozen=True)
class Erased:
    """What was done in one store: rows by table, kept files written anew, and those replaced by a line."""

    rows: Mapping[str, int]
    objects: tuple[str, ...]
    replaced: tuple[str, ...]


def find_person(ledger: SqliteLedger, said: str, source: str | None) -> Found:
    """Whom `said` means: an id, `source/id`, or a mail address that one person has.

    Raises:
        AskerError: nobody, or several; the message names them or the nearest.
    """
    known = ledger.eraser().people()
    if source is not None and source not in ledger.sources():
        raise AskerError(f"no source `{source}`{nearest(source, ledger.sources())}")
    here = [one for one in known if source in (None, one.source)]
    by_id = [one for one in here if said in (one.id, f"{one.source}/{one.id}")]
    found = by_id or [one for one in here if _has_mail(one, said)]
    if len(found) == 1:
        one = found[0]
        mails = (said.strip(),) if "@" in said and said != one.id else ()
        return Found(one.source, one.id, one.id if ledger.forgotten(one.source).has_token(one.id) else None, mails)
    if found:
        listed = ", ".join(f"`{one.source}/{one.id}`" for one in found[:8])
        raise AskerError(f"`{said}` may be {listed}; name one of them")
    before = _found_erased(ledger, said, source)
    if before is not None:
        return before
    raise AskerError(f"nobody `{said}` in this desk{nearest(said, _spellings(here))}")


def _has_mail(one: Known, mail: str) -> bool:
    """Whether a person has an address, or an id that a mapping made of it (`hashed: true`)."""
    plain = mail.strip().lower()
    return plain in {known.strip().lower() for known in one.mails} or ("@" in plain and one.id == short_hash(plain))


def elsewhere(ledger: SqliteLedger, person: Person) -> tuple[str, ...]:
    """Who else in the desk, most likely the same person in another source, has an address of this one."""
    mails = {*person.mails, *([person.id] if "@" in person.id else [])}
    others = [one for one in ledger.eraser().people() if one.source != person.source]
    same = [one for one in others if any(_has_mail(one, mail) or one.id.lower() == mail.lower() for mail in mails)]
    return tuple(f"{one.source}/{one.id}" for one in same)


def _spellings(known: Iterable[Known]) -> list[str]:
    return [name for one in known for name in (one.id, *one.mails)]


def _found_erased(ledger: SqliteLedger, said: str, source: str | None) -> Found | None:
    """Somebody who was erased before, known again by the id or address."""
    for name in sorted({one.source for one in ledger.eraser().tombstones()}):
        bare = said.removeprefix(f"{name}/")
        forgotten = ledger.forgotten(name)
        token = forgotten.token("id", bare) or (forgotten.token("mail", bare) or "").partition("@")[0]
        if source in (None, name) and token:
            return Found(name, bare, token)
    return None


def erase_person(
    ledger: SqliteLedger, person: Person, tombstones: Sequence[Tombstone], now: datetime, progress: Progress
) -> Erased:
    """Erase a person by these tombstones (new or of another store); the cleaning is the caller's.

    Raises:
        DataError: a kept file cannot be read again as it was; nothing is changed then.
    """
    eraser = ledger.eraser()
    held = [one for one in eraser.tombstones() if one.source == person.source]
    forgotten = Forgotten([*tombstones, *held])
    rows = eraser.mentions(person.source, person.id)
    work = _Work(ledger, eraser, person, forgotten)
    try:
        redacted = work.redact(progress)
        readings, documents, dropped = work.read_again(redacted, progress)
        erasure = Erasure(
            tuple(tombstones), redacted, work.new_mapping_ids, readings, (*documents, *work.new_mappings()),
            (*dropped, *work.old_mappings()),
        )  # fmt: skip
        eraser.carry_out(erasure, now, lambda done, total: progress("put in place", done, total))
    except DataError:
        eraser.drop_strays()
        raise
    finally:
        eraser.give_up(tuple(work.readings))
    changed = tuple(sorted(new.name for old, new in redacted.items() if new.id != old))
    return Erased(rows, changed, tuple(sorted(work.replaced)))


class _Work:
    """What is prepared for one erasure: it reads the store and puts things beside it, and changes nothing there."""

    def __init__(self, ledger: SqliteLedger, eraser: Eraser, person: Person, forgotten: Forgotten) -> None:
        self._ledger = ledger
        self._eraser = eraser
        self._person = person
        self._forgotten = forgotten
        self._imports = ledger.imports()
        self._naming = eraser.imports_naming(person.source, person.id)
        texts = {one.name: one.text for one in ledger.documents("mapping")}
        self._mappings = {name: MappingModel.model_validate_json(text) for name, text in texts.items()}
        self._refuse_unknown_readers()
        self.replaced: list[str] = []
        self.readings: list[ImportTicket] = []
        self._made: dict[str, tuple[str, MappingModel]] = {}
        for name, mapping in self._mappings.items():
            made = mapping_without(mapping, forgotten) if mapping.source == person.source else mapping
            if made != mapping:
                self._made[name] = (f"{name.partition('-')[0]}-{mapping_id(made)}", made)

    def _refuse_unknown_readers(self) -> None:
        """Only what a mapping read (or what came as canonical tables) can be read again without a person."""
        for record in self._imports:
            is_known = record.mapping_id == MAPPING_ID or record.mapping_id in self._mappings
            if record.source == self._person.source and record.state == "done" and not is_known:
                raise DataError(
                    f"`{record.object_name}` of `{record.source}` was read by no mapping (`{record.mapping_id}`), so "
                    "that nobody can be erased from it yet; nothing was erased"
                )

    @property
    def new_mapping_ids(self) -> dict[str, str]:
        """New id by old id, of mappings that name the person."""
        return {old: new for old, (new, _) in self._made.items()}

    def new_mappings(self) -> list[Document]:
        """The mappings without the person."""
        return [("mapping", new, made.model_dump_json(indent=1)) for new, made in self._made.values()]

    def old_mappings(self) -> list[tuple[str, str]]:
        """The mappings that named the person."""
        return [("mapping", old) for old in self._made]

    def redact(self, progress: Progress) -> dict[str, NewObject]:
        """The objects of the source that change, by their old id, already on disk."""
        made = {}
        objects = self._eraser.objects()
        for done, kept in enumerate(objects, 1):
            progress("redact kept files", done, len(objects))
            records = [record for record in self._imports if record.object_id == kept.id]
            if records and all(record.source != self._person.source for record in records):
                continue
            name = self._forgotten.text(kept.name)
            content = self._content(kept, records)
            if content is not None:
                made[kept.id] = self._eraser.keep(content, name)
            elif name != kept.name:
                made[kept.id] = NewObject(kept.id, name, 0)
        return made

    def _content(self, kept: KeptObject, records: Sequence[ImportRecord]) -> bytes | None:
        """An object as it may stay, or None where it may stay as it is."""
        path = self._ledger.object_path(kept.id)
        if any(record.mapping_id == MAPPING_ID for record in records):
            tables = ready_tables(path)
            without = without_people(tables, self._forgotten)
            return None if all(without[name].equals(tables[name]) for name in tables) else ready_bytes(without)
        mappings = [self._mappings[record.mapping_id] for record in records if record.mapping_id in self._mappings]
        hints = hints_of(mappings[-1]) if mappings else ReadHints()
        try:
            return redact_file(sniff(path, hints), roles_of(mappings), self._forgotten).content
        except DataError as error:
            if any(record.state == "done" for record in records):
                raise DataError(f"`{kept.name}` cannot be redacted ({error}); nothing was erased") from error
            return self._replacement(kept, path.read_bytes())

    def _replacement(self, kept: KeptObject, content: bytes) -> bytes | None:
        """A line in place of a file that nothing could ever be read from, if it names the person."""
        texts = (self._person.id, *self._person.names, *self._person.mails)
        spelled = [text.encode(encoding) for text in texts for encoding in ("utf-8", "utf-16-le", "utf-16-be")]
        is_text = not content.startswith((b"\x1f\x8b", b"PK", b"PAR1"))
        if is_text and not any(found.lower() in content.lower() for found in spelled):
            return None
        self.replaced.append(kept.name)
        return f"deskmeter took out this unreadable file when a person was erased; it was {kept.id}\n".encode()

    def read_again(
        self, redacted: Mapping[str, NewObject], progress: Progress
    ) -> tuple[tuple[ImportTicket, ...], list[Document], list[tuple[str, str]]]:
        """New readings of every import that names the person or whose object changed, put aside."""
        wanted = [record for record in self._imports if record.state == "done" and self._is_touched(record, redacted)]
        documents: list[Document] = []
        for done, record in enumerate(wanted, 1):
            progress("read them again", done, len(wanted))
            new = redacted.get(record.object_id)
            object_id = new.id if new is not None else record.object_id
            mapping = self.new_mapping_ids.get(record.mapping_id, record.mapping_id)
            reading = ImportTicket(record.number, record.source, object_id, mapping)
            self.readings.append(reading)
            if record.mapping_id == MAPPING_ID:
                for batch in ready_batches(ready_tables(self._ledger.object_path(object_id))):
                    self._eraser.read_again(reading, batch, self._forgotten_of(record.source))
            else:
                documents.append(self._read_file(record, reading))
        touched = {record.object_id for record in wanted} | {old for old, new in redacted.items() if new.id != old}
        dropped = [
            (one.kind, one.name) for one in self._ledger.documents("oddities") if one.name.rpartition("/")[2] in touched
        ]
        return tuple(self.readings), documents, dropped

    def _is_touched(self, record: ImportRecord, redacted: Mapping[str, NewObject]) -> bool:
        is_redacted = record.object_id in redacted and redacted[record.object_id].id != record.object_id
        return is_redacted or record.number in self._naming or record.mapping_id in self._made

    def _forgotten_of(self, source: str) -> Forgotten:
        return self._forgotten if source == self._person.source else self._ledger.forgotten(source)

    def _read_file(self, record: ImportRecord, reading: ImportTicket) -> Document:
        """Read an object as it was read, at the instant at which it was read; its oddities."""
        mapping = self._made.get(record.mapping_id, ("", self._mappings[record.mapping_id]))[1]
        forgotten = self._forgotten_of(record.source)
        applier = Applier(mapping, reading.object_id, record.began_at)
        for batch in read_known(sniff(self._ledger.object_path(reading.object_id), hints_of(mapping))):
            self._eraser.read_again(reading, applier.apply(batch), forgotten)
        self._eraser.read_again(reading, applier.finish(), forgotten)
        return "oddities", f"{reading.source}/{reading.object_id}", oddities_text(applier.oddities)
