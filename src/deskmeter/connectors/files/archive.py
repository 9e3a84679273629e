"""Looks into a zip before a parser does: a bomb, a damaged entry or a sheet with a far corner never reaches it."""

import re
import zipfile
from pathlib import Path
from typing import BinaryIO

from deskmeter.base.errors import DataError
from deskmeter.connectors.files.source import shown
from deskmeter.connectors.protocol import ReadLimits

ZIP_MAGIC = b"PK\x03\x04"
ENTRIES_N = 10_000
READ_BYTES = 1 << 20
SHEETS = "xl/worksheets/"

_REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{0,4})([0-9]{1,9})["']""")
_PLAIN_CELL = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"')
_ODD_CELLS = (b"<c>", b"<c/", b"<c\n", b"<c\r", b"<c\t", b":c ", b":c>", b":c/", b":c\n", b":c\r", b":c\t")
_ROW = re.compile(rb"<(?:\w+:)?row\b")
_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")


class SheetExtent:
    """How far the cells of a sheet reach and how many hold an error, from its XML in pieces.

    A cell without a reference stands beside the one before it, so the cells in one row count too.
    """

    def __init__(self) -> None:
        self.rows_n = self.columns_n = self.errors_n = 0
        self._in_row_n = 0
        self._rest = b""

    @property
    def cells_n(self) -> int:
        """Cells of the rectangle that a parser lays out for the sheet."""
        return self.rows_n * self.columns_n

    def add(self, piece: bytes) -> None:
        """Takes the next piece; a tag that its end cuts waits for the piece after."""
        text = self._rest + piece
        cut = text.rfind(b"<")
        self._rest = text[cut:] if cut >= 0 else b""
        self._count(text[: max(cut, 0)])

    def finish(self) -> "SheetExtent":
        """Takes what still waits."""
        self._count(self._rest)
        return self

    def _count(self, text: bytes) -> None:
        self.errors_n += text.count(b' t="e"')
        plain = _PLAIN_CELL.findall(text)
        is_plain = len(plain) == text.count(b"<c ") and not any(odd in text for odd in _ODD_CELLS)
        found = plain if is_plain else _REFERENCE.findall(text)
        self.rows_n = max(self.rows_n, max((int(number) for number in {number for _, number in found}), default=0))
        letters = {letters for letters, _ in found}
        self.columns_n = max(self.columns_n, max(map(column_number, letters), default=0))
        if not is_plain:
            self._count_side_by_side(text)

    def _count_side_by_side(self, text: bytes) -> None:
        for index, row in enumerate(_ROW.split(text)):
            cells_n = len(_CELL.findall(row))
            self._in_row_n = cells_n if index else self._in_row_n + cells_n
            self.columns_n = max(self.columns_n, self._in_row_n)


def column_number(letters: bytes) -> int:
    """The number of a column named in letters.

    >>> column_number(b"A"), column_number(b"XFD")
    (1, 16384)
    """
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def is_workbook(content: BinaryIO) -> bool | None:
    """Whether a zip is an XLSX workbook; None if it is damaged."""
    try:
        with zipfile.ZipFile(content) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OSError):
        return None
    finally:
        content.seek(0)


def check_workbook(content: BinaryIO, size_bytes: int, path: Path, limits: ReadLimits) -> int:
    """Reads every entry of a workbook once; gives the number of cells that hold an error.

    Raises:
        DataError: more entries or bytes than the limits, a sheet too wide or too large.
        zipfile.BadZipFile: an entry whose checksum is wrong.
    """
    errors_n = 0
    with zipfile.ZipFile(content) as archive:
        entries = archive.infolist()
        if len(entries) > ENTRIES_N:
            raise DataError(f"{shown(path)} is an archive of {len(entries):,} entries, more than any workbook has")
        _check_sizes(sum(entry.file_size for entry in entries), size_bytes, path, limits)
        for entry in entries:
            extent = _extent(archive, entry)
            errors_n += extent.errors_n
            if entry.filename.startswith(SHEETS) and extent.cells_n > limits.cells_n:
                raise DataError(
                    f"{shown(path)} has a sheet of {extent.rows_n:,} rows and {extent.columns_n:,} columns, more than "
                    f"the {limits.cells_n:,} cells that are read; delete what stands far out, or save it as CSV"
                )
    content.seek(0)
    return errors_n


def _extent(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> SheetExtent:
    extent = SheetExtent()
    with archive.open(entry) as stream:
        while piece := stream.read(READ_BYTES):
            if entry.filename.startswith(SHEETS):
                extent.add(piece)
    return extent.finish()


def _check_sizes(unpacked_n: int, size_bytes: int, path: Path, limits: ReadLimits) -> None:
    if unpacked_n > limits.held_bytes:
        raise DataError(
            f"{shown(path)} unpacks to {unpacked_n:,} bytes, more than the {limits.held_bytes:,} that are read from "
            "a workbook; save the sheet as CSV"
        )
    if unpacked_n > limits.free_bytes and unpacked_n > size_bytes * limits.unpacked_ratio:
        raise DataError(
            f"{shown(path)} unpacks to more than {limits.unpacked_ratio} times its {size_bytes:,} bytes, as a zip bomb "
            "does; save the sheet as CSV if you trust it"
        )
