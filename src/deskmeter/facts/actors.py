"""Who did each event then: customer, staff, bot, system or nobody; and which message opened a staff ticket."""

from __future__ import annotations

from collections.abc import Mapping

from deskmeter.engines.expressions import ibis
from deskmeter.facts.ordering import PLACE, payload
from deskmeter.facts.people import with_role
from deskmeter.facts.tables import Tables, known_or


def _spoken(t: Tables, staged: ibis.Table) -> ibis.Table:
    """Per event of `staged` the actor's kind then, the label to credit, and whether the customer could see it.

    An unknown author of an outgoing message is staff without a name, of an incoming one the customer; without
    a direction nobody (rulings 18, 19). On a ticket the requester is a customer, whatever the role elsewhere.
    """
    rows = (
        payload(t)
        .select("event_no", "source", "kind", "actor", "actor_kind", "direction", "channel", "is_public", "to_value")
        .join(staged.select("event_no", "ticket_id", "eff_us"), "event_no")
    )
    facts = t.canonical("ticket").select("source", "requester", "call", ticket="id", own_channel="channel")
    facts = t["ticket_number"].left_join(facts, ["source", "ticket"])
    facts = facts.select("ticket_id", "requester", "call", "own_channel")
    rows = rows.join(facts, "ticket_id")
    rows = with_role(rows, t, "source", "actor", "eff_us", "event_no", "role_then", "actor_label")
    stated = (rows.actor_kind == "unknown").ifelse(ibis.null("string"), rows.actor_kind)
    direction = ibis.cases(
        (~rows.kind.isin(["message", "note"]), ibis.null("string")),
        (rows.direction == "out", ibis.literal("staff")),
        (rows.direction == "in", ibis.literal("customer")),
        else_=ibis.null("string"),
    )
    is_requester = known_or(rows.actor == rows.requester, ibis.literal(False))
    return rows.select(
        "event_no", "ticket_id", "actor_label", "is_public",
        who=is_requester.ifelse(
            ibis.literal("customer"), ibis.coalesce(stated, rows.role_then, direction, ibis.literal("nobody"))
        ),
        channel=known_or(rows.channel, rows.own_channel),
        # on a ticket born from a call its answer is the first human reply for every metric (ruling 81)
        is_birth=known_or((rows.kind == "call") & (rows.to_value == rows.call), ibis.literal(False)),
        is_public_message=_is_shown(rows),
    )  # fmt: skip


def _is_shown(rows: ibis.Table) -> ibis.Value:
    # what the customer can see is a message, what they cannot a note, whatever the source calls it
    return rows.kind.isin(["message", "note"]) & rows.is_public


def openers(t: Tables) -> Mapping[str, ibis.Table]:
    """`opener`: whether staff opened each ticket then (a bot, the system or nobody counts as the customer), and who.

    `opener` is null unless staff or a bot did.
    """
    staged = t["staged"]
    creators = _spoken(t, staged.filter(staged.is_creation)).select(_ticket="ticket_id", creator_who="who")
    stated = t.canonical("ticket").select("source", "requester", "opened_by", "opened_by_kind", ticket="id")
    tickets = t["standing"].select("source", "ticket", "ticket_id", "created_us")
    tickets = tickets.left_join(stated, ["source", "ticket"]).drop("source_right", "ticket_right")
    tickets = with_role(tickets, t, "source", "opened_by", "created_us", "ticket_id", "opener_role", "opener_name")
    tickets = tickets.left_join(creators, [("ticket_id", "_ticket")]).drop("_ticket")
    stated_kind = (tickets.opened_by_kind == "unknown").ifelse(ibis.null("string"), tickets.opened_by_kind)
    kind = ibis.cases(
        (known_or(tickets.opened_by == tickets.requester, ibis.literal(False)), ibis.literal("customer")),
        (stated_kind.notnull(), stated_kind),
        (tickets.opened_by.notnull(), tickets.opener_role),
        else_=tickets.creator_who,
    )
    is_ours = known_or(kind.isin(["staff", "bot"]), ibis.literal(False))
    return {
        "opener": tickets.select(
            "ticket_id",
            is_staff_opened=known_or(kind == "staff", ibis.literal(False)),
            opener=is_ours.ifelse(tickets.opener_name, ibis.null("string")),
        )
    }


def acted(t: Tables) -> Mapping[str, ibis.Table]:
    """`acted`: what each message is: an opening, a human reply, any reply, a customer's message.

    The opening is the first public message of a staff-opened ticket, if staff wrote it (ruling 18).
    """
    opener = t["opener"].select("ticket_id", "is_staff_opened")
    shown = payload(t).filter(_is_shown).select("event_no")
    shown = shown.join(t["staged"], "event_no").semi_join(opener.filter(opener.is_staff_opened), "ticket_id")
    in_order = ibis.window(group_by="ticket_id", order_by=["eff_us", *PLACE])
    shown = shown.select("event_no", before=ibis.row_number().over(in_order))
    rows = _spoken(t, t["staged"]).join(opener, "ticket_id")
    rows = rows.left_join(shown.filter(shown.before == 0).select(_first="event_no"), [("event_no", "_first")])
    rows = rows.mutate(is_opening=rows._first.notnull() & (rows.who == "staff"))
    is_message = rows.is_public_message & ~rows.is_opening
    whole = rows.select(
        "event_no", "who", "actor_label", "channel", "is_public", "is_public_message", "is_staff_opened", "is_opening",
        "is_birth",
        is_human_reply=(is_message & (rows.who == "staff")) | rows.is_birth,
        is_any_reply=(is_message & rows.who.isin(["staff", "bot", "system"])) | rows.is_birth,
        is_customer_message=rows.is_public_message & (rows.who == "customer"),
        is_staff=rows.who == "staff",
    )  # fmt: skip
    return {"acted": whole}


def unnamed(t: Tables) -> Mapping[str, ibis.Table]:
    """`unnamed_person`: who acted, was assigned or opened a ticket without being a person that the desk knows.

    Whoever of them gets a name, or a role, later changes what was made before.
    """
    events = t.canonical("event", cut=False)
    found = events.select("source", id="actor")
    found = found.union(events.filter(events.kind == "assign").select("source", id="to_value"))
    found = found.union(events.select("source", id="first_assignee"))
    found = found.union(t.canonical("ticket").select("source", id="opened_by"))
    found = found.filter(found.id.notnull()).distinct()
    return {"unnamed_person": found.anti_join(t["person"], ["source", "id"])}
