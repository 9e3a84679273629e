"""Who did each event then: customer, staff, bot, system or nobody; and which message opened a staff ticket."""

from collections.abc import Mapping

import ibis

from deskmeter.facts.people import with_label, with_role
from deskmeter.facts.tables import Tables, key, known_or


def acted(t: Tables) -> Mapping[str, ibis.Table]:
    """`acted`: the staged events with the actor's kind then and label, and what each message is.

    An unknown author of an outgoing message is staff without a name, of an incoming one the customer; without
    a direction nobody (rulings 18, 19). On a ticket the requester is a customer, whatever the role elsewhere.
    """
    staged = t["staged"]
    rows = t.canonical("ticket").select("source", "requester", "opened_by", "opened_by_kind", ticket="id", own_channel="channel")
    staged = staged.left_join(rows, ["source", "ticket"]).drop("source_right", "ticket_right")
    staged = staged.mutate(
        actor_key=key(staged.source, staged.actor), channel=known_or(staged.channel, staged.own_channel)
    ).drop("own_channel")
    # events without a counter may share an id with events of another ticket, so the row key is the full identity
    staged = with_role(staged, t, "actor_key", "eff_us", ("source", "id"), "role_then")
    stated = (staged.actor_kind == "unknown").ifelse(ibis.null("string"), staged.actor_kind)
    direction = ibis.cases(
        (staged.kind != "message", ibis.null("string")),
        (staged.direction == "out", ibis.literal("staff")),
        (staged.direction == "in", ibis.literal("customer")),
        else_=ibis.null("string"),
    )
    by_person = known_or(stated, staged.role_then)
    staged = staged.mutate(
        who=known_or(
            (staged.actor.notnull() & (staged.actor == staged.requester)).ifelse(
                ibis.literal("customer"), ibis.coalesce(by_person, direction)
            ),
            ibis.literal("nobody"),
        ),
        # staff without a name: nobody to credit
        is_named=by_person.notnull(),
    )
    staged = with_label(staged, t["person"], "source", "actor", "actor_label")
    staged = staged.mutate(actor_label=staged.is_named.ifelse(staged.actor_label, ibis.null("string")))
    staged = staged.mutate(is_public_message=(staged.kind == "message") & staged.is_public)
    return {"acted": _with_openings(t, staged)}


def _with_openings(t: Tables, staged: ibis.Table) -> ibis.Table:
    """Adds is_opening: the first public message of a staff-opened ticket, if staff wrote it (ruling 18)."""
    tickets = staged.group_by("source", "ticket_id").aggregate(
        opened_by=staged.opened_by.max(),
        stated=staged.opened_by_kind.max(),
        requester=staged.requester.max(),
        created_us=staged.created_us.min(),
        creator=staged.actor.max(where=staged.is_creation),
        creator_who=staged.who.max(where=staged.is_creation),
    )
    tickets = tickets.mutate(opener_key=key(tickets.source, tickets.opened_by))
    tickets = with_role(tickets, t, "opener_key", "created_us", ("ticket_id",), "opener_role")
    is_staff = ibis.cases(
        (tickets.opened_by.notnull() & (tickets.opened_by == tickets.requester), ibis.literal(False)),
        (tickets.stated.notnull() & (tickets.stated != "unknown"), tickets.stated == "staff"),
        (tickets.opened_by.notnull(), known_or(tickets.opener_role == "staff", ibis.literal(False))),
        else_=known_or(tickets.creator_who == "staff", ibis.literal(False)),
    )
    tickets = tickets.select("ticket_id", is_staff_opened=is_staff)
    staged = staged.join(tickets, "ticket_id")
    in_order = ibis.window(
        group_by=["ticket_id", "is_public_message"],
        order_by=["eff_us", "counter_rank", "counter", "sequence", "id"],
    )
    nth = ibis.row_number().over(in_order)
    is_opening = staged.is_staff_opened & staged.is_public_message & (staged.who == "staff") & (nth == 0)
    staged = staged.mutate(is_opening=is_opening)
    is_message = staged.is_public_message & ~staged.is_opening
    return staged.mutate(
        is_human_reply=is_message & (staged.who == "staff"),
        is_any_reply=is_message & staged.who.isin(["staff", "bot", "system"]),
        is_customer_message=staged.is_public_message & (staged.who == "customer"),
        is_staff=staged.who == "staff",
    ).drop("opened_by", "opened_by_kind", "actor_key", "actor_kind", "role_then", "is_named")
