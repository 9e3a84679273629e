"""Delimited text and JSON without the people who were erased; every line keeps its number."""

import json
import re
from collections.abc import Iterator
from functools import lru_cache

from deskmeter.connectors.files.redact import UNREAD, ColumnRole, Roles, redact_cell, redact_row
from deskmeter.ledger.forgotten import Forgotten

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


@lru_cache(maxsize=8)
def _cells(delimiter: str, is_classic_mac: bool) -> re.Pattern[str]:
    """One cell and what ends it. A quote that closes nowhere is taken as a letter, as the reader takes it."""
    sign, end = re.escape(delimiter), r"\r" if is_classic_mac else r"\r?\n"
    return re.compile(rf'("(?:[^"]|"")*"(?={sign}|{end}|\Z)|[^{sign}\r\n"][^{sign}\r\n]*|[^{sign}]*?)({sign}|{end}|\Z)')


def redact_delimited(
    text: str, delimiter: str, names: tuple[str, ...], roles: Roles, forgotten: Forgotten, is_classic_mac: bool = False
) -> str:
    """The text with the cells that must go replaced, quoted as they were."""
    by_place = [roles.get(name, UNREAD) for name in names]
    made: list[str] = []
    for record in _records(text, _cells(delimiter, is_classic_mac), delimiter):
        cells = [_unquoted(found[1]) for found in record]
        row_roles = [by_place[place] if place < len(by_place) else UNREAD for place in range(len(cells))]
        if [cell.strip() for cell in cells] == list(names):  # the header, which the mapping knows by its words
            after: list[str | None] = [forgotten.text(cell) for cell in cells]
        else:
            after = redact_row(cells, row_roles, forgotten)
            after = [_packed(old, new, roles, forgotten) for old, new in zip(cells, after, strict=True)]
        for found, old, new in zip(record, cells, after, strict=True):
            made.append(found[0] if new == old else _quoted(new or "", found[1]) + found[2])
    return "".join(made)


def _records(text: str, pattern: re.Pattern[str], delimiter: str) -> Iterator[list[re.Match[str]]]:
    record: list[re.Match[str]] = []
    place = 0
    while place < len(text) or record:
        found = pattern.match(text, place)
        assert found is not None
        record.append(found)
        place = found.end()
        if found[2] != delimiter:
            yield record
            record = []
            if found[2] == "":
                return


def _unquoted(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell


def _quoted(cell: str, before: str) -> str:
    is_quoted = len(before) > 1 and before[0] == before[-1] == '"'
    return '"' + cell.replace('"', '""') + '"' if is_quoted else cell


def redact_json_lines(text: str, roles: Roles, forgotten: Forgotten) -> str:
    """JSON lines; a line that is no JSON is treated as text."""
    return "".join(_redacted_line(line, roles, forgotten) for line in re.findall(r"[^\n]*\n|[^\n]+", text))


def redact_json(text: str, roles: Roles, forgotten: Forgotten) -> str:
    """A JSON document; what is no JSON is treated as text."""
    return _redacted_line(text, roles, forgotten)


def _redacted_line(line: str, roles: Roles, forgotten: Forgotten) -> str:
    bare = line.strip()
    if not bare:
        return line
    try:
        before: Json = json.loads(bare)
    except (ValueError, RecursionError):
        return forgotten.text(line)
    after = redact_value(before, roles, forgotten)
    if after == before:
        return line
    return line.replace(bare, json.dumps(after, ensure_ascii="\\u" in bare))


def redact_value(value: Json, roles: Roles, forgotten: Forgotten) -> Json:
    """A JSON value; each object that is not part of another object is a row of its own."""
    if isinstance(value, list):
        return [redact_value(one, roles, forgotten) for one in value]
    if isinstance(value, str):
        return redact_cell(value, UNREAD, forgotten)
    if not isinstance(value, dict):
        return value
    leaves = list(_leaves(value, ""))
    cells = [None if cell is None else _cell_text(cell) for _, cell in leaves]
    row_roles = [_role(path, cell, roles) for path, cell in leaves]
    after = redact_row(cells, row_roles, forgotten)
    changed = {path: new for (path, _), old, new in zip(leaves, cells, after, strict=True) if new != old}
    return _rebuilt(value, "", changed, roles, forgotten)


def _leaves(value: dict[str, Json], prefix: str) -> Iterator[tuple[str, str | int | float | None]]:
    for key, one in value.items():
        if isinstance(one, dict):
            yield from _leaves(one, f"{prefix}{key}.")
        elif isinstance(one, str | int | float) and not isinstance(one, bool):
            yield prefix + key, one


def _cell_text(cell: str | float) -> str:
    return cell if isinstance(cell, str) else json.dumps(cell)


def _role(path: str, cell: object, roles: Roles) -> ColumnRole:
    found = roles.get(path, UNREAD)
    return found if isinstance(cell, str) or found.use == "person" else ColumnRole("other")


def _rebuilt(
    value: dict[str, Json], prefix: str, changed: dict[str, str | None], roles: Roles, forgotten: Forgotten
) -> dict[str, Json]:
    made: dict[str, Json] = {}
    for key, one in value.items():
        path = prefix + key
        if isinstance(one, dict):
            made[forgotten.text(key)] = _rebuilt(one, path + ".", changed, roles, forgotten)
        elif isinstance(one, list):
            made[forgotten.text(key)] = redact_value(one, roles, forgotten)
        else:
            made[forgotten.text(key)] = changed.get(path, one)
    return made


def _packed(before: str, after: str | None, roles: Roles, forgotten: Forgotten) -> str | None:
    """A cell that may hold JSON, such as the messages of a conversation in a CSV file."""
    return _redacted_line(before, roles, forgotten) if before.lstrip()[:1] in ("[", "{") else after
