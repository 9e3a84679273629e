"""Answers as data: one JSON object, or a grid that every file format is written from.

The same cell is the same number everywhere: nothing is rounded or worded here.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from deskmeter.base.errors import BugError
from deskmeter.query.reports import DoctorReport, ImportReport, MetricEntry
from deskmeter.query.result import Cell, DrillResult, MetricInfo, Result, Row
from deskmeter.query.story import TicketStory

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Kind = Literal["text", "number", "whole", "flag", "date", "instant"]
Scalar = str | float | int | bool | date | datetime | None

_PARTS = ("value", "n", "low", "high", "numerator", "denominator", "previous")


@dataclass(frozen=True)
class GridColumn:
    """One column of a grid. An `instant` is aware; every kind may hold None."""

    name: str
    kind: Kind


@dataclass(frozen=True)
class Grid:
    """A plain table, with what must stand beside its numbers as (name, text) pairs."""

    columns: tuple[GridColumn, ...]
    rows: tuple[tuple[Scalar, ...], ...]
    about: tuple[tuple[str, str], ...] = ()
    as_of: datetime | None = None


def result_object(result: Result) -> dict[str, Json]:
    """The answer as one JSON object.

    `rows` hold the dimensions, `period` (local first day of the bucket; by hour the instant; null without a grain)
    and under each metric's key {value, n, low, high, numerator, denominator, previous}. Where they say something, a
    cell also holds `n_open`, `maturing`, `previous_n`, `change`, `too_few` and `notes`.
    """
    tz = ZoneInfo(result.zone)
    whole: dict[str, Json] = {
        "as_of": _iso(result.as_of, tz),
        "zone": result.zone,
        "period": {"from": _iso(result.from_at, tz), "to": _iso(result.to_at, tz), "grain": result.grain},
        "metrics": [_metric_object(metric) for metric in result.metrics],
        "rows": [_row_object(row, result, tz) for row in result.rows],
        "freshness": [
            {
                "source": fresh.source,
                "last_event_at": _iso(fresh.last_event_at, tz),
                "last_import_at": _iso(fresh.last_import_at, tz),
            }
            for fresh in result.freshness
        ],
    }
    if result.compared_from_at is not None:
        whole["compared"] = {"from": _iso(result.compared_from_at, tz), "to": _iso(result.compared_to_at, tz)}
    if result.notes:
        whole["notes"] = list(result.notes)
    return whole


def drill_object(drill: DrillResult, zone_name: str) -> dict[str, Json]:
    """The rows behind one cell as one JSON object; `total_n`, `numerator` and `denominator` are the cell's own."""
    tz = ZoneInfo(zone_name)
    return {
        "metric": _metric_object(drill.metric),
        "zone": zone_name,
        "total_n": drill.total_n,
        "numerator": drill.numerator,
        "denominator": drill.denominator,
        "value": drill.value,
        "columns": list(drill.columns),
        "rows": [
            {name: _json(_scalar(value), tz) for name, value in zip(drill.columns, row, strict=True)}
            for row in drill.rows
        ],
    }


def report_object(report: MetricEntry | TicketStory | DoctorReport | ImportReport, zone_name: str) -> dict[str, Json]:
    """A report with all of its fields, whatever is nested in it; instants in the zone."""
    return _fields_object(report, ZoneInfo(zone_name))


def to_json(thing: Json) -> str:
    """JSON text with an end of line; every character is escaped that some reader might trip over.

    >>> to_json({"a": "é"})
    '{\\n  "a": "é"\\n}\\n'
    """
    text = json.dumps(thing, indent=2, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"


def result_grid(result: Result) -> Grid:
    """The answer as a grid: one row a row, and for each metric its value, n and whatever else any row has.

    | team    | period     | csat | csat_n | csat_low | csat_high | csat_numerator | csat_denominator |
    |---------|------------|------|--------|----------|-----------|----------------|------------------|
    | Billing | 2026-05-04 | 0.9  | 10     | 0.596    | 0.982     | 9.0            | 10.0             |
    """
    tz = ZoneInfo(result.zone)
    has_total = any(row.is_total for row in result.rows)
    columns = [GridColumn(name, "text") for name in result.by]
    if result.grain:
        columns.append(GridColumn("period", "instant" if result.grain == "hour" else "date"))
    if has_total:
        columns.append(GridColumn("is_total", "flag"))
    parts = {metric.key: _parts_in_use(result, metric) for metric in result.metrics}
    for key, names in parts.items():
        columns.extend(_part_column(key, name) for name in names)
    rows = []
    for row in result.rows:
        values: list[Scalar] = list(row.keys)
        if result.grain:
            values.append(_bucket(row.period, result.grain, tz))
        if has_total:
            values.append(row.is_total)
        for key, names in parts.items():
            values.extend(_part(row.cells[key], name) for name in names)
        rows.append(tuple(values))
    return Grid(tuple(columns), tuple(rows), tuple(_about(result, tz)), result.as_of)


def drill_grid(drill: DrillResult) -> Grid:
    """The rows behind a cell as a grid; a column's kind is that of its values."""
    rows = tuple(tuple(_scalar(value) for value in row) for row in drill.rows)
    kinds = [_kind([row[place] for row in rows]) for place in range(len(drill.columns))]
    columns = tuple(GridColumn(name, kind) for name, kind in zip(drill.columns, kinds, strict=True))
    mixed = {place for place, kind in enumerate(kinds) if kind == "text"}
    plain = tuple(
        tuple(str(v) if place in mixed and v is not None else v for place, v in enumerate(row)) for row in rows
    )
    return Grid(columns, plain, tuple(_metric_about(drill.metric)))


def _fields_object(thing: "DataclassInstance", tz: ZoneInfo) -> dict[str, Json]:
    return {field.name: _nested(getattr(thing, field.name), tz) for field in fields(thing)}


def _nested(value: object, tz: ZoneInfo) -> Json:
    if is_dataclass(value) and not isinstance(value, type):
        return _fields_object(value, tz)
    if isinstance(value, tuple | list):
        return [_nested(item, tz) for item in value]
    if isinstance(value, dict):
        return {str(name): _nested(item, tz) for name, item in value.items()}
    return _json(_scalar(value), tz)


def _metric_object(metric: MetricInfo) -> dict[str, Json]:
    return {
        "id": metric.id,
        "key": metric.key,
        "label": metric.label,
        "unit": metric.unit,
        "date_basis": metric.date_basis,
        "credit": metric.credit,
        "clock": metric.clock,
        "statistic": metric.statistic,
        "definition": metric.definition,
        "version": metric.version,
        "good": metric.good,
    }


def _row_object(row: Row, result: Result, tz: ZoneInfo) -> dict[str, Json]:
    found: dict[str, Json] = dict(zip(result.by, row.keys, strict=True))
    found["period"] = _json(_bucket(row.period, result.grain, tz), tz)
    if row.is_total:
        found["is_total"] = True
    for metric in result.metrics:
        found[metric.key] = _cell_object(row.cells[metric.key])
    return found


def _cell_object(cell: Cell) -> dict[str, Json]:
    found: dict[str, Json] = {name: getattr(cell, name) for name in _PARTS}
    more = {"n_open": cell.n_open, "maturing": cell.maturing, "previous_n": cell.previous_n}
    found |= {name: value for name, value in more.items() if value is not None}
    if cell.change is not None:
        found["change"] = dict(vars(cell.change))
    if cell.too_few:
        found["too_few"] = True
    if cell.notes:
        found["notes"] = list(cell.notes)
    return found


def _parts_in_use(result: Result, metric: MetricInfo) -> list[str]:
    cells = [row.cells[metric.key] for row in result.rows]
    rest = ("low", "high", "numerator", "denominator", "n_open", "maturing", "previous", "previous_n")
    used = [name for name in rest if any(getattr(cell, name) is not None for cell in cells)]
    if any(cell.change is not None for cell in cells):
        used.append("verdict")
    return ["value", "n", *used]


def _part_column(key: str, part: str) -> GridColumn:
    kind: Kind = "whole" if part in ("n", "n_open", "maturing", "previous_n") else "number"
    return GridColumn(key if part == "value" else f"{key}_{part}", "text" if part == "verdict" else kind)


def _part(cell: Cell, name: str) -> Scalar:
    if name == "verdict":
        return cell.change.verdict if cell.change else None
    value: Scalar = getattr(cell, name)
    return value


def _about(result: Result, tz: ZoneInfo) -> Iterator[tuple[str, str]]:
    yield "as_of", str(_iso(result.as_of, tz))
    yield "zone", result.zone
    yield "from", str(_iso(result.from_at, tz))
    yield "to", str(_iso(result.to_at, tz))
    for metric in result.metrics:
        yield from _metric_about(metric)
    for fresh in result.freshness:
        yield f"{fresh.source}.last_event_at", str(_iso(fresh.last_event_at, tz))
    for number, note in enumerate(result.notes, 1):
        yield f"note {number}", note


def _metric_about(metric: MetricInfo) -> Iterator[tuple[str, str]]:
    for name, value in _metric_object(metric).items():
        if name not in ("key", "id") and value is not None:
            yield f"{metric.key}.{name}", str(value)


def _bucket(at: datetime | None, grain: str | None, tz: ZoneInfo) -> date | datetime | None:
    if at is None or grain is None:
        return None
    return at.astimezone(tz) if grain == "hour" else at.astimezone(tz).date()


def _iso(at: datetime | None, tz: ZoneInfo) -> str | None:
    return None if at is None else at.astimezone(tz).isoformat()


def _json(value: Scalar, tz: ZoneInfo) -> Json:
    if isinstance(value, datetime):
        return value.astimezone(tz).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _scalar(value: object) -> Scalar:
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)  # our tables hold UTC without saying so
    if value is None or isinstance(value, str | float | int | bool | date):
        return value
    raise BugError(f"a drill holds a {type(value).__name__}, which no table can show: {value!r}")


def _kind(values: list[Scalar]) -> Kind:
    kinds = {_kind_of(value) for value in values if value is not None}
    if kinds == {"number", "whole"}:
        return "number"
    return kinds.pop() if len(kinds) == 1 else "text"


def _kind_of(value: Scalar) -> Kind:
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, datetime):
        return "instant"
    if isinstance(value, date):
        return "date"
    if isinstance(value, int):
        return "whole"
    return "number" if isinstance(value, float) else "text"
