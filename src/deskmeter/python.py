"""The Python API: a desk, its answers, and the rows behind them.

import deskmeter

with deskmeter.open("my-desk") as desk:
    r = desk.ask("first_reply_time", by=["team", "week"], where={"channel": "email"}, stat="median", last="12w")
    r.to_pandas(); r.to_polars(); r.to_arrow(); r.definition; r.drill(team="Billing")
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import pyarrow as pa

from deskmeter import service
from deskmeter.base.errors import AskerError
from deskmeter.base.extras import extra
from deskmeter.notebook import grid_html, result_html
from deskmeter.query.export import Grid, Json, drill_grid, drill_object, result_grid, result_object, to_json
from deskmeter.query.filters import Where
from deskmeter.query.parse import Words, narrowed, parse_request
from deskmeter.query.periods import Setting, parse_instant
from deskmeter.query.reports import DimensionEntry, DoctorReport, MetricEntry
from deskmeter.query.request import MetricAsk, Request
from deskmeter.query.result import DrillResult, MetricInfo, Result, Row
from deskmeter.query.sheets import ending, grid_bytes, to_arrow, to_csv, write_whole
from deskmeter.query.story import TicketStory

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped, import-not-found, unused-ignore]  # optional
    import polars as pl  # type: ignore[import-not-found, unused-ignore]  # optional


class Frame:
    """What an answer and a drill share: they are tables, for whatever reads tables."""

    def __init__(self, grid: Grid, thing: dict[str, Json]) -> None:
        self._grid = grid
        self._thing = thing

    def to_arrow(self) -> pa.Table:
        """A pyarrow table; the definitions are in its schema's metadata."""
        return to_arrow(self._grid)

    def to_pandas(self) -> "pd.DataFrame":
        """A pandas data frame; AskerError with the install line if pandas is missing."""
        extra("pandas", "to_pandas()")
        return self.to_arrow().to_pandas()

    def to_polars(self) -> "pl.DataFrame":
        """A polars data frame; AskerError with the install line if polars is missing."""
        return extra("polars", "to_polars()").from_arrow(self.to_arrow())

    def to_csv(self) -> str:
        """CSV text, safe to open in a spreadsheet."""
        return to_csv(self._grid)

    def to_dict(self) -> dict[str, Json]:
        """The same object as `deskmeter ask --json`."""
        return self._thing

    def save(self, path: str | Path) -> None:
        """Writes .csv, .json, .parquet or .xlsx by the file's ending, whole or not at all."""
        file = Path(path)
        suffix = ending(file)
        write_whole(to_json(self._thing).encode() if suffix == ".json" else grid_bytes(self._grid, suffix), file)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The Arrow PyCapsule stream, for polars, DuckDB, pandas and others that speak it."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        return len(self._grid.rows)


class Drill(Frame):
    """The rows behind one number; `result` holds what they add up to."""

    def __init__(self, result: DrillResult, zone: str) -> None:
        super().__init__(drill_grid(result), drill_object(result, zone))
        self.result = result

    @property
    def value(self) -> float | None:
        """The number that the rows make."""
        return self.result.value

    def _repr_html_(self) -> str:
        return grid_html(self._grid)

    def __repr__(self) -> str:
        return f"<Drill of {self.result.metric.id}: {self.result.total_n:,} rows>"


class Answer(Frame):
    """The answer to one question."""

    def __init__(self, desk: service.Desk, request: Request, result: Result) -> None:
        super().__init__(result_grid(result), result_object(result))
        self._desk = desk
        self.request = request
        self.result = result

    @property
    def metrics(self) -> tuple[MetricInfo, ...]:
        """What must stand beside the numbers, for each metric."""
        return self.result.metrics

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows with their cells: value, n, interval, both parts, change."""
        return self.result.rows

    @property
    def definition(self) -> str:
        """What the number means; of several metrics one line each."""
        if len(self.metrics) == 1:
            return self.metrics[0].definition
        return "\n".join(f"{metric.key}: {metric.definition}" for metric in self.metrics)

    @property
    def value(self) -> float | None:
        """The number, where the answer is one; AskerError if it is a table."""
        if len(self.rows) != 1 or len(self.metrics) != 1:
            raise AskerError(f"the answer has {len(self.rows)} rows of {len(self.metrics)} metrics; read `rows`")
        return self.rows[0].cells[self.metrics[0].key].value

    def drill(
        self,
        keys: Mapping[str, str] | None = None,
        *,
        metric: str | None = None,
        bucket: str | None = None,
        limit: int | None = None,
        **more: str,
    ) -> Drill:
        """The rows behind one number of this answer.

        Args:
            keys, more: the row, by dimension (`team="Billing"`); nothing: all rows together.
            metric: which metric, if the answer has several.
            bucket: the first day of the bucket, if the answer has a grain.
            limit: at most so many rows.
        """
        wanted = {**(keys or {}), **more}
        for name in wanted:
            if name not in self.request.by:
                raise AskerError(
                    f"the answer is not split by `{name}`; it is by {', '.join(self.request.by) or 'nothing'}"
                )
        tz = Setting(self.result.as_of, self.result.zone).tz
        at = parse_instant(bucket, tz, "bucket") if bucket else None
        request = narrowed(self.request, self._ask_of(metric), wanted, at is not None)
        return Drill(self._desk.drill(request, wanted, at, limit), self.result.zone)

    def _ask_of(self, metric: str | None) -> MetricAsk:
        ids = [ask.id for ask in self.request.metrics]
        if metric is None and len(ids) > 1:
            raise AskerError(f"the answer has several metrics; say which: drill(metric='{ids[0]}')")
        keyed = {info.key: ask for info, ask in zip(self.metrics, self.request.metrics, strict=True)}
        chosen = self.request.metrics[0] if metric is None else keyed.get(metric)
        if chosen is None:
            raise AskerError(f"the answer has no metric `{metric}`; it has {', '.join(keyed)}")
        return chosen

    def _repr_html_(self) -> str:
        return result_html(self.result)

    def __repr__(self) -> str:
        return f"<Answer of {', '.join(metric.key for metric in self.metrics)}: {len(self.rows)} rows>"


class Desk:
    """A desk: its questions, its catalogue and its state. Close it, or use it in a `with`."""

    def __init__(self, desk: service.Desk) -> None:
        self._desk = desk

    def ask(
        self,
        *metrics: str | Sequence[str],
        by: str | Sequence[str] = (),
        where: Where | None = None,
        last: str | None = None,
        this: str | None = None,
        period: str | None = None,
        start: str | None = None,
        end: str | None = None,
        grain: str | None = None,
        stat: str | None = None,
        within: str | None = None,
        clock: str | None = None,
        schedule_policy: str | None = None,
        compare: str | None = None,
        zone: str | None = None,
        as_of: str | None = None,
        top: int | None = None,
        totals: bool = False,
        intervals: bool = True,
        options: Sequence[str] = (),
    ) -> Answer:
        """The answer; every word means what it means on the command line.

        Args:
            metrics: ids with their choices, or lists of them: `"csat"`, `"first_reply_time:p90:business"`.
            by: dimensions and at most one grain: `["team", "week"]` or `"team,week"`.
            where: `{"channel": "email", "team": ["A", "B"], "reason": None}` or texts such as `"priority!=low"`.
            last, this, period, start, end: one period: `last="12w"`, `this="month"`, `period="2026-Q1"`.

        Raises:
            AskerError: the question is wrong; the message names the value and the nearest good name.
        """
        dimensions = [by] if isinstance(by, str) else list(by)
        asked = [id for said in metrics for id in ([said] if isinstance(said, str) else said)]
        words = Words(
            asked, dimensions, grain, where, period, last, this, start, end, compare, stat, within, clock,
            schedule_policy, zone, as_of, top, totals, intervals, options,
        )  # fmt: skip
        request = parse_request(words, self._setting(), self._desk.names())
        return Answer(self._desk, request, self._desk.ask(request))

    def explain(self, ticket: str, as_of: str | None = None) -> TicketStory:
        """One ticket's timeline, its clocks, and where it counts."""
        return self._desk.explain(ticket, parse_instant(as_of, self._setting().tz, "as_of") if as_of else None)

    def metrics(self) -> tuple[MetricEntry, ...]:
        """The catalogue."""
        return self._desk.metrics()

    def dimensions(self) -> tuple[DimensionEntry, ...]:
        """What the metrics can be split by."""
        return self._desk.dimensions()

    def doctor(self) -> DoctorReport:
        """The state of the desk."""
        return self._desk.doctor()

    def close(self) -> None:
        """Lets the store go."""
        self._desk.close()

    def _setting(self) -> Setting:
        begins_at, ends_at = self._desk.span()
        return Setting(self._desk.now(), self._desk.config.zone, self._desk.config.week_start, begins_at, ends_at)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open(folder: str | Path) -> Desk:
    """The desk in `folder`; DataError or AskerError if there is none, LockedError if another process owns it."""
    return Desk(service.Desk.open(Path(folder)))
