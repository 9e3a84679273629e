"""A start loads what it uses: libraries that a command does not need stay away."""

import subprocess
import sys

import pytest


def loaded(code: str) -> set[str]:
    """The modules that are there after some code ran in a process of its own."""
    told = "\nimport sys; print(*sys.modules)"
    return set(
        subprocess.run([sys.executable, "-c", code + told], capture_output=True, check=True, text=True).stdout.split()
    )


def test_the_service_comes_without_readers_and_workbooks_and_the_demo() -> None:
    found = loaded("import deskmeter.service")
    assert not {"xlsxwriter", "holidays", "python_calamine", "deskmeter.ingest.run"} & found


@pytest.mark.parametrize("command", ["ask", "import"])
def test_a_command_comes_without_pandas(command: str) -> None:
    assert "pandas" not in loaded(f"from deskmeter.cli.registry import load; load('{command}')")


def test_arrow_makes_a_data_frame_though_pandas_was_spared() -> None:
    found = loaded(
        "from deskmeter.cli.lean import spare_pandas as spare; spare()\n"
        "import pyarrow as pa; assert pa.table({'a': [1, 2]}).to_pandas().shape == (2, 1)"
    )
    assert "pandas" in found
