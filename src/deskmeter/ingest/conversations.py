"""One record a ticket with its messages inside becomes the ticket's events and one event a message."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from deskmeter.ingest.mapping import Messages, Part, Value
from deskmeter.ingest.parts import PartRead, read_part
from deskmeter.ingest.text_cells import Rows, cell

_INHERITED = "\0ticket"
"""Name of the column of the conversation's own id among the cells of a message; no path can be that."""


@dataclass(frozen=True)
class _Flat:
    """The messages of some conversations: the row each belongs to, and the messages themselves."""

    parents: list[int]
    messages: list[Mapping[str, object]]


def read_messages(messages: Messages, tickets: PartRead, now: datetime) -> PartRead:
    """The messages of the conversations as rows of shape `event`; a bad one sets its conversation aside.

    Messages without an id are known by their content, without a kind they are messages.
    """
    rows = tickets.rows
    flat = _flat(rows, messages.column)
    parents = np.array(flat.parents, dtype=np.int64)
    paths = {source for value in messages.columns.values() for source in value.sources}
    cells = {path: pa.array([_text(_at(message, path)) for message in flat.messages], pa.string()) for path in paths}
    cells[_INHERITED] = tickets.column("ticket").take(pa.array(parents))
    inner = Rows(pa.table(cells), rows.index[parents], rows.mapping, rows.trouble)
    columns = (
        {"kind": Value(constant="message")} | dict(messages.columns) | {"ticket": Value(column=_INHERITED, nulls=())}
    )
    return read_part("event", Part(columns=columns), inner, now)


def _flat(rows: Rows, column: str) -> _Flat:
    parents: list[int] = []
    found: list[Mapping[str, object]] = []
    for row, text in enumerate(cell(rows, column, ()).to_pylist()):
        listed = _listed(text)
        if listed is None:
            reason = f"`{column}` is no list of messages"
            rows.trouble.set_aside(rows.index[row : row + 1], reason, column, pa.array([text]))
            continue
        parents += [row] * len(listed)
        found += listed
    return _Flat(parents, found)


def _listed(text: str | None) -> list[Mapping[str, object]] | None:
    """The messages in a JSON text, none in an empty cell; null if it is anything else."""
    if text is None:
        return []
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, list) and all(isinstance(message, dict) for message in found):
        return found
    return None


def _at(message: Mapping[str, object], path: str) -> object:
    """The value at a dotted path; a name that holds dots itself is tried first."""
    if path in message:
        return message[path]
    found: object = message
    for step in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(step)
    return found


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
