"""The story of a ticket of a golden file, told by a desk in memory."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import yaml
from hand_desk import ARROW, hand_desk

from deskmeter.canon.schema import TABLES
from deskmeter.query.access import Access
from deskmeter.query.explain import explain
from deskmeter.query.story import StoryLine, StoryMetric, TicketStory

GOLDEN = Path(__file__).parent.parent / "golden"
_TEXTS: dict[object, str] = {}  # compiled once for all desks of this file: they have the same tables


class Rows:
    """Canonical rows at hand, as a ledger would give them."""

    def __init__(self, tables: dict[str, list[dict[str, object]]]) -> None:
        self._tables = {name: _table(name, tables.get(name, [])) for name in TABLES}

    def read(self, table: str) -> pa.Table:
        return self._tables[table]

    def read_tickets(self, table: str, tickets: Sequence[tuple[str, str]]) -> pa.Table:
        rows = self._tables[table]
        ids = rows["id" if table == "ticket" else "ticket"].to_pylist()
        named = [pair in tickets for pair in zip(rows["source"].to_pylist(), ids, strict=True)]
        return rows.filter(pa.array(named, pa.bool_()))


class Told:
    """A small desk whose tickets can be explained."""

    def __init__(self, tables: dict[str, list[dict[str, object]]], as_of: str) -> None:
        full = {
            name: [{"source": "s", "id": f"{name}-{place:03}"} | row for place, row in enumerate(rows)]
            for name, rows in tables.items()
        }
        self.rows = Rows(full)
        self.access: Access = hand_desk(full, as_of)
        self.access.texts = _TEXTS

    def story(self, ticket: str) -> TicketStory:
        return explain(self.access, self.rows, ticket)


def golden(name: str) -> Told:
    """The desk of a golden story."""
    raw = _read(GOLDEN / f"{name}.yml")
    tables: dict[str, list[dict[str, object]]] = {}
    for shared in [*(_read(GOLDEN / "common" / f"{one}.yml") for one in raw.get("uses", [])), raw]:
        for table, rows in shared["tables"].items():
            tables.setdefault(table, []).extend(_typed(table, row) for row in rows)
    return Told(tables, str(raw["as_of"]))


def effects(story: TicketStory, clock: str) -> list[tuple[str, str, int | None, int | None]]:
    """What happened to one clock: (time of the event, effect, calendar seconds, business seconds)."""
    return [
        (f"{line.effective_at:%m-%d %H:%M}", effect.effect, effect.calendar_s, effect.business_s)
        for line in story.lines
        for effect in line.effects
        if effect.clock == clock
    ]


def metric(story: TicketStory, id: str) -> StoryMetric:
    """What is said of one metric."""
    return next(one for one in story.metrics if one.metric == id)


def texts(story: TicketStory) -> list[str]:
    """The events in words."""
    return [line.text for line in story.lines]


def line(story: TicketStory, text: str) -> StoryLine:
    """The first line that holds `text`."""
    return next(one for one in story.lines if text in one.text)


def _read(path: Path) -> dict[str, dict[str, list[dict[str, object]]]]:
    found = yaml.load(path.read_text(encoding="utf-8"), Loader=_TextTimes)
    assert isinstance(found, dict)
    return found


class _TextTimes(yaml.SafeLoader):
    """Leaves times as text: a column decides what they are."""


_TextTimes.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _typed(table: str, row: dict[str, object]) -> dict[str, object]:
    kinds = {name: TABLES[table].column(name).type for name in row}
    typed = {name: _value(value, kinds[name]) for name, value in row.items()}
    return typed


def _value(value: object, kind: str) -> object:
    if value is None or kind not in ("timestamp", "date", "string"):
        return value
    if kind == "string":
        return str(value)
    at = pa.scalar(str(value)).cast(pa.timestamp("us")).as_py()
    return at.date() if kind == "date" else at


def _table(name: str, rows: list[dict[str, object]]) -> pa.Table:
    return pa.table({c.name: pa.array([row.get(c.name) for row in rows], ARROW[c.type]) for c in TABLES[name].columns})
