"""A person erased from a backup, by the same tombstones as from the desk that it is a copy of."""

import os
import zipfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from deskmeter.base.errors import AskerError, DataError
from deskmeter.ingest.erase import Erased, Progress, erase_person
from deskmeter.ingest.erase_settings import settings_without
from deskmeter.ledger.desk_files import LEDGER, is_archive, refuse_unless_desk, unpack, write_archive
from deskmeter.ledger.eraser import Eraser
from deskmeter.ledger.forgotten import Forgotten, Person, Tombstone, tombstones_of
from deskmeter.ledger.objects import sync_folder
from deskmeter.ledger.sqlite import open_ledger

_OF_A_RUN = ("lock", "owner", "spool", "ledger.sqlite-wal", "ledger.sqlite-shm")
"""What an open ledger leaves beside its file; a backup has none of it."""


def refuse_what_is_no_backup(target: Path) -> None:
    """AskerError or DataError unless `target` is a folder or archive as `backup` writes."""
    if not target.exists():
        raise AskerError(f"no backup `{target}`; nothing was erased")
    if target.is_dir():
        refuse_unless_desk(target, target)
        return
    if not is_archive(target):
        raise AskerError(f"`{target}` is no backup; name a folder or .zip file that `deskmeter backup` wrote")
    try:
        with zipfile.ZipFile(target) as archive:
            is_whole = archive.testzip() is None and f"{LEDGER}/ledger.sqlite" in archive.namelist()
    except (zipfile.BadZipFile, OSError, EOFError) as error:
        raise DataError(f"`{target}` is no backup: {error}; nothing was erased") from error
    if not is_whole:
        raise DataError(f"`{target}` is no backup of a desk, or it is damaged; nothing was erased")


def erase_in_backup(
    target: Path, person: Person, tombstones: Sequence[Tombstone], now: datetime, progress: Progress
) -> Erased:
    """Erase a person from a folder or archive; an archive is replaced whole or not at all.

    Raises:
        LockedError: it is a desk that another process has open.
    """

    def work(folder: Path) -> Erased:
        return _erase_in_folder(folder, person, tombstones, now, progress)

    return work(target) if target.is_dir() else _through_folder(target, work)


def _through_folder(file: Path, work: Callable[[Path], Erased]) -> Erased:
    with TemporaryDirectory(prefix=f".{file.name}.", dir=file.parent) as aside:
        folder, made = Path(aside) / "desk", Path(aside) / file.name
        folder.mkdir()
        unpack(file, folder)
        erased = work(folder)
        write_archive(folder, made)
        os.replace(made, file)
        sync_folder(file.parent)
    return erased


def _erase_in_folder(
    folder: Path, person: Person, tombstones: Sequence[Tombstone], now: datetime, progress: Progress
) -> Erased:
    home = folder / LEDGER
    was_there = {name for name in _OF_A_RUN if (home / name).exists()}
    with open_ledger(home) as ledger:
        eraser = ledger.eraser()
        everybody, more = _known_here(eraser, person, tombstones)
        erased = erase_person(ledger, everybody, (*tombstones, *more), now, progress)
        settings_without(folder, Forgotten(eraser.tombstones()))
        for path in folder.glob("analytics.duckdb*"):
            path.unlink()
        eraser.clean()
    for name in set(_OF_A_RUN) - was_there:
        path = home / name
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
    return erased


def _known_here(
    eraser: Eraser, person: Person, tombstones: Sequence[Tombstone]
) -> tuple[Person, tuple[Tombstone, ...]]:
    """The person as the backup knows them, found by the tombstones, and what it knows beyond these."""
    stones = Forgotten(tombstones)
    same = [one.id for one in eraser.people() if one.source == person.source and stones.token("id", one.id)]
    known = [eraser.person(person.source, found) for found in sorted(same, key=lambda found: found != person.id)]
    held = {(one.kind, one.digest) for one in tombstones}
    more = [one for each in known for one in tombstones_of(each, tombstones[0].key)]
    return (known or [person])[0], tuple(one for one in more if (one.kind, one.digest) not in held)
