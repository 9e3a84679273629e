"""A copy of a store that can be opened like the store itself."""

import os
import shutil
from pathlib import Path

import apsw

from deskmeter.base.errors import AskerError
from deskmeter.ledger.objects import ObjectFolder, sync_folder


def copy_store(db: apsw.Connection, objects: ObjectFolder, file: Path, object_folder: Path) -> None:
    """Copy the database as `db` sees it now, and every object that it names, to disk.

    Raises:
        AskerError: there is something at the target already.
    """
    if file.exists() or object_folder.exists():
        raise AskerError(f"`{file.parent}` holds a store already; name an empty folder for the copy")
    object_folder.mkdir(parents=True)
    copy = apsw.Connection(str(file))
    with copy.backup("main", db, "main") as running:
        running.step(-1)
    kept = [row[0] for row in copy.execute("SELECT id FROM ledger_object")]
    copy.close()
    for object_id in kept:
        source = objects.path(object_id)
        home = object_folder / source.parent.name
        home.mkdir(exist_ok=True)
        _copy(source, home / source.name)
        sync_folder(home)
    sync_folder(object_folder)
    sync_folder(file.parent)


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    with target.open("rb+") as written:
        os.fsync(written.fileno())
