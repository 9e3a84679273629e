"""Makes a new desk from a backup, which is checked to the last byte first.

deskmeter restore backups/monday.zip --desk my-desk
"""

from pathlib import Path
from typing import Annotated

from typer import Argument, Context

from deskmeter.base.errors import AskerError
from deskmeter.cli import options
from deskmeter.cli.terminal import progress, say
from deskmeter.service import Desk


def run(
    ctx: Context,
    source: Annotated[Path, Argument(metavar="FROM", help="What `deskmeter backup` wrote.")],
    desk: options.DeskFolder = None,
) -> None:
    """Makes a desk of a backup."""
    home = desk or ctx.find_root().obj
    if home is None:
        raise AskerError(f"say where the new desk goes: deskmeter restore {source} --desk DIR")
    with progress() as draw:
        Desk.restore(source, home, draw).close()
    say(f"restored {source}: the desk is {home}. Next: deskmeter doctor --desk {home}")
