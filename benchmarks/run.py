"""Measures deskmeter and prints one table: seconds of CPU and wall, peak memory, and ratios to a reference.

The reference runs beside it: on a busy machine the ratio is the figure to read.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import arrivals
import facts
import imports
import parts
import questions
from measure import HEADER, Measured, apart, row

RESULTS = Path(__file__).parent / "results"
# sources of 2,000 tickets and some 40,000 events each
QUICK, FULL = (2, 10), (25, 250)


def measure(is_full: bool) -> Iterator[Measured]:
    """All lines as they are found; every part in a process of its own."""
    sizes, runs = (FULL, 30) if is_full else (QUICK, 15)
    yield from apart(parts.measure)
    yield from apart(imports.measure, 20_000 if is_full else 2_000)
    yield from facts.growth(sizes)
    for copies in sizes:
        yield from apart(arrivals.measure, copies)
    for copies in sizes:
        yield from apart(questions.measure, copies, runs)


def main() -> None:
    """Print the table line by line and keep it."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--full", action="store_true", help="full sizes, up to ten million events")
    is_full = words.parse_args().full
    sys.stdout.write(HEADER)
    text = HEADER
    for line in measure(is_full):
        sys.stdout.write(row(line))
        sys.stdout.flush()
        text += row(line)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / ("full.txt" if is_full else "quick.txt")).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
