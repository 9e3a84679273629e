"""The listings, each column counted by hand."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from hand_desk import HandRow, at, cells, hand_desk, request

from deskmeter.query.access import Access
from deskmeter.query.answer import info
from deskmeter.query.drill import drill
from deskmeter.query.request import Filter

MARCH = ("2026-03-01", "2026-04-01")


def event(ticket: str, kind: str, when: str, **columns: object) -> HandRow:
    return {"ticket": ticket, "kind": kind, "at": at(f"2026-{when}"), **columns}


DESK: dict[str, list[HandRow]] = {
    "account": [{"id": "acme", "name": "Acme", "segment": "large"}, {"id": "bolt", "name": "Bolt"}],
    "person": [
        {"id": "ana", "name": "Ana", "role": "staff"},
        {"id": "bob", "name": "Bob", "role": "staff"},
        {"id": "cleo", "name": "Cleo", "account": "acme"},
        {"id": "dan", "name": "Dan"},
    ],
    "status_stage": [{"status": "open", "stage": "open"}, {"status": "solved", "stage": "solved"}],
    "ticket": [
        {"id": "T1", "requester": "cleo", "channel": "email", "subject": "Broken"},
        {"id": "T2", "requester": "cleo", "channel": "phone"},
        {"id": "T3", "requester": "dan", "channel": "web"},
        {"id": "T4", "requester": "cleo", "channel": "web"},
    ],
    "event": [
        # T1 of Acme: open since 2 March; answered twice, worked on for 10 minutes, looked at for 1
        event("T1", "created", "03-02 09:00", first_assignee="ana"),
        event("T1", "message", "03-02 09:00", actor="cleo", direction="in"),
        event("T1", "message", "03-02 10:00", actor="ana", direction="out"),
        event("T1", "message", "03-03 08:00", actor="cleo", direction="in"),
        event("T1", "message", "03-03 11:00", actor="ana", direction="out"),
        event("T1", "time_entry", "03-03 11:10", actor="ana", seconds=600),
        event("T1", "viewing", "03-03 11:20", actor="ana", seconds=60),
        event("T1", "escalation", "03-04 09:00", actor="cleo"),
        event("T1", "message", "04-20 09:00", actor="ana", direction="out"),  # after the period
        # T2 of Acme: created in February, solved on 5 March
        event("T2", "created", "02-10 09:00", first_assignee="bob"),
        event("T2", "status", "03-05 09:00", actor="bob", to_value="solved"),
        # T3 of Dan, who has no account: nobody has touched it
        event("T3", "created", "03-31 23:59"),
        # T4 of Acme: only created in April
        event("T4", "created", "04-02 09:00", first_assignee="ana"),
    ],
    "customer_span": [{"account": "acme", "joined_at": at("2025-01-01")}, {"account": "bolt", "joined_at": at("2025-01-01")}],
    "subscription_span": [
        {"account": "acme", "mrr_micros": 50_000_000, "currency": "EUR", "from_at": at("2025-01-01"),
         "to_at": at("2026-03-15"), "renewal_date": date(2026, 3, 15)},
        {"account": "acme", "mrr_micros": 70_000_000, "currency": "EUR", "from_at": at("2026-03-15"),
         "renewal_date": date(2027, 3, 15)},
    ],
    "order": [
        {"account": "bolt", "paid_at": at("2026-02-01"), "amount_micros": 9_000_000, "cost_micros": 4_000_000,
         "currency": "USD"},
        {"account": "bolt", "paid_at": at("2026-04-01"), "amount_micros": 9_000_000, "cost_micros": 4_000_000,
         "currency": "USD"},
    ],
    "survey_answer": [
        {"kind": "csat", "person": "cleo", "at": at("2026-03-06"), "scale_low": 1, "scale_high": 5, "score": 5.0,
         "agent": "bob"},
        {"kind": "csat", "person": "cleo", "at": at("2026-03-07"), "scale_low": 1, "scale_high": 5, "score": 2.0,
         "agent": "bob"},
        {"kind": "csat", "person": "cleo", "at": at("2026-04-07"), "scale_low": 1, "scale_high": 5, "score": 4.0},
        {"kind": "nps", "person": "cleo", "at": at("2026-01-07"), "scale_low": 0, "scale_high": 10, "score": 9.0},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def desk() -> Iterator[Access]:
    access = hand_desk(DESK, "2026-05-01")
    yield access
    access.engine.close()


def listing(
    access: Access, id: str, by: str, period: tuple[str, str] = MARCH, **where: str
) -> dict[object, dict[str, object]]:
    asked = request(id, period, (), tuple(Filter(name, "=", (value,)) for name, value in where.items()))
    metric = access.metrics[id]
    found = drill(access, asked, info(metric, asked.metrics[0], asked, id))
    assert found.total_n == len(found.rows) == cells(access, asked)[()].n
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
    return {row[by]: row for row in rows}


def test_open_cases_with_the_work_so_far(desk: Access) -> None:
    rows = listing(desk, "open_cases_table", "ticket")
    assert set(rows) == {"T1", "T3"}
    one = rows["T1"]
    assert (one["requester"], one["account"], one["agent"], one["channel"]) == ("Cleo", "Acme", "Ana", "email")
    assert (one["subject"], one["stage"]) == ("Broken", "new")
    assert one["created_at"] == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert one["age_s"] == 30 * 86_400 - 9 * 3600  # to the end of March
    assert one["activities"] == 3  # two replies and the time entry
    assert (one["handle_entries_s"], one["handle_active_s"], one["handle_calls_s"]) == (600, 60, None)
    assert one["last_response_at"] == datetime(2026, 3, 3, 11, tzinfo=UTC)
    assert (one["account_value"], one["value_currency"]) == (70.0, "EUR")
    other = rows["T3"]
    assert (other["activities"], other["handle_entries_s"], other["last_response_at"]) == (0, None, None)
    assert (other["account"], other["account_value"], other["agent"]) == (None, None, None)


def test_open_cases_of_any_past_instant(desk: Access) -> None:
    rows = listing(desk, "open_cases_table", "ticket", ("2026-03-01", "2026-03-03"))
    assert set(rows) == {"T1", "T2"}
    assert (rows["T1"]["activities"], rows["T1"]["account_value"]) == (1, 50.0)


def test_open_cases_can_be_filtered_and_split(desk: Access) -> None:
    assert set(listing(desk, "open_cases_table", "ticket", agent="Ana")) == {"T1"}
    assert set(cells(desk, request("open_cases_table", MARCH, ("channel",)))) == {("email",), ("web",)}


def test_accounts_and_persons_without_one(desk: Access) -> None:
    rows = listing(desk, "account_summary", "name")
    assert set(rows) == {"Acme", "Bolt", "Dan"}
    acme = rows["Acme"]
    assert (acme["tickets"], acme["open_tickets"], acme["escalations"], acme["segment"]) == (1, 1, 1, "large")
    assert (acme["last_csat"], acme["csat_scale"], acme["last_nps"]) == (2.0, "1-5", 9.0)
    assert (acme["account_value"], acme["value_currency"], acme["renewal_date"]) == (70.0, "EUR", date(2027, 3, 15))
    bolt = rows["Bolt"]
    assert (bolt["tickets"], bolt["open_tickets"], bolt["last_csat"]) == (0, 0, None)
    assert (bolt["account_value"], bolt["value_currency"], bolt["renewal_date"]) == (5.0, "USD", None)
    assert (rows["Dan"]["tickets"], rows["Dan"]["open_tickets"]) == (1, 1)


def test_who_is_not_known_yet_is_not_listed(desk: Access) -> None:
    assert set(listing(desk, "account_summary", "name", ("2026-03-01", "2026-03-31"))) == {"Acme", "Bolt"}


def test_agents_with_their_month(desk: Access) -> None:
    rows = listing(desk, "agent_summary", "agent")
    assert set(rows) == {"Ana", "Bob"}
    ana = rows["Ana"]
    assert (ana["tickets_assigned"], ana["tickets_resolved"], ana["resolution_rate"]) == (1, 0, 0.0)
    # waits of 1 and 3 hours
    assert (ana["replies"], ana["reply_time_median_s"], ana["activities"], ana["backlog"]) == (2, 7200.0, 3, 1)
    bob = rows["Bob"]
    assert (bob["tickets_assigned"], bob["tickets_resolved"], bob["resolution_rate"]) == (0, 1, None)
    assert (bob["csat"], bob["csat_answers"], bob["backlog"], bob["reply_time_median_s"]) == (0.5, 2, 0, None)
