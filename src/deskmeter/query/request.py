"""What can be asked: the frozen form of every question, however it was put."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from deskmeter.base.time import Grain

Operator = Literal["=", "!=", "in", "not in", "<", "<=", ">", ">=", "between", "contains", "null", "not null"]
Clock = Literal["calendar", "business"]
SchedulePolicy = Literal["as_lived", "last_schedule"]
Comparison = Literal["previous", "year", "weekday"]

STATISTICS = ("mean", "median", "p75", "p90", "p95", "sum", "share_within")


@dataclass(frozen=True)
class Filter:
    """One condition on a dimension, for instance channel in (email, chat)."""

    dimension: str
    operator: Operator
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Period:
    """[from_at, to_at): UTC instants."""

    from_at: datetime
    to_at: datetime


@dataclass(frozen=True)
class MetricAsk:
    """One metric of a question, with the choices that may differ from its neighbour's."""

    id: str
    stat: str | None = None  # one of STATISTICS; None: the metric's own default
    clock: Clock | None = None  # None: the request's
    within_s: int | None = None  # for share_within; also T of service_level


@dataclass(frozen=True)
class Request:
    """A whole question. `by` holds dimension ids; `grain` cuts the period into buckets."""

    metrics: tuple[MetricAsk, ...]
    period: Period
    zone: str
    by: tuple[str, ...] = ()
    grain: Grain | None = None
    where: tuple[Filter, ...] = ()
    clock: Clock = "calendar"
    schedule_policy: SchedulePolicy = "as_lived"
    compare: Comparison | None = None
    as_of: datetime | None = None  # None: the desk's own
    top: int | None = None
    totals: bool = False
    intervals: bool = True
    week_start: int = 0
    options: tuple[tuple[str, str], ...] = field(default=())  # e.g. (("all", "true"),) of open_by_last_response
