"""Reads the golden stories: checks every key, table and column, and fills in what a story may leave out."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import yaml

from deskmeter.base.time import start_of_day
from deskmeter.canon.schema import TABLES, Kind
from deskmeter.query.request import Filter, MetricAsk, Period, Request

FOLDER = Path(__file__).parent
STORY_KEYS = {"rule", "says", "reasoning", "as_of", "uses", "own_desk", "desk", "targets", "tables", "expect"}
STORY_NEEDS = {"rule", "says", "reasoning", "as_of", "tables", "expect"}
QUESTION_KEYS = {
    "metric", "by", "grain", "period", "zone", "week_start", "where", "stat", "within_s", "clock",
    "schedule_policy", "as_of", "options", "compare", "top", "drill",
}  # fmt: skip
CELL_KEYS = {"value", "n", "numerator", "denominator", "n_open", "maturing", "previous", "low", "high"}
NAMED = {"person", "team", "account", "sla_policy"}  # tables whose display names are made unique in the shared desk
NAME_DIMENSIONS = {"agent", "team", "account", "requester", "sla_policy"}
ARROW: dict[Kind, pa.DataType] = {
    "string": pa.string(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
    "date": pa.date32(),
}


class StoryError(Exception):
    """A story file is not written as it should be."""


class _TextTimesLoader(yaml.SafeLoader):
    """Leaves dates and times as text: a story's column decides what they are."""


_TextTimesLoader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Expectation:
    """One question of a story with the answer that was counted by hand."""

    story: str
    number: int
    question: dict[str, Any]
    cells: dict[str, dict[str, Any]] | None  # by row key; None: an error is expected
    error: str | None

    @property
    def id(self) -> str:
        parts = [self.story, str(self.number), self.question["metric"]]
        return ":".join(parts + list(self.question.get("by", [])))


@dataclass(frozen=True)
class Story:
    """One golden story, complete and checked."""

    name: str
    rule: str
    says: str
    as_of: datetime
    own_desk: bool
    desk: dict[str, Any]  # settings of a desk of its own
    targets: list[dict[str, Any]]  # and its targets
    tables: dict[str, list[dict[str, Any]]]
    expectations: tuple[Expectation, ...] = field(default=())


def load_stories() -> tuple[Story, ...]:
    """All stories of the folder, by file name."""
    return tuple(load_story(path) for path in sorted(FOLDER.glob("*.yml")))


def load_story(path: Path) -> Story:
    """One story; StoryError names the file and what is wrong with it."""
    raw = _read(path)
    _only(raw, STORY_KEYS, path.name)
    if missing := STORY_NEEDS - raw.keys():
        raise StoryError(f"{path.name}: lacks {sorted(missing)}")
    tables: dict[str, list[dict[str, Any]]] = {}
    for name in raw.get("uses", []):
        shared = _read(FOLDER / "common" / f"{name}.yml")
        _only(shared, {"says", "tables"}, f"common/{name}.yml")
        _merge(tables, shared["tables"])
    _merge(tables, raw["tables"])
    own_desk = bool(raw.get("own_desk", False))
    if raw.keys() & {"desk", "targets"} and not own_desk:
        raise StoryError(f"{path.name}: settings and targets need own_desk: true")
    return Story(
        name=path.stem,
        rule=str(raw["rule"]),
        says=str(raw["says"]),
        as_of=instant(raw["as_of"], "UTC"),
        own_desk=own_desk,
        desk=raw.get("desk", {}),
        targets=raw.get("targets", []),
        tables={name: _complete(name, rows, path, own_desk) for name, rows in tables.items()},
        expectations=tuple(_expectation(path.stem, k, one) for k, one in enumerate(raw["expect"], start=1)),
    )


def _read(path: Path) -> dict[str, Any]:
    with path.open(encoding="utf-8") as stream:
        raw = yaml.load(stream, Loader=_TextTimesLoader)
    if not isinstance(raw, dict):
        raise StoryError(f"{path.name}: not a map")
    return raw


def _only(found: dict[str, Any], known: set[str], place: str) -> None:
    if unknown := found.keys() - known:
        raise StoryError(f"{place}: unknown {sorted(unknown)}")


def _merge(into: dict[str, list[dict[str, Any]]], tables: dict[str, list[dict[str, Any]]]) -> None:
    for name, rows in tables.items():
        into.setdefault(name, []).extend(rows)


def _complete(table: str, rows: list[dict[str, Any]], path: Path, own_desk: bool) -> list[dict[str, Any]]:
    """The rows with every column of the table, in the column's own type; ids sort as the rows are written."""
    if table not in TABLES:
        raise StoryError(f"{path.name}: no table {table}")
    names = TABLES[table].names
    done = []
    for position, row in enumerate(rows, start=1):
        _only(row, set(names), f"{path.name}: {table} {position}")
        if "source" in row and not own_desk:
            raise StoryError(f"{path.name}: {table} {position} names a source, which needs own_desk: true")
        full = {"source": "story", "id": f"{table}-{position:03}"} | row
        done.append({name: _typed(full.get(name), TABLES[table].column(name).type) for name in names})
    return done


def _typed(value: Any, kind: Kind) -> Any:
    if value is None:
        return None
    if kind == "timestamp":
        return datetime.fromisoformat(value)
    if kind == "date":
        return date.fromisoformat(value)
    if kind == "string":
        return str(value)
    if kind == "float64":
        return float(value)
    return value


def _expectation(story: str, number: int, raw: dict[str, Any]) -> Expectation:
    place = f"{story}: expectation {number}"
    _only(raw, QUESTION_KEYS | CELL_KEYS | {"rows", "error", "tolerance"}, place)
    if "metric" not in raw or "period" not in raw:
        raise StoryError(f"{place}: needs a metric and a period")
    question = {key: raw[key] for key in raw.keys() & (QUESTION_KEYS | {"tolerance"})}
    if "error" in raw:
        return Expectation(story, number, question, None, str(raw["error"]))
    grouped = "rows" in raw
    if grouped != bool(raw.get("by") or raw.get("grain")):
        raise StoryError(f"{place}: `rows` goes with `by` or `grain`, a single value with neither")
    cells = {str(key): cell for key, cell in raw["rows"].items()} if grouped else {"": _cell(raw)}
    for cell in cells.values():
        _only(cell, CELL_KEYS, place)
        if not cell:
            raise StoryError(f"{place}: expects nothing")
    return Expectation(story, number, question, cells, None)


def _cell(raw: dict[str, Any]) -> dict[str, Any]:
    return {key: raw[key] for key in raw.keys() & CELL_KEYS}


def instant(text: str, zone: str) -> datetime:
    """A UTC instant; a date alone is the start of that local day."""
    if "T" in str(text):
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    return start_of_day(date.fromisoformat(text), ZoneInfo(zone)).astimezone(UTC)


def request_of(story: Story, expectation: Expectation) -> Request:
    """The question of an expectation, narrowed to the story's own source where desks are shared."""
    asked = expectation.question
    zone = asked.get("zone", "UTC")
    first, last = asked["period"]
    where = [
        Filter(dimension, operator, tuple(map(str, values))) for dimension, operator, values in asked.get("where", [])
    ]
    if not story.own_desk:
        where = [_unique_filter(story, one) for one in where] + [Filter("source", "=", (story.name,))]
    return Request(
        metrics=(MetricAsk(asked["metric"], stat=asked.get("stat"), within_s=asked.get("within_s")),),
        period=Period(instant(first, zone), instant(last, zone)),
        zone=zone,
        by=tuple(asked.get("by", [])),
        grain=asked.get("grain"),
        where=tuple(where),
        clock=asked.get("clock", "calendar"),
        schedule_policy=asked.get("schedule_policy", "as_lived"),
        compare=asked.get("compare"),
        as_of=instant(asked["as_of"], "UTC") if "as_of" in asked else story.as_of,
        top=asked.get("top"),
        week_start=asked.get("week_start", 0),
        options=tuple((key, str(value)) for key, value in asked.get("options", {}).items()),
    )


def _unique_filter(story: Story, one: Filter) -> Filter:
    if one.dimension not in NAME_DIMENSIONS:
        return one
    return Filter(one.dimension, one.operator, tuple(unique_name(story, value) for value in one.values))


def unique_name(story: Story, name: str) -> str:
    """A display name that no other story of the shared desk uses."""
    return name if story.own_desk or name.startswith("(") else f"{name} of {story.name}"


def plain_key(story: Story, key: str) -> str:
    """A dimension's value as the story writes it."""
    return key.replace(f" of {story.name}", "")


def arrow_tables(story: Story) -> dict[str, dict[str, pa.Table]]:
    """The story's rows by source and table, as a connector would hand them over."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for table, rows in story.tables.items():
        for row in rows:
            named = dict(row)
            if not story.own_desk:
                named["source"] = story.name
                if table in NAMED and named["name"] is not None:
                    named["name"] = unique_name(story, named["name"])
            found.setdefault(named["source"], {}).setdefault(table, []).append(named)
    return {
        source: {table: pa.Table.from_pylist(rows, schema=_schema(table)) for table, rows in tables.items()}
        for source, tables in found.items()
    }


def _schema(table: str) -> pa.Schema:
    return pa.schema([(name, ARROW[TABLES[table].column(name).type]) for name in TABLES[table].names])
