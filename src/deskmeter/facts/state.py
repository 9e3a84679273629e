"""What each ticket was, just after each of its events: stage, status, assignee, team, priority.

What is sorted are whole numbers alone: the position of the event that set a value stands for the value, which is
joined to it at the end.
"""

from collections.abc import Mapping

import ibis
import pyarrow as pa

from deskmeter.canon.vocab import RESOLVED_STAGES, STAGES
from deskmeter.facts.people import with_label, with_role
from deskmeter.facts.tables import Tables, known_or

VALUES = ("stage", "status", "assignee", "team", "priority")
_NEW = STAGES.index("new")
_RESOLVED = [STAGES.index(stage) for stage in RESOLVED_STAGES]


def stage_names(t: Tables) -> None:
    """Loads `stage_name`: the stages in order with their numbers."""
    t.load("stage_name", pa.table({"stage": list(STAGES), "stage_no": pa.array(range(len(STAGES)), pa.int64())}))


def stage_map(t: Tables) -> Mapping[str, ibis.Table]:
    """`stage_of`: (source, status) -> stage, every status that a source maps.

    A source that maps nothing at all and uses our own stage names needs no mapping.
    """
    rows = t.canonical("status_stage")
    own = rows.group_by("source", "status").aggregate(stage=rows.stage.max())
    sources = t["ticket_number"].select("source").distinct()
    silent = sources.anti_join(rows, "source").cross_join(t["stage_name"])
    both = own.union(silent.select("source", "stage", status="stage").select(*own.columns))
    return {"stage_of": both.join(t["stage_name"], "stage")}


def changes(t: Tables) -> Mapping[str, ibis.Table]:
    """`change`: the values that each state-changing event sets, with labels and stages; one row per `pos`.

    A status without a stage leaves the stage as it was (metrics 2). A moved event changes nothing (ruling 17).
    """
    rows = t["event_row"].filter(t["event_row"].kind.isin(["status", "assign", "team", "priority", "created"]))
    rows = rows.select(
        "event_no", "source", "kind", "to_value", "first_status", "first_assignee", "first_team", "first_priority"
    )
    history = (
        t["history"].filter(t["history"].is_moved == 0).drop("ticket_id", "created_us", "own_eff_us", "is_moved", "ord")
    )
    h = rows.join(history, "event_no").drop("event_no")

    def value(kind: str, first: str) -> ibis.Value:
        return (h.kind == kind).ifelse(h.to_value, h[first])

    sets = h.select(
        "source",
        "pos",
        "eff_us",
        sets_status=(h.kind == "status") | h.first_status.notnull(),
        sets_assignee=(h.kind == "assign") | h.first_assignee.notnull(),
        sets_team=(h.kind == "team") | h.first_team.notnull(),
        sets_priority=(h.kind == "priority") | h.first_priority.notnull(),
        status=value("status", "first_status"),
        assignee=value("assign", "first_assignee"),
        team_id=value("team", "first_team"),
        priority=value("priority", "first_priority"),
    )
    sets = sets.left_join(t["stage_of"], ["source", "status"]).drop("source_right", "status_right")
    sets = with_role(sets, t, "source", "assignee", "eff_us", "pos", "assignee_role", "agent")
    sets = with_label(sets, t["team"], "source", "team_id", "team")
    sets = sets.mutate(
        is_human=sets.assignee.notnull() & (known_or(sets.assignee_role, ibis.literal("staff")) != "bot"),
        sets_stage=sets.sets_status & sets.stage.notnull(),
    )
    return {"change": sets.drop("assignee_role", "team_id", "eff_us", "source")}


def positions(t: Tables) -> Mapping[str, ibis.Table]:
    """`position`: per event the position of the event that set each of its ticket's values, and that before it.

    <value>_pos, prev_<value>_pos; and the running numbers of resolutions, leavings, human replies and enders.
    """
    change = t["change"].select("stage_no", "is_human", change_pos="pos", **{f"sets_{v}": f"sets_{v}" for v in VALUES})
    acted = t["acted"].select("event_no", "is_human_reply", "is_birth")
    rows = t["history"].select("event_no", "ticket_id", "ord", "pos", "is_moved").join(acted, "event_no")
    # a call that bore a ticket is no reply on the one that this is merged into: it moves as a call (rulings 17, 81)
    rows = rows.mutate(is_human_reply=rows.is_human_reply & ~(rows.is_birth & (rows.is_moved == 1)))
    rows = rows.left_join(change, [("pos", "change_pos")]).drop("change_pos")
    no = ibis.null("int64")
    so_far = ibis.window(group_by="ticket_id", order_by="ord", following=0)
    in_order = ibis.window(group_by="ticket_id", order_by="ord")
    # the stage rides in the lowest digit of its position, so that one running maximum gives both
    packed = known_or(rows.sets_stage, ibis.literal(False)).ifelse(rows.ord * 8 + rows.stage_no, no).max().over(so_far)
    last = {
        f"{name}_pos": known_or(rows[f"sets_{name}"], ibis.literal(False)).ifelse(rows.pos, no).max().over(so_far)
        for name in VALUES
    }
    rows = rows.select("event_no", "ticket_id", "ord", "pos", "is_human_reply", stage_code=packed, **last)
    stage_no = known_or(rows.stage_code % 8, ibis.literal(_NEW)).cast("int64")
    rows = rows.mutate(stage_no=stage_no)
    rows = rows.mutate(
        prev_stage_no=known_or(rows.stage_no.lag().over(in_order), ibis.literal(_NEW).cast("int64")),
        **{f"prev_{name}_pos": rows[f"{name}_pos"].lag().over(in_order) for name in VALUES},
    )
    was, is_now = rows.prev_stage_no.isin(_RESOLVED), rows.stage_no.isin(_RESOLVED)
    rows = rows.mutate(is_resolution=~was & is_now, is_leaving=was & ~is_now, is_resolved=is_now)
    rows = rows.mutate(is_ender=rows.is_resolution | rows.is_human_reply)

    def running(flag: str) -> ibis.Value:
        return rows[flag].cast("int64").sum().over(so_far).cast("int64")

    rows = rows.mutate(
        resolutions_n=running("is_resolution"),
        leavings_n=running("is_leaving"),
        replies_n=running("is_human_reply"),
        enders_n=running("is_ender"),
    )
    return {"position": rows.drop("ticket_id", "ord", "is_human_reply", "stage_code")}


def timeline(t: Tables) -> Mapping[str, ibis.Table]:
    """`timeline`: one row an event in final order, with who did it, what it was, and the state just after it.

    said_us is the source's own time of the event, eff_us the one that counts.
    """
    payload = t["event_row"].select(
        "event_no", "source", "kind", "field", "to_value", "seconds", event="id", said_us="at"
    )
    history = t["history"].drop("pos")
    full = t["position"].join(history, "event_no").join(t["acted"], "event_no").join(payload, "event_no")
    is_moved_birth = full.is_birth & (full.is_moved == 1)
    full = full.mutate(
        is_birth=full.is_birth & ~is_moved_birth,
        is_human_reply=full.is_human_reply & ~is_moved_birth,
        is_any_reply=full.is_any_reply & ~is_moved_birth,
    )
    full = full.join(t["stage_name"].select(stage_no="stage_no", stage="stage"), "stage_no")
    before = t["stage_name"].select(_stage_no="stage_no", prev_stage="stage")
    full = full.join(before, [("prev_stage_no", "_stage_no")]).drop("_stage_no")
    full = with_values(full, t, "{}_pos", "{}")
    return {
        "timeline": full.mutate(is_human=known_or(full.is_human, ibis.literal(False))).drop("stage_no", "prev_stage_no")
    }


def with_values(table: ibis.Table, t: Tables, mark: str, name: str) -> ibis.Table:
    """`table` with agent, assignee, is_human, team, status and priority as set at its marked positions.

    `mark` and `name` are patterns: `{}_pos` and `{}` give the state, `prev_{}_pos` and `prev_{}` the one before.
    """
    parts = {
        "status": ("status",), "assignee": ("assignee", "agent", "is_human"), "team": ("team",), "priority": ("priority",),
    }  # fmt: skip
    for value, columns in parts.items():
        at = mark.format(value)
        part = t["change"].select(**{f"_{at}": "pos"}, **{name.format(column): column for column in columns})
        table = table.left_join(part, [(at, f"_{at}")]).drop(f"_{at}")
    return table


def state_spans(t: Tables) -> Mapping[str, ibis.Table]:
    """`state_span`: stretches of one stage, status, agent, team and priority; they tile each ticket's life.

    `to_us` is null while it lasts. Stretches of no length are left out: a state seen only within an instant.
    """
    timeline = t["timeline"]
    changed = timeline.ord == 1
    for name in VALUES:
        now, before = timeline[f"{name}_pos"], timeline[f"prev_{name}_pos"]
        changed = changed | known_or(now != before, now.notnull())
    moved = timeline.filter(changed).select("ticket_id", "pos", "ord", "eff_us")
    in_order = ibis.window(group_by="ticket_id", order_by="ord")
    moved = moved.mutate(to_us=moved.eff_us.lead().over(in_order))
    moved = moved.filter(moved.to_us.isnull() | (moved.to_us > moved.eff_us))
    values = timeline.select("source", "is_resolved", "stage", "status", "agent", "team", "priority", _pos="pos")
    spans = moved.join(values, [("pos", "_pos")])
    return {
        "state_span": spans.select(
            "ticket_id", "source", "pos", "is_resolved", "stage", "status", "agent", "team", "priority", "to_us",
            from_us="eff_us",
        )
    }  # fmt: skip
