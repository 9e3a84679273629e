"""The files of a desk around its ledger, their copies, and folders that appear whole or not at all."""

import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import apsw

from deskmeter.base.config import FILE, read_config
from deskmeter.base.errors import AskerError, DataError
from deskmeter.ledger.objects import sync_folder
from deskmeter.ledger.protocol import Ledger
from deskmeter.ledger.sqlite import FILE_NAME, OBJECTS, open_ledger

LEDGER = "ledger"
ARCHIVE = ".zip"
_SETTINGS = (FILE, "targets.yml", "mappings/*", "metrics/*.yml", "metrics/*.yaml")
_FOREIGN = (".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar")


def refuse_what_is_there(target: Path) -> None:
    """AskerError unless `target` does not exist or is an empty folder."""
    if target.is_dir() and not any(target.iterdir()):
        return
    if target.exists() or target.is_symlink():
        raise AskerError(f"`{target}` holds something already; name a new or empty folder")


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A folder to fill, which takes its place at `target` at the end; after an error nothing of it remains.

    Raises:
        AskerError: there is something at `target`.
    """
    refuse_what_is_there(target)
    home = target.resolve()
    home.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(mkdtemp(prefix=f".{home.name}.", dir=home.parent))  # the same disk, so that it can be renamed
    try:
        part = aside / "part"
        part.mkdir()
        yield part
        _sync(part)
        refuse_what_is_there(target)
        _move(part, home)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _move(part: Path, home: Path) -> None:
    """An empty folder that is there is filled: it may be the one that we stand in. What makes it a desk comes last."""
    if not home.exists():
        part.rename(home)
        sync_folder(home.parent)
        return
    for path in sorted(part.iterdir(), key=lambda path: path.name == FILE):
        path.rename(home / path.name)
    sync_folder(home)


def write_backup(folder: Path, ledger: Ledger, target: Path) -> None:
    """The desk in `folder`, whose ledger is open, into a new folder or archive.

    Raises:
        AskerError: there is something at `target`.
    """
    if not is_archive(target):
        with whole_folder(target) as part:
            _fill(part, folder, ledger)
        return
    _refuse_file(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as aside:
        _fill(Path(aside), folder, ledger)
        write_archive(Path(aside), target)


def _fill(part: Path, folder: Path, ledger: Ledger) -> None:
    copy_settings(folder, part)
    ledger.backup(part / LEDGER)


def _refuse_file(file: Path) -> None:
    if file.exists() or file.is_symlink():
        raise AskerError(f"`{file}` is there already; name a new file")


def write_archive(folder: Path, file: Path) -> None:
    """One file of all that is in `folder`, whole or not at all; AskerError if it is there already."""
    _refuse_file(file)
    half = file.with_name(f".{file.name}.part")
    try:
        with half.open("wb") as out:
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                    archive.write(path, path.relative_to(folder).as_posix())
            out.flush()
            os.fsync(out.fileno())
        half.replace(file)
        sync_folder(file.parent)
    finally:
        half.unlink(missing_ok=True)


def is_archive(target: Path) -> bool:
    """Whether a backup of this name is one file; AskerError for archives of a kind that we do not write."""
    suffix = target.suffix.lower()
    if suffix in _FOREIGN:
        raise AskerError(f"no backup as `{suffix}`; name a folder or a file that ends with {ARCHIVE}")
    return suffix == ARCHIVE


def copy_settings(source: Path, target: Path) -> None:
    """The settings, mappings, own metrics and targets of the desk in `source`."""
    for pattern in _SETTINGS:
        for path in source.glob(pattern):
            if path.is_file():
                home = target / path.relative_to(source)
                home.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, home)


def copy_desk(source: Path, target: Path) -> None:
    """The desk or backup in `source` (a folder, or an archive) into the empty folder `target`, and checked there.

    Raises:
        DataError: it is no backup, or it is damaged.
        LockedError: it is a desk that another process has open.
    """
    if not source.exists():
        raise DataError(f"no backup `{source}`")
    if source.is_file():
        unpack(source, target)
    else:
        refuse_unless_desk(source, source)
        copy_settings(source, target)
        _copy_ledger(source / LEDGER, target / LEDGER)
    refuse_unless_desk(target, source)
    read_config(target)
    wrong = _found_wrong(target / LEDGER, source)
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise DataError(f"the backup `{source}` is damaged: {wrong[0]}{more}; take another one")


def _found_wrong(ledger_folder: Path, source: Path) -> tuple[str, ...]:
    """What a full check of the copied ledger finds; what keeps it from being read at all is found too."""
    try:
        with open_ledger(ledger_folder) as ledger:
            return ledger.check()
    except apsw.Error as error:
        return (str(error),)
    except DataError as error:
        raise DataError(str(error).replace(str(ledger_folder), str(source / LEDGER))) from error


def _copy_ledger(source: Path, target: Path) -> None:
    """A ledger that was ever opened may be in use, or hold its last words in a log; a backup is just files."""
    if (source / "lock").exists():
        with open_ledger(source) as ledger:
            ledger.backup(target)
        return
    target.mkdir()
    shutil.copyfile(source / FILE_NAME, target / FILE_NAME)
    if (source / OBJECTS).is_dir():
        shutil.copytree(source / OBJECTS, target / OBJECTS)


def unpack(file: Path, target: Path) -> None:
    """What is in the archive `file`, into the folder `target`; DataError if it is damaged."""
    try:
        with zipfile.ZipFile(file) as archive:
            archive.extractall(target)  # names that lead out of the folder are taken as names within it
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError) as error:
        raise DataError(f"`{file}` is no backup: {error}") from error


def refuse_unless_desk(folder: Path, named: Path) -> None:
    """DataError, which speaks of `named`, unless `folder` holds a desk or a backup of one."""
    for needed in (FILE, f"{LEDGER}/{FILE_NAME}"):
        if not (folder / needed).is_file():
            raise DataError(f"`{named}` is no backup of a desk: it has no {needed}")


def _sync(folder: Path) -> None:
    """Every file of a folder and its name on disk."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb+") as file:
                os.fsync(file.fileno())
        else:
            sync_folder(path)
    sync_folder(folder)
