"""An answer in a notebook says what it means and runs nothing from the data."""

import dataclasses

from answers import CSAT, FIRST_REPLY, SHARE, drill, result, weekly

from deskmeter.notebook import grid_html, result_html
from deskmeter.query.export import drill_grid
from deskmeter.query.result import Row


def test_the_table_has_the_numbers_and_the_definition() -> None:
    text = result_html(weekly((CSAT, FIRST_REPLY)))
    for part in (
        "<td>90.0 %</td>",
        "<td>[59.6, 98.2]</td>",
        "▲ +20.0 pp better",
        "Satisfied answers / answers.",
        "2026-05-04",
    ):
        assert part in text


def test_text_from_the_data_is_escaped() -> None:
    row = Row(("<script>alert(1)</script>",), None, {"csat": SHARE})
    text = result_html(dataclasses.replace(result(rows=(row,)), notes=("<b>",)))
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "<p>&lt;b&gt;</p>" in text


def test_a_long_table_is_cut_and_says_so() -> None:
    rows = tuple(Row((f"team {place}",), None, {"csat": SHARE}) for place in range(250))
    assert "and 50 more rows" in result_html(result(rows=rows))


def test_a_drill_is_a_table_too() -> None:
    assert "<td>@T-2</td>" in grid_html(drill_grid(drill()))
