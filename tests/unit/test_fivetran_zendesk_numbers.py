"""Numbers out of a Zendesk warehouse: a generated one counted by plain Python, hand-counted business time, the seeds."""

import csv
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner
from zendesk_rows import DATA, Loaded, tables_in

from deskmeter.base.errors import AskerError
from deskmeter.cli.app import app
from deskmeter.query.request import MetricAsk, Period, Request
from deskmeter.service import Desk

SHARED = Path(__file__).parents[3] / "shared"
SEEDS = SHARED / "data" / "fivetran_zendesk_seeds"
GENERATOR = SHARED / "bench" / "generate_zendesk.py"
TICKETS = 300
ALL = Period(datetime(2024, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))


def read(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Desk]]:
    if not GENERATOR.is_file():
        pytest.skip("the generator of a warehouse is not beside this checkout")
    home = tmp_path_factory.mktemp("generated")
    subprocess.run([sys.executable, str(GENERATOR), str(TICKETS), str(home / "in")], check=True)
    with Desk.open(home / "desk", create=True) as desk:
        desk.import_warehouse(home / "in", "fivetran_zendesk")
        yield home / "in", desk


def ask(desk: Desk, *metrics: str, **more: str) -> list[float | None]:
    asks = tuple(MetricAsk(*name.split(":")) for name in metrics)
    request = Request(asks, ALL, "UTC", **more)  # type: ignore[arg-type]
    return [cell.value for cell in desk.ask(request).rows[0].cells.values()]


def first_replies(folder: Path, counted: set[str]) -> list[float]:
    """Seconds to the first public comment of staff, as the definition reads, ticket by ticket."""
    staff = {row["id"] for row in read(folder, "user") if row["role"] != "end-user"}
    comments: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for row in read(folder, "ticket_comment"):
        if row["public"] == "true":
            comments[row["ticket_id"]].append((at(row["created"]), row["user_id"]))
    found = []
    for row in read(folder, "ticket"):
        if row["id"] not in counted:
            continue
        begin: datetime | None = at(row["created_at"])
        said = sorted(comments[row["id"]], key=lambda one: one[0])
        if row["submitter_id"] in staff:  # opened by staff: from the customer's first message
            asked = [when for when, who in said if who == row["requester_id"]]
            begin = asked[0] if asked else None
        replies = [when for when, who in said if who in staff and begin is not None and when >= begin]
        if replies and begin is not None:
            found.append((replies[0] - begin).total_seconds())
    return found


def test_generated_totals_are_those_of_a_plain_count(generated: tuple[Path, Desk]) -> None:
    folder, desk = generated
    history = read(folder, "ticket_field_history")
    deleted = {row["ticket_id"] for row in history if row["value"] == "deleted"}
    counted = {row["id"] for row in read(folder, "ticket")} - deleted
    statuses: dict[str, list[str]] = defaultdict(list)
    for row in history:  # in the generator's order, which is that of time
        if row["field_name"] == "status" and row["ticket_id"] in counted:
            statuses[row["ticket_id"]].append(row["value"])
    resolved = {ticket for ticket, values in statuses.items() if {"solved", "closed"} & set(values)}
    created, solved, median = ask(desk, "tickets_created", "tickets_resolved", "first_reply_time:median")
    assert created == len(counted)
    assert solved == len(resolved)
    assert median == statistics.median(first_replies(folder, counted))


def test_generated_rows_are_all_in_the_ledger(generated: tuple[Path, Desk]) -> None:
    folder, desk = generated
    not_read = {"domain_name", "ticket_form_history"}
    rows_n = sum(len(read(folder, path.stem)) for path in folder.glob("*.csv") if path.stem not in not_read)
    (source,) = desk.doctor().sources
    assert source.is_balanced and source.received == rows_n
    assert (source.set_aside, source.rejected) == (0, 0)


def test_generated_events_are_those_of_a_plain_count(generated: tuple[Path, Desk]) -> None:
    folder, desk = generated
    staff = {row["id"] for row in read(folder, "user") if row["role"] != "end-user"}
    tickets = {row["id"]: row for row in read(folder, "ticket")}
    replies_n = sum(row["public"] == "true" and row["user_id"] in staff for row in read(folder, "ticket_comment"))
    history = read(folder, "ticket_field_history")
    changes_n = sum(
        row["field_name"] == "status" and row["value"] != "deleted"
        and row["updated"] != tickets[row["ticket_id"]]["created_at"]
        for row in history
    )  # fmt: skip
    promises_n = sum(row["value"].startswith("{") for row in history)
    out = desk.folder.parent / "out"
    desk.export(out)
    events = pa.parquet.read_table(out / "canonical" / "event.parquet").to_pylist()
    assert sum(row["kind"] == "message" and row["direction"] == "out" for row in events) == replies_n
    assert sum(row["kind"] == "status" for row in events) == changes_n
    assert sum(row["kind"] == "sla_applied" for row in events) == promises_n
    assert sum(row["kind"] == "created" for row in events) == TICKETS


def test_business_time_as_lived_and_by_the_last_schedule(tmp_path: Path) -> None:
    """Ticket 8: Friday 15:00 to Monday 12:00 UTC, from Friday 18:00 under the late hours (12-20 in Berlin, 11-19 UTC).

    As lived: Friday 15-17 by day and 18-19 late, Monday 11-12 late: 4 h. By the last schedule, late throughout:
    Friday 15-19, Monday 11-12: 5 h. Calendar: 69 h. No other ticket is in this desk.
    """
    one = {name: only(name, "8") for name in ("ticket", "ticket_comment", "ticket_field_history", "ticket_schedule")}
    with Desk.open(tmp_path / "desk", create=True) as desk:
        desk.import_warehouse(tables_in(tmp_path / "in", {**one, "ticket_tag": None}), "fivetran_zendesk")
        assert ask(desk, "resolution_time:sum") == [69 * 3600]
        assert ask(desk, "resolution_time:sum", clock="business") == [4 * 3600]
        assert ask(desk, "resolution_time:sum", clock="business", schedule_policy="last_schedule") == [5 * 3600]


def test_hand_written_tickets_are_counted_and_left_out_by_name(tmp_path: Path) -> None:
    """Counted are 1, 2, 3 (restored) and 8; 4 and 5 are deleted, 6 is merged into 1, 7 is a sample, 9 and 10 set aside.

    Resolved are 1, 2 and 8. Of 1 the first reply came after half an hour; 2 was opened by staff, and what they said
    before the customer was heard (by telephone) answers nothing; 3 and 8 had none. The one answer is good.
    """
    with Desk.open(tmp_path / "desk", create=True) as desk:
        desk.import_warehouse(DATA, "fivetran_zendesk")
        counts = ask(desk, "tickets_created", "tickets_resolved", "first_reply_time:sum", "csat")
        assert counts == [4, 3, 30 * 60, 1]
        left_out = {(one.why, one.n) for one in desk.doctor().left_out}
        merged = "merged into another ticket; messages count there"
        assert left_out == {("deleted", 2), (merged, 1), ("a test ticket", 1)}


def only(table: str, ticket: str) -> str:
    """The rows of one ticket of a hand-written table."""
    rows = read(DATA, table)
    column = "id" if table == "ticket" else "ticket_id"
    lines = [",".join(rows[0])]
    lines += [",".join(f'"{value}"' for value in row.values()) for row in rows if row[column] == ticket]
    return "\n".join(lines) + "\n"


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the third-party seeds are not beside this checkout")
def test_seeds_are_read_and_accounted_for(tmp_path: Path) -> None:
    desk = Loaded(tmp_path, SEEDS, now=datetime(2026, 11, 1, tzinfo=UTC))
    rows_n = 0
    for path in SEEDS.glob("*.csv"):
        if path.stem.removesuffix("_data") not in ("domain_name", "ticket_form_history"):
            with path.open(encoding="utf-8", newline="") as file:
                rows_n += sum(1 for _ in csv.DictReader(file))
    report = desk.report
    assert report.received == rows_n == report.stored + report.duplicates + report.set_aside
    # of ten tickets two are deleted by their status; the comments and most changes are of tickets that are not there
    assert len(desk.rows("ticket")) == 10 and len(desk.rows("event", kind="deleted")) == 2
    assert not desk.rows("event", kind="message")
    # ticket 11071: its history begins seven hours before its creation; the first values are of then
    created = desk.row("event", ticket="11071", kind="created")
    assert (created["first_status"], created["first_assignee"], created["first_priority"]) == ("open", "1111", "normal")
    assert [row["to_value"] for row in desk.rows("event", ticket="1967", kind="merged")] == ["1966"]
    spans = [(row["person"], row["role"], row.get("from_at"), row.get("to_at")) for row in desk.rows("role_span")]
    assert spans == [
        ("1111", "customer", None, "2024-03-06 14:39:16"),
        ("1111", "staff", "2024-03-06 14:39:16", "2025-03-06 14:39:16"),
        ("1111", "staff", "2025-03-06 14:39:16", None),
        ("2222", "staff", None, "2025-03-06 14:39:16"),
        ("2222", "customer", "2025-03-06 14:39:16", None),
    ]
    assert {row["zone"] for row in desk.rows("schedule")} == {"America/Los_Angeles"}
    assert {row["kind"] for row in desk.rows("sla_policy")} == {"first_reply", "next_reply", "requester_wait"}
    desk.ledger.close()


def test_the_command_recognises_the_tables_and_says_so(tmp_path: Path) -> None:
    desk = str(tmp_path / "desk")
    assert CliRunner().invoke(app, ["init", "--desk", desk]).exit_code == 0
    done = CliRunner().invoke(app, ["import", str(DATA), "--desk", desk, "--no-build"])
    assert done.exit_code == 0, done.output
    assert "zendesk: holds the tables of fivetran_zendesk; reading by that connector" in done.stderr
    assert "received 107 = stored 88 + again 1 + set aside 18" in " ".join(done.stdout.split())
    again = ["import", str(DATA), "--connector", "fivetran_zendesk", "--source", "other", "--desk", desk, "--no-build"]
    done = CliRunner().invoke(app, again)
    assert done.exit_code == 0 and "other: received 107" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--connector", "zendesk"], "no connector `zendesk`"),
        (["--connector", "fivetran_zendesk", "--mapping", "x.yml"], "by a mapping or by a connector"),
    ],
)
def test_the_command_refuses_in_one_line(tmp_path: Path, arguments: list[str], says: str) -> None:
    desk = str(tmp_path / "desk")
    CliRunner().invoke(app, ["init", "--desk", desk])
    done = CliRunner().invoke(app, ["import", str(DATA), *arguments, "--desk", desk])
    assert isinstance(done.exception, AskerError) and says in str(done.exception)
