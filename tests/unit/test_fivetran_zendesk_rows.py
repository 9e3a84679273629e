"""The hand-written Zendesk tables in tests/data/zendesk, counted by hand: each rule of the mapping and its rows."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from zendesk_rows import Loaded, tables_in


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    loaded = Loaded(tmp_path_factory.mktemp("zendesk"))
    yield loaded
    loaded.ledger.close()


def test_every_row_of_every_table_is_accounted_for(desk: Loaded) -> None:
    # 6 users, 3 groups, 2 organizations with 3 tags, 13 hours, 4 holidays, 3 zones, 2 daylight, 10 tickets, 15 comments,
    # 39 changes, 3 tags of tickets, 3 schedules of tickets, 1 tag of a user; one tag of a ticket was fetched twice
    report = desk.report
    assert (report.received, report.duplicates, report.set_aside, report.rejected) == (107, 1, 18, 0)
    assert report.stored == 88


def test_events_are_those_counted_by_hand(desk: Loaded) -> None:
    kinds = Counter(str(row["kind"]) for row in desk.rows("event"))
    assert kinds == {
        "created": 7, "message": 9, "note": 3, "status": 10, "assign": 5, "team": 5, "priority": 3, "field": 4,
        "tag_added": 4, "tag_removed": 1, "sla_applied": 2, "deleted": 3, "restored": 1, "merged": 2,
    }  # fmt: skip


def test_creation_holds_the_first_values_and_never_the_last(desk: Loaded) -> None:
    # ticket 1 is closed, high, of team 32 and agent 11 now; it began new, normal, of team 31 and nobody
    created = desk.row("event", ticket="1", kind="created")
    assert created["at"] == "2026-03-02 09:00:00"
    assert (created["first_status"], created["first_priority"], created["first_team"]) == ("new", "normal", "31")
    assert "first_assignee" not in created
    solved = desk.row("event", ticket="2", kind="created")
    assert (solved["first_status"], solved["first_assignee"], solved["actor"]) == ("solved", "11", "11")


def test_changes_come_in_their_order_with_their_authors(desk: Loaded) -> None:
    told = [
        (row["at"], row["to_value"], row.get("actor"), row.get("actor_kind"))
        for row in sorted(desk.rows("event", ticket="1", kind="status"), key=lambda row: str(row["at"]))
    ]
    assert told == [
        ("2026-03-02 09:10:00", "open", "11", None),
        ("2026-03-02 09:30:00", "pending", "11", None),
        ("2026-03-02 11:00:00", "open", "21", None),
        ("2026-03-02 12:00:00", "solved", "11", None),
        ("2026-03-06 12:00:00", "closed", None, "system"),
    ]
    assert desk.row("event", ticket="1", kind="team")["to_value"] == "32"
    assert desk.row("event", ticket="1", kind="priority")["to_value"] == "high"
    taken_away = desk.row("event", ticket="2", kind="assign")
    assert taken_away["at"] == "2026-03-03 10:05:00" and "to_value" not in taken_away


def test_comments_are_messages_and_notes_by_the_role_of_their_author(desk: Loaded) -> None:
    told = {
        row["id"]: (row["kind"], row.get("direction"), row.get("channel"), row.get("actor"), row.get("actor_kind"))
        for row in desk.rows("event")
        if row["kind"] in ("message", "note")
    }
    assert told == {
        "4:101": ("message", "in", None, "21", None),
        "4:102": ("note", "out", None, "11", None),
        "4:103": ("message", "out", None, "11", None),
        "4:104": ("message", "in", None, "21", None),
        "4:105": ("message", "out", None, "12", None),  # suspended since, but staff then
        "4:201": ("message", "out", None, "11", None),
        "4:202": ("message", "in", "phone", "22", None),
        "4:203": ("message", None, "social", "99", None),  # nobody knows who 99 is
        "4:206": ("note", None, None, None, "system"),
        "4:401": ("message", "in", None, "22", None),
        "4:601": ("note", "out", None, "11", None),
        "4:801": ("message", "in", None, "22", None),
    }


def test_what_stands_only_in_the_last_state_is_dated_by_it(desk: Loaded) -> None:
    last = {(row["kind"], row.get("field"), row["to_value"], row["at"]) for row in desk.rows("event", ticket="7")[1:]}
    at = "2026-03-06 08:00:00"
    assert desk.row("event", ticket="7", kind="created")["at"] == "2026-03-05 08:00:00"
    assert {row for row in last if row[3] == at} == {
        ("status", None, "pending", at),
        ("assign", None, "12", at),
        ("team", None, "31", at),
        ("priority", None, "low", at),
        ("field", "type", "task", at),
    }


def test_fields_of_the_desks_own_keep_their_name(desk: Loaded) -> None:
    fields = {(row["field"], row["to_value"], row["at"]) for row in desk.rows("event", ticket="1", kind="field")}
    assert fields == {
        ("product", "LaserJoy", "2026-03-02 10:00:00"),
        ("reason", "billing", "2026-03-06 12:00:00"),
        ("type", "question", "2026-03-06 12:00:00"),
    }


def test_words_of_people_are_no_events(desk: Loaded) -> None:
    assert not [row for row in desk.rows("event") if row.get("field") == "subject" or row.get("to_value") == "Printer"]
    assert any("`subject`" in str(odd) for odd in desk.report.oddities)


def test_tags_are_differences_and_current_tags_fill_in(desk: Loaded) -> None:
    told = [
        (row["ticket"], row["kind"], row["to_value"], row["at"])
        for row in desk.rows("event")
        if str(row["kind"]).startswith("tag_")
    ]
    assert sorted(told) == [
        ("1", "tag_added", "a", "2026-03-02 09:00:00"),
        ("1", "tag_added", "b", "2026-03-02 09:00:00"),
        ("1", "tag_added", "c", "2026-03-02 10:00:00"),
        ("1", "tag_removed", "a", "2026-03-02 10:00:00"),
        ("2", "tag_added", "late", "2026-03-03 10:06:00"),
    ]


def test_promises_name_policy_kind_target_and_clock(desk: Loaded) -> None:
    applied = {
        (row["field"], row["to_value"], row["seconds"], row["at"]) for row in desk.rows("event", kind="sla_applied")
    }
    assert applied == {
        ("first_reply", "Gold/first_reply/60/business", 3_600, "2026-03-02 09:00:00"),
        ("next_reply", "Gold/next_reply/120/calendar", 7_200, "2026-03-02 11:00:00"),
    }
    policies = {
        (row["policy"], row["name"], row["kind"], row["target_s"], row["clock"]) for row in desk.rows("sla_policy")
    }
    assert policies == {
        ("Gold/first_reply/60/business", "Gold", "first_reply", 3_600, "business"),
        ("Gold/next_reply/120/calendar", "Gold", "next_reply", 7_200, "calendar"),
    }
    assert any("taken away" in str(odd) for odd in desk.report.oddities)


def test_the_survey_is_credited_to_the_last_public_replier(desk: Loaded) -> None:
    sent = desk.row("survey_sent")
    assert (sent["ticket"], sent["person"], sent["sent_at"], sent["agent"]) == ("1", "21", "2026-03-03 12:00:00", "12")
    answer = desk.row("survey_answer")
    assert answer["survey"] == sent["id"]
    assert (answer["score"], answer["scale_low"], answer["scale_high"], answer["words"]) == (1.0, 0, 1, "Fast")
    assert answer["at"] == "2026-03-03 15:00:00"


def test_merges_are_told_by_the_survivor_and_by_the_comment(desk: Loaded) -> None:
    merges = [
        (row["ticket"], row["to_value"], row["at"], row.get("actor")) for row in desk.rows("event", kind="merged")
    ]
    # the loser's last status is of 11:30, and so is the comment, which also tells who did it
    assert merges == [("6", "1", "2026-03-02 11:30:00", None), ("6", "1", "2026-03-02 11:30:00", "11")]


def test_deleted_tickets_are_left_out_by_name(desk: Loaded) -> None:
    gone = {(row["ticket"], row["at"]) for row in desk.rows("event", kind="deleted")}
    assert gone == {
        ("3", "2026-03-04 09:00:00"),  # by its history
        ("4", "2026-03-04 09:30:00"),  # its row is gone at the source; its comment must not make a ticket of it
        ("5", "2026-03-05 09:00:00"),  # by its status alone
    }
    assert desk.row("event", kind="restored")["at"] == "2026-03-04 10:00:00"
    assert not desk.rows("ticket", id="4")
    assert "deleted at the source" in desk.reasons()["ticket.csv", 5]


def test_tickets_with_their_channel_and_people(desk: Loaded) -> None:
    told = {row["id"]: (row["channel"], row["requester"], row["opened_by"]) for row in desk.rows("ticket")}
    assert told == {
        "1": ("email", "21", "21"),
        "2": ("web", "22", "11"),
        "3": ("chat", "22", "22"),
        "5": ("messaging", "21", "21"),
        "6": ("other", "21", "21"),
        "7": ("other", "21", "21"),
        "8": ("phone", "22", "22"),
    }
    assert any("`carrier_pigeon`" in str(odd) for odd in desk.report.oddities)
    assert [row["id"] for row in desk.rows("ticket") if row.get("is_test")] == ["7"]


def test_people_teams_and_accounts(desk: Loaded) -> None:
    people = {row["id"]: (row.get("role"), row.get("name"), row.get("account")) for row in desk.rows("person")}
    assert people == {
        "11": ("staff", "Ana", None),
        "12": ("staff", "Bob", None),
        "13": ("staff", None, None),  # deleted: without name and address, but staff all the same
        "14": (None, "Gus", None),
        "21": ("customer", "Cora", "51"),
        "22": ("customer", "Dan", "52"),
    }
    assert desk.row("person", id="21")["language"] == "fr"
    assert {row["id"]: row["name"] for row in desk.rows("team")} == {"31": "First line", "32": "Second line"}
    accounts = {row["id"]: (row["name"], row.get("segment")) for row in desk.rows("account")}
    assert accounts == {"51": ("Acme", "gold"), "52": ("Bolt", None)}


def test_schedules_have_iana_zones_and_the_oldest_is_the_default(desk: Loaded) -> None:
    told = {row["id"]: (row["name"], row["zone"], row["is_default"]) for row in desk.rows("schedule")}
    assert told == {
        "41": ("Day", "Europe/London", True),
        "42": ("Late", "Europe/Berlin", False),
        "43": ("Saturday night", "America/New_York", False),
    }
    hours = {
        (row["weekday"], row["open_minute"], row["close_minute"]) for row in desk.rows("schedule_hours", schedule="42")
    }
    assert hours == {(day, 720, 1200) for day in range(5)}
    # Zendesk's week ends on Saturday: what runs past it goes on on Sunday
    night = {
        (row["weekday"], row["open_minute"], row["close_minute"]) for row in desk.rows("schedule_hours", schedule="43")
    }
    assert night == {(5, 1320, 1440), (6, 0, 240)}


def test_holidays_include_their_last_day(desk: Loaded) -> None:
    told = {(row["schedule"], row["name"], row["first_date"], row["last_date"]) for row in desk.rows("holiday")}
    assert told == {
        ("41", "Easter", date(2026, 4, 3), date(2026, 4, 6)),
        ("42", "May Day", date(2026, 5, 1), date(2026, 5, 1)),
    }


def test_offsets_of_the_source_are_only_checked(desk: Loaded) -> None:
    odd = [str(one) for one in desk.report.oddities]
    assert [text for text in odd if "`Berlin`: the source says +02:00" in text]
    assert [text for text in odd if "daylight saving begins or ends" in text and "1 row, in line 3" in text]


def test_a_schedule_holds_until_the_tickets_next_one(desk: Loaded) -> None:
    spans = [(row["ticket"], row["schedule"], row["from_at"], row.get("to_at")) for row in desk.rows("schedule_span")]
    assert spans == [
        ("1", "42", "2026-03-02 09:00:00", None),
        ("8", "41", "2026-03-06 15:00:00", "2026-03-06 18:00:00"),
        ("8", "42", "2026-03-06 18:00:00", None),
    ]


def test_statuses_of_zendesk_have_their_stage_and_others_none(desk: Loaded) -> None:
    stages = {row["status"]: row["stage"] for row in desk.rows("status_stage")}
    assert stages == {
        "new": "new", "open": "open", "pending": "pending", "hold": "hold", "on-hold": "hold", "solved": "solved",
        "closed": "closed",
    }  # fmt: skip
    assert desk.row("event", to_value="parked")["kind"] == "status"
    assert any("no status of Zendesk's" in str(odd) for odd in desk.report.oddities)


def test_each_row_that_cannot_be_understood_has_one_clear_reason(desk: Loaded) -> None:
    reasons = desk.reasons()
    assert reasons["ticket.csv", 10] == "`created_at` `yesterday` is no time"
    assert reasons["ticket.csv", 11] == "`merged_ticket_ids` `6 and 7` is no list of tickets"
    assert "nobody knows whether the customer saw it" in reasons["ticket_comment.csv", 12]
    assert reasons["ticket_comment.csv", 17] == "`ticket_id` `999` is in no row of `ticket`"
    history = {line: reason for (name, line), reason in reasons.items() if name == "ticket_field_history.csv"}
    assert history == {
        17: "`value` `soon` is no target in minutes",
        32: "a status is empty",
        37: "`updated` `soon` is no time",
        38: "`updated` `2096-03-09 12:00:00` lies after the import",
        39: "`ticket_id` `999` is in no row of `ticket`",
        40: "`ticket_id` `x9` is no whole number",
    }
    assert reasons["schedule.csv", 13].startswith("no time zone `Atlantis` is known")
    assert reasons["schedule_holiday.csv", 5] == "a holiday ends before it starts"


def test_ratings_go_before_the_scores_of_the_history(tmp_path: Path) -> None:
    ratings = (
        "id,ticket_id,assignee_id,score,comment,created_at\n"
        "1,8,11,offered,,2026-03-10 09:00:00\n"
        "2,8,11,bad,Slow,2026-03-10 10:00:00\n"
        "3,8,11,splendid,,2026-03-10 11:00:00\n"
        "4,999,11,good,,2026-03-10 11:00:00\n"
    )
    desk = Loaded(tmp_path, tables_in(tmp_path / "in", {"satisfaction_rating": ratings}))
    assert [(row["ticket"], row["sent_at"]) for row in desk.rows("survey_sent")] == [("8", "2026-03-10 09:00:00")]
    answer = desk.row("survey_answer")
    assert (answer["score"], answer["words"], answer["survey"]) == (0.0, "Slow", desk.row("survey_sent")["id"])
    assert "neither offered nor good nor bad" in desk.reasons()["satisfaction_rating.csv", 4]
    assert "in no row of `ticket`" in desk.reasons()["satisfaction_rating.csv", 5]
    desk.ledger.close()


def test_statuses_of_the_desks_own_count_by_their_category(tmp_path: Path) -> None:
    custom = "id,agent_label,status_category,active\n71,Waiting for parts,hold,true\n72,Odd,upside_down,true\n"
    history = (
        "field_name,ticket_id,updated,_fivetran_synced,user_id,value\n"
        "status,8,2026-03-06 15:00:00,,22,new\n"
        "status,8,2026-03-07 10:00:00,,11,hold\n"
        "custom_status_id,8,2026-03-07 10:00:00,,11,71\n"
        "custom_status_id,8,2026-03-07 11:00:00,,11,79\n"
        "status,8,2026-03-08 10:00:00,,11,solved\n"
    )
    desk = Loaded(tmp_path, tables_in(tmp_path / "in", {"custom_status": custom, "ticket_field_history": history}))
    told = [(row["at"], row["to_value"]) for row in desk.rows("event", ticket="8", kind="status")]
    assert sorted(told) == [("2026-03-07 10:00:00", "Waiting for parts"), ("2026-03-08 10:00:00", "solved")]
    assert {row["status"]: row["stage"] for row in desk.rows("status_stage")}["Waiting for parts"] == "hold"
    assert desk.reasons()["custom_status.csv", 3] == "`status_category` `upside_down` is no stage"
    assert desk.reasons()["ticket_field_history.csv", 5] == "`value` `79` is no id in `custom_status`"
    desk.ledger.close()


def test_policies_with_versions_promise_where_the_history_tells_none(tmp_path: Path) -> None:
    metrics = (
        "sla_policy_id,index,sla_policy_updated_at,business_hours,metric,priority,target\n"
        "81,0,2026-01-01 00:00:00,TRUE,first_reply_time,normal,60\n"
        "81,1,2026-01-01 00:00:00,TRUE,next_reply_time,normal,30\n"
        "81,0,2026-03-05 00:00:00,FALSE,first_reply_time,normal,45\n"
        "81,1,2026-03-05 00:00:00,FALSE,agent_work_time,normal,90\n"
        "81,2,2026-03-05 00:00:00,FALSE,periodic_update_time,normal,90\n"
    )
    applied = (
        "ticket_id,sla_policy_id,policy_applied_at\n"
        "8,81,2026-03-06 15:00:00\n"  # by the second version, without its next replies
        "6,81,2026-03-02 10:00:00\n"  # by the first version
        "1,81,2026-03-02 09:00:00\n"  # its history tells what was promised
        "7,82,2026-03-05 08:00:00\n"  # a policy that nobody knows
    )
    changes = {"sla_policy_metric_history": metrics, "ticket_sla_policy": applied}
    desk = Loaded(tmp_path, tables_in(tmp_path / "in", changes))
    first, second = "81@1767225600000000", "81@1772668800000000"
    told = {
        (row["ticket"], row["field"], row["to_value"])
        for row in desk.rows("event", kind="sla_applied")
        if row["ticket"] != "1"
    }
    assert told == {("8", "first_reply", second), ("8", "agent_work", second), ("6", "first_reply", first)}
    policies = {(row["policy"], row["kind"], row["priority"], row["target_s"], row["clock"])
                for row in desk.rows("sla_policy") if str(row["policy"]).startswith("81")}  # fmt: skip
    assert policies == {
        (first, "first_reply", "normal", 3_600, "business"),
        (first, "next_reply", "normal", 1_800, "business"),
        (second, "first_reply", "normal", 2_700, "calendar"),
        (second, "agent_work", "normal", 5_400, "calendar"),
    }
    odd = " ".join(str(one) for one in desk.report.oddities)
    assert "no metric measures" in odd and "no target is known" in odd
    desk.ledger.close()


def test_a_history_of_users_tells_the_role_then(tmp_path: Path) -> None:
    users = (
        "id,name,role,_fivetran_start,_fivetran_end,_fivetran_active\n"
        "11,Ana,agent,2025-01-01 00:00:00,2026-03-02 11:59:59.999999,false\n"
        "11,Ana,end-user,2026-03-02 12:00:00,9999-12-31 23:59:59.999,true\n"
        "21,Cora,end-user,2025-01-01 00:00:00,9999-12-31 23:59:59.999,true\n"
    )
    desk = Loaded(tmp_path, tables_in(tmp_path / "in", {"user": users}))
    spans = [(row["person"], row["role"], row.get("from_at"), row.get("to_at")) for row in desk.rows("role_span")]
    assert spans == [
        ("11", "staff", None, "2026-03-02 11:59:59"),
        ("11", "customer", "2026-03-02 12:00:00", None),
        ("21", "customer", None, None),
    ]
    assert {row["id"]: row["role"] for row in desk.rows("person")} == {"11": "customer", "21": "customer"}
    # Ana wrote 103 as staff; on another ticket, a day later, she is a customer like any other
    assert desk.row("event", id="4:103")["direction"] == "out"
    assert desk.row("event", id="4:201")["direction"] == "in"
    desk.ledger.close()


def test_the_audit_log_tells_who_was_staff_then(tmp_path: Path) -> None:
    log = (
        "id,action,actor_id,change_description,created_at,source_id,source_type\n"
        '1,update,12,"Guide role changed from Agent to not set\\nSupport role changed from Staff to not set",'
        "2026-03-02 11:30:00,12,user\n"
        "2,update,12,Support role changed from not set to Agent,2026-03-02 08:00:00,12,user\n"
        "3,update,12,Workweek changed from {} to {},2026-03-02 08:00:00,41,zendesk/business_hours/workweek\n"
        "4,update,12,Support role changed from Admin to Advisor,when,11,user\n"
    )
    desk = Loaded(tmp_path, tables_in(tmp_path / "in", {"audit_log": log}))
    spans = [(row["person"], row["role"], row.get("from_at"), row.get("to_at")) for row in desk.rows("role_span")]
    assert spans == [
        ("12", "customer", None, "2026-03-02 08:00:00"),
        ("12", "staff", "2026-03-02 08:00:00", "2026-03-02 11:30:00"),
        ("12", "customer", "2026-03-02 11:30:00", None),
    ]
    # Bob wrote 105 at 12:00, half an hour after he had stopped to be staff; of Ana the log tells nothing
    assert desk.row("event", id="4:105")["direction"] == "in"
    assert desk.row("event", id="4:103")["direction"] == "out"
    assert desk.row("survey_sent")["agent"] == "11"
    assert desk.reasons()["audit_log.csv", 5] == "`created_at` `when` is no time"
    assert any("only changes of the role" in str(odd) for odd in desk.report.oddities)
    desk.ledger.close()


def test_chat_messages_belong_to_the_ticket_of_their_chat(tmp_path: Path) -> None:
    chats = "chat_id,ticket_id,channel\nc.1,3,chat\nc.2,,chat\n"
    said = (
        "chat_id,created_at,actor_id,chat_index,type,original_message\n"
        'c.1,2026-03-04 08:01:00,agent:77,1,ChatMessage,"{""source"":{""type"":""zd:answerBot""}}"\n'
        "c.1,2026-03-04 08:02:00,22,2,ChatMessage,\n"
        "c.1,2026-03-04 08:03:00,agent:11,3,ChatMessage,\n"
        "c.1,2026-03-04 08:04:00,agent:11,4,ChatRating,\n"
        "c.2,2026-03-04 08:05:00,22,1,ChatMessage,\n"
    )
    desk = Loaded(tmp_path, tables_in(tmp_path / "in", {"ticket_chat": chats, "ticket_chat_event": said}))
    told = [
        (row["direction"], row.get("actor"), row.get("actor_kind"), row["channel"])
        for row in desk.rows("event", ticket="3", kind="message")
    ]
    assert told == [("out", None, "bot", "chat"), ("in", "22", None, "chat"), ("out", "11", None, "chat")]
    assert desk.reasons()["ticket_chat_event.csv", 6] == "`chat_id` `c.2` belongs to no ticket"
    desk.ledger.close()
