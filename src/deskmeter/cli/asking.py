"""What every command that asks a desk does first: open it, and make a Request of the words."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from typer import Context

from deskmeter.base.errors import AskerError, nearest
from deskmeter.cli.desk import find_desk
from deskmeter.query.parse import Words, parse_request
from deskmeter.query.periods import Setting
from deskmeter.query.request import Request
from deskmeter.service import Desk, OnLake

ENGINES = ("duckdb", "spark")


@contextmanager
def opened(ctx: Context, said: Path | None, on: OnLake | None = None) -> Iterator[Desk]:
    """The desk of a command line, closed at the end; `--desk` may stand before or after the command."""
    desk = Desk.open(find_desk(said or ctx.find_root().obj), on=on)
    try:
        yield desk
    finally:
        desk.close()


def on_lake(engine: str, master: str | None, lake: Path | None) -> OnLake | None:
    """Where to build and ask; None: in the desk's own copy."""
    if engine not in ENGINES:
        raise AskerError(f"no engine `{engine}`{nearest(engine, ENGINES)}; there are {' and '.join(ENGINES)}")
    if engine == "duckdb":
        if master is not None or lake is not None:
            raise AskerError("--master and --lake belong to --engine spark; leave them out, or add it")
        return None
    if lake is None:
        raise AskerError("--engine spark needs --lake DIR; `deskmeter lake DIR` writes one")
    return OnLake(lake, master) if master else OnLake(lake)


def request_of(desk: Desk, words: Words) -> Request:
    """The Request of typed words at this desk."""
    return parse_request(words, setting_of(desk), desk.names())


def setting_of(desk: Desk) -> Setting:
    """The desk's present, zone, first day of the week, and its first and last event."""
    begins_at, ends_at = desk.span()
    return Setting(desk.now(), desk.config.zone, desk.config.week_start, begins_at, ends_at)
