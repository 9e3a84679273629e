"""A person erased from a whole desk: its store, the files around it, and the backups that are named."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from deskmeter.ingest.erase import Erased, Found, Progress, elsewhere, erase_person
from deskmeter.ingest.erase_backup import erase_in_backup, refuse_what_is_no_backup
from deskmeter.ingest.erase_settings import settings_without
from deskmeter.ledger.forgotten import KEY_BYTES, Forgotten, Person, Tombstone, tombstones_of
from deskmeter.ledger.sqlite import SqliteLedger


@dataclass(frozen=True)
class DeskErased:
    """What was done: in the desk, in its settings, in the backups; `token` stands for the person's id.

    `elsewhere` are people of other sources with the same address, who were not erased.
    """

    token: str
    rows: Mapping[str, int]
    objects: tuple[str, ...]
    replaced: tuple[str, ...]
    settings: tuple[str, ...]
    elsewhere: tuple[str, ...]


def erase_from_desk(
    folder: Path, ledger: SqliteLedger, found: Found, also: Sequence[Path], now: datetime, progress: Progress
) -> DeskErased:
    """Erase whom `find_person` found; the analytics copy is the caller's. Backups come last, by the same tombstones.

    Raises:
        AskerError, DataError: a backup is none, or a kept file cannot be redacted; nothing is changed then.
    """
    for backup in also:
        refuse_what_is_no_backup(backup)
    eraser = ledger.eraser()
    held = tuple(one for one in eraser.tombstones() if one.source == found.source)
    erased = Erased({}, (), ())
    settings: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    if found.token is None:
        person = eraser.person(found.source, found.id)
        person = replace(person, mails=tuple(dict.fromkeys((*person.mails, *found.mails))))
        others = elsewhere(ledger, person)
        tombstones = tombstones_of(person, _key_of(held))
        token = next(one.token for one in tombstones if one.kind == "id")
        erased = erase_person(ledger, person, tombstones, now, progress)
        settings = finish_erasure(folder, ledger, progress)
    else:
        person, tombstones, token = Person(found.source, found.id), held, found.token
    for backup in also:
        progress(f"erase from {backup.name}", 0, None)
        erase_in_backup(backup, person, tombstones, now, progress)
    return DeskErased(token, erased.rows, erased.objects, erased.replaced, settings, others)


def _key_of(held: Sequence[Tombstone]) -> bytes:
    """The key by which a desk hashes whom it erases: one for all, made when it is first needed."""
    return held[0].key if held else secrets.token_bytes(KEY_BYTES)


def finish_erasure(folder: Path, ledger: SqliteLedger, progress: Progress) -> tuple[str, ...]:
    """What follows the transaction, and goes on at the next opening where it broke off; the settings that changed."""
    progress("clean the disk", 0, None)
    eraser = ledger.eraser()
    settings = settings_without(folder, Forgotten(eraser.tombstones()))
    eraser.clean()
    return settings
