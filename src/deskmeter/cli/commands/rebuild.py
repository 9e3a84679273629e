"""Builds the analytics copy anew from the ledger; nothing is lost by it."""

from typer import Context

from deskmeter.cli import options
from deskmeter.cli.asking import opened
from deskmeter.cli.terminal import progress, say


def run(ctx: Context, desk: options.DeskFolder = None) -> None:
    """Rebuilds from what arrived."""
    with opened(ctx, desk) as opened_desk, progress() as draw:
        report = opened_desk.rebuild(draw)
    say(f"rebuilt {sum(report.tables.values()):,} rows in {len(report.tables)} tables, {report.seconds:.1f} s")
