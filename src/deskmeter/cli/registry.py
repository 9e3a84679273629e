"""Finds the commands by walking their files; a command's module is imported only when it is called.

A command is one file in `commands/`: the first line of its docstring is its short help, `run` is its function.
A file whose name is a word of Python ends with an underscore (`import_.py`).
"""

from importlib import import_module
from types import ModuleType

from typer import Context, Typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from deskmeter.base.errors import AskerError, nearest
from deskmeter.cli import commands
from deskmeter.cli.front import command_files, command_names, first_line
from deskmeter.cli.leaving import InterruptedByUserError, PipeClosedError


class CommandGroup(TyperGroup):
    """The `deskmeter` command: lists its commands by their files' first lines and loads the one that is called."""

    def list_commands(self, ctx: Context) -> list[str]:  # type: ignore[override]  # typer narrows its own type
        """The commands' names, those of the first steps first."""
        return command_names()

    def get_command(self, ctx: Context, cmd_name: str) -> TyperCommand | None:  # type: ignore[override]
        """A light stand-in with the short help, enough for a list of commands."""
        found = command_files()
        if cmd_name not in found:
            return None
        return TyperCommand(cmd_name, callback=None, short_help=first_line(found[cmd_name]))

    def resolve_command(  # type: ignore[override]
        self, ctx: Context, args: list[str]
    ) -> tuple[str | None, TyperCommand | None, list[str]]:
        """The real command of the first word; AskerError with the nearest name if there is none."""
        name = args[0]
        if name.startswith("-"):
            raise AskerError(f"no option `{name}` before a command; `deskmeter --help` lists them")
        if name not in command_files():
            raise AskerError(f"no command `{name}`{nearest(name, self.list_commands(ctx))}")
        return name, load(name), args[1:]

    def invoke(self, ctx: Context) -> object:  # type: ignore[override]
        """Runs the command; a closed pipe and Ctrl-C leave as themselves, before typer makes them its own."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise PipeClosedError from error
        except KeyboardInterrupt as error:
            raise InterruptedByUserError from error


def load(name: str) -> TyperCommand:
    """The command `name`, made of the function `run` in its file."""
    module: ModuleType = import_module(f"{commands.__name__}.{command_files()[name].stem}")
    app = Typer(add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})
    app.command(name, help=module.__doc__)(module.run)
    command = get_command(app)
    assert isinstance(command, TyperCommand)
    return command
