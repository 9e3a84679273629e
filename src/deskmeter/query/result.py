"""What comes back: one frozen table that card, chart, CSV, JSON and Python all read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Verdict = Literal["better", "worse", "higher", "lower", "no clear change", "no verdict", "too few"]


@dataclass(frozen=True)
class Change:
    """The difference to the comparison period, with its interval; `verdict` is what a reader may say."""

    difference: float | None
    relative: float | None
    low: float | None
    high: float | None
    verdict: Verdict


@dataclass(frozen=True)
class Cell:
    """One number: `value` is null where nothing was measured; a ratio carries both of its parts."""

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None
    numerator: float | None = None
    denominator: float | None = None
    n_open: int | None = None
    maturing: int | None = None
    previous: float | None = None
    previous_n: int | None = None
    change: Change | None = None
    too_few: bool = False
    promoters: int | None = None
    detractors: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class MetricInfo:
    """What must stand beside every number of one metric in this result."""

    key: str
    id: str
    label: str
    unit: str
    date_basis: str
    credit: str
    clock: str | None
    statistic: str
    definition: str
    version: str
    good: str
    decimals: int = 1


@dataclass(frozen=True)
class Row:
    """One row: the dimensions' values in the order of `Result.by`, the bucket's start, a cell per metric key."""

    keys: tuple[str, ...]
    period: datetime | None
    cells: dict[str, Cell]
    is_total: bool = False


@dataclass(frozen=True)
class Freshness:
    """How old the data of one source is."""

    source: str
    last_event_at: datetime | None
    last_import_at: datetime | None


@dataclass(frozen=True)
class Result:
    """The answer to one request."""

    as_of: datetime
    zone: str
    from_at: datetime
    to_at: datetime
    grain: str | None
    by: tuple[str, ...]
    metrics: tuple[MetricInfo, ...]
    rows: tuple[Row, ...]
    freshness: tuple[Freshness, ...] = ()
    notes: tuple[str, ...] = ()
    compared_from_at: datetime | None = None
    compared_to_at: datetime | None = None


@dataclass(frozen=True)
class DrillResult:
    """The rows behind one cell. `numerator` and `denominator` add up to the cell's parts."""

    metric: MetricInfo
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    total_n: int
    numerator: float | None
    denominator: float | None
    value: float | None
