"""The Zendesk warehouse on its way into a desk: formats, repeats, what is missing, what is refused, the command."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from zoneinfo import available_timezones

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from zendesk_rows import DATA, NOW, Loaded, canonical, csv_table, load, tables_in, with_lines

from deskmeter.base.errors import AskerError, DataError
from deskmeter.canon.schema import TABLES
from deskmeter.connectors.fivetran_zendesk.zone_names import ZONES
from deskmeter.ingest.warehouse import connector_called, recognised
from deskmeter.ledger.sqlite import open_ledger


def texts() -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(DATA.glob("*.csv"))}


def as_parquet(folder: Path) -> Path:
    folder.mkdir()
    for name, text in texts().items():
        pq.write_table(csv_table(text), folder / f"{name}.parquet")
    return folder


def as_seeds_packed(folder: Path) -> Path:
    folder.mkdir()
    for name, text in texts().items():
        (folder / f"{name}_data.csv.gz").write_bytes(gzip.compress(text.encode()))
    return folder


def as_database(path: Path) -> Path:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA zendesk")
        for name, text in texts().items():
            table = csv_table(text)
            connection.register("incoming", table)
            connection.execute(f'CREATE TABLE zendesk."{name.upper()}" AS SELECT * FROM incoming')
            connection.unregister("incoming")
    return path


@pytest.mark.parametrize("make", [as_parquet, as_seeds_packed, as_database])
def test_every_format_gives_the_same_canonical_rows(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    plain, other = Loaded(tmp_path / "plain"), Loaded(tmp_path / "other", make(tmp_path / "tables"))
    for table in TABLES:
        assert canonical(plain.ledger, table) == canonical(other.ledger, table), table
    assert plain.report.received == other.report.received == 107
    assert plain.report.set_aside == other.report.set_aside
    for loaded in (plain, other):
        loaded.ledger.close()


def test_typed_columns_of_a_database_are_read_like_text(tmp_path: Path) -> None:
    path = tmp_path / "typed.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE ticket AS SELECT 1::BIGINT AS id, TIMESTAMPTZ '2026-03-02 09:00:00+00' AS created_at, "
                           "21::DOUBLE AS requester_id, false AS _fivetran_deleted, 'open' AS status")  # fmt: skip
        connection.execute("CREATE TABLE ticket_comment AS SELECT 5::HUGEINT AS id, 1 AS ticket_id, true AS public, "
                           "TIMESTAMP '2026-03-02 09:00:00.25' AS created, NULL::INT AS user_id")  # fmt: skip
    loaded = Loaded(tmp_path / "desk", path)
    assert loaded.report.set_aside == 0
    assert loaded.row("ticket")["requester"] == "21"
    assert [(row["id"], row["at"]) for row in loaded.rows("event")][:2] == [
        ("0:1", "2026-03-02 09:00:00"),
        ("4:5", "2026-03-02 09:00:00"),
    ]
    loaded.ledger.close()


def test_each_file_is_one_raw_object_and_rows_name_their_line(tmp_path: Path) -> None:
    desk = Loaded(tmp_path)
    names = {record.object_id: record.object_name for record in desk.ledger.imports()}
    for record in desk.ledger.imports():
        assert desk.ledger.object_path(record.object_id).read_bytes() == (DATA / record.object_name).read_bytes()
    places = {row["id"]: (names[row["raw_object"]], row["raw_line"]) for row in desk.ledger.read("event").to_pylist()}
    assert places["0:1"] == ("ticket.csv", 2)
    assert places["4:105"] == ("ticket_comment.csv", 7)  # the comment before it has a line break in it
    assert places["5:1:status:1772442600000000"] == ("ticket_field_history.csv", 9)
    desk.ledger.close()


def test_importing_again_stores_nothing_new(tmp_path: Path) -> None:
    desk = Loaded(tmp_path)
    before = {table: canonical(desk.ledger, table) for table in TABLES}
    again = load(desk.ledger, DATA)
    assert again.is_repeat and again.stored == 0 and not any(again.tables.values())
    assert again.received == again.duplicates == 107
    assert {table: canonical(desk.ledger, table) for table in TABLES} == before
    desk.ledger.close()


def test_rows_fetched_again_are_duplicates(tmp_path: Path) -> None:
    desk = Loaded(tmp_path / "desk")
    later = {name: text.replace("2026-03-20 00:00:00", "2026-03-21 00:00:00") for name, text in texts().items()}
    again = load(desk.ledger, tables_in(tmp_path / "in", later))
    assert (again.received, again.stored, again.set_aside) == (107, 0, 0)
    assert not any(again.tables.values()) and not desk.ledger.conflicts()
    desk.ledger.close()


def test_one_file_that_grows_is_read_with_what_it_leans_on(tmp_path: Path) -> None:
    folder = tables_in(tmp_path / "in")
    desk = Loaded(tmp_path / "desk", folder)
    (folder / "ticket.csv").write_text(
        with_lines(
            "ticket", "999,2026-03-20 00:00:00,false,,,2026-03-01 00:00:00,,,,21,new,Late,21,,2026-03-01 00:00:00,web,,"
        )
    )
    load(desk.ledger, folder)
    assert [row["kind"] for row in desk.rows("event", ticket="999")] == ["created", "message", "status"]
    assert not [reason for reason in desk.reasons().values() if "`999`" in reason]
    balance = desk.ledger.balance()[0]
    # the row of 999 is new, and so is what was set aside for lack of it: a comment, a change
    assert (balance.stored, balance.set_aside) == (88 + 3, 18 - 2)
    assert balance.received == balance.stored + balance.duplicates + balance.set_aside + balance.rejected
    assert desk.ledger.check() == ()
    desk.ledger.close()


def test_an_import_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    folder = tables_in(tmp_path / "in")
    pq.write_table(csv_table(texts()["ticket_tag"]), folder / "ticket_tag.parquet")
    (folder / "ticket_tag.csv").unlink()
    whole = (folder / "ticket_tag.parquet").read_bytes()
    (folder / "ticket_tag.parquet").write_bytes(whole[:40] + b"\0" * 40 + whole[80:])
    with open_ledger(tmp_path / "desk") as ledger:
        with pytest.raises(DataError, match="ticket_tag"):
            load(ledger, folder)
        assert not ledger.sources() and not ledger.read("ticket").num_rows
        assert load(ledger, DATA).stored == 88


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"ticket": None}, "has no table `ticket`"),
        ({"ticket_comment": None, "ticket_field_history": None}, "none of the tables"),
        ({"ticket_comment": "id,ticket_id,created,user_id\n"}, "`ticket_comment.csv` has no column `public`"),
        ({"schedule": "id,name,time_zone,start_time\n1,a,UTC,0\n"}, "`schedule.csv` has no column `end_time`"),
        ({"ticket": ""}, "is empty"),
        ({"ticket_data.csv": "id,created_at,requester_id\n"}, "are both the table `ticket`"),
    ],
)
def test_what_cannot_be_read_is_one_clear_line(tmp_path: Path, changes: dict[str, str | None], says: str) -> None:
    folder = tables_in(tmp_path / "in", changes)
    with open_ledger(tmp_path / "desk") as ledger:
        with pytest.raises((AskerError, DataError), match=says.replace(".", r"\.")) as raised:
            load(ledger, folder)
        assert "\n" not in str(raised.value) and str(tmp_path / "desk") not in str(raised.value)
        assert not ledger.sources()


def test_tables_of_no_rows_are_tables(tmp_path: Path) -> None:
    empty = {name: text.splitlines()[0] + "\n" for name, text in texts().items()}
    desk = Loaded(tmp_path / "desk", tables_in(tmp_path / "in", empty))
    assert desk.report.received == 0 and not desk.rows("event")
    desk.ledger.close()


def test_without_a_history_the_last_state_is_all_there_is(tmp_path: Path) -> None:
    desk = Loaded(tmp_path / "desk", tables_in(tmp_path / "in", {"ticket_field_history": None, "user": None}))
    created = desk.row("event", ticket="1", kind="created")
    assert "first_status" not in created
    assert desk.row("event", ticket="1", kind="status")["at"] == "2026-03-06 12:00:00"
    # without users the requester is known to be a customer, and of nobody else it is known
    assert {row["id"]: row.get("direction") for row in desk.rows("event", ticket="1", kind="message")} == {
        "4:101": "in", "4:103": None, "4:104": "in", "4:105": None,
    }  # fmt: skip
    desk.ledger.close()


def test_a_folder_of_anything_else_is_not_recognised(tmp_path: Path) -> None:
    assert recognised(tmp_path) is None
    (tmp_path / "ticket.csv").write_text("id\n1\n")
    assert recognised(tmp_path) is None and recognised(tmp_path / "ticket.csv") is None
    found = recognised(DATA)
    assert found is not None and found.name == "fivetran_zendesk"
    with pytest.raises(AskerError, match="fivetran_zendesk"):
        connector_called("fivetran_zendeks")


def test_no_database_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.duckdb").write_bytes(b"12345678DUCK" + b"\0" * 5_000)
    with open_ledger(tmp_path / "desk") as ledger, pytest.raises(DataError, match="cannot be read as a DuckDB"):
        load(ledger, tmp_path / "x.duckdb")
    with open_ledger(tmp_path / "desk") as ledger, pytest.raises(AskerError, match="nothing at"):
        load(ledger, tmp_path / "not-there")


def test_every_zone_of_zendesk_is_one_that_exists() -> None:
    assert set(ZONES.values()) <= available_timezones()
    assert len(ZONES) > 140


def test_facts_of_one_second_stand_in_the_order_of_life(tmp_path: Path) -> None:
    """Owner, promise, message, status: the ids of one second say so."""
    history = (
        "field_name,ticket_id,updated,user_id,value\n"
        "status,8,2026-03-06 15:00:00,22,new\n"
        "status,8,2026-03-07 10:00:00,11,solved\n"
        "assignee_id,8,2026-03-07 10:00:00,11,11\n"
        'first_reply_time,8,2026-03-07 10:00:00,,"{""minutes"":60}"\n'
        "product,8,2026-03-07 10:00:00,11,x\n"
    )
    comments = "id,ticket_id,created,public,user_id\n1,8,2026-03-07 10:00:00,true,11\n"
    changes = {"ticket_field_history": history, "ticket_comment": comments}
    desk = Loaded(tmp_path / "desk", tables_in(tmp_path / "in", changes))
    here = [row["kind"] for row in desk.rows("event", ticket="8") if row["at"] == "2026-03-07 10:00:00"]
    assert here == ["field", "assign", "sla_applied", "message", "status"]
    desk.ledger.close()


def test_times_with_offsets_and_numbers_with_points_are_read(tmp_path: Path) -> None:
    ticket = "id,created_at,requester_id,updated_at,status\n8.0,2026-03-06T16:00:00+01:00,22.0,2026-03-06 15:00:00 UTC,open\n"
    comments = "id,ticket_id,created,public,user_id\n1,8,2026-03-06T15:00:01.5Z,TRUE,22\n"
    changes = {"ticket": ticket, "ticket_comment": comments, "ticket_field_history": None}
    desk = Loaded(tmp_path / "desk", tables_in(tmp_path / "in", changes))
    assert desk.row("ticket")["requester"] == "22"
    assert [row["at"] for row in desk.rows("event", kind="created")] == ["2026-03-06 15:00:00"]
    assert [row["at"] for row in desk.rows("event", kind="message")] == ["2026-03-06 15:00:01"]
    desk.ledger.close()


def test_the_source_can_be_named(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        assert load(ledger, DATA, source="helpdesk").source == "helpdesk"
        assert ledger.sources() == ("helpdesk",)
        assert json.dumps(ledger.imports()[0].mapping_id).startswith('"fivetran_zendesk-1-')


def test_rows_of_the_future_are_those_after_the_import(tmp_path: Path) -> None:
    desk = Loaded(tmp_path, now=NOW.replace(month=3, day=5, hour=12))
    late = [reason for reason in desk.reasons().values() if "lies after the import" in reason]
    # tickets 8 and 10; comments 801 and 901; changes: the closing of 1, three of 8, one of 999; the two schedules of 8
    assert len(late) == 11
    assert pa.compute.max(desk.ledger.read("event")["at"]).as_py() <= NOW.replace(month=3, day=5, hour=12, tzinfo=None)
    desk.ledger.close()


def test_records_that_are_no_rows_are_set_aside_and_accounted_for(tmp_path: Path) -> None:
    tags = with_lines("ticket_tag", "a,2,2026-03-20 00:00:00,too,many", "only one")
    desk = Loaded(tmp_path / "desk", tables_in(tmp_path / "in", {"ticket_tag": tags}))
    assert (desk.report.received, desk.report.set_aside, desk.report.stored) == (109, 20, 88)
    assert {("ticket_tag.csv", 5), ("ticket_tag.csv", 6)} <= desk.reasons().keys()
    desk.ledger.close()


def test_a_source_from_which_people_were_erased_is_not_filled_with_them_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_ledger(tmp_path) as ledger:
        monkeypatch.setattr(ledger, "forgotten", lambda source: ("somebody",))
        with pytest.raises(DataError, match="people were erased from `zendesk`"):
            load(ledger, DATA)
        assert not ledger.sources()
