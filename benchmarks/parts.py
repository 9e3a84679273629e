"""Parts whose cost does not depend on a desk: calendars, and the statistics of large samples."""

from datetime import date

import numpy as np
import pyarrow as pa
from measure import Measured, timed

from deskmeter.facts.calendar import calendar
from deskmeter.stats.change import value_change
from deskmeter.stats.intervals import order_statistic_ranks


def measure() -> list[Measured]:
    """One line a part."""
    zones = {"1": "America/New_York", "2": "Europe/London", "3": "Australia/Sydney"}
    schedules = [{"source": "a", "id": each, "zone": zone, "is_always": None} for each, zone in zones.items()]
    day: dict[str, object] = {"source": "a", "id": "x", "open_minute": 540, "close_minute": 1020}
    hours = [day | {"schedule": each, "weekday": weekday} for each in zones for weekday in range(7)]
    date_cells = {"first_date": pa.date32(), "last_date": pa.date32(), "from_date": pa.date32(), "to_date": pa.date32()}
    columns = {"source": pa.string(), "schedule": pa.string(), "from_minute": pa.int64(), "to_minute": pa.int64()}
    tables = (
        pa.Table.from_pylist(schedules),
        pa.Table.from_pylist([dict.fromkeys(date_cells) | row for row in hours]),
        pa.schema((columns | date_cells).items()).empty_table(),
    )
    chance = np.random.default_rng(9)
    before, after = (chance.lognormal(5, 2, 1_000_000) for _ in range(2))
    return [
        Measured("calendar, 8 years", 0, "", *timed(lambda: calendar(*tables, date(2020, 1, 1), date(2027, 12, 31)))),
        Measured("change of mean, 2 x 1e6", 0, "", *timed(lambda: value_change(before, after, "mean"))),
        Measured("change of median, 2 x 1e6", 0, "", *timed(lambda: value_change(before, after, "median"))),
        Measured("ranks in 1e7 values", 0, "", *timed(lambda: order_statistic_ranks(10_000_000, 0.9))),
    ]
