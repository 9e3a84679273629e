from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from golden_stories import Expectation, Story, arrow_tables, load_stories, plain_key, request_of

from deskmeter.base.config import DeskConfig, write_config
from deskmeter.base.errors import AskerError
from deskmeter.query.result import Cell, Result, Row
from deskmeter.service import Desk

STORIES = {story.name: story for story in load_stories()}


def _as_of(one: Expectation) -> datetime:
    story = STORIES[one.story]
    return request_of(story, one).as_of or story.as_of


def _desk(one: Expectation) -> str:
    """The desk that a story is asked in: its own, or the one of its instant of knowledge."""
    return one.story if STORIES[one.story].own_desk else f"{_as_of(one):%Y-%m-%d %H.%M.%S}"


EXPECTATIONS = sorted((one for story in STORIES.values() for one in story.expectations), key=_desk)


class Desks:
    """One desk for all stories of one instant of knowledge, each a source of its own.

    A desk that knows of one instant alone is built once; a story about whole desks has a desk of its own.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, Desk] = {}

    def of(self, expectation: Expectation) -> Desk:
        name = _desk(expectation)
        if name not in self._open:
            stories = dict.fromkeys(one.story for one in EXPECTATIONS if _desk(one) == name)
            self._open[name] = self._make(self._folder / name, [STORIES[story] for story in stories])
        return self._open[name]

    def _make(self, folder: Path, stories: list[Story]) -> Desk:
        folder.mkdir()
        write_config(folder, DeskConfig(**stories[0].desk))
        if stories[0].targets:
            text = yaml.safe_dump({"targets": stories[0].targets})
            (folder / "targets.yml").write_text(text, encoding="utf-8")
        desk = Desk.open(folder)
        for story in stories:
            for source, tables in arrow_tables(story).items():
                desk.import_tables(source, tables)
        return desk

    def close(self) -> None:
        for desk in self._open.values():
            desk.close()


@pytest.fixture(scope="session")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desks]:
    made = Desks(tmp_path_factory.mktemp("golden"))
    yield made
    made.close()


@pytest.mark.parametrize("expectation", EXPECTATIONS, ids=[one.id for one in EXPECTATIONS])
def test_story_comes_out_as_counted_by_hand(expectation: Expectation, desks: Desks) -> None:
    story = STORIES[expectation.story]
    desk = desks.of(expectation)
    request = request_of(story, expectation)
    if expectation.cells is None:
        with pytest.raises(AskerError) as caught:
            desk.ask(request)
        assert str(expectation.error) in str(caught.value)
        return
    result = desk.ask(request)
    found = _found(result, story)
    tolerance = expectation.question.get("tolerance", 1e-9)
    wrong = _differences(expectation.cells, found, tolerance)
    assert not wrong, f"{story.says}\n" + "\n".join(wrong)
    if expectation.question.get("drill"):
        _drill_adds_up(desk, story, expectation, found)


def _found(result: Result, story: Story) -> dict[str, Cell]:
    key = result.metrics[0].key
    rows = [row for row in result.rows if not row.is_total]
    found = {_key(row, result, story): row.cells[key] for row in rows}
    assert len(found) == len(rows), "two rows with one key"
    return found


def _key(row: Row, result: Result, story: Story) -> str:
    keys = [plain_key(story, key) for key in row.keys]
    if row.period is not None:
        keys.insert(0, _bucket(row.period, result))
    return " | ".join(keys)


def _bucket(start: datetime, result: Result) -> str:
    aware = start if start.tzinfo else start.replace(tzinfo=UTC)
    local = aware.astimezone(ZoneInfo(result.zone))
    return local.strftime("%Y-%m-%d %H:%M" if result.grain == "hour" else "%Y-%m-%d")


def _differences(expected: dict[str, dict[str, object]], found: dict[str, Cell], tolerance: float) -> list[str]:
    """One line per number that is not as expected; a row with nothing in it and a missing row say the same."""
    wrong = []
    for key, cell in expected.items():
        if key not in found and not _says_nothing(cell):
            wrong.append(f"no row {key!r}; there are {sorted(found)}")
        elif key in found:
            for part, number in cell.items():
                got = getattr(found[key], part)
                if not _same(number, got, tolerance):
                    wrong.append(f"{key or 'value'}: {part} is {got}, counted {number}")
    for key, got_cell in found.items():
        parts = ("value", "n", "numerator", "denominator", "n_open")
        if key not in expected and not _says_nothing({part: getattr(got_cell, part) for part in parts}):
            wrong.append(f"unexpected row {key!r}: value {got_cell.value}, n {got_cell.n}")
    return wrong


def _says_nothing(cell: dict[str, object]) -> bool:
    return all(number is None or number == 0 for number in cell.values())


def _same(expected: object, got: object, tolerance: float) -> bool:
    if expected is None or got is None:
        return expected is got
    assert isinstance(expected, int | float)
    assert isinstance(got, int | float)
    return abs(expected - got) <= tolerance * max(1.0, abs(expected))


def _drill_adds_up(desk: Desk, story: Story, expectation: Expectation, found: dict[str, Cell]) -> None:
    request = request_of(story, expectation)
    drilled = desk.drill(request, {}, None, None)
    cell = found[""]
    assert drilled.total_n == len(drilled.rows) == expectation.question["drill"]
    assert drilled.value == cell.value
    if cell.denominator is not None:
        assert (drilled.numerator, drilled.denominator) == (cell.numerator, cell.denominator)
