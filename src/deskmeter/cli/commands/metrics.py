"""The catalogue: every metric with its definition, formula, date basis and credit.

deskmeter metrics first_reply_time
"""

from typing import Annotated

from typer import Argument, Context, Option

from deskmeter.base.errors import AskerError, nearest
from deskmeter.cli import options
from deskmeter.cli.asking import opened
from deskmeter.cli.output import show
from deskmeter.cli.pages import catalogue_page, metric_page
from deskmeter.cli.terminal import write
from deskmeter.query.export import report_object, to_json
from deskmeter.query.reports import MetricEntry


def run(
    ctx: Context,
    id: Annotated[str | None, Argument(metavar="[ID]", help="One metric in full.")] = None,
    search: Annotated[str | None, Option("--search", metavar="WORD", help="Only those that speak of it.")] = None,
    desk: options.DeskFolder = None,
    as_json: options.AsJson = False,
) -> None:
    """Lists the metrics, or tells one in full."""
    with opened(ctx, desk) as opened_desk:
        entries = chosen(opened_desk.metrics(), id, search)
    if as_json:
        objects = [report_object(entry, "UTC") for entry in entries]
        write(to_json(objects[0] if id else list(objects)))
    elif id:
        show(lambda width: metric_page(entries[0]))
    else:
        show(lambda width: catalogue_page(entries, width))


def chosen(entries: tuple[MetricEntry, ...], id: str | None, search: str | None) -> tuple[MetricEntry, ...]:
    """The entry with this id, or those that hold the word; AskerError if there is none."""
    if id is not None:
        found = tuple(entry for entry in entries if entry.id == id)
        if not found:
            raise AskerError(f"no metric `{id}`{nearest(id, [entry.id for entry in entries])}")
        return found
    if search is None:
        return entries
    word = search.lower()
    hits = tuple(e for e in entries if word in f"{e.id} {e.label} {e.family} {e.definition}".lower())
    if not hits:
        raise AskerError(f"no metric speaks of `{search}`; `deskmeter metrics` lists all")
    return hits
