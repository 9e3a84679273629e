"""Questions at size, each beside hand-written SQL on the same tables: what a card, a chart and a page wait for."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from companies import TICKETS, company
from facts import AS_OF_US, make
from measure import Measured, middle

from deskmeter.base.time import Grain
from deskmeter.engines.duckdb import DuckDBEngine
from deskmeter.metrics.catalogue import Catalogue
from deskmeter.query.access import Access
from deskmeter.query.answer import answer, info
from deskmeter.query.drill import cell_request, drill
from deskmeter.query.request import MetricAsk, Period, Request

TWO_YEARS = Period(datetime(2024, 11, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
YEAR = Period(datetime(2025, 11, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
NINE = (
    "tickets_created", "tickets_resolved", "backlog", "first_reply_time", "resolution_time", "csat", "nps",
    "reopen_rate", "contacts",
)  # fmt: skip


def _us(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000


def _within(column: str, period: Period) -> str:
    return f"{column} >= {_us(period.from_at)} AND {column} < {_us(period.to_at)}"


_WEEK = "date_trunc('week', make_timestamp({}))"
_DAYS = f"(SELECT {_us(YEAR.from_at)} + 86400000000 * (i + 1) AS at_us FROM range(365) t(i))"
_STEPS = (
    "SELECT date_trunc('month', make_timestamp(created_us)) AS month, "
    f"(coalesce(resolved_us, {AS_OF_US}) - created_us) // 1000000 AS length, "
    "count(resolved_us) AS done, count(*) AS n "
    f"FROM f_ticket WHERE {_within('created_us', YEAR)} GROUP BY 1, 2"
)
_SURVIVAL = (
    "SELECT month, length, exp(sum(ln(greatest(1 - done / at_risk, 1e-12))) OVER (PARTITION BY month ORDER BY length)) "
    "AS alive FROM (SELECT *, sum(n) OVER (PARTITION BY month ORDER BY length DESC) AS at_risk FROM steps)"
)


@dataclass(frozen=True)
class Asked:
    """A question with its hand-written counterpart, which computes the same numbers from the same tables."""

    what: str
    request: Request
    sql: tuple[str, ...]


def _request(*metrics: MetricAsk, period: Period, by: tuple[str, ...] = (), grain: Grain | None = None) -> Request:
    return Request(metrics, period, "UTC", by=by, grain=grain, intervals=False)


QUESTIONS = (
    Asked(
        "one metric by week and team",
        _request(MetricAsk("tickets_created"), period=TWO_YEARS, by=("team",), grain="week"),
        (
            f"SELECT {_WEEK.format('created_us')}, first_team, count(*) FROM f_ticket "
            f"WHERE {_within('created_us', TWO_YEARS)} GROUP BY 1, 2",
        ),
    ),
    Asked(
        "median and p90",
        _request(MetricAsk("first_reply_time", "median"), MetricAsk("first_reply_time", "p90"), period=TWO_YEARS),
        (
            "SELECT quantile_cont(calendar_s, [0.5, 0.9]), count(*) FROM f_duration "
            f"WHERE kind = 'first_reply' AND {_within('at_us', TWO_YEARS)}",
        ),
    ),
    Asked(
        "a page of nine metrics",
        _request(*(MetricAsk(metric) for metric in NINE), period=YEAR),
        (
            f"SELECT count(*) FROM f_ticket WHERE {_within('created_us', YEAR)}",
            f"SELECT count(*) FROM f_ticket WHERE {_within('resolved_us', YEAR)}",
            f"SELECT count(*) FROM f_open WHERE from_us < {_us(YEAR.to_at)} "
            f"AND (to_us IS NULL OR to_us >= {_us(YEAR.to_at)})",
            "SELECT kind, quantile_cont(calendar_s, 0.5), count(*) FROM f_duration "
            f"WHERE kind IN ('first_reply', 'resolution') AND {_within('at_us', YEAR)} GROUP BY 1",
            f"SELECT survey_kind, count(*), sum(score) FROM f_answer WHERE {_within('at_us', YEAR)} GROUP BY 1",
            f"SELECT count(*), count(*) FILTER (WHERE reopens > 0) FROM f_ticket WHERE {_within('resolved_us', YEAR)}",
            f"SELECT count(*) FROM f_contact WHERE {_within('at_us', YEAR)}",
        ),
    ),
    Asked(
        "backlog by day and team",
        _request(MetricAsk("backlog"), period=YEAR, by=("team",), grain="day"),
        (
            f"SELECT d.at_us, team, count(*) FROM {_DAYS} d JOIN f_open o ON o.from_us < d.at_us "
            "AND (o.to_us IS NULL OR o.to_us >= d.at_us) JOIN ticket_state USING (state_no) GROUP BY 1, 2",
        ),
    ),
    Asked(
        "Kaplan-Meier by month",
        _request(MetricAsk("time_to_resolution_km"), period=YEAR, grain="month"),
        (f"WITH steps AS ({_STEPS}) {_SURVIVAL}",),
    ),
)
_DRILLED = (
    "SELECT * FROM f_duration JOIN ticket_state USING (state_no) "
    "WHERE kind = 'first_reply' AND team = ? AND {} ORDER BY at_us LIMIT 1000"
)


def measure(copies: int, runs: int) -> list[Measured]:
    """One line a question: the product's median, and its ratio in wall time to the hand-written SQL's."""
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        engine = DuckDBEngine(Path(folder) / "facts.duckdb")
        make(engine, company(copies))
        access = Access(engine, AS_OF_US, Catalogue(), {}, {"rates": {}, "base_currency": None})
        for asked in QUESTIONS:
            ours = partial(answer, access, asked.request)
            lines.append(_line(asked.what, copies, runs, ours, asked.sql, engine))
        lines.append(_line("drill of one cell", copies, runs, lambda: _drill(access), (_drill_sql(engine),), engine))
        engine.close()
    return lines


def _line(
    what: str, copies: int, runs: int, ours: Callable[[], object], sql: Sequence[str], engine: DuckDBEngine
) -> Measured:
    def theirs() -> None:
        for text in sql:
            engine.run(text, {}, {}).to_pylist()

    spent, beside = middle(ours, runs), middle(theirs, runs)
    return Measured(what, copies * TICKETS, "tickets", *spent, spent[1] / beside[1], "hand-written SQL, wall")


def _drill(access: Access) -> object:
    ask = MetricAsk("first_reply_time", "median")
    request = _request(ask, period=YEAR, by=("team",))
    cell = cell_request(access, request, {"team": _team(access.engine)}, None)
    metric = access.metrics[ask.id]
    return drill(access, cell, info(metric, ask, request, metric.id), 1000)


def _team(engine: object) -> str:
    assert isinstance(engine, DuckDBEngine)
    rows = engine.run(
        "SELECT min(team) AS team FROM f_duration JOIN ticket_state USING (state_no) WHERE kind = 'first_reply'", {}, {}
    )
    return str(rows["team"][0].as_py())


def _drill_sql(engine: DuckDBEngine) -> str:
    quoted = "'" + _team(engine).replace("'", "''") + "'"
    return _DRILLED.format(_within("at_us", YEAR)).replace("?", quoted)
