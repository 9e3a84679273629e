"""The frame of the invented company: how large, from when to when, and where its dice come from."""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from random import Random

SOURCE = "demo"
COMPANY = "Halvorix"
FULL_SIZE = 20_000
DEFAULT_END = date(2026, 11, 1)
MINUTE = 60
HOUR = 3_600
DAY = 86_400
MONTH = 30 * DAY


@dataclass(frozen=True)
class World:
    """One invented company: `start` and `end` are UTC seconds since 1970, `scale` is 1 at 20,000 tickets."""

    seed: int
    tickets: int
    end_date: date

    @property
    def start_date(self) -> date:
        """The first day, twelve months before the end."""
        return date(self.end_date.year - 1, self.end_date.month, min(self.end_date.day, 28))

    @cached_property
    def start(self) -> int:
        """Midnight UTC of the first day."""
        return seconds_of(self.start_date)

    @cached_property
    def end(self) -> int:
        """Midnight UTC of the end; nothing of the company lies at or after it."""
        return seconds_of(self.end_date)

    @property
    def scale(self) -> float:
        """Size against the full company."""
        return self.tickets / FULL_SIZE

    def dice(self, topic: str) -> Random:
        """Dice of their own for each topic, so that a change in one leaves the others as they were."""
        return Random(f"{self.seed}/{self.tickets}/{topic}")  # a text seed does not depend on the hash seed

    def sized(self, full_n: int, least_n: int = 1) -> int:
        """How many of something that the full company has `full_n` of."""
        return max(least_n, round(full_n * self.scale))


def seconds_of(day: date) -> int:
    """UTC seconds since 1970 of midnight of `day`.

    >>> seconds_of(date(1970, 1, 2))
    86400
    """
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def date_of(at: int) -> date:
    """The UTC day of a second.

    >>> date_of(86_399)
    datetime.date(1970, 1, 1)
    """
    return date(1970, 1, 1) + timedelta(days=at // DAY)


def spread(dice: Random, median: float, sigma: float = 0.8) -> int:
    """A log-normal length in whole seconds with that median, at least 1."""
    return max(1, int(median * math.exp(dice.gauss(0.0, sigma))))
