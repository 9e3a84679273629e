"""Draws the overview: asks the questions of `overview.SECTIONS` and shows each answer in its way."""

from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

from rich.console import RenderableType
from rich.rule import Rule
from rich.text import Text

from deskmeter.cli.charts import bars, best_and_worst, steps, trend_line
from deskmeter.cli.overview import NEXT_STEPS, SECTIONS, Question
from deskmeter.cli.tables import answer_tables, as_of_line
from deskmeter.cli.terminal import clean
from deskmeter.query.format import format_span
from deskmeter.query.parse import Words
from deskmeter.query.result import Result

Ask = Callable[[Words], Result]


def overview(name: str, ask: Ask, width: int) -> Iterator[RenderableType]:
    """The sections one by one, as their answers come, then the commands to try next."""
    last: Result | None = None
    for section in SECTIONS:
        for place, question in enumerate(section.questions):
            last = ask(question.words)
            if place == 0:
                if section is SECTIONS[0]:
                    yield _head(name, last)
                yield ""
                yield Rule(Text(section.title, style="bold"), align="left", style="dim")
            if question.head:
                yield Text(f"\n{question.head}", style="dim")
            yield from _shown(question, last, width)
    yield ""
    yield Rule(Text("Try next", style="bold"), align="left", style="dim")
    yield from steps(NEXT_STEPS)
    if last is not None:
        yield ""
        yield as_of_line(last)


def _head(name: str, result: Result) -> Text:
    tz = ZoneInfo(result.zone)
    text = Text(clean(name), style="bold")
    text.append(f"\n{format_span(result.from_at, result.to_at, tz)}, {result.zone}", style="not bold")
    if result.compared_from_at is not None and result.compared_to_at is not None:
        before = format_span(result.compared_from_at, result.compared_to_at, tz)
        text.append(f"\nchanges are against {before}", style="not bold")
    return text


def _shown(question: Question, result: Result, width: int) -> Iterator[RenderableType]:
    if not result.rows:
        yield Text("  nothing in this period", style="dim")
    elif question.show == "trend":
        yield trend_line(result)
    elif question.show == "bars":
        yield bars(result)
    elif question.show == "best_and_worst":
        yield best_and_worst(result, width)
    else:
        yield from answer_tables(result, width)
