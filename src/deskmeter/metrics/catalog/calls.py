"""Calls: offered, answered, abandoned, how fast and how long (metrics 7)."""

from __future__ import annotations

from deskmeter.engines.expressions import ibis
from deskmeter.metrics.spec import (
    CHANGING,
    Asked,
    Condition,
    Count,
    Expression,
    Formula,
    Measure,
    Metric,
    Overlap,
    Part,
    Share,
    Stat,
)

FAMILY = "Calls"
_CREDIT = "the agent who answered"
_SHORT_S = 5
_OUTCOMES = ("answered", "abandoned", "flowed_out")


def _inbound(rows: ibis.Table, asked: Asked) -> ibis.Value:
    return (rows.direction == "in") & rows.outcome.isin(list(_OUTCOMES))


def _handled(rows: ibis.Table, asked: Asked) -> ibis.Value:
    return (rows.outcome == "answered") & rows.direction.isin(["in", "out"])


def _is_short(rows: ibis.Table, asked: Asked) -> ibis.Value:
    return (rows.outcome == "abandoned") & (rows.queue_s < _SHORT_S)


def _outcome(word: str) -> Condition:
    def keep(rows: ibis.Table, asked: Asked) -> ibis.Value:
        return _inbound(rows, asked) & (rows.outcome == word)

    return keep


def _count(id: str, label: str, definition: str, keep: Condition, good: str) -> Metric:
    return Metric(
        id=id, label=label, family=FAMILY, definition=definition, formula="number of call legs", unit="count",
        basis="ended", credit=_CREDIT, good="down" if good == "down" else "neither", parts=(Part("f_call", keep=keep),),
        aggregate=Count(), leaves_out="calls still running; calls with another outcome (listed as oddities)", decimals=0,
    )  # fmt: skip


COUNTS = (
    _count("calls_offered", "Calls offered", "Inbound calls: answered, abandoned or flowed out.", _inbound, "neither"),
    _count(
        "calls_answered", "Calls answered", "Inbound calls that an agent answered.", _outcome("answered"), "neither"
    ),
    _count(
        "calls_abandoned", "Calls abandoned", "Inbound calls whose caller hung up first.", _outcome("abandoned"), "down"
    ),
)


def _share(
    id: str, label: str, definition: str, formula: str, good: str, hit: Condition, base: Condition, t_s: int | None
) -> Metric:
    return Metric(
        id=id, label=label, family=FAMILY, definition=definition, formula=formula, unit="share", basis="ended",
        credit=_CREDIT, good="down" if good == "down" else "up", parts=(Part("f_call", keep=_inbound),),
        aggregate=Share(hit=hit, base=base), default_within_s=t_s,
    )  # fmt: skip


def _all(rows: ibis.Table, asked: Asked) -> ibis.Value:
    return ibis.literal(True)


def _not_short(rows: ibis.Table, asked: Asked) -> ibis.Value:
    return ~_is_short(rows, asked)


def _in_time(rows: ibis.Table, asked: Asked) -> ibis.Value:
    return (rows.outcome == "answered") & (rows.queue_s <= asked.within_s)


SHARES = (
    _share("abandonment_rate", "Abandonment rate", "Inbound calls whose caller hung up first, of all offered.",
           "abandoned / offered", "down", lambda rows, asked: rows.outcome == "abandoned", _all, None),
    _share("abandonment_rate_excl_short", "Abandonment rate without short ones",
           "The same, leaving abandons under 5 seconds out of both parts.", "(abandoned - short) / (offered - short)", "down",
           lambda rows, asked: rows.outcome == "abandoned", _not_short, None),
    _share("service_level", "Service level", "Inbound calls answered within T (20 s unless asked otherwise), of all offered.",
           "answered within T / offered", "up", _in_time, _all, 20),
    _share("service_level_excl_short", "Service level without short abandons",
           "Inbound calls answered within T, of those offered without abandons under 5 seconds.",
           "answered within T / (offered - short abandons)", "up", _in_time, _not_short, 20),
    _share("service_level_answered", "Service level of answered calls", "Inbound calls answered within T, of those answered.",
           "answered within T / answered", "up", _in_time, lambda rows, asked: rows.outcome == "answered", 20),
)  # fmt: skip


def _time(
    id: str, label: str, definition: str, formula: str, of: Expression, keep: Condition, leaves_out: str
) -> Metric:
    return Metric(
        id=id, label=label, family=FAMILY, definition=definition, formula=formula, unit="seconds", basis="ended",
        credit=_CREDIT, good="down", parts=(Part("f_call", keep=keep),), aggregate=Stat(of, default="mean"),
        leaves_out=leaves_out, sources=("Jivo15 9", "MHC") if id == "average_handle_time" else (), is_additive=False,
    )  # fmt: skip


TIMES = (
    _time("speed_of_answer", "Speed of answer", "Time in the queue of inbound calls that were answered.",
          "queue time of answered calls", lambda rows, asked: rows.queue_s, _outcome("answered"), "calls not answered"),
    _time("average_handle_time", "Average handle time",
          "Talk, hold and after-call work of calls handled, inbound and outbound.", "(talk + hold + wrap) / calls handled",
          lambda rows, asked: rows.handle_s, _handled, "calls with an unknown talk, hold or wrap time"),
    _time("talk_time", "Talk time", "Talk time of calls handled.", "talk / calls handled",
          lambda rows, asked: rows.talk_s, _handled, "calls with an unknown talk time"),
    _time("hold_time", "Hold time", "Time on hold of calls handled.", "hold / calls handled",
          lambda rows, asked: rows.hold_s, _handled, "calls with an unknown hold time"),
    _time("wrap_time", "After-call work", "After-call work of calls handled.", "wrap / calls handled",
          lambda rows, asked: rows.wrap_s, _handled, "calls with an unknown wrap time"),
)  # fmt: skip

call_transfer_rate = Metric(
    id="call_transfer_rate",
    label="Call transfer rate",
    family=FAMILY,
    definition="Calls handled that were transferred on, of those of which that is known.",
    formula="transferred / handled with known transfer",
    unit="share",
    basis="ended",
    credit=_CREDIT,
    good="down",
    parts=(Part("f_call", keep=_handled),),
    aggregate=Share(
        hit=lambda rows, asked: rows.is_transferred, base=lambda rows, asked: rows.is_transferred.notnull()
    ),
)


def _clipped(state: tuple[str, ...]) -> Expression:
    def of(rows: ibis.Table, asked: Asked) -> ibis.Value:
        return rows.state.isin(list(state)).ifelse(rows.clip_to_us - rows.clip_from_us, 0)

    return of


def _seconds(micros: float) -> float:
    """Whole seconds: clipped stretches are rounded down once, after adding up (ruling 54)."""
    return micros // 1_000_000


occupancy = Metric(
    id="occupancy",
    label="Occupancy",
    family=FAMILY,
    definition="Time on contacts of the time on contacts or available for one; time away is in neither.",
    formula="on contact / (on contact + available)",
    unit="share",
    basis="logged-in time within the period",
    credit="the agent logged in",
    good="neither",
    parts=(
        Part(
            "f_availability",
            Overlap(),
            keep=lambda rows, asked: rows.state.isin(["on_contact", "available"]),
            lacks=CHANGING,
        ),
    ),
    aggregate=Formula(
        measures=(
            Measure("busy_us", "sum", _clipped(("on_contact",))),
            Measure("all_us", "sum", _clipped(("on_contact", "available"))),
            Measure("n", "sum", lambda rows, asked: rows.state.notnull().cast("int64")),
        ),
        value=lambda m: _seconds(m["busy_us"]) / _seconds(m["all_us"]) if _seconds(m["all_us"]) else None,
        numerator=lambda m: _seconds(m["busy_us"]),
        denominator=lambda m: _seconds(m["all_us"]),
        n="n",
    ),
)
