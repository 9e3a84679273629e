"""Where an answer goes: a table to the terminal, JSON or CSV to stdout, or a file by its ending."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import RenderableType

from deskmeter.base.errors import AskerError
from deskmeter.cli.terminal import out, say, write
from deskmeter.query.export import Grid, Json, to_json
from deskmeter.query.sheets import ending, grid_bytes, to_csv, write_whole


@dataclass(frozen=True)
class Output:
    """What the options say of the output. AskerError if they say two things, or name an unknown format."""

    json: bool = False
    csv: bool = False
    file: Path | None = None

    def __post_init__(self) -> None:
        said = [name for name, is_said in (("--json", self.json), ("--csv", self.csv), ("--out", self.file)) if is_said]
        if len(said) > 1:
            raise AskerError(f"two outputs in one command: {said[0]} and {said[1]}; ask for one")
        if self.file is not None:
            ending(self.file)

    @property
    def is_for_people(self) -> bool:
        """Whether the answer is a table in the terminal."""
        return not (self.json or self.csv or self.file)


def emit(
    output: Output, page: Callable[[int], RenderableType], thing: Callable[[], Json], grid: Callable[[], Grid]
) -> None:
    """Sends an answer where `output` says; only the form that is needed is made."""
    if output.json:
        write(to_json(thing()))
    elif output.csv:
        write(to_csv(grid()))
    elif output.file is not None:
        _to_file(output.file, thing, grid)
    else:
        show(page)


def show(page: Callable[[int], RenderableType]) -> None:
    """A page to the terminal, made for its width."""
    console = out()
    console.print(page(console.width))


def _to_file(file: Path, thing: Callable[[], Json], grid: Callable[[], Grid]) -> None:
    suffix = ending(file)
    if suffix == ".json":
        write_whole(to_json(thing()).encode(), file)
        say(f"wrote {file}")
        return
    table = grid()
    write_whole(grid_bytes(table, suffix), file)
    say(f"wrote {len(table.rows):,} rows to {file}")
