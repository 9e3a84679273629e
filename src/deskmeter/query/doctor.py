"""The state of a desk: versions, balances, what was set aside, oddities, what is left out, and what is wrong."""

import platform
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version

from deskmeter.base.time import from_micros, to_micros
from deskmeter.canon.schema import TABLES
from deskmeter.ingest.run import read_oddities
from deskmeter.ledger.protocol import ImportRecord, Ledger
from deskmeter.query.access import Access
from deskmeter.query.oddities import Data, find_oddities
from deskmeter.query.reports import DoctorReport, LeftOut, Oddity, SourceBalance
from deskmeter.query.result import Freshness

_LIBRARIES = ("duckdb", "ibis-framework", "apsw", "pyarrow")


def examine(
    access: Access, ledger: Ledger, freshness: Iterable[Freshness], desk: str, zone_name: str,
    default_schedule: str | None = None,
) -> DoctorReport:  # fmt: skip
    """Everything that a reader of the numbers should know about where they come from."""
    fresh = {one.source: one for one in freshness}
    imports = ledger.imports()
    files = {record.object_id: record.object_name for record in imports}
    counters = ledger.counters()
    last_import_us = {
        name: to_micros(one.last_import_at) for name, one in fresh.items() if one.last_import_at is not None
    }
    data = Data(access, ledger, last_import_us)
    return DoctorReport(
        desk=desk,
        as_of=from_micros(access.as_of_us),
        zone=zone_name,
        versions=tuple(_versions()),
        sources=tuple(_balances(ledger, fresh)),
        tables=tuple((name, counters.get(name, 0)) for name in TABLES),
        set_aside=(*_set_aside(ledger, files), *_set_aside_by_facts(data)),
        oddities=(*_import_oddities(ledger, imports), *find_oddities(data), *_conflicts(ledger), *_broken_off(imports)),
        left_out=tuple(_left_out(data)),
        problems=(*ledger.check(), *_problems(access, default_schedule)),
    )


def _versions() -> Iterator[tuple[str, str]]:
    yield "deskmeter", _version("deskmeter")
    yield "python", platform.python_version()
    for library in _LIBRARIES:
        yield library, _version(library)


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "(not installed)"


def _balances(ledger: Ledger, fresh: Mapping[str, Freshness]) -> Iterator[SourceBalance]:
    for one in ledger.balance():
        known = fresh.get(one.source)
        yield SourceBalance(
            one.source, one.received, one.stored, one.duplicates, one.set_aside, one.rejected,
            known.last_event_at if known else None, known.last_import_at if known else None,
        )  # fmt: skip


def _set_aside(ledger: Ledger, files: Mapping[str, str]) -> Iterator[Oddity]:
    """Raw rows set aside or rejected, one line for each reason: the values in it may differ."""
    found: dict[tuple[str, str, str | None], Oddity] = {}
    counts: Counter[tuple[str, str, str | None]] = Counter()
    for one in ledger.set_aside_rows():
        row = one.row
        kind = re.sub(r"`[^`]*`", "…", row.reason)
        key = (one.source, kind, row.column)
        counts[key] += 1
        if key not in found:
            line = "" if row.line is None else f":{row.line}"
            column = f"column `{row.column}`: " if row.column else ""
            place = f"{files.get(one.object_id, one.object_id[:12])}{line}"
            found[key] = Oddity("rejected" if one.is_rejected else "set aside", one.source, place, column + row.reason)
    for key, odd in found.items():
        yield Oddity(odd.kind, odd.source, odd.place, odd.text, counts[key])


def _set_aside_by_facts(data: Data) -> Iterator[Oddity]:
    """Answers and spans that were understood but that no number counts."""
    answers, spans = data["set_aside_answer"], data["set_aside_span"]
    ratings = answers.group_by("source", "survey_kind", "reason").aggregate(
        n=answers.count(), first=answers.answer.min()
    )
    for row in data.fetch(ratings.order_by("source", "survey_kind", "reason")).to_pylist():
        text = f"{row['survey_kind']}: {row['reason']}"
        yield Oddity("rating not counted", row["source"], f"answer {row['first']}", text, row["n"])
    stays = spans.group_by("source").aggregate(n=spans.count(), first=spans.customer.min())
    for row in data.fetch(stays.order_by("source")).to_pylist():
        text = "it does not last, or belongs to no customer"
        yield Oddity("customer span not counted", row["source"], row["first"] or "", text, row["n"])


def _import_oddities(ledger: Ledger, imports: Iterable[ImportRecord]) -> Iterator[Oddity]:
    """What the imports noted, of each file as it is read now."""
    for record in imports:
        if record.state != "done":
            continue
        for odd in read_oddities(ledger, record.source, record.object_id):
            line = f":{odd.lines[0]}" if odd.lines else ""
            yield Oddity(odd.code, record.source, f"{record.object_name}{line}", odd.text, odd.n)


def _conflicts(ledger: Ledger) -> Iterator[Oddity]:
    """One identity with two contents: the greatest revision counts (ruling 4)."""
    found: dict[tuple[str, str], Oddity] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for one in ledger.conflicts():
        key = (one.source, one.table)
        counts[key] += 1
        if key not in found:
            name = next(iter(one.lost), None)
            differs = f"`{name}` is {_word(one.counts.get(name))} and was {_word(one.lost[name])}" if name else ""
            found[key] = Oddity("one id, two contents", one.source, f"{one.table} {one.id}", differs)
    for key, odd in found.items():
        yield Oddity(odd.kind, odd.source, odd.place, odd.text, counts[key])


def _word(value: str | None) -> str:
    return "nothing" if value is None else f"`{value}`"


def _broken_off(imports: Iterable[ImportRecord]) -> Iterator[Oddity]:
    for record in imports:
        if record.state == "interrupted":
            began = f"{record.began_at:%Y-%m-%d %H:%M} UTC"
            text = f"the import begun {began} did not end; nothing of it counts, import the file again"
            yield Oddity("import interrupted", record.source, record.object_name, text)


def _left_out(data: Data) -> Iterator[LeftOut]:
    rows = data["standing"]
    rows = rows.filter(rows.left_out.notnull())
    grouped = rows.group_by("source", "left_out").aggregate(n=rows.count())
    for row in data.fetch(grouped.order_by("source", "left_out")).to_pylist():
        yield LeftOut(row["source"], _LEFT_OUT.get(row["left_out"], row["left_out"]), row["n"])


_LEFT_OUT: Mapping[str, str] = {
    "merged": "merged into another ticket; messages count there",
    "spam": "marked as spam",
    "deleted": "deleted",
    "test": "a test ticket",
}


def _problems(access: Access, default_schedule: str | None) -> Iterator[str]:
    if default_schedule is None:
        return
    known = access.engine.fetch(access.table("calendar_day").select("schedule").distinct())["schedule"].to_pylist()
    if default_schedule not in known:
        names = ", ".join(sorted(known)) or "none"
        yield f"default_schedule `{default_schedule}` is no schedule; deskmeter.toml may name {names}"
