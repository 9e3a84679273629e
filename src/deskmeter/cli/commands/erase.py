"""Forgets a person, customer or agent, who asked for it; no count changes.

deskmeter erase cleo@example.com

deskmeter erase helpdesk/4711 --yes --also backups/monday.zip
"""

import sys
from pathlib import Path
from typing import Annotated

from typer import Argument, Context, Option, confirm

from deskmeter.base.errors import AskerError
from deskmeter.cli import options
from deskmeter.cli.asking import opened
from deskmeter.cli.terminal import clean, progress, say, write
from deskmeter.query.reports import ErasurePreview, ErasureReport


def run(
    ctx: Context,
    person: Annotated[str, Argument(metavar="PERSON", help="The person's id, SOURCE/ID, or mail address.")],
    source: Annotated[
        str | None, Option("--source", metavar="SOURCE", help="The source that knows the person.")
    ] = None,
    yes: Annotated[bool, Option("--yes", "-y", help="Do not ask.")] = False,
    also: Annotated[
        list[Path] | None, Option("--also", metavar="BACKUP", help="A backup to erase the person from as well.")
    ] = None,
    desk: options.DeskFolder = None,
) -> None:
    """Erases a person."""
    with opened(ctx, desk) as opened_desk:
        found = opened_desk.erasure(person, source)
        if found.pseudonym is None or also:
            _agree(found, yes)
        with progress() as draw:
            report = opened_desk.erase(person, source, tuple(also or ()), draw)
    write("".join(f"{clean(line)}\n" for line in report_lines(report)))


def _agree(found: ErasurePreview, is_agreed: bool) -> None:
    """Shows what will be erased and asks; AskerError where nobody can be asked or the answer is no."""
    if is_agreed:
        return
    if not sys.stdin.isatty():
        raise AskerError(f"erasing `{found.source}/{found.id}` cannot be taken back; add --yes to do it")
    for line in preview_lines(found):
        say(clean(line))
    if not confirm("Erase? It cannot be taken back", err=True):
        raise AskerError("nothing was erased")


def preview_lines(found: ErasurePreview) -> list[str]:
    """What an erasure will change."""
    who = f"{found.source}/{found.id}"
    if found.pseudonym is not None:
        return [f"{who} was erased before, as {found.pseudonym}; the backups named are left to do"]
    return [f"{who} stands in {_rows(found.rows)}, from {found.files_n:,} kept files"]


def report_lines(report: ErasureReport) -> list[str]:
    """What was erased, and what is beyond it."""
    if report.was_erased_before:
        lines = [f"erased before: {report.source}/{report.pseudonym}; nothing of the person was left in the desk"]
    else:
        lines = [f"erased: the person is {report.source}/{report.pseudonym} from now on, in {_rows(report.rows)}"]
    for told, names in (
        ("taken out of kept files", report.files),
        ("unreadable kept files replaced by a line", report.replaced),
        ("taken out of settings", report.settings),
        ("erased from backups", report.backups),
    ):
        if names:
            lines.append(f"{told}: {len(names):,} ({', '.join(names[:5])}{' ...' if len(names) > 5 else ''})")
    return [*lines, "not erased, since it is out of reach:", *(f"  {line}" for line in report.beyond)]


def _rows(rows: dict[str, int]) -> str:
    told = ", ".join(f"{name} {count:,}" for name, count in sorted(rows.items(), key=lambda row: -row[1]))
    return f"{sum(rows.values()):,} rows ({told})" if rows else "no row"
