"""In which metrics a ticket counts and with which value: each metric's own plan, asked of this ticket alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from deskmeter.base.errors import AskerError
from deskmeter.base.time import from_micros
from deskmeter.engines.expressions import ibis
from deskmeter.metrics.dimensions import Dimension
from deskmeter.metrics.spec import Count, Formula, Metric, Ratio, Share, Stat, Sum, TimeMean, View
from deskmeter.query.access import Access
from deskmeter.query.format import format_value
from deskmeter.query.not_counted import why_not
from deskmeter.query.request import Filter, MetricAsk, Period, Request
from deskmeter.query.result import Cell
from deskmeter.query.run import measure
from deskmeter.query.story import StoryMetric
from deskmeter.query.ticket_record import TicketRecord

_NUMBER = Dimension("ticket_id", "Ticket number", "the ticket's number within this build")
_ALWAYS = datetime(1900, 1, 1, tzinfo=UTC)


def story_metrics(record: TicketRecord, zone: str) -> tuple[StoryMetric, ...]:
    """Every metric that can be about a ticket, over all time up to `as_of`."""
    return tuple(_stories(record, zone))


def left_out_metrics(access: Access, why: str) -> tuple[StoryMetric, ...]:
    """The same for a ticket that no metric counts."""
    known = [metric for metric in access.metrics.values() if _is_about_tickets(access, metric)]
    return tuple(StoryMetric(metric.id, False, None, f"left out: {why}") for metric in known)


def _stories(record: TicketRecord, zone: str) -> Iterator[StoryMetric]:
    # a row's own number finds it without a look at the ticket's names
    known = {**record.access.dimensions, _NUMBER.id: _NUMBER}
    access = replace(record.access, dimensions=known)
    request = _request(record, zone)
    present = _facts_with(record)
    for metric in access.metrics.values():
        if isinstance(metric.aggregate, View) or not _is_about_tickets(access, metric):
            continue
        facts = [part.fact for part in metric.parts]
        if all(isinstance(fact, str) and fact not in present for fact in facts):
            yield StoryMetric(metric.id, False, None, why_not(record, metric, None))
            continue
        try:
            cell = _cell(access, request, metric, "calendar")
        except AskerError:  # its rows have no ticket, which only they can tell
            continue
        if not _counts(metric, cell):
            yield StoryMetric(metric.id, False, None, why_not(record, metric, cell))
            continue
        business = _cell(access, request, metric, "business") if "business" in metric.clocks else None
        yield StoryMetric(metric.id, True, _shown(metric, cell, business), _why(metric, cell))


def _request(record: TicketRecord, zone: str) -> Request:
    until = from_micros(record.access.as_of_us) + timedelta(microseconds=1)
    where = (Filter(_NUMBER.id, "=", (str(record.ticket_id),)),)
    return Request((), Period(_ALWAYS, until), zone, where=where, intervals=False)


def _cell(access: Access, request: Request, metric: Metric, clock: str) -> Cell:
    ask = MetricAsk(metric.id, clock="business" if clock == "business" else None)
    asked = replace(request, metrics=(ask,))
    return measure(access, asked, ask, asked.period, (), False).cells[(), 0]


def _is_about_tickets(access: Access, metric: Metric) -> bool:
    """Whether some part has rows of tickets; what a function gives is only known when it is asked."""
    if "ticket" in metric.refuses:
        return False
    return all(callable(part.fact) or "ticket_id" in access.columns[part.fact] for part in metric.parts) and any(
        part.only_dims is None for part in metric.parts
    )


def _facts_with(record: TicketRecord) -> frozenset[str]:
    """The fact tables that hold a row of this ticket: most metrics of a plain ticket need no further look."""
    access = record.access
    names = {
        part.fact
        for metric in access.metrics.values()
        for part in metric.parts
        if isinstance(part.fact, str) and "ticket_id" in access.columns[part.fact]
    }
    parts = []
    for name in sorted(names):
        rows = access.table(name)
        parts.append(rows.filter(rows.ticket_id == record.ticket_id).select(fact=ibis.literal(name)).limit(1))
    return frozenset(access.engine.fetch(ibis.union(*parts))["fact"].to_pylist())


def _counts(metric: Metric, cell: Cell) -> bool:
    if isinstance(metric.aggregate, Ratio | Formula):
        return cell.n > 0 or bool(cell.numerator) or bool(cell.denominator)
    return cell.n > 0


def _shown(metric: Metric, cell: Cell, business: Cell | None) -> str | None:
    if isinstance(metric.aggregate, Share | Ratio | TimeMean) and cell.denominator is not None:
        if isinstance(metric.aggregate, TimeMean):
            return None
        return f"{cell.numerator or 0:g} / {cell.denominator:g}"
    value = format_value(cell.value, metric.unit, metric.decimals)
    if business is None:
        return value
    return f"{value}; business {format_value(business.value, metric.unit, metric.decimals, 'business')}"


def _why(metric: Metric, cell: Cell) -> str:
    aggregate = metric.aggregate
    filed = f"filed by: {metric.basis}"
    if isinstance(aggregate, Share | Ratio) and cell.denominator:
        hit = "in both parts" if cell.numerator else "in the denominator alone"
        young = "; still maturing" if cell.maturing else ""
        return f"{hit}, {filed}{young}"
    if isinstance(aggregate, Ratio) and cell.numerator:
        return f"in the numerator alone, {filed}"
    if isinstance(aggregate, Stat) and cell.n > 1:
        return f"{cell.n} values, their {aggregate.default} shown, {filed}"
    if isinstance(aggregate, Count | Sum) and cell.n > 1:
        return f"{cell.n} rows, {filed}"
    return filed
