"""Whose a row is: its customer, who asks, where that one lives, and whether they have asked before."""

from __future__ import annotations

from deskmeter.engines.expressions import ibis
from deskmeter.facts.attribution import with_customer
from deskmeter.facts.tables import Tables, key, known_or


def with_whereabouts(rows: ibis.Table, t: Tables, person: str, account: str | None) -> ibis.Table:
    """`rows` with own_customer, customer, account, country, language, requester and asker_key.

    The customer is the account, else the account of the person, else the person (ruling 39); of a row that names
    none of them (own_customer is null) it is that of its ticket. Country and language are the person's own (of a row
    without a person the requester's of its ticket), else the account's; requester and asker_key are the same one's
    name and key. `rows` has ticket_id.
    """
    tickets = t["ticket"].select(
        _t_id="ticket_id",
        _t_customer="customer",
        _t_account="account",
        _t_key="account_key",
        _t_person="requester_key",
        _t_requester="requester",
    )
    joined = with_customer(rows, t, person, account).left_join(tickets, [("ticket_id", "_t_id")])
    is_unknown = joined.customer.isnull()
    joined = joined.mutate(
        own_customer=joined.customer,
        customer=known_or(joined.customer, joined._t_customer),
        account=is_unknown.ifelse(joined._t_account, joined.account),
        account_key=is_unknown.ifelse(joined._t_key, joined.account_key),
        asker_key=known_or(key(joined.source, joined[person]), joined._t_person),
    ).drop("_t_id", "_t_customer", "_t_account", "_t_key", "_t_person")
    people = t["person"].select(_p_key="key", _p_country="country", _p_language="language", _p_label="label")
    accounts = t["account"].select(_a_key="key", _a_country="country", _a_language="language")
    joined = joined.left_join(people, [("asker_key", "_p_key")]).left_join(accounts, [("account_key", "_a_key")])
    return joined.mutate(
        country=known_or(joined._p_country, joined._a_country),
        language=known_or(joined._p_language, joined._a_language),
        requester=ibis.coalesce(joined._p_label, joined[person], joined._t_requester),
    ).drop(
        "_t_requester", "_p_key", "_p_country", "_p_language", "_p_label", "_a_key", "_a_country", "_a_language"
    )  # fmt: skip


def with_customer_kind(rows: ibis.Table, t: Tables, person_key: str, at_us: str) -> ibis.Table:
    """`rows` with customer_kind: returning if the person had a ticket before, else new; null for nobody.

    Before: of a row with a ticket, before that one in the order of creation (ruling 70), else before its instant.
    """
    tickets = t["ticket"].select(
        "ticket_id", "ticket", "requester_key", "created_us", created_s=t["ticket"].created_us // 1_000_000
    )
    in_order = ibis.window(group_by="requester_key", order_by=["created_s", "ticket"])
    first = tickets.filter(tickets.requester_key.notnull()).mutate(_nth=ibis.row_number().over(in_order))
    first = first.filter(first._nth == 0).select(
        _who="requester_key", _first="ticket", _first_us="created_us", _first_s="created_s"
    )
    own = tickets.select(_own_id="ticket_id", _own="ticket", _own_s="created_s")
    joined = rows.left_join(first, [(person_key, "_who")]).left_join(own, [("ticket_id", "_own_id")])
    is_earlier = joined._own_id.notnull().ifelse(
        (joined._first_s < joined._own_s) | ((joined._first_s == joined._own_s) & (joined._first < joined._own)),
        joined._first_us < joined[at_us],
    )
    kind = known_or(is_earlier, ibis.literal(False)).ifelse("returning", "new")
    joined = joined.mutate(customer_kind=joined[person_key].notnull().ifelse(kind, ibis.null("string")))
    return joined.drop("_who", "_first", "_first_us", "_first_s", "_own_id", "_own", "_own_s")
