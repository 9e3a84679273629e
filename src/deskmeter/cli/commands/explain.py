"""A ticket's timeline: what started, paused and stopped each clock, and where it counts.

deskmeter explain 4711
"""

from typing import Annotated

from typer import Argument, Context

from deskmeter.cli import options
from deskmeter.cli.asking import opened, setting_of
from deskmeter.cli.output import show
from deskmeter.cli.pages import story_page
from deskmeter.cli.terminal import write
from deskmeter.query.export import report_object, to_json
from deskmeter.query.periods import parse_instant


def run(
    ctx: Context,
    ticket: Annotated[
        str, Argument(metavar="TICKET", help="The ticket's id; `source/id` where two sources share one.")
    ],
    as_of: options.AsOf = None,
    desk: options.DeskFolder = None,
    as_json: options.AsJson = False,
) -> None:
    """Tells one ticket's story."""
    with opened(ctx, desk) as opened_desk:
        at = parse_instant(as_of, setting_of(opened_desk).tz, "as-of") if as_of else None
        story = opened_desk.explain(ticket, at)
    if as_json:
        write(to_json(report_object(story, story.zone)))
    else:
        show(lambda width: story_page(story, width))
