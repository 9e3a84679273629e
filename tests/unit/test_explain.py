"""A ticket's story: the clocks as counted by hand in the golden files, and in which metrics it counts and why not."""

from datetime import datetime

import pytest
from stories import Told, effects, golden, line, metric, texts

from deskmeter.base.errors import AskerError


@pytest.fixture(scope="module")
def lengths() -> Told:
    return golden("metric-5-the-lengths-of-one-ticket")


def test_every_clock_of_one_ticket_as_counted_by_hand(lengths: Told) -> None:
    story = lengths.story("T1")
    assert effects(story, "first_reply_time") == [
        ("03-06 15:00", "starts", None, None),
        ("03-06 16:00", "stops", 3_600, 3_600),
    ]
    assert effects(story, "assignment_to_first_reply") == [
        ("03-06 15:30", "starts", None, None),
        ("03-06 16:00", "stops", 1_800, 1_800),
    ]
    assert effects(story, "reply_time") == [
        ("03-06 15:00", "starts", None, None),
        ("03-06 16:00", "stops", 3_600, 3_600),
        ("03-09 10:00", "starts", None, None),
        ("03-09 16:00", "stops", 21_600, 21_600),
    ]
    assert effects(story, "resolution_time") == [
        ("03-06 15:00", "starts", None, None),
        ("03-10 10:00", "stops", 327_600, 39_600),
    ]
    assert effects(story, "first_reply_to_resolution") == [
        ("03-06 16:00", "starts", None, None),
        ("03-10 10:00", "stops", 324_000, 36_000),
    ]
    # new + open + hold, pausing in pending: 90,000 s; the office has 32,400 of them
    assert effects(story, "requester_wait_time") == [
        ("03-06 15:00", "starts", None, None),
        ("03-06 16:00", "pauses", 3_600, 3_600),
        ("03-09 10:00", "resumes", 3_600, 3_600),
        ("03-10 10:00", "stops", 90_000, 32_400),
    ]
    assert effects(story, "agent_wait_time") == [
        ("03-06 16:00", "starts", None, None),
        ("03-09 10:00", "pauses", 237_600, 7_200),
        ("03-10 10:00", "stops", 237_600, 7_200),
    ]


def test_events_are_told_in_words_and_in_final_order(lengths: Told) -> None:
    story = lengths.story("T1")
    assert texts(story)[:5] == [
        "created: status new (stage new)",
        "message of the customer by email",
        "assigned to Ana",
        "human reply by email",
        "status new → pending (stage pending)",
    ]
    assert [(one.actor, one.actor_kind) for one in story.lines[:4]] == [
        ("Cleo", "customer"),
        ("Cleo", "customer"),
        (None, "unknown"),
        ("Ana", "staff"),
    ]
    header = dict(story.header)
    assert header["Requester"] == "Cleo"
    assert header["Resolved"] == "2026-03-10 10:00"


def test_a_ticket_counts_with_its_value_in_both_clocks_or_the_reason_is_told(lengths: Told) -> None:
    story = lengths.story("T1")
    assert metric(story, "resolution_time").value == "3 d 19 h; business 11 h"
    waits = metric(story, "reply_time")
    assert (waits.is_counted, waits.value) == (True, "3 h 30 m; business 3 h 30 m")
    assert "2 values" in waits.why
    one_touch = metric(story, "one_touch_rate")
    assert (one_touch.value, one_touch.is_counted) == ("0 / 1", True)
    assert one_touch.why.startswith("in the denominator alone")
    reasons = {
        id: metric(story, id).why for id in ("backlog", "csat", "handle_time_entries", "reopens", "sla_breaches")
    }
    assert reasons == {
        "backlog": "resolved at `as_of`",
        "csat": "no survey was sent",
        "handle_time_entries": "no time entry was recorded on it before its resolution",
        "reopens": "never reopened",
        "sla_breaches": "no SLA policy was applied",
    }
    assert not any(one.is_counted for one in story.metrics if one.metric in reasons)
    # what has no tickets behind it is not spoken of
    assert not {"customers_end", "mrr", "occupancy"} & {one.metric for one in story.metrics}


def test_a_corrected_time_is_shown_beside_the_one_that_counts() -> None:
    story = golden("rule-02-effective-time-is-the-running-maximum").story("T1")
    solved = line(story, "solved")
    assert (f"{solved.at:%H:%M}", f"{solved.effective_at:%H:%M}") == ("09:30", "10:00")
    assert effects(story, "resolution_time_first")[-1] == ("03-02 10:00", "stops", 3_600, 3_600)
    assert "1 of its times" in story.notes[0]


def test_promises_pause_in_the_stages_of_their_kind_and_a_broken_one_is_told_when_it_was_due() -> None:
    told = golden("ruling-30-the-kinds-pause-in-their-stages")
    story = told.story("T1")
    assert effects(story, "sla requester_wait (Gold)") == [
        ("03-02 09:00", "starts", None, None),
        ("03-02 10:00", "pauses", 3_600, 3_600),
        ("03-02 11:00", "resumes", 3_600, 3_600),
        ("03-02 12:30", "stops", 9_000, 9_000),
    ]
    assert effects(story, "sla agent_work (Gold)") == [
        ("03-02 09:00", "starts", None, None),
        ("03-02 10:00", "pauses", 3_600, 3_600),
        ("03-02 12:00", "resumes", 3_600, 3_600),
        ("03-02 12:30", "stops", 5_400, 5_400),
    ]
    due = line(story, "was due and is broken")
    assert (due.kind, f"{due.effective_at:%H:%M}") == ("sla_due", "12:00")
    assert metric(story, "sla_attainment").value == "2 / 3"
    # a policy of its own that nothing pauses
    assert [effect for _, effect, _, _ in effects(told.story("T2"), "sla resolution (Strict)")] == ["starts", "stops"]


def test_a_resolution_cancels_a_reply_promise_and_an_unanswered_wait() -> None:
    told = golden("ruling-30-a-resolution-cancels-a-reply-promise")
    clocks = {
        (effect.clock, effect.effect)
        for one in told.story("T1").lines
        for effect in one.effects
        if effect.clock.startswith("sla")
    }
    assert any(effect == "cancels" for _, effect in clocks)


def test_a_leaving_starts_an_episode_and_takes_the_whole_time_up_again() -> None:
    told = golden("ruling-15-a-message-after-a-day-of-silence-is-a-new-contact")
    story = told.story("T1")
    assert effects(story, "resolution_time_episode") == [
        ("03-02 09:00", "starts", None, None),
        ("03-02 10:00", "stops", 3_600, 3_600),
        ("03-03 10:00", "starts", None, None),
        ("03-03 11:00", "stops", 3_600, 3_600),
    ]
    assert [(at, effect) for at, effect, _, _ in effects(story, "resolution_time")] == [
        ("03-02 09:00", "starts"),
        ("03-02 10:00", "stops"),
        ("03-03 10:00", "resumes"),
        ("03-03 11:00", "stops"),
    ]
    assert metric(story, "contacts").value == "2"


def test_what_was_merged_is_told_on_both_sides() -> None:
    told = golden("rule-09-a-merge-moves-messages-to-the-last-survivor")
    story = told.story("T1")
    assert "human reply by email (moved here from T3)" in texts(story)
    assert "T3 was merged into T2" in texts(story)
    loser = told.story("T3")
    assert loser.left_out == "merged into `T1`; its messages, notes, work and calls count there"
    assert texts(loser)[-1] == "merged into T2"
    assert {one.why for one in loser.metrics} == {f"left out: {loser.left_out}"}
    assert not any(one.is_counted for one in loser.metrics)


def test_a_spam_ticket_says_so_and_still_shows_its_events() -> None:
    told = golden("rule-09-deleted-spam-and-test-tickets-are-left-out")
    stories = [told.story(ticket) for ticket in told.access.engine.read("standing")["ticket"].to_pylist()]
    left_out = {story.left_out for story in stories}
    assert {"marked as spam", "deleted", "a test ticket"} <= left_out
    assert all(story.lines for story in stories)


def test_an_open_ticket_shows_its_running_clocks() -> None:
    rows: list[dict[str, object]] = [
        {"ticket": "O-1", "at": "2026-03-02T09:00", "kind": "created", "actor": "cleo"},
        {"ticket": "O-1", "at": "2026-03-02T09:00", "kind": "message", "actor": "cleo", "direction": "in"},
    ]
    events = [{**row, "at": _at(str(row["at"]))} for row in rows]
    story = Told({"event": events, "ticket": [{"id": "O-1", "requester": "cleo"}]}, "2026-03-02T10:00").story("O-1")
    running = [value for label, value in story.header if label == "Running"]
    assert "first_reply_time: 1 h" in running  # no schedule, so no business time
    assert "reply_time: 1 h" in running
    assert metric(story, "first_reply_time").why == "still running: shown beside it as open"
    assert metric(story, "resolution_time").is_counted is False
    assert metric(story, "backlog").is_counted


def test_a_ticket_is_found_by_source_and_id_and_a_wrong_one_gets_the_nearest(lengths: Told) -> None:
    assert lengths.story("s/T1").ticket == "T1"
    with pytest.raises(AskerError, match=r"^no ticket `T2`; did you mean `T1`\?$"):
        lengths.story("T2")
    events = [
        {"source": source, "id": "e", "ticket": "X", "at": _at("2026-03-02T09:00"), "kind": "created"}
        for source in ("desk", "mail")
    ]
    two = Told({"event": events, "ticket": [{"source": "mail", "id": "Y"}]}, "2026-03-03T00:00")
    with pytest.raises(AskerError, match="2 sources have a ticket `X`; say `desk/X` or `mail/X`"):
        two.story("X")
    assert two.story("mail/X").source == "mail"
    with pytest.raises(AskerError, match="ticket `mail/Y` has no event yet"):
        two.story("mail/Y")


def _at(text: str) -> object:

    return datetime.fromisoformat(text)
