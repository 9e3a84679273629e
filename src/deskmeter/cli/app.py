"""The command line as typer knows it: the options before a command, and the group that finds the commands."""

from pathlib import Path
from typing import Annotated

from typer import Context, Option, Typer

from deskmeter.cli.front import ABOUT
from deskmeter.cli.registry import CommandGroup
from deskmeter.cli.terminal import write
from deskmeter.cli.version import installed_version

app = Typer(cls=CommandGroup, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


@app.callback(invoke_without_command=True, help=ABOUT)
def start(
    ctx: Context,
    desk: Annotated[
        Path | None, Option("--desk", metavar="DIR", help="The desk; else DESKMETER_DESK, else nearest.")
    ] = None,
    show_version: Annotated[bool, Option("--version", help="Show the version and leave.")] = False,
) -> None:
    """Remembers the desk that was named before the command."""
    ctx.obj = desk
    if show_version:
        write(f"deskmeter {installed_version()}\n")
    elif ctx.invoked_subcommand is None:
        write(ctx.get_help() + "\n")
