"""From raw events to one ordered history per ticket: effective times, left-out tickets, merges.

Tables that are sorted stay narrow: what an event says is found again under its number (`payload`).
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from deskmeter.engines.expressions import ibis
from deskmeter.facts.merges import Merge, resolve_merges
from deskmeter.facts.tables import EVENT_NO, Tables, known_or

# creation stands first in its ticket, whatever its sequence; counter_no and nth stand for (sequence, at, id)
PLACE = ("later", "counter_no", "nth")
_CALL = 2  # rank of calls among the counters: after all events of their instant
# the keys of events of several tickets, whose places cannot be compared
_KEYS = ("later", "counter_no", "sequence", "at", "id")
MOVING = ("message", "note", "time_entry", "viewing", "escalation", "merged", "call")
POSITIONS_PER_TICKET = 2**24  # more events than any ticket holds; keeps one whole number unique per event


def tickets(t: Tables) -> Mapping[str, ibis.Table]:
    """`ticket_number`: every ticket that has a row or an event, numbered in the order of (source, id)."""
    rows, events = t.canonical("ticket"), t.canonical("event", cut=False)
    both = rows.select("source", ticket="id").union(events.select("source", "ticket"), distinct=True)
    return {
        "ticket_number": both.mutate(
            ticket_id=ibis.row_number().over(ibis.window(order_by=["source", "ticket"])).cast("int64") + 1
        )
    }


def numbered(events: ibis.Table) -> ibis.Table:
    """Events as a build wants them, for an engine that reads them where they lie: each with a number of its own."""
    return events.mutate(**{EVENT_NO: ibis.row_number().over(ibis.window()).cast("int64") + 1})


def payload(t: Tables) -> ibis.Table:
    """All events and answered calls with what they say, and their number; calls have negative ones."""
    return _events(t).union(t["call_event"])


def _counters(t: Tables) -> ibis.Table:
    """(counter_rank, counter) -> counter_no: the counters in their order, those of the source, then none, then calls."""
    events = t.canonical("event", cut=False)
    found = events.select(**_counter_of(events)).distinct()
    of_calls = t["call_event"].select("counter", "counter_rank").distinct()
    found = found.union(of_calls)
    in_order = ibis.window(order_by=["counter_rank", "counter"])
    return found.mutate(counter_no=ibis.row_number().over(in_order).cast("int64"))


def _counter_of(events: ibis.Table) -> dict[str, ibis.Value]:
    in_counter = events.sequence.notnull() & events.counter.notnull()
    return {
        "counter": in_counter.ifelse(events.counter, ibis.literal("")),
        # events without a counter come last among those of one instant (ruling 67)
        "counter_rank": in_counter.ifelse(0, 1).cast("int8"),
    }


def _events(t: Tables) -> ibis.Table:
    events = t.canonical("event", cut=False)
    in_counter = events.sequence.notnull() & events.counter.notnull()
    zero = ibis.literal(0).cast("int64")
    return events.mutate(
        sequence=in_counter.ifelse(known_or(events.sequence, zero), zero),
        is_public=known_or(events.is_public, events.kind == "message"),
        **_counter_of(events),
    ).drop("from_value")


def call_events(t: Tables) -> Mapping[str, ibis.Table]:
    """`call_event`: the answer of each ticket's call, as an event of kind `call` by the agent who answered."""
    calls = t.canonical("call")
    calls = calls.filter(calls.ticket.notnull() & calls.answered_at.notnull())
    blank = ibis.null("string")
    staged = _events(t)
    values: dict[str, ibis.Value] = {
        "source": calls.source,
        "id": ibis.literal("call:").concat(calls.id),
        "ticket": calls.ticket,
        "counter": ibis.literal(""),
        "sequence": ibis.literal(0).cast("int64"),
        "at": calls.answered_at,
        "kind": ibis.literal("call"),
        "actor": calls.agent,
        "actor_kind": ibis.literal("staff"),
        "channel": ibis.literal("phone"),
        "is_public": ibis.literal(False),
        "to_value": calls.id,
        "seconds": ibis.null("int64"),
        "counter_rank": ibis.literal(_CALL).cast("int8"),
        EVENT_NO: -1 - ibis.row_number().over(ibis.window(order_by=["source", "id"])).cast("int64"),
    }
    return {"call_event": calls.select(**{name: values.get(name, blank) for name in staged.columns})}


def effective(t: Tables) -> Mapping[str, ibis.Table]:
    """`staged`: every known event's place in its own ticket: effective time and its PLACE among those of one instant.

    Within one counter the effective time is the running maximum of `at` in the order (sequence, at, id), and never
    before the ticket's creation: the first `created` event in order, else the first event (metrics 1.2, rulings 3, 5).
    """
    rows = payload(t).join(t["ticket_number"], ["source", "ticket"]).join(_counters(t), ["counter_rank", "counter"])
    rows = rows.select(
        "event_no", "ticket_id", "counter_no", "counter_rank", "sequence", "at", "id", is_created=rows.kind == "created"
    )
    keys = {"group_by": ["ticket_id", "counter_no"], "order_by": ["sequence", "at", "id"]}
    run = rows.select(
        "event_no", "ticket_id", "counter_no", "counter_rank", "is_created",
        nth=ibis.row_number().over(ibis.window(**keys)).cast("int64"),
        # an event without a counter stands on its own
        eff0_us=(rows.counter_rank == 0).ifelse(rows["at"].max().over(ibis.window(**keys, following=0)), rows["at"]),
    )  # fmt: skip
    in_order = ibis.window(group_by="ticket_id", order_by=["eff0_us", "counter_no", "nth"])
    creations = run.filter(run.is_created).mutate(before=ibis.row_number().over(in_order))
    creations = creations.filter(creations.before == 0)
    creations = creations.select(_created_ticket="ticket_id", _created_us="eff0_us", _creation_no="event_no")
    # a ticket of which nothing but a call is known is none
    own = run.filter(run.counter_rank < _CALL)
    born = own.group_by(_ticket=own.ticket_id).aggregate(_first_us=own.eff0_us.min())
    born = born.left_join(creations, [("_ticket", "_created_ticket")]).drop("_created_ticket")
    born = born.mutate(created_us=known_or(born._created_us, born._first_us)).drop("_created_us", "_first_us")
    known = run.join(born, [("ticket_id", "_ticket")])
    known = known.mutate(
        eff_us=ibis.greatest(known.eff0_us, known.created_us),
        is_creation=known_or(known.event_no == known._creation_no, ibis.literal(False)),
    )
    # a second `created` says nothing new
    known = known.filter((known.eff_us <= t.cut_us) & (known.is_creation | ~known.is_created))
    known = known.mutate(later=(~known.is_creation).cast("int8"))
    return {"staged": known.drop("_ticket", "_creation_no", "eff0_us", "is_created", "counter_rank")}


def marks(t: Tables) -> Mapping[str, ibis.Table]:
    """`mark`: deletions, spam marks, restorations and merges in the order of their ticket, few as they are.

    `merge_link`: which ticket names which in a merge, whether that one is there or not and whatever became of it.
    """
    rows = payload(t).filter(lambda row: row.kind.isin(["deleted", "spam", "restored", "merged"]))
    rows = rows.select("event_no", "source", "ticket", "kind", "to_value").join(t["staged"], "event_no")
    links = rows.filter((rows.kind == "merged") & rows.to_value.notnull())
    links = links.select("ticket_id", "source", "ticket", into="to_value").distinct()
    rows = rows.drop("ticket")
    numbers = t["ticket_number"].select(_source="source", _ticket="ticket", target_id="ticket_id")
    rows = rows.left_join(numbers, [("source", "_source"), ("to_value", "_ticket")]).drop("_source", "_ticket")
    alive = t["staged"].select(_alive="ticket_id").distinct()
    rows = rows.left_join(alive, [("target_id", "_alive")])
    return {"mark": rows.mutate(target_id=rows._alive).drop("_alive"), "merge_link": links}


def follow_merges(t: Tables) -> None:
    """Loads `marked`: why tickets are left out and where their messages go (metrics 1.9, rulings 17, 72).

    In Python: merges are few, and a chain of any length needs a walk.
    """
    order = ("ticket_id", "eff_us", *PLACE)
    rows = t.engine.read("mark").sort_by([(name, "ascending") for name in order])
    resolved = resolve_merges(
        [Merge(row["ticket_id"], row["kind"], row["target_id"], row["to_value"]) for row in rows.to_pylist()]
    )
    t.take("marked", _marked_table(resolved))


def standing(t: Tables) -> Mapping[str, ibis.Table]:
    """`standing`: one row per known ticket: whether it counts, why not, and where its messages go."""
    tickets = t.canonical("ticket").select("source", ticket="id", is_test="is_test")
    numbered = t["ticket_number"].left_join(tickets, ["source", "ticket"]).drop("source_right", "ticket_right")
    staged = t["staged"]
    created = staged.group_by("ticket_id").aggregate(created_us=staged.created_us.min())
    base = numbered.join(created, "ticket_id")
    base = base.left_join(t["marked"], "ticket_id").drop("ticket_id_right")
    is_test = known_or(base.is_test, ibis.literal(False))
    base = base.mutate(
        left_out=is_test.ifelse("test", base.left_out),
        takes_all=is_test | known_or(base.takes_all, ibis.literal(False)),
    )
    return {"standing": base.drop("is_test")}


def _marked_table(resolved: Mapping[int, tuple[str | None, int | None, bool]]) -> pa.Table:
    return pa.table(
        {
            "ticket_id": pa.array(list(resolved), pa.int64()),
            "left_out": pa.array([v[0] for v in resolved.values()], pa.string()),
            "survivor_id": pa.array([v[1] for v in resolved.values()], pa.int64()),
            "takes_all": pa.array([v[2] for v in resolved.values()], pa.bool_()),
        }
    )


def history(t: Tables) -> Mapping[str, ibis.Table]:
    """`history`: the events of every ticket that counts, with those that merges moved to it, in final order.

    `ord` counts from 1 within the ticket; `pos` is unique in the desk. A moved event is read at
    max(own effective time, the survivor's creation) and stands behind the survivor's own (rulings 17, 67, 80).
    """
    staged, standing = t["staged"], t["standing"]
    kinds = payload(t).select("event_no", "kind")
    own = staged.join(kinds, "event_no")
    own = own.join(standing.select("ticket_id", "left_out", "survivor_id", "takes_all"), "ticket_id")
    survivors = standing.filter(standing.left_out.isnull()).select(home_id="ticket_id", home_created_us="created_us")
    moving = own.filter(own.survivor_id.notnull() & ~own.takes_all & own.kind.isin(list(MOVING)))
    moved = moving.join(survivors, [("survivor_id", "home_id")])
    moved = moved.join(payload(t).select("event_no", "sequence", "at", "id"), "event_no")
    behind = ibis.window(group_by="home_id", order_by=["eff_us", *_KEYS])
    moved = moved.mutate(
        own_eff_us=moved.eff_us,
        eff_us=ibis.greatest(moved.eff_us, moved.home_created_us),
        created_us=moved.home_created_us,
        ticket_id=moved.survivor_id,
        is_moved=ibis.literal(1).cast("int8"),
        # their places come from several tickets: all keys decide, and the outcome is their place here
        later=ibis.literal(0).cast("int8"),
        counter_no=ibis.literal(0).cast("int64"),
        nth=ibis.row_number().over(behind).cast("int64"),
    ).drop("home_id", "home_created_us", "sequence", "at", "id")
    stay = own.filter(own.left_out.isnull() & (own.kind != "merged"))
    stay = stay.mutate(own_eff_us=stay.eff_us, is_moved=ibis.literal(0).cast("int8"))
    both = stay.union(moved.select(*stay.columns))
    order = ibis.window(group_by="ticket_id", order_by=["eff_us", "is_moved", *PLACE])
    both = both.mutate(ord=ibis.row_number().over(order).cast("int64") + 1)
    both = both.mutate(pos=both.ticket_id * POSITIONS_PER_TICKET + both.ord)
    return {
        "history": both.select(
            "event_no", "ticket_id", "eff_us", "own_eff_us", "created_us", "is_moved", "is_creation", "ord", "pos"
        )
    }
