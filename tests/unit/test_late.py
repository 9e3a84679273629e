"""A start loads what it uses: libraries that a command does not need stay away."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def loaded(code: str, **environment: str) -> set[str]:
    """The modules that are there after some code ran in a process of its own."""
    told = "\nimport sys; print(*sys.modules)"
    around = os.environ | environment
    done = subprocess.run([sys.executable, "-c", code + told], capture_output=True, check=True, text=True, env=around)
    return set(done.stdout.splitlines()[-1].split())


def test_the_service_comes_without_readers_and_workbooks_and_the_demo() -> None:
    found = loaded("import deskmeter.service")
    assert not {"xlsxwriter", "holidays", "python_calamine", "deskmeter.ingest.run"} & found


@pytest.mark.parametrize("command", ["ask", "import"])
def test_a_command_comes_without_pandas(command: str) -> None:
    assert "pandas" not in loaded(_line(command, "--help"))


def test_a_question_is_answered_without_pandas(tmp_path: Path) -> None:
    home = str(tmp_path / "desk")
    found = loaded(
        f"{_line('init', home)}; {_line('ask', 'tickets_created', '--period', 'all', '--json', '--desk', home)}"
    )
    assert "duckdb" in found
    assert "pandas" not in found


@pytest.mark.parametrize("command", [("ask", "backlog"), ("drill", "backlog")])
def test_a_question_asked_before_comes_without_what_makes_expressions(tmp_path: Path, command: tuple[str, str]) -> None:
    home, cache = str(tmp_path / "desk"), str(tmp_path / "cache")  # what is kept between commands, empty at first
    loaded(_line("init", home))
    line = _line(*command, "--last", "4w", "--desk", home)
    assert "ibis" in loaded(line, XDG_CACHE_HOME=cache)  # it makes the texts of the facts and of the question
    loaded(line, XDG_CACHE_HOME=cache)
    assert not {"ibis", "sqlglot"} & loaded(line, XDG_CACHE_HOME=cache)


def _line(*words: str) -> str:
    """Code that runs one command line as the process of its own that it is."""
    argv = ["deskmeter", *words]
    return f"import sys; sys.argv = {argv!r}; from deskmeter.cli.main import main; assert main() == 0"


def test_arrow_makes_a_data_frame_though_pandas_was_spared() -> None:
    found = loaded(
        "import pyarrow as pa\n"
        "from deskmeter.base.pandas_absent import pandas_absent\n"
        "with pandas_absent(): pa.array([0])\n"
        "assert pa.table({'a': [1, 2]}).to_pandas().shape == (2, 1)"
    )
    assert "pandas" in found
