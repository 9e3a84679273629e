"""Numbers as people read them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from answers import COUNT, CREATED, CSAT, FIRST_REPLY, REPLY, SHARE
from hypothesis import given
from hypothesis import strategies as st

from deskmeter.query.format import (
    format_at,
    format_bucket,
    format_cell,
    format_cell_interval,
    format_change,
    format_duration,
    format_span,
    format_value,
    format_verdict,
)
from deskmeter.query.result import Cell, Change

LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "seconds", "–"),
        (0.0, "seconds", "0 s"),
        (59.6, "seconds", "1 m"),
        (3_599.0, "seconds", "59 m 59 s"),
        (86_399.0, "seconds", "1 d"),
        (40 * 86_400.0, "seconds", "40 d"),
        (0.0, "share", "0.0 %"),
        (1.0, "share", "100.0 %"),
        (1_234_567.0, "count", "1,234,567"),
        (3.25, "count", "3.2"),
        (-0.01, "points", "0.0"),
        (-12.34, "points", "−12.3"),
        (1234.5, "EUR", "1,234.50 EUR"),
        (4.26, "score", "4.3"),
    ],
)
def test_a_value_is_told_with_its_unit(value: float | None, unit: str, text: str) -> None:
    assert format_value(value, unit) == text


def test_business_time_is_told_in_hours() -> None:
    assert format_value(100 * 3_600.0, "seconds", clock="business") == "100 h"
    assert format_value(100 * 3_600.0, "seconds", clock="calendar") == "4 d 4 h"


@given(seconds=st.integers(0, 10**9))
def test_a_duration_is_within_half_of_its_smaller_unit(seconds: int) -> None:
    sizes = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
    words = format_duration(seconds).replace(",", "").split()
    parts = list(zip(words[::2], words[1::2], strict=True))
    told = sum(int(count) * sizes[unit] for count, unit in parts)
    assert abs(told - seconds) <= {"d": 1_800, "h": 1_800, "m": 30, "s": 0}[parts[-1][1]] or len(parts) == 1
    assert len(parts) <= 2


def test_cells_tell_value_interval_and_when_they_are_too_few() -> None:
    assert format_cell(SHARE, CSAT) == "90.0 %"
    assert format_cell_interval(SHARE, CSAT) == "[59.6, 98.2]"
    assert format_cell_interval(REPLY, FIRST_REPLY) == "[2 h 47 m, 3 h 42 m]"
    assert format_cell(Cell(0.5, 2, too_few=True), CSAT) == "50.0 % (too few)"


def test_a_change_has_an_arrow_and_the_unit_that_fits() -> None:
    assert format_change(SHARE.change, CSAT) == "▲ +20.0 pp"
    assert format_change(REPLY.change, FIRST_REPLY) == "▲ +28.0 %"
    assert format_change(COUNT.change, CREATED) == "▲ +2.8 %"
    assert format_change(Change(-90.0, None, None, None, "better"), FIRST_REPLY) == "▼ −1 m 30 s"
    assert format_change(Change(0.0, 0.0, None, None, "no verdict"), CREATED) == "= 0"
    assert format_change(Change(3.0, None, None, None, "no verdict"), CREATED) == "▲ +3"
    assert format_change(None, CSAT) == format_change(Change(None, None, None, None, "too few"), CSAT) == "–"


def test_a_verdict_is_said_only_where_one_may_be() -> None:
    assert format_verdict(COUNT.change) == "no clear change"
    assert format_verdict(None) == format_verdict(Change(1.0, None, None, None, "no verdict")) == ""


def test_buckets_spans_and_instants_are_local() -> None:
    at = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert format_bucket(at, "year", LONDON) == "2026"
    assert format_bucket(at, "hour", LONDON) == "2026-12-31 23:30"
    assert format_bucket(None, "day", LONDON) == ""
    assert format_span(at, datetime(2027, 1, 1, tzinfo=UTC), LONDON) == "2026-12-31 23:30 to 2027-01-01 00:00"
    assert (
        format_span(datetime(2026, 5, 31, 23, tzinfo=UTC), datetime(2026, 6, 1, 23, tzinfo=UTC), LONDON) == "2026-06-01"
    )
    assert format_at(at, LONDON) == "2026-12-31 23:30"
    assert format_at(None, LONDON) == "–"
