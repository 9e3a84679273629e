"""The rows behind a number, and what a metric hands to the grouping."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from oracle.desk import Ticket, World
from oracle.state import State


class _Same:
    """Marks "take it from the state at the basis instant"."""


SAME = _Same()


@dataclass
class Rec:
    """One row behind a number.

    `state` is the ticket's state at the basis instant; `agent`, `team`, `priority` override it where the
    credit is another one; `more` holds values of further dimensions.
    """

    world: World
    at: datetime
    ticket: Ticket | None = None
    state: State | None = None
    agent: Any = SAME
    team: Any = SAME
    priority: Any = SAME
    key: Any = None  # what a distinct count counts, what values are summed per
    value: Any = None
    weight: Any = 1
    person: str | None = None
    account: str | None = None
    channel: Any = SAME
    then: State | None = None  # what `_then` reads where `state` is that of a stretch
    is_just_before: bool = False  # the basis is the state just before `at`
    more: dict[str, Any] = field(default_factory=dict)


Cell = dict[str, Any]
Parts = dict[str, list[Rec]]


@dataclass
class Window:
    """One bucket (or the whole period) of a question."""

    start: datetime
    end: datetime
    as_of: datetime

    @property
    def stock_at(self) -> datetime:
        """Ruling 1: the end, capped at `as_of`."""
        return min(self.end, self.as_of)

    @property
    def inclusive(self) -> bool:
        """Whether events at the stock's instant itself are in."""
        return self.as_of < self.end

    def holds(self, at: datetime) -> bool:
        """[from, to)."""
        return self.start <= at < self.end

    def before_end(self, at: datetime) -> bool:
        """Happened by the stock's instant."""
        return at < self.stock_at or (self.inclusive and at == self.stock_at)


@dataclass
class Outcome:
    """Named parts and how a group of them becomes one cell."""

    parts: Parts
    aggregate: Callable[[Parts], Cell]
    every_bucket: bool = False
    broadcast: dict[str, frozenset[str]] = field(default_factory=dict)  # part -> dimensions that do not split it
    is_filed: bool = True  # rows outside the window are dropped by their `at`
    running: list[Rec] | None = None  # what is still open at the window's end, counted as n_open


def cell(value: Any, n: int, numerator: Any = None, denominator: Any = None, **more: Any) -> Cell:
    """One answer."""
    return {"value": value, "n": n, "numerator": numerator, "denominator": denominator, **more}
