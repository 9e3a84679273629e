"""Canonical rows without the people who were erased: the last door, through which every row of every source goes."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pyarrow as pa

from deskmeter.base.arrow_compute import pc
from deskmeter.canon.schema import TABLES, Table
from deskmeter.ledger.forgotten import Forgotten, is_number
from deskmeter.ledger.spool import Part

Replace = Callable[[str], str]

_NAMED_IN_ID = ("event", "role_span", "membership_span", "availability_span", "customer_span", "subscription_span",
                "preference_span", "message_out", "follow_up", "review", "referral", "kb_event")  # fmt: skip
"""Tables whose rows nobody refers to, so that an id made from a person's id can be made anew from the token."""

_CODES = ("kind", "state", "direction", "clock", "weekday", "zone", "currency", "stage", "site", "role")
"""Columns of closed words, in which nobody is named."""


def forget_part(part: Part, forgotten: Forgotten) -> Part:
    """A part of an import without the people who were erased; the same part where there are none."""
    if not forgotten:
        return part
    tables = {name: forget_rows(TABLES[name], rows, forgotten) for name, rows in part.tables.items()}
    aside = part.set_aside
    for name in ("value", "reason", "raw"):
        column = mapped(aside[name], forgotten.text)
        aside = aside.set_column(aside.schema.get_field_index(name), name, column)
    return replace(part, tables=tables, set_aside=aside)


def forget_rows(table: Table, rows: pa.Table, forgotten: Forgotten) -> pa.Table:
    """The same rows; who was erased is a token in them, without name, address and words.

    | id | requester | subject          |      | id | requester        | subject              |
    |----|-----------|------------------|  ->  |----|------------------|----------------------|
    | 7  | cleo      | my parcel is wet |      | 7  | erased-0f3c...   | erased text 91ab22c0 |
    """
    columns = {name: rows[name] for name in rows.column_names}
    people = [column.name for column in table.columns if column.personal == "person" and column.name in columns]
    made = dict(columns)
    for name in people:
        made[name] = mapped(columns[name], forgotten.person)
    if table.name == "person":
        made["id"] = mapped(columns["id"], forgotten.person)
        _without(made, "id", ("name", "email"), forgotten)
    elif table.name in _NAMED_IN_ID:
        made["id"] = _ids_anew(columns, made, people)
    if table.name == "event":
        _forget_changes(made, forgotten)
    _forget_words(table, made, forgotten)
    return pa.table(made)


def forget_all(table: Table, rows: pa.Table, forgotten: Forgotten) -> pa.Table:
    """As `forget_rows`, for rows as they arrived: addresses and names go from every text as well."""
    known = {column.name for column in table.columns if column.personal == "person"}
    made = {name: rows[name] for name in rows.column_names}
    for column in table.columns:
        if column.name in made and column.type == "string" and column.name not in (*known, *_CODES):
            made[column.name] = mapped(made[column.name], forgotten.text)
    return forget_rows(table, pa.table(made), forgotten)


def mapped(column: pa.ChunkedArray, change: Replace) -> pa.ChunkedArray:
    """A column of text with every value changed; each different value is looked at once."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    coded = array.dictionary_encode()
    before = coded.dictionary.to_pylist()
    after = [change(text) for text in before]
    if after == before:
        return column
    return pa.chunked_array([pa.array(after, pa.string()).take(coded.indices)])


def _without(columns: dict[str, pa.ChunkedArray], who: str, names: tuple[str, ...], forgotten: Forgotten) -> None:
    """Null these columns where `who` was erased."""
    is_erased = _erased(columns[who], forgotten)
    for name in names:
        if name in columns:
            columns[name] = pc.if_else(is_erased, pa.scalar(None, pa.string()), columns[name])


def _erased(column: pa.ChunkedArray, forgotten: Forgotten) -> pa.ChunkedArray:
    return pc.fill_null(pc.is_in(column, pa.array(sorted(forgotten.tokens), pa.string())), False)


def _ids_anew(
    before: Mapping[str, pa.ChunkedArray], after: Mapping[str, pa.ChunkedArray], people: list[str]
) -> pa.ChunkedArray:
    """Ids of rows in which the id of a person named by the row was put, such as `staff:cleo`."""
    ids: list[str] = before["id"].to_pylist()
    for name in people:
        changed = pc.fill_null(pc.not_equal(before[name], after[name]), False).to_pylist()
        for place, is_changed in enumerate(changed):
            if is_changed:
                ids[place] = _put(ids[place], before[name][place].as_py(), after[name][place].as_py())
    return pa.chunked_array([pa.array(ids, pa.string())])


def _put(row_id: str, person: str, token: str) -> str:
    """`token` where `person` stands in an id between signs that are no letters."""
    start = row_id.find(person)
    if is_number(person) or start < 0:
        return row_id
    end = start + len(person)
    is_whole = not (row_id[:start][-1:].isalnum() or row_id[end : end + 1].isalnum())
    return row_id[:start] + token + row_id[end:] if is_whole else row_id


def _forget_changes(columns: dict[str, pa.ChunkedArray], forgotten: Forgotten) -> None:
    """What an event says before and after: a person where it is an assignment, any text where it is a field."""
    if "kind" not in columns:
        return
    for name in ("from_value", "to_value"):
        if name not in columns:
            continue
        for kinds, change in ((("assign",), forgotten.person), (("field", "handoff"), _field(forgotten))):
            is_kind = pc.is_in(columns["kind"], pa.array(kinds))
            columns[name] = pc.if_else(is_kind, mapped(columns[name], change), columns[name])


def _field(forgotten: Forgotten) -> Replace:
    def change(text: str) -> str:
        return text if is_number(text) else forgotten.person(text)

    return change


def _forget_words(table: Table, columns: dict[str, pa.ChunkedArray], forgotten: Forgotten) -> None:
    for column in table.columns:
        if column.personal != "words" or column.name not in columns:
            continue
        columns[column.name] = mapped(columns[column.name], forgotten.words)
        if table.author in columns:
            is_theirs = _erased(columns[table.author], forgotten)
            gone = mapped(columns[column.name], forgotten.erased_text)
            columns[column.name] = pc.if_else(is_theirs, gone, columns[column.name])
