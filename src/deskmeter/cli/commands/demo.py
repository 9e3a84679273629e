"""Invents a company and shows what a manager would read: a year of tickets, calls, surveys and customers.

deskmeter demo

deskmeter demo my-demo --tickets 2000 --seed 11
"""

from pathlib import Path
from typing import Annotated

from typer import Argument, Context, Option

from deskmeter.base.config import FILE
from deskmeter.base.errors import AskerError
from deskmeter.cli import options
from deskmeter.cli.asking import request_of
from deskmeter.cli.overview_page import overview
from deskmeter.cli.terminal import out, progress, say
from deskmeter.service import Desk

_HOME = Path("deskmeter-demo")


def run(
    ctx: Context,
    folder: Annotated[
        Path | None, Argument(metavar="[DIR]", help="The new desk; else --desk, else deskmeter-demo.")
    ] = None,
    tickets: Annotated[int, Option("--tickets", min=500, max=1_000_000, help="How many tickets in the year.")] = 20_000,
    seed: Annotated[int, Option("--seed", help="Another seed is another company.")] = 7,
    desk: options.DeskFolder = None,
) -> None:
    """Makes the demo desk, unless it is there already, and prints its overview."""
    home = folder or desk or ctx.find_root().obj or _HOME
    if home.exists() and not (home / FILE).exists() and any(home.iterdir()):
        raise AskerError(f"`{home}` holds something else; name an empty folder for the demo")
    with progress() as draw:
        made = Desk.open(home) if (home / FILE).exists() else Desk.demo(home, seed, tickets, draw)
        with made:
            made.build(draw)
    with Desk.open(home) as opened_desk:
        console = out()
        for part in overview(
            opened_desk.config.name, lambda words: opened_desk.ask(request_of(opened_desk, words)), console.width
        ):
            console.print(part)
    say(f"the desk is in {home}; add --desk {home} to the commands above, or set DESKMETER_DESK={home}")
