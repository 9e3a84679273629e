"""Where the person of a row comes from: country and language, the person's own, else their account's."""

import ibis

from deskmeter.facts.tables import Tables, key, known_or


def with_origin(table: ibis.Table, t: Tables, person: str = "person") -> ibis.Table:
    """`table` with country and language of the person whose id is in column `person`; null where unknown."""
    people = t["person"].select(_p_key="key", _p_country="country", _p_language="language", _p_account="account")
    accounts = t["account"].select(_a_key="key", _a_country="country", _a_language="language")
    joined = table.mutate(_who=key(table.source, table[person])).left_join(people, [("_who", "_p_key")])
    joined = joined.left_join(accounts, [("_p_account", "_a_key")])
    joined = joined.mutate(
        country=known_or(joined._p_country, joined._a_country),
        language=known_or(joined._p_language, joined._a_language),
    )
    return joined.drop(
        "_who", "_p_key", "_p_country", "_p_language", "_p_account", "_a_key", "_a_country", "_a_language"
    )
