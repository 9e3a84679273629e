"""What a metric is made of: rows of a fact, how time files them, what is measured, and how it is put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from deskmeter.engines.expressions import ibis

Unit = Literal["count", "seconds", "share", "points", "score", "money", "ratio", "number", "view"]
Good = Literal["up", "down", "neither"]
Condition = Callable[["ibis.Table", "Asked"], "ibis.Value"]


class Clocked(Protocol):
    """Rows with their length between two instants by every clock; the last schedule is the one at `end_us`."""

    def __call__(
        self, table: ibis.Table, row: str, from_us: str, to_us: str, end_us: str | None = None
    ) -> ibis.Table: ...


@dataclass(frozen=True)
class Asked:
    """What a fact may need to know of the question; instants are expressions bound when the question runs.

    `tables` gives every fact table by name. `dims` are the dimensions split or filtered by.
    """

    tables: Callable[[str], ibis.Table]
    as_of_us: ibis.Value
    from_us: ibis.Value
    to_us: ibis.Value
    end_us: ibis.Value  # last instant of the whole period: just before to, or as_of
    clock: str
    schedule_policy: str
    within_s: ibis.Value  # the limit asked for, or the metric's own
    quantile: ibis.Value  # the one asked for, 0 to 1
    dims: frozenset[str]
    options: Mapping[str, str]
    settings: Mapping[str, object]
    with_clocks: Clocked
    # bucket, from_us, to_us, start_us (just before from), end_us (just before to, or as_of), limit_us (to, or as_of)
    buckets: ibis.Table
    # table `bucket_of` (q, bucket) counts from buckets_us in lengths of bucket_us
    buckets_us: ibis.Value
    bucket_us: ibis.Value
    by: tuple[str, ...] = ()  # the dimensions split by alone: none where the rows behind a cell are listed

    @property
    def clock_column(self) -> str:
        """Ending of the columns that hold a length: calendar, business or business_last."""
        if self.clock == "calendar":
            return "calendar"
        return "business" if self.schedule_policy == "as_lived" else "business_last"


@dataclass(frozen=True)
class Flow:
    """Rows belong to the bucket that holds the instant `at`; null: to none."""

    at: str = "at_us"


@dataclass(frozen=True)
class Stock:
    """Rows belong to every bucket at whose last instant they hold: from <= end < to."""

    start: str = "from_us"
    stop: str = "to_us"
    at_start: bool = False  # read just before the bucket begins instead


@dataclass(frozen=True)
class Overlap:
    """Rows belong to every bucket in which they hold for more than 0 s, clipped to it (clip_from_us, clip_to_us).

    `touch`: one instant is enough.
    """

    start: str = "from_us"
    stop: str = "to_us"
    touch: bool = False


@dataclass(frozen=True)
class Always:
    """Rows carry their own `bucket` column: the rows function has read `asked.buckets` itself."""

    at: str | None = None


When = Flow | Stock | Overlap | Always
Rows = Callable[[Asked], "ibis.Table"]


# kinds of dimensions whose value changes while a stretch of one state lasts: such rows have no one instant to read at
CHANGING = frozenset({"time", "then", "plan"})


@dataclass(frozen=True)
class Part:
    """One set of rows of a metric.

    fact: the table, or a function that gives the rows. dims: dimension -> column where the names differ.
    lacks: dimensions, or kinds of them, that the rows cannot be split by although they have the column. broadcast:
    dimensions that this part is not split by, its number stands beside every value (the denominator of a share by topic).
    """

    fact: str | Rows
    when: When = Flow()
    keep: Condition | None = None
    dims: Mapping[str, str] = field(default_factory=dict)
    lacks: frozenset[str] = frozenset()
    broadcast: frozenset[str] = frozenset()
    only_dims: frozenset[str] | None = None  # the rows can be split by these alone
    like: str | None = None  # the table whose columns the rows of a function have too
    adds: frozenset[str] = frozenset()  # columns with a dimension that the function adds to those
    spans: bool = (
        False  # each row of `like` holds at every instant of [from_us, to_us), and nothing else is asked of it
    )


Expression = Callable[["ibis.Table", Asked], "ibis.Value"]


@dataclass(frozen=True)
class Measure:
    """One number taken from the rows of a part: a sum, a count of distinct things, or all values of a statistic."""

    name: str
    kind: Literal["sum", "distinct", "values", "max", "first"]
    of: Expression
    part: int = 0


@dataclass(frozen=True)
class Count:
    """The number of rows, or of distinct `key`s."""

    key: str | None = None


@dataclass(frozen=True)
class Sum:
    """The sum of `of`; `empty` is what an empty group gives (0 for counts, null for all else)."""

    of: Expression
    empty: Literal[0] | None = 0
    divisor: int = 1  # values are added up in 1/divisor of the unit


@dataclass(frozen=True)
class Share:
    """Rows with `hit` / rows; Wilson's interval. `base`: rows that are in the denominator (default all)."""

    hit: Expression
    base: Expression | None = None
    key: str | None = None  # count distinct things instead of rows
    maturing: Expression | None = None
    is_countable: bool = True


@dataclass(frozen=True)
class Ratio:
    """Sum of `top` over part 0 / sum of `bottom` over part `bottom_part`. Keys count distinct things instead."""

    top: Expression | None = None
    bottom: Expression | None = None
    top_key: str | None = None
    bottom_key: str | None = None
    bottom_part: int = 0
    is_share: bool = False
    top_divisor: int = 1  # the sum above is in 1/top_divisor of the unit
    bottom_divisor: int = 1
    n_key: str | None = None  # n is the number of these in the bottom part, not the bottom's sum


@dataclass(frozen=True)
class Stat:
    """A statistic of `of` over the rows: mean, median, quantiles, sum, share within x.

    `per`: add up the values of one thing (a ticket) within each group before the statistic is taken.
    """

    of: Expression
    default: str = "median"
    per: str | None = None
    divisor: int = 1  # values are added up in 1/divisor of the unit and rounded down once
    running: int | None = None  # the part whose rows are still open (n_open)


@dataclass(frozen=True)
class Nps:
    """Promoters less detractors / answers, in points; adjusted Wald interval."""

    promoter: Expression
    detractor: Expression


@dataclass(frozen=True)
class Survival:
    """Kaplan-Meier over rows with a length and an end that was seen or not.

    `read`: quantile (the smallest t with S(t) <= 1 - q) or share (S at so many months).
    """

    length: Expression
    seen: Expression
    read: Literal["quantile", "share"]
    divisor: int = 1


@dataclass(frozen=True)
class Formula:
    """Sums (or distinct counts) put together by a formula; `parts_of` gives numerator and denominator."""

    measures: tuple[Measure, ...]
    value: Callable[[Mapping[str, float]], float | None]
    numerator: Callable[[Mapping[str, float]], float | None] | None = None
    denominator: Callable[[Mapping[str, float]], float | None] | None = None
    n: str | None = None
    interval: Literal["wilson"] | None = None


@dataclass(frozen=True)
class TimeMean:
    """Mean over time of the number of things that hold: clipped length of all their rows / length of the bucket."""

    key: str  # n counts these


@dataclass(frozen=True)
class View:
    """A listing, not a number: the columns shown."""

    columns: tuple[str, ...]


@dataclass(frozen=True)
class Targets:
    """Periods in which a metric met its target / periods with a value: measured by other metrics' questions."""


@dataclass(frozen=True)
class Beside:
    """A number shown beside the value, where it is not 0: `text` with {n} for the sum of `of` over a part."""

    text: str
    of: Expression
    part: int = 0


Aggregate = Count | Sum | Share | Ratio | Stat | Nps | Survival | Formula | TimeMean | View | Targets


@dataclass(frozen=True)
class Metric:
    """One entry of the catalogue: all that a user reads beside the number, and all that the engine needs."""

    id: str
    label: str
    family: str
    definition: str
    formula: str
    unit: Unit
    basis: str
    credit: str
    good: Good
    parts: tuple[Part, ...]
    aggregate: Aggregate
    leaves_out: str = ""
    sources: tuple[str, ...] = ()
    clocks: tuple[str, ...] = ()
    golden: tuple[str, ...] = ()  # ids of the hand-counted stories in tests/golden
    notes: tuple[str, ...] = ()
    is_stock: bool = False
    is_additive: bool = True  # false: buckets do not add up to the whole
    refuses: Mapping[str, str] = field(default_factory=dict)  # dimension -> why it cannot split this metric
    splits_by: tuple[str, ...] = ()  # dimensions without which the value is null when they differ (scale, currency)
    beside: tuple[Beside, ...] = ()
    default_within_s: int | None = None
    lengths: str | None = None  # the metric that a statistic of this count means: how long what it counts has lasted
    decimals: int = 1
    origin: Literal["built in", "user"] = "built in"
    version: str = "1"
