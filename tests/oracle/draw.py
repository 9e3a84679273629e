"""Drawing values so that ties, edges and exact lengths are likely."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from oracle.rows import Row

# All histories live in one range, so that they can share a desk, a period and an `as_of`. It holds the change of
# New York (10 March), London and Berlin (31 March) and Lord Howe and Sydney (6 April, the clock goes back).
RANGE = (datetime(2024, 3, 1), datetime(2024, 4, 15))
AS_OF = datetime(2024, 4, 12, 12)
# Questions that meet those edges: (period, zone).
QUESTIONS = (
    (("2024-03-01", "2024-04-12"), "UTC"),
    (("2024-03-10", "2024-04-01"), "America/New_York"),
    (("2024-03-31", "2024-04-20"), "Europe/London"),
    (("2024-03-04", "2024-04-07"), "Australia/Lord_Howe"),
)
NEAR = (
    datetime(2024, 3, 9, 20),
    datetime(2024, 3, 10, 6, 30),
    datetime(2024, 3, 30, 23, 30),
    datetime(2024, 3, 31),
    datetime(2024, 4, 1),
    datetime(2024, 4, 5, 14),
    datetime(2024, 4, 6, 14, 30),
    datetime(2024, 4, 11, 12),
)
STEPS_S = (
    0, 0, 0, 1, 30, 60, 299, 300, 301, 900, 1799, 1800, 1801, 3600, 3600, 5400, 7200, 14400, 28800,
    43200, 86399, 86400, 86400, 86401, 172800, 259200, 604799, 604800, 604801,
)  # fmt: skip


T = TypeVar("T")


class Draw:
    """A seeded source of values for one history."""

    def __init__(self, rng: random.Random, source: str) -> None:
        self.rng, self.source = rng, source
        self._n = 0

    def chance(self, share: float) -> bool:
        """True in that share of cases."""
        return self.rng.random() < share

    def one(self, options: Sequence[T]) -> T:
        """One of them."""
        return self.rng.choice(options)

    def begin(self) -> datetime:
        """A first instant: often near a clock change or an edge."""
        if self.chance(0.6):
            return self.one(NEAR) + timedelta(seconds=self.one((0, 0, 1, -1, 1800, 3600, -3600)))
        return RANGE[0] + timedelta(minutes=15 * self.rng.randrange(38 * 96))

    def later(self, at: datetime) -> datetime:
        """A next instant: exact lengths, the next midnight, a whole hour, seldom a fraction of a second."""
        if self.chance(0.05):
            return datetime(at.year, at.month, at.day) + timedelta(days=1)
        if self.chance(0.05):
            return at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=self.one((1, 2, 9)))
        if self.chance(0.15):
            return at + timedelta(seconds=self.rng.randrange(200_000))
        if self.chance(0.02):
            return at + timedelta(microseconds=self.one((1, 500_000, 999_999)))
        return at + timedelta(seconds=self.one(STEPS_S))

    def id(self, prefix: str) -> str:
        """A new id; its alphabetical order says nothing of time."""
        self._n += 1
        return f"{self.source}.{prefix}{self.rng.randrange(1000):03d}{self._n}"

    def row(self, row_id: str, **columns: object) -> Row:
        """A row of this source."""
        return {"source": self.source, "id": row_id, **columns}
