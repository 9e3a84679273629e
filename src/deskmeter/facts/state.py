"""What each ticket was, just after each of its events: stage, status, assignee, team, priority.

What is sorted are whole numbers alone: a code stands for a value, packed behind the number of the event that set it,
so that one running maximum gives both; the values are joined to their codes at the end, once for each state.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from deskmeter.canon.vocab import RESOLVED_STAGES, STAGES
from deskmeter.engines.expressions import ibis
from deskmeter.facts.held_state import NUMBER, STATES, with_state
from deskmeter.facts.ordering import payload
from deskmeter.facts.people import with_label, with_role
from deskmeter.facts.tables import FAR_PAST, Tables, known_or

VALUES = ("stage", "status", "assignee", "team", "priority")
# the columns that a code of each value stands for
_PARTS = {
    "status": ("status",),
    "assignee": ("assignee", "agent", "is_human"),
    "team": ("team",),
    "priority": ("priority",),
}
_STATE_CODES = ("stage_no", *(f"{name}_code" for name in _PARTS))
_CODES = 2**31  # more different values than any desk has
_NEW = STAGES.index("new")
_RESOLVED = [STAGES.index(stage) for stage in RESOLVED_STAGES]


def stage_names(t: Tables) -> None:
    """Loads `stage_name`: the stages in order with their numbers."""
    t.take("stage_name", pa.table({"stage": list(STAGES), "stage_no": pa.array(range(len(STAGES)), pa.int64())}))


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
    rows = payload(t).filter(lambda row: row.kind.isin(["status", "assign", "team", "priority", "created"]))
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
        stage_code=sets.sets_status.ifelse(sets.stage_no, ibis.null("int64")),
    )
    return {"change": sets.drop("assignee_role", "team_id", "eff_us", "source", "stage", "stage_no")}


def values(t: Tables) -> Mapping[str, ibis.Table]:
    """`<value>_value`: a code for every status, assignee, team and priority that any change sets; 0 is none yet."""
    found = {}
    for name, columns in _PARTS.items():
        rows = t["change"].filter(t["change"][f"sets_{name}"]).select(*columns).distinct()
        code = ibis.row_number().over(ibis.window(order_by=list(columns))).cast("int64") + 1
        rows = rows.mutate(code=code)
        none_yet = (
            t["stage_name"]
            .filter(t["stage_name"].stage_no == 0)
            .select(
                **{column: ibis.null(rows[column].type()) for column in columns}, code=ibis.literal(0).cast("int64")
            )
        )
        found[f"{name}_value"] = rows.union(none_yet)
    return found


def _codes(t: Tables) -> ibis.Table:
    """change_pos, <value>_code: the code of each value that a change sets, null where it sets none."""
    rows = t["change"]
    for name, columns in _PARTS.items():
        value = t[f"{name}_value"]
        value = value.filter(value.code > 0).select(**{f"_{column}": column for column in columns}, _code="code")
        same = [rows[column].identical_to(value[f"_{column}"]) for column in columns]
        rows = rows.left_join(value, same).drop(*(f"_{column}" for column in columns))
        code = rows[f"sets_{name}"].ifelse(rows._code, ibis.null("int64"))
        rows = rows.mutate(**{f"{name}_code": code}).drop("_code")
    return rows.select(*(f"{name}_code" for name in VALUES), change_pos="pos")


def positions(t: Tables) -> Mapping[str, ibis.Table]:
    """`position`: per event what its ticket was just after it, in codes: <value>_code, stage_no and prev_stage_no.

    And what it changed, and the running numbers of resolutions, leavings, human replies and enders.
    """
    acted = t["acted"].select("event_no", "is_human_reply", "is_birth")
    rows = t["history"].select("event_no", "ticket_id", "ord", "pos", "is_moved").join(acted, "event_no")
    # a call that bore a ticket is no reply on the one that this is merged into: it moves as a call (rulings 17, 81)
    rows = rows.mutate(is_human_reply=rows.is_human_reply & ~(rows.is_birth & (rows.is_moved == 1)))
    rows = rows.left_join(_codes(t), [("pos", "change_pos")])
    so_far = ibis.window(group_by="ticket_id", order_by="ord", following=0)
    before = ibis.window(group_by="ticket_id", order_by="ord", preceding=(None, 1))
    sets = {name: rows.ord * _CODES + rows[f"{name}_code"] for name in VALUES}
    rows = rows.select(
        "event_no", "ticket_id", "ord", "is_human_reply",
        **{f"{name}_set": value.max().over(so_far) for name, value in sets.items()},
        prev_stage_set=sets["stage"].max().over(before),
    )  # fmt: skip
    rows = rows.mutate(
        stage_no=known_or(rows.stage_set % _CODES, ibis.literal(_NEW)).cast("int64"),
        prev_stage_no=known_or(rows.prev_stage_set % _CODES, ibis.literal(_NEW)).cast("int64"),
        is_change=ibis.or_(rows.ord == 1, *(_is_set(rows, name) for name in VALUES)),
    )
    was, is_now = rows.prev_stage_no.isin(_RESOLVED), rows.stage_no.isin(_RESOLVED)
    rows = rows.mutate(is_resolution=~was & is_now, is_leaving=was & ~is_now, is_resolved=is_now)
    # no event is both, and every second crossing of the line is a leaving: one running sum counts all four
    steps = rows.is_resolution.cast("int64") * _CODES + rows.is_human_reply.cast("int64")
    rows = rows.mutate(
        is_ender=rows.is_resolution | rows.is_human_reply, counted=steps.sum().over(so_far).cast("int64")
    )
    rows = rows.mutate(
        resolutions_n=(rows.counted // _CODES).cast("int64"), replies_n=(rows.counted % _CODES).cast("int64")
    )
    rows = rows.mutate(
        leavings_n=rows.resolutions_n - rows.is_resolved.cast("int64"),
        enders_n=rows.resolutions_n + rows.replies_n,
        sets_assignee=_is_set(rows, "assignee"),
        sets_team=_is_set(rows, "team"),
        **{f"{name}_code": known_or(rows[f"{name}_set"] % _CODES, ibis.literal(0)).cast("int64") for name in _PARTS},
    )
    packed = [f"{name}_set" for name in VALUES]
    return {"position": rows.drop("ticket_id", "ord", "is_human_reply", "prev_stage_set", "counted", *packed)}


def _is_set(rows: ibis.Table, name: str) -> ibis.Value:
    """Whether this very event set the value; it may have set the same again."""
    return known_or(rows[f"{name}_set"] >= rows.ord * _CODES, ibis.literal(False))


def state_codes(t: Tables) -> Mapping[str, ibis.Table]:
    """`state_code`: the states that any ticket was in, in codes, numbered: state_no."""
    position = t["position"]
    found = position.filter(position.is_change).select(*_STATE_CODES).distinct()
    number = ibis.row_number().over(ibis.window(order_by=list(_STATE_CODES))).cast("int64") + 1
    return {"state_code": found.mutate(**{NUMBER: number})}


def states(t: Tables) -> Mapping[str, ibis.Table]:
    """`ticket_state`: state_no -> stage, status, assignee, agent, is_human, team, priority."""
    found = t["state_code"].join(t["stage_name"].select("stage", _no="stage_no"), [("stage_no", "_no")]).drop("_no")
    for name, columns in _PARTS.items():
        known = t[f"{name}_value"].select(*columns, _code="code")
        found = found.join(known, [(f"{name}_code", "_code")]).drop("_code")
    found = found.mutate(is_human=known_or(found.is_human, ibis.literal(False)))
    return {STATES: found.drop(*_STATE_CODES)}


def timeline(t: Tables) -> Mapping[str, ibis.Table]:
    """`timeline`: one row an event in final order, with who did it, what it was, and the state just after it (state_no).

    said_us is the source's own time of the event, eff_us the one that counts.
    """
    said = payload(t).select("event_no", "source", "kind", "field", "to_value", "seconds", event="id", said_us="at")
    full = t["position"].join(t["state_code"], list(_STATE_CODES)).drop(*_STATE_CODES)
    full = full.join(t["history"], "event_no").join(t["acted"], "event_no").join(said, "event_no")
    is_moved_birth = full.is_birth & (full.is_moved == 1)
    full = full.mutate(
        is_birth=full.is_birth & ~is_moved_birth,
        is_human_reply=full.is_human_reply & ~is_moved_birth,
        is_any_reply=full.is_any_reply & ~is_moved_birth,
    )
    return {"timeline": full.drop("event_no")}


def changes_of_hand(t: Tables) -> ibis.Table:
    """The rows of `timeline` that set assignee or team, with assignee, agent and team after and before them.

    The state before them is the one of the change before: an event sets one value, and the others stay.
    """
    rows = t["timeline"].filter(t["timeline"].is_change)
    in_order = ibis.window(group_by="ticket_id", order_by="ord")
    rows = rows.mutate(prev_state_no=rows[NUMBER].lag().over(in_order))
    rows = rows.filter(rows.sets_assignee | rows.sets_team)
    rows = with_state(rows, t[STATES], "assignee", "agent", "team", "is_human")
    before = t[STATES].select(_state_no=NUMBER, prev_agent="agent", prev_team="team")
    return rows.left_join(before, [("prev_state_no", "_state_no")]).drop("_state_no")


def given_to_humans(t: Tables) -> ibis.Table:
    """The rows of `timeline` that give their ticket to a human, at its creation too."""
    rows = t["timeline"]
    rows = rows.filter((rows.is_moved == 0) & ((rows.kind == "assign") | rows.is_creation))
    rows = with_state(rows, t[STATES], "is_human")
    return rows.filter(rows.is_human)


def state_spans(t: Tables) -> Mapping[str, ibis.Table]:
    """`state_span`: stretches of one stage, status, agent, team and priority; they tile each ticket's life.

    `to_us` is null while it lasts. Stretches of no length are left out: a state seen only within an instant.
    `since_us` is `from_us`, and far in the past for the first: a ticket had the state that it was created with before.
    """
    rows = t["timeline"].filter(t["timeline"].is_change)
    in_order = ibis.window(group_by="ticket_id", order_by="ord")
    spans = rows.select(
        "ticket_id", "source", "pos", "is_resolved", NUMBER,
        to_us=rows.eff_us.lead().over(in_order), from_us="eff_us",
        since_us=(rows.eff_us == rows.created_us).ifelse(ibis.literal(FAR_PAST), rows.eff_us),
    )  # fmt: skip
    return {"state_span": spans.filter(spans.to_us.isnull() | (spans.to_us > spans.from_us))}
