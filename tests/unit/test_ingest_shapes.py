"""The shapes: what events and rows come out of a file, and that batching does not show."""

from datetime import datetime
from pathlib import Path

import pytest
from ingest_rows import Outcome, read_text

LOG = """number,state,group,who,prio,changed,opened,flag
1,New,A,,3,2024-03-01 10:05,2024-03-01 10:00,true
2,Resolved,A,,3,2024-03-01 10:00,2024-03-01 10:00,true
1,Active,A,ann,3,2024-03-01 11:00,2024-03-01 10:00,true
1,,A,ann,3,2024-03-01 11:30,2024-03-01 10:00,true
1,Resolved,B,bob,2,2024-03-01 12:00,2024-03-01 10:00,false
2,Active,,,3,2024-03-01 12:00,2024-03-01 10:00,true
1,Active,B,,2,2024-03-01 12:00,2024-03-01 10:00,false
"""
LOG_MAPPING = """source: log
tables:
  snapshot:
    counter: log
    columns:
      ticket: number
      at: changed
      created_at: opened
      status: state
      team: group
      assignee: who
      priority: prio
    fields: [flag]
stages: {Active: open, Resolved: solved}
"""


def told(found: Outcome, ticket: str) -> list[tuple[object, ...]]:
    """The events of a ticket in their order: sequence, kind (and field), value."""
    rows = [row for row in found.rows("event") if row["ticket"] == ticket]
    rows.sort(key=lambda row: (row["sequence"], row["at"], row["id"]))
    return [(row["sequence"], row.get("field", row["kind"]), row.get("to_value")) for row in rows]


@pytest.mark.parametrize("size", [None, 1, 2, 3])
def test_an_audit_log_tells_only_what_changed_however_it_is_batched(tmp_path: Path, size: int | None):
    found = read_text(tmp_path, LOG, LOG_MAPPING, size=size)
    assert told(found, "1") == [
        (0, "created", None),
        (2, "flag", "true"), (2, "priority", "3"), (2, "team", "A"), (2, "status", "New"),
        (4, "assign", "ann"), (4, "status", "Active"),
        # line 5 says nothing of the status: it goes on
        (6, "flag", "false"), (6, "priority", "2"), (6, "team", "B"), (6, "assign", "bob"), (6, "status", "Resolved"),
        (8, "assign", None), (8, "status", "Active"),
    ]  # fmt: skip
    # the first row of 2 stands at its creation: its values are the first ones
    assert told(found, "2") == [(0, "created", None), (3, "flag", "true"), (7, "team", None), (7, "status", "Active")]
    created = next(row for row in found.rows("event") if row["id"] == "2:created")
    assert (created["first_status"], created["first_team"], created["first_priority"]) == ("Resolved", "A", "3")


def test_a_log_that_begins_with_the_newest_row_is_read_backwards(tmp_path: Path):
    head, *rows = LOG.splitlines()
    backwards = "\n".join([head, *reversed(rows)]) + "\n"
    mapping = LOG_MAPPING.replace("counter: log", "counter: log\n    order: reversed")
    forward = [what[1:] for what in told(read_text(tmp_path, LOG, LOG_MAPPING), "1")]
    turned = [what[1:] for what in told(read_text(tmp_path, backwards, mapping, size=2), "1") if what[1] != "created"]
    assert turned == forward[1:]


def test_a_longer_export_of_the_same_log_only_adds(tmp_path: Path):
    short = read_text(tmp_path, "\n".join(LOG.splitlines()[:5]) + "\n", LOG_MAPPING)
    long = read_text(tmp_path, LOG, LOG_MAPPING)
    assert all(row in long.rows("event") for row in short.rows("event"))


def test_rows_of_a_log_that_cannot_be_read_are_no_step_in_it(tmp_path: Path):
    broken = LOG.replace("1,Active,A,ann,3,2024-03-01 11:00", "1,Active,A,ann,3,2024-13-01 11:00")
    found = read_text(tmp_path, broken, LOG_MAPPING)
    assert list(found.reasons()) == [4]
    assert found.understood == 6
    assert (5, "assign", "ann") in told(found, "1")


def test_deleted_and_restored_are_events_of_their_own(tmp_path: Path):
    text = "id,state,at\n1,open,2024-03-01\n1,deleted,2024-03-02\n1,open,2024-03-03\n"
    mapping = "source: s\ntables:\n  snapshot:\n    columns: {ticket: id, at: at, status: state}\n"
    kinds = [row["kind"] for row in sorted(read_text(tmp_path, text, mapping).rows("event"), key=lambda row: row["at"])]
    assert kinds == ["created", "deleted", "status", "restored"]


def test_only_the_last_row_of_a_ticket_counts_where_the_mapping_says_so(tmp_path: Path):
    mapping = (
        LOG_MAPPING.replace("snapshot", "ticket")
        .replace("    counter: log\n", "")
        .replace("at: changed", "updated_at: changed")
        .replace("created_updated_at", "created_at")
        .replace("created_at: opened", "created_at: opened")
    )
    mapping = mapping.replace("source: log", "source: log\nkeep: {row: last, of: number}")
    for size in (None, 1, 3):
        found = read_text(tmp_path, LOG, mapping, size=size)
        assert found.understood == 7
        assert [row["id"] for row in found.rows("ticket")] == ["1", "2"]
        assert {row["to_value"] for row in found.rows("event") if row["kind"] == "status"} == {"Active"}


def test_events_without_an_id_are_known_by_what_is_mapped(tmp_path: Path):
    mapping = """source: s
tables:
  event:
    columns:
      ticket: t
      at: at
      kind: {column: what, values: {status: status, owner: assign}, otherwise: field}
      field: what
      to_value: value
stages: {shut: closed}
"""
    text = "t,at,what,value,copied\n1,2024-03-01,status,shut,x\n1,2024-03-01,status,shut,y\n1,2024-03-01,size,big,x\n"
    found = read_text(tmp_path, text, mapping)
    rows = {(row["kind"], row.get("field"), row["to_value"]) for row in found.rows("event")}
    assert rows == {("status", None, "shut"), ("field", "size", "big")}
    assert len({row["id"] for row in found.rows("event")}) == 2
    assert found.odd() == {"equal rows": 1}
    by_line = read_text(tmp_path, text, mapping + "identity: line\n")
    assert len({row["id"] for row in by_line.rows("event")}) == 3


def test_a_conversation_becomes_its_ticket_and_its_messages(tmp_path: Path):
    text = (
        '[{"id": 7, "created": 1709618828, "state": "closed", "closed": 1709629628, "tags": ["vip", "eu"], "parts": ['
        '{"id": "a", "at": 1709618828, "author": {"id": "u1", "type": "user"}},'
        '{"id": "b", "at": 1709622428, "author": {"id": "s1", "type": "admin"}, "public": false}]},'
        '{"id": 8, "created": 1709618828, "state": "open", "parts": "nothing"}]'
    )
    mapping = """source: chat
times: epoch_s
tables:
  conversation:
    columns: {ticket: id, created_at: created, closed_at: closed, status: state, tags: tags}
    messages:
      column: parts
      columns:
        id: id
        at: at
        actor: author.id
        actor_kind: {column: author.type, values: {user: customer, admin: staff}}
        kind: {column: public, values: {"false": note}, if_empty: message}
"""
    found = read_text(tmp_path, text, mapping, name="file.json")
    assert found.reasons() == {2: "`parts` is no list of messages"}
    told = [(row["id"], row["kind"], row.get("actor_kind"), row.get("to_value")) for row in found.rows("event")]
    assert (
        told
        == [
            ("7:1created", "created", None, None),
            ("7:3tag:eu", "tag_added", None, "eu"),
            ("7:3tag:vip", "tag_added", None, "vip"),
            ("7:6closed", "status", None, "closed"),
            ("a", None, "customer", None),
            ("b", "note", "staff", None),
        ]
        or told[4][1] == "message"
    )


def test_one_row_a_customer_makes_account_span_and_subscription(tmp_path: Path):
    mapping = """source: shop
tables:
  customer:
    columns:
      account: id
      joined_at: {age: {months: months, before: 2024-01-31, at_least: 0.5}}
      left_at: {constant: 2024-01-31, when: {left: "Yes"}}
      plan: plan
      mrr: price
      currency: {constant: EUR}
"""
    text = "id,months,left,plan,price\na,2,No,gold,9.99\nb,0,Yes,gold,5\nc,-1,No,gold,5\nd,two,No,gold,5\n"
    found = read_text(tmp_path, text, mapping)
    spans = {row["account"]: row for row in found.rows("customer_span")}
    assert spans["a"]["joined_at"] == datetime(2023, 12, 1, 3)  # 2 x 30.4375 days before
    assert "left_at" not in spans["a"]
    assert spans["b"]["joined_at"] == datetime(2024, 1, 15, 18, 45)
    assert spans["b"]["left_at"] == datetime(2024, 1, 31)
    assert {row["account"]: row["mrr_micros"] for row in found.rows("subscription_span")} == {
        "a": 9_990_000,
        "b": 5_000_000,
    }
    assert found.reasons() == {4: "`-1` is a negative age", 5: "`two` is no age in months"}
    assert found.odd() == {"age rounded up": 1}


def test_rows_left_out_by_the_mapping_are_noted(tmp_path: Path):
    mapping = "source: s\nskip: {test: ['yes']}\ntables:\n  team:\n    columns: {id: id, name: name}\n"
    found = read_text(tmp_path, "id,name,test\n1,a,no\n2,b,yes\n", mapping)
    assert [row["id"] for row in found.rows("team")] == ["1"]
    assert (found.understood, found.odd()) == (2, {"left out": 1})


def test_what_a_mapping_states_by_itself_becomes_rows(tmp_path: Path):
    mapping = """source: s
tables:
  ticket: {columns: {ticket: id, created_at: at, assignee: who}}
roles: {staff_columns: assignee, bots: [robot]}
schedules:
  - id: day
    zone: Europe/Berlin
    hours: [Mon-Fri 09:00-17:00, Fri 22:00-06:00]
    default: true
    holidays: [{first: 2024-12-25, last: 2024-12-26, name: Christmas}]
scale_rules: [{kind: csat, low: 1, high: 4, satisfied_from: 3}]
"""
    found = read_text(tmp_path, "id,at,who\n1,2024-03-01,ann\n2,2024-03-01,robot\n", mapping)
    assert {(row["person"], row["role"]) for row in found.rows("role_span")} == {("ann", "staff"), ("robot", "bot")}
    hours = [(row["weekday"], row["open_minute"], row["close_minute"]) for row in found.rows("schedule_hours")]
    assert hours == [(0, 540, 1020), (1, 540, 1020), (2, 540, 1020), (3, 540, 1020), (4, 1320, 1800), (4, 540, 1020)]
    assert found.rows("holiday")[0]["name"] == "Christmas"
    assert found.rows("schedule")[0]["is_default"] is True
    assert found.rows("scale_rule")[0]["satisfied_from"] == 3


def test_events_with_a_sequence_or_a_counter_of_lines_can_be_put_in_order(tmp_path: Path):
    mapping = "source: s\ntables:\n  event:\n    columns: {ticket: t, at: at, kind: {constant: note}, sequence: n}\n"
    [row] = read_text(tmp_path, "t,at,n\n1,2024-03-01,7\n", mapping).rows("event")
    assert (row["counter"], row["sequence"]) == ("s", 7)
    by_line = mapping.replace(", sequence: n", "").replace("    columns", "    counter: file\n    columns")
    [row] = read_text(tmp_path, "t,at,n\n1,2024-03-01,7\n", by_line).rows("event")
    assert (row["counter"], row["sequence"]) == ("object", 2)
