"""Time formats and zones against Python's own, value by value."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskmeter.base.time import from_micros, local_instant, to_micros
from deskmeter.ingest.times import check_format, parse_times
from deskmeter.ingest.zones import local_to_utc

ZONES = ("Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca", "UTC")
FORMATS = (
    "%d/%m/%Y %H:%M:%S",
    "%m-%d-%Y %I:%M %p",
    "%d %b %Y %H:%M",
    "%B %d, %Y",
    "%Y/%m/%d %H:%M:%S.%f",
    "%Y%m%d %H%M%S",
)
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2099, 12, 31))


@settings(deadline=None)
@given(MOMENTS, st.sampled_from(ZONES))
def test_local_times_become_the_instants_that_the_clock_module_says(moment: datetime, zone: str):
    moment = moment.replace(second=0, microsecond=0)
    utc, moved, doubled = local_to_utc(np.array([to_micros(moment.replace(tzinfo=UTC))]), zone)
    tz = ZoneInfo(zone)
    expected = local_instant(moment.date(), moment.hour * 60 + moment.minute, tz)
    assert from_micros(int(utc[0])) == expected
    shown = expected.astimezone(tz).replace(tzinfo=None)
    assert bool(moved[0]) == (shown != moment)
    later = moment.replace(tzinfo=tz, fold=1).astimezone(UTC)
    assert bool(doubled[0]) == (shown == moment and later > expected)


@pytest.mark.parametrize("zone", ZONES)
def test_every_quarter_hour_around_the_changes_of_three_years(zone: str):
    start = datetime(2024, 1, 1)
    moments = [start + timedelta(minutes=15 * i) for i in range(4 * 24 * 365 * 3)]
    local = np.array([to_micros(moment.replace(tzinfo=UTC)) for moment in moments])
    utc, moved, doubled = local_to_utc(local, zone)
    tz = ZoneInfo(zone)
    for i in np.flatnonzero(moved | doubled | (np.arange(len(local)) % 997 == 0)):
        moment = moments[i]
        assert from_micros(int(utc[i])) == local_instant(moment.date(), moment.hour * 60 + moment.minute, tz)


@settings(deadline=None)
@given(MOMENTS, st.sampled_from(FORMATS))
def test_formats_read_what_python_writes(moment: datetime, form: str):
    written = moment.strftime(form)
    at = parse_times(pa.array([written]), (form,), "UTC").at[0].as_py()
    assert at == datetime.strptime(written, form).replace(tzinfo=None)


@settings(deadline=None)
@given(st.text("0123456789/:-. TZ", max_size=20))
def test_anything_else_is_a_reason_and_never_an_error(text: str):
    for form in ("iso", "epoch_s", "epoch_ms", "epoch_us", "excel", "%d/%m/%Y %H:%M"):
        times = parse_times(pa.array([text]), (form,), "Europe/London")
        assert times.at[0].is_valid != times.why[0].is_valid


def test_a_value_that_two_formats_read_as_two_times_is_not_guessed():
    times = parse_times(pa.array(["03/04/2024", "13/04/2024", "04/04/2024"]), ("%d/%m/%Y", "%m/%d/%Y"), "UTC")
    assert times.at.to_pylist() == [None, datetime(2024, 4, 13), datetime(2024, 4, 4)]
    assert times.why[0].as_py() == "`03/04/2024` is one time as one and another as another of `%d/%m/%Y` or `%m/%d/%Y`"


def test_spreadsheet_days_and_epochs_with_fractions():
    assert parse_times(pa.array(["45356.5"]), ("excel",), "UTC").at[0].as_py() == datetime(2024, 3, 5, 12)
    read = parse_times(
        pa.array(["1709618828.5", "1709618828500", "1709618828500000"]), ("epoch_s", "epoch_ms", "epoch_us"), "UTC"
    )
    assert read.at.to_pylist() == [datetime(2024, 3, 5, 6, 7, 8, 500000)] * 3


def test_offsets_in_the_value_win_over_the_zone():
    read = parse_times(pa.array(["2024-07-01T12:00:00+05:30", "2024-07-01 12:00:00 -0400"]), ("iso",), "Europe/London")
    assert read.at.to_pylist() == [datetime(2024, 7, 1, 6, 30), datetime(2024, 7, 1, 16)]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("%q", "no sign of a time format"),
        ("%d/%m/%d %Y", "stands twice"),
        ("%H:%M", "needs a year"),
        ("%Y-%m-%d %I", "go together"),
    ],
)
def test_formats_that_cannot_be_read_are_refused(form: str, said: str):
    with pytest.raises(ValueError, match=said):
        check_format(form)
