"""What is known at `as_of`: one row per identity, nothing that lies after the asking."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from deskmeter.canon.schema import TABLES

Row = dict[str, Any]
History = dict[str, list[Row]]


def naive_utc(moment: datetime) -> datetime:
    """The same instant as a naive UTC datetime."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def one_per_identity(rows: list[Row]) -> list[Row]:
    """Ruling 4: one identity, two contents: the greatest revision counts."""
    best: dict[tuple[Any, Any], Row] = {}
    for row in rows:
        key = (row.get("source"), row["id"])
        held = best.get(key)
        if held is None or _rank(row) >= _rank(held):
            best[key] = row
    return list(best.values())


def _rank(row: Row) -> tuple[bool, int, str]:
    revision = row.get("revision")
    return (revision is not None, revision or 0, repr(sorted((k, repr(v)) for k, v in row.items())))


def known_rows(name: str, rows: list[Row], as_of: datetime) -> list[Row]:
    """Rule 1: nothing after `as_of`; a column of a later instant is null before it (ruling 1: at `as_of` is known)."""
    table = TABLES[name]
    out = []
    for row in rows:
        begun = row.get(table.known_at) if table.known_at else None
        if begun is not None and begun > as_of:
            continue
        seen = dict(row)
        for instant, columns in table.later:
            if seen.get(instant) is not None and seen[instant] > as_of:
                for column in (instant, *columns):
                    seen[column] = None
        out.append(seen)
    return out


def by_source(history: History, as_of: datetime) -> dict[str, History]:
    """The known rows of each source; events are left whole, since they are known by their effective time."""
    sources: dict[str, History] = defaultdict(lambda: {name: [] for name in TABLES})
    for name, rows in history.items():
        kept = one_per_identity(rows)
        for row in kept if name == "event" else known_rows(name, kept, as_of):
            sources[row.get("source") or "?"][name].append(row)
    return dict(sources)
