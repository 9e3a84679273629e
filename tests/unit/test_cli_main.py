"""The command line answers every mistake in one line, with an exit code that a script can rely on."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from deskmeter.base.errors import AskerError
from deskmeter.base.extras import extra
from deskmeter.cli.app import app
from deskmeter.cli.desk import find_desk
from deskmeter.cli.front import command_files, first_line, front_page
from deskmeter.cli.main import main
from deskmeter.cli.output import Output
from deskmeter.cli.terminal import progress


def test_help_lists_every_command_with_the_first_line_of_its_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    for name, file in command_files().items():
        assert f"{name} {first_line(file)}" in told


@pytest.mark.parametrize("columns", ["40", "63", "80", "200"])
def test_the_first_page_is_the_one_that_the_command_line_would_write(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    get_command(app).main(["--help"], prog_name="deskmeter", standalone_mode=False)
    assert front_page() == capsys.readouterr().out


def test_help_loads_no_engine() -> None:
    heavy = ("duckdb", "ibis", "pyarrow", "typer", "rich", "deskmeter.service")
    code = (
        f"import sys; from deskmeter.cli.main import main; main(['--help']); assert not set({heavy}) & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (["akk"], "deskmeter: no command `akk`; did you mean `ask` or `lake`?"),
        (["--bogus"], "deskmeter: No such option: --bogus"),
        (["--desk"], "deskmeter: Option '--desk' requires an argument."),
    ],
)
def test_a_wrong_line_is_one_line_on_stderr_and_exit_code_2(
    line: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(line) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"{told}\n"


def test_without_a_command_the_help_is_shown_and_version_says_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "Commands:" in capsys.readouterr().out
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("deskmeter ")


def test_the_desk_is_the_named_one_else_the_variables_else_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DESKMETER_DESK", raising=False)
    for name in ("near", "named", "variable"):
        (tmp_path / name / "below").mkdir(parents=True)
        (tmp_path / name / "deskmeter.toml").touch()
    below = tmp_path / "near" / "below"
    assert find_desk(None, below) == tmp_path / "near"
    monkeypatch.setenv("DESKMETER_DESK", str(tmp_path / "variable"))
    assert find_desk(None, below) == tmp_path / "variable"
    assert find_desk(tmp_path / "named", below) == tmp_path / "named"
    with pytest.raises(AskerError, match=r"no desk in .*`deskmeter init"):
        find_desk(below)
    monkeypatch.delenv("DESKMETER_DESK")
    with pytest.raises(AskerError, match="no desk here"):
        find_desk(None, tmp_path)


def test_two_outputs_or_an_unknown_format_are_refused_before_any_work() -> None:
    with pytest.raises(AskerError, match="two outputs in one command: --json and --csv"):
        Output(json=True, csv=True)
    with pytest.raises(AskerError, match=r"no format for `x\.doc`"):
        Output(file=Path("x.doc"))
    assert Output().is_for_people
    assert not Output(file=Path("x.csv")).is_for_people


def test_progress_is_silent_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress() as draw:
        draw("reading", 1, None)
        draw("reading", 2, 10)
    assert capsys.readouterr() == ("", "")


def test_a_missing_extra_says_its_install_line() -> None:
    with pytest.raises(AskerError, match=r"to_x\(\) needs `no_such_package`; pip install no_such_package"):
        extra("no_such_package", "to_x()")
