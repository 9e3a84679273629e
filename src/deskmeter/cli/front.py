"""The first page, which lists the commands; written without what parses a command line, so that it comes at once."""

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from pkgutil import iter_modules
from shutil import get_terminal_size

from deskmeter.base.errors import BugError
from deskmeter.cli import commands

ORDER = ("demo", "init", "import", "ask", "drill", "explain", "metrics", "doctor")  # as a newcomer meets them
ABOUT = "Every customer-service metric from the raw history of a support desk."
OPTIONS = (
    ("--desk DIR", "The desk; else DESKMETER_DESK, else nearest."),
    ("--version", "Show the version and leave."),
    ("--install-completion", "Install completion for the current shell."),
    ("--show-completion", "Show completion for the current shell, to copy it or customize the installation."),
    ("-h, --help", "Show this message and exit."),
)
"""As the commands' own pages word them; a test holds the two together."""


def command_files() -> dict[str, Path]:
    """The files of all commands by name, found without importing them."""
    folder = Path(commands.__path__[0])
    return {
        found.name.removesuffix("_"): folder / f"{found.name}.py"
        for found in iter_modules(commands.__path__)
        if not found.name.startswith("_")
    }


def command_names() -> list[str]:
    """The commands' names, those of the first steps first."""
    found = command_files()
    return [*(name for name in ORDER if name in found), *sorted(set(found) - set(ORDER))]


def first_line(file: Path) -> str:
    """The first line of a file's docstring, read without running or parsing the file."""
    with file.open(encoding="utf-8") as lines:
        line = lines.readline().rstrip()
    text = line.removeprefix('"""').removesuffix('"""')
    if not line.startswith('"""') or not text:
        raise BugError(f"the command file {file.name} has no docstring; its first line is the short help")
    return text


def front_page() -> str:
    """What `deskmeter --help` says, as wide as the terminal, at most 80."""
    width = max(min(get_terminal_size().columns, 80) - 2, 50)
    files = command_files()
    about = textwrap.wrap(ABOUT, width, initial_indent="  ", subsequent_indent="  ")
    told = [(name, first_line(files[name])) for name in command_names()]
    lines = [
        "Usage: deskmeter [OPTIONS] COMMAND [ARGS]...", "", *about, "",
        "Options:", *_pairs(OPTIONS, width), "",
        "Commands:", *_pairs(told, width),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _pairs(rows: Sequence[tuple[str, str]], width: int) -> Iterator[str]:
    """Names on the left, what they do on the right."""
    left = max(len(name) for name, _ in rows) + 2
    for name, says in rows:
        for number, line in enumerate(textwrap.wrap(says, width - left - 2)):
            yield f"  {'' if number else name:<{left}}{line}"
