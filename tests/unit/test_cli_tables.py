"""Tables fit the terminal, whatever the data are called."""

import dataclasses
import io
import re

import pytest
from answers import AS_OF, COUNT, CREATED, CSAT, FIRST_REPLY, REPLY, SHARE, result, weekly
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console, RenderableType

from deskmeter.cli.charts import bars, best_and_worst, spark, steps, trend_line
from deskmeter.cli.overview import NEXT_STEPS
from deskmeter.cli.tables import answer, metric_title
from deskmeter.cli.terminal import clean
from deskmeter.query.result import Cell, Freshness, Result, Row


def shown(thing: RenderableType, width: int = 80) -> str:
    out = io.StringIO()
    Console(file=out, width=width, markup=False, highlight=False, emoji=False).print(thing)
    return out.getvalue()


def test_a_single_metric_has_a_column_for_each_part() -> None:
    text = shown(answer(result(), 80))
    assert "Value n 95 % interval Before Change" in " ".join(text.split())
    assert "90.0 %" in text
    assert "[59.6, 98.2]" in text
    assert "▲ +20.0 pp better" in text


def test_what_must_stand_beside_a_number_stands_there() -> None:
    text = " ".join(shown(answer(result((FIRST_REPLY,)), 80)).split())
    for part in (
        "First reply time (median, calendar)",
        "2026-05-04 to 2026-05-24, Europe/London",
        "compared with 2026-04-13 to 2026-05-03",
        "Creation to the first human reply.",
        "Filed by: replied. Credit: author. Clock: calendar. Version 2.",
        "As of 2026-05-25 10:30 Europe/London; helpdesk has data to 2026-05-25 09:00.",
        "4 still running at the end",
    ):
        assert part in text


def test_a_title_names_the_statistic_its_limit_and_the_clock() -> None:
    within = dataclasses.replace(FIRST_REPLY, statistic="share_within 14400 s", unit="share")
    level = dataclasses.replace(CSAT, label="Service level", statistic="share, T = 20 s")
    assert metric_title(within) == "First reply time (share within 4 h, calendar)"
    assert metric_title(level) == "Service level (T = 20 s)"
    assert metric_title(CSAT) == "CSAT"


def test_without_rows_to_name_the_metrics_are_the_rows() -> None:
    one = Row((), None, {"csat": SHARE, "first_reply_time": REPLY, "tickets_created": COUNT})
    text = shown(answer(result((CSAT, FIRST_REPLY, CREATED), by=(), rows=(one,)), 80))
    assert "Metric" in text
    assert "median, calendar" in text
    assert "no clear change" in text


def test_metrics_that_do_not_fit_beside_each_other_go_below() -> None:
    text = shown(answer(weekly((CSAT, FIRST_REPLY, CREATED)), 60), 60)
    assert text.count("week of") == 2


def test_a_repeated_name_is_told_once_and_a_total_stands_apart() -> None:
    lines = shown(answer(weekly(), 80)).splitlines()
    assert sum("Billing" in line for line in lines) == 1
    total = next(place for place, line in enumerate(lines) if line.startswith("(all)"))
    assert not lines[total - 1].strip()


def test_an_answer_without_rows_says_so_and_where_the_data_end() -> None:
    old = Freshness("helpdesk", AS_OF.replace(year=2020), None)
    text = shown(answer(dataclasses.replace(result(rows=()), freshness=(old,)), 80))
    assert "No rows" in text
    assert "The data end at 2020-05-25 10:30, before this period; try --period all." in text


def test_names_cannot_take_the_terminal_over() -> None:
    assert clean("a\x1b[2Jb\u202ec\ud800\r\nd") == "a\ufffd[2Jb\ufffdc\ufffd  d"
    assert clean("Ünïcode 漢字 🙂") == "Ünïcode 漢字 🙂"


words = st.text(max_size=60) | st.sampled_from(["[red]x[/red]", "漢" * 70, "a" * 200, ":smile:", "\x1b[31m"])
cells = st.builds(
    lambda value, n, low: Cell(value, n, low, None if low is None else low + 1, change=SHARE.change),
    st.none() | st.floats(0, 1e9),
    st.integers(0, 10**9),
    st.none() | st.floats(0, 1e6),
)


@settings(max_examples=60, deadline=None)
@given(names=st.lists(words, min_size=1, max_size=4), cell=cells, count=st.integers(1, 3), width=st.integers(60, 120))
def test_no_line_is_longer_than_the_terminal(names: list[str], cell: Cell, count: int, width: int) -> None:
    metrics = (CSAT, FIRST_REPLY, CREATED)[:count]
    rows = tuple(Row((name,), None, {metric.key: cell for metric in metrics}) for name in names)
    text = shown(answer(result(metrics, rows=rows), width), width)
    assert max(cell_len(line) for line in text.splitlines()) <= width


def test_markup_in_the_data_is_shown_as_it_is() -> None:
    row = Row(("[red]x[/red] :smile:",), None, {"csat": SHARE})
    assert "[red]x[/red] :smile:" in shown(answer(result(rows=(row,)), 80))


def ranked(*values: float | None, good: str = "up") -> Result:
    metric = dataclasses.replace(CSAT, good=good)
    rows = [Row((f"team {place}",), None, {"csat": Cell(value, 50)}) for place, value in enumerate(values)]
    few = Row(("tiny",), None, {"csat": Cell(0.0, 2, too_few=True)})
    return result((metric,), rows=(*rows, few))


@pytest.mark.parametrize(("good", "first"), [("up", "team 0"), ("down", "team 8")])
def test_a_ranking_shows_the_worst_first_and_leaves_out_the_too_few(good: str, first: str) -> None:
    text = shown(best_and_worst(ranked(*(place / 10 for place in range(9)), good=good), 80))
    lines = [line for line in text.splitlines() if re.match(r"team \d", line)]
    assert lines[0].startswith(first)
    assert len(lines) == 6
    assert "tiny" not in text
    assert "the 3 worst and the 3 best of 9" in text


def test_a_ranking_of_nothing_says_so() -> None:
    assert "too few to rank" in shown(best_and_worst(ranked(None), 80))


def test_bars_and_lines_scale_to_the_greatest() -> None:
    assert spark([]) == ""
    assert spark([0.0, 0.0]) == "▁▁"
    rows = tuple(
        Row((name,), None, {"csat": Cell(value, 9)}) for name, value in (("a", 1.0), ("other", 0.75), ("b", 0.5))
    )
    lines = shown(bars(result(rows=rows))).splitlines()
    assert [line.split()[0] for line in lines] == ["a", "b", "other"]
    assert [line.count("█") for line in lines] == [24, 12, 18]
    assert "least 90.0 %, most 90.0 %, last 90.0 %" in trend_line(weekly()).plain
    assert "nothing in this period" in trend_line(result(rows=())).plain


def test_the_steps_to_try_fit_the_terminal() -> None:
    lines = [line for step in steps(NEXT_STEPS) for line in step.plain.split("\n")]
    assert max(map(len, lines)) < 80
