"""Comments and chats: public messages and internal notes, by whom and in which direction."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.connectors.fivetran_zendesk.cells import (
    SYSTEM,
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
from deskmeter.connectors.fivetran_zendesk.known import CUSTOMER, NOBODY, STAFF, Known
from deskmeter.connectors.warehouse import Lines, Mask, TableRows, Understood

_MESSAGE = "4"
"""The place of messages among the events of one second: after the owners, before the status."""
_MERGED_INTO = r"closed and merged into request #(?P<survivor>[0-9]{1,18})"
_IN, _OUT = 0, 1


def read_comments(rows: TableRows, known: Known) -> Understood:
    """A message for each public comment, a note for each internal one."""
    cells = Cells(rows)
    comments, tickets = cells.whole("id", required=True), cells.whole("ticket_id", required=True)
    at, authors = cells.instant("created", required=True), cells.whole("user_id")
    is_public = cells.flag("public")
    cells.refuse(nulls(is_public), "public", "`public` is empty: nobody knows whether the customer saw it")
    places = known.places(numbers(tickets, NOBODY))
    cells.refuse_values(places < 0, tickets, "ticket_id", "is in no row of `ticket`")
    flags = {name: filled(cells.flag(name)) for name in ("voice_comment", "facebook_comment", "tweet")}
    cells.refuse_deleted()
    people, times, shown = numbers(authors, NOBODY), numbers(at), filled(is_public)
    _remember_replies(cells, known, places, times, people, shown)
    channel = np.select([flags["voice_comment"], flags["facebook_comment"] | flags["tweet"]], [0, 1], default=2)
    made = {
        "id": joined(f"{_MESSAGE}:", ids(comments)),
        "ticket": ids(tickets),
        "at": instants(at),
        "kind": pc.if_else(is_public, "message", "note"),
        "actor": persons(authors),
        "actor_kind": system_kind(authors),
        "direction": _directions(known, places, people, times),
        "channel": pa.array(["phone", "social", None], pa.string()).take(pa.array(channel)),
        "is_public": is_public,
    }
    events = [cells.made(cells.good, made), _merges(cells, made, cells.text("body"))]
    tables = [table for table in events if table.num_rows]
    return cells.understood({"event": pa.concat_tables(tables, promote_options="default")} if tables else {})


def system_kind(users: pa.Int64Array) -> pa.StringArray:
    """`system` where Zendesk itself acted, else null: the role of the person then."""
    return pc.if_else(pc.equal(users, SYSTEM), "system", pa.scalar(None, pa.string()))


def _directions(known: Known, places: Lines, people: Lines, at_us: Lines) -> pa.StringArray:
    """In from the requester and from customers, out from staff, null from somebody unknown."""
    roles = known.roles(people, at_us)
    held = known.tickets.columns["requester"]
    requester = held[np.maximum(places, 0)] if len(held) else np.full(len(places), NOBODY)
    is_in = (roles == CUSTOMER) | ((people >= 0) & (people == requester))
    code = np.select([is_in, roles == STAFF], [_IN, _OUT], default=2)
    return pa.array(["in", "out", None], pa.string()).take(pa.array(code))


def _remember_replies(cells: Cells, known: Known, places: Lines, at_us: Lines, people: Lines, is_public: Mask) -> None:
    """Public words of staff on surveyed tickets: the last one before the survey is credited with its answer."""
    if not known.surveyed:
        return
    surveyed = np.fromiter(known.surveyed, dtype=np.int64)
    here = cells.good & is_public & (known.roles(people, at_us) == STAFF) & np.isin(places, surveyed)
    if here.any():
        known.replies.append((places[here], at_us[here], people[here]))


def _merges(cells: Cells, made: dict[str, pa.Array], body: pa.StringArray) -> pa.Table:
    """The merge that Zendesk writes down in a comment on the ticket that it closes, with who did it and when."""
    here = np.flatnonzero(cells.good & filled(pc.match_substring(body, "closed and merged into request #")))
    take = pa.array(here)
    survivor = pc.struct_field(pc.extract_regex(body.take(take), _MERGED_INTO), "survivor")
    names = made["ticket"].take(take)
    table = pa.table(
        {
            "id": joined("6:", names, ":", survivor, ":", made["id"].take(take)),
            "ticket": names,
            "at": made["at"].take(take),
            "kind": repeated("merged", len(here)),
            "actor": made["actor"].take(take),
            "to_value": survivor,
            "raw_line": pa.array(cells.lines[here], pa.int64()),
        }
    )
    return table.filter(pc.is_valid(survivor))


def look_at_chats(rows: TableRows, known: Known) -> None:
    """Remember the ticket of each chat."""
    cells = Cells(rows)
    chats, tickets = cells.text("chat_id", required=True), cells.whole("ticket_id")
    for chat, ticket in zip(chats.to_pylist(), tickets.to_pylist(), strict=True):
        if chat is not None and ticket is not None:
            known.chats[chat] = ticket


def read_chats(rows: TableRows) -> Understood:
    """A chat only says which ticket its messages belong to."""
    cells = Cells(rows)
    cells.text("chat_id", required=True)
    cells.whole("ticket_id")
    cells.refuse_deleted()
    return cells.understood()


def read_chat_events(rows: TableRows, known: Known) -> Understood:
    """A message for each chat message; the author stands as `agent:17`, as a bare user id, or as the system."""
    cells = Cells(rows)
    chats, at = cells.text("chat_id", required=True), cells.instant("created_at", required=True)
    tickets = pa.array([known.chats.get(chat) for chat in chats.to_pylist()], pa.int64())
    places = known.places(numbers(tickets, NOBODY))
    cells.refuse_values(places < 0, chats, "chat_id", "belongs to no ticket")
    cells.refuse_deleted()
    kind, said = cells.text("type"), pc.fill_null(cells.text("original_message"), "")
    author = cells.text("actor_id")
    is_agent, is_bot = filled(pc.starts_with(author, "agent:")), filled(pc.match_substring(said, "zd:answerBot"))
    bare = pc.replace_substring_regex(author, "^agent:", "")
    people = pa.array([int(word) if word and word.isdigit() else None for word in bare.to_pylist()], pa.int64())
    nobody = nulls(people)
    roles = known.roles(numbers(people, NOBODY), numbers(at))
    is_in = ~is_agent & ~is_bot & (roles == CUSTOMER)
    is_out = is_bot | is_agent | (roles == STAFF)
    actor = np.select([is_bot, nobody, is_agent & (roles == 0)], [0, 1, 2], default=3)
    direction = np.select([is_in, is_out], [_IN, _OUT], default=2)
    message = pc.coalesce(cells.text("message_id"), cells.text("chat_index"), ids(at))
    count = cells.count
    made = {
        "id": joined(f"{_MESSAGE}:chat:", chats, ":", message),
        "ticket": ids(tickets),
        "at": instants(at),
        "kind": repeated("message", count),
        "actor": pc.if_else(pa.array(is_bot), pa.scalar(None, pa.string()), ids(people)),
        "actor_kind": pa.array(["bot", "system", "staff", None], pa.string()).take(pa.array(actor)),
        "direction": pa.array(["in", "out", None], pa.string()).take(pa.array(direction)),
        "channel": repeated("chat", count),
        "is_public": pa.array(np.ones(count, dtype=bool)),
    }
    is_message = filled(pc.equal(kind, "ChatMessage"))
    return cells.understood({"event": cells.made(cells.good & is_message, made)})
