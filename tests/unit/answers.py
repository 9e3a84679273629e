"""Hand-made answers for the tests of everything that shows one."""

from datetime import UTC, datetime, timedelta

from deskmeter.query.result import Cell, Change, DrillResult, Freshness, MetricInfo, Result, Row

AS_OF = datetime(2026, 5, 25, 9, 30, tzinfo=UTC)
MONDAYS = tuple(datetime(2026, 5, 3, 23, tzinfo=UTC) + timedelta(weeks=week) for week in range(3))

CSAT = MetricInfo(
    key="csat", id="csat", label="CSAT", unit="share", date_basis="answered", credit="last_public_replier",
    clock=None, statistic="share", definition="Satisfied answers / answers.", version="1", good="up",
)  # fmt: skip
FIRST_REPLY = MetricInfo(
    key="first_reply_time", id="first_reply_time", label="First reply time", unit="seconds", date_basis="replied",
    credit="author", clock="calendar", statistic="median",
    definition="Creation to the first human reply. The time of bots counts.", version="2", good="down",
)  # fmt: skip
CREATED = MetricInfo(
    key="tickets_created", id="tickets_created", label="Tickets created", unit="count", date_basis="created",
    credit="assignee_then", clock=None, statistic="count", definition="Submissions.", version="1", good="neither",
)  # fmt: skip

SHARE = Cell(
    0.9, 10, 0.5958, 0.9821, 9.0, 10.0, previous=0.7, previous_n=20, change=Change(0.2, 0.2857, 0.01, 0.38, "better")
)
REPLY = Cell(11_520.0, 312, 10_000.0, 13_300.0, n_open=4, previous=9_000.0, previous_n=290,
             change=Change(2_520.0, 0.28, 100.0, 4_000.0, "worse"))  # fmt: skip
COUNT = Cell(1_234.0, 1_234, previous=1_200.0, change=Change(34.0, 0.0283, -20.0, 88.0, "no clear change"))
NOTHING = Cell(None, 0, numerator=0.0, denominator=0.0)


def result(
    metrics: tuple[MetricInfo, ...] = (CSAT,),
    by: tuple[str, ...] = ("team",),
    rows: tuple[Row, ...] | None = None,
    grain: str | None = None,
    notes: tuple[str, ...] = (),
) -> Result:
    """An answer with one row for Billing and one empty row for a team whose name is a formula."""
    cells = {"csat": SHARE, "first_reply_time": REPLY, "tickets_created": COUNT}
    if rows is None:
        rows = (
            Row(("Billing",), None, {m.key: cells[m.key] for m in metrics}),
            Row(("=Field",), None, {m.key: NOTHING for m in metrics}),
        )
    return Result(
        as_of=AS_OF,
        zone="Europe/London",
        from_at=MONDAYS[0],
        to_at=MONDAYS[2] + timedelta(weeks=1),
        grain=grain,
        by=by,
        metrics=metrics,
        rows=rows,
        freshness=(Freshness("helpdesk", datetime(2026, 5, 25, 8, tzinfo=UTC), datetime(2026, 5, 25, 9, tzinfo=UTC)),),
        notes=notes,
        compared_from_at=MONDAYS[0] - timedelta(weeks=3),
        compared_to_at=MONDAYS[0],
    )


def weekly(metrics: tuple[MetricInfo, ...] = (CSAT,)) -> Result:
    """Two teams over three weeks."""
    cells = {"csat": SHARE, "first_reply_time": REPLY, "tickets_created": COUNT}
    rows = tuple(
        Row((team,), monday, {m.key: cells[m.key] for m in metrics})
        for team in ("Billing", "Field")
        for monday in MONDAYS
    )
    total = Row(("(all)",), None, {m.key: cells[m.key] for m in metrics}, is_total=True)
    return result(metrics, rows=(*rows, total), grain="week")


def drill() -> DrillResult:
    """Two tickets behind a first reply time."""
    return DrillResult(
        metric=FIRST_REPLY,
        columns=("ticket", "replied_at", "seconds", "is_open"),
        rows=(("T-1", datetime(2026, 5, 4, 9), 60, False), ("@T-2", None, 120, None)),
        total_n=2,
        numerator=180.0,
        denominator=2.0,
        value=90.0,
    )
