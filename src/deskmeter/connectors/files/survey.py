"""One pass over a file before it is read: is it whole, how large is it, in which characters is it written."""

import codecs
from dataclasses import dataclass
from pathlib import Path

from deskmeter.base.errors import DataError
from deskmeter.connectors.files.source import FixedFile, Hashing, Packing, compression_of, shown, unpacked_blocks
from deskmeter.connectors.files.text import count_of
from deskmeter.connectors.protocol import MIXED, Compression, ReadLimits

HEAD_BYTES = 1 << 16

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks, longest first where one begins another."""


@dataclass(frozen=True)
class Survey:
    """What a whole pass tells: sizes, digest, the first bytes, and how its lines can be decoded.

    `is_some_utf8`: a line with bytes above 127 is UTF-8. `other_lines_n` counts the lines that are not, and
    `first_other_line` is the first of them (0: none).
    """

    compression: Compression
    size_bytes: int
    unpacked_bytes: int
    sha256: str
    head: bytes
    is_some_utf8: bool
    other_lines_n: int
    first_other_line: int
    lf_n: int
    cr_n: int

    @property
    def bom(self) -> tuple[bytes, str] | None:
        """The byte order mark and the encoding it announces."""
        return next(((mark, name) for mark, name in BOMS if self.head.startswith(mark)), None)


def survey(path: Path, limits: ReadLimits) -> Survey:
    """Reads all of `path` once.

    Raises:
        DataError: missing, empty, a directory, a damaged or truncated gzip, a gzip bomb, a changing file.
    """
    with FixedFile(path) as file:
        packed = compression_of(file.read(2) or b"")
        file.seek(0)
        through = Hashing(file)
        lines = _LineCount()
        for block in unpacked_blocks(through, Packing(path, packed, file.size_bytes, limits)):
            lines.add(block)
        lines.finish()
        if lines.bytes_n == 0:
            raise DataError(f"{shown(path)} is empty once unpacked")
        return Survey(
            packed, file.size_bytes, lines.bytes_n, through.hexdigest(), lines.head,
            lines.is_some_utf8, lines.other_n, lines.first_other, lines.lf_n, lines.cr_n,
        )  # fmt: skip


class _LineCount:
    """Counts lines by whether they are UTF-8; blocks may end anywhere."""

    def __init__(self) -> None:
        self.head = b""
        self.is_some_utf8 = False
        self.bytes_n = self.other_n = self.first_other = self.lf_n = self.cr_n = 0
        self._rest = b""

    def add(self, block: bytes) -> None:
        if len(self.head) < HEAD_BYTES:
            self.head = (self.head + block)[:HEAD_BYTES]
        self.bytes_n += len(block)
        self.cr_n += count_of(b"\r", block)
        if block.isascii() and self._rest.isascii():
            self.lf_n += count_of(b"\n", block)
            self._rest = b""  # an ASCII beginning of a line changes no verdict on it
            return
        whole, newline, self._rest = (self._rest + block).rpartition(b"\n")
        if newline:
            self._classify(whole + newline)
        elif len(self._rest) > len(block) * 16:
            self._classify_line(self._rest, self.lf_n + 1)
            self._rest = b""

    def finish(self) -> None:
        self._classify(self._rest)

    def _classify(self, text: bytes) -> None:
        newlines_n = count_of(b"\n", text)
        if not text.isascii():
            if _is_utf8(text):
                self.is_some_utf8 = True
            else:
                for number, line in enumerate(text.split(b"\n"), start=self.lf_n + 1):
                    self._classify_line(line, number)
        self.lf_n += newlines_n

    def _classify_line(self, line: bytes, number: int) -> None:
        if line.isascii():
            return
        if _is_utf8(line):
            self.is_some_utf8 = True
            return
        self.other_n += 1
        self.first_other = self.first_other or number


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def choose_encoding(found: Survey, hint: str | None, path: Path) -> tuple[str, tuple[str, ...]]:
    """The encoding to read with, and what has to be said about it.

    A hint wins, then a byte order mark, then the zeros of UTF-16; then UTF-8 if any line above ASCII is
    UTF-8 (lines that are not will be set aside), else cp1252, the Latin-1 of Windows.
    """
    if hint is not None:
        return _known_encoding(hint, path), ()
    if found.bom is not None:
        return found.bom[1], ()
    if wide := _wide_without_mark(found.head):
        return wide, (f"no byte order mark; read as {wide} by the place of its zero bytes",)
    if found.other_lines_n == 0:
        return "utf-8", ()
    if not found.is_some_utf8:
        return "cp1252", (
            f"line {found.first_other_line} is not UTF-8: the file is read as cp1252 (Latin-1 of Windows); "
            "name its `encoding` if it is another",
        )
    return "utf-8", (
        f"lines of a UTF-8 file that are not UTF-8: {found.other_lines_n:,} (the first is line "
        f"{found.first_other_line}); they are set aside; `encoding: {MIXED}` reads such lines as cp1252",
    )


def _known_encoding(name: str, path: Path) -> str:
    if name.lower() == MIXED:
        return MIXED
    try:
        b"ab".decode(name, "replace")
        found = codecs.lookup(name).name
        codecs.getincrementaldecoder(found)
    except (LookupError, ValueError, TypeError):
        raise DataError(
            f"encoding `{name}` for {shown(path)} is not known; write utf-8, utf-16, cp1252, latin-1, {MIXED} ..."
        ) from None
    return found


def _wide_without_mark(head: bytes) -> str | None:
    """UTF-16 by where its zero bytes stand: Western text has one in every second place."""
    even, odd = head[0::2], head[1::2]
    if len(odd) < 2:
        return None
    even_share, odd_share = even.count(0) / len(even), odd.count(0) / len(odd)
    if odd_share > 0.4 and even_share < 0.1:
        return "utf-16-le"
    if even_share > 0.4 and odd_share < 0.1:
        return "utf-16-be"
    return None


def is_binary(head: bytes) -> bool:
    """Whether control characters make up so much of `head` that it is no text."""
    if not head or _wide_without_mark(head) or any(head.startswith(mark) for mark, _ in BOMS):
        return False
    control_n = sum(1 for byte in head[:4096] if byte < 32 and byte not in b"\t\n\r\f\x1b")
    return control_n > len(head[:4096]) * 0.1
