"""Speed: how long customers wait and tickets take, by both clocks (metrics 5)."""

from __future__ import annotations

from deskmeter.engines.expressions import ibis
from deskmeter.metrics.catalog_roles import NOW
from deskmeter.metrics.open_rows import (
    handed_and_unanswered_at_end,
    never_resolved_at_end,
    open_at_end,
    replied_at_end,
    unanswered_at_end,
    unanswered_by_any_at_end,
    waiting_at_end,
)
from deskmeter.metrics.spec import Always, Asked, Flow, Metric, Part, Rows, Stat, Survival

FAMILY = "Speed"
_BOTH = ("calendar", "business")
_OWNER = "owner_at_resolution: the assignee, else the author of the resolution"
_TO_SECONDS = 1_000_000


def _length(rows: ibis.Table, asked: Asked) -> ibis.Value:
    return rows[f"{asked.clock_column}_s"]


def _micros(rows: ibis.Table, asked: Asked) -> ibis.Value:
    return rows[f"{asked.clock_column}_us"]


def _unanswered_yet(running: Rows) -> Rows:
    """What still runs has no reply yet, so no channel of one."""
    return lambda asked: running(asked).mutate(message_channel=ibis.null("string"))


def _duration(
    id: str, kind: str, label: str, definition: str, formula: str, basis: str, credit: str, running: Rows | None,
    sources: tuple[str, ...], leaves_out: str = "",
) -> Metric:  # fmt: skip
    lacks = frozenset[str]() if basis == "replied" else frozenset({"message_channel"})
    parts = [Part("f_duration", keep=lambda rows, asked: rows.kind == kind, lacks=lacks)]
    if running is not None:
        parts.append(Part(_unanswered_yet(running), Always("at_us")))
    return Metric(
        id=id,
        label=label,
        family=FAMILY,
        definition=definition,
        formula=formula,
        unit="seconds",
        basis=basis,
        credit=credit,
        good="down",
        parts=tuple(parts),
        aggregate=Stat(_length, running=1 if running is not None else None),
        leaves_out=leaves_out,
        sources=sources,
        clocks=_BOTH,
        is_additive=False,
    )


DURATIONS = (
    _duration(
        "first_reply_time", "first_reply", "First reply time",
        "From the ticket's creation (opened by staff: from the customer's first message) to the first human reply; on a ticket "
        "born from a call: from ringing to the answer. Time with a bot counts.",
        "first human reply - creation", "replied", "author of the reply", unanswered_at_end,
        ("KPI8", "Jivo15 6", "Role", "IS4"), "replies by automation; the opening message of staff",
    ),
    _duration(
        "first_reply_time_any", "first_reply_any", "First reply time, automation included",
        "The same as first reply time, but a public reply by automation counts.",
        "first public reply - creation", "replied", "author of the reply", unanswered_by_any_at_end, ("Jivo15 6",),
    ),
    _duration(
        "assignment_to_first_reply", "assignment_to_first_reply", "Assignment to first reply",
        "From the first assignment to a human, or the bot's handoff if that came first, to the first human reply.",
        "first human reply - first assignment or handoff", "replied", "author of the reply",
        handed_and_unanswered_at_end, (),
        "tickets that were answered before they were assigned",
    ),
    _duration(
        "reply_time", "reply", "Reply time",
        "Every wait that a human reply ended: from the first unanswered customer message to the reply.",
        "human reply - first unanswered customer message", "replied", "author of the reply", waiting_at_end,
        ("MHC", "Jivo15 (Huot)"), "waits that a resolution ended",
    ),
    _duration(
        "resolution_time_first", "resolution_first", "Time to first resolution",
        "From creation to the first resolution, whatever came later.",
        "first resolution - creation", "resolved (first)", _OWNER, never_resolved_at_end, ("ZD",),
    ),
    _duration(
        "resolution_time", "resolution", "Resolution time",
        "From creation to the last resolution, of tickets that are resolved at as_of; the mean is total time / number resolved.",
        "last resolution - creation", "resolved (last)", _OWNER, open_at_end,
        ("MHC", "KPI8", "Jivo15 8", "Role", "IS4"), "tickets that are open at as_of (shown as n_open)",
    ),
    _duration(
        "resolution_time_episode", "resolution_episode", "Resolution time of an episode",
        "From the start of an episode (creation, reopening, or the message of a new contact) to its resolution.",
        "resolution - start of its episode", "resolved", _OWNER, open_at_end, (),
    ),
    _duration(
        "first_reply_to_resolution", "first_reply_to_resolution", "First reply to resolution",
        "From the first human reply to the last resolution of tickets resolved at as_of.",
        "last resolution - first human reply", "resolved (last)", _OWNER, replied_at_end, (),
        "tickets without a human reply, or first answered after their resolution",
    ),
)  # fmt: skip


def _until_resolved(asked: Asked) -> ibis.Table:
    """The tickets of the period with their lives so far: to the last resolution, or to `as_of`."""
    rows = asked.tables("f_ticket")
    rows = rows.filter((rows.created_us >= asked.from_us) & (rows.created_us < asked.to_us))
    rows = rows.filter(rows.created_us <= asked.as_of_us)
    rows = rows.mutate(lived_to_us=ibis.coalesce(rows.resolved_us, asked.as_of_us))
    if asked.clock == "calendar":
        return rows.mutate(calendar_us=rows.lived_to_us - rows.created_us)
    return asked.with_clocks(rows.mutate(life=rows.ticket_id), "life", "created_us", "lived_to_us")


time_to_resolution_km = Metric(
    id="time_to_resolution_km",
    label="Time to resolution, open tickets included",
    family=FAMILY,
    definition="Kaplan-Meier quantile of the time to the last resolution by creation cohort; tickets still open count as "
    "censored at as_of, so slow tickets are not left out.",
    formula="smallest t with S(t) <= 1 - q",
    unit="seconds",
    basis="created",
    credit="assignee at as_of",
    good="down",
    parts=(
        Part(
            _until_resolved,
            Flow("created_us"),
            dims=NOW,
            keep=lambda rows, asked: rows[f"{asked.clock_column}_us"].notnull(),
            like="f_ticket",
        ),
    ),
    aggregate=Survival(
        length=_micros,
        seen=lambda rows, asked: rows.resolved_us.notnull(),
        read="quantile",
        divisor=_TO_SECONDS,
    ),
    clocks=_BOTH,
    is_additive=False,
)


def _stage_time(
    id: str,
    label: str,
    definition: str,
    formula: str,
    part: Part,
    good: str,
    sources: tuple[str, ...],
    default: str = "median",
) -> Metric:
    return Metric(
        id=id,
        label=label,
        family=FAMILY,
        definition=definition,
        formula=formula,
        unit="seconds",
        basis="resolved (last)",
        credit="time_share: each agent and team has the time that it had the ticket",
        good="down" if good == "down" else "neither",
        parts=(part,),
        aggregate=Stat(_micros, default=default, per="ticket_id", divisor=_TO_SECONDS),
        sources=sources,
        clocks=_BOTH,
        is_additive=False,
        notes=("the stretches of a ticket are added up within each group before the statistic is taken",),
    )


def _waits(stages: tuple[str, ...]) -> Rows:
    """Stretches in `stages`; a resolved ticket that was never in one has a stretch of no length (ruling 23)."""

    def rows(asked: Asked) -> ibis.Table:
        spans = asked.tables("f_stage_time")
        mine = spans.filter(spans.stage.isin(list(stages)))
        never = asked.tables("f_stage_zero").anti_join(mine.select("ticket_id").distinct(), "ticket_id")
        return mine.union(never.select(*mine.columns))

    return rows


STAGE_TIMES = (
    _stage_time(
        "time_in_stage", "Time in stage",
        "Time in each stage (split by stage, or by the source's own status) up to the last resolution of tickets resolved at "
        "as_of. A stage never entered is null, not 0.",
        "sum of the stretches in the stage", Part("f_stage_time"), "neither", ("IS4 (by stage)",),
    ),
    _stage_time(
        "requester_wait_time", "Requester wait time",
        "Time in new, open or hold up to the last resolution: the time that the customer waits for the desk or a third party.",
        "time in new + open + hold", Part(_waits(("new", "open", "hold")), like="f_stage_time"), "down", ("ZD",),
    ),
    _stage_time(
        "agent_wait_time", "Agent wait time",
        "Time in pending up to the last resolution: the time that the desk waits for the customer.",
        "time in pending", Part(_waits(("pending",)), like="f_stage_time"), "down", ("ZD",),
    ),
)  # fmt: skip


def _all_stretches(asked: Asked) -> ibis.Table:
    """Every stretch of the tickets resolved; those still running end at as_of."""
    spans = asked.tables("f_status_time")
    if asked.clock_column == "business_last":
        # stages add up to the whole only by one schedule, the one at its end (ruling 81)
        whole = spans.filter((spans.at_us >= asked.from_us) & (spans.at_us < asked.to_us))
        whole = whole.drop("calendar_us", "business_us", "business_last_us")
        whole = whole.mutate(until_us=ibis.coalesce(whole.to_us, asked.as_of_us), now_us=asked.as_of_us)
        return asked.with_clocks(whole, "pos", "from_us", "until_us", "now_us").select(*spans.columns)
    over = spans.filter(spans.to_us.notnull())
    running = spans.filter(spans.to_us.isnull()).drop("calendar_us", "business_us", "business_last_us")
    running = running.mutate(now_us=asked.as_of_us)
    running = asked.with_clocks(running, "pos", "from_us", "now_us")
    return over.union(running.select(*over.columns))


time_in_status_total = Metric(
    id="time_in_status_total",
    label="Total time in status",
    family=FAMILY,
    definition="All time that tickets resolved at as_of have spent in each stage or own status, after the last resolution too; a "
    "running stretch ends at as_of.",
    formula="sum of all stretches",
    unit="seconds",
    basis="resolved (last)",
    credit="time_share",
    good="neither",
    parts=(Part(_all_stretches, like="f_status_time"),),
    aggregate=Stat(_micros, default="sum", per="ticket_id", divisor=_TO_SECONDS),
    clocks=_BOTH,
    is_additive=False,
)


def _worked(kind: str, label: str, definition: str) -> Metric:
    return Metric(
        id=f"handle_time_{kind}",
        label=label,
        family=FAMILY,
        definition=definition,
        formula="sum of the seconds recorded up to the last resolution",
        unit="seconds",
        basis="resolved (last)",
        credit="author of the work",
        good="down",
        parts=(Part("f_agent_time", keep=lambda rows, asked: rows.kind == kind),),
        aggregate=Stat(lambda rows, asked: rows.seconds, default="mean", per="ticket_id"),
        leaves_out="tickets on which no such work was recorded: they are null, not 0",
        sources=("MHC", "IS4"),
        is_additive=False,
        notes=("never mixed with handle time measured in another way",),
    )


HANDLE_TIMES = (
    _worked(
        "entries",
        "Handle time by time entries",
        "Seconds worked on a resolved ticket, by the time entries of its agents.",
    ),
    _worked("active", "Handle time by activity", "Seconds for which agents viewed or edited a resolved ticket."),
    _worked("calls", "Handle time by calls", "Talk, hold and after-call work of the calls of a resolved ticket."),
)
