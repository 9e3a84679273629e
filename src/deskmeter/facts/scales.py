"""Scales of ratings: whether an answer lies on its own, what satisfied and low mean on it."""

from __future__ import annotations

from deskmeter.engines.expressions import ibis
from deskmeter.facts.tables import Tables, known_or

# The scale of a kind that has only one, for answers that do not say theirs.
_USUAL = {"nps": (0, 10), "nps_1_10": (1, 10), "ces": (1, 7), "rating": (1, 10), "solved_first_contact": (0, 1)}
_RATED = ("csat", *_USUAL)
# Kinds whose numbers exist on one scale alone; others are never pooled with it.
_ONLY = {"nps": (0, 10), "nps_1_10": (1, 10), "ces": (1, 7), "rating": (1, 10)}


def judged(answers: ibis.Table, t: Tables) -> ibis.Table:
    """`answers` with scale, points, score (turned round where reversed), is_satisfied, is_low, off_scale and no_rule.

    off_scale: why the answer is no answer (off its range, not a whole number, no score). no_rule: why a valid
    answer is in no score: its scale has no rule. Both null: it counts.
    """
    low, high = _edge(answers, "scale_low", 0), _edge(answers, "scale_high", 1)
    rows = answers.mutate(scale_low=low, scale_high=high)
    known = rows.scale_low.notnull() & rows.scale_high.notnull()
    off = ibis.cases(
        (rows.score.isnull() & (rows.kind != "other"), ibis.literal("no score")),
        (rows.score.isnull(), ibis.null("string")),
        (~known & (rows.kind != "other"), ibis.literal("no scale")),
        (rows.score != rows.score.floor(), ibis.literal("not a whole number")),
        (known & ((rows.score < rows.scale_low) | (rows.score > rows.scale_high)), ibis.literal("off its scale")),
        else_=ibis.null("string"),
    )
    whole = off.isnull().ifelse(rows.score, ibis.null("float64")).cast("int64")
    turned = known_or(rows.is_reversed, ibis.literal(False)).ifelse(rows.scale_low + rows.scale_high - whole, whole)
    rows = rows.mutate(
        off_scale=off,
        score=off.isnull().ifelse(turned.cast("float64"), rows.score),
        scale=known.ifelse(
            rows.scale_low.cast("string").concat("-", rows.scale_high.cast("string")), ibis.null("string")
        ),
        points=rows.scale_high - rows.scale_low + 1,
    )
    return _with_rules(rows, t)


def _edge(answers: ibis.Table, column: str, side: int) -> ibis.Value:
    is_unsaid = answers.scale_low.isnull() & answers.scale_high.isnull()
    usual = ibis.cases(
        *((answers.kind == kind, ibis.literal(edges[side]).cast("int64")) for kind, edges in _USUAL.items()),
        else_=ibis.null("int64"),
    )
    return is_unsaid.ifelse(usual, answers[column])


def _with_rules(rows: ibis.Table, t: Tables) -> ibis.Table:
    """Built-in rules first: top two of 5, 7 and 10 points, the better of two; the desk's own for all else."""
    rule = t.canonical("scale_rule").select(
        _source="source",
        _kind="kind",
        _low="scale_low",
        _high="scale_high",
        _satisfied="satisfied_from",
        _low_to="low_to",
    )
    rule = rule.group_by("_source", "_kind", "_low", "_high").aggregate(
        _satisfied=rule._satisfied.max(), _low_to=rule._low_to.max()
    )
    rows = rows.left_join(
        rule, [("source", "_source"), ("kind", "_kind"), ("scale_low", "_low"), ("scale_high", "_high")]
    )
    satisfied_from = ibis.cases(
        (rows.points == 2, rows.scale_high), (rows.points.isin([5, 7, 10]), rows.scale_high - 1), else_=rows._satisfied
    )
    is_nps = rows.kind.isin(["nps", "nps_1_10"])
    low_to = ibis.cases(
        (is_nps | ((rows.kind == "rating") & (rows.scale == "1-10")), ibis.literal(6).cast("int64")),
        (rows.points == 5, rows.scale_low + 1),
        (rows.points == 2, rows.scale_low),
        else_=rows._low_to,
    )
    counts = rows.off_scale.isnull() & rows.score.notnull()
    rows = rows.mutate(
        is_satisfied=(counts & (rows.kind == "csat")).ifelse(rows.score >= satisfied_from, ibis.null("boolean")),
        is_low=(counts & (rows.kind != "solved_first_contact")).ifelse(rows.score <= low_to, ibis.null("boolean")),
        no_rule=ibis.cases(
            (~counts, ibis.null("string")),
            ((rows.kind == "csat") & satisfied_from.isnull(), ibis.literal("a scale without a rule")),
            *(
                (
                    (rows.kind == kind) & (rows.scale != f"{low}-{high}"),
                    ibis.literal(f"{kind} counts {low}-{high} alone"),
                )
                for kind, (low, high) in _ONLY.items()
            ),
            else_=ibis.null("string"),
        ),
    )
    is_other_scale = known_or(rows.no_rule.notnull() & is_nps, ibis.literal(False))
    rows = rows.mutate(is_low=is_other_scale.ifelse(ibis.null("boolean"), rows.is_low))
    return rows.drop("_source", "_kind", "_low", "_high", "_satisfied", "_low_to")
