"""What each ticket was, just after each of its events: stage, status, assignee, team, priority, schedule."""

from collections.abc import Mapping

import ibis
import pyarrow as pa

from deskmeter.canon.vocab import RESOLVED_STAGES, STAGES
from deskmeter.facts.people import with_label, with_role
from deskmeter.facts.tables import Tables, key, known_or


def changes(t: Tables) -> Mapping[str, ibis.Table]:
    """`change`: the value that each state-changing event sets, with labels and stages; one row per `pos`.

    A status without a stage leaves the stage as it was (metrics 2). A moved event changes nothing (ruling 17).
    """
    history = t["history"]
    h = history.filter((history.is_moved == 0) & history.kind.isin(["status", "assign", "team", "priority", "created"]))

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
    stages = t["stage_of"]
    sets = sets.left_join(stages, ["source", "status"]).drop("source_right", "status_right")
    sets = sets.mutate(assignee_key=key(sets.source, sets.assignee))
    sets = with_role(sets, t, "assignee_key", "eff_us", ("pos",), "assignee_role")
    sets = with_label(sets, t["person"], "source", "assignee", "agent")
    sets = with_label(sets, t["team"], "source", "team_id", "team")
    sets = sets.mutate(
        is_human=sets.assignee.notnull() & (known_or(sets.assignee_role, ibis.literal("staff")) != "bot"),
        sets_stage=sets.sets_status & sets.stage.notnull(),
    )
    return {"change": sets.drop("assignee_key", "assignee_role", "team_id", "eff_us", "source")}


def stage_map(t: Tables) -> Mapping[str, ibis.Table]:
    """`stage_of`: (source, status) -> stage, every status that a source maps.

    A source that maps nothing at all and uses our own stage names needs no mapping.
    """
    rows = t.canonical("status_stage")
    own = rows.group_by("source", "status").aggregate(stage=rows.stage.max())
    sources = t["ticket_number"].select("source").distinct()
    t.load("stage_name", pa.table({"stage": list(STAGES)}))
    silent = sources.anti_join(rows, "source").cross_join(t["stage_name"])
    return {"stage_of": own.union(silent.select("source", "stage", status="stage").select(*own.columns))}


def timeline(t: Tables) -> Mapping[str, ibis.Table]:
    """`timeline`: the history with the ticket's state just after each event, one row an event.

    Adds stage, status, agent, assignee, team, priority, is_human (the assignee), prev_stage, is_resolution,
    is_leaving, and running numbers of resolutions, leavings and human replies.
    """
    history, change = t["history"], t["change"]
    wanted = history.left_join(change.rename(change_pos="pos"), [("pos", "change_pos")]).drop("change_pos")
    so_far = ibis.window(group_by="ticket_id", order_by="ord", following=0)

    def last(sets: str) -> ibis.Value:
        return wanted[sets].ifelse(wanted.pos, ibis.null("int64")).max().over(so_far)

    marks = wanted.select(
        *history.columns,
        stage_pos=last("sets_stage"),
        status_pos=last("sets_status"),
        assignee_pos=last("sets_assignee"),
        team_pos=last("sets_team"),
        priority_pos=last("sets_priority"),
    )
    parts = {
        "stage_pos": {"stage": "stage"},
        "status_pos": {"status": "status"},
        "assignee_pos": {"assignee": "assignee", "agent": "agent", "is_human": "is_human"},
        "team_pos": {"team": "team"},
        "priority_pos": {"priority": "priority"},
    }
    full = marks
    for mark, values in parts.items():
        part = change.select(**{f"_{mark}": "pos"}, **values)
        full = full.left_join(part, [(mark, f"_{mark}")]).drop(f"_{mark}")
    full = full.mutate(
        stage=known_or(full.stage, ibis.literal("new")), is_human=known_or(full.is_human, ibis.literal(False))
    )
    return {"timeline": _numbered(full.drop("team_pos", "priority_pos", "stage_pos", "status_pos", "assignee_pos"))}


def _numbered(full: ibis.Table) -> ibis.Table:
    in_order = ibis.window(group_by="ticket_id", order_by="ord")
    so_far = ibis.window(group_by="ticket_id", order_by="ord", following=0)
    full = full.mutate(
        prev_stage=known_or(full.stage.lag().over(in_order), ibis.literal("new")),
        prev_agent=full.agent.lag().over(in_order),
        prev_team=full.team.lag().over(in_order),
        prev_status=full.status.lag().over(in_order),
        prev_priority=full.priority.lag().over(in_order),
    )
    was, is_now = full.prev_stage.isin(list(RESOLVED_STAGES)), full.stage.isin(list(RESOLVED_STAGES))
    full = full.mutate(is_resolution=~was & is_now, is_leaving=was & ~is_now, is_resolved=is_now)
    ender = full.is_resolution | full.is_human_reply
    return full.mutate(
        resolutions_n=full.is_resolution.cast("int64").sum().over(so_far).cast("int64"),
        leavings_n=full.is_leaving.cast("int64").sum().over(so_far).cast("int64"),
        replies_n=full.is_human_reply.cast("int64").sum().over(so_far).cast("int64"),
        enders_n=ender.cast("int64").sum().over(so_far).cast("int64"),
        is_ender=ender,
    )


def state_spans(t: Tables) -> Mapping[str, ibis.Table]:
    """`state_span`: stretches of one stage, status, agent, team and priority; they tile each ticket's life.

    `to_us` is null while it lasts. Stretches of no length are left out: a state seen only within an instant.
    """
    timeline = t["timeline"]
    values = ("stage", "status", "agent", "team", "priority")
    changed = timeline.ord == 1
    for name in values:
        before, now = timeline[f"prev_{name}"], timeline[name]
        changed = changed | known_or(before != now, before.isnull() != now.isnull())
    spans = timeline.filter(changed)
    in_order = ibis.window(group_by="ticket_id", order_by="ord")
    spans = spans.select(
        "ticket_id", "source", "pos", "is_resolved", *values, from_us="eff_us", to_us=spans.eff_us.lead().over(in_order)
    )
    return {"state_span": spans.filter(spans.to_us.isnull() | (spans.to_us > spans.from_us))}
