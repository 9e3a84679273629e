"""Whose a row is that names neither a person nor an account, and where that one lives."""

import ibis

from deskmeter.facts.attribution import with_customer
from deskmeter.facts.tables import Tables, key, known_or


def with_whereabouts(rows: ibis.Table, t: Tables, person: str, account: str | None) -> ibis.Table:
    """`rows` with own_customer, customer, account, country and language.

    The customer is the account, else the account of the person, else the person (ruling 39); of a row that names
    none of them (own_customer is null) it is that of its ticket. Country and language are the person's own (of a row
    without a person the requester's of its ticket), else the account's. `rows` has ticket_id.
    """
    tickets = t["ticket"].select(
        _t_id="ticket_id", _t_customer="customer", _t_account="account", _t_key="account_key", _t_person="requester_key"
    )
    joined = with_customer(rows, t, person, account).left_join(tickets, [("ticket_id", "_t_id")])
    is_unknown = joined.customer.isnull()
    joined = joined.mutate(
        own_customer=joined.customer,
        customer=known_or(joined.customer, joined._t_customer),
        account=is_unknown.ifelse(joined._t_account, joined.account),
        account_key=is_unknown.ifelse(joined._t_key, joined.account_key),
        _person=known_or(key(joined.source, joined[person]), joined._t_person),
    ).drop("_t_id", "_t_customer", "_t_account", "_t_key", "_t_person")
    people = t["person"].select(_p_key="key", _p_country="country", _p_language="language")
    accounts = t["account"].select(_a_key="key", _a_country="country", _a_language="language")
    joined = joined.left_join(people, [("_person", "_p_key")]).left_join(accounts, [("account_key", "_a_key")])
    return joined.mutate(
        country=known_or(joined._p_country, joined._a_country),
        language=known_or(joined._p_language, joined._a_language),
    ).drop("_person", "_p_key", "_p_country", "_p_language", "_a_key", "_a_country", "_a_language")
