"""The state of a desk: ledger balance, rows set aside with reasons, oddities, what is left out."""

from typer import Context, Exit

from deskmeter.cli import options
from deskmeter.cli.asking import opened
from deskmeter.cli.output import show
from deskmeter.cli.pages import doctor_page
from deskmeter.cli.terminal import write
from deskmeter.query.export import report_object, to_json

_DATA_PROBLEMS = 3


def run(ctx: Context, desk: options.DeskFolder = None, as_json: options.AsJson = False) -> None:
    """Examines the desk; exit code 3 if something keeps it from answering or a source does not add up."""
    with opened(ctx, desk) as opened_desk:
        report = opened_desk.doctor()
    if as_json:
        write(to_json(report_object(report, report.zone)))
    else:
        show(lambda width: doctor_page(report, width))
    if report.problems or not all(source.is_balanced for source in report.sources):
        raise Exit(_DATA_PROBLEMS)
