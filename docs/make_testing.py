"""Writes docs/testing.md, how it is tested, with counts read from the tests themselves.

python docs/make_testing.py
"""

import ast
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

HERE = Path(__file__).parent
PAGE = HERE / "testing.md"
TESTS = HERE.parent / "tests"
LIMIT = re.compile(
    r"^(?P<name>[A-Z_]+) = (?P<long>[\d_]+) if .*long.* else (?P<short>[\d_]+)", re.MULTILINE | re.IGNORECASE
)
LIMITS = {
    "KILLS": "a writer killed with kill -9, then its store examined",
    "TRIALS": "a power loss simulated with torn sectors, then the store examined",
    "HISTORIES": "random histories put to product and oracle",
}
KINDS = {
    "unit": "single parts: reading files, times and numbers, periods, filters, intervals, pages of the terminal",
    "golden": "hand-counted stories, and that each rule has one",
    "oracle": "a second implementation, and product against it",
    "property": "random input: the calendar, the ledger, the reading of files; product against oracle; drill sums",
    "conformance": "every metric on every engine",
}
TEXT = """\
# How it is tested

Every number is counted in more than one way. The figures on this page are read from the tests by `make docs`; `make
test` runs everything, `make long` runs the long forms.

{functions} test functions; many of them run once for each case, file or question.

| folder | test functions | what they hold |
|---|---:|---|
{kinds}

## Golden stories

{stories} timelines written by hand, one for each rule of the definitions, with {expectations} questions whose answers
were counted by hand; the reasoning stands in the file. They are plain YAML in `tests/golden` and can be read without
knowing the code. {both} stories ask for both clocks. `docs/metrics.md` names, for each metric, the stories that hold
it. `tests/golden/test_coverage.py` fails when a metric or a rule has no story.

## Oracle

`tests/oracle` holds a second, slow implementation of the metrics in plain Python that shares no code with the
product. It is given random histories: reopens, merges, gaps, changes of clock, events in one instant, unknown people,
changes of schedule. Both are asked the same questions: every metric with every statistic, clock and schedule policy, and
every metric by every dimension (several in one question). They must answer alike; how many histories, see below.

## Properties

What must hold for any input: an import in another order, in other batches, twice, or interrupted leaves the same
ledger; the rows behind a cell add up to it (every metric, under a few of its dimensions in `make test` and under each
in `make long`); the business clock equals a walk minute by minute in {zones} zones around their clock changes; text that
people type is read, or refused in one line.

## Hostile files

{hostile} files in `tests/data/hostile`: wrong and mixed encodings, odd delimiters, headers that stand twice, ragged
rows, broken archives, bombs, formulas and scripts in cells. Each has its expected rows, or its expected reason in one
line. A few that are too large to keep (ten megabytes in one cell, a million columns) are made by the test.

## Long forms

| what | `make test` | `make long` |
|---|---:|---:|
{limits}

## Numbers from other people's data

Four public files come with numbers that were computed independently; every one must come out to the last printed
digit, by the mappings in `examples/`. The files are not part of this repository. The tests look for them in the
folder `shared/data` beside it and are skipped, saying so, where it is absent.

## What is held besides

The order of the layers and the doors of outside libraries; strict types; warnings count as errors; this page, the
metrics reference, the commands and the mappings in the guide, by `tests/test_docs.py`.

## What is not

No browser and no server: they come with later steps. The engines are compared in `tests/conformance` where there is a
Java of 17 or later (`make setup` then installs PySpark); elsewhere those tests say that they were not run. Speed is
measured by `make bench`, and no test fails because a machine is busy.
"""


@dataclass(frozen=True)
class Golden:
    """What the hand-counted stories hold."""

    stories: int
    expectations: int
    both_clocks: int


def functions(folder: Path) -> int:
    """Test functions in the files of a folder."""
    return sum(
        isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        for path in folder.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    )


def golden(folder: Path) -> Golden:
    """Stories and their questions, counted."""
    asked = [yaml.safe_load(path.read_text(encoding="utf-8"))["expect"] for path in sorted(folder.glob("*.yml"))]
    both = sum({one.get("clock", "calendar") for one in story} == {"calendar", "business"} for story in asked)
    return Golden(len(asked), sum(len(story) for story in asked), both)


def long_forms(folder: Path) -> Mapping[str, tuple[int, int]]:
    """Constant -> (how often in every run, how often in the long one), where a test has two sizes."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        for one in LIMIT.finditer(path.read_text(encoding="utf-8")):
            found[one["name"]] = (int(one["short"]), int(one["long"]))
    return found


def zones(file: Path) -> int:
    """Zones that the business clock is walked through."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "ZONES":
            return len(ast.literal_eval(node.value))
    raise LookupError(f"no ZONES in {file.name}")


def made() -> str:
    """The page as it should stand now."""
    counts = {name: functions(TESTS / name) for name in KINDS}
    stories = golden(TESTS / "golden")
    limits = [
        f"| {LIMITS[name]} | {short:,} | {long:,} |"
        for name, (short, long) in sorted(long_forms(TESTS).items())
        if name in LIMITS
    ]
    return TEXT.format(
        functions=functions(TESTS),
        kinds="\n".join(f"| `tests/{name}` | {count} | {KINDS[name]} |" for name, count in counts.items()),
        stories=stories.stories,
        expectations=f"{stories.expectations:,}",
        both=stories.both_clocks,
        zones=zones(TESTS / "property" / "test_calendar_walk.py"),
        hostile=sum(1 for path in (TESTS / "data" / "hostile").iterdir() if path.is_file()),
        limits="\n".join(limits),
    )


if __name__ == "__main__":
    PAGE.write_text(made(), encoding="utf-8")
    sys.stderr.write(f"wrote {PAGE.name}\n")
