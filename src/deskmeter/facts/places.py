"""Country and language of what a person or an account did."""

import ibis

from deskmeter.facts.tables import Tables, key


def with_place(rows: ibis.Table, t: Tables, person: str) -> ibis.Table:
    """`rows` with country and language: the person's own, else the account's, else the ticket's.

    `rows` has account_key and ticket_id.
    """
    people = t["person"].select(_p_key="key", _p_country="country", _p_language="language")
    accounts = t["account"].select(_a_key="key", _a_country="country", _a_language="language")
    tickets = t["ticket"].select(_t_id="ticket_id", _t_country="country", _t_language="language")
    joined = rows.left_join(people, key(rows.source, rows[person]) == people._p_key)
    joined = joined.left_join(accounts, [("account_key", "_a_key")])
    joined = joined.left_join(tickets, [("ticket_id", "_t_id")])
    columns = {name: ibis.coalesce(*(joined[f"_{of}_{name}"] for of in "pat")) for name in ("country", "language")}
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
