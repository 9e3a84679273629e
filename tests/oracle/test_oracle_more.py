"""Hand-computed facts about promises, calls, surveys, customers; and identities on random histories."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings

from oracle.answer import METRICS, ask_desk
from oracle.backlog import CannotSplit
from oracle.business import Schedules
from oracle.desk import Desk
from oracle.draw import AS_OF
from oracle.histories import histories, random_history
from oracle.test_oracle_self import ANA, OPEN, SOLVE, T0, C, ask, history, value

PERIOD = ["2024-03-08", "2024-04-12T00:00:00+00:00"]


def promised(kind, *events, target=3600, pause=None):
    row = {"id": "p", "policy": "gold", "kind": kind, "target_s": target, "clock": "calendar", "pause_stages": pause}
    start = ((0, "created", {"first_status": "open"}), (0, "sla_applied", {"to_value": "gold"}))
    return history(*start, *events, sla_policy=[row])


def attainment(story, **more):
    cell = ask(story, "sla_attainment", **more)[(None,)]
    return cell["numerator"], cell["denominator"]


def test_reply_exactly_at_due_meets_and_a_second_later_does_not():
    assert attainment(promised("first_reply", (1, "message", ANA))) == (1, 1)
    assert attainment(promised("first_reply", (1 + 1 / 3600, "message", ANA))) == (0, 1)


def test_resolved_at_due_without_a_reply_is_cancelled_and_later_is_a_breach():
    assert attainment(promised("first_reply", (1, "status", SOLVE))) == (0, 0)
    assert attainment(promised("first_reply", (1, "status", SOLVE), (1, "message", ANA))) == (1, 1)
    assert attainment(promised("first_reply", (2, "status", SOLVE))) == (0, 1)


def test_pending_pauses_the_promise_of_a_resolution():
    waiting = (0.5, "status", {"to_value": "pending"})
    assert attainment(promised("resolution", waiting, (5, "status", OPEN), (5.5, "status", SOLVE))) == (1, 1)
    assert attainment(promised("resolution", waiting, (5, "status", SOLVE), pause="")) == (0, 1)


def test_superseded_before_it_was_decided_is_left_out():
    again = (0.5, "sla_applied", {"to_value": "gold", "seconds": 7200})
    assert attainment(promised("first_reply", again, (2.5, "message", ANA))) == (1, 1)
    assert attainment(promised("first_reply", again, (3, "message", ANA))) == (0, 1)


def test_at_risk_from_80_percent_until_due():
    story = promised("first_reply")
    for minutes, expected in ((47, 0), (48, 1), (59, 1), (60, 0)):
        assert value(story, "sla_at_risk", as_of=T0 + timedelta(minutes=minutes)) == expected


def test_calls_offered_and_service_level():
    def call(n, outcome, queue):
        ended = T0 + timedelta(seconds=queue)
        more = {"ringing_at": T0, "answered_at": ended if outcome == "answered" else None, "ended_at": ended}
        return {"id": f"k{n}", "direction": "in", "outcome": outcome, **more}

    calls = [call(1, "answered", 20), call(2, "answered", 21), call(3, "abandoned", 4), call(4, "flowed_out", 30)]
    story = history(call=calls)
    assert value(story, "calls_offered") == 4
    assert value(story, "service_level") == 1 / 4
    assert value(story, "service_level_excl_short") == 1 / 3
    assert value(story, "abandonment_rate_excl_short") == 0
    assert value(story, "speed_of_answer") == 20.5
    assert value(story, "contacts") == 3


def test_last_valid_answer_counts_and_an_answer_off_its_scale_does_not():
    def answer(n, score, **more):
        scale = {"kind": "nps", "scale_low": 0, "scale_high": 10, "survey": "s1"}
        return {"id": f"a{n}", "at": T0 + timedelta(hours=n), "score": score, **scale, **more}

    story = history(survey_answer=[answer(1, 3.0), answer(2, 9.0), answer(3, 11.0), answer(4, 7.0, survey=None)])
    assert value(story, "nps") == 50
    assert value(story, "nps_passives") == 0.5


def test_reversed_effort_scale_is_turned_round():
    row = {"id": "a", "at": T0, "kind": "ces", "scale_low": 1, "scale_high": 7, "score": 2.0, "is_reversed": True}
    story = history(survey_answer=[row])
    assert (value(story, "ces"), value(story, "ces_easy_share")) == (6, 1)


def test_start_plus_new_minus_lost_is_end_and_touching_spans_are_one():
    day = timedelta(days=1)
    spans = [
        {"id": "1", "account": "a", "joined_at": T0 - 9 * day, "left_at": T0},
        {"id": "2", "account": "a", "joined_at": T0, "left_at": T0 + day, "reason": "price"},
        {"id": "3", "account": "a", "joined_at": T0 + 2 * day},
        {"id": "4", "account": "b", "joined_at": T0 + 3 * day, "left_at": T0 + 3 * day},
    ]
    story = history(customer_span=spans)
    names = ("customers_start", "customers_new", "customers_lost", "customers_end", "customers_won_back")
    assert [value(story, name) for name in names] == [1, 1, 1, 1, 1]
    assert value(story, "retention_rate") == 0
    assert value(story, "churn_rate") == 0
    assert ask(story, "churn_reasons", by=["churn_reason"])[("price", None)]["value"] == 1


def test_net_retention_with_a_downgrade_and_an_expansion():
    old, new = T0 - timedelta(days=40), T0 + timedelta(days=3)

    def sub(n, account, mrr, start, end=None):
        more = {"mrr_micros": mrr * 10**6, "currency": "EUR", "from_at": start, "to_at": end}
        return {"id": str(n), "account": account, **more}

    spans = [{"id": a, "account": a, "joined_at": old, "left_at": new if a == "c" else None} for a in "abc"]
    subs = [
        sub(1, "a", 10, old, new),
        sub(2, "a", 6, new),
        sub(3, "b", 10, old),
        sub(4, "b", 5, new),
        sub(5, "c", 20, old),
    ]
    story = history(customer_span=spans, subscription_span=subs)
    assert value(story, "revenue_churn") == 0.5
    assert value(story, "gross_retention") == pytest.approx(16 / 40)
    assert value(story, "net_retention") == pytest.approx(21 / 40)


def test_deflected_session_and_failed_search():
    def event(n, kind, **more):
        return {"id": f"k{n}", "kind": kind, "session": "x", "person": "c", "at": T0 + timedelta(minutes=n), **more}

    rows = [event(1, "search", words=" Reset  It "), event(2, "search", words="reset it"), event(3, "click")]
    story = history((30, "created", {}), kb_event=rows)
    assert value(story, "deflection_rate") == 1
    assert ask(story, "kb_failed_searches", by=["words"]) == {
        ("reset it", None): {"value": 1, "n": 1, "numerator": None, "denominator": None}
    }
    assert value(history((24, "created", {}), kb_event=rows), "deflection_rate") == 0


def test_waking_message_and_reply_time_on_a_thanks():
    story = history((0, "created", {}), (1, "status", SOLVE), (2, "message", C), (3, "message", ANA))
    assert ask(story, "reply_time")[(None,)]["n"] == 0
    story = history(
        (0, "created", {}), (1, "status", SOLVE), (2, "message", C), (3, "status", OPEN), (4, "message", ANA)
    )
    assert value(story, "reply_time") == 7200


@pytest.fixture(scope="module")
def desk():
    rows = {}
    for seed in range(60):
        for name, table in random_history(random.Random(seed), f"s{seed}").items():
            rows.setdefault(name, []).extend(table)
    return Desk(rows, AS_OF)


def by(desk, metric, *dimensions, period=PERIOD, **more):
    got = ask_desk(desk, {"metric": metric, "by": list(dimensions), "period": period, **more})
    return {key: cell["value"] for key, cell in got.items()}


@pytest.mark.parametrize("dimension", ["agent", "team"])
def test_backlog_identity_on_random_histories(desk, dimension):
    before = [PERIOD[0], PERIOD[0] + "T00:00:00+00:00"]
    start = by(desk, "backlog", dimension, period=before)
    end = by(desk, "backlog", dimension)
    flows = {name: by(desk, name, dimension) for name in ("inflow", "moved_in", "outflow", "moved_out")}
    for key in {*start, *end, *(key for flow in flows.values() for key in flow)}:
        n = {name: flow.get(key, 0) for name, flow in flows.items()}
        moved = n["inflow"] + n["moved_in"] - n["outflow"] - n["moved_out"]
        assert end.get(key, 0) == start.get(key, 0) + moved


@pytest.mark.parametrize("dimension", ["source", "plan"])
def test_customer_identity_on_random_histories(desk, dimension):
    names = ("start", "new", "moved_in", "lost", "moved_out", "end")
    got = {name: by(desk, f"customers_{name}", dimension) for name in names}
    for key in {key for part in got.values() for key in part}:
        n = {name: part.get(key, 0) for name, part in got.items()}
        if dimension == "source":
            n["moved_in"] = n["moved_out"] = 0
        assert n["end"] == n["start"] + n["new"] + n["moved_in"] - n["lost"] - n["moved_out"]


def test_stages_add_up_to_the_resolution_time(desk):
    for more in ({}, {"clock": "business"}, {"clock": "business", "schedule_policy": "last_schedule"}):
        whole, stages = (by(desk, name, "ticket", stat="sum", **more) for name in ("resolution_time", "time_in_stage"))
        assert {key: s for key, s in whole.items() if s} == {key: s for key, s in stages.items() if s}


def test_every_metric_answers_every_shape(desk):
    for metric in METRICS:
        for more in ({"grain": "week", "zone": "Australia/Lord_Howe"}, {"clock": "business"}):
            try:
                got = by(desk, metric, "source", **more)
            except CannotSplit:
                got = by(desk, metric, "agent", **more)
            assert all(value is None or value == value for value in got.values())


def test_rows_in_another_order_answer_the_same():
    rows = random_history(random.Random(7), "s")
    turned = {name: list(reversed(table)) for name, table in rows.items()}
    desks = Desk(rows, AS_OF), Desk(turned, AS_OF)
    for metric in METRICS:
        if metric not in ("moved_in", "moved_out"):
            first, second = (by(desk, metric, period=["2024-03-01", "2024-04-20"]) for desk in desks)
            assert first == pytest.approx(second, nan_ok=True) if None not in first.values() else first == second


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kolkata"])
def test_business_clock_is_the_minute_walk(zone):
    hours = [{"schedule": "w", "weekday": d, "open_minute": 1320, "close_minute": 1590} for d in range(7)]
    hours += [{"schedule": "w", "weekday": d, "open_minute": 60, "close_minute": 180} for d in (5, 6)]
    tables = {"schedule": [{"id": "w", "zone": zone}], "schedule_hours": hours, "holiday": []}
    clock = Schedules(tables)
    for start in (datetime(2024, 3, 9, 12, 7), datetime(2024, 3, 30, 12), datetime(2024, 4, 6), datetime(2024, 11, 2)):
        walked = 0
        for n in range(2 * 1440):
            wall = (start + timedelta(minutes=n)).replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
            minute, day = wall.hour * 60 + wall.minute, wall.weekday()
            walked += minute >= 1320 or minute < 150 or (day in (5, 6) and 60 <= minute < 180)
        assert clock.business("w", start, start + timedelta(days=2)) == walked * 60 * 10**6


@settings(max_examples=25, deadline=None)
@given(histories())
def test_waits_start_before_they_end(rows):
    for ticket in Desk(rows, AS_OF).tickets:
        for wait in ticket.waits:
            assert wait.start <= wait.opened_at
            assert wait.end is None or wait.opened_at <= wait.end


def test_as_of_hides_what_came_later():
    story = history((0, "created", {}), (0, "message", C), (5, "message", ANA), (6, "status", SOLVE))
    early = datetime(2024, 1, 1, 13)
    assert value(story, "unanswered", as_of=early) == 1
    assert value(story, "resolution_time", as_of=early) is None
    assert value(story, "unanswered", period=["2024-01-01", "2024-01-01T13:00:00+00:00"]) == 1
