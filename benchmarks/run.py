"""Measures import, build and questions on an invented company, and prints one table.

Seconds of CPU and wall, peak memory of the process so far, and for questions the ratio to hand-written SQL on the
same tables in the same run: on a busy machine the ratio is the figure to read.
"""

import argparse
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from deskmeter.facts.calendar import calendar
from deskmeter.query.request import MetricAsk, Period, Request
from deskmeter.service import Desk
from deskmeter.stats.change import value_change
from deskmeter.stats.intervals import order_statistic_ranks

RESULTS = Path(__file__).parent / "results"
PERIOD = Period(datetime(2025, 11, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
LOW, HIGH = (int(at.timestamp() * 1_000_000) for at in (PERIOD.from_at, PERIOD.to_at))
IN_PERIOD = f"at_us >= {LOW} AND at_us < {HIGH}"
QUESTIONS: tuple[tuple[str, MetricAsk, tuple[str, ...], str], ...] = (
    (
        "tickets created by team",
        MetricAsk("tickets_created"),
        ("team",),
        f"SELECT first_team, count(*) FROM f_ticket WHERE created_us >= {LOW} AND created_us < {HIGH} GROUP BY 1",
    ),
    (
        "median first reply by team",
        MetricAsk("first_reply_time", "median"),
        ("team",),
        f"SELECT team, quantile_cont(calendar_s, 0.5), count(*) FROM f_duration "
        f"WHERE kind = 'first_reply' AND {IN_PERIOD} GROUP BY 1",
    ),
    (
        "backlog by team",
        MetricAsk("backlog"),
        ("team",),
        f"SELECT team, count(*) FROM f_open WHERE from_us < {HIGH} AND (to_us IS NULL OR to_us >= {HIGH}) GROUP BY 1",
    ),
)


@dataclass(frozen=True)
class Measured:
    """One line of the table."""

    what: str
    size: str
    cpu_s: float
    wall_s: float
    ratio: float | None = None


def cpu_s() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall seconds of one run."""
    cpu, wall = cpu_s(), time.perf_counter()
    work()
    return cpu_s() - cpu, time.perf_counter() - wall


def middle(work: Callable[[], object], runs: int = 15) -> tuple[float, float]:
    """Median CPU and wall seconds of some runs, after one that warms up."""
    work()
    found = [timed(work) for _ in range(runs)]
    return statistics.median(cpu for cpu, _ in found), statistics.median(wall for _, wall in found)


def reference(desk: Desk, sql: str) -> object:
    """Hand-written SQL on the desk's own tables, fetched whole."""
    return desk._current(lambda step, done, total: None).engine.run(sql, {}, {}).to_pylist()


def measure(tickets: int) -> list[Measured]:
    """All lines for one size."""
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "desk"
        made: list[Desk] = []
        lines.append(
            Measured("invent and import", f"{tickets:,}", *timed(lambda: made.append(Desk.demo(home, 7, tickets))))
        )
        desk = made[0]
        lines.append(Measured("build all facts", f"{tickets:,}", *timed(desk.build)))
        lines.append(Measured("build again", f"{tickets:,}", *timed(desk.rebuild)))
        desk.close()
        with Desk.open(home) as opened:
            opened.build()
            for what, ask, by, sql in QUESTIONS:
                request = Request((ask,), PERIOD, "UTC", by=by, intervals=False)
                ours = middle(lambda request=request: opened.ask(request))  # type: ignore[misc]
                theirs = middle(lambda sql=sql: reference(opened, sql))  # type: ignore[misc]
                lines.append(Measured(what, f"{tickets:,}", *ours, ours[1] / theirs[1]))
    return lines


def parts() -> list[Measured]:
    """Parts whose cost does not depend on a desk: calendars, and the statistics of large samples."""
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
        Measured("calendar, 8 years", "", *timed(lambda: calendar(*tables, date(2020, 1, 1), date(2027, 12, 31)))),
        Measured("change of mean, 2 x 1e6", "", *timed(lambda: value_change(before, after, "mean"))),
        Measured("change of median, 2 x 1e6", "", *timed(lambda: value_change(before, after, "median"))),
        Measured("ranks in 1e7 values", "", *timed(lambda: order_statistic_ranks(10_000_000, 0.9))),
    ]


def table(lines: list[Measured]) -> str:
    """The lines as text."""
    rows = [f"{'what':<30}{'tickets':>10}{'cpu s':>10}{'wall s':>10}{'ratio to SQL':>14}"]
    for line in lines:
        ratio = "" if line.ratio is None else f"{line.ratio:.1f}"
        rows.append(f"{line.what:<30}{line.size:>10}{line.cpu_s:>10.3f}{line.wall_s:>10.3f}{ratio:>14}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return "\n".join([*rows, f"peak memory {peak:,.0f} MiB"]) + "\n"


def main() -> None:
    """Print the table and keep it."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--tickets", type=int, default=2000)
    text = table([*parts(), *measure(words.parse_args().tickets)])
    sys.stdout.write(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "latest.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
