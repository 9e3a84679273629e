"""The knowledge base: what was live when, what visitors viewed, voted and searched, and what it resolved."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from deskmeter.engines.expressions import ibis
from deskmeter.facts.attribution import with_home_ticket
from deskmeter.facts.places import with_customer_kind, with_whereabouts
from deskmeter.facts.tables import Tables, key, known_or

_IN_ORDER = ("at_us", "id")
_PERSONAL = ("customer", "account", "country", "language", "requester")
_DAY_US = 86_400_000_000


def kb_items(t: Tables) -> Mapping[str, ibis.Table]:
    """`kb_item`: key -> label (title, else id) and category. Items that share a title show their ids beside it."""
    items = t.canonical("kb_item")
    namesakes = ibis.window(group_by=["source", "title"])
    shown = known_or(items.title, items.id)
    is_shared = items.title.notnull() & (items.count().over(namesakes) > 1)
    return {
        "kb_item": items.select(
            "source",
            "category",
            key=key(items.source, items.id),
            label=is_shared.ifelse(shown.concat(" (", items.id, ")"), shown),
        )
    }


def written_words(t: Tables) -> Mapping[str, ibis.Table]:
    """`kb_written`: every way in which search words were written."""
    events = t.canonical("kb_event")
    return {"kb_written": events.filter(events.words.notnull()).select("words").distinct()}


def plain_words(t: Tables) -> None:
    """Loads `kb_words`: written -> the words trimmed, inner blanks made one, case-folded; null for nothing.

    Folding case is the language's business and not the engine's: each engine's lower() differs from it.
    """
    written = [str(word) for word in t.engine.read("kb_written")["words"].to_pylist()]
    plain = [" ".join(text.split()).casefold() or None for text in written]
    t.take("kb_words", pa.table({"_written": pa.array(written, pa.string()), "_plain": pa.array(plain, pa.string())}))


def kb_events(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_kb_event`: everything that happened in the knowledge base, with item, category, customer and ticket.

    | kind   | item            | category | words          | session | person_key | ticket_id |
    |--------|-----------------|----------|----------------|---------|------------|-----------|
    | view   | Paying by card  | Invoices |                | s/V-1   | s/cleo     |           |
    | search |                 |          | reset password | s/V-1   | s/cleo     |           |
    """
    rows = t.canonical("kb_event").rename(item_id="item", session_id="session", at_us="at")
    rows = rows.mutate(
        item_key=key(rows.source, rows.item_id),
        session=key(rows.source, rows.session_id),
        person_key=key(rows.source, rows.person),
        has_ticket=rows.ticket.notnull(),
    )
    rows = with_home_ticket(rows, t)
    rows = with_customer_kind(with_whereabouts(rows, t, "person", None), t, "asker_key", "at_us")
    rows = rows.left_join(t["kb_words"], [("words", "_written")]).drop("_written")
    items = t["kb_item"].select(_item="key", _label="label", category="category")
    rows = rows.left_join(items, [("item_key", "_item")])
    return {
        "f_kb_event": rows.select(
            "source", "id", "kind", "at_us", "ticket_id", "has_ticket", "session", "person_key", "customer", "account",
            "country", "language", "requester", "customer_kind", "item_key", "category", "is_helpful",
            item=known_or(rows._label, rows.item_id), words="_plain",
        )
    }  # fmt: skip


def kb_live(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_kb_live`: stretches in which an item was live; `f_kb_new`: the first publication of each item.

    A stretch lies between two events of the item. touched_us: the last publication or update; updated_us: the
    last update, null: none yet. Live: the last of published and archived is published (ruling 50).
    """
    events = t["f_kb_event"]
    events = events.filter(events.kind.isin(["published", "updated", "archived"]) & events.item_key.notnull())
    events = events.mutate(nth=ibis.row_number().over(ibis.window(group_by="item_key", order_by=_IN_ORDER)))
    so_far = ibis.window(group_by="item_key", order_by="nth", following=0)
    none = ibis.null("int64")
    published_nth = (events.kind == "published").ifelse(events.nth, none).max().over(so_far)
    archived_nth = (events.kind == "archived").ifelse(events.nth, none).max().over(so_far)
    spans = events.mutate(
        is_live=published_nth.notnull() & (archived_nth.isnull() | (published_nth > archived_nth)),
        touched_us=(events.kind != "archived").ifelse(events.at_us, none).max().over(so_far),
        updated_us=(events.kind == "updated").ifelse(events.at_us, none).max().over(so_far),
        to_us=events.at_us.lead().over(ibis.window(group_by="item_key", order_by="nth")),
    )
    live = spans.filter(spans.is_live & (spans.to_us.isnull() | (spans.to_us > spans.at_us)))
    first = events.filter(events.kind == "published")
    first = first.mutate(again=ibis.row_number().over(ibis.window(group_by="item_key", order_by="nth")))
    return {
        "f_kb_live": live.select(
            "source", "item_key", "item", "category", "touched_us", "updated_us", "to_us", from_us="at_us"
        ),
        "f_kb_new": first.filter(first.again == 0).select("source", "item_key", "item", "category", "at_us"),
    }


def kb_votes(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_kb_vote`: the last vote of each voter on each item, filed by its own time (rulings 50, 57).

    A voter is the person known on the vote, else the session; a vote of neither stands alone.
    """
    votes = t["f_kb_event"]
    votes = votes.filter((votes.kind == "vote") & votes.is_helpful.notnull())
    voter = ibis.coalesce(
        ibis.literal("person ").concat(votes.person_key),
        ibis.literal("session ").concat(votes.session),
        ibis.literal("vote ").concat(key(votes.source, votes.id)),
    )
    votes = votes.mutate(voter=voter)
    latest = ibis.window(group_by=["voter", "item_key"], order_by=[votes.at_us.desc(), votes.id.desc()])
    votes = votes.mutate(back=ibis.row_number().over(latest))
    return {"f_kb_vote": votes.filter(votes.back == 0).drop("back", "kind", "words")}


def kb_sessions(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_kb_session`: one row a help-centre session: its first event files it, the first known person is its person.

    is_followed: a ticket of that person was created within 24 h of the start, both ends included.
    is_marked: an event without a ticket says that the issue was resolved.
    """
    events = t["f_kb_event"]
    events = events.filter(events.session.notnull())
    events = events.mutate(nth=ibis.row_number().over(ibis.window(group_by="session", order_by=_IN_ORDER)))
    is_mark = (events.kind == "resolved") & ~events.has_ticket
    found = events.group_by("source", "session").aggregate(at_us=events.at_us.min(), is_marked=is_mark.max())
    known = events.filter(events.person_key.notnull())
    known = known.mutate(again=ibis.row_number().over(ibis.window(group_by="session", order_by="nth")))
    first = known.filter(known.again == 0).select(*_PERSONAL, "person_key", _of="session")
    found = found.left_join(first, [("session", "_of")]).drop("_of")
    tickets = t["ticket"].select(_who="requester_key", _created="created_us")
    after = found.join(
        tickets,
        [
            found.person_key == tickets._who,
            tickets._created >= found.at_us,
            tickets._created <= found.at_us + _DAY_US,
        ],
    )
    followed = after.select(_session="session").distinct()
    found = found.left_join(followed, [("session", "_session")])
    found = found.mutate(is_followed=found._session.notnull(), ticket_id=ibis.null("int64")).drop("_session")
    return {"f_kb_session": with_customer_kind(found, t, "person_key", "at_us").drop("ticket_id")}


def kb_searches(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_kb_search`: searches of sessions, with the session's person.

    is_failed: no click follows before the session's next search (ruling 50).
    """
    events = t["f_kb_event"]
    events = events.filter(events.session.notnull() & events.kind.isin(["search", "click"]))
    following = ibis.window(group_by="session", order_by=_IN_ORDER)
    events = events.mutate(is_failed=known_or(events.kind.lead().over(following) != "click", ibis.literal(True)))
    searches = events.filter(events.kind == "search").select(
        "source", "session", "at_us", "ticket_id", "words", "is_failed"
    )
    sessions = t["f_kb_session"].select(*_PERSONAL, "person_key", _of="session")
    joined = searches.join(sessions, [("session", "_of")]).drop("_of")
    return {"f_kb_search": with_customer_kind(joined, t, "person_key", "at_us")}


def kb_issues(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_kb_issue`: tickets created, and sessions without a ticket that were marked resolved (ruling 49).

    is_by_item: an item of the knowledge base resolved it. Agent, team and the like are those of the ticket at creation.
    """
    events = t["f_kb_event"]
    marked = events.filter((events.kind == "resolved") & events.ticket_id.notnull())
    marked = marked.select(_ticket="ticket_id").distinct()
    personal = t["ticket"].select(*[name for name in _PERSONAL if name != "customer"], "customer_kind", _id="ticket_id")
    tickets = t["f_ticket"].join(personal, [("ticket_id", "_id")])
    tickets = tickets.left_join(marked, [("ticket_id", "_ticket")])
    created = tickets.select(
        "source", "ticket_id", *_PERSONAL, "customer_kind", at_us="created_us", event_pos="created_pos",
        is_by_item=tickets._ticket.notnull(),
        session=ibis.null("string"), agent="first_agent", team="first_team", priority="first_priority",
        status="created_status", stage="created_stage",
    )  # fmt: skip
    sessions = t["f_kb_session"]
    sessions = sessions.filter(sessions.is_marked)
    blank = ibis.null("string")
    alone = sessions.select(
        "source", "at_us", "session", *_PERSONAL, "customer_kind", ticket_id=ibis.null("int64"),
        event_pos=ibis.null("int64"), is_by_item=ibis.literal(True),
        agent=blank, team=blank, priority=blank, status=blank, stage=blank,
    )  # fmt: skip
    return {"f_kb_issue": created.union(alone.select(*created.columns))}
