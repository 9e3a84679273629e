"""Writes what arrived as partitioned Parquet, for Spark and for those who bring their own engine.

deskmeter lake my-lake
"""

from pathlib import Path
from typing import Annotated

from typer import Argument, Context

from deskmeter.cli import options
from deskmeter.cli.asking import opened
from deskmeter.cli.terminal import progress, say


def run(
    ctx: Context,
    folder: Annotated[Path, Argument(metavar="DIR", help="A new or empty folder.")],
    desk: options.DeskFolder = None,
) -> None:
    """Writes the lake."""
    with opened(ctx, desk) as opened_desk, progress() as draw:
        note = opened_desk.lake(folder, draw)
    count = sum(1 for rows in note.rows.values() if rows)
    say(f"wrote {sum(note.rows.values()):,} rows of {count} tables to {folder}")
    say(f"Next: deskmeter build --engine spark --lake {folder}")
