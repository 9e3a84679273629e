"""Hand-computed facts: the oracle itself is sane."""

from datetime import date, datetime, timedelta

import pytest

from oracle.answer import answer
from oracle.business import Schedules

T0 = datetime(2024, 1, 1, 9)  # a Monday
AS_OF = datetime(2024, 2, 1)
STAGES = [{"id": s, "status": s, "stage": s} for s in ("new", "open", "pending", "hold", "solved", "closed")]
PERSONS = [
    {"id": "c", "role": "customer", "name": "Cleo"},
    {"id": "ana", "role": "staff", "name": "Ana"},
    {"id": "bob", "role": "staff", "name": "Bob"},
    {"id": "bot", "role": "bot", "name": "Robo"},
]


def history(*events, ticket=None, **tables):
    """One ticket; events as (hours after T0, kind, more)."""
    rows = [
        {"id": f"e{n:03d}", "ticket": "t1", "at": T0 + timedelta(hours=hours), "kind": kind, **more}
        for n, (hours, kind, more) in enumerate(events)
    ]
    out = {
        "event": rows,
        "ticket": [{"id": "t1", "requester": "c", "channel": "email", **(ticket or {})}],
        "person": PERSONS,
        "status_stage": STAGES,
        **tables,
    }
    return {name: [{"source": "s", **row} for row in table] for name, table in out.items()}


def ask(story, metric, by=(), **more):
    question = {"metric": metric, "by": list(by), "period": ["2024-01-01", "2024-02-01"], "as_of": AS_OF, **more}
    return answer(story, question)


def value(story, metric, **more):
    return ask(story, metric, **more)[(None,)]["value"]


C, ANA, BOB = {"actor": "c"}, {"actor": "ana"}, {"actor": "bob"}
SOLVE, OPEN = {"to_value": "solved", "actor": "ana"}, {"to_value": "open"}
BASIC = (
    (0, "created", {"first_status": "new"}),
    (0, "message", C),
    (1, "assign", {"to_value": "ana"}),
    (2, "message", ANA),
    (3, "status", SOLVE),
)


def test_first_reply_and_resolution():
    story = history(*BASIC)
    assert value(story, "first_reply_time") == 7200
    assert value(story, "resolution_time") == 10800
    assert value(story, "assignment_to_first_reply") == 3600
    assert value(story, "first_contact_resolution") == 1
    assert ask(story, "resolutions", by=["agent"]) == {
        ("Ana", None): {"value": 1, "n": 1, "numerator": None, "denominator": None}
    }


def test_reopened_ticket_that_is_open_now_has_one_reopen():
    story = history(*BASIC, (5, "status", OPEN))
    assert value(story, "reopens") == 1
    assert ask(story, "reopen_rate")[(None,)]["value"] == 1
    assert value(story, "resolution_time") is None
    assert value(story, "backlog") == 1


def test_bot_resolves_customer_writes_five_days_later_and_the_episode_took_ten_minutes():
    story = history(
        (0, "created", {}),
        (0, "message", C),
        (0.5, "status", {"to_value": "solved", "actor": "bot"}),
        (120.5, "message", C),
        (120.5, "status", OPEN),
        (120.5 + 1 / 6, "status", SOLVE),
    )
    assert value(story, "resolution_time_episode", stat="p95") == pytest.approx(600 + 0.95 * 1200)
    assert value(story, "reopens") == 0
    assert ask(story, "contacts")[(None,)]["value"] == 2
    assert ask(story, "inflow", by=["flow"])[("new_contact", None)]["value"] == 1


def test_exactly_24_hours_is_silence_and_a_second_less_is_not():
    for hours, expected in ((27, 0), (27 - 1 / 3600, 1)):
        story = history(*BASIC, (hours, "message", C), (hours, "status", OPEN))
        assert value(story, "reopens") == expected


def test_merge_chain_counts_once_and_moves_messages():
    story = history(*BASIC)
    for row in (
        {"id": "m1", "ticket": "t2", "at": T0 - timedelta(hours=1), "kind": "created"},
        {"id": "m2", "ticket": "t2", "at": T0 - timedelta(hours=1), "kind": "message", "actor": "c"},
        {"id": "m3", "ticket": "t2", "at": T0 + timedelta(hours=9), "kind": "merged", "to_value": "t1", **ANA},
    ):
        story["event"].append({"source": "s", **row})
    story["ticket"].append({"source": "s", "id": "t2", "requester": "c"})
    assert value(story, "tickets_created") == 1
    assert value(story, "first_reply_time") == 7200
    assert ask(story, "activities", by=["activity"])[("merge", None)]["value"] == 1


def test_merge_circle_is_ignored():
    story = history(*BASIC, (4, "merged", {"to_value": "t2"}))
    story["event"] += [
        {"source": "s", "id": "m1", "ticket": "t2", "at": T0, "kind": "created"},
        {"source": "s", "id": "m3", "ticket": "t2", "at": T0, "kind": "merged", "to_value": "t1"},
    ]
    assert value(story, "tickets_created") == 2


def test_spam_is_left_out_for_its_whole_life():
    assert value(history(*BASIC, (50, "spam", {})), "tickets_created") == 0
    assert value(history(*BASIC, (50, "spam", {}), (51, "restored", {})), "tickets_created") == 1


def test_staff_opened_ticket_waits_from_the_customers_first_message():
    story = history(
        (0, "created", {}),
        (0, "message", ANA),
        (5, "message", C),
        (6, "message", BOB),
        ticket={"opened_by": "ana"},
    )
    assert value(story, "first_reply_time") == 3600
    assert ask(story, "activities", by=["activity"])[("opening", None)]["value"] == 1
    assert value(story, "reply_time") == 3600


def test_wait_ended_by_resolution_and_reply_in_the_same_instant():
    story = history((0, "created", {}), (0, "message", C), (2, "status", SOLVE), (2, "message", ANA))
    assert value(story, "reply_time") == 7200
    story = history((0, "created", {}), (0, "message", C), (2, "status", SOLVE), (2.1, "message", ANA))
    assert value(story, "reply_time") is None


def test_backlog_identity_by_agent():
    story = history(*BASIC, (30, "status", OPEN), (31, "assign", {"to_value": "bob"}))
    period = ["2024-01-02T00:00:00+00:00", "2024-01-04"]
    ids = ("inflow", "moved_in", "outflow", "moved_out")
    got = {m: ask(story, m, by=["agent"], period=period) for m in (*ids, "backlog")}
    for agent in ("Ana", "Bob"):
        n = {m: got[m].get((agent, None), {"value": 0})["value"] for m in got}
        assert n["inflow"] + n["moved_in"] - n["outflow"] - n["moved_out"] == n["backlog"]


def test_stock_just_before_the_end_and_at_as_of_inclusive():
    story = history((0, "created", {}))
    assert value(story, "backlog", period=["2024-01-01", "2024-01-01T09:00:00+00:00"]) == 0
    assert value(story, "backlog", as_of=T0) == 1


def test_chat_session_is_one_contact():
    chat = {"channel": "chat"}
    story = history(
        (0, "created", {}),
        (0, "message", {**C, **chat}),
        (0.1, "message", {**ANA, **chat}),
        (0.2, "message", {**ANA, **chat}),
        (0.7, "message", {**ANA, **chat}),
        (1, "status", SOLVE),
    )
    assert value(story, "first_contact_resolution") == 0  # 30 minutes apart: a second session
    assert value(story, "replies_per_ticket") == 3


def _schedules(hours, holidays=(), zone="America/New_York"):
    tables = {
        "schedule": [{"id": "w", "zone": zone, "is_default": True}],
        "schedule_hours": [
            {"id": str(n), "schedule": "w", "weekday": d, "open_minute": a, "close_minute": b}
            for n, (d, a, b) in enumerate(hours)
        ],
        "holiday": [{"id": str(d), "first_date": d} for d in holidays],
    }
    return Schedules(tables)


def test_night_of_the_clock_change_holds_an_hour_and_a_half():
    clock = _schedules([(6, 90, 150)])
    assert clock.business("w", datetime(2024, 11, 3), datetime(2024, 11, 4)) == 5400 * 10**6


def test_shift_past_midnight_before_a_holiday_holds_two_hours():
    clock = _schedules([(4, 22 * 60, 30 * 60)], [date(2024, 1, 6)], "Europe/London")
    assert clock.business("w", datetime(2024, 1, 5), datetime(2024, 1, 8)) == 7200 * 10**6


def test_business_clock_of_a_reply_at_night_is_zero_and_counts():
    story = history(
        (9, "created", {}),
        (9, "message", C),
        (10, "message", ANA),
        schedule=[{"id": "w", "zone": "UTC", "is_default": True}],
        schedule_hours=[{"id": "h", "schedule": "w", "weekday": 0, "open_minute": 540, "close_minute": 1020}],
    )
    got = ask(story, "first_reply_time", clock="business")[(None,)]
    assert (got["value"], got["n"]) == (0, 1)


def test_reassignment_skips_gaps_and_bots():
    given = [(n, "assign", {"to_value": who}) for n, who in enumerate(("ana", None, "bot", "bob", None, "bob"), 1)]
    story = history((0, "created", {}), *given)
    assert ask(story, "reassignments", by=["agent"]) == {
        ("Ana", None): {"value": 1, "n": 1, "numerator": None, "denominator": None}
    }


def test_kaplan_meier_median_and_censoring():
    story = history(*BASIC)
    story["event"].append({"source": "s", "id": "x", "ticket": "t9", "at": T0, "kind": "created"})
    assert value(story, "time_to_resolution_km") == 10800
    assert value(story, "time_to_resolution_km", stat="p90") is None
