"""Opens a file as it is now, unpacks it within its limits, and notices when it is not whole."""

import gzip
import hashlib
import io
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

from deskmeter.base.errors import DataError
from deskmeter.connectors.protocol import Compression, ReadLimits

GZIP_MAGIC = b"\x1f\x8b"
GZIP_BYTES = 1 << 20


def shown(path: Path) -> str:
    """The path as a message may print it, also if its name is hostile."""
    text = str(path).encode("utf-8", "backslashreplace").decode()
    return "`" + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text) + "`"


class FixedFile(io.RawIOBase):
    """A regular file that ends where it ended when it was opened; closing it cleanly checks that it did not change.

    Raises:
        DataError: missing, a directory, unreadable, empty, or changed while it was read.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                kind = "a directory" if path.is_dir() else "not a regular file"
                raise DataError(f"{shown(path)} is {kind}; name one file")
            self._file = path.open("rb", buffering=0)
        except FileNotFoundError:
            raise DataError(f"there is no file {shown(path)}") from None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise DataError(f"{shown(path)} cannot be read: {reason}") from None
        self._opened = os.fstat(self._file.fileno())
        self.size_bytes = self._opened.st_size
        self._at = 0
        if self.size_bytes == 0:
            self.close()
            raise DataError(f"{shown(path)} is empty")

    def __enter__(self) -> "FixedFile":
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None:
                self.check_unchanged()
        finally:
            self.close()

    def check_unchanged(self) -> None:
        """DataError if the file was written to since it was opened."""
        present = os.fstat(self._file.fileno())
        if (present.st_size, present.st_mtime_ns) != (self._opened.st_size, self._opened.st_mtime_ns):
            raise DataError(
                f"{shown(self.path)} changed while it was read ({self.size_bytes:,} bytes then, "
                f"{present.st_size:,} now); nothing is imported: wait until it is complete, or copy it first"
            )

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size_bytes}[whence]
        self._at = self._file.seek(max(0, base + offset))
        return self._at

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)[: max(0, self.size_bytes - self._at)]  # type: ignore[arg-type]
        try:
            read_n = self._file.readinto(view) or 0
        except OSError as error:
            raise DataError(f"{shown(self.path)} cannot be read: {error.strerror}") from None
        if read_n == 0 and len(view) > 0:
            self.check_unchanged()
        self._at += read_n
        return read_n

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


class Hashing:
    """Passes bytes through and keeps their SHA-256."""

    def __init__(self, file: FixedFile) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes, counted into the digest."""
        data = self._file.read(size) or b""
        self._hash.update(data)
        return data

    def hexdigest(self) -> str:
        """Digest of all bytes of the file, also of those that nobody has read yet."""
        while self.read(1 << 20):
            pass
        return self._hash.hexdigest()


def compression_of(magic: bytes) -> Compression:
    """How a file that begins with `magic` is packed."""
    return "gzip" if magic.startswith(GZIP_MAGIC) else "none"


@dataclass(frozen=True)
class Packing:
    """How a file is packed, how large it is, and what it may become."""

    path: Path
    packed: Compression
    size_bytes: int
    limits: ReadLimits

    def check(self, unpacked_n: int, most_bytes: int) -> None:
        """DataError if so many bytes are more than may come out of the file."""
        if unpacked_n > most_bytes:
            raise DataError(
                f"{shown(self.path)} unpacks to more than {most_bytes:,} bytes; unpack or split it before the import"
            )
        if unpacked_n > self.limits.free_bytes and unpacked_n > self.size_bytes * self.limits.unpacked_ratio:
            raise DataError(
                f"{shown(self.path)} unpacks to more than {self.limits.unpacked_ratio} times its {self.size_bytes:,} "
                "bytes, as a gzip bomb does; unpack it yourself if you trust it"
            )


def unpacked_blocks(file: FixedFile | Hashing, packing: Packing, most_bytes: int | None = None) -> Iterator[bytes]:
    """The content of a file in blocks of about `block_bytes`, unpacked.

    Raises:
        DataError: a gzip stream that ends early, is damaged, or unpacks to more than the limits.
    """
    limits = packing.limits
    if packing.packed == "none":
        while block := file.read(limits.block_bytes):
            yield block
        return
    most = min(limits.unpacked_bytes, most_bytes or limits.unpacked_bytes)
    held: list[bytes] = []
    held_n = unpacked_n = 0
    for piece in _gunzipped(file, packing.path):
        held.append(piece)
        held_n += len(piece)
        unpacked_n += len(piece)
        packing.check(unpacked_n, most)
        if held_n >= limits.block_bytes:
            yield b"".join(held)
            held, held_n = [], 0
    if held:
        yield b"".join(held)


def _gunzipped(file: FixedFile | Hashing, path: Path) -> Iterator[bytes]:
    stream = gzip.GzipFile(fileobj=cast(BinaryIO, file))
    read_n = lines_n = 0
    try:
        # A larger read would lose what it has unpacked when the stream breaks off.
        while piece := stream.read1(GZIP_BYTES):
            read_n += len(piece)
            lines_n += piece.count(b"\n")
            yield piece
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        what = "truncated" if isinstance(error, EOFError) else "damaged"
        raise DataError(
            f"{shown(path)} is a {what} gzip file: it breaks off after {read_n:,} unpacked bytes ({lines_n:,} lines); "
            "nothing is imported: fetch it again"
        ) from None


@contextmanager
def whole_content(path: Path, packed: Compression, limits: ReadLimits) -> Iterator[BinaryIO]:
    """A seekable view of the unpacked content, for formats that are not read as a stream."""
    with FixedFile(path) as file:
        if packed == "none":
            reader = io.BufferedReader(file)
            try:
                yield reader
            finally:
                reader.detach()  # closing it would close the file before the check that it did not change
            return
        content = io.BytesIO()
        for block in unpacked_blocks(file, Packing(path, packed, file.size_bytes, limits), limits.held_bytes):
            content.write(block)
        content.seek(0)
        yield content
