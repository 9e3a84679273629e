"""Whose a row is that names neither a person nor an account, and where that one lives."""

import ibis

from deskmeter.facts.tables import Tables, key, known_or


def with_place(rows: ibis.Table, t: Tables, person: str) -> ibis.Table:
    """`rows` with country and language: the person's own, else the account's; of a row without either the ticket's.

    `rows` has account_key and ticket_id.
    """
    people = t["person"].select(_p_key="key", _p_country="country", _p_language="language")
    accounts = t["account"].select(_a_key="key", _a_country="country", _a_language="language")
    tickets = t["ticket"].select(_t_id="ticket_id", _t_country="country", _t_language="language")
    joined = rows.left_join(people, key(rows.source, rows[person]) == people._p_key)
    joined = joined.left_join(accounts, [("account_key", "_a_key")])
    joined = joined.left_join(tickets, [("ticket_id", "_t_id")])
    is_known = joined[person].notnull() | joined.account_key.notnull()
    columns = {
        name: is_known.ifelse(known_or(joined[f"_p_{name}"], joined[f"_a_{name}"]), joined[f"_t_{name}"])
        for name in ("country", "language")
    }
    return joined.mutate(**columns).drop(
        "_p_key",
        "_p_country",
        "_p_language",
        "_a_key",
        "_a_country",
        "_a_language",
        "_t_id",
        "_t_country",
        "_t_language",
    )


def with_ticket_customer(rows: ibis.Table, t: Tables) -> ibis.Table:
    """`rows` with customer and account of their ticket where they name no customer themselves."""
    tickets = t["ticket"].select(_t_id="ticket_id", _t_customer="customer", _t_account="account")
    joined = rows.left_join(tickets, [("ticket_id", "_t_id")])
    is_unknown = joined.customer.isnull()
    return joined.mutate(
        customer=known_or(joined.customer, joined._t_customer),
        account=is_unknown.ifelse(joined._t_account, joined.account),
    ).drop("_t_id", "_t_customer", "_t_account")
