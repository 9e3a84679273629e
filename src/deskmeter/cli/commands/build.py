"""Builds the facts: the desk's own copy if it is out of date, or those of a lake on Spark.

deskmeter build

deskmeter build --engine spark --master spark://host:7077 --lake my-lake
"""

from typer import Context

from deskmeter.cli import options
from deskmeter.cli.asking import on_lake, opened
from deskmeter.cli.terminal import progress, say


def run(
    ctx: Context,
    engine: options.EngineName = "duckdb",
    master: options.Master = None,
    lake: options.Lake = None,
    desk: options.DeskFolder = None,
) -> None:
    """Brings the facts up to date."""
    with opened(ctx, desk, on_lake(engine, master, lake)) as opened_desk, progress() as draw:
        report = opened_desk.build(draw)
    say(f"built {sum(report.tables.values()):,} rows in {len(report.tables)} tables, {report.seconds:.1f} s")
