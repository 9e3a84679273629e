"""Copies the desk, all that arrived and all settings, into a new folder or one .zip file.

deskmeter backup my-backup

deskmeter backup backups/monday.zip --desk my-desk
"""

from pathlib import Path
from typing import Annotated

from typer import Argument, Context

from deskmeter.cli import options
from deskmeter.cli.asking import opened
from deskmeter.cli.terminal import say


def run(
    ctx: Context,
    target: Annotated[Path, Argument(metavar="FILE_OR_DIR", help="A new or empty folder, or a new .zip file.")],
    desk: options.DeskFolder = None,
) -> None:
    """Makes a backup."""
    with opened(ctx, desk) as opened_desk:
        opened_desk.backup(target)
    say(f"wrote the backup {target}. To use it: deskmeter restore {target} --desk NEW_DIR")
