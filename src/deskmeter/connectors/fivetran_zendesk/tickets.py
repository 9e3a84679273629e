"""The table `ticket`: what does not change becomes the ticket and its creation; what only its last state tells is
dated by that state, so that no later knowledge leaks back before its own time.
"""

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.connectors.fivetran_zendesk.cells import (
    Cells,
    filled,
    ids,
    instants,
    joined,
    nulls,
    numbers,
    persons,
    repeated,
)
from deskmeter.connectors.fivetran_zendesk.known import FIRST_FIELDS, NEVER, NOBODY, Known, TicketMarks
from deskmeter.connectors.fivetran_zendesk.statuses import DELETED, STAGES
from deskmeter.connectors.warehouse import Lines, Mask, TableRows, Understood

CHANNELS = {
    "email": "email", "mail": "email", "web": "web", "help_center": "web", "web_form": "web", "web_widget": "web",
    "closed_ticket": "web", "forum": "web", "chat": "chat", "chat_offline": "chat", "chat_offline_message": "chat",
    "chat_transcript": "chat", "api": "api", "rest_api": "api", "web_service": "api", "voice": "phone",
    "phone": "phone", "call": "phone", "facebook": "social", "facebook_post": "social",
    "facebook_message": "social", "twitter": "social", "twitter_dm": "social", "twitter_favorite": "social",
    "twitter_like": "social", "x_corp": "social", "instagram": "social", "instagram_dm": "messaging",
    "mobile": "app", "mobile_sdk": "app", "sdk": "app", "native_messaging": "messaging", "messaging": "messaging",
    "whatsapp": "messaging", "sms": "messaging", "text_message": "messaging", "line": "messaging",
    "wechat": "messaging", "viber": "messaging", "telegram": "messaging", "apple": "messaging",
    "facebook_messenger": "messaging", "sample_ticket": "other", "sample_interactive_ticket": "other",
}  # fmt: skip
_SAMPLES = ("sample_ticket", "sample_interactive_ticket")
"""The tickets with which Zendesk fills a new desk."""

EVENT_OF = {"status": "status", "assignee_id": "assign", "group_id": "team", "priority": "priority"}
PLACE_OF = {"status": "5", "assign": "2", "team": "2", "priority": "2"}
"""Events of one second stand in the order of their ids, so an id begins with its place: the creation, then fields,
owners, promises, messages, statuses, merges."""

CUSTOM = "custom_"
_PLAIN_FIELDS = {"type": "type", "ticket_form_id": "form"}


def look_at_tickets(rows: TableRows, known: Known) -> None:
    """Remember each ticket's creation, requester, deletion and last update."""
    cells = Cells(rows)
    columns = (cells.whole("id", required=True), cells.instant("created_at", required=True))
    requester = cells.whole("requester_id")
    updated = pc.coalesce(cells.instant("updated_at", is_past=False), columns[1])
    is_gone = filled(pc.equal(cells.text("status"), DELETED)) | filled(cells.flag("_fivetran_deleted"))
    tickets, created = (numbers(column) for column in columns)
    good = cells.good
    known.tickets.add(
        tickets[good],
        created[good],
        numbers(requester, NOBODY)[good],
        is_gone[good].astype(np.int64),
        np.minimum(numbers(updated), rows.now_us)[good],
    )


def settle_tickets(known: Known) -> None:
    """After the last ticket: blank marks for each, which the field history fills."""
    known.tickets.settle()
    known.marks = TicketMarks.blank(len(known.tickets.ids))


def read_tickets(rows: TableRows, known: Known) -> Understood:
    """Tickets, their creation with the first values of all that changes, merges, deletions, and last-known fields."""
    cells = Cells(rows)
    tickets, created = cells.whole("id", required=True), cells.instant("created_at", required=True)
    updated = pc.coalesce(cells.instant("updated_at", is_past=False), created)
    updated = pc.min_element_wise(updated, rows.now_us, skip_nulls=False)
    columns = {name: cells.whole(name) for name in ("requester_id", "submitter_id", "organization_id")}
    merged = cells.text("merged_ticket_ids")
    losers = _losers(cells, merged)
    readable = cells.good
    is_gone = cells.refuse_deleted()
    state = _State(cells, known, tickets, created, updated)
    tables = {"ticket": _ticket_rows(cells, tickets, updated, columns)}
    events = [
        _creations(state, columns["submitter_id"]),
        *_last_states(state),
        *_last_fields(state),
        _deletions(state, readable, is_gone),
        _merges(state, losers),
    ]
    tables["event"] = pa.concat_tables(
        [table for table in events if table.num_rows] or events[:1], promote_options="default"
    )
    return cells.understood(tables)


class _State:
    """The columns of a batch of tickets that several makers of events need."""

    def __init__(
        self, cells: Cells, known: Known, tickets: pa.Int64Array, created: pa.Int64Array, updated: pa.Int64Array
    ) -> None:
        self.cells, self.known = cells, known
        self.tickets, self.created, self.updated = tickets, created, updated
        self.names = ids(tickets)
        self.places: Lines = known.places(numbers(tickets, NOBODY))
        self.at = instants(updated)
        self.stamp = ids(updated)

    def marked(self, values: Lines) -> Lines:
        """What is known of each ticket; anything where the ticket cannot be read."""
        return values[np.maximum(self.places, 0)] if len(values) else np.zeros(self.cells.count, dtype=np.int64)

    def is_marked(self, values: Mask) -> Mask:
        """What is known to be so of each ticket; anything where the ticket cannot be read."""
        return values[np.maximum(self.places, 0)] if len(values) else np.zeros(self.cells.count, dtype=bool)


def _ticket_rows(
    cells: Cells, tickets: pa.Int64Array, updated: pa.Int64Array, columns: dict[str, pa.Int64Array]
) -> pa.Table:
    via = pc.utf8_lower(cells.text("via_channel"))
    coded = via.dictionary_encode()
    words = coded.dictionary.to_pylist()
    for word in words:
        if word not in CHANNELS:
            said = f"channel `{word}` is not known and counts as other"
            cells.note("unknown channel", said, filled(pc.equal(via, word)) & cells.good)
    channel = pa.array([CHANNELS.get(word, "other") for word in words], pa.string()).take(coded.indices)
    is_test = pc.is_in(via, pa.array(_SAMPLES))
    made = {
        "id": ids(tickets),
        "requester": persons(columns["requester_id"]),
        "account": ids(columns["organization_id"]),
        "opened_by": persons(columns["submitter_id"]),
        "channel": channel,
        "subject": cells.text("subject"),
        "is_test": pc.if_else(is_test, True, pa.scalar(None, pa.bool_())),
        "revision": updated,
    }
    return cells.made(cells.good, made)


def _creations(state: _State, submitter: pa.Int64Array) -> pa.Table:
    """The creation with the value of each field that its history has at that instant, never the ticket's last one."""
    marks, words = state.known.marks, state.known.values
    first = {}
    for name in FIRST_FIELDS:
        is_first = state.marked(marks.first_us[name]) < NEVER
        first[name] = words.texts(np.where(is_first, state.marked(marks.first_value[name]), NOBODY))
    made = {
        "id": joined("0:", state.names),
        "ticket": state.names,
        "at": instants(state.created),
        "kind": repeated("created", state.cells.count),
        "actor": persons(submitter),
        "first_status": first["status"],
        "first_assignee": first["assignee_id"],
        "first_team": first["group_id"],
        "first_priority": first["priority"],
        "revision": state.updated,
    }
    return state.cells.made(state.cells.good, made)


def _last_states(state: _State) -> list[pa.Table]:
    """Status, owner, team and priority of tickets of which the history tells none, as of their last update."""
    tables = []
    for name, kind in EVENT_OF.items():
        value = ids(state.cells.whole(name)) if name.endswith("_id") else state.cells.text(name)
        keep = state.cells.good & ~nulls(value) & ~state.is_marked(state.known.marks.is_told[name])
        if kind == "status":
            keep &= ~filled(pc.equal(value, DELETED))
            strange = keep & ~filled(pc.is_in(value, pa.array(list(STAGES))))
            state.cells.note("unknown status", "a status is no status of Zendesk's and has no stage", strange)
        made = {
            "id": joined(f"{PLACE_OF[kind]}:", state.names, f":{name}:", state.stamp),
            "ticket": state.names,
            "at": state.at,
            "kind": repeated(kind, state.cells.count),
            "to_value": value,
        }
        tables.append(state.cells.made(keep, made))
    return tables


def _last_fields(state: _State) -> list[pa.Table]:
    """Fields of which there is no history, as of the ticket's last update: type, brand, form, the desk's own."""
    cells, known = state.cells, state.known
    found = {field: cells.text(column) for column, field in _PLAIN_FIELDS.items()}
    if len(known.brands) > 1:  # a desk with one brand is not split by it
        brands = cells.text("brand_id").dictionary_encode()
        named = [known.brands.get(int(word)) if word.isdigit() else None for word in brands.dictionary.to_pylist()]
        found["brand"] = pa.array(named, pa.string()).take(brands.indices)
    found |= {name.removeprefix(CUSTOM): cells.text(name) for name in cells.columns if name.startswith(CUSTOM)}
    tables = []
    for field, value in found.items():
        if field in known.history_fields or field == "status_id":
            continue
        made = {
            "id": joined("1:", state.names, f":{field}:", state.stamp),
            "ticket": state.names,
            "at": state.at,
            "kind": repeated("field", cells.count),
            "field": repeated(field, cells.count),
            "to_value": value,
        }
        tables.append(cells.made(cells.good & ~nulls(value), made))
    return tables


def _deletions(state: _State, readable: Mask, is_gone: Mask) -> pa.Table:
    """The deletion of tickets that are gone, unless the history tells when.

    A row that was deleted at the source is set aside, but what is known of its ticket elsewhere must not count on.
    """
    is_told = state.is_marked(state.known.marks.is_deleted)
    is_deleted = filled(pc.equal(state.cells.text("status"), DELETED)) & ~is_told
    made = {
        "id": joined(f"{PLACE_OF['status']}:", state.names, ":deleted:", state.stamp),
        "ticket": state.names,
        "at": state.at,
        "kind": repeated("deleted", state.cells.count),
    }
    return state.cells.made(readable & (is_gone | is_deleted), made)


def _losers(cells: Cells, merged: pa.StringArray) -> list[tuple[int, int]]:
    """(row of the survivor, ticket that was merged into it); a list that cannot be read sets the row aside."""
    found: list[tuple[int, int]] = []
    wrong = np.zeros(cells.count, dtype=bool)
    for row in np.flatnonzero(~nulls(merged) & ~filled(pc.equal(merged, "[]"))):
        try:
            listed = json.loads(merged[row].as_py())
            found += [(int(row), int(loser)) for loser in listed or ()]
        except (ValueError, TypeError):
            wrong[row] = True
    cells.refuse_values(wrong, merged, "merged_ticket_ids", "is no list of tickets")
    return found


def _merges(state: _State, losers: list[tuple[int, int]]) -> pa.Table:
    """A merge of each loser, at the last change of its status: a merge closes it for good."""
    kept = [(row, loser) for row, loser in losers if state.cells.good[row]]
    rows = np.array([row for row, _ in kept], dtype=np.int64)
    merged = np.array([loser for _, loser in kept], dtype=np.int64)
    places = state.known.places(merged)
    marks = state.known.marks.last_status_us
    closed = marks[np.maximum(places, 0)] if len(marks) else np.full(len(merged), NOBODY)
    at = np.where((places >= 0) & (closed >= 0), closed, numbers(state.updated)[rows])
    survivors = state.names.take(pa.array(rows))
    return pa.table(
        {
            "id": joined("6:", ids(merged), ":", survivors),
            "ticket": ids(merged),
            "at": instants(at),
            "kind": repeated("merged", len(rows)),
            "to_value": survivors,
            "revision": pa.array(at, pa.int64()),
            "raw_line": pa.array(state.cells.lines[rows], pa.int64()),
        }
    )
