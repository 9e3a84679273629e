"""The very rows behind a number; they always add up to it.

deskmeter drill first_reply_time --by agent --where agent=Ana --last 7d

deskmeter drill csat --by team,week --cell team=Billing --bucket 2026-05-04 --last 12w
"""

from collections.abc import Sequence
from typing import Annotated

from typer import Context, Option

from deskmeter.base.errors import AskerError, nearest
from deskmeter.base.time import zone as zone_of
from deskmeter.cli import options
from deskmeter.cli.asking import opened, request_of
from deskmeter.cli.drill_page import drill_page
from deskmeter.cli.output import Output, emit
from deskmeter.query.export import drill_grid, drill_object
from deskmeter.query.parse import Words, narrowed
from deskmeter.query.periods import parse_instant

_SHOWN = 25  # rows in a terminal; files and JSON hold all unless --limit says otherwise


def run(
    ctx: Context,
    metric: options.Metric,
    by: options.By = None,
    cell: Annotated[
        list[str] | None, Option("--cell", metavar="DIM=VALUE", help="The cell's row, for each dimension of --by.")
    ] = None,
    bucket: Annotated[
        str | None, Option("--bucket", metavar="DATE", help="The cell's bucket, by its first day.")
    ] = None,
    limit: Annotated[int | None, Option("--limit", metavar="N", min=1, help="At most N rows.")] = None,
    grain: options.Grain = None,
    where: options.Where = None,
    last: options.Last = None,
    this: options.This = None,
    period: options.PeriodText = None,
    start: options.From = None,
    end: options.To = None,
    stat: options.Stat = None,
    within: options.Within = None,
    clock: options.Clock = None,
    schedule_policy: options.SchedulePolicy = None,
    zone: options.Zone = None,
    as_of: options.AsOf = None,
    option: options.Extra = None,
    desk: options.DeskFolder = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    file: options.OutFile = None,
) -> None:
    """Lists the rows behind a number."""
    output = Output(as_json, as_csv, file)
    words = Words(
        [metric], by or (), grain, where, period, last, this, start, end, None, stat, within, clock,
        schedule_policy, zone, as_of, options=option or (),
    )  # fmt: skip
    with opened(ctx, desk) as opened_desk:
        request = request_of(opened_desk, words)
        keys = cell_keys(cell or (), request.by)
        at = parse_instant(bucket, zone_of(request.zone), "bucket") if bucket else None
        if at is not None and request.grain is None:
            raise AskerError(f"`--bucket {bucket}` needs a grain; write for instance --by week")
        named = (*request.by, *(condition.dimension for condition in request.where))
        most = limit or (_SHOWN if output.is_for_people else None)
        drill = opened_desk.drill(narrowed(request, request.metrics[0], keys, at is not None), keys, at, most)
    emit(
        output,
        lambda width: drill_page(drill, width, named),
        lambda: drill_object(drill, request.zone),
        lambda: drill_grid(drill),
    )


def cell_keys(texts: Sequence[str], by: Sequence[str]) -> dict[str, str]:
    """The cell's row by dimension; AskerError for a dimension that is not in `by`."""
    keys = {}
    for text in texts:
        name, has_value, value = text.partition("=")
        if not has_value:
            raise AskerError(f"`--cell` cannot read `{text}`; write for instance team=Billing")
        if name.strip() not in by:
            raise AskerError(f"`--cell {text}`: `{name.strip()}` is not in --by{nearest(name.strip(), by)}")
        keys[name.strip()] = value.strip()
    return keys
