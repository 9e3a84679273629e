"""The options that several commands share, worded once."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

Metrics = Annotated[list[str], Argument(metavar="METRIC...", help="first_reply_time, resolution_time:p90:business ...")]
Metric = Annotated[str, Argument(metavar="METRIC", help="One metric, such as first_reply_time or csat.")]
DeskFolder = Annotated[
    Path | None, Option("--desk", metavar="DIR", help="The desk; else DESKMETER_DESK, else nearest.")
]
By = Annotated[list[str] | None, Option("--by", metavar="DIM,...", help="Dimensions and a grain: team,week.")]
Grain = Annotated[str | None, Option("--grain", help="hour, day, week, month, quarter or year.")]
Where = Annotated[
    list[str] | None,
    Option("--where", "-w", metavar="COND", help="channel=email, priority!=low, 'team in (A, B)', reason=null ..."),
]
Last = Annotated[
    str | None, Option("--last", metavar="12w", help="Complete units: 24h, 30d, 12w, 6m, 2q, 1y, week ...")
]
This = Annotated[str | None, Option("--this", metavar="month", help="The running unit so far: week, month ...")]
PeriodText = Annotated[
    str | None,
    Option("--period", metavar="TEXT", help="today, yesterday, all, 2026-05, 2026-Q2, 2026-01-01..2026-03-01."),
]
From = Annotated[str | None, Option("--from", metavar="DATE", help="First day or instant.")]
To = Annotated[str | None, Option("--to", metavar="DATE", help="The day or instant after the last.")]
Compare = Annotated[str | None, Option("--compare", metavar="WITH", help="previous, year or weekday.")]
Stat = Annotated[str | None, Option("--stat", help="mean, median, p75, p90, p95, sum or share_within.")]
Within = Annotated[str | None, Option("--within", metavar="TIME", help="For share_within and service_level: 30s, 4h.")]
Clock = Annotated[str | None, Option("--clock", help="calendar or business.")]
SchedulePolicy = Annotated[str | None, Option("--schedule-policy", help="as_lived or last_schedule.")]
Zone = Annotated[str | None, Option("--zone", metavar="ZONE", help="IANA name; else the desk's.")]
AsOf = Annotated[str | None, Option("--as-of", metavar="DATE", help="What was known at this instant.")]
Top = Annotated[int | None, Option("--top", metavar="N", help="The N greatest; the rest as `other`.")]
Totals = Annotated[bool, Option("--totals", help="A row for all.")]
NoIntervals = Annotated[bool, Option("--no-intervals", help="Leave the intervals out; a little faster.")]
Extra = Annotated[list[str] | None, Option("--option", metavar="all=true", help="An option of one metric.")]
AsJson = Annotated[bool, Option("--json", help="One JSON object to stdout.")]
AsCsv = Annotated[bool, Option("--csv", help="CSV to stdout.")]
OutFile = Annotated[Path | None, Option("--out", metavar="FILE", help="To a file: .csv, .json, .parquet or .xlsx.")]
EngineName = Annotated[str, Option("--engine", help="duckdb (the desk's own copy) or spark (a lake).")]
Master = Annotated[
    str | None, Option("--master", metavar="URL", help="Where Spark runs: local[2], spark://host:7077 ...")
]
Lake = Annotated[Path | None, Option("--lake", metavar="DIR", help="The lake that --engine spark reads.")]
