"""From a JSON value to the cells of a row."""

import json
import math
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import cast

import pyarrow as pa

from deskmeter.connectors.files.columns import check_width
from deskmeter.connectors.protocol import RawBatch, ReadLimits, RowProblem

OPENED_LEVELS = 4
"""How deep objects are opened to dotted columns."""

EXACT_DIGITS_N = 15
LONGEST_WHOLE_N = 4_000
BATCH_CELLS_N = 2_000_000
UNNAMED = "unnamed"

_KINDS = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list", type(None): "null"}

_TEXTS = {str, type(None)}

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class Decoder:
    """The json module's decoder that changes nothing: no number is rounded and no double key lost in silence."""

    def __init__(self) -> None:
        self._twice: list[str] = []
        self.json = json.JSONDecoder(
            parse_float=_exact_float, parse_int=_exact_int, parse_constant=str, strict=False,
            object_pairs_hook=self._pairs,
        )  # fmt: skip

    def _pairs(self, pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        found = dict(pairs)
        if len(found) < len(pairs):
            self._twice.append(next(key for key in found if sum(key == other for other, _ in pairs) > 1))
        return found

    def take_twice(self) -> str | None:
        """A key that an object held twice since the last call."""
        key = self._twice[0] if self._twice else None
        self._twice.clear()
        return key


def _exact_float(text: str) -> float | str:
    """A float; a number that no float holds stays text."""
    value = float(text)
    is_exact = math.isfinite(value) and (len(text) <= EXACT_DIGITS_N or Decimal(repr(value)) == Decimal(text))
    return value if is_exact else text


def _exact_int(text: str) -> int | str:
    return int(text) if len(text) <= LONGEST_WHOLE_N else text


def cells_of(record: dict[str, Json]) -> dict[str, str | None] | str:
    """The cells of an object by dotted name, or the reason why it is no row.

    >>> cells_of({"id": 7, "requester": {"name": "Ann"}, "tags": ["a"], "due": None})
    {'id': '7', 'requester.name': 'Ann', 'tags': '["a"]', 'due': None}
    """
    if "" not in record and set(map(type, record.values())) <= _TEXTS:
        return cast(dict[str, str | None], record) or "the object is empty"
    cells: dict[str, str | None] = {}
    clash = _open(record, "", 1, cells)
    if clash is not None:
        return f"two values for `{clash}`"
    return cells or "the object is empty"


def _open(record: dict[str, Json], prefix: str, level: int, cells: dict[str, str | None]) -> str | None:
    for key, value in record.items():
        name = prefix + (key or UNNAMED)
        if isinstance(value, dict) and value and level < OPENED_LEVELS:
            if clash := _open(value, name + ".", level + 1, cells):
                return clash
        elif name in cells:
            return name
        else:
            cells[name] = cell_text(value)
    return None


def cell_text(value: Json) -> str | None:
    """One value as text; null and an empty object are None.

    >>> [cell_text(v) for v in (True, 5, 2.50, [1, {"a": None}], {})]
    ['true', '5', '2.5', '[1, {"a": null}]', None]
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False) if value or isinstance(value, list) else None


def row_or_reason(value: Json, raw: str, decoder: Decoder) -> dict[str, str | None] | str:
    """The cells of one record, or the reason why it is set aside."""
    try:
        return _judged(value, raw, decoder)
    except RecursionError:
        return "the record nests its values too deeply"


def _judged(value: Json, raw: str, decoder: Decoder) -> dict[str, str | None] | str:
    twice = decoder.take_twice()
    if not isinstance(value, dict):
        return f"the record is {_KINDS[type(value)]}, not an object"
    if twice is not None:
        return f"an object holds the key `{twice}` twice"
    if not raw.isascii() and not _is_encodable(raw):
        return "the record holds bytes that cannot be decoded; name the file's `encoding`"
    if "\\u" in raw or "\0" in raw:
        text = json.dumps(value, ensure_ascii=False)
        if "\\u0000" in text:
            return "the record holds a NUL character"
        if not _is_encodable(text):
            return "the record holds half of a surrogate pair (a broken emoji)"
    return cells_of(value)


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def lowered(message: str) -> str:
    """A message of the json module as the end of one of ours."""
    return message[:1].lower() + message[1:]


def printable(raw: str) -> str:
    """`raw` with what no encoding can hold shown as escapes."""
    return raw.encode("utf-8", "backslashreplace").decode()


@dataclass
class RowCollector:
    """Gathers rows into batches; columns are added as records bring them."""

    path: Path
    limits: ReadLimits
    columns: dict[str, None] = field(default_factory=dict)
    rows: list[dict[str, str | None]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    raws: list[str] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    raw_length: int = 0

    def add(self, line: int, found: dict[str, str | None] | str, raw: str) -> None:
        """Takes the cells of a row, or the reason why it is none."""
        self.raw_length += len(raw)
        if isinstance(found, str):
            self.problems.append(RowProblem(line, found, printable(raw)))
            return
        if not found.keys() <= self.columns.keys():
            self.columns.update(dict.fromkeys(found))
            check_width(len(self.columns), self.path, self.limits, f" at record {line:,} (one for each key)")
        self.rows.append(found)
        self.lines.append(line)
        self.raws.append(raw)

    @property
    def is_full(self) -> bool:
        """Whether it is time to take a batch."""
        return (
            len(self.rows) + len(self.problems) >= self.limits.batch_rows_n
            or self.raw_length >= self.limits.block_bytes
            or len(self.rows) * len(self.columns) >= BATCH_CELLS_N
        )

    def take_batch(self) -> RawBatch:
        """The rows gathered since the last batch."""
        names = tuple(self.columns)
        in_order = list(names)
        rows = (row.values() if list(row) == in_order else [row.get(name) for name in names] for row in self.rows)
        columns = zip(*rows, strict=True) if self.rows else ([] for _ in names)
        table = pa.table([pa.array(column, pa.string()) for column in columns], names=in_order)
        raws = self.raws
        batch = RawBatch(
            names, table, pa.array(self.lines, pa.int64()), tuple(self.problems), lambda index: raws[index]
        )  # fmt: skip
        self.rows, self.lines, self.raws, self.problems, self.raw_length = [], [], [], [], 0
        return batch
