"""Reads the records of a JSON document and of JSON lines."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deskmeter.base.errors import DataError, nearest
from deskmeter.connectors.files.json_stream import JsonCursor
from deskmeter.connectors.files.json_values import Decoder, Json, RowCollector, lowered, row_or_reason
from deskmeter.connectors.files.records import without_line_end
from deskmeter.connectors.files.source import shown
from deskmeter.connectors.files.text import Lines, decoded, readable
from deskmeter.connectors.protocol import WHOLE_DOCUMENT, RawBatch, ReadLimits, RowProblem

LEVELS = 4
"""How deep in objects an array of records is looked for."""


@dataclass(frozen=True)
class FoundArray:
    """An array in a JSON document: the dotted path to it, its items, and how many of them are objects."""

    path: str
    items_n: int
    objects_n: int


def find_records(cursor: JsonCursor, path: Path) -> tuple[str, tuple[str, ...]]:
    """The path to the array of records of a document, and what has to be said about the choice.

    A document that is an array: the array (empty path). An object: its one array of objects, however deep in
    objects it lies; an object without one is itself the record.

    Raises:
        DataError: several arrays of objects, or no JSON.
    """
    if cursor.peek() != "{":
        return "", ()
    arrays = list(_arrays(cursor, "", 1))
    cursor.finish()
    of_objects = [found for found in arrays if found.objects_n]
    choices = of_objects or [found for found in arrays if not found.items_n]
    if len(choices) > 1 and of_objects:
        listed = ", ".join(f"`{found.path}` ({found.items_n:,})" for found in choices[:8])
        raise DataError(f"{shown(path)} holds several arrays of records: {listed}; name one as `records_path`")
    if len(choices) == 1:
        chosen = choices[0].path
        return chosen, (
            f"records are read from `{chosen}`; if the document is one record, say `records_path: {WHOLE_DOCUMENT}`",
        )
    return WHOLE_DOCUMENT, ("the document is read as one record",)


def _arrays(cursor: JsonCursor, prefix: str, level: int) -> Iterator[FoundArray]:
    for key in cursor.fields():
        start = cursor.peek()
        if start == "[":
            yield _counted(cursor, prefix + key)
        elif start == "{" and level < LEVELS:
            yield from _arrays(cursor, f"{prefix}{key}.", level + 1)
        else:
            cursor.value()


def _counted(cursor: JsonCursor, path: str) -> FoundArray:
    items_n = objects_n = 0
    for _ in cursor.items():
        items_n += 1
        objects_n += cursor.peek() == "{"
        cursor.value()
    return FoundArray(path, items_n, objects_n)


def read_document(cursor: JsonCursor, records_path: str, path: Path, limits: ReadLimits) -> Iterator[RawBatch]:
    """The records of the array at `records_path` (empty: the document is the array), numbered from 1.

    Raises:
        DataError: no such array; text that is not JSON, also after some batches.
    """
    rows = RowCollector(path, limits)
    number = 0
    for value, raw in _records(cursor, records_path, path):
        number += 1
        rows.add(number, row_or_reason(value, raw, cursor.decoder), raw)
        if rows.is_full:
            yield rows.take_batch()
    cursor.finish()
    if rows.rows or rows.problems or number == 0:
        yield rows.take_batch()


def _records(cursor: JsonCursor, records_path: str, path: Path) -> Iterator[tuple[Json, str]]:
    if records_path == WHOLE_DOCUMENT:
        yield cursor.value()
        return
    if records_path == "":
        if cursor.peek() != "[":
            raise DataError(f"{shown(path)} is JSON but neither an array nor an object; records are objects")
        for _ in cursor.items():
            yield cursor.value()
        return
    seen: list[str] = []
    yield from _records_at(cursor, records_path, "", seen)
    if records_path not in seen:
        raise DataError(f"{shown(path)} has no array `{records_path}`{nearest(records_path, seen)}")


def _records_at(cursor: JsonCursor, wanted: str, prefix: str, seen: list[str]) -> Iterator[tuple[Json, str]]:
    if cursor.peek() != "{":
        cursor.value()
        return
    for key in cursor.fields():
        here = prefix + key
        start = cursor.peek()
        if start == "[":
            seen.append(here)
        if start == "[" and here == wanted:
            for _ in cursor.items():
                yield cursor.value()
        elif start == "{" and wanted.startswith(here + "."):
            yield from _records_at(cursor, wanted, here + ".", seen)
        else:
            cursor.value()


def read_lines(lines: Lines, path: Path, limits: ReadLimits) -> Iterator[RawBatch]:
    """One object a line; blank lines are left out, a line that is no object is set aside."""
    rows = RowCollector(path, limits)
    decoder = Decoder()
    is_first = True
    while (line := lines.take()) is not None:
        if not line.strip():
            continue
        raw = without_line_end(line)
        text = decoded(raw)
        if text is None:
            reason = "the line cannot be decoded; name the file's `encoding`"
            rows.problems.append(RowProblem(lines.number - 1, reason, readable(raw)))
        else:
            rows.add(lines.number - 1, _line_or_reason(text, decoder), text)
        if rows.is_full:
            yield rows.take_batch()
            is_first = False
    if rows.rows or rows.problems or is_first:
        yield rows.take_batch()


def _line_or_reason(text: str, decoder: Decoder) -> dict[str, str | None] | str:
    try:
        value = decoder.json.decode(text)
    except json.JSONDecodeError as error:
        decoder.take_twice()
        return f"the line is not JSON: column {error.colno:,}: {lowered(error.msg)}"
    except RecursionError:
        decoder.take_twice()
        return "the line nests its values too deeply"
    return row_or_reason(value, text, decoder)
