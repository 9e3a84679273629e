"""The command `deskmeter`: one line for every error, and an exit code that a script can rely on.

0 ok, 1 failure, 2 usage, 3 data problems, 4 locked, 130 interrupted.
"""

import os
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

from typer import Context, Option, Typer, TyperException
from typer.main import get_command

from deskmeter.base.errors import DeskmeterError
from deskmeter.cli.registry import CommandGroup, InterruptedByUserError, PipeClosedError
from deskmeter.cli.terminal import complain, quiet_stdout, write

_INTERRUPTED = 130

app = Typer(cls=CommandGroup, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


@app.callback(invoke_without_command=True)
def start(
    ctx: Context,
    desk: Annotated[
        Path | None, Option("--desk", metavar="DIR", help="The desk; else DESKMETER_DESK, else nearest.")
    ] = None,
    show_version: Annotated[bool, Option("--version", help="Show the version and leave.")] = False,
) -> None:
    """Every customer-service metric from the raw history of a support desk."""
    ctx.obj = desk
    if show_version:
        write(f"deskmeter {installed_version()}\n")
    elif ctx.invoked_subcommand is None:
        write(ctx.get_help() + "\n")


def main(args: Sequence[str] | None = None) -> int:
    """Runs one command line and gives its exit code; never a traceback unless DESKMETER_TRACEBACK is set."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a lone surrogate must not end us
    try:
        code = get_command(app).main(
            args=list(args) if args is not None else None, prog_name="deskmeter", standalone_mode=False
        )
        sys.stdout.flush()
        if code == _INTERRUPTED:  # typer has caught Ctrl-C itself, before our group ran
            raise InterruptedByUserError
        return code if isinstance(code, int) else 0
    except (PipeClosedError, BrokenPipeError):
        quiet_stdout()
        return 0
    except (InterruptedByUserError, KeyboardInterrupt):
        complain("interrupted; what was done so far is kept, and the same command goes on from there")
        return _INTERRUPTED
    except DeskmeterError as error:
        _trace()
        complain(str(error))
        return error.exit_code
    except TyperException as error:
        complain(error.format_message())
        return error.exit_code
    except OSError as error:
        _trace()
        complain(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}")
        return 1
    except Exception as error:  # the outermost edge: a bug of ours is told in one line like everything else
        _trace()
        complain(
            f"a bug of ours, please report it: {type(error).__name__}: {error} (DESKMETER_TRACEBACK=1 shows where)"
        )
        return 1


def installed_version() -> str:
    """The version of the installed package."""
    try:
        return version("deskmeter")
    except PackageNotFoundError:
        return "(not installed)"


def _trace() -> None:
    """With DESKMETER_TRACEBACK set, the error leaves as it is."""
    if os.environ.get("DESKMETER_TRACEBACK"):
        raise
