"""Surveys about tickets, calls and the company: sent, delivered or not, answered or not, changed, followed up."""

from dataclasses import dataclass
from random import Random

from deskmeter.connectors.demo.customers import Base, Customer
from deskmeter.connectors.demo.life import Life, until_awake
from deskmeter.connectors.demo.moods import (
    CES_STEPS,
    CSAT_STEPS,
    NPS_STEPS,
    RATING_STEPS,
    company_mood,
    on_scale,
    ticket_mood,
    words_for,
)
from deskmeter.connectors.demo.planted import LEAVING_ACCOUNT, SOUR_REASON, trouble_from
from deskmeter.connectors.demo.sheet import Row, Sheet, whole
from deskmeter.connectors.demo.staff import Staff
from deskmeter.connectors.demo.world import DAY, HOUR, MINUTE, World, spread

SMILEYS = (-0.9, 0.0)
OUTCOMES = ("apologised", "explained", "solved after all", "credit given", "no answer")


@dataclass(frozen=True)
class Form:
    """One kind of survey: its scale, the steps of mood, how many are sent and how many answer."""

    kind: str
    low: int
    high: int
    steps: tuple[float, ...]
    sent: float
    answered: float
    is_reversed: bool = False


CSAT = Form("csat", 1, 5, CSAT_STEPS, 0.85, 0.30)
GOOD_BAD = Form("csat", 0, 1, (-0.35,), 0.8, 0.35)
SMILEY = Form("csat", 1, 3, SMILEYS, 0.9, 0.4)
RATING = Form("rating", 1, 10, RATING_STEPS, 0.95, 0.42)
CES = Form("ces", 1, 7, CES_STEPS, 0.22, 0.32)
CES_TURNED = Form("ces", 1, 7, CES_STEPS, 0.22, 0.32, is_reversed=True)
NPS = Form("nps", 0, 10, NPS_STEPS, 1.0, 0.27)
NPS_1_10 = Form("nps_1_10", 1, 10, RATING_STEPS, 1.0, 0.27)
FORM_BY_CHANNEL = {"chat": RATING, "messaging": GOOD_BAD, "social": SMILEY}


@dataclass
class Mailing:
    """Where surveys are written."""

    world: World
    staff: Staff
    sheets: dict[str, Sheet]
    dice: Random


def invent_surveys(world: World, base: Base, staff: Staff, lives: list[Life], sheets: dict[str, Sheet]) -> None:
    """Fills survey_sent, survey_answer, follow_up and scale_rule."""
    sheets["scale_rule"].add(id="SR-1", kind="csat", scale_low=1, scale_high=3, satisfied_from=3, low_to=1)
    mailing = Mailing(world, staff, sheets, world.dice("surveys"))
    for life in lives:
        arrival = life.arrival
        if life.resolved and arrival.person and not arrival.is_test and arrival.same_as is None:
            _ask_about_ticket(mailing, life)
    _ask_about_calls(mailing)
    for customer in base.customers:
        if customer.account:
            _ask_about_company(mailing, customer)


def _ask_about_ticket(mailing: Mailing, life: Life) -> None:
    dice = mailing.dice
    mood = ticket_mood(life, mailing.world, dice)
    form = FORM_BY_CHANNEL.get(life.arrival.channel, CSAT)
    answers = 0.9 if life.arrival.is_leaving else form.answered
    if dice.random() < form.sent:
        delay = 30 if form is RATING else dice.randint(4 * HOUR, 26 * HOUR)
        _ask(mailing, form, life.resolved[0].at + delay, mood, life, answers)
    if form is CSAT and dice.random() < CES.sent:
        effort = CES_TURNED if life.arrival.customer.region == "asia" else CES
        _ask(
            mailing, effort, life.resolved[0].at + 2 * DAY, mood + 0.2 - 0.15 * life.resolved[0].replies, life, answers
        )


def _ask(mailing: Mailing, form: Form, sent_at: int, mood: float, life: Life, answers: float) -> None:
    """One survey about one ticket, its answers, and for CSAT the second question."""
    dice, agent = mailing.dice, life.resolved[0].replier
    sheet = mailing.sheets["survey_sent"]
    survey = f"Q-{len(sheet) + 1:06}"
    delivered = dice.choices((True, None, False), (80, 16, 4))[0]
    loose = form is CSAT and dice.random() < 0.01  # answers by a link below the mail, without a survey
    if not loose:
        sheet.add(
            id=survey, kind=form.kind, occasion="transactional", ticket=life.id, call=life.call,
            person=life.arrival.person, channel="chat" if form is RATING else "email", sent_at=sent_at,
            is_delivered=delivered, agent=agent,
        )  # fmt: skip
    if delivered is False or dice.random() >= answers:
        return
    about: Row = {"survey": survey, "question": "score"}
    if loose:
        about = {"ticket": life.id, "person": life.arrival.person, "agent": agent, "occasion": "transactional"}
    at = sent_at + spread(dice, 2 * MINUTE)
    if form is not RATING:
        at = until_awake(sent_at + spread(dice, 5 * HOUR, 1.1), life.arrival.customer.region)
    is_sour = life.arrival.reason.path == SOUR_REASON
    _answer(mailing, form, about, at, mood, words_for(mood, dice, is_sour))
    if form is CSAT and not loose and dice.random() < 0.55:
        once = len(life.resolved) == 1 and life.replies <= 1
        solved = dice.random() < (0.9 if once else 0.35)
        mailing.sheets["survey_answer"].add(
            id=_next(mailing), survey=survey, question="solved", kind="solved_first_contact", at=at, scale_low=0,
            scale_high=1, score=float(solved),
        )  # fmt: skip


def _next(mailing: Mailing) -> str:
    return f"N-{len(mailing.sheets['survey_answer']) + 1:06}"


def _answer(mailing: Mailing, form: Form, about: Row, at: int, mood: float, words: str | None) -> None:
    """Writes an answer, now and then a second one that replaces it, and the follow-up of a low one."""
    dice, sheet = mailing.dice, mailing.sheets["survey_answer"]
    score = on_scale(mood, form.steps, form.low)
    allowed = None
    if form.kind == "nps" and score >= 9:
        allowed = dice.choice((True, True, False, None))
    times = [(at, score)]
    if dice.random() < 0.03:
        times.append((at + spread(dice, 3 * HOUR), max(form.low, min(form.high, score + dice.choice((-2, -1, 1, 2))))))
    for when, value in times:
        ident = _next(mailing)
        shown = form.low + form.high - value if form.is_reversed else value
        if dice.random() < 0.0006:
            shown = form.high + 3  # a slip that the survey tool let through
        sheet.add(
            id=ident, **about, kind=form.kind, at=when, scale_low=form.low, scale_high=form.high,
            is_reversed=True if form.is_reversed else None, score=float(shown), words=words,
            is_testimonial_allowed=allowed,
        )  # fmt: skip
    if _is_low(form, times[-1][1]) and form.kind != "ces" and dice.random() < 0.72:
        _follow_up(mailing, about.get("survey"), ident, times[-1][0])


def _is_low(form: Form, score: int) -> bool:
    return score <= {10: 6, 5: 2, 3: 1, 1: 0}.get(form.high, 0)


def _follow_up(mailing: Mailing, survey: object, answer: str, at: int) -> None:
    dice, sheet = mailing.dice, mailing.sheets["follow_up"]
    assigned = at + dice.randint(5, 300) * MINUTE
    done = assigned + spread(dice, DAY, 0.9) if dice.random() < 0.82 else None
    agent = mailing.staff.pick(dice, "TEAM-EU", assigned)
    sheet.add(
        id=f"F-{len(sheet) + 1:05}", survey=str(survey) if survey else None, answer=None if survey else answer,
        assigned_at=assigned, due_at=assigned + 2 * DAY, done_at=done,
        outcome=dice.choice(OUTCOMES) if done else None, agent=agent.id,
    )  # fmt: skip


def _ask_about_calls(mailing: Mailing) -> None:
    """A quarter of the answered calls without a ticket are asked about by text message."""
    dice = mailing.dice
    for call in mailing.sheets["call"]:
        if call.get("ticket") or call.get("person") is None or call["outcome"] != "answered" or dice.random() > 0.25:
            continue
        sheet = mailing.sheets["survey_sent"]
        survey = f"Q-{len(sheet) + 1:06}"
        sent_at = whole(call["ended_at"]) + 5 * MINUTE
        sheet.add(
            id=survey, kind="csat", occasion="transactional", call=call["id"], person=call["person"], channel="phone",
            sent_at=sent_at, is_delivered=None,
        )  # fmt: skip
        if dice.random() < 0.3:
            mood = 0.7 + dice.gauss(0, 0.9)
            _answer(mailing, CSAT, {"survey": survey, "question": "score"}, sent_at + spread(dice, HOUR), mood, None)


def _ask_about_company(mailing: Mailing, customer: Customer) -> None:
    """Every half-year each person of an account; in Asia the older form on 1 to 10 was used in the first half."""
    dice, world = mailing.dice, mailing.world
    is_leaving = customer.account == LEAVING_ACCOUNT
    for person in customer.people:
        first = world.start + dice.randint(0, 180) * DAY + dice.randint(8, 17) * HOUR
        times = [first, first + 182 * DAY]
        if is_leaving:
            times.append(trouble_from(world) + dice.randint(25, 60) * DAY)
        for sent_at in times:
            if not customer.is_customer(sent_at) or sent_at >= world.end:
                continue
            old = customer.region == "asia" and sent_at < world.start + 182 * DAY
            form = NPS_1_10 if old else NPS
            sheet = mailing.sheets["survey_sent"]
            survey = f"Q-{len(sheet) + 1:06}"
            delivered = dice.choices((True, None, False), (85, 10, 5))[0]
            sheet.add(
                id=survey, kind=form.kind, occasion="relational", person=person, channel="email", sent_at=sent_at,
                is_delivered=delivered,
            )  # fmt: skip
            if delivered is not False and dice.random() < (0.75 if is_leaving else form.answered):
                mood = company_mood(customer, sent_at, world, dice)
                at = until_awake(sent_at + spread(dice, 14 * HOUR, 1.2), customer.region)
                _answer(mailing, form, {"survey": survey, "question": "score"}, at, mood, words_for(mood, dice))
