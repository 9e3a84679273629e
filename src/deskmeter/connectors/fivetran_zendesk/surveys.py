"""The satisfaction survey of a ticket: offered, and answered good or bad; once in the history, once as ratings."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from deskmeter.connectors.fivetran_zendesk.cells import Cells, filled, instants, numbers
from deskmeter.connectors.fivetran_zendesk.known import NOBODY, Known
from deskmeter.connectors.warehouse import Lines, Mask, TableRows, Understood

SCORE_FIELD = "satisfaction_score"
WORDS_FIELD = "satisfaction_comment"
OFFERED, BAD, GOOD = 2, 0, 1
_SCORES = {
    "offered": OFFERED,
    "bad": BAD,
    "badwithcomment": BAD,
    "bad_with_comment": BAD,
    "good": GOOD,
    "goodwithcomment": GOOD,
    "good_with_comment": GOOD,
}


@dataclass(frozen=True, order=True)
class _Mark:
    """One thing that happened to the survey of a ticket."""

    place: int
    at_us: int
    score: int
    line: int
    words: str | None = field(compare=False, default=None)


def is_score(values: pa.StringArray) -> Mask:
    """Which values offer or answer a survey."""
    return filled(pc.is_in(pc.utf8_lower(values), pa.array(list(_SCORES))))


@dataclass
class Surveys:
    """What happened to surveys, held until the replies are known: the last public replier is credited."""

    marks: list[_Mark] = field(default_factory=list)
    words: dict[tuple[int, int], str] = field(default_factory=dict)

    def add_scores(self, places: Lines, at_us: Lines, scores: pa.StringArray, lines: Lines) -> None:
        """Scores of the field history."""
        columns = (places.tolist(), at_us.tolist(), pc.utf8_lower(scores).to_pylist(), lines.tolist())
        for place, at, score, line in zip(*columns, strict=True):
            if score in _SCORES:
                self.marks.append(_Mark(place, at, _SCORES[score], line))

    def add_words(self, places: Lines, at_us: Lines, words: pa.StringArray) -> None:
        """Comments of customers in the field history, given with a score."""
        for place, at, text in zip(places.tolist(), at_us.tolist(), words.to_pylist(), strict=True):
            if text is not None:
                self.words[place, at] = text

    def read_ratings(self, rows: TableRows, known: Known) -> Understood:
        """The table `satisfaction_rating`; where it is there, the scores of the history are not counted again."""
        cells = Cells(rows)
        cells.whole("id", required=True)
        tickets, at = cells.whole("ticket_id", required=True), cells.instant("created_at", required=True)
        scores, words = pc.utf8_lower(cells.text("score", required=True)), cells.text("comment")
        places = known.places(numbers(tickets, NOBODY))
        cells.refuse_values(places < 0, tickets, "ticket_id", "is in no row of `ticket`")
        is_known = filled(pc.is_in(scores, pa.array([*_SCORES, "unoffered"])))
        cells.refuse_values(~is_known, scores, "score", "is neither offered nor good nor bad")
        cells.refuse_deleted()
        for row in np.flatnonzero(cells.good):
            if scores[row].as_py() in _SCORES:
                mark = (int(places[row]), at[row].as_py(), _SCORES[scores[row].as_py()], int(cells.lines[row]))
                self.marks.append(_Mark(*mark, words[row].as_py()))
        return cells.understood()

    def rows(self, known: Known) -> dict[str, pa.Table]:
        """A survey_sent for each offer, and the answers with the survey they answer."""
        repliers = _Repliers(known)
        sent: dict[str, dict[str, object]] = {}
        answers: dict[str, dict[str, object]] = {}
        offer: tuple[int, str] | None = None
        for mark in sorted(self.marks):
            ticket = str(known.tickets.ids[mark.place])
            person = int(known.tickets.columns["requester"][mark.place])
            base: dict[str, object] = {
                "id": f"{ticket}:{mark.at_us}",
                "kind": "csat",
                "occasion": "transactional",
                "ticket": ticket,
                "person": None if person < 0 else str(person),
                "agent": repliers.at(mark.place, mark.at_us),
                "raw_line": mark.line,
            }
            if mark.score == OFFERED:
                offer = (mark.place, f"{ticket}:{mark.at_us}")
                sent[offer[1]] = {**base, "sent_at": mark.at_us}
                continue
            answered = offer[1] if offer and offer[0] == mark.place else None
            answers[f"{ticket}:{mark.at_us}"] = {
                **base,
                "survey": answered,
                "agent": None if answered else base["agent"],
                "at": mark.at_us,
                "scale_low": BAD,
                "scale_high": GOOD,
                "score": float(mark.score),
                "words": mark.words or self.words.get((mark.place, mark.at_us)),
            }
        return {**_timed("survey_sent", "sent_at", sent), **_timed("survey_answer", "at", answers)}


def _timed(name: str, at: str, rows: dict[str, dict[str, object]]) -> dict[str, pa.Table]:
    if not rows:
        return {}
    table = pa.Table.from_pylist([*rows.values()])
    place = table.column_names.index(at)
    return {name: table.set_column(place, at, instants(table[at].combine_chunks()))}


class _Repliers:
    """Who of the staff last wrote publicly on a surveyed ticket by an instant."""

    def __init__(self, known: Known) -> None:
        self._by_place: dict[int, list[tuple[int, int]]] = {}
        for places, at_us, authors in known.replies:
            for place, at, author in zip(places.tolist(), at_us.tolist(), authors.tolist(), strict=True):
                self._by_place.setdefault(place, []).append((at, author))

    def at(self, place: int, at_us: int) -> str | None:
        """The person, or None if nobody had replied by then."""
        by_then = [reply for reply in self._by_place.get(place, ()) if reply[0] <= at_us]
        return str(max(by_then)[1]) if by_then else None


def look_at_ratings(rows: TableRows, known: Known) -> None:
    """Remember which tickets were surveyed."""
    cells = Cells(rows)
    tickets = cells.whole("ticket_id")
    known.has_ratings = True
    places = known.places(numbers(tickets, NOBODY))
    known.surveyed.update(places[places >= 0].tolist())
