"""The questions by which product and oracle are compared: every metric, every dimension, every clock."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from deskmeter.base.errors import AskerError
from deskmeter.metrics.dimensions import BUILT_IN, find
from deskmeter.metrics.spec import Metric, Stat
from deskmeter.query.access import Access
from deskmeter.query.aggregate import QUANTILES
from deskmeter.query.plan import check_dimensions
from oracle.answer import METRICS
from oracle.draw import QUESTIONS

Question = dict[str, Any]
# listings, and what needs the desk's own definitions
NOT_COMPARED = frozenset({"target_attainment", "open_cases_table", "account_summary", "agent_summary"})
OWN_DIMENSIONS = (
    "reason_then", "type_then", "tag_then", "product_then", "field:size", "field:size_then",
)  # fmt: skip
# a number's own listing of its rows, not a dimension of metrics.md
LISTED = frozenset({"contact", "score"})
NEEDS = {"moved_in": ("agent", "team"), "moved_out": ("team", "agent")}
STATISTICS = ("mean", "median", "p75", "p90", "p95", "sum", "share_within")
GRAINS = (None, "week", None, "month", "day", None, "quarter")
LIMITS = (0, 60, 3600, 86400, 259200)


def compared(access: Access) -> list[str]:
    """Every metric of either side; one that only one side has fails when it is asked."""
    return sorted((set(access.metrics) | set(METRICS)) - NOT_COMPARED)


def dimensions_of(access: Access, metric: Metric) -> list[str]:
    """The dimensions by which the product splits a metric."""
    return [
        one
        for one in (*BUILT_IN, *OWN_DIMENSIONS)
        if one != "source" and one not in LISTED and _splits(access, metric, one)
    ]


def _splits(access: Access, metric: Metric, dimension: str) -> bool:
    try:
        check_dimensions(metric, (dimension,), access.columns, access.dimensions)
    except AskerError:
        return False
    return find(dimension, access.dimensions).id == dimension


def plain_questions(access: Access, ids: Sequence[str]) -> Iterator[Question]:
    """Each metric by source alone: every statistic, clock and schedule policy."""
    for number, id in enumerate(ids):
        metric = access.metrics[id]
        for turn, (stat, clock, policy) in enumerate(_manners(metric)):
            yield _asked(id, NEEDS.get(id, ())[:1], number + turn, stat, clock, policy)


def split_questions(access: Access, ids: Sequence[str], together: int) -> Iterator[Question]:
    """Each metric by each of its dimensions, so many in one question, the manner of asking changing from one to the next."""
    for number, id in enumerate(ids):
        metric = access.metrics[id]
        found = dimensions_of(access, metric)
        manners = _manners(metric)
        groups = [found[at : at + together] for at in range(0, len(found), together)]
        for turn, group in enumerate(groups):
            stat, clock, policy = manners[(7 * number + 3 * turn) % len(manners)]
            by = group if id not in NEEDS or set(group) & set(NEEDS[id]) else [*group, NEEDS[id][turn % 2]]
            yield _asked(id, tuple(by), number + turn, stat, clock, policy)


def _manners(metric: Metric) -> list[tuple[str | None, str, str]]:
    """(statistic, clock, schedule policy): the ways in which a metric can be asked."""
    stats: tuple[str | None, ...] = (None,)
    if isinstance(metric.aggregate, Stat):
        stats = STATISTICS
    elif getattr(metric.aggregate, "read", None) == "quantile":
        stats = tuple(QUANTILES)
    clocks = [("calendar", "as_lived")]
    if "business" in metric.clocks:
        clocks += [("business", "as_lived"), ("business", "last_schedule")]
    return [(stat, clock, policy) for (clock, policy), stat in product(clocks, stats)]


def _asked(id: str, by: tuple[str, ...], turn: int, stat: str | None, clock: str, policy: str) -> Question:
    period, zone = QUESTIONS[turn % len(QUESTIONS)]
    question: Question = {"metric": id, "by": ("source", *by), "period": period, "zone": zone}
    grain = GRAINS[turn % len(GRAINS)]
    if grain:
        question |= {"grain": grain, "week_start": turn % 2 * 6}
    if stat:
        question["stat"] = stat
    if stat == "share_within":
        question["within_s"] = LIMITS[turn % len(LIMITS)]
    if clock != "calendar":
        question |= {"clock": clock, "schedule_policy": policy}
    return question
