"""The command line with real desks on disk: what it prints, what it writes, and with which code it ends."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from deskmeter.cli.main import main
from deskmeter.metrics.catalogue import BUILT_IN

TICKETS = """\
number,opened,state,closed,caller,group
INC-1,2026-03-02 09:00,Done,2026-03-02 11:00,cleo,Billing
INC-2,2026-03-02 10:00,Done,2026-03-03 10:00,dan,Billing
INC-3,2026-03-04 10:00,Waiting,,cleo,Tech
INC-4,yesterday,Waiting,,cleo,Tech
"""
MAPPING = """\
source: helpdesk
zone: UTC
times: "%Y-%m-%d %H:%M"
tables:
  ticket:
    columns:
      ticket: number
      created_at: opened
      resolved_at: closed
      status: state
      requester: caller
      team: group
stages: {Done: solved, Waiting: open}
"""
PERIOD = ["--period", "2026-03"]


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("DESKMETER_DESK", raising=False)


def process(*words: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """A real process, as a person would start it."""
    line = [sys.executable, "-m", "deskmeter", *words]
    return subprocess.run(line, capture_output=True, text=True, env={**os.environ, **env}, check=False)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk made by the command line alone, from a file of four rows and a mapping."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "tickets.csv").write_text(TICKETS)
    (folder / "tickets.yml").write_text(MAPPING)
    made = process("init", str(folder / "desk"), "--zone", "UTC", "--name", "Small")
    assert (made.returncode, made.stdout) == (0, ""), made.stderr
    line = ["import", str(folder / "tickets.csv"), "--mapping", str(folder / "tickets.yml")]
    done = process(*line, "--desk", str(folder / "desk"), "--json")
    assert done.returncode == 0, done.stderr
    (report,) = json.loads(done.stdout)
    counts = {name: report[name] for name in ("received", "stored", "duplicates", "set_aside", "rejected")}
    assert counts == {"received": 4, "stored": 3, "duplicates": 0, "set_aside": 1, "rejected": 0}
    return folder


def run(small: Path, *words: str) -> int:
    return main([*words, "--desk", str(small / "desk")])


def test_an_imported_file_answers(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(small, "ask", "tickets_created", "tickets_resolved", "--by", "team", *PERIOD, "--json") == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {row["team"]: (row["tickets_created"]["value"], row["tickets_resolved"]["value"]) for row in rows} == {
        "Billing": (2, 2),
        "Tech": (1, 0),
    }
    assert run(small, "ask", "resolution_time:mean", *PERIOD, "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["resolution_time"]["value"] == 46_800  # (2 h + 24 h) / 2


def test_the_same_file_again_stores_nothing(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["import", str(small / "tickets.csv"), "--mapping", str(small / "tickets.yml"), "--no-build", "--json"]
    assert run(small, *line) == 0
    (report,) = json.loads(capsys.readouterr().out)
    assert (report["received"], report["stored"], report["duplicates"]) == (4, 0, 4)


def test_a_row_set_aside_is_told_by_the_doctor_with_its_line(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(small, "doctor", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    (aside,) = report["set_aside"]
    assert aside["place"] == "tickets.csv:5"
    assert "`yesterday`" in aside["text"]
    assert report["problems"] == []
    assert run(small, "doctor") == 0
    page = capsys.readouterr().out
    assert "Healthy" in page
    assert max(map(len, page.splitlines())) <= 80


def test_without_a_mapping_one_is_proposed_and_used_the_second_time(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = small / "second.csv"
    file.write_text(TICKETS.replace("INC-", "SEC-").replace("yesterday", "2026-03-05 10:00"))
    assert run(small, "import", str(file)) == 0
    out, err = capsys.readouterr()
    assert "It looks like" in out
    assert "wrote the mapping to" in err
    home = small / "desk" / "mappings" / "second.yml"
    assert "number" in home.read_text()
    assert run(small, "import", str(file), "--no-build", "--json") == 0
    (report,) = json.loads(capsys.readouterr().out)
    assert (report["received"], report["stored"]) == (4, 4)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["ask", "frist_reply_time"], 2, "did you mean `first_reply_time`"),
        (["ask", "csat", "--by", "teem"], 2, "did you mean `team`"),
        (["ask", "csat", "--last", "12 parsecs"], 2, "12 parsecs"),
        (["drill", "csat", "backlog"], 2, "backlog"),
        (["explain", "INC-9"], 2, "no ticket `INC-9`; did you mean `INC-"),
        (["metrics", "csta"], 2, "did you mean `csat`"),
        (["import", "no-such-file.csv"], 3, "no file `no-such-file.csv`"),
    ],
)
def test_a_mistake_is_one_line_with_its_code(
    small: Path, words: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(small, *words) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("deskmeter: ")
    assert err.count("\n") == 1
    assert told in err


def test_a_wrong_mapping_is_a_data_problem_named_by_its_line(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = small / "wrong.yml"
    wrong.write_text(MAPPING.replace("ticket: number", "ticket: nmuber"))
    assert run(small, "import", str(small / "tickets.csv"), "--mapping", str(wrong)) == 3
    err = capsys.readouterr().err
    assert "`nmuber`" in err
    assert "`number`" in err
    assert "wrong.yml" in err


def test_a_desk_that_another_process_owns_is_locked(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = (
        "import sys; from pathlib import Path; from deskmeter.service import Desk\n"
        "desk = Desk.open(Path(sys.argv[1])); print('open', flush=True); sys.stdin.read()"
    )
    line = [sys.executable, "-c", code, str(small / "desk")]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "open\n"
        assert run(small, "ask", "tickets_created", *PERIOD) == 4
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        assert f"in use by process {owner.pid}" in err
        owner.communicate("", timeout=60)
    assert run(small, "ask", "tickets_created", *PERIOD) == 0


def test_rebuilding_gives_the_same_answer(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["ask", "resolution_time", "tickets_created", *PERIOD, "--json"]
    assert run(small, *line) == 0
    before = json.loads(capsys.readouterr().out)["rows"]
    assert run(small, "rebuild") == 0
    assert "rebuilt" in capsys.readouterr().err
    assert run(small, *line) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == before


@pytest.fixture
def demo(demo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DESKMETER_DESK", str(demo_folder))
    return demo_folder


def test_json_csv_and_files_hold_the_same_rows(demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["ask", "tickets_created", "--by", "team,month", "--period", "2026-03-01..2026-06-01"]
    assert main([*line, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert main([*line, "--csv"]) == 0
    listed = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [float(row["tickets_created"]) for row in listed] == [row["tickets_created"]["value"] for row in rows]
    for name in ("answer.csv", "answer.json", "answer.parquet", "answer.xlsx"):
        assert main([*line, "--out", str(tmp_path / name)]) == 0
        assert (tmp_path / name).stat().st_size > 100
    assert pq.read_table(tmp_path / "answer.parquet").num_rows == len(rows)
    assert json.loads((tmp_path / "answer.json").read_text())["rows"] == rows
    assert "wrote" in capsys.readouterr().err


def test_a_drill_lists_the_rows_of_a_cell(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    period = ["--period", "2026-03-01..2026-06-01"]
    assert main(["ask", "tickets_created", "--by", "team", *period, "--json"]) == 0
    first = json.loads(capsys.readouterr().out)["rows"][0]
    assert main(["drill", "tickets_created", "--by", "team", "--cell", f"team={first['team']}", *period, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["total_n"] == len(found["rows"]) == first["tickets_created"]["value"]


def test_a_ticket_explains_itself_in_words_and_as_json(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drill", "resolution_time", "--period", "2026-05", "--limit", "1", "--json"]) == 0
    ticket = json.loads(capsys.readouterr().out)["rows"][0]["ticket"]
    assert main(["explain", ticket, "--json"]) == 0
    story = json.loads(capsys.readouterr().out)
    counted = {one["metric"]: one for one in story["metrics"]}
    assert counted["resolution_time"]["is_counted"]
    stops = [
        effect
        for line in story["lines"]
        for effect in line["effects"]
        if effect["clock"] == "resolution_time" and effect["effect"] == "stops"
    ]
    assert main(["drill", "resolution_time", "--where", f"ticket={ticket}", "--period", "all", "--json"]) == 0
    assert stops[-1]["calendar_s"] == json.loads(capsys.readouterr().out)["value"]
    assert main(["explain", ticket]) == 0
    page = capsys.readouterr().out
    assert f"Ticket {ticket}" in page
    assert max(map(len, page.splitlines())) <= 80


def test_the_catalogue_is_listed_with_all_of_its_fields(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["metrics", "--json"]) == 0
    entries = {entry["id"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert set(entries) == set(BUILT_IN)
    needed = ("definition", "formula", "unit", "date_basis", "credit", "good", "dimensions", "version")
    assert all(entry[name] for entry in entries.values() for name in needed if name != "dimensions")
    assert main(["metrics", "csat"]) == 0
    assert "satisfied" in capsys.readouterr().out.lower()


def test_a_terminal_of_80_columns_is_enough_and_no_color_means_none(demo: Path) -> None:
    line = ["ask", "csat", "nps", "first_reply_time", "--by", "team", "--period", "2026-05", "--compare", "previous"]
    env = {"COLUMNS": "80", "NO_COLOR": "1", "FORCE_COLOR": "1", "TERM": "xterm-256color"}
    done = process(*line, **env)
    assert (done.returncode, done.stderr) == (0, "")
    styles = set(re.findall("\x1b\\[([0-9;]*)m", done.stdout))
    assert styles <= {"", "0", "1", "2"}  # bold and dim may stay, no colour
    plain = process(*line, COLUMNS="80")
    assert plain.returncode == 0
    assert "\x1b" not in plain.stdout  # a pipe is no terminal
    assert max(map(len, plain.stdout.splitlines())) <= 80


def test_the_reader_of_a_pipe_may_go(demo: Path) -> None:
    line = f"{sys.executable} -m deskmeter metrics --json | head -1"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[\n", "")
