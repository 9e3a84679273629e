"""The terminal: what goes to stdout, what to stderr, progress, and text that cannot take the screen over."""

import os
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deskmeter.base.late import late

if TYPE_CHECKING:
    import rich.console as rich_console
    import rich.progress as rich_progress
else:  # an error and the first page are plain text
    rich_console, rich_progress = late("rich.console"), late("rich.progress")

ProgressCallback = Callable[[str, int, int | None], None]
WIDEST = 120  # lines longer than this are hard to follow with the eye
_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def out() -> "rich_console.Console":
    """The console for answers. NO_COLOR, COLUMNS and a pipe are respected."""
    console = rich_console.Console(highlight=False, markup=False, emoji=False, soft_wrap=False)
    console.width = min(console.width, WIDEST)
    return console


def err() -> "rich_console.Console":
    """The console for everything that is no answer."""
    return rich_console.Console(stderr=True, highlight=False, markup=False, emoji=False)


def clean(text: str) -> str:
    """Text from the data that a terminal may show: no control codes, no marks that turn the line round.

    >>> clean("a\\x1b[31mb\\nc")
    'a�[31mb c'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def write(text: str) -> None:
    """Text for machines, as it is, to stdout."""
    sys.stdout.write(text)
    sys.stdout.flush()


def say(text: str) -> None:
    """One line for the person, to stderr."""
    err().print(text, soft_wrap=True)


def complain(message: str) -> None:
    """The one line of an error: `deskmeter: ...`."""
    sys.stderr.write(f"deskmeter: {clean(' '.join(message.split()))}\n")
    sys.stderr.flush()


def quiet_stdout() -> None:
    """Points stdout at nothing, so that the interpreter's last flush does not fail on a closed pipe."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
    os.close(devnull)


@contextmanager
def progress(is_shown: bool = True) -> Iterator[ProgressCallback]:
    """A callback (step, done, total or None) that draws bars on stderr, if stderr is a terminal; else it is silent."""
    console = err()
    if not is_shown or not console.is_terminal:
        yield lambda step, done, total: None
        return
    bars = rich_progress.Progress(
        rich_progress.SpinnerColumn(),
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(bar_width=24),
        rich_progress.TextColumn("{task.fields[told]}"),
        rich_progress.TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    tasks: dict[str, object] = {}
    with bars:

        def draw(step: str, done: int, total: int | None) -> None:
            told = f"{done:,}" if total is None else f"{done:,} / {total:,}"
            if step not in tasks:
                tasks[step] = bars.add_task(clean(step), total=total, told=told)
            bars.update(tasks[step], completed=done, total=total, told=told)  # type: ignore[arg-type]

        yield draw


def _shown(character: str) -> str:
    if character in "\n\t\r":
        return " "
    is_unsafe = unicodedata.category(character) in ("Cc", "Cs") or character in _DIRECTION_MARKS
    return "\N{REPLACEMENT CHARACTER}" if is_unsafe else character
