"""Raw objects: what arrived, byte for byte, in files named by the sha256 of their content."""

import hashlib
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from deskmeter.base.errors import BugError, DataError

CHUNK_BYTES = 1 << 20


class ObjectFolder:
    """Content-addressed files: `ab/abcdef...`. A file appears under its name only when it is whole and on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)
        # A leftover is the copy of a process that died before it acknowledged anything.
        for leftover in self._incoming.iterdir():
            leftover.unlink()
        self._next = 0

    def path(self, object_id: str) -> Path:
        """Where an object lies; BugError if it was never kept."""
        path = self._home(object_id)
        if not path.is_file():
            raise BugError(f"no raw object `{object_id}` in `{self._folder}`")
        return path

    def put(self, content: Path | bytes) -> tuple[str, int, bool]:
        """Keep a file or payload; its id, its size, and whether it was new. On disk when this returns."""
        self._next += 1
        copy = self._incoming / str(self._next)
        try:
            with _opened(content) as source:
                object_id, size = _copy(source, copy)
            home = self._home(object_id)
            if home.is_file() and home.stat().st_size == size:
                return object_id, size, False
            if not home.parent.is_dir():
                home.parent.mkdir()
                sync_folder(self._folder)
            copy.replace(home)
            sync_folder(home.parent)
            return object_id, size, True
        finally:
            copy.unlink(missing_ok=True)

    def drop_others(self, kept: Collection[str]) -> None:
        """Delete every object that is not in `kept`, and every copy on its way."""
        for home in self._folder.iterdir():
            for file in home.iterdir():
                if file.name not in kept:
                    file.unlink()
            sync_folder(home)

    def damaged(self, object_id: str, size: int) -> str | None:
        """What is wrong with a kept object, or None: its bytes are read and hashed again."""
        home = self._home(object_id)
        if not home.is_file():
            return f"raw object `{object_id}` is missing"
        with home.open("rb") as source:
            digest = hashlib.file_digest(source, "sha256").hexdigest()
        if digest != object_id or home.stat().st_size != size:
            return f"raw object `{object_id}` does not hold what was kept"
        return None

    def _home(self, object_id: str) -> Path:
        return self._folder / object_id[:2] / object_id


@contextmanager
def _opened(content: Path | bytes) -> Iterator[BinaryIO]:
    if isinstance(content, bytes):
        yield BytesIO(content)
        return
    if not content.is_file():
        what = "is a folder, not a file" if content.is_dir() else "does not exist"
        raise DataError(f"`{content}` {what}; name one file to import")
    try:
        source = content.open("rb")
    except PermissionError:
        raise DataError(f"`{content}` may not be read; give yourself the right to read it") from None
    with source:
        yield source


def _copy(source: BinaryIO, target: Path) -> tuple[str, int]:
    """Copy to disk, fsync, and return (sha256, size) of exactly what was written."""
    digest = hashlib.sha256()
    size = 0
    with target.open("wb") as out:
        while chunk := _read(source):
            digest.update(chunk)
            out.write(chunk)
            size += len(chunk)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest(), size


def _read(source: BinaryIO) -> bytes:
    try:
        return source.read(CHUNK_BYTES)
    except OSError as error:
        # The fault is the file's, not the store's, which goes on working.
        raise DataError(f"`{source.name}` cannot be read to its end: {error}; copy it anew") from error


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable; a new file is safe only with its folder."""
    if os.name == "nt":  # a folder cannot be opened there, and NTFS journals its names
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
