"""Makes a new, empty desk: a folder with its settings in deskmeter.toml.

deskmeter init my-desk --zone Europe/London
"""

from pathlib import Path
from typing import Annotated

from typer import Argument, Context, Option

from deskmeter.base.config import FILE, DeskConfig, write_config
from deskmeter.base.errors import AskerError, nearest
from deskmeter.base.time import zone as zone_of
from deskmeter.cli import options
from deskmeter.cli.terminal import say
from deskmeter.service import Desk

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def run(
    ctx: Context,
    folder: Annotated[Path | None, Argument(metavar="[DIR]", help="The desk's folder; else --desk, else here.")] = None,
    name: Annotated[str | None, Option("--name", help="Shown above every page; else the folder's name.")] = None,
    zone: Annotated[str, Option("--zone", metavar="ZONE", help="IANA name of the zone of days and weeks.")] = "UTC",
    week_start: Annotated[str, Option("--week-start", metavar="DAY", help="First day of the week.")] = "monday",
    desk: options.DeskFolder = None,
) -> None:
    """Makes a desk."""
    home = folder or desk or ctx.find_root().obj or Path()
    if (home / FILE).exists():
        raise AskerError(f"`{home}` is a desk already; its settings are in {home / FILE}")
    day = week_start.lower()
    if day not in _DAYS:
        raise AskerError(f"no weekday `{week_start}`{nearest(day, _DAYS)}")
    zone_of(zone)
    home.mkdir(parents=True, exist_ok=True)
    write_config(home, DeskConfig(name=name or home.resolve().name, zone=zone, week_start=_DAYS.index(day)))
    Desk.open(home).close()
    say(f"made the desk {home}; its zone is {zone}. Next: deskmeter import FILE --desk {home}")
