"""Team and ticket state at an instant, for what is not itself an event of a ticket (calls, answers, orders)."""

from __future__ import annotations

from deskmeter.engines.expressions import ibis
from deskmeter.facts.held_state import STATES, with_state
from deskmeter.facts.tables import FAR_FUTURE, FAR_PAST, Tables, key, known_or


def with_home_ticket(table: ibis.Table, t: Tables, ticket: str = "ticket") -> ibis.Table:
    """`table` with ticket_id: the ticket that its `ticket` column names, or the survivor of that one's merge.

    Null where there is no ticket, or one that is left out.
    """
    standing = t["standing"].select(
        _source="source",
        _ticket="ticket",
        _id="ticket_id",
        _left_out="left_out",
        _survivor="survivor_id",
        _all="takes_all",
    )
    alive = t["standing"].filter(t["standing"].left_out.isnull()).select(_alive="ticket_id")
    joined = table.left_join(standing, [table.source == standing._source, table[ticket] == standing._ticket])
    home = joined._left_out.isnull().ifelse(
        joined._id, (joined._survivor.notnull() & ~joined._all).ifelse(joined._survivor, ibis.null("int64"))
    )
    joined = joined.mutate(_home=home)
    joined = joined.left_join(alive, joined._home == alive._alive)
    return joined.mutate(ticket_id=joined._alive).drop(
        "_source", "_ticket", "_id", "_left_out", "_survivor", "_all", "_home", "_alive"
    )


def with_ticket_state(table: ibis.Table, t: Tables, at_us: str, row: str, agent_key: str | None) -> ibis.Table:
    """`table` with team, priority, status and stage of its ticket at `at_us`.

    Before its creation a ticket has the state that it was created with. Without a ticket the team is the one that
    the agent belonged to then (the span begun last).
    """
    spans = with_state(t["state_span"], t[STATES], "team", "priority", "status", "stage")
    # an open end is made far: a condition with "or" would keep an outer join from hashing
    state = spans.select(
        "team", "priority", "status", "stage",
        _ticket="ticket_id", _from="since_us", _to=known_or(spans.to_us, ibis.literal(FAR_FUTURE)),
    )  # fmt: skip
    joined = table.left_join(
        state,
        [
            table.ticket_id == state._ticket,
            state._from <= table[at_us],
            state._to > table[at_us],
        ],
    ).drop("_ticket", "_from", "_to")
    if agent_key is None:
        return joined
    best = _team_then(table.filter(table.ticket_id.isnull()), t, at_us, row, agent_key)
    joined = joined.left_join(best, joined[row] == best._row)
    return joined.mutate(team=known_or(joined.team, joined._member_team)).drop("_row", "_member_team")


def with_team_then(table: ibis.Table, t: Tables, at_us: str, row: str, agent_key: str) -> ibis.Table:
    """`table` with the team that the agent belonged to at `at_us` (the span begun last)."""
    best = _team_then(table, t, at_us, row, agent_key)
    joined = table.left_join(best, table[row] == best._row)
    return joined.mutate(team=joined._member_team).drop("_row", "_member_team")


def _team_then(table: ibis.Table, t: Tables, at_us: str, row: str, agent_key: str) -> ibis.Table:
    """_row, _member_team: for the rows of `table` whose agent was a member of some team then."""
    spans = t.canonical("membership_span")
    spans = spans.select(
        _agent=key(spans.source, spans.person),
        _team=key(spans.source, spans.team),
        _team_id="team",
        _m_id="id",
        _m_from=known_or(spans.from_at, ibis.literal(FAR_PAST)),
        _m_to=known_or(spans.to_at, ibis.literal(FAR_FUTURE)),
    )
    spans = spans.left_join(t["team"].select(_key="key", _label="label"), [("_team", "_key")])
    spans = spans.mutate(_label=known_or(spans._label, spans._team_id))
    asked = table.select(row, _a=table[agent_key], _at=table[at_us])
    hit = asked.join(spans, [asked._a == spans._agent, asked._at >= spans._m_from, asked._at < spans._m_to])
    latest = ibis.window(group_by=row, order_by=[ibis.desc("_m_from"), ibis.desc("_m_id")])
    hit = hit.select(row, "_label", "_m_from", "_m_id").mutate(_nth=ibis.row_number().over(latest))
    return hit.filter(hit._nth == 0).select(_row=row, _member_team="_label")


def with_customer(table: ibis.Table, t: Tables, person: str | None, account: str | None) -> ibis.Table:
    """`table` with customer (key): its account, else the account of its person, else the person (ruling 39).

    Adds account (label) and account_key, null for a person without an account.
    """
    blank = ibis.null("string")
    joined = table.mutate(
        _person_key=key(table.source, table[person]) if person else blank,
        _account_key=key(table.source, table[account]) if account else blank,
    )
    people = t["person"].select(_key="key", _account="account")
    joined = joined.left_join(people, joined._person_key == people._key)
    joined = joined.mutate(account_key=known_or(joined._account_key, joined._account))
    accounts = t["account"].select(_a_key="key", _a_label="label")
    joined = joined.left_join(accounts, joined.account_key == accounts._a_key)
    columns = {
        "customer": known_or(joined.account_key, joined._person_key),
        "account": known_or(joined._a_label, joined.account_key),
    }
    return joined.mutate(**columns).drop("_person_key", "_account_key", "_key", "_account", "_a_key", "_a_label")
