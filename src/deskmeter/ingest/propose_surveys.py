"""Proposals for files of answers: one question in a column, or several."""

import re

from deskmeter.ingest.draft import Draft, Plain, few_values
from deskmeter.ingest.profile import Profile

_ASKS = re.compile(
    r"\b(rate|rating|score|satisf\w*|csat|nps|ces|recommend\w*|effort|easy|likely|scale|how|what|which)\b"
)
_WHY = re.compile(r"\b(why|comment\w*|feedback|reason|verbatim|words?|tell us|improve|favou?rite|what|which)\b")
_WORD_SCALE_N = 7
_FEW_ROWS = 5


def rating_kind(column: Profile, scale: tuple[int, int]) -> str:
    """The kind of survey that a rating's name and scale suggest.

    A 0-10 scale is read as "would you recommend us"; a 1-5 scale as satisfaction.
    """
    words = column.words
    if re.search(r"\b(effort|easy|ces)\b", words) and scale == (1, 7):
        return "ces"
    if scale == (0, 10):
        return "nps"
    if re.search(r"\b(nps|recommend\w*)\b", words):
        return "nps_1_10" if scale == (1, 10) else "other"
    return "rating" if scale == (1, 10) else "csat"


def propose_survey(draft: Draft) -> bool:
    """One row a person who answered; ratings in one or more columns."""
    ratings = [column for column in draft.profiles.columns if _is_rating(column)]
    at = draft.find("at", "time")
    if not ratings or at is None or draft.has("status") or draft.has("churn"):
        return False
    draft.put("survey_answer", "at", at)
    for slot, role in (("id", "survey"), ("ticket", "ticket"), ("call", "call"), ("person", "requester")):
        column = draft.find(role)
        if column and column not in ratings:
            draft.put("survey_answer", slot, column, **({"hashed": True} if column.kind == "email" else {}))
    texts = [column for column in draft.profiles.columns if _is_text_question(draft, column)]
    if len(ratings) + len(texts) <= 2:
        _one_question(draft, ratings[0], texts)
    else:
        _questions(draft, ratings, texts)
    return True


def _one_question(draft: Draft, rating: Profile, texts: list[Profile]) -> None:
    scale = rating.scale() or (1, 5)
    kind = rating_kind(rating, scale)
    draft.state("survey_answer", "kind", kind)
    draft.put("survey_answer", "score", rating)
    if texts:
        draft.put("survey_answer", "words", texts[0])
    draft.part("survey_answer").settings["scale"] = {"low": scale[0], "high": scale[1]}
    draft.doubt(f"`{rating.name}`: is it {kind} on the scale {scale[0]} to {scale[1]}?")


def _questions(draft: Draft, ratings: list[Profile], texts: list[Profile]) -> None:
    """Each rating with the free text that follows it; word scales and other texts as questions of their own."""
    names = [column.name for column in draft.profiles.columns]
    questions: list[Plain] = []
    seen_nps = False
    for column in draft.profiles.columns:
        if column in ratings:
            scale = column.scale() or (1, 5)
            kind = rating_kind(column, scale)
            if kind == "nps" and seen_nps:
                kind = "other"
            seen_nps = seen_nps or kind == "nps"
            question: dict[str, Plain] = {"id": _short(column.name), "kind": kind, "score": column.name}
            place = names.index(column.name) + 1
            after = draft.profiles.by_name[names[place]] if place < len(names) else None
            if after in texts and after is not None and re.search(r"\bwhy|comment|reason\b", after.words):
                question["words"] = after.name
                texts = [text for text in texts if text is not after]
            questions.append(question | {"scale": {"low": scale[0], "high": scale[1]}})
            draft.doubt(f"`{column.name}`: is it {kind} on the scale {scale[0]} to {scale[1]}?")
        elif column in texts:
            questions.append({"id": _short(column.name), "kind": "other", "words": column.name})
            if column.distinct_n <= _WORD_SCALE_N:
                draft.doubt(
                    f"`{column.name}`: what are its words worth? Give them `points` on a `scale`; kept as words"
                )
    draft.used |= {name for question in questions if isinstance(question, dict) for name in _columns(question)}
    draft.part("survey_answer").settings["questions"] = questions


def _columns(question: dict[str, Plain]) -> list[str]:
    return [str(question[key]) for key in ("score", "words") if key in question]


def _is_rating(column: Profile) -> bool:
    return column.scale() is not None and bool(_ASKS.search(column.words))


def _is_text_question(draft: Draft, column: Profile) -> bool:
    if column.kind != "text" or column.name in draft.used or column.filled < _FEW_ROWS:
        return False
    asks = column.name.rstrip().endswith("?") or bool(_WHY.search(column.words))
    return asks and (column.mean_length > 3 or few_values(column, draft.profiles.rows))


def _short(name: str) -> str:
    """An id for a question: its last words without the phrase that all questions share."""
    words = re.sub(
        r"^on a scale of [^,]*,\s*|^how would you (rate|describe)\s+(the )?|[?]\s*$", "", name, flags=re.IGNORECASE
    )
    return words.strip(" .?") or name
