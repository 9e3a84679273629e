"""Surveys, answers, follow-ups and reviews of one March, counted by hand."""

from datetime import datetime

import pytest
from hand_desk import HandRow, at, cells, hand_desk, request, values

from deskmeter.base.errors import AskerError
from deskmeter.query.access import Access
from deskmeter.query.request import Filter

MARCH = ("2026-03-01", "2026-04-01")
Score = float | None


def _day(day: int, hour: int = 10) -> datetime:
    return at(f"2026-03-{day:02} {hour:02}:00")


def _answer(kind: str, day: int, low: int | None, high: int | None, score: Score, **more: object) -> HandRow:
    return {"kind": kind, "at": _day(day), "scale_low": low, "scale_high": high, "score": score, **more}


TABLES: dict[str, list[HandRow]] = {
    "person": [
        {"id": "ana", "name": "Ana", "role": "staff"},
        {"id": "ben", "name": "Ben", "role": "staff"},
        {"id": "pia", "name": "Pia", "account": "acme"},
    ],
    "account": [{"id": "acme", "name": "Acme", "segment": "large", "country": "DE"}],
    "team": [{"id": "one", "name": "One"}, {"id": "two", "name": "Two"}],
    "membership_span": [{"person": "ben", "team": "two"}],
    "schedule": [{"id": "office", "zone": "UTC", "is_default": True}],
    "schedule_hours": [
        {"schedule": "office", "weekday": day, "open_minute": 540, "close_minute": 1020} for day in range(5)
    ],
    "ticket": [{"id": "t1", "requester": "pia", "channel": "email"}],
    "event": [
        {"ticket": "t1", "at": _day(1), "kind": "created", "actor": "pia", "first_team": "one"},
        {"ticket": "t1", "at": _day(1), "kind": "field", "field": "reason", "to_value": "billing"},
    ],
    "call": [{"id": "c1", "agent": "ben", "direction": "in", "ringing_at": _day(2), "ended_at": _day(2, 11)}],
    "survey_sent": [
        {"id": "v1", "kind": "csat", "ticket": "t1", "person": "pia", "agent": "ana", "sent_at": _day(2),
         "occasion": "transactional"},
        {"id": "v2", "kind": "csat", "call": "c1", "sent_at": _day(3)},
        {"id": "v3", "kind": "csat", "sent_at": _day(4), "is_delivered": False},
        {"id": "v4", "kind": "csat", "sent_at": _day(5), "is_delivered": False},
        {"id": "v5", "kind": "csat", "sent_at": _day(6)},
    ],
    "survey_answer": [
        _answer("csat", 3, 1, 5, 5.0, survey="v1"),
        _answer("csat", 4, 1, 5, 2.0, survey="v1", id="low"),  # the last valid one counts
        _answer("csat", 5, 1, 5, 9.0, survey="v1"),  # off its scale: as if it had not been given
        _answer("csat", 5, 1, 5, 3.5, survey="v1"),  # not a whole number
        _answer("csat", 5, 1, 7, 6.0, survey="v2"),
        _answer("csat", 6, 1, 5, 77.0, survey="v3"),  # an answer all the same: the survey was answered
        _answer("csat", 7, 1, 5, 4.0, survey="v5", question="q1"),
        _answer("csat", 8, 0, 10, 3.0, survey="v5", question="q1"),  # no rule: it hides the 4 and is set aside
        _answer("csat", 9, 1, 4, 3.0),  # the desk's own rule: satisfied from 3, low to 1
        _answer("csat", 9, 1, 4, 1.0),
        _answer("csat", 9, 0, 1, 1.0),
        _answer("nps", 10, 0, 10, 10.0, words="great", is_testimonial_allowed=True, agent="ben"),
        _answer("nps", 10, 0, 10, 9.0),
        _answer("nps", 10, 0, 10, 7.0, is_testimonial_allowed=True),
        _answer("nps", 10, 0, 10, 6.0),
        _answer("nps", 10, 1, 10, 1.0),  # off the kind's scale
        _answer("nps_1_10", 10, 1, 10, 1.0),
        _answer("ces", 11, 1, 7, 1.0, is_reversed=True),  # turned round: 7
        _answer("ces", 11, 1, 7, 4.0),
        _answer("ces", 11, 1, 5, 1.0),  # another length: never pooled, and low
        _answer("rating", 12, 1, 10, 8.0),
        _answer("rating", 12, None, None, 5.0),  # the kind's own scale
        _answer("solved_first_contact", 13, 0, 1, 1.0),
    ],
    "follow_up": [
        {"survey": "v1", "assigned_at": _day(3), "done_at": _day(3, 12)},  # before the answer
        {"answer": "low", "assigned_at": _day(4, 11), "done_at": _day(5, 11)},  # names the answer, means the survey
        {"survey": "v1", "assigned_at": _day(4, 11), "done_at": _day(6)},
    ],
    "scale_rule": [{"kind": "csat", "scale_low": 1, "scale_high": 4, "satisfied_from": 3, "low_to": 1}],
    "review": [
        {"site": "one", "at": _day(14), "stars_millis": 4500, "person": "pia"},
        {"site": "one", "at": _day(15), "stars_millis": 3500},
        {"site": "two", "at": _day(16), "stars_millis": 1000},
        {"site": "two", "at": _day(17)},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def desk() -> Access:
    return hand_desk(TABLES, "2026-03-25")


def _ask(desk: Access, metric: str, *by: str, stat: str | None = None) -> dict[tuple[str, ...], tuple[Score, int]]:
    return values(desk, request(metric, MARCH, by, (), stat))


def test_satisfied_by_each_scale_s_own_rule(desk: Access) -> None:
    # 2 of 5 no; 6 of 7 yes; 3 of 1-4 yes and 1 no by the desk's rule; good yes
    assert _ask(desk, "csat") == {(): (0.6, 5)}
    assert _ask(desk, "csat", "scale") == {("1-5",): (0, 1), ("1-7",): (1, 1), ("1-4",): (0.5, 2), ("0-1",): (1, 1)}


def test_a_mean_over_mixed_scales_does_not_exist(desk: Access) -> None:
    found = cells(desk, request("csat_average", MARCH))[()]
    assert (found.value, found.notes) == (None, ("more than one scale; split by `scale`",))
    assert _ask(desk, "csat_average", "scale")["1-4",] == (2.0, 2)
    only = request("csat_average", MARCH, (), (Filter("scale", "=", ("1-7",)),))
    assert values(desk, only) == {(): (6.0, 1)}


def test_credit_is_frozen_in_the_survey_else_the_call_s(desk: Access) -> None:
    found = _ask(desk, "csat", "agent")
    assert found["Ana",] == (0, 1)
    assert found["Ben",] == (1, 1)
    assert found["(unattributed)",] == (2 / 3, 3)


def test_team_is_the_ticket_s_else_the_agent_s(desk: Access) -> None:
    found = _ask(desk, "csat", "team")
    assert (found["One",][1], found["Two",][1]) == (1, 1)


def test_answers_split_by_their_interaction(desk: Access) -> None:
    assert _ask(desk, "csat", "channel")["email",] == (0, 1)
    assert _ask(desk, "csat", "channel")["phone",] == (1, 1)
    assert _ask(desk, "csat", "reason")["billing",] == (0, 1)
    assert _ask(desk, "csat", "occasion")["transactional",] == (0, 1)
    assert _ask(desk, "csat", "account_segment")["large",] == (0, 1)
    assert _ask(desk, "csat", "country")["DE",] == (0, 1)


def test_what_counts_nowhere_is_listed_with_its_reason(desk: Access) -> None:
    rows = desk.engine.fetch(desk.table("set_aside_answer")).to_pylist()
    assert sorted((row["survey_kind"], row["scale"], row["score"], row["reason"]) for row in rows) == [
        ("ces", "1-5", 1.0, "ces counts 1-7 alone"),
        ("csat", "0-10", 3.0, "a scale without a rule"),
        ("csat", "1-5", 3.5, "not a whole number"),
        ("csat", "1-5", 9.0, "off its scale"),
        ("csat", "1-5", 77.0, "off its scale"),
        ("nps", "1-10", 1.0, "nps counts 0-10 alone"),
    ]


def test_promoters_less_detractors_in_points(desk: Access) -> None:
    # 10, 9 promote; 7 is passive; 6 detracts: 2 - 1 of 4
    assert _ask(desk, "nps") == {(): (25.0, 4)}
    assert _ask(desk, "nps_1_10") == {(): (-100.0, 1)}
    shares = [_ask(desk, f"nps_{word}")[()] for word in ("promoters", "passives", "detractors")]
    assert shares == [(0.5, 4), (0.25, 4), (0.25, 4)]


def test_testimonials_are_of_promoters(desk: Access) -> None:
    assert _ask(desk, "testimonials_allowed") == {(): (1, 1)}


def test_ease_on_one_to_seven_alone(desk: Access) -> None:
    assert _ask(desk, "ces") == {(): (5.5, 2)}  # 7 and 4
    assert _ask(desk, "ces_easy_share") == {(): (0.5, 2)}


def test_ratings_and_their_distribution(desk: Access) -> None:
    assert _ask(desk, "conversation_rating") == {(): (6.5, 2)}
    assert set(_ask(desk, "conversation_rating", "score")) == {("8",), ("5",)}
    assert _ask(desk, "conversation_rating", stat="median") == {(): (6.5, 2)}


def test_solved_at_the_first_contact_by_their_own_words(desk: Access) -> None:
    assert _ask(desk, "fcr_confirmed") == {(): (1.0, 1)}


def test_answered_of_those_delivered(desk: Access) -> None:
    # v3 was not delivered and yet answered; v4 neither: 4 delivered, and all of them answered
    assert _ask(desk, "response_rate") == {(): (1.0, 4)}


def test_low_scores_by_kind(desk: Access) -> None:
    # CSAT 2 of 5 and 1 of 1-4; NPS 6; 1 of 1-10; CES 1 of 5; rating 5
    found = {key[0]: value for key, (value, _) in _ask(desk, "low_scores", "survey_kind").items()}
    assert found == {"csat": 2, "nps": 1, "nps_1_10": 1, "ces": 1, "rating": 1}


def test_the_first_follow_up_at_or_after_the_answer(desk: Access) -> None:
    # answered Wed 4 March 10:00, done Thu 5 March 11:00: 25 h, of which 7 + 2 of business
    assert _ask(desk, "follow_up_rate") == {(): (1 / 6, 6)}
    found = cells(desk, request("follow_up_time", MARCH))[()]
    assert (found.value, found.n, found.n_open) == (25 * 3600, 1, 5)
    assert values(desk, request("follow_up_time", MARCH, clock="business")) == {(): (9 * 3600, 1)}


def test_stars_of_two_sites_have_no_mean(desk: Access) -> None:
    assert _ask(desk, "reviews") == {(): (4, 4)}
    assert _ask(desk, "review_average") == {(): (None, 3)}
    assert _ask(desk, "review_average", "site") == {("one",): (4.0, 2), ("two",): (1.0, 1)}
    with pytest.raises(AskerError, match="`reviews` cannot be split by `agent`"):
        _ask(desk, "reviews", "agent")


def test_an_earlier_instant_knows_the_earlier_answer() -> None:
    desk = hand_desk(TABLES, "2026-03-03 12:00")
    assert _ask(desk, "csat") == {(): (1.0, 1)}
    # v1 answered; v2 sent and delivered
    assert _ask(desk, "response_rate") == {(): (0.5, 2)}
