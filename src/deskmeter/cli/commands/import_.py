"""Imports files; proposes a mapping for a file that has none yet.

deskmeter import tickets.csv

deskmeter import tickets.csv --mapping mappings/tickets.yml

deskmeter import zendesk/ --connector fivetran_zendesk
"""

from functools import partial
from pathlib import Path
from typing import Annotated

from typer import Argument, Context, Exit, Option

from deskmeter.base.errors import AskerError, DataError
from deskmeter.cli import options
from deskmeter.cli.asking import opened
from deskmeter.cli.output import show
from deskmeter.cli.pages import import_page, proposal_page
from deskmeter.cli.terminal import progress, say, write
from deskmeter.query.export import report_object, to_json
from deskmeter.query.reports import ImportReport, Proposal
from deskmeter.service import Desk

_DATA_PROBLEMS = 3
_PACKED = (".gz", ".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".parquet", ".xlsx")


def run(
    ctx: Context,
    files: Annotated[
        list[Path],
        Argument(
            metavar="FILE...",
            help="CSV, TSV, JSON, JSONL, Parquet or XLSX, also .gz; a folder or DuckDB file of a warehouse's tables.",
        ),
    ],
    mapping: Annotated[
        Path | None, Option("--mapping", "-m", metavar="FILE", help="Which column is what (YAML).")
    ] = None,
    connector: Annotated[
        str | None, Option("--connector", metavar="NAME", help="Whose tables these are: fivetran_zendesk.")
    ] = None,
    source: Annotated[
        str | None, Option("--source", metavar="NAME", help="Name of the source, with a connector; else its own.")
    ] = None,
    yes: Annotated[bool, Option("--yes", "-y", help="Import by the proposed mapping at once.")] = False,
    no_build: Annotated[bool, Option("--no-build", help="Only store; the next question builds.")] = False,
    desk: options.DeskFolder = None,
    as_json: options.AsJson = False,
) -> None:
    """Imports the files, or proposes how to read them."""
    if mapping is not None and connector is not None:
        raise AskerError("a file is read by a mapping or by a connector; name one of them")
    with opened(ctx, desk) as opened_desk:
        reports = []
        for file in files:
            reader = connector or (_recognised(opened_desk, file) if mapping is None else None)
            if reader is not None:
                with progress(not as_json) as draw:
                    reports.append(opened_desk.import_warehouse(file, reader, source, draw))
                if not as_json:
                    show(partial(import_page, reports[-1]))
                continue
            if source is not None:
                raise AskerError(
                    f"`{file}` is read by a mapping, which names its source; --source goes with a connector"
                )
            found = mapping or known_mapping(opened_desk.folder, file)
            if found is None:
                found = _propose(opened_desk, file)
                if not yes:
                    say(f"look it through, then run the same command again: deskmeter import {file}")
                    continue
            say(f"{file.name}: reading by {found}")
            with progress(not as_json) as draw:
                reports.append(opened_desk.import_file(file, found, draw))
            if not as_json:
                show(partial(import_page, reports[-1]))
        if reports and not no_build:
            _build(opened_desk, as_json)
    if as_json:
        write(to_json([report_object(report, "UTC") for report in reports]))
    if any(_nothing_kept(report) for report in reports):
        raise Exit(_DATA_PROBLEMS)


def _recognised(desk: Desk, path: Path) -> str | None:
    """The connector for a folder or database whose tables tell whose they are; says which it took."""
    found = desk.connector_of(path)
    if found is not None:
        say(f"{path.name}: holds the tables of {found}; reading by that connector")
    return found


def known_mapping(folder: Path, file: Path) -> Path | None:
    """The mapping that an earlier proposal for a file of this name left in the desk."""
    home = mapping_home(folder, file)
    return home if home.is_file() else None


def mapping_home(folder: Path, file: Path) -> Path:
    """Where the mapping of a file is kept: `mappings/NAME.yml` in the desk, NAME without its endings."""
    name = file.name
    while (suffix := Path(name).suffix.lower()) in _PACKED and Path(name).stem:
        name = name[: -len(suffix)]
    return folder / "mappings" / f"{name}.yml"


def _propose(desk: Desk, file: Path) -> Path:
    """Shows what the file seems to be and writes the mapping; returns where."""
    if not file.is_file():
        raise DataError(f"no file `{file}`" if not file.exists() else f"`{file}` is no file")
    proposal: Proposal = desk.propose(file)
    home = mapping_home(desk.folder, file)
    home.parent.mkdir(exist_ok=True)
    home.write_text(proposal.mapping_text, encoding="utf-8")
    show(lambda width: proposal_page(proposal, width))
    say(f"wrote the mapping to {home}")
    return home


def _build(desk: Desk, is_silent: bool) -> None:
    with progress(not is_silent) as draw:
        report = desk.build(draw)
    say(f"ready in {report.seconds:.1f} s. Next: deskmeter ask tickets_created --by month --period all")


def _nothing_kept(report: ImportReport) -> bool:
    return report.received > 0 and report.stored + report.duplicates == 0
