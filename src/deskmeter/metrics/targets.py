"""Targets: what a metric of the company, a team or an agent shall reach in each period of a grain (metrics 11)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from deskmeter.base.errors import AskerError, nearest
from deskmeter.base.yaml import Place
from deskmeter.metrics.amounts import amount, seconds
from deskmeter.metrics.own_model import Grain, OwnTarget
from deskmeter.metrics.spec import Metric, Stat, Survival, Targets, Unit, View

TARGET_DIMENSIONS = ("target", "target_metric", "team", "agent")


@dataclass(frozen=True)
class Target:
    """One target. `low` and `high` bound the values that meet it, both included; None: no bound."""

    name: str
    metric: str
    grain: Grain
    low: float | None
    high: float | None
    stat: str | None = None
    clock: Literal["calendar", "business"] = "calendar"
    within_s: int | None = None
    team: str | None = None
    agent: str | None = None
    from_date: date | None = None
    until: date | None = None

    @property
    def series(self) -> tuple[object, ...]:
        """What is measured for whom and how often: of one series one target is in force at a time."""
        return (self.metric, self.stat, self.clock, self.within_s, self.team, self.agent, self.grain)

    def is_met(self, value: float) -> bool:
        """Whether a value meets it; equality does (ruling 52).

        >>> Target("x", "csat", "month", 0.9, None).is_met(0.9)
        True
        """
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def is_in_force(self, day: date) -> bool:
        """Whether it holds on a local day."""
        return (self.from_date is None or self.from_date <= day) and (self.until is None or day <= self.until)


def in_force(targets: Iterable[Target], day: date) -> tuple[Target, ...]:
    """The targets that hold on a day: of each series the one begun last."""
    found: dict[tuple[object, ...], Target] = {}
    for target in sorted(targets, key=lambda one: one.from_date or date.min):
        if target.is_in_force(day):
            found[target.series] = target
    return tuple(found.values())


def checked_target(own: OwnTarget, metrics: Mapping[str, Metric]) -> Target:
    """The target of one entry of targets.yml.

    Raises:
        AskerError: no such metric, or it cannot have a target.
        ValueError: a value that does not fit the metric's unit.
    """
    if own.metric not in metrics:
        raise AskerError(f"no metric `{own.metric}`{nearest(own.metric, metrics)}")
    metric = metrics[own.metric]
    if isinstance(metric.aggregate, View | Targets):
        raise AskerError(f"`{own.metric}` is no number that a target could hold")
    if own.statistic is not None and not isinstance(metric.aggregate, Stat | Survival):
        raise AskerError(f"`{own.metric}` has no statistic `{own.statistic}`: it is not a length or a score")
    if own.clock == "business" and own.clock not in metric.clocks:
        raise AskerError(f"`{own.metric}` does not run by the business clock")
    if own.statistic == "share_within" and own.within is None:
        raise AskerError("`within` is missing: share_within needs it, such as 4h")
    unit: Unit = "share" if own.statistic == "share_within" else metric.unit
    low, high = _bounds(own, unit)
    return Target(
        own.name or _told(own), own.metric, own.grain, low, high, own.statistic, own.clock,
        None if own.within is None else int(seconds(own.within)), own.team, own.agent, own.from_date, own.until,
    )  # fmt: skip


def second_targets(targets: Iterable[tuple[Place, Target]]) -> Iterator[tuple[Place, str]]:
    """Targets of one series that begin on one day: which of them holds cannot be told."""
    seen: dict[tuple[object, ...], str] = {}
    for place, target in targets:
        key = (*target.series, target.from_date)
        if key in seen:
            yield place, f"a second target for the same (`{seen[key]}`) that begins on the same day"
        seen.setdefault(key, target.name)


def _bounds(own: OwnTarget, unit: Unit) -> tuple[float | None, float | None]:
    if own.between is not None:
        low, high = (amount(text, unit) for text in own.between)
        if high < low:
            raise ValueError(f"`between` has its ends reversed: {own.between[0]} is more than {own.between[1]}")
        return low, high
    low_text, high_text = own.at_least, own.at_most
    return (
        None if low_text is None else amount(low_text, unit),
        None if high_text is None else amount(high_text, unit),
    )


def _told(own: OwnTarget) -> str:
    """A name from what the target says.

    >>> _told(OwnTarget(metric="csat", at_least="90%", team="Billing"))
    'csat at least 90% by month, Billing'
    """
    goal = (
        f"at least {own.at_least}" if own.at_least is not None
        else f"at most {own.at_most}" if own.at_most is not None
        else f"{' to '.join(own.between or ())}"
    )  # fmt: skip
    words = [own.metric, own.statistic or "", f"within {own.within}" if own.within else "", goal, f"by {own.grain}"]
    whose = own.team or own.agent
    return " ".join(word for word in words if word) + (f", {whose}" if whose else "")
