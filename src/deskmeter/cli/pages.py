"""The other screens: a ticket's story, the catalogue, the doctor, an import and a proposed mapping."""

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from deskmeter.cli.grid import text_table
from deskmeter.cli.terminal import clean
from deskmeter.query.format import NULL, format_at, format_duration
from deskmeter.query.reports import DoctorReport, ImportReport, MetricEntry, Oddity, Proposal, SourceBalance
from deskmeter.query.story import ClockEffect, StoryLine, TicketStory

_LISTED = 12  # oddities shown before "and more"


def story_page(story: TicketStory, width: int) -> RenderableType:
    """One ticket: its facts, its timeline with what each event did to the clocks, and its metrics."""
    tz = ZoneInfo(story.zone)
    parts: list[RenderableType] = [Text(f"Ticket {clean(story.ticket)} ({clean(story.source)})", style="bold")]
    if story.left_out:
        parts.append(Text(f"Left out of every metric: {clean(story.left_out)}", style="yellow"))
    parts.append(_pairs(story.header))
    parts += ["", _timeline(story.lines, tz, width), ""]
    counted = sorted(story.metrics, key=lambda metric: not metric.is_counted)
    rows = [
        (metric.metric, "yes" if metric.is_counted else "no", metric.value or NULL, metric.why) for metric in counted
    ]
    parts.append(text_table(("Metric", "Counts", "Value", "Why"), rows, width, right=(2,), fold=(3,)))
    parts += ["", *(Text(f"Note: {clean(note)}", style="dim") for note in story.notes)]
    parts.append(Text(f"As of {format_at(story.as_of, tz)} {story.zone}; times are {story.zone}.", style="dim"))
    return Group(*parts)


def catalogue_page(entries: Sequence[MetricEntry], width: int) -> RenderableType:
    """All metrics by family: id, what it is, unit."""
    parts: list[RenderableType] = []
    for family in dict.fromkeys(entry.family for entry in entries):
        of_family = [entry for entry in entries if entry.family == family]
        rows = [(entry.id + (" *" if entry.is_own else ""), entry.label, entry.unit) for entry in of_family]
        parts += [Text(family, style="bold"), text_table(("id", "what", "unit"), rows, width, fold=(1,)), ""]
    told = f"{len(entries)} metrics. `deskmeter metrics ID` shows one in full."
    own = " * is this desk's own." if any(entry.is_own for entry in entries) else ""
    return Group(*parts, Text(told + own, style="dim"))


def metric_page(entry: MetricEntry) -> RenderableType:
    """One metric with everything that defends its number."""
    facts = [
        ("Definition", entry.definition),
        ("Formula", entry.formula),
        ("Unit", entry.unit),
        ("Filed by", entry.date_basis),
        ("Clocks", ", ".join(entry.clocks) or "none"),
        ("Statistics", ", ".join(entry.statistics) or "its own"),
        ("Credit", entry.credit.replace("_", " ")),
        ("Leaves out", entry.leaves_out or "nothing of its own"),
        ("Good is", entry.good),
        ("Dimensions", ", ".join(entry.dimensions)),
        ("Sources", ", ".join(entry.sources) or NULL),
        ("Version", entry.version),
    ]
    parts: list[RenderableType] = [Text(f"{entry.label}  {entry.id}", style="bold"), _pairs(facts)]
    if entry.golden:
        parts += [
            "",
            Text("Counted by hand in the tests", style="bold"),
            *(Text(f"  {clean(g)}") for g in entry.golden),
        ]
    return Group(
        *parts, "", Text(f"Try: deskmeter ask {entry.id} --by week --last 12w --compare previous", style="dim")
    )


def doctor_page(report: DoctorReport, width: int) -> RenderableType:
    """The state of a desk; problems first."""
    tz = ZoneInfo(report.zone)
    parts: list[RenderableType] = [Text(f"Desk {clean(report.desk)}", style="bold")]
    parts += [Text(f"Problem: {clean(problem)}", style="red") for problem in report.problems]
    if not report.problems:
        parts.append(Text("Healthy: nothing keeps this desk from answering.", style="green"))
    balances = [_balance(source, tz) for source in report.sources]
    heads = ("source", "received", "stored", "again", "aside", "rejected", "adds up", "data to")
    parts += ["", Text("Ledger: received = stored + again + aside + rejected", style="bold")]
    parts.append(text_table(heads, balances, width, right=(1, 2, 3, 4, 5), fold=(0, 7)))
    parts += _oddities("Set aside, with the reason", report.set_aside, width)
    parts += _oddities("Oddities in the data", report.oddities, width)
    if report.left_out:
        rows = [(left.source, left.why, f"{left.n:,}") for left in report.left_out]
        parts += ["", Text("Left out of every metric", style="bold")]
        parts.append(text_table(("source", "why", "tickets"), rows, width, right=(2,), fold=(0, 1)))
    tables = [(name, f"{count:,}") for name, count in report.tables if count]
    parts += ["", Text("Rows", style="bold"), text_table(("table", "rows"), tables, width, right=(1,))]
    parts += ["", Text("; ".join(f"{name} {version}" for name, version in report.versions), style="dim")]
    return Group(*parts, Text(f"As of {format_at(report.as_of, tz)} {report.zone}.", style="dim"))


def import_page(report: ImportReport, width: int) -> RenderableType:
    """What became of every row that was received."""
    told = (
        f"{clean(report.source)}: received {report.received:,} = stored {report.stored:,} + again {report.duplicates:,}"
        f" + set aside {report.set_aside:,} + rejected {report.rejected:,}"
    )
    parts: list[RenderableType] = [Text(told)]
    rows = [(name, f"{count:,}") for name, count in report.tables.items() if count]
    if rows:
        parts.append(text_table(("table", "rows"), rows, width, right=(1,)))
    parts += [Text(f"Note: {clean(note)}", style="dim") for note in report.notes]
    if report.set_aside or report.rejected:
        parts.append(Text("`deskmeter doctor` lists the rows set aside with their reasons.", style="yellow"))
    return Group(*parts)


def proposal_page(proposal: Proposal, width: int) -> RenderableType:
    """What a file seems to be, five rows of the outcome, and what only its owner can know."""
    parts: list[RenderableType] = [Text(f"It looks like {clean(proposal.shape)}.", style="bold"), ""]
    names = proposal.preview_columns
    parts += list(_preview(names, proposal.preview, width))
    if proposal.doubts:
        parts += ["", Text("What the file cannot tell; please check these lines of the mapping:", style="bold")]
        parts += [Text(f"  {number}. {clean(doubt)}") for number, doubt in enumerate(proposal.doubts, 1)]
    return Group(*parts)


def _preview(names: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[RenderableType]:
    """The rows of a preview, on their sides when there are more columns than a line can hold."""
    if len(names) * 14 <= width:
        yield text_table(names, rows, width, fold=tuple(range(len(names))))
        return
    turned = [(name, *(row[place] for row in rows)) for place, name in enumerate(names)]
    heads = ("column", *(f"row {number}" for number in range(1, len(rows) + 1)))
    yield text_table(heads, turned, width, fold=tuple(range(1, len(heads))))


def _timeline(lines: Sequence[StoryLine], tz: ZoneInfo, width: int) -> Table:
    """When, who and what; the effects on the clocks stand below what caused them."""
    rows = []
    for line in lines:
        corrected = f" (the source says {format_at(line.at, tz)})" if line.at != line.effective_at else ""
        when = f"{line.effective_at.astimezone(tz):%Y-%m-%d %H:%M:%S}"
        rows.append((when, line.actor or line.actor_kind or "", line.text + corrected))
        rows += [("", "", f"  {text}") for text in _effects(line.effects)]
    return text_table(("When", "Who", "What"), rows, width, fold=(1, 2))


def _effects(effects: Sequence[ClockEffect]) -> Iterator[str]:
    """One text for all clocks to which the same happened at the same reading."""
    alike: dict[tuple[str, int | None, int | None], list[str]] = {}
    for effect in effects:
        alike.setdefault((effect.effect, effect.calendar_s, effect.business_s), []).append(effect.clock)
    for (verb, calendar_s, business_s), clocks in alike.items():
        times = []
        if calendar_s is not None:
            times.append(f"at {format_duration(calendar_s)}")
        if business_s is not None:
            times.append(f"{format_duration(business_s, is_business=True)} business")
        yield f"{verb} {', '.join(clocks)}{' ' + ', '.join(times) if times else ''}"


def _balance(source: SourceBalance, tz: ZoneInfo) -> tuple[str, ...]:
    counts = (source.received, source.stored, source.duplicates, source.set_aside, source.rejected)
    adds_up = "yes" if source.is_balanced else "NO"
    return (source.source, *(f"{count:,}" for count in counts), adds_up, format_at(source.last_event_at, tz))


def _oddities(head: str, oddities: Sequence[Oddity], width: int) -> list[RenderableType]:
    if not oddities:
        return []
    most = sorted(oddities, key=lambda oddity: -oddity.n)
    rows = [(odd.kind, odd.source, f"{odd.n:,}", f"{odd.place} {odd.text}".strip()) for odd in most[:_LISTED]]
    table = text_table(("what", "source", "rows", "for instance"), rows, width, right=(2,), fold=(0, 1, 3))
    more = [Text(f"and {len(most) - _LISTED} more kinds; --json lists all", style="dim")] if len(most) > _LISTED else []
    return ["", Text(head, style="bold"), table, *more]


def _pairs(pairs: Sequence[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs:
        table.add_row(Text(clean(name)), Text(clean(value)))
    return table
