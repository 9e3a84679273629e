"""Targets: how often the numbers reached what the desk set out to reach (metrics 11)."""

from __future__ import annotations

from deskmeter.base.errors import BugError
from deskmeter.engines.expressions import ibis
from deskmeter.metrics.spec import Asked, Metric, Part, Targets
from deskmeter.metrics.targets import TARGET_DIMENSIONS


def _no_rows(asked: Asked) -> ibis.Table:
    raise BugError("a target is held against the numbers of its metric, not against rows of its own")


target_attainment = Metric(
    id="target_attainment",
    label="Targets met",
    family="Targets",
    definition="Periods in which a metric met its target, of the periods in which it has a value. Periods of the "
    "target's grain count that lie wholly inside the period asked for and have ended; the target in force at a "
    "period's first instant holds, and reaching it exactly meets it. Split by target to tell the targets apart.",
    formula="periods that met their target / periods with a value",
    unit="share",
    basis="the metric's",
    credit="the target's team or agent; of a company's target nobody",
    good="up",
    parts=(Part(_no_rows, only_dims=frozenset(TARGET_DIMENSIONS)),),
    aggregate=Targets(),
    leaves_out="periods that are not over, and those without a value",
    sources=("MHC", "Role"),
    notes=("a period counts where it lies wholly inside, so buckets need not add up to the whole",),
    is_additive=False,
)
