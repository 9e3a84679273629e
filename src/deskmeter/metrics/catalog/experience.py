"""Experience: what customers answered about the service, each scale by its own rule (metrics 8)."""

from __future__ import annotations

from deskmeter.engines.expressions import ibis
from deskmeter.metrics.spec import Asked, Condition, Count, Metric, Nps, Part, Share, Stat

FAMILY = "Experience"
CREDIT = "last_public_replier, frozen when the survey was sent; else the agent of the call"
ANSWERED = "answered"
SET_ASIDE = "answers off their scale, not whole numbers, or on a scale without a rule (listed in the trust report)"


def of_kind(kind: str) -> Part:
    """Answers of one kind of survey that lie on its scale: the last one to each question of each survey."""

    def keep(rows: ibis.Table, asked: Asked) -> ibis.Value:
        return (rows.survey_kind == kind) & rows.counts

    return Part("f_answer", keep=keep)


def is_promoter(rows: ibis.Table, asked: Asked) -> ibis.Value:
    """9 and 10."""
    return rows.score >= 9


def _is_passive(rows: ibis.Table, asked: Asked) -> ibis.Value:
    return (rows.score >= 7) & (rows.score <= 8)


def _is_detractor(rows: ibis.Table, asked: Asked) -> ibis.Value:
    return rows.score <= 6


csat = Metric(
    id="csat",
    label="Satisfied customers (CSAT)",
    family=FAMILY,
    definition="Satisfied answers of all answers. Satisfied: the top two of a 5- or 7-point scale, 9-10 of a 10-point "
    "scale, good of good/bad; any other scale states its own threshold. The last answer to one survey counts.",
    formula="satisfied answers / answers",
    unit="share",
    basis=ANSWERED,
    credit=CREDIT,
    good="up",
    parts=(of_kind("csat"),),
    aggregate=Share(hit=lambda rows, asked: rows.is_satisfied),
    leaves_out=SET_ASIDE,
    sources=("KPI8", "Role", "IS4", "Jivo15"),
)

csat_average = Metric(
    id="csat_average",
    label="Average rating (CSAT)",
    family=FAMILY,
    definition="Mean rating of satisfaction surveys, within one scale only: split by scale where there are several.",
    formula="sum of ratings / number of ratings",
    unit="score",
    basis=ANSWERED,
    credit=CREDIT,
    good="up",
    parts=(of_kind("csat"),),
    aggregate=Stat(lambda rows, asked: rows.score, default="mean"),
    leaves_out=SET_ASIDE,
    sources=("Jivo15 1",),
    notes=("null where answers lie on more than one scale and the question does not split by `scale`",),
    splits_by=("scale",),
    decimals=2,
)

conversation_rating = Metric(
    id="conversation_rating",
    label="Rating of the conversation",
    family=FAMILY,
    definition="Mean of the 1-10 rating asked when a conversation closes; split by score for its distribution.",
    formula="sum of ratings / number of ratings",
    unit="score",
    basis=ANSWERED,
    credit=CREDIT,
    good="up",
    parts=(of_kind("rating"),),
    aggregate=Stat(lambda rows, asked: rows.score, default="mean"),
    leaves_out="ratings on another scale than 1-10, " + SET_ASIDE,
    sources=("Jivo15 13",),
    decimals=2,
)


def _nps(id: str, label: str, scale: str) -> Metric:
    return Metric(
        id=id,
        label=label,
        family=FAMILY,
        definition=f"Share of promoters (9-10) less share of detractors (6 or less) on a scale of {scale}, in points. "
        "Passives (7-8) stay in the denominator.",
        formula="100 x (promoters - detractors) / answers",
        unit="points",
        basis=ANSWERED,
        credit=CREDIT,
        good="up",
        parts=(of_kind(id),),
        aggregate=Nps(is_promoter, _is_detractor),
        leaves_out=SET_ASIDE,
        sources=("MHC", "KPI8", "Jivo15 12", "Role", "IS4"),
        notes=("scales 0-10 and 1-10 are never pooled",),
    )


NPS = (_nps("nps", "Net promoter score", "0-10"), _nps("nps_1_10", "Net promoter score, 1-10", "1-10"))


def _nps_group(id: str, label: str, range_: str, good: str, hit: Condition) -> Metric:
    return Metric(
        id=id,
        label=label,
        family=FAMILY,
        definition=f"Answers of {range_} of all answers to the 0-10 question whether one would recommend us; the "
        "numerator is their count.",
        formula=f"answers of {range_} / answers",
        unit="share",
        basis=ANSWERED,
        credit=CREDIT,
        good="up" if good == "up" else "down" if good == "down" else "neither",
        parts=(of_kind("nps"),),
        aggregate=Share(hit=hit),
        leaves_out=SET_ASIDE,
        sources=("Jivo15 12",),
    )


NPS_GROUPS = (
    _nps_group("nps_promoters", "Promoters", "9-10", "up", is_promoter),
    _nps_group("nps_passives", "Passives", "7-8", "neither", _is_passive),
    _nps_group("nps_detractors", "Detractors", "0-6", "down", _is_detractor),
)

ces = Metric(
    id="ces",
    label="Ease (CES)",
    family=FAMILY,
    definition='Mean agreement with "they made it easy to handle my issue" on 1-7, 7 easiest. A reversed scale is '
    "turned round.",
    formula="sum of answers / number of answers",
    unit="score",
    basis=ANSWERED,
    credit=CREDIT,
    good="up",
    parts=(of_kind("ces"),),
    aggregate=Stat(lambda rows, asked: rows.score, default="mean"),
    leaves_out="scales of another length, which are never pooled; " + SET_ASIDE,
    sources=("KPI8", "IS4"),
    decimals=2,
)

ces_easy_share = Metric(
    id="ces_easy_share",
    label="Share who found it easy",
    family=FAMILY,
    definition="Answers of 5-7 of all answers on the 1-7 scale of ease.",
    formula="answers of 5-7 / answers",
    unit="share",
    basis=ANSWERED,
    credit=CREDIT,
    good="up",
    parts=(of_kind("ces"),),
    aggregate=Share(hit=lambda rows, asked: rows.score >= 5),
    leaves_out="scales of another length, which are never pooled; " + SET_ASIDE,
    sources=("KPI8", "IS4"),
)

fcr_confirmed = Metric(
    id="fcr_confirmed",
    label="Solved at the first contact, says the customer",
    family="Resolution quality and effort",
    definition='Survey answers "solved at the first contact: yes" of all answers to that question.',
    formula="answers yes / answers",
    unit="share",
    basis=ANSWERED,
    credit=CREDIT,
    good="up",
    parts=(of_kind("solved_first_contact"),),
    aggregate=Share(hit=lambda rows, asked: rows.score == 1),
    leaves_out=SET_ASIDE,
)


def _testimonial(rows: ibis.Table, asked: Asked) -> ibis.Value:
    return (rows.survey_kind == "nps") & rows.counts & is_promoter(rows, asked) & rows.is_testimonial_allowed


testimonials_allowed = Metric(
    id="testimonials_allowed",
    label="Testimonials allowed",
    family=FAMILY,
    definition="Promoters (9-10 on 0-10) who allowed their words to be used.",
    formula="number of answers",
    unit="count",
    basis=ANSWERED,
    credit=CREDIT,
    good="up",
    parts=(Part("f_answer", keep=_testimonial),),
    aggregate=Count(),
    sources=("Jivo15 (Crestodina)",),
    decimals=0,
)
