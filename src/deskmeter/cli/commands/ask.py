"""Any metrics by any dimensions and grain, with n, interval and definition.

deskmeter ask nps csat --by team --last 12w --compare previous

deskmeter ask first_reply_time --stat median --by agent --where channel=email --clock business
"""

from typer import Context

from deskmeter.cli import options
from deskmeter.cli.asking import on_lake, opened, request_of
from deskmeter.cli.output import Output, emit
from deskmeter.cli.tables import answer
from deskmeter.query.export import result_grid, result_object
from deskmeter.query.parse import Words


def run(
    ctx: Context,
    metrics: options.Metrics,
    by: options.By = None,
    grain: options.Grain = None,
    where: options.Where = None,
    last: options.Last = None,
    this: options.This = None,
    period: options.PeriodText = None,
    start: options.From = None,
    end: options.To = None,
    compare: options.Compare = None,
    stat: options.Stat = None,
    within: options.Within = None,
    clock: options.Clock = None,
    schedule_policy: options.SchedulePolicy = None,
    zone: options.Zone = None,
    as_of: options.AsOf = None,
    top: options.Top = None,
    totals: options.Totals = False,
    no_intervals: options.NoIntervals = False,
    option: options.Extra = None,
    engine: options.EngineName = "duckdb",
    master: options.Master = None,
    lake: options.Lake = None,
    desk: options.DeskFolder = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    file: options.OutFile = None,
) -> None:
    """Asks the desk and shows the answer."""
    output = Output(as_json, as_csv, file)
    words = Words(
        metrics, by or (), grain, where, period, last, this, start, end, compare, stat, within, clock,
        schedule_policy, zone, as_of, top, totals, not no_intervals, option or (),
    )  # fmt: skip
    with opened(ctx, desk, on_lake(engine, master, lake)) as opened_desk:
        result = opened_desk.ask(request_of(opened_desk, words))
    emit(output, lambda width: answer(result, width), lambda: result_object(result), lambda: result_grid(result))
