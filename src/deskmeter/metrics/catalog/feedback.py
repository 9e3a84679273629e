"""Feedback: how many answer, what is done about low scores, reviews and referrals (metrics 8)."""

from __future__ import annotations

from deskmeter.engines.expressions import ibis
from deskmeter.metrics.customer_rows import CUSTOMER_DIMS
from deskmeter.metrics.spec import Asked, Count, Flow, Metric, Part, Share, Stat

FAMILY = "Experience"
CREDIT = "last_public_replier, frozen when the survey was sent; else the agent of the call"
_LOW = (
    "at or under the follow-up limit: NPS 6, rating 6 of 10, the two lowest of 5, bad of good/bad; other scales state "
    "their own"
)


def _is_low(rows: ibis.Table, asked: Asked) -> ibis.Value:
    return rows.is_low


def _is_followed(rows: ibis.Table, asked: Asked) -> ibis.Value:
    return rows.followed_us.notnull()


_LOW_ANSWERS = Part("f_answer", keep=_is_low)

response_rate = Metric(
    id="response_rate",
    label="Response rate",
    family=FAMILY,
    definition="Surveys answered of the surveys delivered, of those sent in the period. Unknown delivery counts as "
    "delivered; any answer by as_of is one, on or off its scale.",
    formula="surveys answered / surveys delivered",
    unit="share",
    basis="sent",
    credit=CREDIT,
    good="up",
    parts=(Part("f_survey"),),
    aggregate=Share(hit=lambda rows, asked: rows.is_answered, base=lambda rows, asked: rows.is_delivered),
    leaves_out="surveys known not to be delivered and not answered",
)

low_scores = Metric(
    id="low_scores",
    label="Low scores",
    family=FAMILY,
    definition=f"Answers {_LOW}.",
    formula="number of answers",
    unit="count",
    basis="answered",
    credit=CREDIT,
    good="down",
    parts=(_LOW_ANSWERS,),
    aggregate=Count(),
    leaves_out="scales without a follow-up limit",
    sources=("MHC", "Jivo15 1", "Jivo15 12"),
    decimals=0,
)

follow_up_rate = Metric(
    id="follow_up_rate",
    label="Low scores followed up",
    family=FAMILY,
    definition=f"Answers {_LOW}: the share whose survey was followed up at or after the answer, by as_of.",
    formula="low scores followed up / low scores",
    unit="share",
    basis="answered",
    credit=CREDIT,
    good="up",
    parts=(_LOW_ANSWERS,),
    aggregate=Share(hit=_is_followed),
    sources=("MHC", "Jivo15 1", "Jivo15 12"),
)

follow_up_time = Metric(
    id="follow_up_time",
    label="Time to follow-up",
    family=FAMILY,
    definition="From a low score to the first follow-up of its survey that was done at or after it.",
    formula="follow-up done - answered",
    unit="seconds",
    basis="answered",
    credit=CREDIT,
    good="down",
    parts=(
        Part("f_answer", keep=lambda rows, asked: _is_low(rows, asked) & _is_followed(rows, asked)),
        Part("f_answer", keep=lambda rows, asked: _is_low(rows, asked) & ~_is_followed(rows, asked)),
    ),
    aggregate=Stat(lambda rows, asked: rows[f"{asked.clock_column}_s"], running=1),
    clocks=("calendar", "business"),
    sources=("MHC", "Jivo15 1", "Jivo15 12"),
)

reviews = Metric(
    id="reviews",
    label="Reviews",
    family=FAMILY,
    definition="Reviews on third-party sites; split by site.",
    formula="number of reviews",
    unit="count",
    basis="posted",
    credit="none",
    good="up",
    parts=(Part("f_review"),),
    aggregate=Count(),
    sources=("Jivo15 (Morison)",),
    decimals=0,
)

review_average = Metric(
    id="review_average",
    label="Average stars",
    family=FAMILY,
    definition="Mean stars of reviews, within one site only: split by site where there are several.",
    formula="sum of stars / number of reviews with stars",
    unit="score",
    basis="posted",
    credit="none",
    good="up",
    parts=(Part("f_review", keep=lambda rows, asked: rows.stars_millis.notnull()),),
    aggregate=Stat(lambda rows, asked: rows.stars_millis / 1000, default="mean"),
    leaves_out="reviews without stars",
    sources=("Jivo15 (Morison)",),
    notes=("null where there is more than one site and the question does not split by `site`",),
    splits_by=("site",),
    decimals=2,
)

referrals = Metric(
    id="referrals",
    label="Referrals",
    family=FAMILY,
    definition="Referrals made, under the customer who made them.",
    formula="number of referrals",
    unit="count",
    basis="made",
    credit="none",
    good="up",
    parts=(Part("f_referral"),),
    aggregate=Count(),
    sources=("Jivo15 (Morison, Crestodina)",),
    decimals=0,
)

referred_share = Metric(
    id="referred_share",
    label="Customers who came by a referral",
    family=FAMILY,
    definition="Joinings that a referral explains, of all joinings. One referral explains the customer's first "
    "joining at or after it.",
    formula="new customers who came by a referral / new customers",
    unit="share",
    basis="joined",
    credit="none",
    good="up",
    parts=(Part("f_customer_span", Flow("from_us"), only_dims=CUSTOMER_DIMS),),
    aggregate=Share(hit=lambda rows, asked: rows.is_referred),
    sources=("Jivo15 (Morison, Crestodina)",),
)
