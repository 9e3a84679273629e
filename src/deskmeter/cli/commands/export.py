"""Writes every table, as it arrived and as it is counted, into a new folder as Parquet or CSV.

deskmeter export my-tables

deskmeter export my-tables --format csv
"""

from pathlib import Path
from typing import Annotated

from typer import Argument, Context, Option

from deskmeter.cli import options
from deskmeter.cli.asking import opened
from deskmeter.cli.grid import text_table
from deskmeter.cli.output import show
from deskmeter.cli.terminal import progress, say


def run(
    ctx: Context,
    folder: Annotated[Path, Argument(metavar="DIR", help="A new or empty folder.")],
    format: Annotated[str, Option("--format", metavar="FORMAT", help="parquet or csv.")] = "parquet",
    desk: options.DeskFolder = None,
) -> None:
    """Exports the tables."""
    with opened(ctx, desk) as opened_desk, progress() as draw:
        written = opened_desk.export(folder, format, draw)
    rows = [(name, f"{count:,}") for name, count in written]
    show(lambda width: text_table(("table", "rows"), rows, width, right=(1,)))
    say(f"wrote {len(written)} tables to {folder}")
