"""Promises: how many were kept, broken, and are about to be (metrics 11)."""

from deskmeter.metrics.spec import Count, Metric, Part, Share, Stock

FAMILY = "SLA"
_OF_CALLS = frozenset({"outcome"})  # how a promise ended is what is measured; the dimension is that of calls
_DECIDED = Part("f_sla", keep=lambda rows, asked: rows.outcome.isin(["met", "breached"]), lacks=_OF_CALLS)
_LEFT_OUT = (
    "promises still open and in time, cancelled (resolved without a reply before due) "
    "or superseded before they were broken"
)

sla_attainment = Metric(
    id="sla_attainment",
    label="SLA attainment",
    family=FAMILY,
    definition="Promises kept of those decided in the period; an open promise past its due time is broken. Policy, target and "
    "priority are those in force when the promise was made. Split by sla_kind.",
    formula="met / (met + breached)",
    unit="share",
    basis="decided (fulfilled in time, or due)",
    credit="assignee_then",
    good="up",
    parts=(_DECIDED,),
    aggregate=Share(hit=lambda rows, asked: rows.outcome == "met"),
    leaves_out=_LEFT_OUT,
    sources=("IS4",),
)

sla_breaches = Metric(
    id="sla_breaches",
    label="SLA breaches",
    family=FAMILY,
    definition="Promises broken: their target was used up before they were fulfilled.",
    formula="number of promises broken",
    unit="count",
    basis="decided (due)",
    credit="assignee_then",
    good="down",
    parts=(Part("f_sla", keep=lambda rows, asked: rows.outcome == "breached", lacks=_OF_CALLS),),
    aggregate=Count(),
    leaves_out=_LEFT_OUT,
    decimals=0,
)

sla_at_risk = Metric(
    id="sla_at_risk",
    label="SLA at risk",
    family=FAMILY,
    definition="Open promises of which 80 % of the target is used and that are not yet due, paused or not.",
    formula="number of promises",
    unit="count",
    basis="stock: the end of the period, or as_of",
    credit="assignee_then",
    good="down",
    parts=(Part("f_sla_risk", Stock()),),
    aggregate=Count(),
    is_stock=True,
    is_additive=False,
    decimals=0,
)
