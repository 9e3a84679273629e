"""Random surveys, answers, follow-ups, reviews and referrals."""

from datetime import datetime, timedelta

from oracle.company_histories import Company
from oracle.draw import Draw
from oracle.rows import History, Row

SCALES: dict[str, tuple[tuple[int, int], ...]] = {
    "csat": ((1, 5), (1, 5), (1, 7), (1, 10), (0, 1), (1, 4), (0, 10)),
    "nps": ((0, 10), (0, 10), (0, 10), (1, 10)),
    "nps_1_10": ((1, 10),),
    "ces": ((1, 7), (1, 7), (1, 5)),
    "rating": ((1, 10), (1, 10), (1, 5)),
    "solved_first_contact": ((0, 1),),
}


def surveys(draw: Draw, crew: Company, history: History, ticket_ids: list[str]) -> None:
    """Fill the tables of section 8."""
    for _ in range(draw.rng.randrange(5)):
        _survey(draw, crew, history, ticket_ids)
    for _ in range(draw.rng.randrange(3)):
        kind = draw.one(tuple(SCALES))
        _answer(draw, crew, history, {"kind": kind}, draw.begin(), ticket_ids)
    if draw.chance(0.5):
        limits = {"satisfied_from": draw.one((None, 3)), "low_to": draw.one((None, 2))}
        history["scale_rule"].append(draw.row(draw.id("sr"), kind="csat", scale_low=1, scale_high=4, **limits))
    for _ in range(draw.rng.randrange(3)):
        stars = draw.one((1000, 3500, 5000, None))
        review = draw.row(draw.id("rv"), site=draw.one(("one", "two")), at=draw.begin(), stars_millis=stars)
        history["review"].append(review)
    for _ in range(draw.rng.randrange(2)):
        referred = draw.one([*crew.accounts, *crew.customers, None])
        history["referral"].append(draw.row(draw.id("rf"), referred=referred, made_at=draw.begin()))


def _survey(draw: Draw, crew: Company, history: History, ticket_ids: list[str]) -> None:
    kind, at = draw.one(tuple(SCALES)), draw.begin()
    calls = [row["id"] for row in history["call"]]
    row = draw.row(
        draw.id("sv"),
        kind=kind,
        occasion=draw.one((None, "relational", "transactional")),
        ticket=draw.one([None, *ticket_ids]),
        call=draw.one([None, None, None, *calls]),
        person=draw.one([None, *crew.customers]),
        sent_at=at,
        is_delivered=draw.one((None, True, False)),
        agent=draw.one([None, *crew.agents]),
    )
    history["survey_sent"].append(row)
    for _ in range(draw.one((0, 0, 1, 1, 2, 3))):
        at = draw.later(at)
        _answer(draw, crew, history, row, at, ticket_ids)


def _answer(draw: Draw, crew: Company, history: History, survey: Row, at: datetime, ticket_ids: list[str]) -> None:
    low, high = draw.one(SCALES[survey["kind"]])
    score: float | None = draw.one((low, low + 1, high, high - 1, (low + high) // 2, draw.rng.randint(low, high)))
    if draw.chance(0.1):
        score = draw.one((None, high + 1, low - 1, low + 0.5))
    linked = "id" in survey
    row = draw.row(
        draw.id("an"),
        survey=survey.get("id"),
        question=draw.one((None, None, "q1", "q2")) if linked else None,
        kind=survey["kind"],
        occasion=None if linked else draw.one((None, "relational")),
        ticket=None if linked else draw.one([None, *ticket_ids]),
        person=None if linked else draw.one([None, *crew.customers]),
        at=at,
        scale_low=low,
        scale_high=high,
        is_reversed=True if draw.chance(0.15) else None,
        score=None if score is None else float(score),
        is_testimonial_allowed=draw.one((None, True, False)),
        agent=draw.one([None, None, *crew.agents]),
    )
    history["survey_answer"].append(row)
    if draw.chance(0.5):
        done = None if draw.chance(0.3) else at + timedelta(seconds=draw.one((-60, 0, 600, 86400)))
        by = {"survey": survey["id"]} if linked else {"answer": row["id"]}
        assigned = None if done is None else min(at, done)
        history["follow_up"].append(draw.row(draw.id("fu"), assigned_at=assigned, done_at=done, **by))
