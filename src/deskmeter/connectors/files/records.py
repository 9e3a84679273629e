"""The careful way through delimited text: record by record, each with its line and what is wrong with it."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from deskmeter.connectors.files.text import Lines, decoded, readable
from deskmeter.connectors.protocol import MIXED

NEVER_CLOSED = "a quote is opened here and never closed"

REASONS = {
    "expected after": 'a field goes on after its closing quote (a quote inside a quoted field is written twice: "")',
    "unexpected end of data": NEVER_CLOSED,
    "new-line character seen": "a carriage return stands alone outside quotes",
}
"""What the csv module says, and what it means to the owner of the file."""


@dataclass(frozen=True)
class Dialect:
    """How fields are told apart."""

    delimiter: str
    encoding: str


class Record(NamedTuple):
    """One record of delimited text: `fields` if it could be read, else the reason why not."""

    line: int
    fields: list[str]
    reason: str | None
    raw: bytes

    @property
    def raw_text(self) -> str:
        """The record as it stood, without its line end."""
        return readable(without_line_end(self.raw))


def without_line_end(text: bytes) -> bytes:
    """`text` without the line end it closes with."""
    return text.removesuffix(b"\n").removesuffix(b"\r")


class _TooLongError(Exception):
    """A record outgrew the limit while its lines were collected."""


class RecordReader:
    """Reads records from `lines`, strictly: text that could be read in two ways is set aside.

    After a record with a broken quote the rest of its lines are read again one by one (a stray quote must not
    swallow the rows after it) and only trusted from the first record on that has `width` fields and balanced quotes.
    """

    def __init__(self, lines: Lines, dialect: Dialect, record_bytes: int, width: int | None = None) -> None:
        self._lines = lines
        self._dialect = dialect
        self._record_bytes = record_bytes
        self._width = width
        self._taken: list[bytes] = []
        self._taken_bytes = 0
        self._is_undecodable = False
        self._broken_line: int | None = None
        # The limit is the process's: raised so that one long comment is no error.
        csv.field_size_limit(max(csv.field_size_limit(), 2 * record_bytes))
        self._csv = self._new_reader()

    @property
    def is_doubtful(self) -> bool:
        """Whether a broken quote has been met and no trustworthy record since."""
        return self._broken_line is not None

    def records(self, end_line: int | None = None) -> Iterator[Record]:
        """The records that begin before line `end_line`, blank lines left out."""
        while end_line is None or self._lines.number < end_line:
            record = self._next()
            if record is None:
                return
            if record.fields or record.reason:
                yield record

    def _new_reader(self) -> "Iterator[list[str]]":
        return csv.reader(self._feed(), delimiter=self._dialect.delimiter, strict=True)

    def _feed(self) -> Iterator[str]:
        while (line := self._lines.take()) is not None:
            self._taken.append(line)
            self._taken_bytes += len(line)
            if self._taken_bytes > self._record_bytes:
                raise _TooLongError
            text = decoded(line)
            if text is None:
                self._is_undecodable = True
                text = readable(line)
            yield text

    def _next(self) -> Record | None:
        self._taken, self._taken_bytes, self._is_undecodable = [], 0, False
        line = self._lines.number
        try:
            fields = next(self._csv)
        except StopIteration:
            return None
        except csv.Error as error:
            return self._broken(line, _why(error))
        except _TooLongError:
            return self._broken(line, f"a quote is opened here and not closed within {self._record_bytes:,} bytes")
        raw = self._taken[0] if len(self._taken) == 1 else b"".join(self._taken)
        return Record(line, fields, self._doubt(fields, raw) if fields else None, raw)

    def _broken(self, line: int, reason: str) -> Record:
        self._lines.give_back(self._taken[1:])
        self._broken_line = line
        self._csv = self._new_reader()
        undecodable = decoded(self._taken[0]) is None
        return Record(line, [], self._not_text(self._taken[0]) if undecodable else reason, self._taken[0])

    def _doubt(self, fields: list[str], raw: bytes) -> str | None:
        if self._is_undecodable:
            return self._not_text(raw)
        if b"\0" in raw:
            return "the row holds a NUL byte"
        if self._broken_line is not None:
            if (self._width is not None and len(fields) != self._width) or raw.count(b'"') % 2:
                return f"the row follows the broken quote of line {self._broken_line} and may be part of it"
            self._broken_line = None
        if self._width is not None and len(fields) != self._width:
            return f"row has {len(fields):,} fields, header has {self._width:,}"
        return None

    def _not_text(self, raw: bytes) -> str:
        try:
            raw.decode()
        except UnicodeDecodeError as error:
            if self._dialect.encoding == "utf-8":
                return (
                    f"byte 0x{raw[error.start]:02x} is not UTF-8; `encoding: {MIXED}` reads such lines as cp1252, "
                    "or name the file's `encoding`"
                )
        return f"holds bytes that mean nothing in {self._dialect.encoding}; name the file's `encoding`"


def _why(error: csv.Error) -> str:
    return next((reason for said, reason in REASONS.items() if said in str(error)), str(error))
