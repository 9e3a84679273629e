"""Rows that hold at the end of each bucket: unresolved tickets, unanswered ones, open waits."""

from __future__ import annotations

from deskmeter.engines.expressions import ibis
from deskmeter.metrics.spec import Asked

_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US


def _banded(value: ibis.Value, edges: tuple[tuple[int, str], ...], last: str) -> ibis.Value:
    """The name of the half-open band that holds `value`."""
    return ibis.cases(*((value < edge, ibis.literal(name)) for edge, name in edges), else_=ibis.literal(last))


def _age_band(age_us: ibis.Value) -> ibis.Value:
    edges = ((_DAY_US, "0-1 d"), (3 * _DAY_US, "1-3 d"), (7 * _DAY_US, "3-7 d"), (30 * _DAY_US, "7-30 d"))
    return _banded(age_us, edges, "30 d+")


def _at_end(rows: ibis.Table, asked: Asked) -> ibis.Table:
    """`rows` that hold just before the end of each bucket (at_us); now_us is the end itself, to which ages run."""
    both = rows.cross_join(asked.buckets.select("bucket", at_us="end_us", now_us="limit_us"))
    return both.filter((both.from_us <= both.at_us) & (both.to_us.isnull() | (both.to_us > both.at_us)))


def open_at_end(asked: Asked) -> ibis.Table:
    """Unresolved tickets at the end of each bucket, with age_us and age_band."""
    both = _at_end(asked.tables("f_open"), asked)
    age_us = both.now_us - both.created_us
    return both.mutate(age_us=age_us, age_band=_age_band(age_us))


def never_resolved_at_end(asked: Asked) -> ibis.Table:
    """Of those, the tickets that have not been resolved before."""
    rows = open_at_end(asked)
    return rows.filter(~rows.was_resolved)


def replied_at_end(asked: Asked) -> ibis.Table:
    """Of those, the tickets that have had a human reply."""
    rows = open_at_end(asked)
    return rows.filter(rows.replied_us <= rows.at_us)


def unanswered_at_end(asked: Asked) -> ibis.Table:
    """Of those, the tickets whose first-reply clock has started and not ended (rulings 69, 77)."""
    rows = open_at_end(asked)
    return _unanswered(rows, rows.replied_us)


def unanswered_by_any_at_end(asked: Asked) -> ibis.Table:
    """The same where a reply by automation counts too."""
    rows = open_at_end(asked)
    return _unanswered(rows, rows.any_us)


def handed_and_unanswered_at_end(asked: Asked) -> ibis.Table:
    """Unanswered tickets that were given to a human, or handed over by a bot."""
    rows = unanswered_at_end(asked)
    return rows.filter(rows.handed_us <= rows.at_us)


def _unanswered(rows: ibis.Table, replied_us: ibis.Value) -> ibis.Table:
    return rows.filter((rows.clock_us <= rows.at_us) & (replied_us.isnull() | (replied_us > rows.at_us)))


def waiting_at_end(asked: Asked) -> ibis.Table:
    """Open waits at the end of each bucket with their length in both clocks and the time since the last human reply."""
    both = _at_end(asked.tables("f_waiting"), asked)
    return both.mutate(wait_row=ibis.row_number().over(ibis.window(order_by=["bucket", "ticket_id", "first_us"])))


def clocked_waits(asked: Asked) -> ibis.Table:
    """Open waits with their length so far in both clocks."""
    return asked.with_clocks(waiting_at_end(asked), "wait_row", "first_us", "now_us")


def _with_last_response(rows: ibis.Table, asked: Asked) -> ibis.Table:
    replies = asked.tables("f_reply").select(
        _ticket="ticket_id", _from="from_us", _to=ibis.coalesce(asked.tables("f_reply").to_us, ibis.literal(2**62))
    )
    joined = rows.left_join(
        replies,
        [rows.ticket_id == replies._ticket, replies._from <= rows.at_us, replies._to > rows.at_us],
    )
    since = joined.now_us - joined._from
    edges = ((4 * _HOUR_US, "<4 h"), (_DAY_US, "<1 d"), (3 * _DAY_US, "<3 d"), (7 * _DAY_US, "<7 d"))
    band = since.isnull().ifelse(ibis.literal("never"), _banded(since, edges, "7 d+"))
    return joined.mutate(response_band=band).drop("_ticket", "_from", "_to")


def open_by_last_response_rows(asked: Asked) -> ibis.Table:
    """Open waits, or with all=true every unresolved ticket, by the time since the last human reply."""
    takes_all = asked.options.get("all", "false").lower() in ("true", "1", "yes")
    rows = open_at_end(asked) if takes_all else waiting_at_end(asked)
    return _with_last_response(rows, asked)
