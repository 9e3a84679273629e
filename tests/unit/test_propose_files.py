"""Proposals for unknown files: right but for what cannot be known, and what cannot be known is asked."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from ingest_rows import SHARED, read_file

from deskmeter.base.errors import DataError
from deskmeter.ingest.mapping import Part, Value
from deskmeter.ingest.mapping_text import parse_mapping
from deskmeter.ingest.propose import Proposal, propose

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SEEDS = SHARED / "fivetran_zendesk_seeds"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the third-party data are not beside this checkout")


def part(proposal: Proposal, table: str) -> Part:
    return parse_mapping(proposal.mapping_text).mapping.tables[table]


def sources(found: Part) -> dict[str, str | None]:
    return {slot: value.column for slot, value in found.columns.items()}


def asked(proposal: Proposal, words: str) -> bool:
    return any(words in doubt for doubt in proposal.doubts)


@pytest.fixture(scope="module")
def servicenow() -> Proposal:
    return propose(SHARED / "servicenow_incidents.csv.gz", NOW)


@needs_shared
def test_the_servicenow_log_is_seen_as_snapshots(servicenow: Proposal):
    found = part(servicenow, "snapshot")
    assert servicenow.shape == "snapshot"
    assert sources(found) == {
        "ticket": "number",
        "at": "sys_updated_at",
        "created_at": "opened_at",
        "status": "incident_state",
        "team": "assignment_group",
        "assignee": "assigned_to",
        "priority": "priority",
        "requester": "caller_id",
        "opened_by": "opened_by",
        "channel": "contact_type",
        "reason": None,
        "actor": "sys_updated_by",
    }
    assert found.columns["reason"].join == ("category", "subcategory")
    assert {"made_sla", "reassignment_count", "reopen_count", "impact", "urgency"} <= set(found.fields)
    assert not {"resolved_at", "closed_at", "resolved_by", "closed_code", "sys_mod_count"} & set(found.fields)
    mapping = parse_mapping(servicenow.mapping_text).mapping
    assert (mapping.nulls, mapping.times, mapping.zone) == (("?",), ("%d/%m/%Y %H:%M",), "UTC")


@needs_shared
def test_what_the_servicenow_log_does_not_tell_is_asked(servicenow: Proposal):
    mapping = parse_mapping(servicenow.mapping_text).mapping
    assert mapping.stages["Awaiting Vendor"] == "hold"
    assert mapping.stages["Awaiting User Info"] == "pending"
    assert mapping.stages["-100"] is None
    assert asked(servicenow, "status `-100`: which stage is it?")
    assert asked(servicenow, "time zone of `opened_at`, `sys_updated_at`")
    assert not asked(servicenow, "day or month")
    assert all("\n" not in doubt for doubt in servicenow.doubts)
    assert len(servicenow.preview) == 5
    assert all(len(row) == len(servicenow.preview_columns) for row in servicenow.preview)


@needs_shared
def test_support_tickets_are_seen_as_one_row_a_ticket_with_a_rating():
    proposal = propose(SHARED / "support_tickets_8469.csv.gz", NOW)
    ticket, answer = part(proposal, "ticket"), part(proposal, "survey_answer")
    assert proposal.shape == "ticket"
    assert sources(ticket) == {
        "ticket": "Ticket ID",
        "first_reply_at": "First Response Time",
        "resolved_at": "Time to Resolution",
        "status": "Ticket Status",
        "priority": "Ticket Priority",
        "requester": "Customer Email",
        "channel": "Ticket Channel",
        "type": "Ticket Type",
        "reason": "Ticket Subject",
        "product": "Product Purchased",
    }
    assert answer.columns["score"].column == "Customer Satisfaction Rating"
    assert answer.scale is not None
    assert (answer.scale.low, answer.scale.high) == (1, 5)
    assert ticket.columns["requester"].hashed
    assert asked(proposal, "no column tells when a ticket was created")
    assert not asked(proposal, "day or month")


@needs_shared
def test_the_telephone_company_is_seen_as_customers():
    proposal = propose(SHARED / "telco_customers.csv", NOW)
    found = part(proposal, "customer")
    assert (proposal.shape, found.columns["account"].column) == ("customer", "customerID")
    assert found.columns["joined_at"].age is not None
    assert found.columns["joined_at"].age.months == "tenure"
    assert found.columns["left_at"].when == {"Churn": ("Yes",)}
    assert (found.columns["plan"].column, found.columns["mrr"].column) == ("Contract", "MonthlyCharges")
    assert asked(proposal, "no column holds a date")
    assert asked(proposal, "currency")


@needs_shared
def test_the_conference_is_seen_as_a_survey_with_several_questions():
    proposal = propose(SHARED / "nps_conference_39.csv", NOW)
    found = part(proposal, "survey_answer")
    assert (proposal.shape, found.columns["at"].column) == ("survey_answer", "Timestamp")
    first, *others = found.questions
    assert (first.kind, first.score, first.words) == (
        "nps",
        Value(column="On a scale of 0-10, how would you rate Sudzilla?"),
        Value(column="...why?"),
    )
    assert all(question.kind == "other" for question in others)
    assert sum(question.scale is not None for question in found.questions) == 3
    assert asked(proposal, "day or month first: `Timestamp` reads as `%d/%m/%Y %H:%M:%S` and as `%m/%d/%Y %H:%M:%S`")
    assert asked(proposal, "time zone")


SHAPES = {
    "audit_log_data": "none",
    "brand_data": "none",
    "daylight_time_data": "none",
    "domain_name_data": "none",
    "group_data": "team",
    "organization_data": "account",
    "organization_tag_data": "none",
    "schedule_data": "schedule",
    "schedule_holiday_data": "holiday",
    "sla_policy_metric_history_data": "sla_policy",
    "ticket_chat_data": "none",
    "ticket_chat_event_data": "event",
    "ticket_comment_data": "event",
    "ticket_data": "ticket",
    "ticket_field_history_data": "event",
    "ticket_form_history_data": "none",
    "ticket_schedule_data": "event",
    "ticket_sla_policy_data": "event",
    "ticket_tag_data": "event",
    "time_zone_data": "none",
    "user_data": "person",
    "user_tag_data": "none",
}


@needs_shared
@pytest.mark.parametrize("name", SHAPES)
def test_each_zendesk_table_gets_its_shape_or_an_honest_none(name: str):
    proposal = propose(SEEDS / f"{name}.csv", NOW)
    assert proposal.shape == SHAPES[name]
    if proposal.shape == "none":
        assert asked(proposal, "no table fits")
        with pytest.raises(DataError, match="`tables` is missing"):
            parse_mapping(proposal.mapping_text)


@needs_shared
def test_all_shared_files_have_a_line_in_the_list_of_shapes():
    assert {path.stem for path in SEEDS.glob("*.csv")} == set(SHAPES)


@needs_shared
@pytest.mark.parametrize(
    "name",
    ["nps_conference_39.csv", "telco_customers.csv", "support_tickets_8469.csv.gz"]
    + [f"fivetran_zendesk_seeds/{name}.csv" for name, shape in SHAPES.items() if shape != "none"],
)
def test_a_proposed_mapping_reads_its_file_without_setting_a_row_aside(name: str):
    path = SHARED / name
    found = read_file(path, parse_mapping(propose(path, NOW).mapping_text))
    assert found.reasons() == {}
    assert found.understood > 0


@needs_shared
def test_zendesk_kinds_of_events_are_told_apart():
    history = part(propose(SEEDS / "ticket_field_history_data.csv", NOW), "event")
    assert history.columns["kind"].values == {"status": "status", "priority": "priority", "assignee_id": "assign"}
    assert history.columns["kind"].otherwise == "field"
    comments = part(propose(SEEDS / "ticket_comment_data.csv", NOW), "event")
    assert comments.columns["kind"].values["TRUE"] == "message"
    policies = part(propose(SEEDS / "sla_policy_metric_history_data.csv", NOW), "sla_policy")
    assert policies.columns["kind"].values["first_reply_time"] == "first_reply"
    assert policies.columns["clock"].values == {"TRUE": "business", "FALSE": "calendar"}
    people = part(propose(SEEDS / "user_data.csv", NOW), "person")
    assert people.columns["role"].values == {"end-user": "customer", "agent": "staff"}


def test_mixed_time_formats_and_month_first_dates_are_found(tmp_path: Path):
    rows = [f"{i},{i % 12 + 1}/{i % 28 + 1}/2024 10:00,open,low,ann" for i in range(1, 60)]
    path = tmp_path / "tickets.csv"
    path.write_text(
        "Ticket ID,Created,Status,Priority,Requester\n" + "\n".join(rows) + "\n60,2024-05-01 10:00,open,low,ann\n"
    )
    proposal = propose(path, NOW)
    mapping = parse_mapping(proposal.mapping_text).mapping
    assert mapping.times == ("%m/%d/%Y %H:%M", "iso")
    assert asked(proposal, "`Created` mixes time formats")
    assert not asked(proposal, "day or month")


def test_calls_orders_and_conversations_are_seen_for_what_they_are(tmp_path: Path):
    call = tmp_path / "calls.csv"
    call.write_text(
        "Call Id,Agent,Date Time,Talk Time,Wait Time,Outcome,Direction\n"
        "1,ann,2024-03-01 10:00,00:01:00,5,answered,inbound\n2,,2024-03-01 10:00,,9,missed,inbound\n"
    )
    found = part(propose(call, NOW), "call")
    assert found.columns["talk_s"].unit == "clock"
    assert found.columns["outcome"].values == {"missed": "abandoned"}
    order = tmp_path / "orders.csv"
    order.write_text(
        "order_id,customer_id,order_date,total,currency\n1,a,2024-03-01,9.99,EUR\n2,b,2024-03-02,5.00,EUR\n"
    )
    assert sources(part(propose(order, NOW), "order"))["amount"] == "total"
    talk = tmp_path / "talks.json"
    talk.write_text(
        '[{"id": "7", "created_at": 1709618828, "state": "closed", "priority": "low", "subject": "Hi",'
        ' "assignee": "ann", "messages": ['
        '{"id": "a", "created_at": 1709618828, "author": {"id": "u1", "type": "user"}}]}]'
    )
    proposal = propose(talk, NOW)
    assert proposal.shape == "conversation"
    assert part(proposal, "conversation").messages is not None
    assert read_file(talk, parse_mapping(proposal.mapping_text)).reasons() == {}


def test_a_file_without_rows_is_refused(tmp_path: Path):
    path = tmp_path / "empty.csv"
    path.write_text("a,b\n")
    with pytest.raises(DataError, match="has no rows"):
        propose(path, NOW)
