"""A backup becomes the same desk again, and an export holds every row of it."""

import csv
import json
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hand_desk import ARROW, HandRow, at

from deskmeter.base.config import DeskConfig, write_config
from deskmeter.base.errors import AskerError, DataError, LockedError
from deskmeter.canon.schema import TABLES
from deskmeter.cli.main import main
from deskmeter.service import Desk

QUESTION = ["tickets_created", "first_reply_time", "--by", "team,month", "--period", "all", "--json"]


def rows() -> dict[str, list[HandRow]]:
    """Three tickets of two teams, two of them answered; one subject that a spreadsheet would run."""
    events: list[HandRow] = []
    for number, team in enumerate(("T1", "T1", "T2"), 1):
        day = f"2026-03-0{number}"
        events.append(
            {
                "ticket": f"{number}",
                "kind": "created",
                "at": at(f"{day} 09:00"),
                "actor": "C",
                "first_team": team,
                "first_status": "new",
            }
        )
        if number < 3:
            events.append({"ticket": f"{number}", "kind": "message", "at": at(f"{day} 10:00"), "actor": "A"})
    return {
        "ticket": [{"id": f"{number}", "subject": "=1+1", "requester": "C"} for number in (1, 2, 3)],
        "event": [{"id": f"e{place}"} | event for place, event in enumerate(events)],
        "team": [{"id": "T1", "name": "Billing"}, {"id": "T2", "name": "Field"}],
        "person": [{"id": "A", "name": "Ana"}, {"id": "C", "name": "Cleo"}],
        "role_span": [
            {"id": "r1", "person": "A", "role": "staff", "from_at": at("2020-01-01")},
            {"id": "r2", "person": "C", "role": "customer", "from_at": at("2020-01-01")},
        ],
    }


def make_desk(folder: Path) -> Path:
    """A desk with settings, a mapping, own metrics and targets."""
    folder.mkdir()
    write_config(folder, DeskConfig(name="Tiny", zone="Europe/London", as_of=datetime(2026, 4, 1, tzinfo=UTC)))
    for name in ("mappings/tickets.yml", "targets.yml"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("targets: []\n", encoding="utf-8")
    tables = {}
    for name, of_table in rows().items():
        columns = TABLES[name].columns
        full = [{"source": "s"} | row for row in of_table]
        tables[name] = pa.table({c.name: pa.array([row.get(c.name) for row in full], ARROW[c.type]) for c in columns})
    with Desk.open(folder) as desk:
        desk.import_tables("s", tables)
        desk.build()
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_desk(tmp_path_factory.mktemp("made") / "desk")


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """A desk of this test alone."""
    shutil.copytree(made, tmp_path / "desk")
    return tmp_path / "desk"


def answer(home: Path, capsys: pytest.CaptureFixture[str]) -> object:
    """What the desk says, but for when its sources were imported."""
    capsys.readouterr()
    assert main(["--desk", str(home), "ask", *QUESTION]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("name", ["copies/monday", "copies/monday.zip"])
def test_a_restored_backup_is_the_same_desk(
    name: str, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = answer(home, capsys)
    assert isinstance(before, dict)
    assert [row["tickets_created"]["value"] for row in before["rows"]] == [2, 1]
    backup, new = tmp_path / name, tmp_path / "new"
    assert main(["backup", str(backup), "--desk", str(home)]) == 0
    assert list(backup.parent.iterdir()) == [backup], "nothing is left beside it"
    shutil.rmtree(home)
    assert main(["restore", str(backup), "--desk", str(new)]) == 0
    assert (new / "analytics.duckdb").is_file()
    assert (new / "mappings" / "tickets.yml").read_text(encoding="utf-8") == "targets: []\n"
    assert (new / "targets.yml").is_file()
    assert answer(new, capsys) == before
    assert main(["drill", "first_reply_time", "--period", "all", "--desk", str(new), "--json"]) == 0
    drill = json.loads(capsys.readouterr().out)
    assert sum(row["value"] for row in drill["rows"]) == drill["numerator"] == 7_200
    with Desk.open(new) as desk:
        assert desk.config.name == "Tiny"


def test_a_backup_overwrites_nothing(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("mine", encoding="utf-8")
    file = tmp_path / "there.zip"
    file.write_text("mine", encoding="utf-8")
    for words in (["backup", str(full)], ["backup", str(file)], ["export", str(full)], ["backup", "x.tar.gz"]):
        assert main([*words, "--desk", str(home)]) == 2
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
    assert main(["restore", str(home), "--desk", str(full)]) == 2
    assert main(["restore", str(home)]) == 2
    assert [path.name for path in full.iterdir()] == ["mine.txt"]
    assert file.read_text(encoding="utf-8") == "mine"


def test_an_empty_folder_is_filled_even_if_it_is_the_working_one(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup, here = tmp_path / "backup", tmp_path / "here"
    backup.mkdir()
    here.mkdir()
    with Desk.open(home) as desk:
        desk.backup(backup)
    monkeypatch.chdir(here)
    with Desk.restore(backup, Path()) as desk:
        assert desk.span()[0] == datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize("harm", ["object", "database", "no ledger", "no settings", "bad settings"])
def test_a_damaged_backup_is_refused_and_leaves_nothing(harm: str, home: Path, tmp_path: Path) -> None:
    backup, new = tmp_path / "backup", tmp_path / "new"
    with Desk.open(home) as desk:
        desk.backup(backup)
    database = backup / "ledger" / "ledger.sqlite"
    if harm == "object":
        kept = next(path for path in (backup / "ledger" / "objects").rglob("*") if path.is_file())
        kept.chmod(0o600)
        kept.write_bytes(kept.read_bytes()[:-1] + b"?")
    elif harm == "database":
        content = bytearray(database.read_bytes())
        content[4096 : len(content) // 2] = b"\xff" * (len(content) // 2 - 4096)
        database.write_bytes(content)
    elif harm == "no ledger":
        database.unlink()
    elif harm == "no settings":
        (backup / "deskmeter.toml").unlink()
    else:
        (backup / "deskmeter.toml").write_text("[desk]\nzone = 3\n", encoding="utf-8")
    with pytest.raises(DataError):
        Desk.restore(backup, new)
    assert not new.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup", "desk"]


def test_what_is_no_backup_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, other = tmp_path / "text.zip", tmp_path / "other.zip"
    text.write_text("no archive", encoding="utf-8")
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("../../out.txt", "out")
    for source in (text, other, tmp_path / "nothing", tmp_path):
        assert main(["restore", str(source), "--desk", str(tmp_path / "new")]) == 3
        assert capsys.readouterr().err.count("\n") == 1
    assert not list(tmp_path.parent.glob("**/out.txt"))
    assert not (tmp_path / "new").exists()


def test_a_desk_can_be_restored_from_directly_but_not_while_it_is_open(home: Path, tmp_path: Path) -> None:
    with Desk.open(home), pytest.raises(LockedError):
        Desk.restore(home, tmp_path / "new")
    with Desk.restore(home, tmp_path / "new") as desk:
        assert [balance.stored for balance in desk.doctor().sources]


def test_an_export_holds_every_row(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(tmp_path / "out"), "--desk", str(home)]) == 0
    told = dict(line.split() for line in capsys.readouterr().out.splitlines() if "/" in line)
    files = sorted((tmp_path / "out").rglob("*.parquet"))
    assert told == {
        path.relative_to(tmp_path / "out").with_suffix("").as_posix(): f"{pq.read_metadata(path).num_rows:,}"
        for path in files
    }
    for name in TABLES:
        table = pq.read_table(tmp_path / "out" / "canonical" / f"{name}.parquet")
        assert table.num_rows == len(rows().get(name, ()))
        assert table.column_names == list(TABLES[name].names)
    assert {"f_ticket", "ticket", "state_span", "account"} <= {path.stem for path in files}
    assert pq.read_metadata(tmp_path / "out" / "facts" / "ticket.parquet").num_rows == 3


def test_csv_holds_the_same_rows_and_no_formula(home: Path, tmp_path: Path) -> None:
    with Desk.open(home) as desk:
        written = dict(desk.export(tmp_path / "csv", "csv"))
        assert written == dict(desk.export(tmp_path / "parquet"))
    with (tmp_path / "csv" / "canonical" / "ticket.csv").open(encoding="utf-8", newline="") as file:
        assert [row["subject"] for row in csv.DictReader(file)] == ["'=1+1"] * 3
    for name, count in written.items():
        with (tmp_path / "csv" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            assert len(list(csv.reader(file))) == count + 1


def test_an_unknown_format_is_told_with_the_nearest(home: Path, tmp_path: Path) -> None:
    with Desk.open(home) as desk, pytest.raises(AskerError, match="did you mean `parquet`"):
        desk.export(tmp_path / "out", "parkett")
    assert not (tmp_path / "out").exists()
