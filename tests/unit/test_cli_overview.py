"""The overview asks what a manager wants to know and fits 80 columns."""

import dataclasses
import io

from answers import COUNT, CREATED, CSAT, FIRST_REPLY, MONDAYS, REPLY, SHARE, result
from rich.console import Console

from deskmeter.cli.overview import SECTIONS
from deskmeter.cli.overview_page import overview
from deskmeter.query.parse import Words, parse_request
from deskmeter.query.periods import Setting
from deskmeter.query.result import MetricInfo, Result, Row

SAMPLES = ((CSAT, SHARE), (FIRST_REPLY, REPLY), (CREATED, COUNT))


def made_up(words: Words) -> Result:
    """An answer of the right shape to any question."""
    infos: list[MetricInfo] = []
    cells = {}
    for place, word in enumerate(words.metrics):
        info, cell = SAMPLES[place % 3]
        infos.append(dataclasses.replace(info, key=word, id=word.split(":")[0]))
        cells[word] = cell
    if "week" in words.by:
        rows = tuple(Row((), monday, cells) for monday in MONDAYS)
        return result(tuple(infos), (), rows, "week")
    names = ("Billing", "Field", "other") if words.by else ()
    rows = tuple(Row((name,), None, cells) for name in names) or (Row((), None, cells),)
    return result(tuple(infos), tuple(words.by), rows)


def test_every_question_of_the_overview_can_be_parsed() -> None:
    setting = Setting(MONDAYS[2], "Europe/London")
    for section in SECTIONS:
        for question in section.questions:
            assert parse_request(question.words, setting).metrics


def test_the_overview_shows_each_section_and_what_to_try_next_in_80_columns() -> None:
    out = io.StringIO()
    console = Console(file=out, width=80, markup=False, highlight=False, emoji=False)
    for part in overview("Demo Ltd", made_up, 80):
        console.print(part)
    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    for section in SECTIONS:
        assert section.title in text
    assert "deskmeter explain TICKET" in text
    assert "changes are against 2026-04-13 to 2026-05-03" in text


def test_the_overview_of_an_empty_desk_says_that_there_is_nothing() -> None:
    parts = list(overview("Empty", lambda words: result(rows=()), 80))
    assert sum("nothing in this period" in str(part) for part in parts) == sum(len(s.questions) for s in SECTIONS)
