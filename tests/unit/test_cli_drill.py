"""A drill in a terminal shows the columns that fit, whole, and names the ones that it leaves out."""

import dataclasses
import re
from datetime import UTC, datetime
from io import StringIO

import pytest
from answers import FIRST_REPLY
from rich.console import Console

from deskmeter.cli.drill_page import drill_page
from deskmeter.query.result import DrillResult

COLUMNS = (
    "ticket", "source", "at", "kind", "started_at", "ended_at", "channel", "priority", "status", "stage", "account",
    "reason", "product", "language", "agent", "team", "note", "is_open", "value",
)  # fmt: skip
AT = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


def drill(rows: int = 3) -> DrillResult:
    """Replies with every column that a fact may have."""
    row = (
        "INC0012345", "helpdesk", AT, "first_reply", AT, AT, "email", "2 - High", "Awaiting customer", "pending",
        "Northwind Traders", "Billing / Invoice", "Router", "English", "Anastasia Kowalska", "Second line", "word " * 30,
        None, 123_456,
    )  # fmt: skip
    return DrillResult(FIRST_REPLY, COLUMNS, (row,) * rows, rows, 123_456.0 * rows, float(rows), 123_456.0)


def lines(width: int, named: tuple[str, ...] = (), rows: int = 3) -> list[str]:
    """The page as it stands in a terminal of this width."""
    text = StringIO()
    Console(file=text, width=width).print(drill_page(drill(rows), width, named))
    return text.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 100, 120, 400])
def test_no_line_is_too_wide_and_no_short_word_is_broken(width: int) -> None:
    page = lines(width)
    assert max(len(line.rstrip()) for line in page) <= width
    assert len(COLUMNS) == 19
    heads = re.split(r"\s{2,}", page[1].strip())
    table = " ".join(page[2:])
    for name in heads:
        if name in COLUMNS:
            cell = drill().rows[0][COLUMNS.index(name)]
            for word in str(cell).split() if isinstance(cell, str) else []:
                assert len(word) > 8 or re.search(rf"(?<!\S){re.escape(word)}(?!\S)", table), (name, word)


def test_the_first_columns_are_what_a_reader_wants_and_the_rest_is_named() -> None:
    page = lines(80)
    heads = re.split(r"\s{2,}", page[1].strip())
    assert heads[:5] == ["ticket", "at", "agent", "team", "value"]
    footer = " ".join(page[-3:])
    assert "--csv, --json or --out FILE have them" in footer
    for name in set(COLUMNS) - set(heads):
        assert name in " ".join(page).split("Left out here:")[1]


def test_the_dimensions_of_the_question_come_before_all_others() -> None:
    heads = re.split(r"\s{2,}", lines(100, named=("product",))[1].strip())
    assert heads[:6] == ["ticket", "at", "agent", "team", "value", "product"]


def test_the_sum_stands_above_the_rows() -> None:
    assert "n 3" in lines(80)[0]
    assert "(370,368 / 3)" in lines(80)[0]


def test_everything_is_shown_where_there_is_room_and_nothing_is_said_of_left_out() -> None:
    page = lines(600)
    assert "Left out" not in " ".join(page)
    assert all(name in page[1] for name in COLUMNS)


def test_no_rows_are_a_page_too() -> None:
    assert "n 0" in lines(80, rows=0)[0]


@pytest.mark.parametrize(
    ("credit", "agent"),
    [
        ("assignee_then: the first assignee that the ticket ever had", "first_agent"),
        ("owner at the first resolution", "first_resolved_agent"),
        ("owner: at the last resolution, of unresolved tickets the assignee at as_of", "owner_agent"),
        ("assignee at as_of", "now_agent"),
    ],
)
def test_of_several_agents_the_credited_one_is_shown(credit: str, agent: str) -> None:
    agents = ("first_agent", "now_agent", "resolved_agent", "first_resolved_agent", "owner_agent")
    metric = dataclasses.replace(FIRST_REPLY, credit=credit)
    found = DrillResult(metric, ("ticket", "at", *agents, "value"), (("1", AT, *"abcde", 60),), 1, 60.0, 1.0, 60.0)
    text = StringIO()
    Console(file=text, width=60).print(drill_page(found, 60))
    assert re.split(r"\s{2,}", text.getvalue().splitlines()[1].strip())[2] == agent
