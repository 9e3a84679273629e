"""A typed question becomes one frozen Request, or one clear line."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskmeter.base.errors import AskerError
from deskmeter.query.parse import Names, Words, parse_by, parse_metric, parse_request, parse_seconds
from deskmeter.query.periods import Setting
from deskmeter.query.request import Filter, MetricAsk

SETTING = Setting(datetime(2026, 5, 6, 14, 20, tzinfo=UTC), "Europe/London")
DURATION = ("median", "mean", "p75", "p90", "p95", "sum", "share_within")
NAMES = Names(
    {"first_reply_time": DURATION, "resolution_time": DURATION, "csat": (), "service_level": (), "backlog": ()},
    ("team", "agent", "channel", "hour"),
)


def test_the_questions_of_the_guide_are_understood() -> None:
    request = parse_request(
        Words(["first_reply_time"], by=["agent"], where=["channel=email"], stat="median", clock="business"),
        SETTING,
        NAMES,
    )
    assert request.metrics == (MetricAsk("first_reply_time", "median"),)
    assert (request.by, request.grain, request.clock, request.zone) == (("agent",), None, "business", "Europe/London")
    assert request.where == (Filter("channel", "=", ("email",)),)
    assert request.period.from_at == datetime(2026, 4, 5, 23, tzinfo=UTC)


def test_a_metric_word_carries_its_own_choices() -> None:
    assert parse_metric("resolution_time:median:business", NAMES)[0] == MetricAsk(
        "resolution_time", "median", "business"
    )
    assert parse_metric("service_level:within=30s", NAMES)[0] == MetricAsk("service_level", None, None, 30)
    assert parse_metric("open_by_last_response:all=true") == (MetricAsk("open_by_last_response"), ("all=true",))


def test_within_asks_for_the_share_of_a_duration_and_for_the_t_of_a_service_level() -> None:
    request = parse_request(Words(["first_reply_time:within=4h", "service_level"], within="30s"), SETTING, NAMES)
    assert request.metrics == (
        MetricAsk("first_reply_time", "share_within", None, 14_400),
        MetricAsk("service_level", None, None, 30),
    )


def test_a_common_statistic_passes_over_metrics_that_have_none() -> None:
    request = parse_request(Words(["first_reply_time", "csat", "resolution_time:mean"], stat="p90"), SETTING, NAMES)
    assert [ask.stat for ask in request.metrics] == ["p90", None, "mean"]


def test_hour_is_a_dimension_in_by_and_a_grain_on_request() -> None:
    assert parse_by(["hour,channel"], NAMES.dimensions) == (("hour", "channel"), None)
    assert parse_request(Words(["csat"], grain="hour"), SETTING, NAMES).grain == "hour"
    assert parse_request(Words(["csat"], by=["team,week"]), SETTING, NAMES).grain == "week"


def test_as_of_moves_the_words_that_need_a_today() -> None:
    request = parse_request(Words(["csat"], last="1m", as_of="2026-02-10", zone="UTC"), SETTING, NAMES)
    assert request.as_of == datetime(2026, 2, 10, tzinfo=UTC)
    assert request.period.from_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert request.zone == "UTC"


def test_options_belong_to_the_request() -> None:
    request = parse_request(Words(["backlog:all=true"]), SETTING, NAMES)
    assert request.options == (("all", "true"),)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (Words([]), "no metric in the question"),
        (Words(["frist_reply_time"]), "no metric `frist_reply_time`; did you mean `first_reply_time`"),
        (Words(["first_reply_time:p99"]), "no statistic or clock `p99` in `first_reply_time:p99`; did you mean"),
        (Words(["first_reply_time:busines"]), "did you mean `business`"),
        (Words(["csat:p90"]), "no statistic `p90` of `csat`; it has its own alone"),
        (Words(["csat"], stat="p90"), "no statistic `p90` of `csat`"),
        (Words(["csat", "backlog"], stat="p91"), "no statistic `p91`; did you mean `p95` or `p90`"),
        (Words(["csat:al=true"]), "no option `al` in `al=true`; did you mean `all`"),
        (Words(["csat:all=maybe"]), "the option `all=maybe` cannot be read; write for instance all=true"),
        (Words(["csat"], options=["months=0"]), "write for instance months=12"),
        (Words(["first_reply_time"], stat="share_within"), "needs a time; write first_reply_time:within=4h"),
        (Words(["csat"], within="30"), "`within` cannot read the time `30`"),
        (Words(["csat"], within="3x"), "`within` has no unit `x` in `3x`"),
        (Words(["csat"], within="99999999w"), "longer than a century"),
        (Words(["csat"], by=["tem"]), "no dimension `tem`; did you mean `team`"),
        (Words(["csat"], by=["wek"]), "did you mean `week`"),
        (Words(["csat"], by=["team,,agent"]), "empty name in `team,,agent`"),
        (Words(["csat"], by=["team", "team"]), "holds `team` twice"),
        (Words(["csat"], by=["day,week"]), "two grains, `day` and `week`"),
        (Words(["csat"], by=["day"], grain="week"), "two grains in one question"),
        (Words(["csat"], grain="wek"), "no grain `wek`; did you mean `week`"),
        (Words(["csat"], last="2w", start="2026-01-01"), "two periods in one question: `last` and `from`"),
        (Words(["csat"], end="2026-01-01"), "there is no `from`"),
        (Words(["csat"], clock="buisness"), "no clock `buisness`; did you mean `business`"),
        (Words(["csat"], schedule_policy="last"), "no schedule policy `last`"),
        (Words(["csat"], compare="previus"), "did you mean `previous`"),
        (Words(["csat"], zone="Europe/Londn"), "no time zone `Europe/Londn`; did you mean `Europe/London`"),
        (Words(["csat"], as_of="now"), "`as_of` cannot read `now`"),
        (Words(["csat"], top=0), "`top` is 0"),
        (Words(["csat"], where=["chanel=x"]), "no dimension `chanel`"),
    ],
)
def test_a_wrong_question_is_one_clear_line(words: Words, part: str) -> None:
    with pytest.raises(AskerError) as caught:
        parse_request(words, SETTING, NAMES)
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)


@given(seconds=st.integers(0, 10_000_000))
def test_a_time_reads_back_as_its_seconds(seconds: int) -> None:
    hours, rest = divmod(seconds, 3_600)
    assert parse_seconds(f"{hours}h{rest // 60}m{rest % 60}s", "within") == seconds


@given(text=st.text(max_size=20))
def test_any_text_is_a_metric_or_one_clear_line(text: str) -> None:
    with suppress(AskerError):
        parse_metric(text, NAMES)
