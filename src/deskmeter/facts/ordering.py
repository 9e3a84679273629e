"""From raw events to one ordered history per ticket: effective times, left-out tickets, merges."""

from collections.abc import Mapping

import ibis
import pyarrow as pa

from deskmeter.facts.merges import Merge, resolve_merges
from deskmeter.facts.tables import Tables, known_or

ORDER = ("eff_us", "counter_rank", "counter", "sequence", "id")
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


def effective(t: Tables) -> Mapping[str, ibis.Table]:
    """`staged`: all events (and answered calls) with their effective time on their own ticket.

    Within one counter the effective time is the running maximum of `at` in the order (sequence, at, id),
    and never before the ticket's creation (metrics 1.2, rulings 3, 5, 67).
    """
    numbers = t["ticket_number"]
    raw = _events(t).union(_answered_calls(t))
    raw = raw.join(numbers, ["source", "ticket"])
    counter = ibis.window(
        group_by=["ticket_id", "counter", "counter_rank"], order_by=["sequence", "at", "id"], following=0
    )
    run = raw.mutate(eff0_us=raw["at"].max().over(counter))
    in_order = ibis.window(
        group_by="ticket_id", order_by=["not_created", "eff0_us", "counter_rank", "counter", "sequence", "id"]
    )
    run = run.mutate(not_created=(run.kind != "created").cast("int8"))
    run = run.mutate(created_us=run.eff0_us.first().over(in_order), nth=ibis.row_number().over(in_order))
    known = run.mutate(eff_us=ibis.greatest(run.eff0_us, run.created_us))
    known = known.filter(known.eff_us <= t.settings.cut_us)
    is_first = (known.kind == "created") & (known.nth == 0)
    blank = ibis.null("string")
    firsts = ("first_status", "first_assignee", "first_team", "first_priority")
    known = known.mutate(is_creation=is_first, **{c: is_first.ifelse(known[c], blank) for c in firsts})
    return {"staged": known.drop("not_created", "nth", "eff0_us")}


def _events(t: Tables) -> ibis.Table:
    events = t.canonical("event", cut=False)
    in_counter = events.sequence.notnull()
    return events.mutate(
        counter=known_or(in_counter.ifelse(events.counter, ibis.null("string")), ibis.literal("")),
        # events without a counter come last among those of one instant (ruling 67)
        counter_rank=(in_counter & events.counter.notnull()).ifelse(0, 1).cast("int8"),
        sequence=known_or(events.sequence, ibis.literal(0).cast("int64")),
        is_public=known_or(events.is_public, events.kind == "message"),
    ).drop("from_value", "raw_object", "raw_line", "revision")


def _answered_calls(t: Tables) -> ibis.Table:
    """The answer of a ticket's call, as an event of kind `call` by the agent who answered."""
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
        "counter_rank": ibis.literal(1).cast("int8"),
    }
    return calls.select(**{name: values.get(name, blank) for name in staged.columns})


def standing(t: Tables) -> Mapping[str, ibis.Table]:
    """`standing`: one row per known ticket: whether it counts, why not, and where its messages go.

    Resolves merges in Python: they are few, and a chain of any length needs a walk (metrics 1.9, rulings 17, 72).
    """
    staged = t["staged"]
    marks = staged.filter(staged.kind.isin(["deleted", "spam", "restored", "merged"]))
    marks = marks.select("source", "ticket_id", "kind", "to_value", *ORDER).order_by("ticket_id", *ORDER)
    numbers = {
        (row["source"], row["ticket"]): row["ticket_id"]
        for row in t.engine.fetch(
            t["ticket_number"].semi_join(
                marks.filter(marks.kind == "merged"), ["source", ("ticket", "to_value")]
            )
        ).to_pylist()
    }
    known = {row["ticket_id"] for row in t.engine.fetch(_merge_ends(t, staged)).to_pylist()}
    rows = t.engine.fetch(marks).to_pylist()
    resolved = resolve_merges(
        [
            Merge(row["ticket_id"], row["kind"], _target(row, numbers, known), row["to_value"])
            for row in rows
        ]
    )  # fmt: skip
    t.load("marked", _marked_table(resolved))
    marked = t["marked"]
    tickets = t.canonical("ticket").select("source", ticket="id", is_test="is_test")
    numbered = t["ticket_number"].left_join(tickets, ["source", "ticket"]).drop("source_right", "ticket_right")
    created = staged.group_by("ticket_id").aggregate(created_us=staged.created_us.min())
    base = numbered.join(created, "ticket_id")
    base = base.left_join(marked, "ticket_id").drop("ticket_id_right")
    is_test = known_or(base.is_test, ibis.literal(False))
    base = base.mutate(left_out=is_test.ifelse("test", base.left_out), takes_all=is_test | known_or(base.takes_all, False))
    return {"standing": base.drop("is_test")}


def _merge_ends(t: Tables, staged: ibis.Table) -> ibis.Table:
    """Tickets known at `as_of` that some merge names as its survivor."""
    merged = staged.filter(staged.kind == "merged").select("source", ticket="to_value").distinct()
    named = t["ticket_number"].semi_join(merged, ["source", "ticket"])
    return named.semi_join(staged, "ticket_id").select("ticket_id")


def _target(row: dict[str, object], numbers: dict[tuple[str, str], int], known: set[int]) -> int | None:
    number = numbers.get((str(row["source"]), str(row["to_value"])))
    return number if number in known else None


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
    acted, standing = t["acted"], t["standing"]
    own = acted.join(standing.select("ticket_id", "left_out", "survivor_id", "takes_all"), "ticket_id")
    survivors = standing.filter(standing.left_out.isnull()).select(
        home_id="ticket_id", home_created_us="created_us"
    )
    moving = own.filter(own.survivor_id.notnull() & ~own.takes_all & own.kind.isin(list(MOVING)))
    moved = moving.join(survivors, moving.survivor_id == survivors.home_id)
    moved = moved.mutate(
        own_eff_us=moved.eff_us,
        eff_us=ibis.greatest(moved.eff_us, moved.home_created_us),
        created_us=moved.home_created_us,
        ticket_id=moved.home_id,
        is_moved=ibis.literal(1).cast("int8"),
    ).drop("home_id", "home_created_us")
    stay = own.filter(own.left_out.isnull() & (own.kind != "merged"))
    stay = stay.mutate(own_eff_us=stay.eff_us, is_moved=ibis.literal(0).cast("int8"))
    both = stay.union(moved.select(*stay.columns)).drop("left_out", "survivor_id", "takes_all")
    order = ibis.window(
        group_by="ticket_id", order_by=["eff_us", "is_moved", "own_eff_us", "counter_rank", "counter", "sequence", "id"]
    )
    both = both.mutate(ord=ibis.row_number().over(order).cast("int64") + 1)
    return {"history": both.mutate(pos=both.ticket_id * POSITIONS_PER_TICKET + both.ord)}

