"""Surveys, their answers and what was done about them."""

from __future__ import annotations

from collections.abc import Mapping

from deskmeter.engines.expressions import ibis
from deskmeter.facts.attribution import with_customer, with_home_ticket, with_team_then, with_ticket_state
from deskmeter.facts.clocks import in_seconds, with_clocks
from deskmeter.facts.people import with_label
from deskmeter.facts.places import with_customer_kind, with_whereabouts
from deskmeter.facts.scales import judged
from deskmeter.facts.tables import Tables, key, known_or

_WHERE = (
    "source", "ticket_id", "customer", "account", "agent", "team", "priority", "status", "stage", "channel",
    "survey_kind", "occasion", "country", "language", "requester", "customer_kind",
)  # fmt: skip


def answers(t: Tables) -> Mapping[str, ibis.Table]:
    """`answer_given`: the last valid answer to one question of one survey; an answer without a survey stands alone.

    `set_aside_answer`: answers that no score counts, with the reason (ruling 33). An answer off its scale is as if
    it had not been given; one on a scale without a rule still takes the place of an earlier one (ruling 81).
    """
    rows = judged(t.canonical("survey_answer"), t)
    valid = rows.filter(rows.off_scale.isnull())
    alone = valid.survey.isnull().ifelse(valid.id, ibis.null("string"))
    valid = valid.mutate(_alone=alone)
    latest = ibis.window(
        group_by=["source", "survey", "question", "_alone"], order_by=[ibis.desc("at"), ibis.desc("id")]
    )
    last = valid.mutate(_nth=ibis.row_number().over(latest))
    last = last.filter(last._nth == 0).drop("_nth", "_alone")
    aside = _reasoned(rows.filter(rows.off_scale.notnull()), "off_scale")
    return {
        "answer_given": last,
        "set_aside_answer": aside.union(_reasoned(last.filter(last.no_rule.notnull()), "no_rule")),
    }


def _reasoned(rows: ibis.Table, reason: str) -> ibis.Table:
    return rows.select("source", "survey", "scale", "score", answer="id", survey_kind="kind", at_us="at", reason=reason)


def surveys(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_survey`: one row a survey sent, filed when it was sent, and whether it was delivered and answered.

    Unknown delivery counts as delivered, known failure does not unless an answer came; any answer is one, on or
    off its scale (ruling 35).
    """
    sent = t.canonical("survey_sent").rename(survey_kind="kind", survey_channel="channel", agent_id="agent")
    given = t.canonical("survey_answer")
    answered = given.filter(given.survey.notnull()).select(_source="source", _survey="survey").distinct()
    rows = sent.left_join(answered, [("source", "_source"), ("id", "_survey")])
    is_answered = rows._survey.notnull()
    rows = rows.mutate(
        is_answered=is_answered, is_delivered=is_answered | known_or(rows.is_delivered, ibis.literal(True))
    ).drop("_source", "_survey")
    rows = _placed(rows, t, "sent_at")
    return {"f_survey": rows.select(*_WHERE, "is_answered", "is_delivered", survey="id", at_us="sent_at")}


def answers_placed(t: Tables) -> Mapping[str, ibis.Table]:
    """`answer_placed`: each answer that counts with its ticket, customer and credit; see `answer_facts`."""
    rows = t["answer_given"].rename(survey_kind="kind", agent_id="agent")
    sent = t.canonical("survey_sent").select(
        _source="source", _survey="id", _occasion="occasion", _ticket="ticket", _call="call", _person="person",
        survey_channel="channel", _agent="agent",
    )  # fmt: skip
    rows = rows.left_join(sent, [("source", "_source"), ("survey", "_survey")])
    rows = rows.mutate(
        occasion=known_or(rows.occasion, rows._occasion),
        ticket=known_or(rows.ticket, rows._ticket),
        call=known_or(rows.call, rows._call),
        person=known_or(rows.person, rows._person),
        agent_id=known_or(rows.agent_id, rows._agent),
    ).drop("_source", "_survey", "_occasion", "_ticket", "_call", "_person", "_agent")
    return {"answer_placed": _placed(rows, t, "at")}


def answer_facts(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_answer`: one row an answer that counts, filed when it was given, credited to the agent frozen in its survey.

    score: reversed scales turned round. counts: its scale has the rule that its kind needs. is_satisfied, is_low:
    null where the scale has no such rule. followed_us: the first follow-up of the survey (of the answer, where it
    stands alone) done at or after the answer, with the length up to it in whole seconds of three clocks.
    """
    rows = _with_follow_up(t["answer_placed"], t)
    return {
        "f_answer": rows.select(
            *_WHERE, "survey", "question", "scale", "points", "is_satisfied", "is_low", "words",
            "is_testimonial_allowed", "followed_us", "calendar_s", "business_s", "business_last_s",
            answer="id", at_us="at", score=rows.score.cast("int64"), counts=rows.no_rule.isnull(),
        )
    }  # fmt: skip


def _placed(rows: ibis.Table, t: Tables, at: str) -> ibis.Table:
    """`rows` with ticket, customer, agent, team and the ticket's state at `at`.

    The agent is the one frozen in the survey, else the call's (ruling 37). The customer is the person's, else the
    ticket's. The channel is the ticket's, a call's is phone, else the survey's.
    """
    calls = t.canonical("call").select(_call_source="source", _call_id="id", _call_agent="agent")
    rows = rows.left_join(calls, [("source", "_call_source"), ("call", "_call_id")])
    rows = rows.mutate(agent_id=known_or(rows.agent_id, rows._call_agent)).drop(
        "_call_source", "_call_id", "_call_agent"
    )
    rows = with_home_ticket(rows, t)
    rows = with_label(rows, t["person"], "source", "agent_id", "agent")
    rows = with_customer_kind(with_whereabouts(rows, t, "person", None), t, "asker_key", at)
    tickets = t["ticket"].select(_ticket_id="ticket_id", _ticket_channel="channel")
    rows = rows.left_join(tickets, [("ticket_id", "_ticket_id")])
    rows = rows.mutate(
        row=key(rows.source, rows.id),
        agent_key=key(rows.source, rows.agent_id),
        channel=ibis.cases(
            (rows._ticket_id.notnull(), rows._ticket_channel),
            (rows.call.notnull(), ibis.literal("phone")),
            else_=rows.survey_channel,
        ),
    ).drop("_ticket_id", "_ticket_channel")
    return with_ticket_state(rows, t, at, "row", "agent_key")


def _with_follow_up(rows: ibis.Table, t: Tables) -> ibis.Table:
    done = follow_ups_done(t).select(_source="source", _survey="survey", _answer="answer", _done="done_us")
    asked = rows.select("row", "source", "survey", "id", "at")
    of_survey = asked.filter(asked.survey.notnull()).join(done, [("source", "_source"), ("survey", "_survey")])
    of_answer = asked.filter(asked.survey.isnull()).join(done, [("source", "_source"), ("id", "_answer")])
    hits = of_survey.select("row", "at", "_done").union(of_answer.select("row", "at", "_done"))
    hits = hits.filter(hits._done >= hits["at"])
    first = hits.group_by(_row=hits.row).aggregate(followed_us=hits._done.min())
    rows = rows.left_join(first, [("row", "_row")]).drop("_row")
    clocked = in_seconds(with_clocks(rows.filter(rows.followed_us.notnull()), t, "row", "at", "followed_us"))
    lengths = clocked.select("calendar_s", "business_s", "business_last_s", _row="row")
    return rows.left_join(lengths, [("row", "_row")]).drop("_row")


def follow_ups_done(t: Tables) -> ibis.Table:
    """Follow-ups that were done, with the survey of the answer that they name where they name none."""
    rows = t.canonical("follow_up")
    rows = rows.filter(rows.done_at.notnull())
    answered = t.canonical("survey_answer").select(_source="source", _answer="id", _survey="survey")
    joined = rows.left_join(answered, [("source", "_source"), ("answer", "_answer")])
    return joined.select("source", "answer", "id", survey=known_or(joined.survey, joined._survey), done_us="done_at")


def follow_ups(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_follow_up`: one row a follow-up that was done, filed then, under who did it."""
    rows = t.canonical("follow_up").rename(agent_id="agent")
    rows = rows.filter(rows.done_at.notnull())
    rows = with_label(rows, t["person"], "source", "agent_id", "agent")
    rows = rows.mutate(row=key(rows.source, rows.id), agent_key=key(rows.source, rows.agent_id))
    rows = with_team_then(rows, t, "done_at", "row", "agent_key")
    return {
        "f_follow_up": rows.select(
            "source", "agent", "team", "outcome", "survey", "answer", at_us="done_at", assigned_us="assigned_at",
            due_us="due_at",
        )
    }  # fmt: skip


def reviews(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_review`: one row a review on a third party's site."""
    rows = with_customer(t.canonical("review"), t, "person", None)
    return {"f_review": rows.select("source", "site", "customer", "account", "stars_millis", review="id", at_us="at")}


def referrals(t: Tables) -> Mapping[str, ibis.Table]:
    """`f_referral`: one row a referral, under the customer who made it; referred_customer is whom it brought."""
    rows = _as_customer(t.canonical("referral"), t, "referred")
    rows = rows.rename(referred_customer="customer").drop("account", "account_key")
    rows = _as_customer(rows, t, "referrer")
    return {
        "f_referral": rows.select("source", "customer", "account", "referred_customer", referral="id", at_us="made_at")
    }


def _as_customer(rows: ibis.Table, t: Tables, column: str) -> ibis.Table:
    """`rows` with the customer that `column` names: an account, or a person and so that one's account."""
    accounts = t["account"].select(_known="key")
    found = rows.left_join(accounts, key(rows.source, rows[column]) == accounts._known)
    is_account = found._known.notnull()
    found = found.mutate(
        _as_account=is_account.ifelse(found[column], ibis.null("string")),
        _as_person=is_account.ifelse(ibis.null("string"), found[column]),
    ).drop("_known")
    return with_customer(found, t, "_as_person", "_as_account").drop("_as_account", "_as_person")
