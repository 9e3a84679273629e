"""What every command that asks a desk does first: open it, and make a Request of the words."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from typer import Context

from deskmeter.cli.desk import find_desk
from deskmeter.query.parse import Words, parse_request
from deskmeter.query.periods import Setting
from deskmeter.query.request import Request
from deskmeter.service import Desk


@contextmanager
def opened(ctx: Context, said: Path | None) -> Iterator[Desk]:
    """The desk of a command line, closed at the end; `--desk` may stand before or after the command."""
    desk = Desk.open(find_desk(said or ctx.find_root().obj))
    try:
        yield desk
    finally:
        desk.close()


def request_of(desk: Desk, words: Words) -> Request:
    """The Request of typed words at this desk."""
    return parse_request(words, setting_of(desk), desk.names())


def setting_of(desk: Desk) -> Setting:
    """The desk's present, zone, first day of the week, and its first and last event."""
    begins_at, ends_at = desk.span()
    return Setting(desk.now(), desk.config.zone, desk.config.week_start, begins_at, ends_at)
