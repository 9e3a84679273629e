"""Section 8: what customers said (basis: answered; credit: the agent frozen when the survey was sent)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from oracle.asked import Ask
from oracle.desk import Desk, World
from oracle.numbers_of import count, plain_values, share, values
from oracle.records import Cell, Outcome, Parts, Rec, Window, cell
from oracle.rows import Row

Metric = Callable[[Desk, Window, Ask], Outcome]
OWN_SCALE = {"nps": (0, 10), "nps_1_10": (1, 10), "rating": (1, 10), "ces": (1, 7), "solved_first_contact": (0, 1)}


class Answer:
    """One answer that exists, its score turned so that high is good (ruling 33)."""

    def __init__(self, world: World, row: Row, score: int) -> None:
        self.world, self.row, self.score = world, row, score
        self.kind: str = row["kind"]
        self.low, self.high = int(row["scale_low"]), int(row["scale_high"])

    @property
    def is_on_own_scale(self) -> bool:
        """Ruling 35: ces 1-7 alone, and the like; any scale where the kind has none of its own."""
        return OWN_SCALE.get(self.kind, (self.low, self.high)) == (self.low, self.high)

    @property
    def points(self) -> int:
        """Points of the scale."""
        return self.high - self.low + 1

    def rule(self, column: str) -> int | None:
        """What the configuration says about this scale."""
        for row in self.world.tables["scale_rule"]:
            if (row["kind"], row["scale_low"], row["scale_high"]) == (self.kind, self.low, self.high):
                limit: int | None = row.get(column)
                return limit
        return None

    @property
    def is_satisfied(self) -> bool | None:
        """Top two of 5, 7 or 10 points, good of good/bad; else the threshold stated; null: no rule."""
        if self.points in (5, 7) or (self.low, self.high) == (1, 10):
            return self.score >= self.high - 1
        if self.points == 2:
            return self.score == self.high
        limit = self.rule("satisfied_from")
        return None if limit is None else self.score >= limit

    @property
    def is_low(self) -> bool:
        """Ruling 36, 56: NPS 6, rating 6 of 10, the two lowest of 5, bad; others by configuration."""
        if self.kind in ("nps", "nps_1_10", "rating") and self.is_on_own_scale:
            return self.score <= 6
        if self.kind in ("nps", "nps_1_10", "solved_first_contact"):
            return False
        if self.points == 5:
            return self.score <= self.low + 1
        if self.points == 2:
            return self.score == self.low
        limit = self.rule("low_to")
        return limit is not None and self.score <= limit


def _valid_score(row: Row) -> int | None:
    """Off the range or not a whole number: set aside; a reversed scale is turned round."""
    score, low, high = row.get("score"), row.get("scale_low"), row.get("scale_high")
    if score is None or low is None or high is None or score != int(score) or not low <= score <= high:
        return None
    return int(low + high - score) if row.get("is_reversed") else int(score)


def existing_answers(world: World) -> list[Answer]:
    """Of the answers to one survey and question the last valid one by (at, id); others stand alone."""
    last: dict[Any, Answer] = {}
    for row in sorted(world.tables["survey_answer"], key=lambda row: (row["at"], row["id"])):
        score = _valid_score(row)
        if score is not None:
            survey = row.get("survey")
            key = ("alone", row["id"]) if survey is None else (survey, row.get("question"))
            last[key] = Answer(world, row, score)
    return list(last.values())


def survey_rec(world: World, row: Row, survey: Row, at: datetime) -> Rec:
    """A row for an answer or a survey; the answer's own columns, else the survey's (ruling 37)."""

    def either(column: str) -> Any:
        return row.get(column) if row.get(column) is not None else survey.get(column)

    call = next((call for call in world.tables["call"] if call["id"] == either("call")), {})
    agent = either("agent") or call.get("agent")
    ticket = world.by_id.get(world.home.get(either("ticket") or "", ""))
    rec = Rec(world, at, ticket, agent=agent, person=either("person"))
    if ticket is None:
        rec.team = world.people.team(agent, at)
        rec.channel = "phone" if call else None
    else:
        rec.state = ticket.state_then(at)
    rec.more.update({"survey_kind": row["kind"], "occasion": either("occasion")})
    return rec


def _survey_of(world: World, row: Row) -> Row:
    return next((s for s in world.tables["survey_sent"] if s["id"] == row.get("survey")), {})


def answer_recs(desk: Desk, *kinds: str) -> list[Rec]:
    """A row for each existing answer of these kinds (none: of all); `key` is the answer."""
    recs = []
    for world in desk.worlds:
        for answer in existing_answers(world):
            if not kinds or answer.kind in kinds:
                rec = survey_rec(world, answer.row, _survey_of(world, answer.row), answer.row["at"])
                rec.key, rec.value = answer, answer.score
                rec.more["scale"] = f"{answer.low}-{answer.high}"
                recs.append(rec)
    return recs


def _on_scale(desk: Desk, kind: str) -> list[Rec]:
    return [rec for rec in answer_recs(desk, kind) if rec.key.is_on_own_scale]


def _with_rule(desk: Desk) -> list[Rec]:
    """A scale without a rule is set aside, for the mean too (ruling 33)."""
    return [rec for rec in answer_recs(desk, "csat") if rec.key.is_satisfied is not None]


def csat(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Satisfied answers / answers; a scale without a rule is set aside."""
    return share(_with_rule(desk), lambda rec: bool(rec.key.is_satisfied))


def csat_average(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Within one scale only: null where there is more than one (ruling 34)."""
    return Outcome({"rows": _with_rule(desk)}, one_only("scale", plain_values(ask.stat or "mean", ask.within_s)))


def one_only(dimension: str, aggregate: Callable[[Parts], Cell]) -> Callable[[Parts], Cell]:
    """Null where the rows hold more than one scale, site or currency."""

    def guarded(parts: Parts) -> Cell:
        if len({rec.more[dimension] for recs in parts.values() for rec in recs}) > 1:
            return cell(None, aggregate(parts)["n"])
        return aggregate(parts)

    return guarded


def _mean_of(kind: str) -> Metric:
    def metric(desk: Desk, window: Window, ask: Ask) -> Outcome:
        return Outcome({"rows": _on_scale(desk, kind)}, plain_values(ask.stat or "mean", ask.within_s))

    return metric


def _share_of(kind: str, hit: Callable[[int], bool]) -> Metric:
    return lambda desk, window, ask: share(_on_scale(desk, kind), lambda rec: hit(rec.value))


def _nps(kind: str) -> Metric:
    """Promoters (9-10) minus detractors (up to 6), in points."""

    def points(parts: Parts) -> Cell:
        n = len(parts["rows"])
        net = sum((rec.value >= 9) - (rec.value <= 6) for rec in parts["rows"])
        return cell(100 * net / n if n else None, n, net, n)

    return lambda desk, window, ask: Outcome({"rows": _on_scale(desk, kind)}, points)


def response_rate(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Surveys answered / delivered, of those sent in the period (ruling 35)."""
    recs = []
    for world in desk.worlds:
        answered = {row.get("survey") for row in world.tables["survey_answer"]}
        for row in world.tables["survey_sent"]:
            if row.get("is_delivered") is not False or row["id"] in answered:
                rec = survey_rec(world, row, {}, row["sent_at"])
                rec.value = row["id"] in answered
                recs.append(rec)
    return share(recs, lambda rec: rec.value)


def _low(desk: Desk) -> list[Rec]:
    return [rec for rec in answer_recs(desk) if rec.key.is_low]


def low_scores(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Answers at or under the follow-up limit."""
    return Outcome({"rows": _low(desk)}, count)


def _followed_at(rec: Rec) -> datetime | None:
    """The first follow-up of that survey (or answer) done at or after the answer."""
    row = rec.key.row
    done = [
        follow["done_at"]
        for follow in rec.world.tables["follow_up"]
        if follow.get("done_at") is not None
        and follow["done_at"] >= row["at"]
        and (follow.get("answer") == row["id"] or (row.get("survey") and follow.get("survey") == row["survey"]))
    ]
    return min(done, default=None)


def follow_up_rate(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Followed up / low scores."""
    return share(_low(desk), lambda rec: _followed_at(rec) is not None)


def follow_up_time(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Answer -> follow-up, filed by the answer."""
    recs = []
    for rec in _low(desk):
        done = _followed_at(rec)
        if done is not None:
            lived = rec.ticket.lived if rec.ticket else rec.world.lived_default
            rec.value = lived.elapsed(rec.at, done, ask.clock, ask.policy)
            recs.append(rec)
    return Outcome({"rows": recs}, values(ask.stat or "median", ask.within_s))


def _review_recs(desk: Desk) -> list[Rec]:
    return [
        Rec(w, row["at"], person=row.get("person"), value=row.get("stars_millis"), more={"site": row["site"]})
        for w in desk.worlds
        for row in w.tables["review"]
    ]


def reviews(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Reviews on third-party sites."""
    return Outcome({"rows": _review_recs(desk)}, count)


def review_average(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Mean stars, by site."""
    recs = [rec for rec in _review_recs(desk) if rec.value is not None]
    for rec in recs:
        rec.value /= 1000
    return Outcome({"rows": recs}, one_only("site", plain_values(ask.stat or "mean", ask.within_s)))


def referrals(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """Referrals made."""
    recs = [Rec(world, row["made_at"]) for world in desk.worlds for row in world.tables["referral"]]
    return Outcome({"rows": recs}, count)


def testimonials_allowed(desk: Desk, window: Window, ask: Ask) -> Outcome:
    """NPS promoters (0-10) who allowed their words to be used."""
    recs = [r for r in _on_scale(desk, "nps") if r.value >= 9 and r.key.row.get("is_testimonial_allowed")]
    return Outcome({"rows": recs}, count)


METRICS: dict[str, Metric] = {
    "csat": csat,
    "csat_average": csat_average,
    "conversation_rating": _mean_of("rating"),
    "nps": _nps("nps"),
    "nps_1_10": _nps("nps_1_10"),
    "nps_promoters": _share_of("nps", lambda score: score >= 9),
    "nps_passives": _share_of("nps", lambda score: 7 <= score <= 8),
    "nps_detractors": _share_of("nps", lambda score: score <= 6),
    "ces": _mean_of("ces"),
    "ces_easy_share": _share_of("ces", lambda score: score >= 5),
    "fcr_confirmed": _share_of("solved_first_contact", lambda score: score == 1),
    "response_rate": response_rate,
    "low_scores": low_scores,
    "follow_up_rate": follow_up_rate,
    "follow_up_time": follow_up_time,
    "reviews": reviews,
    "review_average": review_average,
    "referrals": referrals,
    "testimonials_allowed": testimonials_allowed,
}
