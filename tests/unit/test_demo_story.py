import itertools
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from statistics import mean, median
from typing import Any

import pytest

from deskmeter.connectors.demo import PLANTED, invent, planted
from deskmeter.connectors.demo.planted import (
    EMPTY_CATEGORY,
    LEAVING_ACCOUNT,
    LOST_SEARCH,
    SLOW_TEAM,
    SOUR_REASON,
    SPIKE_PRODUCT,
    SPIKE_REASON,
)

Rows = list[dict[str, Any]]
END = datetime(2026, 11, 1)
DAY = timedelta(days=1)
OVER = {"Done", "Archived"}


@pytest.fixture(scope="module")
def rows() -> dict[str, Rows]:
    return {name: table.to_pylist() for name, table in invent(tickets=1_500).items()}


@pytest.fixture(scope="module")
def histories(rows: dict[str, Rows]) -> dict[str, Rows]:
    found: dict[str, Rows] = defaultdict(list)
    for event in sorted(rows["event"], key=lambda event: event["sequence"]):
        found[event["ticket"]].append(event)
    return found


def last(history: Rows, field: str) -> str | None:
    values = [event["to_value"] for event in history if event["kind"] == "field" and event["field"] == field]
    return values[-1] if values else None


def test_the_log_is_in_order_of_time(rows: dict[str, Rows]) -> None:
    events = sorted(rows["event"], key=lambda event: event["sequence"])
    assert all(one["at"] <= two["at"] for one, two in itertools.pairwise(events))


def test_each_history_begins_with_its_creation(histories: dict[str, Rows]) -> None:
    for history in histories.values():
        assert history[0]["kind"] == "created"
        assert sum(event["kind"] == "created" for event in history) == 1


def test_from_values_agree_with_what_went_before(histories: dict[str, Rows]) -> None:
    for history in histories.values():
        now = {
            "status": history[0]["first_status"],
            "assign": history[0]["first_assignee"],
            "priority": history[0]["first_priority"],
        }
        for event in history:
            if event["kind"] in now:
                assert event["from_value"] == now[event["kind"]]
                now[event["kind"]] = event["to_value"]


def test_agents_act_only_while_they_are_employed(rows: dict[str, Rows]) -> None:
    employed = {row["person"]: row for row in rows["role_span"] if row["role"] == "staff"}
    requesters = {row["id"]: row["requester"] for row in rows["ticket"]}
    for event in rows["event"]:
        span = employed.get(event["actor"])
        if span and requesters[event["ticket"]] != event["actor"]:
            assert span["from_at"] <= event["at"] < (span["to_at"] or END)


def test_someone_became_an_agent_and_someone_left(rows: dict[str, Rows]) -> None:
    roles = defaultdict(set)
    for row in rows["role_span"]:
        roles[row["person"]].add(row["role"])
    assert {"customer", "staff"} in roles.values()
    assert sum(row["to_at"] is not None for row in rows["role_span"] if row["role"] == "staff") == 1


def test_statuses_resolve_reopen_and_wake_after_silence(histories: dict[str, Rows]) -> None:
    reopened = after_silence = by_nobody = thanks = 0
    for history in histories.values():
        solved_at, spoke = None, False
        for event in history:
            if event["kind"] == "message" and event["direction"] == "in" and solved_at:
                spoke = True
            if event["kind"] != "status":
                continue
            if event["to_value"] in OVER and event["from_value"] not in OVER:
                solved_at, spoke = event["at"], False
                by_nobody += event["actor"] is None
            if event["from_value"] in OVER and event["to_value"] not in OVER and solved_at:
                reopened += event["at"] - solved_at < DAY
                after_silence += event["at"] - solved_at >= DAY
                solved_at = None
        thanks += spoke and solved_at is not None
    assert min(reopened, after_silence, by_nobody, thanks) >= 10


def test_tickets_merge_also_in_chains(rows: dict[str, Rows]) -> None:
    into = {event["ticket"]: event["to_value"] for event in rows["event"] if event["kind"] == "merged"}
    assert len(into) >= 15
    assert any(survivor in into for survivor in into.values())
    for loser in into:
        seen, now = {loser}, into[loser]
        while now in into:
            assert now not in seen
            seen.add(now)
            now = into[now]


def test_every_part_that_a_metric_needs_is_there(rows: dict[str, Rows]) -> None:
    events, answers, calls = rows["event"], rows["survey_answer"], rows["call"]
    askers = {event["field"] for event in events if event["kind"] == "escalation"}
    assert askers == {"customer", "agent", "rule"}
    fields = {event["field"] for event in events if event["kind"] == "field"}
    assert {"reason", "type", "product", "app_version"} <= fields
    reapplied = Counter(e["ticket"] for e in events if e["kind"] == "sla_applied" and e["to_value"] != "SLA-FOLLOW")
    assert max(reapplied.values()) > 1
    assert any(row["is_test"] for row in rows["ticket"])
    assert any(row["requester"] is None for row in rows["ticket"])
    assert sum(row["opened_by"] != row["requester"] for row in rows["ticket"]) > 30
    assert any(call["ticket"] for call in calls)
    assert any(call["ticket"] is None for call in calls)
    assert any(call["is_transferred"] for call in calls)
    assert any(call["outcome"] == "abandoned" and (call["queue_s"] or 9) < 5 for call in calls)
    scales = {(answer["kind"], answer["scale_low"], answer["scale_high"]) for answer in answers}
    assert {("csat", 1, 5), ("csat", 0, 1), ("nps", 0, 10), ("nps_1_10", 1, 10), ("ces", 1, 7)} <= scales
    assert {("rating", 1, 10), ("solved_first_contact", 0, 1)} <= scales
    changed = Counter((answer["survey"], answer["question"]) for answer in answers if answer["survey"])
    assert max(changed.values()) > 1
    assert any(answer["is_reversed"] for answer in answers)
    assert any(answer["is_testimonial_allowed"] for answer in answers)
    assert any(row["done_at"] is None for row in rows["follow_up"])
    assert {row["is_delivered"] for row in rows["survey_sent"]} == {True, False, None}


def test_money_knowledge_and_customers_have_all_their_parts(rows: dict[str, Rows]) -> None:
    orders, stays = rows["order"], rows["customer_span"]
    assert any(order["amount_micros"] < 0 for order in orders)
    assert {order["currency"] for order in orders} == {"EUR"}
    sold = [order for order in orders if order["kind"] in ("upsell", "cross_sell") and order["agent"]]
    assert any(order["ticket"] for order in sold)
    assert any(row["order"] for row in rows["ticket"])
    assert any(stay["left_at"] and stay["reason"] for stay in stays)
    assert any(stay["is_won_back"] for stay in stays)
    assert any(stay["person"] for stay in stays)
    assert len({row["plan"] for row in rows["subscription_span"]}) == 4
    assert any(event["ticket"] for event in rows["kb_event"] if event["kind"] == "resolved")
    assert {event["is_helpful"] for event in rows["kb_event"] if event["kind"] == "vote"} == {True, False}
    assert any(span["is_opted_out"] for span in rows["preference_span"])
    assert any(span["to_at"] for span in rows["preference_span"] if span["is_preferred"])
    assert {row["zone"] for row in rows["schedule"]} == {"Europe/London", "America/New_York", "Asia/Kolkata", "UTC"}
    assert any(row["close_minute"] > 1440 for row in rows["schedule_hours"])
    assert any(row["from_minute"] for row in rows["holiday"])
    assert any(order["cost_micros"] is None for order in orders)


def test_weekends_are_quiet(rows: dict[str, Rows]) -> None:
    days = Counter(event["at"].weekday() for event in rows["event"] if event["kind"] == "created")
    assert max(days[5], days[6]) < 0.5 * min(days[day] for day in range(5))


def test_a_release_makes_one_reason_spike(histories: dict[str, Rows]) -> None:
    release = END - 47 * DAY
    crashes = [
        history[0]["at"]
        for history in histories.values()
        if last(history, "reason") == SPIKE_REASON and last(history, "product") == SPIKE_PRODUCT
    ]
    inside = sum(release <= at < release + 10 * DAY for at in crashes)
    before = sum(release - 100 * DAY <= at < release for at in crashes)
    assert inside >= 2.5 * max(1, before / 10)


def test_one_team_is_slower_in_both_first_reply_and_resolution(
    rows: dict[str, Rows], histories: dict[str, Rows]
) -> None:
    staff = {row["person"] for row in rows["role_span"] if row["role"] == "staff"}
    replied, resolved = defaultdict(list), defaultdict(list)
    for history in histories.values():
        team, born = history[0]["first_team"], history[0]["at"]
        replies = [e["at"] for e in history if e["kind"] == "message" and e["actor"] in staff and e["at"] > born]
        ends = [event["at"] for event in history if event["kind"] == "status" and event["to_value"] in OVER]
        replied[team] += [(at - born).total_seconds() for at in replies[:1]]
        resolved[team] += [(at - born).total_seconds() for at in ends[:1]]
    for spans, times in ((replied, 2.0), (resolved, 1.5)):
        others = [median(values) for team, values in spans.items() if team not in (SLOW_TEAM, None)]
        assert median(spans[SLOW_TEAM]) > times * max(others)


def test_one_topic_loses_its_satisfaction(rows: dict[str, Rows], histories: dict[str, Rows]) -> None:
    since = END - 78 * DAY
    about = {survey["id"]: survey["ticket"] for survey in rows["survey_sent"]}
    satisfied: dict[str, list[bool]] = defaultdict(list)
    for answer in rows["survey_answer"]:
        ticket = about.get(answer["survey"])
        if answer["kind"] == "csat" and answer["scale_high"] == 5 and ticket:
            history = histories[ticket]
            topic = "sour" if last(history, "reason") == SOUR_REASON else "rest"
            late = "after" if history[0]["at"] >= since else "before"
            satisfied[f"{topic} {late}"].append(answer["score"] >= 4)
    assert mean(satisfied["sour after"]) < mean(satisfied["sour before"]) - 0.2
    assert mean(satisfied["sour after"]) < mean(satisfied["rest after"]) - 0.2


def test_one_account_is_about_to_leave(rows: dict[str, Rows], histories: dict[str, Rows]) -> None:
    since = END - 70 * DAY
    tickets = {row["id"] for row in rows["ticket"] if row["account"] == LEAVING_ACCOUNT}
    born = [histories[ticket][0]["at"] for ticket in tickets]
    late = sum(at >= since for at in born)
    assert late >= 2.5 * max(1, len(born) - late) * 70 / 295
    asked = [e for e in rows["event"] if e["ticket"] in tickets and e["kind"] == "escalation"]
    assert sum(event["field"] == "customer" and event["at"] >= since for event in asked) >= 2
    people = {row["id"] for row in rows["person"] if row["account"] == LEAVING_ACCOUNT}
    surveys = {row["id"] for row in rows["survey_sent"] if row["person"] in people}
    scores = [
        (answer["score"] - answer["scale_low"]) / (answer["scale_high"] - answer["scale_low"])
        for answer in rows["survey_answer"]
        if answer["survey"] in surveys and answer["at"] >= since and answer["kind"] in ("csat", "nps", "rating")
    ]
    assert len(scores) >= 3
    assert mean(scores) < 0.45
    running = [s for s in rows["subscription_span"] if s["account"] == LEAVING_ACCOUNT and s["to_at"] is None]
    assert [span["renewal_date"] for span in running] == [date(2026, 11, 28)]
    stays = [stay for stay in rows["customer_span"] if stay["account"] == LEAVING_ACCOUNT]
    assert [stay["left_at"] for stay in stays] == [None]


def test_one_category_has_no_views_and_one_search_no_clicks(rows: dict[str, Rows]) -> None:
    items = {row["id"] for row in rows["kb_item"] if row["category"] == EMPTY_CATEGORY}
    assert len(items) >= 5
    assert not any(event["item"] in items for event in rows["kb_event"] if event["kind"] == "view")
    lost = {event["session"] for event in rows["kb_event"] if event["words"] == LOST_SEARCH}
    words = Counter(event["words"] for event in rows["kb_event"] if event["kind"] == "search")
    assert words.most_common(1)[0][0] == LOST_SEARCH
    assert len(lost) > 30


def test_the_planted_events_are_documented() -> None:
    assert [event.id for event in PLANTED][:4] == ["release_spike", "slow_team", "sour_topic", "leaving_account"]
    assert all(event.what and event.where and event.when and event.how_to_see for event in PLANTED)
    assert "2024-12-15" in planted(date(2025, 1, 31))[0].when
