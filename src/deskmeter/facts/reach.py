"""How far a change reaches: which other tickets and rows must be made anew with those that it touched.

Steps over the kept tables of a build. What is asked about lies in `asked`: a kind of thing (ticket, person, ...), source
and id, and both as a key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deskmeter.canon.schema import TABLES
from deskmeter.engines.expressions import ibis
from deskmeter.facts.held_state import NUMBER, STATES
from deskmeter.facts.tables import Tables, known_or

NEAR: Mapping[str, Mapping[str, str]] = {
    "call": {"id": "call", "ticket": "ticket", "person": "person"},
    "survey_sent": {"id": "survey", "ticket": "ticket", "call": "call", "person": "person"},
    "survey_answer": {"id": "answer", "survey": "survey", "ticket": "ticket", "call": "call", "person": "person"},
    "follow_up": {"survey": "survey", "answer": "answer"},
    "message_out": {"id": "message", "ticket": "ticket", "person": "person"},
    "preference_span": {"id": "preference", "person": "person"},
    "kb_event": {"id": "visit", "ticket": "ticket", "person": "person", "session": "session"},
}
"""Canonical tables whose rows are made anew one by one: column -> the kind of thing that it names.

A row reaches all things that it names, and each of them all rows that name it.
"""

STAFF, ACCOUNT, ORDER = "staff", "account", "order"
"""More kinds: people by whatever column names them, accounts, orders."""

_MENTIONING = ("availability_span", "customer_span", "follow_up", "order", "referral", "review", "subscription_span")
_PLACES = ("account", "language", "country")


def near(t: Tables) -> Mapping[str, ibis.Table]:
    """The tickets and rows next to those in `asked`: `near` (source, ticket), and a `near_<table>` for each of NEAR.

    Tickets that share a requester with one of the tickets, are a person's or an account's, or are merged with one.
    """
    tickets, links = t["ticket"], t["merge_link"]
    asked = _asked(t, "ticket")
    own = tickets.semi_join(asked, [tickets.source == asked.source, tickets.ticket == asked.id])
    people = own.filter(own.requester_key.notnull()).select(key="requester_key")
    people = people.union(_asked(t, "person", STAFF).select("key"), distinct=True)
    accounts = _asked(t, ACCOUNT)
    found = tickets.semi_join(people, tickets.requester_key == people.key).select("source", "ticket")
    found = found.union(tickets.semi_join(accounts, tickets.account_key == accounts.key).select("source", "ticket"))
    merged = links.semi_join(asked, [links.source == asked.source, links.into == asked.id])
    into = links.semi_join(asked, [links.source == asked.source, links.ticket == asked.id])
    found = found.union(merged.select("source", "ticket")).union(into.select("source", ticket="into")).distinct()
    return {"near": found, **{f"near_{name}": _rows_near(t, name) for name in NEAR}}


def _rows_near(t: Tables, name: str) -> ibis.Table:
    rows = t.canonical(name, cut=False)
    named = [(column, (kind,)) for column, kind in NEAR[name].items()]
    return _named_by(rows, t, [*named, *((column, (STAFF,)) for column in _people_of(name))])


def _people_of(name: str) -> list[str]:
    return [column.name for column in TABLES[name].columns if column.personal == "person"]


def _asked(t: Tables, *kinds: str) -> ibis.Table:
    asked = t["asked"]
    return asked.filter(asked.kind.isin(list(kinds))).select("source", "id", "key").distinct()


def _named_by(rows: ibis.Table, t: Tables, named: Iterable[tuple[str, tuple[str, ...]]]) -> ibis.Table:
    """The rows of which some column names a thing of one of its kinds in `asked`."""
    hits = None
    for column, kinds in named:
        asked = _asked(t, *kinds)
        hit = rows.semi_join(asked, [rows.source == asked.source, rows[column] == asked.id]).select("source", "id")
        hits = hit if hits is None else hits.union(hit)
    assert hits is not None
    hits = hits.distinct()
    return rows.semi_join(hits, ["source", "id"])


def arrived_before(t: Tables) -> Mapping[str, ibis.Table]:
    """`before_<table>` for each of NEAR: the rows of `asked`, of the kind that is the table's name, as they were."""
    found = {}
    for name in NEAR:
        rows, asked = t.canonical(name, cut=False), _asked(t, name)
        found[f"before_{name}"] = rows.semi_join(asked, ["source", "id"])
    return found


def mentioned(t: Tables) -> Mapping[str, ibis.Table]:
    """`mentioned`: the tables, made as a whole, of which some row names one of the people, accounts or orders asked for.

    Orders also by their ticket, by a ticket that links to them, and by whoever asked.
    """
    found = []
    asked, tickets = _asked(t, "ticket"), t["ticket"]
    linked = tickets.semi_join(asked, [tickets.source == asked.source, tickets.ticket == asked.id])
    linked = linked.filter(linked.order.notnull()).select("source", "order")
    for name in _MENTIONING:
        rows = t.canonical(name, cut=False)
        # a referral names an account or a person in one column, and a customer's key does not tell which of both it is
        columns = [*_people_of(name), *(["account"] if "account" in rows.columns else [])]
        named: list[tuple[str, tuple[str, ...]]] = [(column, (STAFF, ACCOUNT)) for column in columns]
        if name == "order":
            named += [("id", (ORDER,)), ("ticket", ("ticket",)), ("person", ("person",))]
        hits = _named_by(rows, t, named).select(table=ibis.literal(name))
        if name == "order":
            hits = hits.union(
                rows.semi_join(linked, [rows.source == linked.source, rows.id == linked.order]).select(
                    table=ibis.literal(name)
                )
            )
        found.append(hits.distinct())
    whole = found[0]
    for part in found[1:]:
        whole = whole.union(part)
    return {"mentioned": whole}


def before_naming(t: Tables) -> Mapping[str, ibis.Table]:
    """`person_before`, `account_before`: names as they are, before those that arrived are made."""
    return {"person_before": t["person"], "account_before": t["account"]}


def renamed(t: Tables) -> Mapping[str, ibis.Table]:
    """What became of names: `new_person`, `renamed_person`, `new_role`, `changed_account`.

    renamed_person: key, source, id and label of people who were known and have another label, account, language or
    country now, or whose account has. new_role: those who are known since now and acted before, or have another role.
    changed_account: accounts that are new or have another label, language or country.
    """
    now, before = t["person"], t["person_before"]
    accounts, old = t["account"], t["account_before"]
    was_named = old.select(_key="key", _label="label", _language="language", _country="country")
    joined = accounts.left_join(was_named, [("key", "_key")])
    is_same = ibis.and_(*(joined[name].identical_to(joined[f"_{name}"]) for name in ("label", "language", "country")))
    changed = joined.filter(joined._key.isnull() | ~is_same).select("key", "source", "id")
    was = before.select(_key="key", _label="label", _role="role", **{f"_{name}": before[name] for name in _PLACES})
    both = now.join(was, [("key", "_key")])
    both = both.left_join(changed.select(_changed="key"), [("account", "_changed")])
    other = ibis.or_(
        both._changed.notnull(), *(~both[name].identical_to(both[f"_{name}"]) for name in ("label", *_PLACES))
    )
    new = now.anti_join(before, "key")
    other_role = both.filter(~both.role.identical_to(both._role))
    return {
        "new_person": new.select("key", "source", "id"),
        "renamed_person": both.filter(other).select("key", "source", "id", label="_label"),
        "new_role": new.semi_join(t["unnamed_person"], ["source", "id"]).select("key").union(other_role.select("key")),
        "changed_account": changed,
    }


def mentions(t: Tables) -> Mapping[str, ibis.Table]:
    """`mention`: the tickets (source, ticket) on which one of `renamed_person` is shown: who acted, owned or asked."""
    named = t["renamed_person"]
    timeline, states, tickets = t["timeline"], t[STATES], t["ticket"]
    standing = t["standing"].select("source", "ticket", "ticket_id")
    # of whichever source: who bears the same name in another one is made anew with them, and stays as they were
    labels, ids = named.select(actor_label="label", agent="label").distinct(), named.select(assignee="id").distinct()
    acted = timeline.semi_join(labels, "actor_label").select("ticket_id")
    owned = timeline.semi_join(states.semi_join(ids, "assignee").select(NUMBER), NUMBER).select("ticket_id")
    credited = t["resolution"].semi_join(labels, "agent").select("ticket_id")
    asked = tickets.semi_join(named, tickets.requester_key == named.key).select("ticket_id")
    found = acted.union(owned).union(credited).union(asked).distinct()
    return {"mention": standing.semi_join(found, "ticket_id").select("source", "ticket")}


def numbers(t: Tables) -> Mapping[str, ibis.Table]:
    """`numbered`: the tickets of `asked` that have a number, with it; `highest`: the greatest number of any ticket."""
    standing = t["standing"].select("source", "ticket", "ticket_id")
    asked = _asked(t, "ticket").select("source", ticket="id")
    return {
        "numbered": standing.semi_join(asked, ["source", "ticket"]),
        "highest": standing.aggregate(ticket_id=known_or(standing.ticket_id.max(), ibis.literal(0).cast("int64"))),
    }


def names(t: Tables) -> Mapping[str, ibis.Table]:
    """`person_near`: the people in `asked`; `account_near`: the accounts in it, and those of the people."""
    asked = _asked(t, "person").select("key")
    people = t["person"].semi_join(asked, "key")
    accounts = people.filter(people.account.notnull()).select(key="account")
    accounts = accounts.union(_asked(t, ACCOUNT).select("key"), distinct=True)
    return {"person_near": people, "account_near": t["account"].semi_join(accounts, "key")}


def states_met(t: Tables) -> Mapping[str, ibis.Table]:
    """`state_met`: the number of each state of `asked_state` there, and here (null: not met yet); `state_highest`."""
    here, there = t[STATES], t["asked_state"]
    columns = [name for name in here.columns if name != NUMBER]
    known = here.select(_here=NUMBER, **{f"_{name}": here[name] for name in columns})
    both = there.left_join(known, [there[name].identical_to(known[f"_{name}"]) for name in columns])
    highest = known_or(here[NUMBER].max(), ibis.literal(0).cast("int64"))
    return {
        "state_met": both.select(there=NUMBER, here="_here"),
        "state_highest": here.aggregate(**{NUMBER: highest}),
    }


def unnamed_since(t: Tables) -> Mapping[str, ibis.Table]:
    """`unnamed_since`: those of `asked_unnamed` who are not among `unnamed_person` yet."""
    return {"unnamed_since": t["asked_unnamed"].anti_join(t["unnamed_person"], ["source", "id"])}
