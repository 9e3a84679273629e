"""The text of a file as UTF-8, and its physical lines with room to step back."""

import codecs
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from deskmeter.base.errors import DataError
from deskmeter.connectors.files.source import FixedFile, Packing, compression_of, shown, unpacked_blocks
from deskmeter.connectors.protocol import MIXED, ReadLimits

UNDECODABLE = "deskmeter-undecodable"
"""Error handler: a byte that has no meaning becomes half a surrogate pair, so that its line is found later."""


def _mark_undecodable(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + byte) for byte in bad), error.end


codecs.register_error(UNDECODABLE, _mark_undecodable)


def text_blocks(path: Path, encoding: str, is_classic_mac: bool, limits: ReadLimits) -> Iterator[bytes]:
    """The content of a file as UTF-8 without byte order mark, in blocks that end anywhere.

    What cannot be decoded stays invalid UTF-8, so that the line it is in can be set aside. `is_classic_mac`:
    lines end in a carriage return alone.
    """
    with FixedFile(path) as file:
        packed = compression_of(file.read(2) or b"")
        file.seek(0)
        packing = Packing(path, packed, file.size_bytes, limits)
        blocks = _as_utf8(unpacked_blocks(file, packing), encoding, path)
        is_first = True
        for block in blocks:
            text = block.removeprefix(codecs.BOM_UTF8) if is_first else block
            is_first = False
            if text:
                yield text.replace(b"\r", b"\n") if is_classic_mac else text


def _as_utf8(blocks: Iterator[bytes], encoding: str, path: Path) -> Iterator[bytes]:
    if encoding == "utf-8":
        return blocks
    if encoding == MIXED:
        return _mixed_as_utf8(blocks)
    return _decoded_as_utf8(blocks, encoding, path)


def _decoded_as_utf8(blocks: Iterator[bytes], encoding: str, path: Path) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)(UNDECODABLE)
    try:
        for block in blocks:
            yield decoder.decode(block).encode("utf-8", "surrogatepass")
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
    except (ValueError, TypeError) as error:
        raise DataError(f"{shown(path)} cannot be decoded as {encoding} ({error}); name its `encoding`") from None


def _mixed_as_utf8(blocks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for block in blocks:
        whole, newline, rest = (rest + block).rpartition(b"\n")
        if newline:
            yield _line_by_line(whole + newline)
    yield _line_by_line(rest)


def _line_by_line(text: bytes) -> bytes:
    if decoded(text) is not None:
        return text
    return b"\n".join(
        line if decoded(line) is not None else line.decode("cp1252", UNDECODABLE).encode("utf-8", "surrogatepass")
        for line in text.split(b"\n")
    )


def decoded(text: bytes) -> str | None:
    """`text` as a string; None if it is not UTF-8."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        return None


def readable(text: bytes) -> str:
    """`text` as a string for people, whatever it holds: a byte without meaning is shown as `\\xe9`."""
    return text.decode("utf-8", "backslashreplace")


class Lines:
    """The physical lines of UTF-8 blocks; lines that were taken can be given back.

    `number` is that of the next line, from 1. Lines end in a line feed, the last perhaps in nothing.

    >>> lines = Lines([b"a\\nb", b"c\\n"], Path("x"), ReadLimits())
    >>> lines.take(), lines.take(), lines.take(), lines.number
    (b'a\\n', b'bc\\n', None, 3)
    """

    def __init__(self, blocks: Iterable[bytes], path: Path, limits: ReadLimits) -> None:
        self._blocks = iter(blocks)
        self._path = path
        self._limits = limits
        self._pending: deque[bytes] = deque()  # lines that were given back; they come before `_text`
        self._text, self._at = b"", 0
        self._rest = b""
        self.number = 1

    def take(self) -> bytes | None:
        """The next line; None at the end."""
        if self._pending:
            self.number += 1
            return self._pending.popleft()
        if self._at == len(self._text):
            self._text, self._at = self._next_block(), 0
        if not self._text:
            return None
        start, self._at = self._at, self._text.find(b"\n", self._at) + 1 or len(self._text)
        self.number += 1
        return self._text[start : self._at]

    def give_back(self, lines: list[bytes]) -> None:
        """Puts back the lines that were taken last, in their order."""
        self._pending.extendleft(reversed(lines))
        self.number -= len(lines)

    def take_block(self) -> bytes:
        """Whole lines of about a block's size, those given back first; empty at the end."""
        held = self._taken_back()
        block = held if len(held) >= self._limits.block_bytes else held + self._next_block()
        self.number += count_lines(block)
        return block

    def give_back_text(self, text: bytes) -> None:
        """Puts back whole lines that ended what was taken last."""
        self._text = text + self._taken_back()
        self.number -= count_lines(text)

    def _taken_back(self) -> bytes:
        """All that was read and not taken."""
        held = b"".join([*self._pending, self._text[self._at :]])
        self._pending.clear()
        self._text, self._at = b"", 0
        return held

    def _next_block(self) -> bytes:
        parts = [self._rest]
        size = len(self._rest)
        for block in self._blocks:
            whole, newline, self._rest = block.rpartition(b"\n")
            if newline:
                return b"".join([*parts, whole, newline])
            parts.append(block)
            size += len(block)
            if size > self._limits.record_bytes:
                raise DataError(
                    f"{shown(self._path)} has a line of more than {self._limits.record_bytes:,} bytes "
                    f"(line {self.number + len(self._pending):,}); is it the text file that it is taken for?"
                )
        self._rest = b""
        return b"".join(parts)


def split_lines(text: bytes) -> list[bytes]:
    """Lines with their line feeds; nothing but a line feed ends a line.

    >>> split_lines(b"a\\r\\nb")
    [b'a\\r\\n', b'b']
    """
    parts = text.split(b"\n")
    last = parts.pop()
    lines = [part + b"\n" for part in parts]
    return [*lines, last] if last else lines


def count_lines(text: bytes) -> int:
    """How many lines `split_lines` finds."""
    return count_of(b"\n", text) + (1 if text and not text.endswith(b"\n") else 0)


def count_of(byte: bytes, text: bytes) -> int:
    """How often one byte stands in a text; quicker than `bytes.count` where it stands on every line.

    >>> count_of(b"a", b"banana")
    3
    """
    return int(np.count_nonzero(np.frombuffer(text, dtype=np.uint8) == byte[0])) if byte in text else 0
