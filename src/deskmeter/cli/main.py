"""The command `deskmeter`: one line for every error, and an exit code that a script can rely on.

0 ok, 1 failure, 2 usage, 3 data problems, 4 locked, 130 interrupted.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

from deskmeter.base.errors import DeskmeterError
from deskmeter.base.late import late
from deskmeter.base.pandas_absent import pandas_absent
from deskmeter.cli.front import front_page
from deskmeter.cli.leaving import InterruptedByUserError, PipeClosedError
from deskmeter.cli.terminal import complain, quiet_stdout, write

if TYPE_CHECKING:
    import typer
    import typer.main as typer_main

    from deskmeter.cli import app
else:  # the first page comes without them
    app, typer, typer_main = late("deskmeter.cli.app"), late("typer"), late("typer.main")

_INTERRUPTED = 130
_COMPLETES = "_DESKMETER_COMPLETE"  # set by a shell that asks how a word may go on


def main(args: Sequence[str] | None = None) -> int:
    """Runs one command line and gives its exit code; never a traceback unless DESKMETER_TRACEBACK is set.

    args: None for those of this process, which is then our own: nothing in it wants pandas.
    """
    with pandas_absent() if args is None else nullcontext():
        return _main(args)


def _main(args: Sequence[str] | None) -> int:
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a lone surrogate must not end us
    words = list(args) if args is not None else sys.argv[1:]
    try:
        if words in ([], ["-h"], ["--help"]) and _COMPLETES not in os.environ:
            write(front_page())
            return 0
        code = typer_main.get_command(app.app).main(args=words, prog_name="deskmeter", standalone_mode=False)
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
    except typer.TyperException as error:
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


def _trace() -> None:
    """With DESKMETER_TRACEBACK set, the error leaves as it is."""
    if os.environ.get("DESKMETER_TRACEBACK"):
        raise
