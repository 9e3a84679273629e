"""A lake holds what the ledger holds, and says in one line what it cannot do."""

from datetime import UTC
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from deskmeter.base.config import DeskConfig, write_config
from deskmeter.base.errors import AskerError, DataError
from deskmeter.canon.schema import TABLES
from deskmeter.cli.main import main
from deskmeter.query.lake import read_note
from deskmeter.service import Desk
from oracle.compare import arrow_tables, many_histories
from oracle.draw import AS_OF

SEED = 6100


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk with one history and its lake beside it."""
    folder = tmp_path_factory.mktemp("lake")
    (folder / "desk").mkdir()
    write_config(folder / "desk", DeskConfig(as_of=AS_OF.replace(tzinfo=UTC)))
    with Desk.open(folder / "desk") as desk:
        desk.import_tables(f"s{SEED}", arrow_tables(many_histories([SEED])))
        desk.lake(folder / "lake")
    return folder


def test_every_row_is_in_the_lake_once(lake: Path) -> None:
    history = many_histories([SEED])
    note = read_note(lake / "lake")
    assert set(note.rows) == set(TABLES)
    for name, rows in history.items():
        assert note.rows[name] == len({row["id"] for row in rows}), name
        folder = lake / "lake" / "canonical" / name
        assert folder.exists() == bool(rows), name
        if rows:
            keys = pa.schema([("source", pa.string()), ("month", pa.string())][: 2 if TABLES[name].known_at else 1])
            found = ds.dataset(folder, partitioning=ds.partitioning(keys, flavor="hive")).to_table()
            assert sorted(found["id"].to_pylist()) == sorted({row["id"] for row in rows}), name
            assert set(found["source"].to_pylist()) == {f"s{SEED}"}


def test_events_lie_in_the_month_in_which_they_happened(lake: Path) -> None:
    folder = lake / "lake" / "canonical" / "event" / f"source=s{SEED}"
    for month in folder.iterdir():
        at = ds.dataset(month).to_table(columns=["at"])["at"].to_pylist()
        assert at
        assert {f"month={instant:%Y-%m}" for instant in at} == {month.name}


def test_a_lake_is_written_into_a_new_folder_alone(lake: Path) -> None:
    with Desk.open(lake / "desk") as desk, pytest.raises(AskerError, match="holds something already"):
        desk.lake(lake / "lake")


def test_a_folder_without_a_note_is_no_lake(tmp_path: Path) -> None:
    with pytest.raises(AskerError, match="no lake in"):
        read_note(tmp_path)
    (tmp_path / "lake.json").write_text('{"format": 99}')
    with pytest.raises(DataError, match="format 99"):
        read_note(tmp_path)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["ask", "backlog", "--engine", "sparc"], "no engine `sparc`; did you mean `spark`?"),
        (["ask", "backlog", "--engine", "spark"], "--engine spark needs --lake DIR"),
        (["build", "--master", "local[2]"], "--master and --lake belong to --engine spark"),
        (["build", "--engine", "spark", "--lake", "nowhere"], "no lake in nowhere"),
    ],
)
def test_a_wrong_engine_is_one_line(
    lake: Path, words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--desk", str(lake / "desk")]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert told in err
