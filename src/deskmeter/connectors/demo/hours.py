"""Open hours as sorted stretches of UTC seconds: how far work gets in a given time of work."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from deskmeter.base.time import local_instant, zone

Span = tuple[int, int]


@dataclass(frozen=True)
class Stretch:
    """Weekly hours: the weekdays on which they begin, minutes of that day, and the days on which they hold."""

    weekdays: tuple[int, ...]
    open_minute: int
    close_minute: int
    from_date: date | None = None
    to_date: date | None = None

    def holds(self, day: date) -> bool:
        """Whether the stretch begins on `day`."""
        if day.weekday() not in self.weekdays:
            return False
        return (self.from_date is None or day >= self.from_date) and (self.to_date is None or day <= self.to_date)


class Hours:
    """Disjoint open spans in order; `advance` walks through open time only."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self.spans = sorted(span for span in spans if span[1] > span[0])
        self._opens = [span[0] for span in self.spans]
        self._worked = [0]
        for begin, finish in self.spans:
            self._worked.append(self._worked[-1] + finish - begin)

    def is_open(self, at: int) -> bool:
        """Whether `at` lies in an open span.

        >>> Hours([(10, 20)]).is_open(20)
        False
        """
        index = bisect_right(self._opens, at) - 1
        return index >= 0 and at < self.spans[index][1]

    def worked(self, at: int) -> int:
        """Open seconds before `at`."""
        index = bisect_right(self._opens, at) - 1
        if index < 0:
            return 0
        begin, finish = self.spans[index]
        return self._worked[index] + min(at, finish) - begin

    def advance(self, at: int, seconds: int) -> int | None:
        """The instant at which `seconds` of open time have passed since `at`; None beyond the last span.

        >>> Hours([(0, 10), (20, 30)]).advance(8, 5)
        23
        """
        goal = self.worked(at) + seconds
        index = bisect_right(self._worked, goal) - 1
        if index >= len(self.spans):
            return None
        return max(at, self.spans[index][0] + goal - self._worked[index])

    def without(self, gaps: Iterable[Span]) -> "Hours":
        """The same hours less some absences.

        >>> Hours([(0, 10)]).without([(2, 4)]).spans
        [(0, 2), (4, 10)]
        """
        spans = list(self.spans)
        for begin, finish in gaps:
            spans = [
                piece
                for low, high in spans
                for piece in ((low, min(high, begin)), (max(low, finish), high))
                if piece[1] > piece[0]
            ]
        return Hours(spans)


def weekly_hours(zone_name: str, stretches: Iterable[Stretch], first: date, last: date) -> Hours:
    """The UTC spans of weekly wall-clock hours from `first` to `last`."""
    tz = zone(zone_name)
    weekly = tuple(stretches)
    spans: list[Span] = []
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        for stretch in weekly:
            if stretch.holds(day):
                begin = local_instant(day, stretch.open_minute, tz)
                finish = local_instant(day, stretch.close_minute, tz)
                spans.append((int(begin.timestamp()), int(finish.timestamp())))
    return Hours(spans)


def local_spans(zone_name: str, day: date, from_minute: int, to_minute: int) -> Span:
    """The UTC seconds of a part of one local day."""
    tz = zone(zone_name)
    begin, finish = local_instant(day, from_minute, tz), local_instant(day, to_minute, tz)
    return int(begin.timestamp()), int(finish.timestamp())
