"""A cursor over JSON text of any length: one value at a time, never the whole document."""

import codecs
import json
from collections.abc import Iterator
from pathlib import Path

from deskmeter.base.errors import DataError
from deskmeter.connectors.files.json_values import Decoder, Json, lowered
from deskmeter.connectors.files.source import shown
from deskmeter.connectors.files.text import UNDECODABLE
from deskmeter.connectors.protocol import ReadLimits

_SPACE = " \t\r\n"
UNTERMINATED = "Unterminated string"
NUMBER_TAIL_N = 4
"""A number this close to the end may go on: of `1.5e+7`, cut after the plus, the decoder takes `1.5` for whole."""
NEAR_END_N = 64
"""An error this close to the end of what has been read may only mean that there is more to read."""


class JsonCursor:
    """Walks through JSON text.

    Raises:
        DataError: text that is not JSON, by line; a value longer than `record_bytes`.
    """

    def __init__(self, blocks: Iterator[bytes], path: Path, limits: ReadLimits) -> None:
        self._blocks = blocks
        self._decode = codecs.getincrementaldecoder("utf-8")(UNDECODABLE)
        self._path = path
        self._limits = limits
        self._text = ""
        self._at = 0
        self._is_ended = False
        self._lines_n = self._columns_n = 0  # before the text that is held
        self.decoder = Decoder()

    def peek(self) -> str:
        """The next character that is no white space, not consumed; empty at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._fill():
                return ""

    def take(self, expected: str) -> str:
        """Consumes the next character, which must be one of `expected`."""
        found = self.peek()
        if not found or found not in expected:
            wanted = " or ".join(f"`{char}`" for char in expected)
            raise self._refusal(f"{wanted} expected, found {f'`{found}`' if found else 'the end of the file'}")
        self._at += 1
        return found

    def value(self) -> tuple[Json, str]:
        """Consumes one whole value: what it is, and its text."""
        if not self.peek():
            raise self._refusal("it breaks off")
        while True:
            try:
                value, end = self.decoder.json.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._may_be_unfinished(error) and not self._is_ended:
                    self._fill()
                    self.decoder.take_twice()
                    continue
                is_cut = error.msg.startswith(UNTERMINATED) or not self._text[error.pos :].strip()
                self._at = max(self._at, error.pos)
                raise self._refusal("it breaks off" if is_cut else lowered(error.msg)) from None
            except RecursionError:
                raise self._refusal("values are nested too deeply") from None
            is_near_end = len(self._text) - end < NUMBER_TAIL_N and self._text[end - 1] not in '"]}'
            if is_near_end and not self._is_ended:
                self._fill()
                continue
            raw = self._text[self._at : end]
            self._at = end
            return value, raw

    def items(self) -> Iterator[None]:
        """Stops before each item of the array that begins here; the caller consumes it."""
        self.take("[")
        if self.peek() == "]":
            self.take("]")
            return
        while True:
            yield None
            if self.take(",]") == "]":
                return

    def fields(self) -> Iterator[str]:
        """Stops before the value of each key of the object that begins here; the caller consumes it."""
        self.take("{")
        if self.peek() == "}":
            self.take("}")
            return
        while True:
            if self.peek() != '"':
                self.take('"')
            key, _ = self.value()
            self.take(":")
            yield str(key)
            if self.take(",}") == "}":
                return

    def finish(self) -> None:
        """DataError if anything follows."""
        if self.peek():
            raise self._refusal("something follows after its end (of one object a line, say `format: jsonl`)")

    def _may_be_unfinished(self, error: json.JSONDecodeError) -> bool:
        return error.msg.startswith(UNTERMINATED) or len(self._text) - error.pos < NEAR_END_N

    def _fill(self) -> bool:
        """Reads on, as much again as is held, so that a long value is not read over and over."""
        if self._is_ended:
            return False
        self._lines_n, self._columns_n = self._place()
        held = self._text[self._at :]
        if len(held) > self._limits.record_bytes:
            raise self._refusal(f"a value is longer than {self._limits.record_bytes:,} bytes")
        parts, wanted = [held], max(1, len(held))
        while wanted > 0 and not self._is_ended:
            block = next(self._blocks, None)
            self._is_ended = block is None
            parts.append(self._decode.decode(block or b"", final=self._is_ended))
            wanted -= len(parts[-1])
        self._text, self._at = "".join(parts), 0
        return len(self._text) > len(held)

    def _refusal(self, reason: str) -> DataError:
        line, column = self._place()
        return DataError(f"{shown(self._path)} is not whole JSON: line {line + 1:,}, column {column + 1:,}: {reason}")

    def _place(self) -> tuple[int, int]:
        """Lines before the present place, and characters before it in its line."""
        newlines_n = self._text.count("\n", 0, self._at)
        if newlines_n == 0:
            return self._lines_n, self._columns_n + self._at
        return self._lines_n + newlines_n, self._at - self._text.rfind("\n", 0, self._at) - 1
