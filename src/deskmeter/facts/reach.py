"""How far a change reaches: which other tickets must be made anew with those that it touched.

Steps over the kept tables of a build; what is asked about lies in tables that begin with asked_.
"""

from __future__ import annotations

from collections.abc import Mapping

from deskmeter.engines.expressions import ibis
from deskmeter.facts.held_state import NUMBER, STATES
from deskmeter.facts.tables import Tables, known_or

_PLACES = ("account", "language", "country")


def near(t: Tables) -> Mapping[str, ibis.Table]:
    """`near`: the tickets (source, ticket) that share a requester or an account with what is asked, or were merged into it.

    asked_ticket: source, ticket; asked_person and asked_account: keys.
    """
    asked, tickets = t["asked_ticket"], t["ticket"]
    own = tickets.semi_join(asked, ["source", "ticket"])
    people = own.filter(own.requester_key.notnull()).select(key="requester_key")
    people = people.union(t["asked_person"].select("key"), distinct=True)
    found = tickets.semi_join(people, tickets.requester_key == people.key).select("source", "ticket")
    accounts = t["asked_account"]
    found = found.union(tickets.semi_join(accounts, tickets.account_key == accounts.key).select("source", "ticket"))
    links = t["merge_link"]
    links = links.semi_join(asked, [links.source == asked.source, links.into == asked.ticket])
    return {"near": found.union(links.select("source", "ticket")).distinct()}


def before_naming(t: Tables) -> Mapping[str, ibis.Table]:
    """`person_before`, `account_before`: names as they are, before those that arrived are made."""
    return {"person_before": t["person"], "account_before": t["account"]}


def renamed(t: Tables) -> Mapping[str, ibis.Table]:
    """What became of names: `renamed_person`, `new_role`, `changed_account`.

    renamed_person: key, source, id and label of people who were known and have another label, account, language or
    country now. new_role: those who are known since now and acted before, or have another role. changed_account: keys
    of accounts that are new or have another label, language or country.
    """
    now, before = t["person"], t["person_before"]
    was = before.select(_key="key", _label="label", _role="role", **{f"_{name}": before[name] for name in _PLACES})
    both = now.join(was, [("key", "_key")])
    other = ibis.or_(*(~both[name].identical_to(both[f"_{name}"]) for name in ("label", *_PLACES)))
    new = now.anti_join(before, "key").semi_join(t["unnamed_person"], ["source", "id"])
    other_role = both.filter(~both.role.identical_to(both._role))
    accounts, old = t["account"], t["account_before"]
    same = old.select(_key="key", _label="label", _language="language", _country="country")
    joined = accounts.left_join(same, [("key", "_key")])
    is_same = ibis.and_(*(joined[name].identical_to(joined[f"_{name}"]) for name in ("label", "language", "country")))
    return {
        "renamed_person": both.filter(other).select("key", "source", "id", label="_label"),
        "new_role": new.select("key").union(other_role.select("key")),
        "changed_account": joined.filter(joined._key.isnull() | ~is_same).select("key"),
    }


def mentions(t: Tables) -> Mapping[str, ibis.Table]:
    """`mention`: the tickets (source, ticket) on which one of `renamed_person` is shown: who acted, owned or asked."""
    people = t["renamed_person"]
    timeline, states, tickets = t["timeline"], t[STATES], t["ticket"]
    standing = t["standing"].select("source", "ticket", "ticket_id")
    labels = people.select("source", "label").distinct()
    acted = timeline.semi_join(
        labels, [timeline.source == labels.source, timeline.actor_label == labels.label]
    ).select("ticket_id")
    held = states.semi_join(people, states.assignee == people.id).select(NUMBER)
    owned = timeline.semi_join(held, NUMBER).select("ticket_id")
    done = t["resolution"]
    credited = done.semi_join(labels, [done.source == labels.source, done.agent == labels.label]).select("ticket_id")
    asked = tickets.semi_join(people, tickets.requester_key == people.key).select("ticket_id")
    found = acted.union(owned).union(credited).union(asked).distinct()
    return {"mention": standing.semi_join(found, "ticket_id").select("source", "ticket")}


def numbers(t: Tables) -> Mapping[str, ibis.Table]:
    """`numbered`: those of `asked_ticket` that have a number, with it; `highest`: the greatest number of any ticket."""
    standing = t["standing"].select("source", "ticket", "ticket_id")
    return {
        "numbered": standing.semi_join(t["asked_ticket"], ["source", "ticket"]),
        "highest": standing.aggregate(ticket_id=known_or(standing.ticket_id.max(), ibis.literal(0).cast("int64"))),
    }


def names(t: Tables) -> Mapping[str, ibis.Table]:
    """`person_near`: the people with a key in `asked_person`; `account_near`: their accounts, and `asked_account`."""
    asked = t["asked_person"]
    people = t["person"].semi_join(asked, "key")
    accounts = people.filter(people.account.notnull()).select(key="account")
    accounts = accounts.union(t["asked_account"].select("key"), distinct=True)
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
