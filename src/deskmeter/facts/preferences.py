"""Which channel customers prefer, which they refuse, and which one messages to them took."""

from __future__ import annotations

from collections.abc import Mapping

from deskmeter.engines.expressions import ibis
from deskmeter.facts.attribution import with_home_ticket, with_ticket_state
from deskmeter.facts.people import with_role
from deskmeter.facts.places import with_customer_kind, with_whereabouts
from deskmeter.facts.tables import FAR_PAST, Tables, key, known_or

_PERSONAL = ("customer", "account", "country", "language", "requester")


def preferences(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_preference`: one row a recorded preference or consent, from begin to end; `id` breaks ties of begin.

    A row that says neither preferred nor opted out still is a recorded preference or consent (ruling 51).
    """
    rows = t.canonical("preference_span")
    rows = rows.mutate(person_key=key(rows.source, rows.person), ticket_id=ibis.null("int64"))
    rows = with_whereabouts(rows, t, "person", None)
    return {
        "f_preference": rows.select(
            "source", "id", "person_key", *_PERSONAL, "channel", "is_preferred", "is_opted_out",
            from_us=known_or(rows.from_at, ibis.literal(FAR_PAST)), to_us="to_at",
        )
    }  # fmt: skip


def messages_placed(t: Tables) -> Mapping[str, ibis.Table]:
    """`message_placed`: messages to customers with their ticket, author and receiver; see `messages_out`."""
    rows = t.canonical("message_out").rename(message_channel="channel", at_us="at", author_id="author")
    rows = rows.mutate(
        row=key(rows.source, rows.id),
        author_key=key(rows.source, rows.author_id),
        person_key=key(rows.source, rows.person),
    )
    rows = with_home_ticket(rows, t)
    rows = with_role(rows, t, "source", "author_id", "at_us", "row", "role_then", "agent")
    stated = (rows.author_kind == "unknown").ifelse(ibis.null("string"), rows.author_kind)
    rows = rows.mutate(author_kind=ibis.coalesce(stated, rows.role_then, ibis.literal("unknown")))
    return {"message_placed": with_customer_kind(with_whereabouts(rows, t, "person", None), t, "asker_key", "at_us")}


def messages_out(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_message_out`: messages to customers, with the channel that their receiver preferred then (null: none).

    A preference begun at the message's instant holds; of several the one begun last (rulings 51, 64).
    author_kind: as the source says, else the author's role then, else unknown.
    """
    rows = t["message_placed"]
    rows = with_ticket_state(rows, t, "at_us", "row", "author_key")
    rows = rows.left_join(_preferred_then(rows, t), [("row", "_row")]).drop("_row")
    return {
        "f_message_out": rows.select(
            "source", "ticket_id", *_PERSONAL, "agent", "team", "priority", "status", "stage", "author_kind",
            "customer_kind",
            "message_channel", "preferred_channel", "at_us", message="id",
        )
    }  # fmt: skip


def _preferred_then(rows: ibis.Table, t: Tables) -> ibis.Table:
    """_row -> preferred_channel, for the messages whose receiver had a preference then."""
    spans = t["f_preference"]
    spans = spans.filter(spans.is_preferred).select(
        _person="person_key", _id="id", _from="from_us", _to="to_us", preferred_channel="channel"
    )
    asked = rows.select(_row="row", _receiver="person_key", _at="at_us")
    hits = asked.join(
        spans,
        [asked._receiver == spans._person, spans._from <= asked._at, spans._to.isnull() | (spans._to > asked._at)],
    )
    latest = ibis.window(group_by="_row", order_by=[hits._from.desc(), hits._id.desc()])
    hits = hits.mutate(back=ibis.row_number().over(latest))
    return hits.filter(hits.back == 0).select("_row", "preferred_channel")
