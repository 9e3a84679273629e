"""After `erase` nothing of a person is left anywhere in the desk, and no count has changed."""

import io
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import zipfile
from collections import Counter
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest
from erase_files import (
    AGENT,
    AGENT_MAIL,
    AGENT_NAME,
    ID,
    MAIL,
    NAME,
    OPINION,
    PROSE,
    SUBJECT,
    TICKETS,
    TICKETS_MAP,
    found_below,
    make_desk,
)

import deskmeter
from deskmeter.base.errors import AskerError, DataError, LockedError
from deskmeter.cli.main import main
from deskmeter.ledger.sqlite import open_ledger
from deskmeter.service import Desk

CUSTOMER = (ID, NAME, MAIL, SUBJECT, PROSE, OPINION)
EVERYTHING = (*CUSTOMER, AGENT, AGENT_NAME, AGENT_MAIL)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_desk(tmp_path_factory.mktemp("erase") / "desk")


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of the desk, and of its files beside it."""
    shutil.copytree(made.parent, tmp_path / "here")
    return tmp_path / "here" / "desk"


def numbers(folder: Path) -> dict[str, Counter[tuple[str, ...]]]:
    """Every row from which any number is made, and some answers; whatever names one of the people is a star in it."""
    found: dict[str, Counter[tuple[str, ...]]] = {}
    with Desk.open(folder) as desk:
        desk.rebuild()  # what arrived since a build is told in other numbers of tickets
        access = desk._current(lambda step, done, total: None)
        for name in sorted(set(access.schemas) - {"built_with", "ticket_state"}):  # numbers of states follow the names
            rows = access.engine.fetch(access.table(name)).to_pylist()
            found[name] = Counter(tuple(_starred(column, row[column]) for column in sorted(row)) for row in rows)
    with deskmeter.open(folder) as api:
        for metric in ("tickets_created", "first_reply_time", "csat", "replies_per_ticket", "orders"):
            for by in ("", "agent", "team", "requester", "language", "field:reviewer"):
                try:
                    answer = api.ask(metric, by=[by] if by else [], period="all", intervals=False)
                except AskerError:
                    continue
                found[f"{metric} by {by}"] = Counter(
                    (*(_starred(by, key) for key in row.keys), *(repr(cell) for _, cell in sorted(row.cells.items())))
                    for row in answer.rows
                )
    return found


_HASHED = "30a8a0eb3ad78ed3"
_NAMED = re.compile("|".join(["erased", _HASHED, *map(re.escape, EVERYTHING)]), re.IGNORECASE)


def _starred(column: str, value: object) -> str:
    """An id made of a row's content, and the number by which rows of one instant are told apart, are stars too."""
    is_named = column in ("email", "name", "subject", "words", "event_no") or _NAMED.search(str(value))
    is_named = is_named or re.fullmatch(r"[0-9a-f]{32}", str(value))
    return f"{column}=*" if is_named else f"{column}={value}"


def everything(desk: Desk) -> dict[str, object]:
    """The ledger's own counts."""
    ledger = desk._ledger
    sizes = {name: count for name, count in ledger.counters().items() if name != "object_bytes"}
    return {"balance": ledger.balance(), "sizes": sizes, "check": ledger.check(), "conflicts": len(ledger.conflicts())}


def test_nothing_of_a_customer_is_left_and_no_number_changes(folder: Path) -> None:
    before = numbers(folder)
    assert found_below(folder, *CUSTOMER)
    with Desk.open(folder) as desk:
        counts = everything(desk)
        report = desk.erase(ID)
        assert report.rows == {"event": 3, "ticket": 3, "person": 1, "survey_sent": 1}
        assert everything(desk) == counts
        desk.erase(MAIL, "shop")
    assert not found_below(folder, *CUSTOMER)
    assert numbers(folder) == before
    assert len(before) > 60


def test_nothing_of_an_agent_is_left_and_no_number_changes(folder: Path) -> None:
    before = numbers(folder)
    with Desk.open(folder) as desk:
        report = desk.erase(AGENT_MAIL.upper())
        assert "targets.yml" in report.settings
    assert not found_below(folder, AGENT, AGENT_NAME, AGENT_MAIL)
    assert numbers(folder) == before
    with deskmeter.open(folder) as api:
        agents = {row.keys[0] for row in api.ask("tickets_created", by="agent", period="all").rows}
    assert report.pseudonym in agents


@pytest.mark.parametrize("attempt", range(4))
def test_who_won_a_conflict_still_wins(folder: Path, attempt: int) -> None:
    """Among equal revisions the content's hash decides; without the person the hash is another one."""
    with Desk.open(folder) as desk:
        before = {one["id"]: one for one in desk._ledger.read("event").to_pylist()}
        assert len(desk._ledger.conflicts()) == 2
        desk.erase(ID)
        after = {one["id"]: one for one in desk._ledger.read("event").to_pylist()}
        assert {name: one["to_value"] for name, one in after.items() if one["field"] == "reason"} == {
            name: one["to_value"] for name, one in before.items() if one["field"] == "reason"
        }
        assert len(desk._ledger.conflicts()) == 2


def test_language_and_country_stay_and_name_and_address_go(folder: Path) -> None:
    with Desk.open(folder) as desk:
        token = desk.erase(ID).pseudonym
        person = next(one for one in desk._ledger.read("person").to_pylist() if one["id"] == token)
    assert (person["name"], person["email"], person["language"]) == (None, None, "fr")


def test_importing_the_same_files_again_brings_nobody_back(folder: Path) -> None:
    with Desk.open(folder) as desk:
        for who, source in ((ID, None), (AGENT, None), (MAIL, "shop")):
            desk.erase(who, source)
        counts = everything(desk)
        for path in sorted((folder.parent / "files").iterdir()):
            report = desk.import_file(path, folder / "mappings" / f"{path.name.partition('.')[0]}.yml")
            assert report.stored == 0 and not report.tables, path.name
        # also by the mapping as it was, which names the agent
        old = folder.parent / "old.yml"
        old.write_text(TICKETS_MAP, encoding="utf-8")
        assert desk.import_file(folder.parent / "files" / "tickets.csv", old).stored == 0
        after = everything(desk)
        assert after["check"] == ()
        assert {**after["sizes"], "imports": 0} == {**counts["sizes"], "imports": 0}  # type: ignore[dict-item]
        desk.build()
    assert not found_below(folder, *EVERYTHING)


def test_a_longer_export_counts_as_if_it_had_come_before_the_erasure(folder: Path) -> None:
    """The old rows in it are known, the new ones are pseudonymous, whichever comes first."""
    longer = folder.parent / "longer.csv"
    new = f"1005;2026-03-09 09:30;2026-03-09 11:02;;Open;Field;{AGENT};phone;repair;{ID};my other kettle;;{ID}\n"
    longer.write_text(TICKETS + new, encoding="utf-8")
    other = folder.with_name("other")
    shutil.copytree(folder, other)
    for home, steps in ((folder, "erase import"), (other, "import erase")):
        with Desk.open(home) as desk:
            for step in steps.split():
                if step == "erase":
                    desk.erase(ID)
                else:
                    report = desk.import_file(longer, folder.parent / "desk" / "mappings" / "tickets.yml")
                    assert (report.stored, report.duplicates, report.set_aside) == (1, 4, 0)
            desk.build()
    assert not found_below(folder, ID, NAME, SUBJECT, "my other kettle")
    assert not found_below(other, ID, NAME, SUBJECT, "my other kettle")
    assert numbers(folder) == numbers(other)


def test_another_mapping_reads_the_redacted_object(folder: Path) -> None:
    with Desk.open(folder) as desk:
        token = desk.erase(ID).pseudonym
        record = next(one for one in desk._ledger.imports() if one.object_name == "tickets.csv")
        mapping = folder / "mappings" / "tickets.yml"
        mapping.write_text(
            mapping.read_text(encoding="utf-8").replace("reason: Topic", "type: Topic"), encoding="utf-8"
        )
        report = desk.import_file(desk._ledger.object_path(record.object_id), mapping)
        assert (report.received, report.stored + report.duplicates) == (4, 4)
        tickets = {one["id"]: one for one in desk._ledger.read("ticket").to_pylist()}
        assert tickets["1001"]["requester"] == token
        assert next(one.row.line for one in desk._ledger.set_aside_rows()) == 6
        assert desk._ledger.check() == ()


def test_short_numbers_go_from_columns_of_people_alone(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    file = tmp_path / "files" / "t.csv"
    file.write_text("n,opened,who,by,minutes\n17,2026-03-01,17,3,17\n18,2026-03-01,3,17,4\n", encoding="utf-8")
    mapping = tmp_path / "t.yml"
    mapping.write_text(
        "source: s\ntimes: iso\ntables:\n  ticket:\n    columns: {ticket: n, created_at: opened, requester: who, "
        "assignee: {column: by, prefix: agent-}}\n",
        encoding="utf-8",
    )
    with Desk.open(tmp_path / "desk", create=True) as desk:
        desk.import_file(file, mapping)
        customer = desk.erase("17").pseudonym
        agent = desk.erase("agent-17").pseudonym
        kept = desk._ledger.object_path(desk._ledger.imports()[0].object_id).read_text(encoding="utf-8")
        assert kept.splitlines()[1:] == [f"17,2026-03-01,{customer},3,17", f"18,2026-03-01,3,{agent},4"]
        firsts = {one["ticket"]: one["first_assignee"] for one in desk._ledger.read("event").to_pylist()}
        assert firsts == {"17": "agent-3", "18": agent}
        assert desk.import_file(file, mapping).stored == 0


def test_a_name_that_two_bear_goes_only_beside_its_person(tmp_path: Path) -> None:
    file, mapping = tmp_path / "p.csv", tmp_path / "p.yml"
    file.write_text("id,name\nc-101,John Smith\nc-102,John Smith\n", encoding="utf-8")
    mapping.write_text("source: s\ntables:\n  person:\n    columns: {id: id, name: name}\n", encoding="utf-8")
    with Desk.open(tmp_path / "desk", create=True) as desk:
        desk.import_file(file, mapping)
        desk.erase("c-101")
        assert sorted(str(one["name"]) for one in desk._ledger.read("person").to_pylist()) == ["John Smith", "None"]


def test_an_object_that_is_read_differently_now_stops_the_erasure(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If reading again would change a count, nothing is erased and the message says what to do."""
    with Desk.open(folder) as desk:
        counts = everything(desk)
        monkeypatch.setattr("deskmeter.ingest.erase.read_known", lambda facts: iter(()))
        with pytest.raises(DataError, match="nothing was erased"):
            desk.erase(ID)
        monkeypatch.undo()
        assert everything(desk) == counts
        assert len(list((folder / "ledger" / "objects").rglob("*"))) > 8
        desk.erase(ID)
    assert not found_below(folder, ID, NAME)


# --- backups --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["copy", "copy.zip"])
def test_a_backup_is_erased_by_the_same_pseudonym(folder: Path, tmp_path: Path, name: str) -> None:
    backup = tmp_path / name
    with Desk.open(folder) as desk:
        desk.backup(backup)
        assert found_below(backup if backup.is_dir() else backup.parent / "nothing", ID) or name.endswith(".zip")
        report = desk.erase(ID, also=[backup])
        counts = everything(desk)
    assert report.backups == (str(backup),)
    home = tmp_path / "unpacked"
    if backup.is_dir():
        shutil.copytree(backup, home)
        assert sorted(path.name for path in (backup / "ledger").iterdir()) == ["ledger.sqlite", "objects"]
    else:
        with zipfile.ZipFile(backup) as archive:
            archive.extractall(home)
    assert not found_below(home, ID, NAME, SUBJECT, PROSE, OPINION)
    with Desk.restore(backup, tmp_path / "again") as again:
        assert everything(again) == counts
        assert report.pseudonym in again._ledger.read("person")["id"].to_pylist()
        mapping = tmp_path / "again" / "mappings" / "tickets.yml"
        assert again.import_file(folder.parent / "files" / "tickets.csv", mapping).stored == 0


def test_a_backup_can_be_done_later(folder: Path, tmp_path: Path) -> None:
    with Desk.open(folder) as desk:
        desk.backup(tmp_path / "copy")
        token = desk.erase(ID).pseudonym
        again = desk.erase(f"helpdesk/{MAIL}", also=[tmp_path / "copy"])
    assert again.was_erased_before and token.startswith("erased-")
    assert not found_below(tmp_path / "copy", ID, NAME)


def test_what_is_no_backup_stops_the_erasure_before_it_begins(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"no archive")
    with Desk.open(folder) as desk:
        for wrong in (tmp_path / "nowhere", tmp_path / "x.zip", tmp_path):
            with pytest.raises((AskerError, DataError)):
                desk.erase(ID, also=[wrong])
        assert desk.erasure(ID).pseudonym is None


# --- interruptions --------------------------------------------------------------------------------------------------

_CHILD = """
import os, signal, sys
from pathlib import Path
from deskmeter.service import Desk
Desk.build = lambda self, progress=None: None
last, seen = int(sys.argv[3]), 0
def step(name, done, total):
    global seen
    seen += 1
    if seen == last:
        os.kill(os.getpid(), signal.SIGKILL)
def trace(frame, event, argument):
    if event == "call" and frame.f_code.co_filename.endswith(("eraser.py", "objects.py", "connection.py",
                                                              "erase_settings.py", "erase_desk.py")):
        step("", 0, None)
with Desk.open(Path(sys.argv[1])) as desk:
    sys.setprofile(trace)
    desk.erase(sys.argv[2])
    sys.setprofile(None)
print(seen)
"""


def _run(folder: Path, last: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _CHILD, str(folder), ID, str(last)], capture_output=True, text=True, check=False
    )


def test_killed_anywhere_it_has_happened_or_not(
    made: Path, tmp_path: Path, is_long: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at a call chosen evenly among all that touch the disk; the next opening finds one of the two."""
    whole = tmp_path / "whole"
    shutil.copytree(made, whole)
    calls = int(_run(whole, -1).stdout)
    with Desk.open(made) as desk:
        counts = everything(desk)
    monkeypatch.setattr(Desk, "build", lambda self, progress=None: None)
    kills = 30 if is_long else 10
    last = calls - 10  # the count differs by a few from run to run; none must end before it is killed
    outcomes = Counter[str]()
    for number in range(kills):
        folder = tmp_path / f"killed-{number}"
        shutil.copytree(made, folder)
        assert _run(folder, 1 + number * (last - 1) // (kills - 1)).returncode == -signal.SIGKILL
        with Desk.open(folder) as desk:
            is_done = bool(desk._ledger.eraser().tombstones())
            outcomes["done" if is_done else "not done"] += 1
            assert everything(desk) == counts
            assert (ID in desk._ledger.read("person")["id"].to_pylist()) != is_done
            if is_done:
                assert not found_below(folder, ID, NAME, SUBJECT, PROSE, OPINION), number
            assert desk.erase(ID).was_erased_before == is_done
            assert everything(desk) == counts
        assert not found_below(folder, ID, NAME, SUBJECT, PROSE, OPINION)
        shutil.rmtree(folder)
    assert outcomes["done"] and outcomes["not done"]


# --- the command line -----------------------------------------------------------------------------------------------


def test_the_command_erases_and_says_what_it_cannot(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["erase", ID, "--yes", "--desk", str(folder)]) == 0
    told = capsys.readouterr().out
    assert "8 rows (event 3, ticket 3, person 1, survey_sent 1)" in told
    assert "taken out of kept files: 7" in told
    assert "`shop/" in told and "other backups" not in told and "--also" in told
    assert NAME not in told and ID not in told
    assert main(["erase", ID, "--yes", "--desk", str(folder)]) == 0
    assert "erased before" in capsys.readouterr().out


def test_it_shows_what_goes_and_asks(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for said, code in (("n", 2), ("y", 0)):
        stdin = io.StringIO(f"{said}\n")
        stdin.isatty = lambda: True  # type: ignore[method-assign]
        monkeypatch.setattr("sys.stdin", stdin)
        assert main(["erase", ID, "--desk", str(folder)]) == code
        told = capsys.readouterr()
        assert "helpdesk/cust-0017 stands in 8 rows (event 3, ticket 3, person 1, survey_sent 1), from 7" in told.err
        assert ("nothing was erased" in told.err) == bool(code)
        assert bool(told.out.strip()) != bool(code)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["cust-0071"], "nobody `cust-0071` in this desk; did you mean `cust-00"),
        (["cust-0017", "--source", "helpdsk"], "no source `helpdsk`; did you mean `helpdesk`"),
        ([MAIL], "`Cleo.Hartwell@Example.com` may be `helpdesk/cust-0017`, `shop/"),
        ([ID], "add --yes"),
    ],
)
def test_errors_are_one_line(folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    assert main(["erase", *words, "--desk", str(folder)]) == 2
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1


def test_a_desk_in_use_is_locked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Desk.open(folder):
        assert main(["erase", ID, "--yes", "--desk", str(folder)]) == 4
        with pytest.raises(LockedError):
            open_ledger(folder / "ledger")
    assert "in use" in capsys.readouterr().err


# --- canonical tables -----------------------------------------------------------------------------------------------


def test_people_of_canonical_tables_are_erased_too(demo_folder: Path, tmp_path: Path) -> None:
    """A customer and an agent of the invented company, whose rows have ids made of the person's id."""
    folder = tmp_path / "demo"
    shutil.copytree(demo_folder, folder)
    with Desk.open(folder) as desk:
        counts = everything(desk)
        people = {one["id"]: one for one in desk._ledger.read("person").to_pylist()}
        members = desk._ledger.read("membership_span")["person"].to_pylist()
        customer = next(one for one in people if one.startswith("P-") and people[one]["name"])
        mails = [str(one["email"]) for one in people.values()]  # the search must not find ana in joana
        agent = next(one for one in members if sum(str(people[one]["email"]) in mail for mail in mails) == 1)
        for who in (customer, agent):
            desk.erase(who)
        assert everything(desk) == counts
    for who in (customer, agent):
        assert not found_below(folder, *filter(None, (people[who]["email"], f'"{who}"', f"-{who}-")))
    connection = sqlite3.connect(folder / "ledger" / "ledger.sqlite")
    for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        for row in connection.execute(f'SELECT * FROM "{table}"'):
            assert customer not in row and agent not in row, table
    connection.close()


def test_canonical_tables_imported_again_bring_nobody_back(tmp_path: Path) -> None:
    tables = {
        "person": pa.table({"id": ["a-01", "a-02"], "name": ["Ana", "Ana Two"], "email": ["a@x.example", None]}),
        "role_span": pa.table({"id": ["R-a-01", "R-a-02"], "person": ["a-01", "a-02"], "role": ["staff", "staff"]}),
        "referral": pa.table({"id": ["1"], "referrer": ["a-01"], "referred": ["a-02"],
                              "made_at": pa.array([datetime(2026, 3, 1)], pa.timestamp("us"))}),
    }  # fmt: skip
    with Desk.open(tmp_path / "desk", create=True) as desk:
        desk.import_tables("crm", tables)
        token = desk.erase("a-01").pseudonym
        again = desk.import_tables("crm", tables)
        assert (again.stored, again.duplicates) == (0, 5)
        assert sorted(desk._ledger.read("role_span")["id"].to_pylist()) == ["R-a-02", f"R-{token}"]
        assert desk._ledger.read("referral")["referrer"].to_pylist() == [token]
        more = {"person": pa.table({"id": ["a-01"], "name": ["Ana again"], "email": ["a@x.example"]})}
        desk.import_tables("crm", more)
        rows = {one["id"]: (one["name"], one["email"]) for one in desk._ledger.read("person").to_pylist()}
        assert rows == {token: (None, None), "a-02": ("Ana Two", None)}
    assert not found_below(tmp_path / "desk", "a-01", "a@x.example")
